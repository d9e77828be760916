//! # Rewards
//!
//! Divides settled fees, accrues the parts and pays them out when asked to, to whom their account
//! wants them paid.
//!
//! ## Overview
//!
//! A fee reaches the pot first and is divided second ([`distribute`]): contributors, the model's
//! owner with the base's royalty, operator, verifiers, validators, treasury. Each part but the
//! validators' is added to what its account has accrued. Nothing of it is transferred until
//! somebody calls [`Pallet::claim`] or [`Pallet::claim_for`], so that neither dust nor the
//! existential deposit eats a reward: what an account cannot hold stays accrued.
//!
//! A contributor's account is *open* from its first contribution on ([`RewardAccounts`]), or by
//! [`Pallet::open_account`]: its entry is there, with a deposit behind it, before anything accrues in it,
//! and stays when it is paid out, so that settling a fee adds nothing to state for its contributors.
//! [`Pallet::close_account`] gives the deposit back. What an account earns that is not open, be it closed
//! or never opened, accrues all the same, in an entry that goes with the payout.
//!
//! Contributors earn voice with a fee (`pallet_voice`). It accrues in the same entry, and is credited to whoever
//! earned it when the entry is paid out, whomever it is paid to: until then it does not count.
//!
//! The validators' part goes to their account at once: whoever shares it out among them at the end
//! of an era has to find it there, and asks no one to claim it first.
//!
//! An account can name a payee ([`Pallet::set_payee`]), whose key may be kept where nothing signs:
//! whoever steals the key that works for the account gets what has accrued since the last payout,
//! which anyone can cause, and nothing that was paid before. The payee is looked up when an amount
//! is paid out, not when it accrues.
//!
//! ## Terminology
//!
//! - **Pot**: the pallet's account. It holds one existential deposit and all that is accrued.
//! - **Payee**: the account that another one has named to be paid in its place.
//! - **Settlement**: how one request's fee was divided, kept until the payer prunes the request
//!   and covered by the deposit that the payer has for it.
//!
//! ## Assumptions
//!
//! Whoever calls `distribute` has moved the fee to the pot before. What reaches the pot otherwise
//! is nobody's reward: [`Pallet::sweep`] accrues it to the treasury.
//!
//! The validators' account keeps the existential deposit that it has from genesis. Where it can't
//! be paid its part all the same, the settlement is refused as a whole, and can be tried again:
//! were the part to go elsewhere instead, a division could be other than the split says.
//!
//! [`RewardAccounts`]: openledger_primitives_core::traits::RewardAccounts

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

mod accounts;
mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claim;
pub mod distribute;
pub mod migrations;
#[cfg(test)]
mod mock;
mod payee;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::Accrual;
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
		traits::{
			Consideration, Footprint,
			fungible::{Inspect, Mutate},
		},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives_core::{
		Balance, RequestId,
		settlement::{Distribution, FeeSplit},
		traits::Voice,
	};
	use sp_runtime::traits::StaticLookup;

	type AccountIdLookupOf<T> = <<T as frame_system::Config>::Lookup as StaticLookup>::Source;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(3);

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
		/// Who is paid the validators' part, with every division. Another account than the pot.
		type ValidatorsAccount: Get<Self::AccountId>;
		/// Who counts what contributors earn besides, and is told with each payout. What counting costs
		/// belongs into the weight of whoever settles.
		type Voice: Voice<Self::AccountId>;
		/// What is paid for a payee's entry while it exists.
		type PayeeConsideration: Consideration<Self::AccountId, Footprint>;
		/// What is paid for an account's entry while the account is open.
		type AccountConsideration: Consideration<Self::AccountId, Footprint>;
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// What each account has accrued and not been paid yet, with the voice that comes with it: of one
	/// entry, so that settling a fee touches one for each payee. One without an amount is of an account
	/// that is open.
	#[pallet::storage]
	pub type Accrued<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Accrual<T>, ValueQuery>;

	/// The sum of all that is accrued.
	#[pallet::storage]
	pub type TotalAccrued<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// What was paid out so far of what each account had accrued. The key is the account that
	/// earned it, whoever its payee was. An entry costs at least one transaction's fee, and can't
	/// be had without a reward that somebody could be paid.
	#[pallet::storage]
	pub type Paid<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// Who is paid in an account's place, and the deposit that the account has for the entry.
	#[pallet::storage]
	pub type Payees<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		(T::AccountId, <T as Config>::PayeeConsideration),
	>;

	/// How each settled request's fee was divided.
	#[pallet::storage]
	pub type Settlements<T: Config> =
		StorageMap<_, Twox64Concat, RequestId, Distribution<T::AccountId>>;

	/// Why the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a payee's entry.
		Payee,
		/// The deposit for the entry of an account that is open.
		Account,
	}

	/// Puts the existential deposit into the pot and the validators' account, unless the genesis
	/// balances have it there.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		#[serde(skip)]
		_config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for account in [Pallet::<T>::account(), T::ValidatorsAccount::get()] {
				let missing = T::Currency::minimum_balance()
					.saturating_sub(T::Currency::total_balance(&account));
				if missing > 0
					&& let Err(error) = T::Currency::mint_into(&account, missing)
				{
					log::error!(
						target: "runtime::rewards",
						"{account:?} could not be created: {error:?}"
					);
				}
			}
		}
	}

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A fee was divided: the validators' part paid, the others accrued.
		Distributed {
			/// The request that the fee was paid for.
			request: RequestId,
			/// The whole fee.
			fee: Balance,
			/// What contributors accrued of it.
			contributors: Balance,
		},
		/// All that an account had accrued was paid out.
		Claimed {
			/// Who had earned it.
			account: T::AccountId,
			/// Who was paid: the account's payee, or the account itself.
			payee: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// What the pot held beyond what is accrued was accrued to the treasury.
		Swept {
			/// How much.
			amount: Balance,
		},
		/// An account named who is paid in its place, or that nobody is any more.
		PayeeSet {
			/// The account.
			account: T::AccountId,
			/// Who is paid what it accrues.
			payee: Option<T::AccountId>,
		},
		/// A verifier accrued what verifiers had accrued together.
		VerifierPaid {
			/// Who verified.
			verifier: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// Contributors accrued what a false answer had kept from them.
		Compensated {
			/// The request that was answered falsely.
			request: RequestId,
			/// How much, out of the operator's bond.
			amount: Balance,
		},
		/// An account was opened: a deposit is held from it, and its entry stays.
		AccountOpened {
			/// The account.
			account: T::AccountId,
		},
		/// An account was closed and its deposit freed.
		AccountClosed {
			/// The account.
			account: T::AccountId,
		},
	}

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// The account has accrued nothing.
		NothingAccrued,
		/// The account to be paid does not exist, and the amount is below the existential deposit:
		/// wait until more has accrued, or fund the account.
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
		/// An account is paid by itself already: name another, or none.
		PayeeIsSelf,
		/// What is paid to the pot is nobody's: name another account.
		PayeeIsPot,
		/// The account has named no payee.
		NoPayee,
		/// The account can't pay the deposit for its rewards account: fund it first.
		DepositUnavailable,
		/// The account is open already.
		AlreadyOpen,
		/// The account is not open: nothing is held for it.
		NotOpen,
		/// Something has accrued to the account: have it paid out before closing it.
		StillAccrued,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(
				T::ValidatorsAccount::get() != Self::account(),
				"the validators' part would never leave the pot"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Pays all that the caller has accrued, to its payee where it named one.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::claim())]
		pub fn claim(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_claim(who)
		}

		/// Pays all that `account` has accrued, to its payee where it named one. Anyone may call it:
		/// the money goes to nobody but whom `account` wants paid.
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

		/// Names the account to which all that the caller has accrued, and will accrue, is paid
		/// from now on; without one, the caller is paid itself again. A deposit is held from the
		/// caller as long as it has a payee.
		///
		/// Whom the payee has named in turn doesn't count.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::set_payee())]
		pub fn set_payee(
			origin: OriginFor<T>,
			payee: Option<AccountIdLookupOf<T>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			let payee = payee.map(T::Lookup::lookup).transpose()?;
			Self::do_set_payee(who, payee)
		}

		/// Opens the caller's account, as contributing to a Datanet does: a deposit is held from the caller,
		/// and the entry of what it accrues stays when it is paid out. For who has contributed before there
		/// were deposits for it, or has closed its account.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::open_account())]
		pub fn open_account(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_open(who)
		}

		/// Closes the caller's account, to which nothing may be accrued, and frees its deposit. What its
		/// records earn afterwards accrues all the same, in an entry that goes with each payout; its next
		/// contribution opens it again.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::close_account())]
		pub fn close_account(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_close(who)
		}
	}
}
