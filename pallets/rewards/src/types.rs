//! What the pallet stores.

use crate::Config;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
	CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound, traits::Footprint,
};
use openledger_primitives_core::Balance;
use scale_info::TypeInfo;

/// What an account has accrued.
///
/// Of fixed widths: an entry is as large on the day that it is opened, and paid for, as it will ever be, so
/// that settling a fee adds nothing to it.
#[derive(
	CloneNoBound,
	DebugNoBound,
	DefaultNoBound,
	PartialEqNoBound,
	EqNoBound,
	Encode,
	Decode,
	MaxEncodedLen,
	TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Accrual<T: Config> {
	/// OPEN, in its smallest unit.
	pub amount: Balance,
	/// Voice, in points.
	pub voice: u128,
	/// The deposit of an account that is open. Its entry stays when it is paid out.
	pub ticket: Option<T::AccountConsideration>,
}

impl<T: Config> Accrual<T> {
	/// What an account pays for when it is opened, key included.
	pub fn footprint() -> Footprint {
		let account = T::AccountId::max_encoded_len();
		Footprint::from_parts(1, account.saturating_add(Self::max_encoded_len()))
	}

	/// Whether the account is open.
	pub fn is_open(&self) -> bool {
		self.ticket.is_some()
	}
}
