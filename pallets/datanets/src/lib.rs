//! # Datanets
//!
//! Community-owned data sets: who contributed which record, when, and what was frozen of it.
//!
//! ## Overview
//!
//! Content never comes on chain. A contributor first commits to a batch of records and reveals it
//! a block or more later as a list of content hashes and sizes; curators accept it, and the runtime
//! appends one [`RecordLeaf`] for each record to the Datanet's append-only Merkle tree. A snapshot
//! freezes the tree's root for training. Everything kept in state is paid for by a deposit, which
//! comes back when the entry goes. Whoever reveals its first batch pays one for the account in which
//! its records' earnings accrue too ([`Config::Accounts`]).
//!
//! ## Terminology
//!
//! - **Commitment**: `H(records, account, salt)`, the first step. Its block is the batch's priority.
//! - **Contribution**: a revealed batch, *pending* until it is accepted, rejected or withdrawn.
//! - **Holder**: the contribution that a content hash belongs to. Between two pending contributions
//!   the earlier commitment holds it, whichever was revealed first.
//! - **Reveal period**: the blocks for which a commitment can be revealed. A contribution can be
//!   accepted once its own period is over: every earlier commitment has then been revealed or has
//!   expired, so nothing accepted can turn out to be a copy of something committed before.
//! - **Curator**: who may accept and reject under the Datanet's policy. The owner always may.
//! - **Excluded record**: one that a challenge showed to be worth nothing, as another's duplicate. It
//!   stays in the tree, whose leaves nobody can change, and earns nothing.
//! - **Snapshot**: root and count of the tree at a block, kept while anything is trained on it.
//!
//! ## Assumptions
//!
//! - [`Config::RevealPeriod`] is at least two blocks. It is read when needed, never stored.
//! - A record's content is reachable under its hash off chain; the chain checks neither that nor
//!   its true size.
//!
//! [`RecordLeaf`]: openledger_primitives_core::record::RecordLeaf

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
mod contribute;
mod curate;
mod disputes;
mod errors;
mod events;
mod lifecycle;
#[cfg(test)]
mod mock;
mod ownership;
mod snapshot;
#[cfg(test)]
mod tests;
mod try_state;
pub mod types;
pub mod weights;

use frame_support::pallet_macros::import_section;

pub use pallet::*;
pub use types::{Contribution, Datanet, Dispute, FrozenSnapshot, Kind, Policy, Progress, Status};
pub use weights::WeightInfo;

// What the macros write is the SDK's; the logic is in files of its own, where the lints bind.
#[allow(
	clippy::expect_used,
	clippy::unwrap_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects
)]
#[import_section(events::events)]
#[import_section(errors::errors)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::types::{Commitment, Holder};
	use frame_support::{
		pallet_prelude::*,
		traits::{
			Consideration, Footprint,
			fungible::{Mutate, MutateHold},
		},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives_core::{
		Balance, BlockNumber, ContributionId, DatanetId, Hash, Name, SnapshotId, Text,
		record::RecordEntry, traits::RewardAccounts,
	};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// OPEN.
		type Currency: Mutate<Self::AccountId, Balance = Balance>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// Why balances are held.
		type RuntimeHoldReason: From<HoldReason>;

		/// What is paid for a Datanet's own entry, by size, while it exists.
		type DatanetConsideration: Consideration<Self::AccountId, Footprint>;

		/// What is paid for a commitment until it is revealed or dropped.
		type CommitmentConsideration: Consideration<Self::AccountId, Footprint>;

		/// What is paid for a contribution, by size, until it is rejected, withdrawn or archived.
		type ContributionConsideration: Consideration<Self::AccountId, Footprint>;

		/// What is paid for a snapshot until it is removed.
		type SnapshotConsideration: Consideration<Self::AccountId, Footprint>;

		/// Where contributors' rewards accrue: contributing opens an account there, which stays whatever
		/// becomes of the contribution.
		type Accounts: RewardAccounts<Self::AccountId>;

		/// Who decides disputes about a Datanet.
		type DisputeOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The blocks for which a commitment can be revealed, and after which what was revealed
		/// can be accepted. At least two.
		type RevealPeriod: Get<BlockNumberFor<Self>>;

		/// Blocks for which a snapshot is kept that nothing is trained on: from then on anyone may remove it
		/// once its Datanet is closed.
		#[pallet::constant]
		type UnusedPeriod: Get<BlockNumber>;

		/// The most curators of one Datanet.
		#[pallet::constant]
		type MaxCurators: Get<u32>;

		/// The most records in one contribution.
		#[pallet::constant]
		type MaxRecords: Get<u32>;

		/// The largest record, in bytes of content.
		#[pallet::constant]
		type MaxRecordSize: Get<u32>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The number of the next Datanet. Numbers are never used again.
	#[pallet::storage]
	pub type NextDatanet<T: Config> = StorageValue<_, DatanetId, ValueQuery>;

	/// The Datanets.
	#[pallet::storage]
	pub type Datanets<T: Config> = StorageMap<_, Twox64Concat, DatanetId, Datanet<T>>;

	/// The tree and counters of each Datanet.
	#[pallet::storage]
	pub type Progresses<T: Config> = StorageMap<_, Twox64Concat, DatanetId, Progress>;

	/// Commitments not revealed yet. The account is part of the key, so that nobody can take the
	/// place of a commitment by copying it out of the pool.
	#[pallet::storage]
	pub type Commitments<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Twox64Concat, DatanetId>,
			NMapKey<Blake2_128Concat, T::AccountId>,
			NMapKey<Blake2_128Concat, Hash>,
		),
		Commitment<T>,
	>;

	/// Contributions that are pending or accepted.
	#[pallet::storage]
	pub type Contributions<T: Config> =
		StorageDoubleMap<_, Twox64Concat, DatanetId, Twox64Concat, ContributionId, Contribution<T>>;

	/// The contribution that each content hash belongs to.
	#[pallet::storage]
	pub type Holders<T: Config> =
		StorageDoubleMap<_, Twox64Concat, DatanetId, Blake2_128Concat, Hash, Holder>;

	/// Accepted contributions by the tree index just past their last record, big-endian, so that
	/// the keys of one Datanet lie in the tree's order.
	#[pallet::storage]
	pub type Placements<T: Config> =
		StorageDoubleMap<_, Twox64Concat, DatanetId, Identity, [u8; 4], ContributionId>;

	/// Frozen trees.
	#[pallet::storage]
	pub type Snapshots<T: Config> =
		StorageDoubleMap<_, Twox64Concat, DatanetId, Twox64Concat, SnapshotId, FrozenSnapshot<T>>;

	/// Challenges to records of accepted contributions, and which of them earn nothing any more, by the
	/// contribution.
	#[pallet::storage]
	pub type Disputes<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		DatanetId,
		Twox64Concat,
		ContributionId,
		Dispute<T>,
		ValueQuery,
	>;

	/// Records that earn nothing any more, by their place in the Datanet's tree, for those who pay.
	#[pallet::storage]
	pub type Excluded<T: Config> =
		StorageDoubleMap<_, Twox64Concat, DatanetId, Twox64Concat, u32, ()>;

	/// Why the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a Datanet.
		Datanet,
		/// The deposit for a commitment.
		Commitment,
		/// The deposit for a contribution.
		Contribution,
		/// The deposit for a snapshot.
		Snapshot,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MaxRecords::get() > 0, "contributions could hold no record");
			assert!(T::MaxRecordSize::get() > 0, "records could have no content");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Creates a Datanet, owned by the caller. `name` may not be blank; `description` and
		/// `terms` may be empty. `curators` go with [`Policy::Curators`] and no other policy.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::create(curators.len() as u32))]
		pub fn create(
			origin: OriginFor<T>,
			name: Name,
			description: Text,
			kind: Kind,
			terms: Text,
			policy: Policy,
			curators: BoundedVec<T::AccountId, T::MaxCurators>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_create(who, name, description, kind, terms, policy, curators)
		}

		/// Sets who accepts contributions. By the owner.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::set_policy(curators.len() as u32))]
		pub fn set_policy(
			origin: OriginFor<T>,
			datanet: DatanetId,
			policy: Policy,
			curators: BoundedVec<T::AccountId, T::MaxCurators>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_policy(&who, datanet, policy, curators)
		}

		/// Offers the Datanet to `to`, in place of any offer before. An offer to the owner itself
		/// takes back the one that stands. By the owner.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::offer_ownership())]
		pub fn offer_ownership(
			origin: OriginFor<T>,
			datanet: DatanetId,
			to: T::AccountId,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_offer_ownership(&who, datanet, to)
		}

		/// Takes over a Datanet that was offered to the caller, and its deposit.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::accept_ownership())]
		pub fn accept_ownership(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_accept_ownership(who, datanet)
		}

		/// The first step of a contribution: commits to a batch without showing it. See
		/// [`contribution_commitment`] for the hash.
		///
		/// [`contribution_commitment`]: openledger_primitives_core::record::contribution_commitment
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::commit())]
		pub fn commit(
			origin: OriginFor<T>,
			datanet: DatanetId,
			commitment: Hash,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit(who, datanet, commitment)
		}

		/// Drops a commitment; its deposit goes back to `contributor`. By the contributor at any
		/// time, by anyone once it has expired.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::drop_commitment())]
		pub fn drop_commitment(
			origin: OriginFor<T>,
			datanet: DatanetId,
			contributor: T::AccountId,
			commitment: Hash,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_drop_commitment(&who, datanet, contributor, commitment)
		}

		/// The second step of a contribution: shows the batch that was committed to. At least one
		/// block after the commitment and within the reveal period. Opens the caller's rewards account
		/// unless it is open, which takes a deposit besides the contribution's.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::reveal(records.len() as u32))]
		pub fn reveal(
			origin: OriginFor<T>,
			datanet: DatanetId,
			records: BoundedVec<RecordEntry, T::MaxRecords>,
			salt: [u8; 32],
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_reveal(who, datanet, records, salt)
		}

		/// Appends a pending contribution to the tree, without the records that earlier
		/// contributions have. By whom the policy names; under [`Policy::Open`] by anyone.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::accept(T::MaxRecords::get()))]
		pub fn accept(
			origin: OriginFor<T>,
			datanet: DatanetId,
			contribution: ContributionId,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let records = Self::do_accept(&who, datanet, contribution)?;
			Ok(Some(T::WeightInfo::accept(records)).into())
		}

		/// Rejects a pending contribution for a stated reason; its deposit goes back. By the owner,
		/// and by curators under [`Policy::Curators`].
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::reject(T::MaxRecords::get()))]
		pub fn reject(
			origin: OriginFor<T>,
			datanet: DatanetId,
			contribution: ContributionId,
			reason: Text,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let records = Self::do_reject(&who, datanet, contribution, reason)?;
			Ok(Some(T::WeightInfo::reject(records)).into())
		}

		/// Withdraws the caller's own pending contribution; its deposit goes back.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::withdraw(T::MaxRecords::get()))]
		pub fn withdraw(
			origin: OriginFor<T>,
			datanet: DatanetId,
			contribution: ContributionId,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let records = Self::do_withdraw(&who, datanet, contribution)?;
			Ok(Some(T::WeightInfo::withdraw(records)).into())
		}

		/// Freezes the tree of a Datanet that is not closed, as it stands. The caller pays the deposit. By
		/// the owner, and by curators under [`Policy::Curators`].
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::snapshot())]
		pub fn snapshot(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_snapshot(who, datanet)
		}

		/// Removes a snapshot that nothing is trained on; its deposit goes back to who paid it. By
		/// the owner and by who paid; by anyone where the Datanet is closed and the snapshot older than
		/// [`Config::UnusedPeriod`], since contributions are not archived before. A model that is registered
		/// on it keeps it.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::remove_snapshot())]
		pub fn remove_snapshot(
			origin: OriginFor<T>,
			datanet: DatanetId,
			snapshot: SnapshotId,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_snapshot(&who, datanet, snapshot)
		}

		/// Ends contributing for good: pending contributions can only be rejected or withdrawn from
		/// then on, and nothing is frozen any more, so the last snapshot comes before it. By the owner, or
		/// by a dispute.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::close())]
		pub fn close(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			let who = match T::DisputeOrigin::try_origin(origin) {
				Ok(_) => None,
				Err(origin) => Some(ensure_signed(origin)?),
			};
			Self::do_close(who.as_ref(), datanet)
		}

		/// Removes the list of an accepted contribution to a closed Datanet without snapshots; its
		/// deposit goes back. Root and count stay as they are. By the contributor, and by the owner, so
		/// that a lost key can't keep a Datanet in state. Not while a record of it is challenged, and not
		/// while there are snapshots: models are trained on those, and who could take its list away
		/// then would be paid for records that nobody can challenge.
		#[pallet::call_index(13)]
		#[pallet::weight(
			T::WeightInfo::archive(T::MaxRecords::get()).saturating_add(Pallet::<T>::disputes_weight(T::MaxRecords::get()))
		)]
		pub fn archive(
			origin: OriginFor<T>,
			datanet: DatanetId,
			contribution: ContributionId,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let (records, excluded) = Self::do_archive(&who, datanet, contribution)?;
			Ok(Some(
				T::WeightInfo::archive(records).saturating_add(Self::disputes_weight(excluded)),
			)
			.into())
		}

		/// Removes a closed Datanet without snapshots and contributions. By the owner.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove(&who, datanet)
		}

		/// Decides whose the Datanet is. Another account than the owner may take it over from then
		/// on, and its deposit, and until it does the owner may do nothing with it but get back what
		/// it paid for itself; awarded to its
		/// owner it stays as it was, whatever was decided before. By a dispute.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::award())]
		pub fn award(origin: OriginFor<T>, datanet: DatanetId, to: T::AccountId) -> DispatchResult {
			T::DisputeOrigin::ensure_origin(origin)?;
			Self::do_award(datanet, to)
		}
	}
}
