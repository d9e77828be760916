//! # Pauses
//!
//! Single calls are stopped for a while, and never for longer.
//!
//! ## Overview
//!
//! `pallet-tx-pause` keeps which calls are paused and holds them back; a pause of its own making
//! lasts until somebody lifts it. Here every pause is made together with its end, which the
//! scheduler carries out, so that nobody has to be there, or agree, for a call to come back.
//!
//! ## Assumptions
//!
//! The runtime lets nobody call `TxPause::pause`, and lets root call `TxPause::unpause`, as which
//! the scheduler speaks. A pause lifted that way leaves its end in the schedule; it finds nothing
//! to do, unless the same call is paused again, which replaces it.

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

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod ends;
pub mod migrations;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
mod try_state;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use pallet_tx_pause::RuntimeCallNameOf;

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
	use frame_support::{
		pallet_prelude::*,
		traits::{GetCallMetadata, StorePreimage, schedule::v3},
	};
	use frame_system::pallet_prelude::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config:
		frame_system::Config<
			RuntimeCall: From<pallet_tx_pause::Call<Self>> + GetCallMetadata,
			RuntimeEvent: From<Event<Self>>,
		> + pallet_tx_pause::Config
	{
		/// Pauses a call; returns for how many blocks at most.
		type PauseOrigin: EnsureOrigin<Self::RuntimeOrigin, Success = BlockNumberFor<Self>>;

		/// Sets another end to a pause; returns how many blocks away at most.
		type ProlongOrigin: EnsureOrigin<Self::RuntimeOrigin, Success = BlockNumberFor<Self>>;

		/// Ends a pause before its time.
		type ResumeOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The most blocks that any pause lasts from the last decision about it on.
		type LongestPause: Get<BlockNumberFor<Self>>;

		/// Who the scheduler dispatches as.
		type PalletsOrigin: From<frame_system::RawOrigin<Self::AccountId>>;

		/// Ends pauses in time.
		type Scheduler: v3::Named<
				BlockNumberFor<Self>,
				<Self as frame_system::Config>::RuntimeCall,
				Self::PalletsOrigin,
				Hasher = Self::Hashing,
			>;

		/// Where the scheduler looks up what does not fit in its own entries.
		type Preimages: StorePreimage<H = Self::Hashing>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A call is refused to everyone for a while.
		Paused {
			/// The names of its pallet and its own.
			call: RuntimeCallNameOf<T>,
			/// The block that lets it through again.
			until: BlockNumberFor<T>,
		},
		/// A paused call's end was set anew.
		Prolonged {
			/// The names of its pallet and its own.
			call: RuntimeCallNameOf<T>,
			/// The block that lets it through again.
			until: BlockNumberFor<T>,
		},
		/// A pause was ended before its time.
		Resumed {
			/// The names of its pallet and its own.
			call: RuntimeCallNameOf<T>,
		},
		/// A pause from before pauses had an end was given one.
		EndAdded {
			/// The names of its pallet and its own.
			call: RuntimeCallNameOf<T>,
			/// The block that lets it through again.
			until: BlockNumberFor<T>,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// No pallet of the runtime has a call of this name. Both are spelled as in the metadata.
		UnknownCall,
		/// The call ends emergencies or keeps the chain going, and can't be paused.
		Unpausable,
		/// The call is paused. To let it stay so for longer, prolong the pause.
		AlreadyPaused,
		/// The call is not paused.
		NotPaused,
		/// A pause lasts a block at least, and no longer than whoever decides may pause for.
		WrongLength,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Refuses a call to everyone for so many blocks. `name` is that of its pallet and its own,
		/// as in the metadata: (`Balances`, `transfer_all`).
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::pause())]
		pub fn pause(
			origin: OriginFor<T>,
			name: RuntimeCallNameOf<T>,
			blocks: BlockNumberFor<T>,
		) -> DispatchResult {
			let longest = <T as Config>::PauseOrigin::ensure_origin(origin)?;
			Self::do_pause(name, blocks, longest)
		}

		/// Lets a pause end so many blocks from now, earlier or later than it would have.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::prolong())]
		pub fn prolong(
			origin: OriginFor<T>,
			name: RuntimeCallNameOf<T>,
			blocks: BlockNumberFor<T>,
		) -> DispatchResult {
			let longest = T::ProlongOrigin::ensure_origin(origin)?;
			Self::do_prolong(name, blocks, longest)
		}

		/// Ends a pause now.
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::resume())]
		pub fn resume(origin: OriginFor<T>, name: RuntimeCallNameOf<T>) -> DispatchResult {
			T::ResumeOrigin::ensure_origin(origin)?;
			Self::do_resume(name)
		}
	}
}
