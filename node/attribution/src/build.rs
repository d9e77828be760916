//! Building an index: a gradient for each record, then everything else in moments.

use crate::{
	error::{Error, Result},
	estimator, features, floor,
	index::{self, Header, IndexFile, Leaf, Parts, View},
	nulls,
	projection::Projection,
	scan::{self, Probe},
	sources::{Prepared, Sources},
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
	/// Where features are kept; an interrupted build goes on from them.
	pub cache_dir: Option<&'a Path>,
}

/// Builds the index of `adapter`, which was trained on `sources`.
///
/// `progress` is called after each gradient and can end the work; what is computed by then is in
/// the cache.
///
/// # Errors
/// Typed: sources that don't belong together, nothing to train on, an adapter of another base or
/// whose gradients are not finite, [`Error::Cancelled`], or the cache's [`Error::Io`].
pub fn build(
	base: &Base,
	adapter: &Adapter,
	sources: &Sources,
	options: &BuildOptions,
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<IndexFile> {
	sources.check()?;
	adapter.fits(&base.config)?;
	let manifest = sources.manifest.hash()?;
	let adapter_hash = Hash(blake2_256(&adapter.to_bytes()?));
	let cache = options
		.cache_dir
		.map(|folder| FeatureCache::new(folder, &sources.manifest.base, &adapter_hash));
	let mut work = Work { base, adapter, cache, progress };

	let prepared = sources.prepare(base, &mut || ControlFlow::Continue(()))?;
	let contents = sources.records.iter().map(|(leaf, _)| leaf.content);
	let features = work.features(
		Stage::Records,
		contents.zip(prepared.iter().map(|record| record.example.clone())).collect(),
	)?;
	if features.iter().all(Option::is_none) {
		return Err(Error::NothingUsable(sources.records.len()));
	}
	let null_features = work.features(Stage::Nulls, null_examples(base)?)?;

	let header = Header {
		method: options.method,
		manifest,
		adapter: adapter_hash,
		projection: options.projection,
		features: index::GRADIENTS,
		floor_ppm: 0,
		nulls: nulls::hash(),
		snapshots: sources.snapshots.to_vec(),
	};
	with_floor_of(assemble(header, sources, &prepared, &features)?, &null_features)
}

/// The index with the floor of the leaves that its method pays, given the features of the null queries.
fn with_floor_of(index: IndexFile, nulls: &[Option<Vec<f32>>]) -> Result<IndexFile> {
	let sketches = nulls
		.iter()
		.flatten()
		.map(|feature| estimator::sketch(index.projection(), feature))
		.collect::<Result<Vec<_>>>()?;
	let floor_ppm = calibrate(&index.view(), &sketches)?;
	index.with_floor(floor_ppm)
}

/// The index of `adapter` with its floor calibrated anew, as [`build()`] does: for an index whose method was
/// changed.
///
/// # Errors
/// [`Error::NoNullQueries`], or the engine's.
pub fn recalibrated(base: &Base, adapter: &Adapter, index: IndexFile) -> Result<IndexFile> {
	let progress = &mut |_| ControlFlow::Continue(());
	let mut work = Work { base, adapter, cache: None, progress };
	let nulls = work.features(Stage::Nulls, null_examples(base)?)?;
	with_floor_of(index, &nulls)
}

/// The null queries as work to be done.
fn null_examples(base: &Base) -> Result<Vec<(Hash, Option<Example>)>> {
	let examples = nulls::examples(base)?;
	Ok(examples.into_iter().map(|(hash, example)| (hash, Some(example))).collect())
}

/// Puts the index of these features together, without a floor.
fn assemble(
	header: Header,
	sources: &Sources,
	prepared: &[Prepared],
	features: &[Option<Vec<f32>>],
) -> Result<IndexFile> {
	let dimension = usize::from(header.method.dimension);
	let projection = Projection::new(&header.projection, dimension, features::DIMENSION);
	let zero = Sketch::try_from(vec![0; dimension])
		.map_err(|_| Error::malformed("method", format!("{dimension} components")))?;
	let leaves = prepared
		.iter()
		.zip(features)
		.enumerate()
		.map(|(position, (record, feature))| match feature {
			Some(feature) => estimator::leaf(&projection, feature, position as u32),
			None => Ok(Leaf { head: record.head, scale: 0, sketch: zero.clone() }),
		})
		.collect::<Result<_>>()?;
	let records = sources.records.iter().map(|(leaf, _)| leaf.clone()).collect();
	IndexFile::new(Parts { header, leaves, records })
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
	/// The features of examples, from the cache or computed; `None` where there is no example.
	fn features(
		&mut self,
		stage: Stage,
		examples: Vec<(Hash, Option<Example>)>,
	) -> Result<Vec<Option<Vec<f32>>>> {
		let total = examples.iter().filter(|(_, example)| example.is_some()).count();
		let mut features: Vec<Option<Vec<f32>>> = vec![None; examples.len()];
		let mut missing = Vec::new();
		for (at, (content, example)) in examples.iter().enumerate() {
			let Some(example) = example else { continue };
			match self.cache.as_ref().and_then(|cache| cache.get(content)) {
				Some(feature) => features[at] = Some(feature),
				None => missing.push((at, content, example)),
			}
		}
		let mut done = total - missing.len();
		self.report(Progress { stage, done, total })?;
		let sequences: Vec<(&[u32], usize)> = missing
			.iter()
			.map(|(_, _, example)| (&example.tokens[..], example.answer_start))
			.collect();
		let (base, adapter) = (self.base, self.adapter);
		estimator::compute(base, adapter, &sequences, |which, feature| {
			let (at, content, _) = missing[which];
			if let Some(cache) = &self.cache {
				cache.put(content, &feature)?;
			}
			features[at] = Some(feature);
			done += 1;
			self.report(Progress { stage, done, total })
		})?;
		Ok(features)
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
