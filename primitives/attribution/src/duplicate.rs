//! When two records are near-duplicates (specification: The rule, 2): by the sizes of their sets of
//! shingles and of what these have in common. What shingles are is the engine's.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Two sets, by how many members each has, and both have.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Shared {
	/// Members of the first.
	pub one: u32,
	/// Members of the second.
	pub other: u32,
	/// Members of both.
	pub common: u32,
}

impl Shared {
	/// Members of either.
	fn either(&self) -> u64 {
		u64::from(self.one)
			.saturating_add(u64::from(self.other))
			.saturating_sub(u64::from(self.common))
	}

	/// Whether there can be such sets.
	pub fn is_possible(&self) -> bool {
		self.common <= self.one.min(self.other)
	}

	/// Whether the Jaccard index, |a ∩ b| / |a ∪ b|, is at least 0.8. Empty sets are not near.
	pub fn is_near(&self) -> bool {
		let either = self.either();
		either > 0 && u64::from(self.common).saturating_mul(5) >= either.saturating_mul(4)
	}

	/// Whether the sets are near, or one that is not empty is part of the other.
	pub fn repeats(&self) -> bool {
		let smaller = self.one.min(self.other);
		self.is_near() || smaller > 0 && self.common == smaller
	}

	/// The Jaccard index in millionths, rounded down; zero for empty sets.
	pub fn jaccard_ppm(&self) -> u32 {
		let parts = u64::from(self.common).saturating_mul(1_000_000).checked_div(self.either());
		parts.unwrap_or(0) as u32
	}
}

/// What two records have in common.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Overlap {
	/// The shingles of all their words.
	pub whole: Shared,
	/// The shingles of what is learnt of them: the answers, or all of a text.
	pub learnt: Shared,
}

impl Overlap {
	/// Whether there can be such records.
	pub fn is_possible(&self) -> bool {
		self.whole.is_possible() && self.learnt.is_possible()
	}

	/// Whether the wholes are near, and what is learnt is near too, or part of the other's: an answer with
	/// another value is another answer, one with words before or after it is none.
	pub fn is_duplicate(&self) -> bool {
		self.whole.is_near() && self.learnt.repeats()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn shared(one: u32, other: u32, common: u32) -> Shared {
		Shared { one, other, common }
	}

	#[test]
	fn near_is_at_least_four_fifths_of_either() {
		assert!(shared(10, 8, 8).is_near());
		assert!(shared(9, 9, 8).is_near());
		assert!(!shared(10, 9, 8).is_near());
		assert!(!shared(0, 0, 0).is_near() && !shared(4, 0, 0).is_near());
		assert!(shared(u32::MAX, u32::MAX, u32::MAX).is_near());
		assert_eq!(shared(10, 9, 8).jaccard_ppm(), 727_272);
		assert_eq!(shared(0, 0, 0).jaccard_ppm(), 0);
	}

	#[test]
	fn what_is_learnt_may_also_be_part_of_the_other() {
		assert!(shared(2, 9, 2).repeats() && !shared(2, 9, 2).is_near());
		assert!(!shared(2, 9, 1).repeats());
		assert!(!shared(0, 9, 0).repeats());
		let near = shared(10, 9, 9);
		assert!(Overlap { whole: near, learnt: shared(1, 5, 1) }.is_duplicate());
		assert!(!Overlap { whole: near, learnt: shared(1, 5, 0) }.is_duplicate());
		assert!(!Overlap { whole: shared(10, 9, 3), learnt: near }.is_duplicate());
		assert!(!Overlap::default().is_duplicate());
	}

	#[test]
	fn no_more_is_common_than_the_smaller_has() {
		let possible = Overlap { whole: shared(3, 2, 2), learnt: shared(1, 1, 0) };
		assert!(possible.is_possible());
		assert!(!Overlap { learnt: shared(1, 1, 2), ..possible }.is_possible());
		assert!(!Overlap { whole: shared(3, 2, 3), ..possible }.is_possible());
	}
}
