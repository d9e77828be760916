//! # Audits
//!
//! Verifiers, and the audits that lots call them to: what the runtime can't check by itself is
//! executed again.
//!
//! ## Overview
//!
//! Every verified claim is noted. Lots that did not exist when it was made decide whether it is
//! audited: a governed part of all claims is. A committee of verifiers is drawn by bond, none of
//! them a party to the answer. Each executes the answer again with the reproducible kernels, commits
//! to what it found ([`Pallet::commit`]) and reveals it once the others have committed
//! ([`Pallet::reveal`]). More than half of the seats decide. Anyone can appeal
//! ([`Pallet::appeal`]) to a committee three times as large, whose verdict is the last one; nobody
//! pays anything before.
//!
//! A claim that is upheld is paid as it stands. One that is refuted costs its operator a multiple of
//! the fee, of which those who found out are rewarded up to a cap. Where only the claim is false, anyone
//! can bring the true one ([`Pallet::correct`]), by which contributors are paid as they should have
//! been; the payer, who has its answer, is not refunded, or payer, operator and verifiers could
//! collude for free answers. Where the answer itself is false, contributors are made whole out of
//! the bond once somebody brings the true answer's claim, and then the payer has its fee back; so does it
//! where what was asked is not handed out.
//!
//! What was asked behind a drawn receipt of a private session is its payer's and its operator's business:
//! lots don't open it. Its claim is paid unaudited, unless the payer consents ([`Pallet::consent`]). Anyone
//! can have any claim audited that is not paid yet, whatever lots say, by disputing it
//! ([`Pallet::dispute`]): at a price that makes up for what is opened.
//!
//! Model versions are audited in the same way before they earn, where their registry asks for it
//! ([`traits::Examinations`](openledger_primitives_core::traits::Examinations)): the seed that draws the
//! first committee names leaves of the index and a stretch of training that are computed again, with the
//! floor. A version that is not what was committed to is condemned.
//!
//! Two records are compared in the same way, where a challenge says that one duplicates the other
//! ([`traits::Comparisons`](openledger_primitives_core::traits::Comparisons)): every time, and keyed by the seed
//! that draws the first committee, so that what a verifier shows is of this audit.
//!
//! Any claim may be a **canary**: sealed falsely by its operator on purpose, and true in all else. Only
//! executing tells, and whoever upholds it has been handed what upholding takes. Once findings are counted, the
//! operator shows it ([`Pallet::unveil`]), is spared and paid, and has half of what those lose who passed it.
//! So who is drawn first can't tell an operator's offer of a bribe from a trap without executing.
//!
//! ## Terminology
//!
//! - **Finding**: what a verifier's execution came to. One that upholds a claim has to show a trace
//!   which only the execution gives ([`openledger_primitives_attribution::audit`]), so that agreeing
//!   costs as much as checking.
//! - **Dispute**: an audit that somebody asks for rather than lots, with a deposit that is lost where the
//!   claim is true.
//! - **Level**: first committee, a second one where the first has no majority, the appeal's.
//! - **Fine**: the part of its bond that a verifier loses who neglects a duty or whose finding the
//!   verdict disagrees with. Neglect is a **strike** too, and the third one costs the place.
//! - **Undecided**: without a majority after the last committee, or without verifiers for it. Then
//!   governance decides ([`Pallet::resolve`]).
//!
//! ## Assumptions
//!
//! More than two thirds of the bond belong to verifiers who execute what they are drawn for; what
//! happens otherwise is in `docs/incentives.md`. Whoever settles claims asks for clearance first.
//! Where there are fewer verifiers than a committee has seats, claims are paid unaudited, and an
//! event says so.

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
mod asked;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod canaries;
mod clearance;
mod committee;
mod disputes;
mod due;
mod errors;
mod events;
mod findings;
mod memory;
#[cfg(test)]
mod mock;
mod offchain;
mod pairs;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
mod verdict;
mod verifiers;
mod versions;
pub mod weights;

use frame_support::pallet_macros::import_section;

pub use pallet::*;
pub use types::{
	APPEAL, Appeal, Audit, COMMITTEE, Canary, Dispute, Examination, MAX_FINDERS, MAX_SEATS, Note,
	Seat, Stage, Verdict, Verifier, seats,
};
pub use verifiers::STRIKES;
pub use versions::MAX_LEAVES;
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
	use alloc::{boxed::Box, vec::Vec};
	use frame_support::{
		pallet_prelude::*,
		traits::{
			Consideration, Footprint,
			fungible::{Inspect, hold},
		},
		weights::WeightMeter,
	};
	use frame_system::{
		offchain::{AppCrypto, CreateSignedTransaction},
		pallet_prelude::*,
	};
	use openledger_primitives_attribution::{
		Claim,
		audit::{Finding, Level, Secret},
	};
	use openledger_primitives_core::{
		Balance, BlockNumber, Hash, ModelId, RequestId, model::Unaudited, traits,
	};
	use openledger_primitives_inference::job;
	use sp_runtime::Permill;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

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
		/// The deposit for a verifier's entries and its seats.
		type VerifierConsideration: Consideration<Self::AccountId, Footprint>;
		/// Randomness that did not exist when a claim was made.
		type Lots: traits::Lots;
		/// Who answers for whom.
		type Operators: traits::Operators<Self::AccountId>;
		/// The claims that are audited.
		type Claims: traits::Claims<Self::AccountId, Claim = Claim<Self::AccountId>>;
		/// The model versions that are audited.
		type Versions: traits::Versions<Self::AccountId>;
		/// The challenges whose records are compared.
		type Pairs: traits::Pairs<Self::AccountId>;
		/// Where operators are slashed.
		type Settlement: traits::Settlement<Self::AccountId>;
		/// Where verifiers are paid.
		type Rewards: traits::Rewards<Self::AccountId>;
		/// Everything that executing an answer again takes.
		type Jobs: job::Jobs<Self::AccountId>;
		/// The key that an agent's off-chain worker signs with.
		type AuthorityId: AppCrypto<Self::Public, Self::Signature>;
		/// Who gets penalties.
		type TreasuryAccount: Get<Self::AccountId>;
		/// Who decides where committees do not.
		type ResolveOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// The part of claims that is audited.
		type Rate: Get<Permill>;
		/// The part of model versions that is audited before they earn. Zero switches it off.
		type ModelsRate: Get<Permill>;
		/// How many leaves of a version's index are looked at, within 1 and [`MAX_LEAVES`].
		type Leaves: Get<u32>;
		/// Blocks for a committee to compute a version's drawn parts again and commit; as many more for each
		/// other version that one of its verifiers has been drawn for before.
		type ExaminePeriod: Get<BlockNumber>;
		/// The least bond that a verifier is drawn with.
		type MinBond: Get<Balance>;
		/// Blocks between leaving and the bond's release.
		type UnbondingPeriod: Get<BlockNumber>;
		/// Blocks for a committee to execute and commit.
		type CommitPeriod: Get<BlockNumber>;
		/// Blocks for a committee to reveal.
		type RevealPeriod: Get<BlockNumber>;
		/// Blocks within which a verdict can be appealed.
		type AppealWindow: Get<BlockNumber>;
		/// Blocks within which the true claim can be brought.
		type CorrectionPeriod: Get<BlockNumber>;
		/// What an appeal puts at stake, in fees of the claim, or in the fees that the least penalty
		/// stands for where they are more.
		type AppealFactor: Get<u32>;
		/// What a dispute puts at stake at least, where an appeal would not put up more: half of it
		/// makes up for what is opened of a payer whose claim is true.
		type DisputeDeposit: Get<Balance>;
		/// What a seat is paid whose finding the verdict agrees with, as far as the verifiers' part
		/// of fees goes.
		type SeatReward: Get<Balance>;
		/// What a neglected duty, or a finding that the verdict disagrees with, takes of a
		/// verifier's bond.
		type Fine: Get<Permill>;
		/// What upholding a canary takes of a verifier's bond.
		type CanaryLoss: Get<Permill>;
		/// How many times its fee a false claim costs the operator.
		type PenaltyFactor: Get<u32>;
		/// What a false claim costs at least.
		type MinPenalty: Get<Balance>;
		/// Blocks after which lots that were not drawn yet are looked for again.
		#[pallet::constant]
		type LookAgain: Get<BlockNumber>;
		/// The most verifiers.
		#[pallet::constant]
		type MaxVerifiers: Get<u32>;
		/// The most audits in whose committees a verifier sits at once.
		#[pallet::constant]
		type MaxDuties: Get<u32>;
		/// The most audits with a deadline in one block.
		#[pallet::constant]
		type MaxDue: Get<u32>;
		/// Blocks for which a submitted finding counts as under way. At least the longevity of the
		/// transactions that the runtime creates for it.
		#[pallet::constant]
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
		/// A verifier's bond.
		Bond,
		/// An appeal that is not decided.
		Appeal,
		/// The deposit for a verifier's entries.
		VerifierDeposit,
		/// What an owner puts up for the audit of a model version.
		Examination,
		/// A dispute that is not decided.
		Dispute,
	}

	/// A verifier of this runtime.
	pub type VerifierOf<T> =
		Verifier<<T as frame_system::Config>::AccountId, <T as Config>::VerifierConsideration>;

	/// Bonded verifiers.
	#[pallet::storage]
	pub type Verifiers<T: Config> =
		CountedStorageMap<_, Blake2_128Concat, T::AccountId, VerifierOf<T>>;

	/// The verifier that an agent answers for.
	#[pallet::storage]
	pub type AgentOf<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, T::AccountId>;

	/// The audits in whose committee a verifier sits now, until its findings are counted.
	#[pallet::storage]
	pub type Duties<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		BoundedVec<RequestId, T::MaxDuties>,
		ValueQuery,
	>;

	/// Claims that lots may call to audit.
	#[pallet::storage]
	pub type Notes<T: Config> = StorageMap<_, Twox64Concat, RequestId, Note<T::AccountId>>;

	/// Noted claims that lots can't call, since their payers keep what was asked to themselves. Beside the
	/// notes, of which few are such.
	#[pallet::storage]
	pub type Private<T: Config> = StorageMap<_, Twox64Concat, RequestId, ()>;

	/// Who asked for an audit that lots did not open, with what at stake; until a verdict is carried out or
	/// none is reached.
	#[pallet::storage]
	pub type Disputes<T: Config> = StorageMap<_, Twox64Concat, RequestId, Dispute<T::AccountId>>;

	/// Audits that are not concluded, by claim.
	#[pallet::storage]
	pub type Audits<T: Config> = StorageMap<_, Twox64Concat, RequestId, Audit<T::AccountId>>;

	/// Audited claims that are canaries, as their operators have shown; until they are corrected or their audit
	/// ends.
	#[pallet::storage]
	pub type Canaries<T: Config> = StorageMap<_, Twox64Concat, RequestId, Canary<T::AccountId>>;

	/// What audits came to, until their claims are forgotten.
	#[pallet::storage]
	pub type Verdicts<T: Config> = StorageMap<_, Twox64Concat, RequestId, Verdict>;

	/// Audits by the block at which they are looked at next.
	#[pallet::storage]
	pub type Due<T: Config> =
		StorageMap<_, Twox64Concat, BlockNumber, BoundedVec<RequestId, T::MaxDue>, ValueQuery>;

	/// The first block whose audits are not all looked at yet.
	#[pallet::storage]
	pub type NextDue<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	/// What audits of model versions cost and look at, until they are concluded.
	#[pallet::storage]
	pub type Examinations<T: Config> =
		StorageMap<_, Twox64Concat, ModelId, Examination<T::AccountId>>;

	/// The seed that names what is looked at of a model version: of the lots that drew its first committee,
	/// until the version is removed. Were another drawn each time, whoever forged a part of a version
	/// would withhold it until lots name another.
	#[pallet::storage]
	pub type Drawn<T: Config> = StorageMap<_, Twox64Concat, ModelId, Hash>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			let mut meter = WeightMeter::with_limit(remaining);
			Self::advance_due(&mut meter);
			meter.consumed()
		}

		fn offchain_worker(_: BlockNumberFor<T>) {
			Self::work();
		}

		fn integrity_test() {
			assert!(T::MaxDue::get() > 0, "blocks need room for an audit");
			assert!(T::MaxDuties::get() > 0, "verifiers need room for a duty");
			assert!(T::LookAgain::get() > 0, "the next look has to be later");
			assert!(T::SubmissionPeriod::get() > 0, "a submission has to count for a block");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers the caller as a verifier, with `bond` held from it and `agent` answering for
		/// it. It is drawn for claims made from this round on.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_verifier())]
		pub fn register_verifier(
			origin: OriginFor<T>,
			agent: T::AccountId,
			bond: Balance,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register(who, agent, bond)
		}

		/// Adds `amount` to the caller's bond. It is drawn for claims made from this round on.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::bond_extra())]
		pub fn bond_extra(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_bond_extra(who, amount)
		}

		/// The caller is drawn no more and starts to unbond.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::leave())]
		pub fn leave(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_leave(who)
		}

		/// Releases the caller's bond and deposit, once the unbonding period is over and every audit
		/// that it has a seat in concluded.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who)
		}

		/// Commits to what the verifier found of whom the caller is the agent, on a claim, or on the model
		/// version or the two records that `claim` stands for: `commitment` is
		/// `blake2b-256(SCALE("openledger/finding", claim, level, finding, verifier, salt))`. Free
		/// for a seat that has not committed yet.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::commit())]
		pub fn commit(
			origin: OriginFor<T>,
			claim: RequestId,
			commitment: Hash,
		) -> DispatchResultWithPostInfo {
			let agent = ensure_signed(origin)?;
			Self::do_commit(agent, claim, commitment)?;
			Ok(Pays::No.into())
		}

		/// Reveals what a verifier has committed to. Free where it is that.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::reveal().max(Pallet::<T>::verdict_weight()))]
		pub fn reveal(
			origin: OriginFor<T>,
			claim: RequestId,
			finding: Finding,
			salt: [u8; 32],
		) -> DispatchResultWithPostInfo {
			let agent = ensure_signed(origin)?;
			Self::do_reveal(agent, claim, finding, salt)?;
			Ok(Pays::No.into())
		}

		/// Appeals against a verdict, to a committee three times as large. Holds a deposit, which
		/// comes back where the verdict changes.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::appeal())]
		pub fn appeal(origin: OriginFor<T>, claim: RequestId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_appeal(who, claim)
		}

		/// Brings the true claim in the place of one that was refuted. Anyone may; free where it is
		/// the one that the verdict found.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::correct())]
		pub fn correct(
			origin: OriginFor<T>,
			claim: RequestId,
			truth: Box<Claim<T::AccountId>>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Self::do_correct(claim, *truth)?;
			Ok(Pays::No.into())
		}

		/// Decides an audit that no committee could decide.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::resolve().max(Pallet::<T>::verdict_weight()))]
		pub fn resolve(origin: OriginFor<T>, claim: RequestId, verdict: Verdict) -> DispatchResult {
			T::ResolveOrigin::ensure_origin(origin)?;
			Self::do_resolve(claim, verdict)
		}

		/// Takes an audit further whose stage is over. Anyone may call it; it happens by itself too.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::advance().max(Pallet::<T>::verdict_weight()))]
		pub fn advance(origin: OriginFor<T>, claim: RequestId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_advance(claim)
		}

		/// Lets a private claim on an answer that the caller pays for be audited as others are: where lots
		/// call it, the drawn verifiers are handed what was asked. It can't be taken back.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::consent())]
		pub fn consent(origin: OriginFor<T>, claim: RequestId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_consent(who, claim)
		}

		/// Has a claim audited that is not paid yet, whatever lots say, by a committee that lots draw which
		/// nobody knows yet. Holds a deposit. Where the claim is found false, or what was asked is not
		/// handed out, that comes back with a reward; where it is true, half goes to its payer and half to
		/// the treasury; where no committee decides, it comes back.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::dispute())]
		pub fn dispute(origin: OriginFor<T>, claim: RequestId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_dispute(who, claim)
		}

		/// Shows that a claim under audit is a canary: that what it has sealed follows from `secret`, and from
		/// no execution. Possible once a committee's findings are counted and before its verdict is carried
		/// out; where that is that it is true, another committee is drawn as by an appeal. Who has upheld it
		/// loses a part of its bond, half of that to the operator, and has a strike; the operator is spared,
		/// and paid as a seat is, where the true claim is brought and differs in its seal alone. Free where it
		/// is one.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::unveil())]
		pub fn unveil(
			origin: OriginFor<T>,
			claim: RequestId,
			secret: Secret,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Self::do_unveil(claim, secret)?;
			Ok(Pays::No.into())
		}
	}
}
