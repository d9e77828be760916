//! The lens: how a text becomes a sketch, learnt of the records and of nothing else.

use super::{
	VERSION,
	dense::{self, Whitening},
	words::Vocabulary,
};
use crate::{
	error::{Error, Result},
	quantize,
};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_core::{Hash, MAX_SKETCH, MIN_SKETCH, Sketch};
use openlora::Base;
use sp_io::hashing::blake2_256;

/// What the dense half is of the score of texts that are alike in both; the rest is the words'. Chosen with
/// the ridge and the layer on questions other than those reported (docs/retrieval.md).
const DENSE: f64 = 0.3;

/// How texts become sketches. An artefact: its hash stands in the index that was built with it, and it follows
/// from the base and the records, bit for bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Lens {
	parts: Parts,
	hash: Hash,
}

#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct Parts {
	version: u32,
	/// blake2b-256 of the base's weights file.
	base: Hash,
	/// The layer whose input is read, and how many components it has.
	layer: u32,
	width: u32,
	/// The seed that the chain drew.
	seed: Hash,
	/// Components of a sketch.
	dimension: u16,
	whitening: Whitening,
	vocabulary: Vocabulary,
}

/// A text as a sketch, and as it was before it was rounded to one.
pub(super) struct Seen {
	pub(super) sketch: Sketch,
	pub(super) exact: Vec<f32>,
}

impl Seen {
	/// The unit of the sketch in a leaf, by the length that the text has of at most one.
	pub(super) fn scale(&self) -> u16 {
		quantize::scale(&self.sketch, crate::features::norm(&self.exact))
	}
}

impl Lens {
	/// The lens of records with these texts, and these states as far as they have tokens.
	///
	/// # Errors
	/// [`Error::Malformed`] for a dimension out of range, [`Error::NonFinite`].
	pub(super) fn learn<'a>(
		(base, base_hash): (&Base, Hash),
		(seed, dimension): (Hash, u16),
		texts: impl IntoIterator<Item = &'a str>,
		states: &[&[f32]],
	) -> Result<Self> {
		check_dimension(dimension)?;
		let (width, components) = (base.config.hidden, dense_components(dimension));
		let whitening = Whitening::learn(states, width, &seed, components)?;
		Self::of(Parts {
			version: VERSION,
			base: base_hash,
			layer: dense::layer(base) as u32,
			width: width as u32,
			seed,
			dimension,
			whitening,
			vocabulary: Vocabulary::of(texts),
		})
	}

	fn of(parts: Parts) -> Result<Self> {
		let refuse = |reason: String| Err(Error::malformed("lens", reason));
		if parts.version != VERSION {
			return refuse(format!("its version is {}, {VERSION} is read here", parts.version));
		}
		check_dimension(parts.dimension)?;
		parts.whitening.check(parts.width as usize, dense_components(parts.dimension))?;
		parts.vocabulary.check()?;
		let hash = blake2_256(&parts.encode()).into();
		Ok(Self { parts, hash })
	}

	/// Reads a lens.
	///
	/// # Errors
	/// [`Error::Malformed`] for whatever is none.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		let parts = Parts::decode_all(&mut &*bytes);
		Self::of(parts.map_err(|error| Error::malformed("lens", error))?)
	}

	/// The lens as it is stored.
	pub fn to_bytes(&self) -> Vec<u8> {
		self.parts.encode()
	}

	/// blake2b-256 of the bytes.
	pub fn hash(&self) -> Hash {
		self.hash
	}

	/// blake2b-256 of the weights of the base that it was learnt with.
	pub fn base(&self) -> Hash {
		self.parts.base
	}

	/// The chain's seed.
	pub fn seed(&self) -> Hash {
		self.parts.seed
	}

	/// Components of a sketch.
	pub fn dimension(&self) -> usize {
		self.parts.dimension.into()
	}

	/// Checks that a base has the shape of the one that it was learnt with. Which one it is, its hash tells.
	///
	/// # Errors
	/// [`Error::Malformed`].
	pub fn fits(&self, base: &Base) -> Result<()> {
		let shape = (self.parts.width as usize, self.parts.layer as usize);
		match shape == (base.config.hidden, dense::layer(base)) {
			true => Ok(()),
			false => Err(Error::malformed("lens", "it was learnt with another base")),
		}
	}

	/// The sketches of questions, as they are asked: without a chat template.
	///
	/// # Errors
	/// As [`Lens::fits`], and the engine's.
	pub fn questions(&self, base: &Base, questions: &[&str]) -> Result<Vec<Sketch>> {
		Ok(self.asked(base, questions)?.into_iter().map(|seen| seen.sketch).collect())
	}

	/// Questions as they are seen.
	///
	/// # Errors
	/// As [`Lens::questions`].
	pub(super) fn asked(&self, base: &Base, questions: &[&str]) -> Result<Vec<Seen>> {
		self.fits(base)?;
		let mut asked = Vec::with_capacity(questions.len());
		dense::means(base, questions, |at, state| {
			let dense = state.map(|state| self.dense(&state));
			let (seed, buckets) = (&self.parts.seed, self.buckets());
			let words = self.parts.vocabulary.question(seed, questions[at], buckets);
			asked.push(self.join(dense, words)?);
			Ok(())
		})?;
		Ok(asked)
	}

	/// What is seen of one record, by itself: what its leaf in an index is made of.
	///
	/// # Errors
	/// As [`Lens::questions`].
	pub fn record(&self, base: &Base, text: &str) -> Result<(Sketch, u16)> {
		self.fits(base)?;
		let mut state = None;
		dense::means(base, &[text], |_, found| {
			state = found;
			Ok(())
		})?;
		let seen = self.seen(state.map(|state| self.dense(&state)), text)?;
		let scale = seen.scale();
		Ok((seen.sketch, scale))
	}

	/// The dense components of a state.
	fn dense(&self, state: &[f32]) -> Vec<f64> {
		let components = dense_components(self.parts.dimension);
		self.parts.whitening.apply(state, &self.parts.seed, components)
	}

	/// The dense components of many states.
	pub(super) fn dense_of(&self, states: &[Option<Vec<f32>>]) -> Vec<Option<Vec<f64>>> {
		let components = dense_components(self.parts.dimension);
		self.parts.whitening.apply_all(states, &self.parts.seed, components)
	}

	/// A record with these dense components.
	pub(super) fn seen(&self, dense: Option<Vec<f64>>, text: &str) -> Result<Seen> {
		let words = self.parts.vocabulary.record(&self.parts.seed, text, self.buckets());
		self.join(dense, words)
	}

	/// Components of the lexical half.
	fn buckets(&self) -> usize {
		self.dimension() - dense_components(self.parts.dimension)
	}

	/// Both halves at unit length, weighed. A text that has only one of them is shorter than others, and not
	/// that one half made longer.
	fn join(&self, dense: Option<Vec<f64>>, words: Vec<f64>) -> Result<Seen> {
		let mut joined = unit(dense.unwrap_or_default(), DENSE.sqrt());
		joined.resize(dense_components(self.parts.dimension), 0.0);
		joined.extend(unit(words, (1.0 - DENSE).sqrt()));
		Ok(Seen { sketch: quantize::direction(&joined)?, exact: joined })
	}
}

/// Components of the dense half: those of the first half.
fn dense_components(dimension: u16) -> usize {
	usize::from(dimension) / 2
}

fn check_dimension(dimension: u16) -> Result<()> {
	match (MIN_SKETCH..=MAX_SKETCH).contains(&dimension.into()) {
		true => Ok(()),
		false => Err(Error::malformed("lens", format!("{dimension} components"))),
	}
}

/// A vector of so much length; zeros for zeros.
fn unit(vector: Vec<f64>, length: f64) -> Vec<f32> {
	let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
	let factor = if norm > 0.0 { length / norm } else { 0.0 };
	vector.into_iter().map(|value| (value * factor) as f32).collect()
}
