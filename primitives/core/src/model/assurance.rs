//! Whether a model version may earn: what its index and its training were checked by.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Why a version earns without an audit.
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
#[cfg_attr(feature = "std", serde(rename_all = "camelCase"))]
pub enum Unaudited {
	/// Its index was committed before versions were audited.
	Before,
	/// No version is audited, by decision of governance.
	Off,
	/// Lots did not call it.
	NotCalled,
	/// There were not enough verifiers for a committee.
	TooFewVerifiers,
	/// Its arithmetic is whatever a processor computes fastest, which nobody can repeat to the bit.
	Tolerant,
}

/// What stands behind a version's index beside its owner's word.
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
#[cfg_attr(feature = "std", serde(rename_all = "camelCase", tag = "kind", content = "reason"))]
pub enum Assurance {
	/// Its audit is not over: it can't be published yet.
	Waiting,
	/// A committee computed parts of index and training again and found the same.
	Audited,
	/// It earns without an audit.
	Unaudited(Unaudited),
	/// A committee was not handed what it takes to compute anything again: the owner can ask once more.
	Withheld,
	/// A committee found something else than was committed to.
	Refuted,
}

impl Assurance {
	/// Whether a version of which this holds may be published.
	pub const fn earns(self) -> bool {
		matches!(self, Self::Audited | Self::Unaudited(_))
	}
}
