//! Operators as the chain lists them.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{Balance, BlockNumber, Endpoint};
use scale_info::TypeInfo;

/// A bonded operator.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Operator<AccountId> {
	/// The hot key that its off-chain worker signs with.
	pub agent: AccountId,
	/// What it has at stake.
	pub bond: Balance,
	/// Where its worker is reached over HTTP.
	pub endpoint: Endpoint,
	/// The most requests that it takes on at once.
	pub capacity: u32,
	/// Requests answered.
	pub answered: u64,
	/// Requests it let expire, since the last penalty.
	pub missed: u32,
	/// When it asked to leave, if it did: no new requests from then on.
	pub leaving: Option<BlockNumber>,
}
