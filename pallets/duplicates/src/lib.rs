//! # Duplicates
//!
//! Challenges that say one record duplicates another. A committee of verifiers decides, since content does
//! not come on chain; a duplicate costs its contributor.
//!
//! ## Overview
//!
//! Who thinks that a record duplicates an earlier one of another contributor commits to saying so
//! ([`Pallet::commit`]) and says it a block or more later ([`Pallet::open`]): what is committed can't be
//! taken out of the pool by who did not compare them. From then on the records are compared as answers
//! are executed again, by verifiers who are drawn, commit and reveal, with an appeal
//! ([`Comparisons`]). What comes of it:
//!
//! | found | record | challenger's deposit |
//! |---|---|---|
//! | duplicate | excluded: earns no more, and its part of the contribution's deposit is lost, half to the challenger, half burned | back |
//! | duplicate, or later one withheld, of a record that is excluded by then | stays excluded | back |
//! | later one withheld | excluded, and all of that part burned: else making somebody unreachable would pay | back |
//! | distinct | stays | pays the committee, and the rest goes to the contributor |
//! | earlier one not shown | stays | to the treasury: were it the contributor's, who copies could have its own records found so at no cost, as often as it likes |
//!
//! Any number of challenges to one record can be open: were it one at a time, who copies could shield its
//! records by challenging them itself, with another pair.
//!
//! What is burned is the most that the committee is then paid for being right: who challenges records of
//! its own, and has seats, gets no more back than it gave.
//!
//! ## Terminology
//!
//! - **Later, earlier**: by the blocks of their contributions' first steps. Records of one block are neither:
//!   who commits in the same block as another has not seen what that one reveals later.
//! - **Excluded**: see [`Records`].
//!
//! ## Assumptions
//!
//! - What makes a record the duplicate of another is the rule that clusters are made by
//!   (`openledger_primitives_attribution::duplicate`). Records of one contributor are a matter of those alone.
//! - The two records can be in different Datanets. Within one, copies of the same bytes are refused and
//!   others share a cluster wherever both are trained on; what earns is a copy in a Datanet that a model
//!   is trained on without the original's.
//!
//! [`Comparisons`]: openledger_primitives_core::traits::Comparisons
//! [`Records`]: openledger_primitives_core::traits::Records

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
pub mod benchmarking;
mod challenge;
#[cfg(test)]
mod mock;
mod outcome;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Challenge, Sealed};
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
		pallet_prelude::*,
		traits::fungible::{Inspect, hold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives_core::{
		Balance, ChallengeId, Hash,
		record::{Compared, Pair},
		traits::{self, Comparisons as _},
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
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// Why balances are held.
		type RuntimeHoldReason: From<HoldReason>;
		/// The records that can be challenged.
		type Records: traits::Records<Self::AccountId>;
		/// Who has them compared.
		type Comparisons: traits::Comparisons<Self::AccountId>;
		/// Whether records can be challenged.
		type Enabled: Get<bool>;
		/// What a challenge puts at stake. It covers the bytes that the challenge and its audit store too.
		type Deposit: Get<Balance>;
		/// What a challenge pays each seat that found the records distinct, as the verdict does, as far as the
		/// deposit goes.
		type SeatReward: Get<Balance>;
		/// Who gets the deposit of who does not show the earlier record.
		type TreasuryAccount: Get<Self::AccountId>;
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
		/// Sets the stage for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: benchmarking::Helper<Self::AccountId>;
	}

	/// Why this pallet holds balances.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A challenge that is not decided.
		Challenge,
	}

	/// Challenges that are committed and not opened. The account is part of the key, so that nobody can take
	/// the place of a commitment by copying it.
	#[pallet::storage]
	pub type Seals<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, Hash, Sealed>;

	/// Challenges that wait for what a committee finds.
	#[pallet::storage]
	pub type Challenges<T: Config> =
		StorageMap<_, Twox64Concat, ChallengeId, Challenge<T::AccountId>>;

	/// The number of the next challenge that is opened. Numbers are never used again.
	#[pallet::storage]
	pub type NextChallenge<T: Config> = StorageValue<_, ChallengeId, ValueQuery>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A challenge was committed, and its deposit held.
		Committed {
			/// Who challenges.
			challenger: T::AccountId,
			/// What it commits to.
			commitment: Hash,
		},
		/// A challenge that was not opened was taken back with its deposit.
		Withdrawn {
			/// Who had committed it.
			challenger: T::AccountId,
			/// What it had committed to.
			commitment: Hash,
		},
		/// A challenge was opened: a committee compares the records.
		Opened {
			/// Its number.
			challenge: ChallengeId,
			/// Who challenges.
			challenger: T::AccountId,
			/// Who contributed the later record.
			contributor: T::AccountId,
			/// The records.
			pair: Pair,
		},
		/// A verifier was paid out of what a wrong challenge had at stake.
		SeatPaid {
			/// The challenge.
			challenge: ChallengeId,
			/// The verifier.
			verifier: T::AccountId,
			/// What it was paid.
			amount: Balance,
		},
		/// A challenge is over.
		Decided {
			/// The challenge.
			challenge: ChallengeId,
			/// What was found.
			found: Compared,
			/// What the challenger had back.
			returned: Balance,
			/// What the challenged contributor had of the deposit.
			compensated: Balance,
			/// What the treasury had of it.
			forfeited: Balance,
		},
		/// There are not enough verifiers for a committee: the challenge is over without one, and its deposit
		/// went back.
		Abandoned {
			/// The challenge.
			challenge: ChallengeId,
		},
	}

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// Records can't be challenged at the moment: it is switched off. Take back what is committed.
		Disabled,
		/// The account has committed to this already: use another salt.
		AlreadyCommitted,
		/// The account has committed to nothing that this opens.
		NotCommitted,
		/// A challenge can be opened from the block after its commitment on.
		OpenedTooEarly,
		/// One of the records is not there, or its contribution not accepted or archived.
		RecordNotFound,
		/// Both records are of one contributor: those are a matter of clusters.
		SameContributor,
		/// The record is the challenger's own.
		OwnRecord,
		/// The record was not committed in a later block than the one that it is said to duplicate: name the
		/// later one first.
		NotLater,
		/// The record was committed after the challenge: commit to another one.
		NotOlder,
		/// There are not enough verifiers for a committee: open it once there are.
		TooFewVerifiers,
		/// There is no such challenge, or it is over.
		UnknownChallenge,
		/// No number is left to give.
		NumbersExhausted,
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
		/// Commits to saying that one record duplicates another, without saying which: see
		/// [`Pair::commitment`]. Holds a deposit.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::commit())]
		pub fn commit(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit(who, commitment)
		}

		/// Says what was committed to. Both records have to be older than the commitment, the later one in
		/// a later block than the earlier one, of different contributors, and the later one not excluded. It
		/// can be challenged already: the first challenge that proves it a duplicate is rewarded. Who opens it
		/// hands out the content of both until it is decided.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::open().saturating_add(T::Comparisons::weight()))]
		pub fn open(origin: OriginFor<T>, pair: Pair, salt: [u8; 32]) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_open(who, pair, salt)
		}

		/// Takes back what is committed and not opened, with its deposit.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who, commitment)
		}
	}
}
