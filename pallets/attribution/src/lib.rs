//! # Attribution
//!
//! Claims: which training records moved an answer. Verified when they arrive, open to challenge
//! for a while, then final and paid.
//!
//! ## Overview
//!
//! A claim comes with its answer and is verified by the rule of
//! [`openledger_primitives_attribution`] before anything is stored: proofs, scores, order, payees.
//! What the runtime can't see by itself is what a claim leaves out, and what the index that it was made
//! from says of a record that the snapshot doesn't. Anyone can commit to either
//! ([`Pallet::commit_challenge`]) and open it at a later block ([`Pallet::open_challenge`]), so that
//! nobody can copy a challenge out of the pool.
//!
//! An omission replaces what it displaces: contributors are paid as they should have been, the operator
//! pays for it from its bond, and the challenger gets at most half of that. The payer is not refunded,
//! or payer, operator and challenger could collude for free answers.
//!
//! A forged leaf is the fault of the model's owner, who committed the index, and not of the operator,
//! who claimed from it. It condemns the model version: its owner loses the bond behind the index, at
//! most half of it to the challenger, nobody can ask it any more, and no claim on it that isn't final
//! pays any contributor.
//!
//! A leaf that nobody but its owner has can't be shown to be forged. So anyone may demand one position of
//! an index against a deposit ([`Pallet::demand_position`]), of which half goes to whoever shows the leaf
//! with its proof and half to the treasury; where nobody does in time, the model version is condemned as for
//! a forged leaf.
//!
//! A node that watches does so by itself: its off-chain worker has claims and indexes looked at by the
//! engine behind the host function, commits to what is found, and opens it.
//!
//! ## Terminology
//!
//! - **Window**: [`Config::ChallengeWindow`] blocks from the claim, in which challenges are
//!   committed. Those still closed at its end may be opened for [`Config::RevealGrace`] more, and
//!   finality waits for them. Each correction begins another window, as many as there can be credits.
//! - **Target**: what a challenge is against. Against a claim, it is committed within the window, and
//!   the claim waits for it. Against a model version's index, it is committed at any time, and no claim
//!   waits; the version can't be removed for [`Config::RevealGrace`] blocks.
//! - **Demand**: a position of an index that has to be shown within [`Config::DemandWindow`] blocks. Until
//!   it is shown or concluded, the version can't be removed.
//! - **Forgery**: an index leaf that names another record than the snapshot holds at its position.
//! - **Omission**: a leaf that exceeds its floor and precedes the last one credited, or finds
//!   fewer credited than the method allows.
//!
//! ## Assumptions
//!
//! Whoever submits has checked the request and its operator, and covers what a claim stores with a
//! deposit ([`Attribution::footprint`]). The index of a model version never changes once it
//! answers. The share that a gain earns is fixed at submission.
//!
//! [`Attribution::footprint`]: openledger_primitives_core::traits::Attribution::footprint

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
mod audited;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod challenge;
mod contest;
pub mod crypto;
mod demand;
mod errors;
mod events;
mod finality;
mod judge;
pub mod migrations;
#[cfg(test)]
mod mock;
mod offchain;
mod omission;
mod payable;
mod refusal;
mod relevance;
mod revised;
mod submit;
mod submitted;
#[cfg(test)]
mod tests;
mod touched;
mod try_state;
mod types;
pub mod weights;

use frame_support::pallet_macros::import_section;

pub use openledger_primitives_attribution::challenge::{Fault, Target, commitment};
pub use pallet::*;
pub use types::{Challenge, ClaimRecord, Contest, Correction, Demand, Prompted, Revision, Status};
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
	use alloc::boxed::Box;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, hold},
		weights::WeightMeter,
	};
	use frame_system::{
		offchain::{AppCrypto, CreateSignedTransaction},
		pallet_prelude::*,
	};
	use openledger_primitives_attribution::{IndexLeaf, Refusal};
	use openledger_primitives_core::{
		Balance, BlockNumber, Hash, ModelId, RequestId, merkle::Proof, traits,
	};
	use sp_runtime::Permill;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(3);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime gives to this pallet.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>> + CreateSignedTransaction<Call<Self>>
	{
		/// OPEN.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// Why balances are held.
		type RuntimeHoldReason: From<HoldReason>;
		/// The model registry.
		type Models: traits::Models<Self::AccountId>;
		/// Where fees are paid and operators slashed.
		type Settlement: traits::Settlement<Self::AccountId>;
		/// Who says whether claims may be paid.
		type Audits: traits::Audits<Self::AccountId>;
		/// The records that are credited.
		type Records: traits::Records<Self::AccountId>;
		/// Who gets the deposits of useless challenges, and half of those of demands that are answered.
		type TreasuryAccount: Get<Self::AccountId>;
		/// What a challenge puts at stake; it covers the bytes that the challenge stores too.
		type ChallengeDeposit: Get<Balance>;
		/// Blocks from a claim, and from each correction of it, during which challenges are committed.
		type ChallengeWindow: Get<BlockNumber>;
		/// Blocks after the window during which committed challenges can still be opened, and for which a model
		/// version whose index is challenged stays.
		type RevealGrace: Get<BlockNumber>;
		/// The gain, in thousandths of a nat a token, from which on contributors earn all of their
		/// part.
		type FullGain: Get<i32>;
		/// What a demand puts at stake; it covers the bytes that the demand stores too.
		type DemandDeposit: Get<Balance>;
		/// Blocks within which a demanded position can be shown.
		type DemandWindow: Get<BlockNumber>;
		/// The most positions of one index that are demanded at a time.
		#[pallet::constant]
		type MaxDemands: Get<u32>;
		/// The most claims that become final by themselves in one block.
		#[pallet::constant]
		type MaxDue: Get<u32>;
		/// The key that a watcher's off-chain worker signs with.
		type WatcherId: AppCrypto<Self::Public, Self::Signature>;
		/// The key that an operator's off-chain worker signs with.
		type AuthorityId: AppCrypto<Self::Public, Self::Signature>;
		/// Whose agents show what is demanded.
		type Operators: traits::Operators<Self::AccountId>;
		/// The number of the next model version: watchers look at all below.
		type NextModel: Get<ModelId>;
		/// Blocks after which a transaction that an off-chain worker sent is in no block any more.
		type SubmissionPeriod: Get<BlockNumber>;
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
		/// Sets the stage for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: benchmarking::Helper<Self::AccountId>;
	}

	/// Why this pallet holds balances.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A challenge that is committed and not opened.
		Challenge,
		/// A demand that nobody has answered yet.
		Demand,
	}

	/// Claims, until their requests are pruned.
	#[pallet::storage]
	pub type Claims<T: Config> = StorageMap<_, Twox64Concat, RequestId, ClaimRecord<T::AccountId>>;

	/// What audits have done to claims that they refuted, until the requests are pruned.
	#[pallet::storage]
	pub type Revisions<T: Config> = StorageMap<_, Twox64Concat, RequestId, Revision>;

	/// Claims by the block at which they are looked at next.
	#[pallet::storage]
	pub type Due<T: Config> =
		StorageMap<_, Twox64Concat, BlockNumber, BoundedVec<RequestId, T::MaxDue>, ValueQuery>;

	/// The first block whose claims are not all looked at yet.
	#[pallet::storage]
	pub type NextDue<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	/// Challenges that are committed and not opened, by target and challenger.
	#[pallet::storage]
	pub type Challenges<T: Config> =
		StorageDoubleMap<_, Twox64Concat, Target, Blake2_128Concat, T::AccountId, Challenge>;

	/// Challenges that stand against indexes, by model version. Those from before this was counted are left
	/// out.
	#[pallet::storage]
	pub type Contests<T: Config> = StorageMap<_, Twox64Concat, ModelId, Contest>;

	/// Demanded positions, by model version.
	#[pallet::storage]
	pub type Demands<T: Config> = StorageMap<
		_,
		Twox64Concat,
		ModelId,
		BoundedVec<Demand<T::AccountId>, T::MaxDemands>,
		ValueQuery,
	>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			let mut meter = WeightMeter::with_limit(remaining);
			Self::finalize_due(&mut meter);
			meter.consumed()
		}

		fn offchain_worker(_: BlockNumberFor<T>) {
			Self::work();
		}

		fn integrity_test() {
			assert!(T::MaxDue::get() > 0, "blocks need room for a claim");
			assert!(T::MaxDemands::get() > 0, "indexes need room for a demand");
			assert!(T::SubmissionPeriod::get() > 0, "a submission has to count for a block");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Commits to a challenge: `commitment` is
		/// `blake2b-256(SCALE(target, fault, challenger, salt))`. Holds a deposit until it is
		/// opened or withdrawn.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::commit_challenge())]
		pub fn commit_challenge(
			origin: OriginFor<T>,
			target: Target,
			commitment: Hash,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit(who, target, commitment, Self::now())
		}

		/// Opens the caller's challenge. Where it shows an omission, or a record that was left out of the
		/// prompt, the claim is corrected; where it shows a forgery the model version is condemned; where it
		/// shows neither, the deposit goes to the treasury. Refused where another's correction came first, or an audit replaced the claim after the
		/// commitment: the challenge stands then, to be withdrawn.
		#[pallet::call_index(1)]
		#[pallet::weight(match **fault {
			Fault::Omission(_) | Fault::Relevance { .. } => T::WeightInfo::open_challenge(),
			Fault::Forgery(_) | Fault::ForgedRelevance(_) => T::WeightInfo::open_forgery(),
		})]
		pub fn open_challenge(
			origin: OriginFor<T>,
			target: Target,
			fault: Box<Fault<T::AccountId>>,
			salt: [u8; 32],
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_open(who, target, *fault, salt, Self::now())
		}

		/// Withdraws the caller's challenge that it has not opened, and frees its deposit.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::withdraw_challenge())]
		pub fn withdraw_challenge(origin: OriginFor<T>, target: Target) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who, target)
		}

		/// Makes a claim final whose window is over, and pays its fee. Anyone may call it.
		#[pallet::call_index(3)]
		#[pallet::weight(
			T::WeightInfo::finalize()
				.saturating_add(<T::Audits as traits::Audits<_>>::weight())
				.saturating_add(Pallet::<T>::payable_weight())
		)]
		pub fn finalize(origin: OriginFor<T>, request: RequestId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_finalize(request).map(|_| ())
		}

		/// Demands that a position of a model version's index be shown. Holds a deposit, half of which goes
		/// to whoever shows it and half to the treasury.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::demand_position())]
		pub fn demand_position(
			origin: OriginFor<T>,
			model: ModelId,
			position: u32,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_demand(who, model, position)
		}

		/// Shows the leaf at a demanded position, and takes half of the demander's deposit. Anyone may call
		/// it.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::answer_demand())]
		pub fn answer_demand(
			origin: OriginFor<T>,
			model: ModelId,
			leaf: Box<IndexLeaf>,
			proof: Proof,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_answer_demand(who, model, *leaf, proof, Self::now())
		}

		/// Ends a demand that was not answered in time: condemns the model version, and gives the demander
		/// its deposit back with at most half of the bond behind the index. Anyone may call it.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::conclude_demand())]
		pub fn conclude_demand(
			origin: OriginFor<T>,
			model: ModelId,
			position: u32,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_conclude_demand(model, position)
		}
	}
}
