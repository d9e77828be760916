//! # Receipts
//!
//! Answers that are given and paid for off chain, settled in batches whose cost on chain does not
//! grow with the number of answers.
//!
//! ## Overview
//!
//! A payer opens a session with an operator about one model version, with what it may cost in
//! escrow ([`Pallet::open_session`]). For every answer the operator gives a receipt, and the payer's
//! client signs a voucher for all the receipts so far, neither of which goes on chain. From time to
//! time the operator commits the latest vouchers of its sessions on one model version as a batch
//! ([`Pallet::commit_batch`]): what they owe beyond earlier batches moves from the payers' escrow to
//! the operator's account, still on hold, and its bond stands behind it.
//!
//! Randomness that did not exist at the commitment then draws some units of the batch's fees. The
//! operator shows the receipts that they fall into, each with its place in the tree that the payer
//! signed and with its claim ([`Pallet::reveal`]). From there on a draw is what an answered request
//! is: its claim is verified, open to challenge, final after a while, and then paid
//! ([`Settlement`]). Each draw pays the same part of the batch, so on average every receipt's
//! contributors are paid exactly its fee's worth. A draw whose receipt is not shown in time, or whose
//! answer is found false, goes back to the payers, and the operator pays for it from its bond.
//!
//! ## Terminology
//!
//! - **Escrow**: what a session may still cost, held from its payer.
//! - **Settled**: what a session's batches covered so far. A voucher's amount counts from the
//!   session's opening, so it is worth what it exceeds this by.
//! - **Private**: said of a session whose drawn receipts are not executed again, unless its payer
//!   consents or somebody disputes the claim.
//! - **Line**: one voucher's part of a batch.
//! - **Draw**: one unit of a batch's fees, and the share of the batch that it decides.
//! - **Opened**: a draw whose receipt was shown. Draws that fall into the same receipt are opened as
//!   one, under the number of the first of them.
//! - **Ended**: a session that pays nothing more. Its entry stays until its batches are concluded.
//! - **Concluded**: a batch with nothing left to pay, whose operator can prune it.
//!
//! ## What differs from the specification
//!
//! The batch has no tree of its own: payers sign the trees that fees are drawn from
//! ([`openledger_primitives_receipts`] says why). So a line begins where the session's last one
//! ended, no receipt is settled twice, and there is nothing of a batch to challenge but its claims.
//!
//! What goes back to payers is gathered and paid when the batch is concluded, in proportion to their
//! lines: settling and refunding a draw costs the same however many payers a batch has, and what is
//! rounded is rounded once.
//!
//! ## Assumptions
//!
//! Payer and operator keep each other honest while a session lasts: a client that is answered badly
//! signs no more, an operator that is not signed for answers no more, and either risks one answer.
//! A payer that closes a session leaves the operator [`Config::ClosePeriod`] to commit what it
//! holds; less than a draw has to decide it can commit with vouchers of other sessions only. The
//! seed of a round is read soon after it is there; a batch whose seed is forgotten first
//! is drawn by that of a later round.
//!
//! [`Settlement`]: openledger_primitives_core::traits::Settlement

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
mod commit;
mod conclude;
mod events;
#[cfg(test)]
mod mock;
mod offchain;
mod reveal;
mod sessions;
mod settlement;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
pub mod weights;

use frame_support::pallet_macros::import_section;

pub use pallet::*;
pub use types::{AllShown, Batch, Drawn, MAX_SHOWN, Session, Shown, Stage};
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
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::sessions::Opening;
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
	use openledger_primitives_attribution::Claim;
	use openledger_primitives_core::{
		Balance, BatchId, BlockNumber, Hash, ModelId, RoundId, SessionId, traits,
	};
	use openledger_primitives_receipts::{Line, SignedVoucher};
	use sp_core::crypto::AccountId32;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime gives to this pallet.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<
			RuntimeEvent: From<Event<Self>>,
			AccountId: Into<AccountId32>,
			Hash = Hash,
		> + CreateSignedTransaction<Call<Self>>
	{
		/// OPEN.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// Why balances are held.
		type RuntimeHoldReason: From<HoldReason>;
		/// The payer's deposit for a session's entry.
		type SessionConsideration: Consideration<Self::AccountId, Footprint>;
		/// The operator's deposit for a batch's entries and for the claims that it is paid by.
		type BatchConsideration: Consideration<Self::AccountId, Footprint>;
		/// The model registry.
		type Models: traits::Models<Self::AccountId>;
		/// Who answers, and with what at stake.
		type Operators: traits::Operators<Self::AccountId>;
		/// What draws are decided by.
		type Lots: traits::Lots;
		/// Where claims are verified.
		type Attribution: traits::Attribution<Self::AccountId, Claim = Claim<Self::AccountId>>;
		/// Where fees are divided.
		type Rewards: traits::Rewards<Self::AccountId>;
		/// Whose `slash` takes from operators' bonds.
		type Bonds: traits::Settlement<Self::AccountId>;
		/// The key that an agent's off-chain worker signs with.
		type AuthorityId: AppCrypto<Self::Public, Self::Signature>;
		/// Who gets what a payer's account can't hold.
		type TreasuryAccount: Get<Self::AccountId>;
		/// The least that a draw decides, which has to be worth its work on chain. A batch of less
		/// is refused.
		type MinDraw: Get<Balance>;
		/// Whether sessions can be opened. What was opened before goes on.
		type Open: Get<bool>;
		/// How many draws a batch is paid by at most; it has fewer where they would decide too
		/// little. Fixed at its commitment, and counted as one where it is zero.
		type Draws: Get<u8>;
		/// Blocks that an operator has to show what is drawn, from when the seed is read.
		type RevealPeriod: Get<BlockNumber>;
		/// Blocks that an operator has to commit its last voucher once a payer closes a session, or
		/// it expires.
		type ClosePeriod: Get<BlockNumber>;
		/// Blocks after which an operator's off-chain worker commits what it is owed, and for which it
		/// leaves batches on chain once their time to be shown is over.
		type BatchPeriod: Get<BlockNumber>;
		/// Blocks for which what an off-chain worker submits counts as under way. At least the
		/// longevity of the transactions that the runtime creates for it.
		#[pallet::constant]
		type SubmissionPeriod: Get<BlockNumber>;
		/// The most blocks that a session may last.
		type MaxDuration: Get<BlockNumber>;
		/// The least penalty for a draw that is not shown.
		type MissPenalty: Get<Balance>;
		/// The penalty for a draw that is not shown, in shares of the batch that it decides, where
		/// that is more. At least one, so that hiding a receipt costs more than it can keep from
		/// anyone; and no more than bonds are a multiple of the fees that they stand behind, or a
		/// bond could not pay for a batch that is hidden whole.
		type MissFactor: Get<u32>;
		/// The most vouchers in a batch.
		#[pallet::constant]
		type MaxVouchers: Get<u32>;
		/// The most batches that are looked at by themselves in one block.
		#[pallet::constant]
		type MaxDue: Get<u32>;
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
		/// Sets the stage for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: benchmarking::Helper<Self::AccountId>;
	}

	/// Why this pallet holds balances.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A session's escrow, held from its payer; then a batch's fees, held from its operator.
		Escrow,
		/// The deposit for a session's entry.
		SessionDeposit,
		/// The deposit for a batch's entries.
		BatchDeposit,
	}

	/// A session of this runtime.
	pub type SessionOf<T> =
		Session<<T as frame_system::Config>::AccountId, <T as Config>::SessionConsideration>;
	/// A batch of this runtime.
	pub type BatchOf<T> =
		Batch<<T as frame_system::Config>::AccountId, <T as Config>::BatchConsideration>;

	/// Sessions, until they ended and their batches are concluded.
	#[pallet::storage]
	pub type Sessions<T: Config> = StorageMap<_, Twox64Concat, SessionId, SessionOf<T>>;

	/// Sessions whose payers have no receipt opened to auditors, unless they consent or somebody disputes
	/// it. Beside the sessions, which are read far more often than this is asked.
	#[pallet::storage]
	pub type Private<T: Config> = StorageMap<_, Twox64Concat, SessionId, ()>;

	/// The next session's number.
	#[pallet::storage]
	pub type NextSession<T: Config> = StorageValue<_, SessionId, ValueQuery>;

	/// Batches, until pruned.
	#[pallet::storage]
	pub type Batches<T: Config> = StorageMap<_, Twox64Concat, BatchId, BatchOf<T>>;

	/// The lines of a batch, by ascending session, until it is concluded. Beside the batch, since
	/// settling its draws does not need them.
	#[pallet::storage]
	pub type Lines<T: Config> =
		StorageMap<_, Twox64Concat, BatchId, BoundedVec<Line, T::MaxVouchers>, ValueQuery>;

	/// The next batch's number.
	#[pallet::storage]
	pub type NextBatch<T: Config> = StorageValue<_, BatchId, ValueQuery>;

	/// Batches by the block at which they are looked at next.
	#[pallet::storage]
	pub type Due<T: Config> =
		StorageMap<_, Twox64Concat, BlockNumber, BoundedVec<BatchId, T::MaxDue>, ValueQuery>;

	/// The first block whose batches are not all looked at yet.
	#[pallet::storage]
	pub type NextDue<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// There is no such model version.
		UnknownModel,
		/// The model version answers nothing: it is a draft, not published yet, or retired.
		ModelNotServing,
		/// The account takes no new work on the model version: choose an operator that serves it.
		NotServing,
		/// An operator can't be its own payer.
		OwnSession,
		/// Sessions can't be opened: governance has switched them off. Ask on chain.
		SwitchedOff,
		/// The escrow, or what is added to it, is zero.
		NoEscrow,
		/// The session would last no block, or more than the most allowed.
		DurationOutOfRange,
		/// There is no such session.
		UnknownSession,
		/// The session belongs to another payer.
		NotPayer,
		/// The caller is neither payer nor operator of the session.
		NotParty,
		/// The session is closing, expired or ended: open another.
		SessionOver,
		/// The session is closing already: wait until it can be finished.
		AlreadyClosing,
		/// The session ended already.
		AlreadyEnded,
		/// The operator can still commit vouchers of the session.
		OperatorsTime,
		/// The caller answers for no operator.
		NotAgent,
		/// The batch has no vouchers.
		NoVouchers,
		/// The vouchers are not by ascending session, or one session stands twice.
		Unordered,
		/// The session is another operator's.
		ForeignSession,
		/// The session is about another model version.
		WrongModel,
		/// The voucher owes nothing, or covers no receipt, beyond what is settled: it, or a later
		/// one, was committed before.
		NothingNew,
		/// The voucher owes more than the session's escrow has.
		EscrowExceeded,
		/// The voucher is not signed by the session's signer for this chain.
		BadSignature,
		/// The batch is worth less than one draw has to decide: gather more vouchers.
		BatchTooSmall,
		/// Too many batches are looked at around that time: commit it a block later.
		QueueFull,
		/// There is no such batch.
		UnknownBatch,
		/// The batch is another operator's.
		NotOperator,
		/// The randomness that decides the draws is not there yet.
		NotDrawnYet,
		/// The time to show what is drawn is over.
		TooLate,
		/// The receipt is of no line of the batch: of another session or model version, covered
		/// before, begun before what was settled, or not where its proof puts it.
		NotInBatch,
		/// No open draw falls into the receipt, or no receipt is shown.
		NotDrawn,
		/// The receipt's fee exceeds the session's price for the tokens used.
		Overpriced,
		/// The claim is not the one that the receipt commits to.
		WrongClaim,
		/// The draw is not open.
		NotOpen,
		/// There is nothing to do for the batch now.
		NothingDue,
		/// The batch is concluded.
		AlreadyConcluded,
		/// The batch is not concluded.
		NotConcluded,
		/// A number passes what it can hold.
		Overflow,
		/// The answer has more tokens than verifiers generate again in time
		/// ([`openledger_primitives_core::MAX_OUTPUT`]).
		TooLong,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			let mut meter = WeightMeter::with_limit(remaining);
			Self::conclude_due(&mut meter);
			meter.consumed()
		}

		fn offchain_worker(_: BlockNumberFor<T>) {
			Self::work();
		}

		fn integrity_test() {
			assert!(T::SubmissionPeriod::get() > 0, "a submission has to count for a block");
			assert!(T::MaxVouchers::get() > 0, "batches need room for a voucher");
			assert!(T::MaxDue::get() > 0, "blocks need room for a batch");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Opens a session with `operator` about `model` for `blocks` blocks, with `escrow` held
		/// from the caller. Vouchers are signed by `signer`'s key, or else the caller's. Answers cost
		/// at most what the model version costs now. What was asked behind a drawn receipt of a
		/// `private` session is opened to auditors only if the caller consents or somebody disputes the
		/// claim.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::open_session())]
		pub fn open_session(
			origin: OriginFor<T>,
			operator: T::AccountId,
			model: ModelId,
			signer: Option<T::AccountId>,
			escrow: Balance,
			blocks: BlockNumber,
			private: bool,
		) -> DispatchResult {
			let payer = ensure_signed(origin)?;
			Self::do_open_session(Opening {
				payer,
				operator,
				model,
				signer,
				escrow,
				blocks,
				private,
			})
		}

		/// Adds `amount` to the escrow of the caller's session.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::add_escrow())]
		pub fn add_escrow(
			origin: OriginFor<T>,
			session: SessionId,
			amount: Balance,
		) -> DispatchResult {
			let payer = ensure_signed(origin)?;
			Self::do_add_escrow(payer, session, amount)
		}

		/// Ends a session at once where its operator or the operator's agent calls, and gives the
		/// escrow back. Where its payer calls, the operator is left some time to commit the last
		/// voucher first.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::close_session())]
		pub fn close_session(origin: OriginFor<T>, session: SessionId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_close_session(who, session)
		}

		/// Ends a session that is closed or expired, once the operator's time is over, and gives
		/// the escrow back. Anyone may call it.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::close_session())]
		pub fn finish_session(origin: OriginFor<T>, session: SessionId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_finish_session(session)
		}

		/// Commits vouchers of sessions on `model`, in ascending order of session, as one batch; by
		/// the agent of the sessions' operator, whose account pays the deposit.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::commit_batch(vouchers.len() as u32))]
		pub fn commit_batch(
			origin: OriginFor<T>,
			model: ModelId,
			vouchers: BoundedVec<SignedVoucher, T::MaxVouchers>,
		) -> DispatchResult {
			let agent = ensure_signed(origin)?;
			Self::do_commit_batch(agent, model, vouchers)
		}

		/// Shows drawn receipts of a batch, each with its place in its session's tree and its claim,
		/// for all draws that fall into them; by the agent of the batch's operator. All of them, or
		/// none where one is refused. Free where everything verifies.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::reveal(shown.len() as u32, Pallet::<T>::credits(shown)))]
		pub fn reveal(
			origin: OriginFor<T>,
			batch: BatchId,
			shown: AllShown<T::AccountId>,
		) -> DispatchResultWithPostInfo {
			let agent = ensure_signed(origin)?;
			Self::do_reveal(agent, batch, shown)?;
			Ok(Pays::No.into())
		}

		/// Does for a batch what its time has come for: reads its seed, gives up draws that were
		/// not shown in time, and concludes it once nothing of it is open. Anyone may call it.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::conclude(T::MaxVouchers::get()))]
		pub fn conclude(origin: OriginFor<T>, batch: BatchId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let vouchers = Self::do_conclude(batch)?;
			Ok(Some(T::WeightInfo::conclude(vouchers)).into())
		}

		/// Removes a concluded batch with the claims and settlements of its draws, and frees the
		/// operator's deposit; by the operator or its agent.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::prune_batch(u8::MAX.into()))]
		pub fn prune_batch(origin: OriginFor<T>, batch: BatchId) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let forgotten = Self::do_prune_batch(who, batch)?;
			Ok(Some(T::WeightInfo::prune_batch(forgotten)).into())
		}
	}
}
