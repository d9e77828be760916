//! Building a retrieval index, beside the attribution index over the same records.

use super::{RetrievalIndex, VERSION, dense, lens::Lens};
use crate::{
	build::calibrate,
	error::{Error, Result},
	index::{Header, IndexFile, Leaf, Parts},
	nulls,
	sources::{SourceRecord, Sources, read},
};
use openledger_primitives_core::{
	DatanetId, Hash, Sketch,
	model::{Method, PayBy},
	record::Snapshot,
};
use openlora::Base;
use sp_io::hashing::blake2_256;
use std::ops::ControlFlow;

/// What building is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
	/// The states of the records.
	Records,
	/// The states of the null queries.
	Nulls,
}

/// How far building is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
	/// What it is busy with.
	pub step: Step,
	/// Texts done.
	pub done: usize,
	/// Texts in all, in this step.
	pub total: usize,
}

/// The records of a retrieval index.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
	/// blake2b-256 of the base's weights file.
	pub base: Hash,
	/// blake2b-256 of the training manifest.
	pub manifest: Hash,
	/// The snapshots, in the manifest's order.
	pub snapshots: &'a [(DatanetId, Snapshot)],
	/// Their records with their contents, in the manifest's order.
	pub records: &'a [SourceRecord],
}

impl<'a> Records<'a> {
	/// Those that an adapter was trained on.
	///
	/// # Errors
	/// As [`Sources::check`].
	pub fn of(sources: &Sources<'a>) -> Result<Self> {
		sources.check()?;
		let (base, manifest) = (sources.manifest.base, sources.manifest.hash()?);
		Ok(Self { base, manifest, snapshots: sources.snapshots, records: sources.records })
	}

	fn check(&self) -> Result<()> {
		let wrong = self.records.iter().position(|(leaf, content)| {
			leaf.content.0 != blake2_256(content) || leaf.size as usize != content.len()
		});
		let reason = "its content is not the one that was contributed";
		wrong.map_or(Ok(()), |position| Err(Error::WrongRecord { position, reason }))
	}
}

/// How to build a retrieval index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
	/// The seed that the chain drew, after the records were frozen.
	pub seed: Hash,
	/// Components of a sketch.
	pub dimension: u16,
	/// The most records that are put into one prompt, 1 to [`super::MOST`].
	pub most: u8,
}

/// A retrieval index, and what was computed on the way and is in neither file: the states of the records that
/// can be read, in order, and the null queries' sketches.
pub(crate) struct Built {
	pub index: RetrievalIndex,
	pub states: Vec<Option<Vec<f32>>>,
	pub nulls: Vec<Sketch>,
}

/// Builds the retrieval index of records, and its lens. The floor is calibrated on the null queries'
/// questions.
///
/// What can't be read as a record, and near-duplicates, have empty leaves. `progress` is called after each text
/// and can end the work.
///
/// # Errors
/// Typed: contents or leaves that are not the snapshots', no record that can be read, the engine's, or
/// [`Error::Cancelled`].
pub fn build(
	base: &Base,
	records: &Records,
	options: &Options,
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<RetrievalIndex> {
	built(base, records, options, progress).map(|built| built.index)
}

/// [`build`], with what was computed on the way.
pub(crate) fn built(
	base: &Base,
	records: &Records,
	options: &Options,
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Built> {
	records.check()?;
	let Options { seed, dimension, most } = *options;
	let (heads, texts): (Vec<u32>, Vec<Option<String>>) =
		read(records.records, &mut || ControlFlow::Continue(()))?
			.into_iter()
			.enumerate()
			.map(|(at, (head, record))| {
				// Only heads are looked for.
				let record = record.filter(|_| head as usize == at);
				(head, record.map(|record| record.text()))
			})
			.unzip();
	let given: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
	if given.is_empty() {
		return Err(Error::NothingUsable(texts.len()));
	}
	let states = states(base, &given, progress)?;
	let known: Vec<&[f32]> = states.iter().flatten().map(Vec::as_slice).collect();
	let (of, drawn) = ((base, records.base), (seed, dimension));
	let lens = Lens::learn(of, drawn, given.iter().copied(), &known)?;

	let mut dense = lens.dense_of(&states).into_iter();
	let zero = Sketch::try_from(vec![0; dimension.into()])
		.map_err(|_| Error::malformed("lens", format!("{dimension} components")))?;
	let leaves = texts
		.iter()
		.zip(heads)
		.map(|(text, head)| match text {
			None => Ok(Leaf { head, scale: 0, sketch: zero.clone() }),
			Some(text) => {
				let seen = lens.seen(dense.next().flatten(), text)?;
				Ok(Leaf { head, scale: seen.scale(), sketch: seen.sketch })
			}
		})
		.collect::<Result<_>>()?;
	let header = Header {
		method: Method { pay_by: PayBy::Records, credits: most, dimension },
		manifest: records.manifest,
		adapter: lens.hash(),
		projection: seed,
		features: VERSION,
		floor_ppm: 0,
		nulls: nulls::hash(),
		snapshots: records.snapshots.to_vec(),
	};
	let leaves_of = records.records.iter().map(|(leaf, _)| leaf.clone()).collect();
	let file = IndexFile::new(Parts { header, leaves, records: leaves_of })?;

	let questions = nulls::questions();
	let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
	let total = questions.len();
	let mut asked = Vec::with_capacity(total);
	for some in questions.chunks(64) {
		asked.extend(lens.questions(base, some)?);
		report(progress, Progress { step: Step::Nulls, done: asked.len(), total })?;
	}
	let floor_ppm = calibrate(&file.view(), &asked)?;
	let index = RetrievalIndex::new(file.with_floor(floor_ppm)?, lens)?;
	Ok(Built { index, states, nulls: asked })
}

fn states(
	base: &Base,
	texts: &[&str],
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<Option<Vec<f32>>>> {
	let (mut states, total) = (Vec::with_capacity(texts.len()), texts.len());
	dense::means(base, texts, |_, state| {
		states.push(state);
		report(progress, Progress { step: Step::Records, done: states.len(), total })
	})?;
	Ok(states)
}

fn report(progress: &mut dyn FnMut(Progress) -> ControlFlow<()>, of: Progress) -> Result<()> {
	match progress(of) {
		ControlFlow::Continue(()) => Ok(()),
		ControlFlow::Break(()) => Err(Error::Cancelled),
	}
}
