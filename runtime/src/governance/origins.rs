//! What a referendum can speak as, beside root: one origin for each power, so that a track grants
//! no more than its proposals need.

/// Origins of governance. There are no calls and there is no storage.
#[allow(
	clippy::expect_used,
	clippy::unwrap_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects
)]
#[frame_support::pallet]
pub mod pallet {
	use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
	use frame_support::pallet_prelude::*;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Nothing to configure.
	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// What a referendum speaks as.
	#[pallet::origin]
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
	pub enum Origin {
		/// Dispatches, with root's power, a call that the technical committee has put on the
		/// whitelist.
		#[codec(index = 0)]
		WhitelistedCaller,
		/// Sets parameters of fees, windows, operators and staking; cancels slashes.
		#[codec(index = 1)]
		Parameters,
		/// Sets parameters of attribution, of the fee split and of the contributors' voice, unless
		/// contributors have rejected the call.
		#[codec(index = 2)]
		AttributionParameters,
		/// Sets the same, faster, by a call that contributors have approved.
		#[codec(index = 3)]
		ContributorApproved,
		/// Spends a little of the treasury.
		#[codec(index = 4)]
		TreasurySmall,
		/// Spends more of it.
		#[codec(index = 5)]
		TreasuryMedium,
		/// Spends much of it.
		#[codec(index = 6)]
		TreasuryBig,
		/// Settles disputes about a Datanet.
		#[codec(index = 7)]
		DatanetDisputes,
		/// Cancels a referendum; its deposits are returned.
		#[codec(index = 8)]
		ReferendumCanceller,
		/// Cancels a referendum and slashes its deposits.
		#[codec(index = 9)]
		ReferendumKiller,
		/// What the contributors' own referenda speak as.
		#[codec(index = 10)]
		Contributors,
	}
}

pub use pallet::*;
