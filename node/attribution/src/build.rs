//! Building an index: a gradient for each record, whose leaf is written at once, then everything else in moments.

use crate::{
	error::{Error, Result},
	estimator, features, floor,
	index::{self, Builder, Header, IndexFile, Leaf, View},
	nulls,
	projection::Projection,
	scan::{self, Probe},
	sources::Sources,
	store::FeatureCache,
};
use openledger_primitives_core::{
	Hash, Sketch,
	model::{Method, PayBy},
};
use openlora::{Adapter, Base, Example, Isa};
use sp_io::hashing::blake2_256;
use std::{ops::ControlFlow, path::Path};

/// What building is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
	/// The gradients of the records.
	Records,
	/// The gradients of the null queries.
	Nulls,
}

/// How far building is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
	/// What it is busy with.
	pub stage: Stage,
	/// Gradients done, or found in the cache.
	pub done: usize,
	/// Gradients in all, in this stage.
	pub total: usize,
}

/// How to build an index.
#[derive(Debug, Clone, Copy)]
pub struct BuildOptions<'a> {
	/// The model version's method.
	pub method: Method,
	/// The seed that the chain drew for the projection.
	pub projection: Hash,
	/// Where the index is written, leaf by leaf; an interrupted build goes on from what is there.
	pub file: &'a Path,
	/// Where features are kept, which indexes with other projections need too.
	pub cache_dir: Option<&'a Path>,
}

/// Builds the index of `adapter`, which was trained on `sources`, in a file.
///
/// `progress` is called after each gradient and can end the work; what is computed by then is in
/// file and cache. Beside the records, a few features and at most 1,024 leaves are held in memory.
///
/// # Errors
/// Typed: sources that don't belong together, nothing to train on, an adapter of another base or
/// whose gradients are not finite, [`Error::Cancelled`], or [`Error::Io`] of file and cache.
pub fn build(
	base: &Base,
	adapter: &Adapter,
	sources: &Sources,
	options: &BuildOptions,
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<IndexFile> {
	sources.check()?;
	adapter.fits(&base.config)?;
	let header = Header {
		method: options.method,
		manifest: sources.manifest.hash()?,
		adapter: Hash(blake2_256(&adapter.to_bytes()?)),
		projection: options.projection,
		features: index::GRADIENTS,
		floor_ppm: 0,
		nulls: nulls::hash(),
		snapshots: sources.snapshots.to_vec(),
	};
	let cache = options
		.cache_dir
		.map(|folder| FeatureCache::new(folder, &sources.manifest.base, &header.adapter));
	let mut work = Work { base, adapter, cache, progress };

	let prepared = sources.prepare(base, &mut || ControlFlow::Continue(()))?;
	let contents = sources.records.iter().map(|(leaf, _)| leaf.content);
	let (heads, examples): (Vec<u32>, Vec<_>) =
		prepared.into_iter().zip(contents).map(|(of, name)| (of.head, (name, of.example))).unzip();
	if examples.iter().all(|(_, example)| example.is_none()) {
		return Err(Error::NothingUsable(sources.records.len()));
	}
	// Without any there is no floor in the end.
	let nulls = null_examples(base)?;
	let dimension = usize::from(header.method.dimension);
	let projection = Projection::new(&header.projection, dimension, features::DIMENSION);
	let zero = Sketch::try_from(vec![0; dimension])
		.map_err(|_| Error::malformed("method", format!("{dimension} components")))?;

	let records: Vec<_> = sources.records.iter().map(|(leaf, _)| leaf.clone()).collect();
	let mut builder = Builder::open(options.file, header, &records)?;
	let from = builder.len();
	let filled = work.features(Stage::Records, &examples, from, |at, feature| {
		builder.push(match feature {
			Some(feature) => estimator::leaf(&projection, &feature, at as u32)?,
			None => Leaf { head: heads[at], scale: 0, sketch: zero.clone() },
		})
	});
	let nulls = filled.and_then(|()| work.sketches(&projection, &nulls));
	// Whatever comes next, the leaves are there already.
	let kept = builder.keep();
	let nulls = nulls?;
	kept?;
	builder.finish(|view| calibrate(view, &nulls))
}

/// The index of `adapter` with its floor calibrated anew, as [`build()`] does: for an index whose method was
/// changed.
///
/// # Errors
/// [`Error::NoNullQueries`], or the engine's.
pub fn recalibrated(base: &Base, adapter: &Adapter, index: IndexFile) -> Result<IndexFile> {
	let progress = &mut |_| ControlFlow::Continue(());
	let mut work = Work { base, adapter, cache: None, progress };
	let nulls = work.sketches(index.projection(), &null_examples(base)?)?;
	let floor_ppm = calibrate(&index.view(), &nulls)?;
	index.with_floor(floor_ppm)
}

/// The null queries as work to be done.
///
/// # Errors
/// [`Error::NoNullQueries`] where none fits into the base's context.
fn null_examples(base: &Base) -> Result<Vec<(Hash, Option<Example>)>> {
	let examples = nulls::examples(base)?;
	match examples.is_empty() {
		true => Err(Error::NoNullQueries),
		false => Ok(examples.into_iter().map(|(hash, it)| (hash, Some(it))).collect()),
	}
}

/// The floor of the leaves that the method pays.
///
/// # Errors
/// [`Error::NoNullQueries`].
pub(crate) fn calibrate(index: &View, nulls: &[Sketch]) -> Result<u32> {
	let probes = nulls.iter().map(|sketch| Probe::new(sketch)).collect::<Result<Vec<_>>>()?;
	let rows = match index.header().method.pay_by {
		PayBy::Records => index.rows(),
		PayBy::Contributors => index.contributor_rows(),
	};
	let strongest = scan::strongest(Isa::best(), &rows, &probes)?;
	floor::calibrate(strongest).ok_or(Error::NoNullQueries)
}

struct Work<'a> {
	base: &'a Base,
	adapter: &'a Adapter,
	cache: Option<FeatureCache>,
	progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
}

impl Work<'_> {
	/// The sketches of the null queries.
	fn sketches(
		&mut self,
		projection: &Projection,
		nulls: &[(Hash, Option<Example>)],
	) -> Result<Vec<Sketch>> {
		let mut sketches = Vec::new();
		self.features(Stage::Nulls, nulls, 0, |_, feature| {
			if let Some(feature) = feature {
				sketches.push(estimator::sketch(projection, &feature)?);
			}
			Ok(())
		})?;
		Ok(sketches)
	}

	/// Hands out the features of examples from position `from` on, in their order, from the cache or computed;
	/// `None` where there is no example.
	fn features(
		&mut self,
		stage: Stage,
		examples: &[(Hash, Option<Example>)],
		from: usize,
		mut take: impl FnMut(usize, Option<Vec<f32>>) -> Result<()>,
	) -> Result<()> {
		let total = examples.iter().filter(|(_, example)| example.is_some()).count();
		let missing: Vec<(usize, &Hash, &Example)> = examples
			.iter()
			.enumerate()
			.skip(from)
			.filter_map(|(at, (content, example))| Some((at, content, example.as_ref()?)))
			.filter(|(_, content, _)| !self.cache.as_ref().is_some_and(|cache| cache.has(content)))
			.collect();
		let mut done = total - missing.len();
		self.report(Progress { stage, done, total })?;
		let sequences: Vec<(&[u32], usize)> = missing
			.iter()
			.map(|(_, _, example)| (&example.tokens[..], example.answer_start))
			.collect();
		let mut next = from;
		let (base, adapter) = (self.base, self.adapter);
		estimator::compute(base, adapter, &sequences, |which, feature| {
			let (at, content, _) = missing[which];
			for known in next..at {
				take(known, self.known(&examples[known], Progress { stage, done, total })?)?;
			}
			if let Some(cache) = &self.cache {
				cache.put(content, &feature)?;
			}
			take(at, Some(feature))?;
			next = at + 1;
			done += 1;
			self.report(Progress { stage, done, total })
		})?;
		for known in next..examples.len() {
			take(known, self.known(&examples[known], Progress { stage, done, total })?)?;
		}
		Ok(())
	}

	/// The feature of an example, from the cache unless it is damaged there; then it is computed, and progress
	/// called as it was.
	fn known(
		&mut self,
		(content, example): &(Hash, Option<Example>),
		progress: Progress,
	) -> Result<Option<Vec<f32>>> {
		let (Some(example), Some(cache)) = (example, &self.cache) else { return Ok(None) };
		if let Some(feature) = cache.get(content) {
			return Ok(Some(feature));
		}
		let mut found = None;
		let sequence = [(&example.tokens[..], example.answer_start)];
		estimator::compute(self.base, self.adapter, &sequence, |_, feature| {
			cache.put(content, &feature)?;
			found = Some(feature);
			Ok(())
		})?;
		self.report(progress)?;
		Ok(found)
	}

	fn report(&mut self, progress: Progress) -> Result<()> {
		match (self.progress)(progress) {
			ControlFlow::Continue(()) => Ok(()),
			ControlFlow::Break(()) => Err(Error::Cancelled),
		}
	}
}

#[cfg(test)]
mod tests;
