//! What the pallet stores.

use codec::{Decode, Encode, MaxEncodedLen};
use openledger_primitives_core::Balance;
use scale_info::TypeInfo;

/// What an account has accrued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Accrual {
	/// OPEN, in its smallest unit.
	#[codec(compact)]
	pub amount: Balance,
	/// Voice, in points.
	#[codec(compact)]
	pub voice: u128,
}
