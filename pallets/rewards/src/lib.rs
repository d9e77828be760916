//! # Rewards
//!
//! Divides settled fees, accrues the parts and pays them out when asked to.
//!
//! ## Overview
//!
//! A fee reaches the pot first and is divided second ([`distribute`]): contributors, the model's
//! owner with the base's royalty, operator, verifiers, treasury. Each part is added to what its
//! account has accrued. Nothing is transferred until somebody calls [`Pallet::claim`] or
//! [`Pallet::claim_for`], so that neither dust nor the existential deposit eats a reward: what an
//! account cannot hold stays accrued.
//!
//! ## Terminology
//!
//! - **Pot**: the pallet's account. It holds one existential deposit and all that is accrued.
//! - **Settlement**: how one request's fee was divided, kept until the payer prunes the request
//!   and covered by the deposit that the payer has for it.
//!
//! ## Assumptions
//!
//! Whoever calls `distribute` has moved the fee to the pot before. What reaches the pot otherwise
//! is nobody's reward: [`Pallet::sweep`] accrues it to the treasury.

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

mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claim;
pub mod distribute;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

// What the macros write is the SDK's; the logic is in files of its own, where the lints bind.
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
		PalletId,
		pallet_prelude::*,
		traits::fungible::{Inspect, Mutate},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives_core::{
		Balance, RequestId,
		settlement::{Distribution, FeeSplit},
	};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime gives to this pallet.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// OPEN.
		type Currency: Inspect<Self::AccountId, Balance = Balance> + Mutate<Self::AccountId>;
		/// The pallet's account.
		#[pallet::constant]
		type PalletId: Get<PalletId>;
		/// How a fee is divided.
		type Split: Get<FeeSplit>;
		/// Who gets what no one else does.
		type TreasuryAccount: Get<Self::AccountId>;
		/// Who collects the verifiers' part.
		type VerifiersAccount: Get<Self::AccountId>;
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// What each account has accrued and not been paid yet.
	#[pallet::storage]
	pub type Accrued<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// The sum of all that is accrued.
	#[pallet::storage]
	pub type TotalAccrued<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// What each account has been paid so far. An entry costs at least one transaction's fee, and
	/// can't be had without a reward that outlives the existential deposit.
	#[pallet::storage]
	pub type Paid<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// How each settled request's fee was divided.
	#[pallet::storage]
	pub type Settlements<T: Config> =
		StorageMap<_, Twox64Concat, RequestId, Distribution<T::AccountId>>;

	/// Puts the existential deposit into the pot, unless the genesis balances have it there.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		#[serde(skip)]
		_config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let pot = Pallet::<T>::account();
			let missing =
				T::Currency::minimum_balance().saturating_sub(T::Currency::total_balance(&pot));
			if missing > 0
				&& let Err(error) = T::Currency::mint_into(&pot, missing)
			{
				log::error!(target: "runtime::rewards", "the pot could not be created: {error:?}");
			}
		}
	}

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A fee was divided, and its parts accrued.
		Distributed {
			/// The request that the fee was paid for.
			request: RequestId,
			/// The whole fee.
			fee: Balance,
			/// What contributors accrued of it.
			contributors: Balance,
		},
		/// An account was paid all that it had accrued.
		Claimed {
			/// Who was paid.
			account: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// What the pot held beyond what is accrued was accrued to the treasury.
		Swept {
			/// How much.
			amount: Balance,
		},
	}

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// The account has accrued nothing.
		NothingAccrued,
		/// The account does not exist, and the amount is below the existential deposit: wait until
		/// more has accrued, or fund the account.
		BelowMinimum,
		/// The fee split's parts add up to more than the whole.
		InvalidSplit,
		/// More accounts share the contributors' part than a claim can credit.
		TooManyShares,
		/// The request's fee is divided already.
		AlreadyDistributed,
		/// The pot does not hold the fee.
		NotFunded,
		/// An amount passes what a balance can hold.
		Overflow,
		/// The pot holds nothing beyond what is accrued.
		NothingToSweep,
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
		/// Pays the caller all that it has accrued.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::claim())]
		pub fn claim(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_claim(who)
		}

		/// Pays `account` all that it has accrued. Anyone may call it; only `account` is paid.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::claim())]
		pub fn claim_for(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_claim(account)
		}

		/// Accrues to the treasury what the pot holds beyond what is accrued.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::sweep())]
		pub fn sweep(origin: OriginFor<T>) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_sweep()
		}
	}
}
