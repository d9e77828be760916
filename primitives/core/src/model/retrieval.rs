//! What a model version commits to of the records that are put into prompts.

use super::{IndexCommitment, Method, PayBy};
use crate::{Hash, MAX_CREDITED, MAX_CREDITS, MAX_FOUND, MAX_QUOTED};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::Permill;

/// How records are found for a question, and what those that are put into its prompt are paid. Frozen with
/// the index.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Retrieval {
	/// The most records that one prompt holds, 1 to [`MAX_FOUND`].
	pub most: u8,
	/// Components of a sketch, [`crate::MIN_SKETCH`] to [`crate::MAX_SKETCH`].
	pub dimension: u16,
	/// What the records in a prompt have of the contributors' part, whatever the adapter's gain: above zero.
	pub part: Permill,
	/// blake2b-256 of the lens, which says how a text becomes a sketch, and under which the content store
	/// has it.
	pub lens: Hash,
	/// The index over the records' texts: of the same records, in the same order, as the version's other one.
	pub index: IndexCommitment,
}

/// Why no claim can be made with a retrieval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetrievalRefusal {
	/// The most records are not within 1 to [`MAX_FOUND`].
	Most,
	/// The dimension is not within [`crate::MIN_SKETCH`] to [`crate::MAX_SKETCH`].
	Dimension,
	/// Records in prompts are paid nothing.
	Part,
	/// With the version's own method, claims would credit more leaves than [`MAX_CREDITS`], or longer ones
	/// than [`MAX_CREDITED`] together.
	Together,
}

impl Retrieval {
	/// How records are found, as a method: each is paid by itself.
	pub fn method(&self) -> Method {
		Method { pay_by: PayBy::Records, credits: self.most, dimension: self.dimension }
	}

	/// The most bytes, and so the most tokens, that records add to one prompt.
	pub fn quoted(&self) -> u32 {
		u32::from(self.most).saturating_mul(MAX_QUOTED)
	}

	/// Whether claims keep to the bounds of what may be shown on chain where the answer is attributed by
	/// `method`.
	pub fn check(&self, method: &Method) -> Result<(), RetrievalRefusal> {
		if !(1..=MAX_FOUND).contains(&u32::from(self.most)) {
			return Err(RetrievalRefusal::Most);
		}
		self.method().check().map_err(|_| RetrievalRefusal::Dimension)?;
		if self.part.is_zero() {
			return Err(RetrievalRefusal::Part);
		}
		let shown = |of: &Method| u32::from(of.credits).saturating_mul(of.dimension.into());
		let credits = u32::from(self.most).saturating_add(method.credits.into());
		let credited = shown(&self.method()).saturating_add(shown(method));
		match credits <= MAX_CREDITS && credited <= MAX_CREDITED {
			true => Ok(()),
			false => Err(RetrievalRefusal::Together),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn retrieval(most: u8, dimension: u16) -> Retrieval {
		let index = IndexCommitment {
			records_root: Hash::zero(),
			records: 1,
			contributors_root: Hash::zero(),
			contributors: 1,
			floor_ppm: 0,
			file: Hash::zero(),
		};
		Retrieval { most, dimension, part: Permill::from_percent(30), lens: Hash::zero(), index }
	}

	#[test]
	fn claims_with_both_kinds_keep_to_the_bounds_of_claims_with_one() {
		let check = |most, dimension, credits, of| {
			let method = Method { pay_by: PayBy::Contributors, credits, dimension: of };
			retrieval(most, dimension).check(&method)
		};
		for (most, dimension, credits, of) in
			[(4, 2_048, 12, 512), (1, 16, 15, 1_024), (4, 2_048, 8, 1_024), (4, 1_024, 12, 1_024)]
		{
			assert_eq!(check(most, dimension, credits, of), Ok(()), "{most} {credits}");
		}
		assert_eq!(check(0, 64, 1, 64), Err(RetrievalRefusal::Most));
		assert_eq!(check(5, 64, 1, 64), Err(RetrievalRefusal::Most));
		assert_eq!(check(1, 15, 1, 64), Err(RetrievalRefusal::Dimension));
		assert_eq!(check(4, 64, 13, 64), Err(RetrievalRefusal::Together));
		assert_eq!(check(4, 2_048, 9, 1_024), Err(RetrievalRefusal::Together));
		let free = Retrieval { part: Permill::zero(), ..retrieval(1, 64) };
		let method = Method { pay_by: PayBy::Records, credits: 1, dimension: 64 };
		assert_eq!(free.check(&method), Err(RetrievalRefusal::Part));
	}
}
