//! # Models
//!
//! The registry of bases and model versions: what each answer is made with, what it costs, and
//! which records stand behind it.
//!
//! ## Overview
//!
//! A *base* is a set of frozen weights, known by its hashes, whose owner earns a royalty. A *model
//! version* is a base, an adapter and the manifest of its training on frozen snapshots of Datanets.
//! Registering one takes a fee for the treasury and a deposit, freezes the manifest and draws the
//! seed of the attribution index's projection; committing the index puts a bond behind it and asks for its
//! audit ([`Config::Examinations`]). Publishing lets it answer once it is audited, or does not have to
//! be. Where index or training are shown to be false, the version is condemned and the bond lost.
//!
//! ## Terminology
//!
//! - **Draft** → **Indexed** → **Published** → **Deprecated** → **Retired**: a version's life. It
//!   can be retired from any state but Draft, and only ever moves forward. Drafts and retired
//!   versions can be removed, unless something that was begun may still condemn them
//!   ([`Config::Contests`]).
//! - **Condemned**: the end of a version whose index was shown to be forged, from any state but Draft.
//!   What is unsettled then pays neither its contributors nor its owner nor its base. Anyone can
//!   remove it.
//! - **Lineage**: `parent` leads from a version back to the one it continues, its snapshots to the
//!   records; [`Activity`] forward to what it earned and paid.
//! - **Standing**: what a version's index and training were checked by. Versions from before there were
//!   audits have none, and earn as they did.
//! - **Index**: the commitment to one sketch for each training record and one for each contributor.
//!
//! ## Assumptions
//!
//! - [`Config::Seeds`] gives a value that the registrant could not choose.
//! - Hashes name content that others can fetch; the chain doesn't check that.
//! - A request acquires its version before it can settle, and releases it once.

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
mod audit;
mod base;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod bond;
mod condemn;
mod lifecycle;
pub mod migrations;
#[cfg(test)]
mod mock;
mod ownership;
mod register;
mod retrieval;
mod served;
#[cfg(test)]
mod tests;
mod try_state;
pub mod types;
pub mod weights;

pub use audit::MAX_ASKED;
pub use pallet::*;
pub use types::{Activity, Base, Model, Standing};
pub use weights::WeightInfo;

/// What the benchmarks need from the runtime around the pallet.
#[cfg(feature = "runtime-benchmarks")]
pub trait BenchmarkHelper {
	/// Creates a Datanet and freezes a snapshot of it with at least one record. A new Datanet for
	/// each call.
	fn snapshot() -> openledger_primitives_core::record::SnapshotRef;
	/// Sees to it that there is who can audit a version.
	fn verifiers();
}

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
		traits::{Consideration, Footprint, fungible},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives_core::{
		Balance, BaseId, Hash, ModelId, Name,
		model::{Assurance, IndexCommitment, ModelSpec, ModelStatus, Price, Retrieval},
		traits::{Contests, Examinations, Seeds, Snapshots},
	};
	use sp_runtime::Permill;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(3);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// What the deployment fee is paid and the bond held in.
		type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>
			+ fungible::hold::Mutate<
				Self::AccountId,
				Balance = Balance,
				Reason = Self::RuntimeHoldReason,
			>;

		/// Why balances are held.
		type RuntimeHoldReason: From<HoldReason>;

		/// What is paid for a base's entry while it exists.
		type BaseConsideration: Consideration<Self::AccountId, Footprint>;

		/// What is paid for a model version's entry while it exists.
		type ModelConsideration: Consideration<Self::AccountId, Footprint>;

		/// The snapshots that versions are trained on.
		type Snapshots: Snapshots<Self::AccountId>;

		/// Where projection seeds are drawn.
		type Seeds: Seeds;

		/// Who audits versions, before they earn.
		type Examinations: Examinations<Self::AccountId>;

		/// Who says that a version may still be condemned, and so can't be removed.
		type Contests: Contests;

		/// What registering a version costs, paid to the treasury and not given back.
		type DeploymentFee: Get<Balance>;

		/// What an owner puts behind an index, until the version is removed or condemned. Removing one that
		/// was found withheld loses it.
		type Bond: Get<Balance>;

		/// The treasury.
		type TreasuryAccount: Get<Self::AccountId>;

		/// The largest royalty that a base may ask for.
		#[pallet::constant]
		type MaxRoyalty: Get<Permill>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;

		/// What the benchmarks need.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper;
	}

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The number of the next base. Numbers are never used again.
	#[pallet::storage]
	pub type NextBase<T: Config> = StorageValue<_, BaseId, ValueQuery>;

	/// The bases.
	#[pallet::storage]
	pub type Bases<T: Config> = StorageMap<_, Twox64Concat, BaseId, Base<T>>;

	/// The number of the next model version. Numbers are never used again.
	#[pallet::storage]
	pub type NextModel<T: Config> = StorageValue<_, ModelId, ValueQuery>;

	/// The model versions.
	#[pallet::storage]
	pub type Models<T: Config> = StorageMap<_, Twox64Concat, ModelId, Model<T>>;

	/// Open requests and earnings of each model version.
	#[pallet::storage]
	pub type Activities<T: Config> = StorageMap<_, Twox64Concat, ModelId, Activity>;

	/// What stands behind a committed index, held from the version's owner. A version that was indexed
	/// before there were bonds, or is condemned, has none.
	#[pallet::storage]
	pub type Bonds<T: Config> = StorageMap<_, Twox64Concat, ModelId, Balance>;

	/// What is known of the list of a version's checkpoints by: blake2b-256, under which the content store
	/// has it.
	#[pallet::storage]
	pub type Trainings<T: Config> = StorageMap<_, Twox64Concat, ModelId, Hash>;

	/// What stands behind a version's index beside its bond. One whose index was committed before versions
	/// were audited has none.
	#[pallet::storage]
	pub type Standings<T: Config> = StorageMap<_, Twox64Concat, ModelId, Standing>;

	/// Why the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a base.
		Base,
		/// The deposit for a model version.
		Model,
		/// What stands behind a model version's index.
		Bond,
	}

	// The sentence of each event tells what its fields are.
	#[allow(missing_docs)]
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A base was registered.
		BaseRegistered { base: BaseId, owner: T::AccountId, weights: Hash, royalty: Permill },
		/// A base that no version stands on was removed.
		BaseRemoved { base: BaseId },
		/// A model version was registered, and the seed of its projection drawn.
		Registered {
			model: ModelId,
			owner: T::AccountId,
			base: BaseId,
			parent: Option<ModelId>,
			adapter: Hash,
			manifest: Hash,
			projection: Hash,
			/// Paid to the treasury.
			fee: Balance,
		},
		/// A version's attribution index was committed, and its bond held.
		IndexCommitted { model: ModelId, index: IndexCommitment, bond: Balance },
		/// A version moved on in its life.
		StatusSet { model: ModelId, status: ModelStatus },
		/// A version's price for new requests was set.
		PriceSet { model: ModelId, price: Price },
		/// A version was offered to a new owner.
		OwnershipOffered { model: ModelId, to: T::AccountId },
		/// The offer of a version was taken back.
		OwnershipOfferWithdrawn { model: ModelId },
		/// A version, its earnings to come, its deposit and its bond passed to a new owner.
		OwnershipTransferred { model: ModelId, from: T::AccountId, to: T::AccountId },
		/// A version was removed, its snapshots released, its deposit and what it has of its bond freed.
		Removed { model: ModelId },
		/// A version whose index was shown to be forged was ended.
		Condemned {
			model: ModelId,
			/// Who showed it.
			challenger: T::AccountId,
			/// Taken from the owner's bond.
			taken: Balance,
			/// Of that, paid to the challenger; the rest is the treasury's.
			rewarded: Balance,
		},
		/// A draft committed to the checkpoints of its training.
		TrainingCommitted { model: ModelId, training: Hash },
		/// It changed what stands behind a version's index.
		AssuranceSet { model: ModelId, assurance: Assurance },
		/// A version that its audit found false was ended.
		CondemnedByAudit {
			model: ModelId,
			/// Taken from the owner's bond.
			taken: Balance,
			/// Of that, paid to those who found out; the rest is the treasury's.
			rewarded: Balance,
		},
		/// A version was removed that its last audit found withheld: its bond is the treasury's.
		BondForfeited { model: ModelId, amount: Balance },
		/// A draft committed to what finds records for prompts, or to putting none there.
		RetrievalCommitted { model: ModelId, retrieval: Option<Retrieval> },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// There is no such base.
		BaseNotFound,
		/// There is no such model version.
		NotFound,
		/// Only the owner may do this.
		NotOwner,
		/// The version was not offered to this account.
		NotOffered,
		/// A name is blank or not UTF-8.
		NotText,
		/// The royalty is above the limit.
		RoyaltyTooHigh,
		/// Model versions stand on the base.
		BaseInUse,
		/// The version to continue does not exist.
		ParentNotFound,
		/// The version to continue is neither the caller's nor published.
		ParentNotPublished,
		/// The version to continue has another base.
		ParentOnOtherBase,
		/// No snapshot is named.
		NoSnapshots,
		/// A snapshot does not exist.
		SnapshotNotFound,
		/// A Datanet is named twice: its later snapshot holds all of the earlier.
		DuplicateDatanet,
		/// The snapshots hold more records together than an index can.
		TooManyRecords,
		/// The adapter's rank is zero.
		RankOutOfRange,
		/// The method's credits or dimension are out of range.
		MethodOutOfRange,
		/// The fee for the longest answer would pass what a balance can hold.
		PriceTooHigh,
		/// The version's state doesn't allow this.
		WrongStatus,
		/// The index has another count of records than the snapshots.
		WrongRecordCount,
		/// The index has no contributors, or more than records.
		WrongContributorCount,
		/// The floor is above one.
		FloorOutOfRange,
		/// The version answers no requests.
		NotAnswering,
		/// Requests to the version are open.
		HasOpenRequests,
		/// Other versions continue this one.
		HasChildren,
		/// No number is left to give.
		NumbersExhausted,
		/// There is no canonical arithmetic of this number, or this runtime is too old for it.
		UnknownArithmetic,
		/// Credits times dimension are more than a claim may show: credit fewer, or shorten the sketches.
		ClaimsTooLong,
		/// The version is condemned already.
		AlreadyCondemned,
		/// The version is audited before it earns, which takes the checkpoints of its training: commit to
		/// them with `commit_training` first.
		TrainingNotCommitted,
		/// The version's audit is not over: wait until it is.
		AuditPending,
		/// The version's audit did not find it true: where its content was withheld, hand it out and ask
		/// with `ask_audit` again.
		NotAudited,
		/// Only a version whose last audit found its content withheld can be audited again.
		NotWithheld,
		/// The version was audited as often as it can be.
		AskedTooOften,
		/// No version is audited now, and one that was found withheld earns only once it is: ask again when
		/// audits are on and there are verifiers for a committee.
		NoAudits,
		/// Versions are audited, and one of tolerant arithmetic can't be: register it with a canonical one,
		/// which it was trained and indexed with.
		NotRepeatable,
		/// A prompt holds 1 to 4 records, which are paid some of the contributors' part, and are found by
		/// sketches of 16 to 2,048 components.
		RetrievalOutOfRange,
		/// A position of the version's index is demanded, or the index was challenged a short while ago: show
		/// what is demanded, or have the demand concluded, and wait until the challenge is opened, withdrawn or
		/// older than the grace that challengers have to open.
		Contested,
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
		/// Registers a base, owned by the caller. `weights` and `tokenizer` are blake2b-256 of the
		/// files.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_base())]
		pub fn register_base(
			origin: OriginFor<T>,
			name: Name,
			architecture: Name,
			weights: Hash,
			tokenizer: Hash,
			royalty: Permill,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register_base(who, name, architecture, weights, tokenizer, royalty)
		}

		/// Removes a base that no version stands on; its deposit goes back. By the owner.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::remove_base())]
		pub fn remove_base(origin: OriginFor<T>, base: BaseId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_base(&who, base)
		}

		/// Registers a model version as a draft, owned by the caller. Takes the deployment fee and
		/// a deposit, keeps the snapshots from being removed and draws the projection's seed.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::register(spec.snapshots.len() as u32))]
		pub fn register(
			origin: OriginFor<T>,
			name: Name,
			spec: ModelSpec,
			price: Price,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register(who, name, spec, price)
		}

		/// Commits a draft to its attribution index, holds the bond that stands behind it, and asks for its
		/// audit, whose fee is held too. Where versions are audited, the training is committed to before.
		/// By the owner, once.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::commit_index().saturating_add(T::Examinations::weight()))]
		pub fn commit_index(
			origin: OriginFor<T>,
			model: ModelId,
			index: IndexCommitment,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit_index(&who, model, index)
		}

		/// Lets an indexed version answer that is audited, or does not have to be. By the owner.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::set_status())]
		pub fn publish(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_status(&who, model, ModelStatus::Published)
		}

		/// Tells the users of a published version to move on. By the owner.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::set_status())]
		pub fn deprecate(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_status(&who, model, ModelStatus::Deprecated)
		}

		/// Ends a version that has an index, for good; open requests are still answered. By the
		/// owner.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::set_status())]
		pub fn retire(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_status(&who, model, ModelStatus::Retired)
		}

		/// Sets the price of requests from now on. By the owner.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::set_price())]
		pub fn set_price(origin: OriginFor<T>, model: ModelId, price: Price) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_price(&who, model, price)
		}

		/// Offers the version to `to`, in place of any offer before. An offer to the owner itself
		/// takes back the one that stands. By the owner.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::offer_ownership())]
		pub fn offer_ownership(
			origin: OriginFor<T>,
			model: ModelId,
			to: T::AccountId,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_offer_ownership(&who, model, to)
		}

		/// Takes over a version that was offered to the caller, with its deposit and its bond. Not while it is
		/// audited.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::accept_ownership())]
		pub fn accept_ownership(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_accept_ownership(who, model)
		}

		/// Removes a draft, retired or condemned version without open requests that no other continues, and
		/// whose index nothing stands against that may still condemn it; its snapshots are released, its deposit and bond go back; the bond of one that its last audit
		/// found withheld goes to the treasury. By the owner; by anyone where it is condemned.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::remove(openledger_primitives_core::MAX_SNAPSHOTS))]
		pub fn remove(origin: OriginFor<T>, model: ModelId) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let snapshots = Self::do_remove(&who, model)?;
			Ok(Some(T::WeightInfo::remove(snapshots)).into())
		}

		/// Commits a draft to the checkpoints of its training: `training` is blake2b-256 of their list,
		/// under which the content store has it. By the owner; until the index is committed, it can be
		/// replaced.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::commit_training())]
		pub fn commit_training(
			origin: OriginFor<T>,
			model: ModelId,
			training: Hash,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit_training(&who, model, training)
		}

		/// Has an indexed version audited again whose content the last audit found withheld, for twice the
		/// fee of that. By the owner, up to [`MAX_ASKED`] audits in all.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::ask_audit().saturating_add(T::Examinations::weight()))]
		pub fn ask_audit(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_ask_audit(&who, model)
		}

		/// Commits a draft to what finds records for prompts; without it, none are put there. Together with
		/// the version's own method, claims credit no more than 16 leaves: register it with fewer credits.
		/// By the owner; until the index is committed, it can be replaced.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::commit_retrieval())]
		pub fn commit_retrieval(
			origin: OriginFor<T>,
			model: ModelId,
			retrieval: Option<Retrieval>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit_retrieval(&who, model, retrieval)
		}
	}
}
