//! # Calendar
//!
//! The lengths that a chain is born with.
//!
//! ## Overview
//!
//! One runtime serves chains of every pace: a network that strangers trust with their money, where
//! a referendum takes weeks, and a test network, where the same referendum takes minutes. What
//! differs between them is in one storage value, set by the chain's specification and never again:
//! [`Lengths`]. The consensus, the staking and the governance of the runtime read it through the
//! `Get` types of this crate.
//!
//! ## Assumptions
//!
//! There is no call that changes the value. An epoch's length can't change on a live chain at all:
//! the epochs that nodes have recorded would no longer fit those that the runtime announces. An
//! upgrade may change the other lengths in a migration.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

mod getters;
#[cfg(test)]
mod tests;

pub use getters::{BondingEras, Days, EpochSlots, Hours, SessionsPerEra, SlashDeferEras, Year};
pub use pallet::*;

use codec::{Decode, Encode, MaxEncodedLen};
use core::num::NonZeroU32;
use scale_info::TypeInfo;

/// Days in a year, as every period of this chain counts them.
pub const DAYS_PER_YEAR: u32 = 365;

/// The most eras that a stake stays bonded, which bounds what is kept for each of them.
pub const MAX_BONDING_ERAS: u32 = 31;

/// How long the chain's periods are.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	MaxEncodedLen,
	TypeInfo,
	serde::Serialize,
	serde::Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lengths {
	/// Slots in an epoch, which is a session: how often authors are drawn and keys can change.
	pub epoch_slots: NonZeroU32,
	/// Sessions in an era: how often validators are elected and paid.
	pub sessions_per_era: NonZeroU32,
	/// Eras from unbonding a stake to its release.
	pub bonding_eras: NonZeroU32,
	/// Eras from a slash to its effect, in which a vote can cancel it; less than `bonding_eras`.
	pub slash_defer_eras: u32,
	/// Blocks in what governance calls a day.
	pub day: NonZeroU32,
}

const fn at_least_one(value: u32) -> NonZeroU32 {
	match NonZeroU32::new(value) {
		Some(value) => value,
		None => NonZeroU32::MIN,
	}
}

impl Lengths {
	/// A chain for strangers, at three seconds a slot: epochs of one hour, eras of six, stakes
	/// bonded for a week, slashes a vote can cancel for six days and a half, real days.
	pub const REAL: Self = Self {
		epoch_slots: at_least_one(1_200),
		sessions_per_era: at_least_one(6),
		bonding_eras: at_least_one(28),
		slash_defer_eras: 26,
		day: at_least_one(28_800),
	};

	/// A chain to try things on: epochs of a minute, eras of three, days of a minute, slashes
	/// effective an era later.
	pub const FAST: Self = Self {
		epoch_slots: at_least_one(20),
		sessions_per_era: at_least_one(3),
		bonding_eras: at_least_one(4),
		slash_defer_eras: 1,
		day: at_least_one(20),
	};

	/// A chain of one developer: epochs of ten minutes, and otherwise as [`Lengths::FAST`].
	pub const DEVELOPMENT: Self = Self { epoch_slots: at_least_one(200), ..Self::FAST };
}

impl Default for Lengths {
	fn default() -> Self {
		Self::REAL
	}
}

#[allow(
	clippy::expect_used,
	clippy::unwrap_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects
)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime gives to this pallet.
	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// The lengths that this chain was born with.
	#[pallet::storage]
	pub type ChainLengths<T: Config> = StorageValue<_, Lengths, ValueQuery>;

	/// The lengths to start with.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// How long the chain's periods are.
		pub lengths: Lengths,
		/// The runtime that this is the genesis of.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> GenesisConfig<T> {
		/// A genesis with these lengths.
		pub fn new(lengths: Lengths) -> Self {
			Self { lengths, _config: Default::default() }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			ChainLengths::<T>::put(self.lengths);
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<frame_system::pallet_prelude::BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(
			_: frame_system::pallet_prelude::BlockNumberFor<T>,
		) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		/// Slashes take effect while the stake is bonded, and stakes are not bonded for longer than
		/// the runtime keeps eras.
		///
		/// # Errors
		///
		/// Says which of them does not hold.
		pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
			let Lengths { bonding_eras, slash_defer_eras, .. } = Self::lengths();
			ensure!(bonding_eras.get() <= MAX_BONDING_ERAS, "stakes are bonded for too long");
			ensure!(slash_defer_eras < bonding_eras.get(), "slashes come after the stake is free");
			Ok(())
		}

		/// The lengths that this chain was born with.
		pub fn lengths() -> Lengths {
			ChainLengths::<T>::get()
		}
	}
}
