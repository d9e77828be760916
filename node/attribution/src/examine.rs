//! Computing drawn parts of a model version again, and comparing them with what it commits to
//! (specification: Verification, of models at registration).

mod retrieval;

use crate::{
	build::calibrate,
	checkpoints::Checkpoints,
	error::{Error, Result},
	estimator,
	index::{IndexFile, Leaf},
	nulls,
	retrieval::{RetrievalIndex, TOKENS},
	sources::{Prepared, Sources},
};
use blake2b_simd::{Params, State as Hasher};
use openledger_primitives_attribution::{IndexLeaf, audit::Recomputed};
use openledger_primitives_core::{Hash, Sketch, record::RecordLeaf};
use openlora::{
	Adapter, Base, Example, Module, TrainOptions,
	train::{Data, State, Verdict, replay},
};
use sp_core::crypto::AccountId32;
use std::ops::ControlFlow;

const TRACE: &[u8] = b"openledger/examination/1";
/// The most bytes that the records of a version may have together: a verifier holds all of them in memory, to
/// compute which are near-duplicates, and has to fetch them and split them into tokens within the time of
/// an audit.
pub const MOST_BYTES: u64 = 512 << 20;
/// The most tokens that a lens may read of the records of a version together, where the version puts records
/// into prompts: each is counted with its bytes, up to what is read of one. A sixth of a pass over them takes
/// some twenty minutes of one processor, with a base of 135 million weights, of the hour that verifiers have.
pub const MOST_READ: u64 = 1 << 21;

/// A model version, as it was committed to.
#[derive(Clone, Copy)]
pub struct Version<'a> {
	/// The adapter's file.
	pub blob: &'a [u8],
	/// The adapter.
	pub adapter: &'a Adapter,
	/// The index.
	pub index: &'a IndexFile,
	/// What finds records for prompts, where any are put there.
	pub retrieval: Option<&'a RetrievalIndex>,
	/// What it was trained on.
	pub sources: Sources<'a>,
	/// The checkpoints of its training.
	pub checkpoints: &'a Checkpoints,
}

/// What of it is computed again.
pub struct Drawn<'a> {
	/// Positions of leaves, ascending.
	pub positions: &'a [u32],
	/// The number of a stretch of training.
	pub stretch: usize,
	/// The state that the stretch begins with; none where it is the first of the training.
	pub from: Option<State>,
	/// The state that the adapter was taken from.
	pub last: State,
}

/// What computing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Examined {
	/// Whether that is what was committed to.
	pub sound: bool,
	/// The parts that can be compared.
	pub found: Recomputed,
	/// What nobody knows who did not compute them: blake2b-256 of the features of the drawn records and of
	/// the null queries before they were projected and rounded, and of loss and norm of the gradient of
	/// every step, bit by bit. With a retrieval, of every record's state and every null query's sketch too.
	pub execution: Hash,
}

/// Computes the drawn parts of a version again. Of a retrieval that is everything: the lens, every leaf and the
/// floor; what they come to is then part of [`Recomputed::leaves`].
///
/// `go_on` is asked now and then and can end the work.
///
/// # Errors
/// Those of what can't be computed at all: content that does not belong together, stretches too long to be
/// repeated ([`Checkpoints::check_lengths`]), more records than can be read ([`check_size`], [`check_read`]), the
/// engine's, or [`Error::Cancelled`]. What differs is no error.
pub fn examine(
	base: &Base,
	version: &Version<'_>,
	drawn: Drawn<'_>,
	go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Examined> {
	let Version { sources, checkpoints, adapter, .. } = version;
	sources.check()?;
	adapter.fits(&base.config)?;
	checkpoints.check_lengths(sources.manifest)?;
	let mut trace = Params::new().hash_length(32).to_state();
	trace.update(TRACE);
	check_size(sources.records.iter().map(|(leaf, _)| leaf.clone()))?;
	if version.retrieval.is_some() {
		check_read(sources.records.iter().map(|(leaf, _)| leaf.clone()))?;
	}
	let prepared = sources.prepare(base, go_on)?;
	let leaves = leaves(base, version, &prepared, drawn.positions, &mut trace, go_on)?;
	let examples: Vec<Example> = prepared.into_iter().filter_map(|record| record.example).collect();
	let trained = training(base, version, &examples, drawn, &mut trace, go_on)?;
	let floor = floor(base, version, &mut trace, go_on)?;
	let again = version
		.retrieval
		.map(|of| retrieval::retrieval(base, of, sources, &mut trace, go_on))
		.transpose()?;
	let digest = again.as_ref().map_or(leaves.digest, |again| both(leaves.digest, again.digest));
	let mut execution = Hash::zero();
	execution.0.copy_from_slice(trace.finalize().as_bytes());
	let found = Recomputed { leaves: digest, state: trained.state, floor_ppm: floor };
	let same = leaves.same && trained.same && again.is_none_or(|again| again.same);
	let sound = same && floor == version.index.header().floor_ppm;
	Ok(Examined { sound, found, execution })
}

/// One digest of what both kinds of leaves come to.
fn both(drawn: Hash, found: Hash) -> Hash {
	let mut digest = Params::new().hash_length(32).to_state();
	digest.update(drawn.as_bytes()).update(found.as_bytes());
	Hash::from_slice(digest.finalize().as_bytes())
}

/// Checks that a verifier can hold a version's records, by what their leaves say of them.
///
/// # Errors
/// [`Error::Malformed`] where together they have more than [`MOST_BYTES`].
pub fn check_size(leaves: impl IntoIterator<Item = RecordLeaf<AccountId32>>) -> Result<()> {
	let sizes = leaves.into_iter().map(|leaf| u64::from(leaf.size));
	let bytes = sizes.fold(0u64, u64::saturating_add);
	if bytes > MOST_BYTES {
		let reason = format!(
			"its records have {bytes} bytes together, more than the {MOST_BYTES} that an audit reads"
		);
		return Err(Error::malformed("snapshots", reason));
	}
	Ok(())
}

/// Checks that a verifier can compute the retrieval of a version with these records again.
///
/// # Errors
/// [`Error::Malformed`] where there is more to read of them together than [`MOST_READ`].
pub fn check_read(leaves: impl IntoIterator<Item = RecordLeaf<AccountId32>>) -> Result<()> {
	let read = leaves.into_iter().map(|leaf| u64::from(leaf.size).min(TOKENS as u64));
	let tokens = read.fold(0u64, u64::saturating_add);
	if tokens > MOST_READ {
		let reason = format!(
			"a lens reads {tokens} tokens of its records, more than the {MOST_READ} that an audit can \
			 read again: put none into prompts, or train on fewer"
		);
		return Err(Error::malformed("snapshots", reason));
	}
	Ok(())
}

pub(crate) fn ask(go_on: &mut dyn FnMut() -> ControlFlow<()>) -> Result<()> {
	match go_on() {
		ControlFlow::Continue(()) => Ok(()),
		ControlFlow::Break(()) => Err(Error::Cancelled),
	}
}

/// Takes the bits of numbers into a trace.
fn note(trace: &mut Hasher, values: &[f32]) {
	trace.update(&(values.len() as u64).to_le_bytes());
	values.iter().for_each(|value| {
		trace.update(&value.to_bits().to_le_bytes());
	});
}

struct Leaves {
	digest: Hash,
	same: bool,
}

/// The drawn leaves, from their records and the adapter.
fn leaves(
	base: &Base,
	version: &Version<'_>,
	prepared: &[Prepared],
	positions: &[u32],
	trace: &mut Hasher,
	go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Leaves> {
	let Version { index, sources, adapter, .. } = version;
	let beyond = || Error::malformed("draw", "it names a record that is not there");
	let mut digest = Params::new().hash_length(32).to_state();
	let mut same = true;
	for &position in positions {
		ask(go_on)?;
		let at = position as usize;
		let (record, (own, _)) =
			prepared.get(at).zip(sources.records.get(at)).ok_or_else(beyond)?;
		let leaf = match &record.example {
			Some(example) => {
				let mut feature = Vec::new();
				let sequence = (&example.tokens[..], example.answer_start);
				estimator::compute(base, adapter, &[sequence], |_, computed| {
					feature = computed;
					Ok(())
				})?;
				note(trace, &feature);
				estimator::leaf(index.projection(), &feature, position)?
			}
			None => empty(record.head, index.dimension())?,
		};
		let Leaf { head, scale, sketch } = leaf;
		let leaf = IndexLeaf { position, record: own.hash(), head, scale, sketch };
		digest.update(leaf.hash().as_bytes());
		same &= index.leaf(at).is_some_and(|committed| committed.hash() == leaf.hash());
	}
	let mut hash = Hash::zero();
	hash.0.copy_from_slice(digest.finalize().as_bytes());
	Ok(Leaves { digest: hash, same })
}

/// The leaf of a duplicate, and of what can't be trained on.
fn empty(head: u32, dimension: usize) -> Result<Leaf> {
	let sketch = Sketch::try_from(vec![0; dimension])
		.map_err(|_| Error::malformed("method", format!("{dimension} components")))?;
	Ok(Leaf { head, scale: 0, sketch })
}

struct Trained {
	state: Hash,
	same: bool,
}

/// The drawn stretch of training, repeated; and whether chain, manifest, states and adapter belong together.
fn training(
	base: &Base,
	version: &Version<'_>,
	examples: &[Example],
	drawn: Drawn<'_>,
	trace: &mut Hasher,
	go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Trained> {
	let Version { blob, adapter, sources, checkpoints, .. } = version;
	let (manifest, log) = (sources.manifest, &checkpoints.log);
	if examples.is_empty() {
		return Err(Error::NothingUsable(sources.records.len()));
	}
	let (from, to) = checkpoints
		.stretch(drawn.stretch)
		.ok_or_else(|| Error::malformed("draw", "it names a stretch that is not there"))?;
	let last = log.links.iter().find(|link| link.step == log.step);
	let adapted = log.adapter.0 == sp_io::hashing::blake2_256(blob)
		&& last.is_some_and(|link| link.state == drawn.last.hash())
		&& are_equal(drawn.last.values(), &adapter.values()?);
	// A chain of other steps, or one from elsewhere, is none of this training, whatever its stretches are.
	if !checkpoints.follows(manifest, examples.len())? {
		return Ok(Trained { state: Hash::zero(), same: false });
	}
	let begun = drawn.from.as_ref().is_none_or(|state| state.hash() == from.state);
	if !begun || drawn.from.is_none() && from.step > 0 {
		return Ok(Trained { state: Hash::zero(), same: false });
	}
	let options = checkpoints.options(manifest)?;
	// Else this would train what the adapter is none of, with all the memory that another rank takes.
	if !has_shape(base, adapter, &options)? {
		return Ok(Trained { state: Hash::zero(), same: false });
	}
	let data = Data { examples, validation: &[] };
	let verdict = replay(base, data, &options, &log.links, drawn.from, to.step, &mut |progress| {
		note(trace, &[progress.loss]);
		trace.update(&progress.gradient_norm.to_bits().to_le_bytes());
		go_on()
	});
	match verdict {
		Ok(Verdict::Same { adapter, .. }) => {
			let bytes = adapter.map(|adapter| adapter.to_bytes()).transpose()?;
			let same = adapted && bytes.is_none_or(|bytes| bytes == *blob);
			Ok(Trained { state: Hash(to.state.0), same })
		}
		Ok(Verdict::Differs { state, .. }) => {
			Ok(Trained { state: Hash(state.hash().0), same: false })
		}
		Err(openlora::Error::Cancelled) => Err(Error::Cancelled),
		Err(error) => Err(error.into()),
	}
}

/// Whether an adapter has the projections, ranks and scalings that training with these options gives.
fn has_shape(base: &Base, adapter: &Adapter, options: &TrainOptions) -> Result<bool> {
	let (trained, own) = (options.adapter_config()?, adapter.config());
	let same =
		|layer| Module::ALL.iter().all(|of| trained.target(layer, *of) == own.target(layer, *of));
	Ok((0..base.config.layers).all(same))
}

fn are_equal(these: &[f32], those: &[f32]) -> bool {
	let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
	these.len() == those.len() && bits(these) == bits(those)
}

/// The floor of the committed leaves, by the null queries as the adapter answers them.
fn floor(
	base: &Base,
	version: &Version<'_>,
	trace: &mut Hasher,
	go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<u32> {
	let Version { index, adapter, .. } = version;
	let examples = nulls::examples(base)?;
	let sequences: Vec<(&[u32], usize)> =
		examples.iter().map(|(_, of)| (&of.tokens[..], of.answer_start)).collect();
	let mut sketches = Vec::with_capacity(sequences.len());
	estimator::compute(base, adapter, &sequences, |_, feature| {
		ask(go_on)?;
		note(trace, &feature);
		sketches.push(estimator::sketch(index.projection(), &feature)?);
		Ok(())
	})?;
	calibrate(&index.view(), &sketches)
}

#[cfg(test)]
mod tests;
