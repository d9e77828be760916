//! What the pallet keeps.

use codec::{Decode, Encode, MaxEncodedLen};
use openledger_primitives_core::{Hash, RoundId};
use scale_info::TypeInfo;

/// A round under way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Round<BlockNumber> {
	/// Its number.
	pub number: RoundId,
	/// The first block of the next round.
	pub next: BlockNumber,
	/// All its outputs so far, mixed one after the other; zero before the first.
	pub accumulator: Hash,
}
