//! Models as every part of the system sees them: what is served, at which price, on which terms.

pub mod assurance;
pub mod retrieval;
pub mod v1;

pub use assurance::{Assurance, Unaudited};
pub use retrieval::{Retrieval, RetrievalRefusal};

use crate::{
	Balance, BaseId, Hash, MAX_CREDITED, MAX_CREDITS, MAX_SKETCH, MAX_SNAPSHOTS, MIN_SKETCH,
	ModelId, record::SnapshotRef,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Prices are quoted for this many tokens.
pub const PRICED_TOKENS: u128 = 1_000;

/// What an answer costs.
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
pub struct Price {
	/// For 1,000 tokens of prompt, in the smallest unit of OPEN.
	#[cfg_attr(feature = "std", serde(with = "crate::units"))]
	pub prompt: Balance,
	/// For 1,000 tokens of answer, in the smallest unit of OPEN.
	#[cfg_attr(feature = "std", serde(with = "crate::units"))]
	pub output: Balance,
}

/// Tokens used by one answer.
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
pub struct Usage {
	/// Tokens of the prompt, chat template included.
	pub prompt: u32,
	/// Tokens of the answer.
	pub output: u32,
}

impl Price {
	/// The fee for `usage`, each part rounded up; `None` where it passes what a balance can hold.
	pub fn fee(&self, usage: Usage) -> Option<Balance> {
		let part = |price: Balance, tokens: u32| {
			Some(price.checked_mul(u128::from(tokens))?.div_ceil(PRICED_TOKENS))
		};
		part(self.prompt, usage.prompt)?.checked_add(part(self.output, usage.output)?)
	}
}

/// The life of a model version.
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
pub enum ModelStatus {
	/// Registered: the manifest is frozen and the projection seed drawn. Answers nothing.
	Draft,
	/// The attribution index is committed. Answers nothing yet.
	Indexed,
	/// Answers requests.
	Published,
	/// Still answers, and tells its users to move on.
	Deprecated,
	/// Answers no new request. Final.
	Retired,
	/// Its index was shown to be forged: answers no new request, and pays none of its contributors
	/// any more. Final.
	Condemned,
}

/// Which leaves are paid.
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
pub enum PayBy {
	/// The K best contributors, each by the sum over all of their records.
	Contributors,
	/// The K best records; each pays its contributor.
	Records,
}

/// How a model version attributes its answers. Frozen at registration.
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
pub struct Method {
	/// Which leaves are paid.
	pub pay_by: PayBy,
	/// The most leaves that one answer credits, 1 to [`crate::MAX_CREDITS`].
	pub credits: u8,
	/// Components of a sketch, [`crate::MIN_SKETCH`] to [`crate::MAX_SKETCH`]. Times the credits, at most
	/// [`crate::MAX_CREDITED`].
	pub dimension: u16,
}

/// Why no claim can be made by a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodRefusal {
	/// The credits are not within 1 to [`crate::MAX_CREDITS`].
	Credits,
	/// The dimension is not within [`crate::MIN_SKETCH`] to [`crate::MAX_SKETCH`].
	Dimension,
	/// Credits times dimension pass [`crate::MAX_CREDITED`]: fewer credits or shorter sketches fit.
	Credited,
}

impl Method {
	/// Whether claims by this method keep to the bounds of what may be shown on chain.
	pub fn check(&self) -> Result<(), MethodRefusal> {
		let (credits, dimension) = (u32::from(self.credits), u32::from(self.dimension));
		if !(1..=MAX_CREDITS).contains(&credits) {
			return Err(MethodRefusal::Credits);
		}
		if !(MIN_SKETCH..=MAX_SKETCH).contains(&dimension) {
			return Err(MethodRefusal::Dimension);
		}
		match credits.saturating_mul(dimension) <= MAX_CREDITED {
			true => Ok(()),
			false => Err(MethodRefusal::Credited),
		}
	}
}

/// The commitment to a model version's attribution index.
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
pub struct IndexCommitment {
	/// Root over the index leaves, one for each training record in manifest order.
	pub records_root: Hash,
	/// How many index leaves there are: the sum of the snapshots' counts.
	pub records: u32,
	/// Root over the contributor leaves, in ascending order of account.
	pub contributors_root: Hash,
	/// How many contributor leaves there are.
	pub contributors: u32,
	/// The floor, as a share of |query|·|leaf| in millionths.
	pub floor_ppm: u32,
	/// blake2b-256 of the index file, under which the content store has it.
	pub file: Hash,
}

/// The latest of the canonical arithmetics, each of which fixes every bit of an answer
/// (`docs/reproducible-arithmetic.md`). They are numbered from 1.
pub const LATEST_ARITHMETIC: u16 = 2;

/// With which arithmetic a version's answers are computed, and so how they can be checked.
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
pub enum Arithmetic {
	/// The canonical arithmetic of this number: who repeats an answer gets the same bits.
	Canonical(u16),
	/// Whatever the operator's processors compute fastest: who repeats an answer gets nearly the same
	/// numbers, and perhaps another answer.
	Tolerant,
}

impl Arithmetic {
	/// Whether there is such an arithmetic.
	pub fn is_known(self) -> bool {
		match self {
			Self::Canonical(number) => (1..=LATEST_ARITHMETIC).contains(&number),
			Self::Tolerant => true,
		}
	}

	/// Whether engines of this release compute it: what only older ones did is answered by nobody any more.
	pub fn is_computed(self) -> bool {
		match self {
			Self::Canonical(number) => number == LATEST_ARITHMETIC,
			Self::Tolerant => true,
		}
	}
}

/// What a developer registers: everything that the version's answers depend on.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ModelSpec {
	/// The base that the adapter belongs to.
	pub base: BaseId,
	/// The version that this one continues, if any.
	pub parent: Option<ModelId>,
	/// blake2b-256 of the adapter blob, under which the content store has it.
	pub adapter: Hash,
	/// The adapter's rank.
	pub rank: u16,
	/// blake2b-256 of the training manifest, under which the content store has it.
	pub manifest: Hash,
	/// The snapshots trained on, in the manifest's order.
	pub snapshots: BoundedVec<SnapshotRef, ConstU32<MAX_SNAPSHOTS>>,
	/// How answers are attributed.
	pub method: Method,
	/// How answers are computed.
	pub arithmetic: Arithmetic,
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn fee_rounds_each_part_up() {
		let price = Price { prompt: 10, output: 1_000 };
		assert_eq!(price.fee(Usage { prompt: 1, output: 0 }), Some(1));
		assert_eq!(price.fee(Usage { prompt: 100, output: 7 }), Some(8));
		assert_eq!(price.fee(Usage::default()), Some(0));
	}

	#[test]
	fn method_is_refused_when_credits_dimension_or_both_together_are_too_many() {
		let check =
			|credits, dimension| Method { pay_by: PayBy::Records, credits, dimension }.check();
		for (credits, dimension) in [(1, 16), (16, 1_024), (8, 2_048), (15, 1_092), (1, 2_048)] {
			assert_eq!(check(credits, dimension), Ok(()), "{credits} × {dimension}");
		}
		for credits in [0, 17, 255] {
			assert_eq!(check(credits, 512), Err(MethodRefusal::Credits));
		}
		for dimension in [0, 15, 2_049, u16::MAX] {
			assert_eq!(check(1, dimension), Err(MethodRefusal::Dimension));
		}
		for (credits, dimension) in [(16, 1_025), (9, 2_048), (15, 1_093), (16, 2_048)] {
			assert_eq!(check(credits, dimension), Err(MethodRefusal::Credited));
		}
	}

	#[test]
	fn fee_is_none_when_it_overflows() {
		let price = Price { prompt: u128::MAX, output: 0 };
		assert_eq!(price.fee(Usage { prompt: 2, output: 0 }), None);
		let price = Price { prompt: u128::MAX, output: u128::MAX };
		assert!(price.fee(Usage { prompt: 1, output: 1 }).is_some());
	}
}
