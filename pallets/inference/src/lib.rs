//! # Inference
//!
//! Operators, the requests that consumers make of them, and the off-chain worker that answers.
//!
//! ## Overview
//!
//! An operator bonds, names an agent (the hot key that its node signs with) and the model versions
//! that it serves. A consumer requests an answer: the most that it may cost is held in escrow, and
//! an operator with room is assigned at once. The operator's off-chain worker hands the request to
//! its engine and submits the answer with its claim ([`Pallet::answer`]); the claim is verified
//! before anything changes. Once the claim is final the fee leaves escrow ([`Settlement`]). A
//! request without an answer at its deadline is refunded and counted against its operator, who
//! pays from its bond for every [`Config::MaxMissed`] of them.
//!
//! ## Terminology
//!
//! - **Agent**: the account that answers for an operator. It can do nothing else for it.
//! - **Escrow**: the most that a request may cost, held from its payer. What the fee does not need
//!   is released with the answer, the fee when the claim is final.
//! - **Unsettled**: requests assigned to an operator that are neither settled nor refunded, and
//!   what else it stands behind. Its bond stays until there are none.
//! - **Exposed**: the fees of all that is unsettled. A bond stands behind [`Config::MaxExposure`]
//!   of itself, so that a lie costs more than it can bring.
//!
//! ## Assumptions
//!
//! The price is that of the request's block. The payer's deposit covers the request, its answer,
//! its claim and its settlement, until the payer prunes them all.
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

mod answer;
mod api;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod crypto;
mod events;
mod expiry;
mod exposure;
pub mod migrations;
#[cfg(test)]
mod mock;
mod offchain;
mod operators;
mod requests;
mod settlement;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
pub mod weights;

use frame_support::pallet_macros::import_section;

pub use pallet::*;
pub use types::{Answered, Registration, Request, Status};
pub use weights::WeightInfo;

// What the macros write is the SDK's; the logic is in files of its own, where the lints bind.
#[allow(
	clippy::expect_used,
	clippy::unwrap_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects,
	clippy::too_many_arguments
)]
#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::boxed::Box;
	use frame_support::{
		pallet_prelude::*,
		traits::{
			Consideration, Footprint,
			fungible::{Inspect, hold},
		},
	};
	use frame_system::{
		offchain::{AppCrypto, CreateSignedTransaction},
		pallet_prelude::*,
	};
	use openledger_primitives_attribution::Claim;
	use openledger_primitives_core::{
		Answer, Balance, BlockNumber, Endpoint, ModelId, Prompt, RequestId, model::Usage, traits,
	};
	use sp_core::crypto::AccountId32;
	use sp_runtime::Permill;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime gives to this pallet.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>, AccountId: Into<AccountId32>>
		+ CreateSignedTransaction<Call<Self>>
	{
		/// OPEN.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// Why balances are held.
		type RuntimeHoldReason: From<HoldReason>;
		/// The deposit for an operator's entries.
		type OperatorConsideration: Consideration<Self::AccountId, Footprint>;
		/// The deposit for a request's entries.
		type RequestConsideration: Consideration<Self::AccountId, Footprint>;
		/// The model registry.
		type Models: traits::Models<Self::AccountId>;
		/// Where claims are verified.
		type Attribution: traits::Attribution<Self::AccountId, Claim = Claim<Self::AccountId>>;
		/// Where fees are divided.
		type Rewards: traits::Rewards<Self::AccountId>;
		/// The key that an agent's off-chain worker signs with.
		type AuthorityId: AppCrypto<Self::Public, Self::Signature>;
		/// Who gets penalties.
		type TreasuryAccount: Get<Self::AccountId>;
		/// The least bond that an operator takes requests with.
		type MinBond: Get<Balance>;
		/// The part of a bond that an operator's unsettled fees may reach.
		type MaxExposure: Get<Permill>;
		/// Blocks between leaving and the bond's release.
		type UnbondingPeriod: Get<BlockNumber>;
		/// What a request's highest fee has to exceed.
		type MinFee: Get<Balance>;
		/// The fewest blocks that a request leaves for its answer.
		type MinDeadline: Get<BlockNumber>;
		/// The most blocks that a request may leave for its answer.
		type MaxDeadline: Get<BlockNumber>;
		/// Missed requests that cost one penalty.
		type MaxMissed: Get<u32>;
		/// What a penalty takes from the bond.
		type MissPenalty: Get<Balance>;
		/// The most tokens that an answer may take.
		#[pallet::constant]
		type MaxTokens: Get<u32>;
		/// The most tokens that a chat template adds to a prompt. A tokenizer makes at most one
		/// token of each byte, so an answer can't charge for more than the prompt's bytes and these.
		#[pallet::constant]
		type MaxTemplate: Get<u32>;
		/// The highest capacity of an operator.
		#[pallet::constant]
		type MaxCapacity: Get<u32>;
		/// The most operators that serve one model version.
		#[pallet::constant]
		type MaxOperatorsPerModel: Get<u32>;
		/// The most model versions that one operator serves.
		#[pallet::constant]
		type MaxModelsPerOperator: Get<u32>;
		/// The most requests that share one deadline.
		#[pallet::constant]
		type MaxExpiries: Get<u32>;
		/// Blocks for which a submitted answer counts as under way. At least the longevity of the
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
		/// An operator's bond.
		Bond,
		/// A request's highest fee, then its fee.
		Escrow,
		/// The deposit for an operator's entries.
		OperatorDeposit,
		/// The deposit for a request's entries.
		RequestDeposit,
	}

	/// A registration of this runtime.
	pub type RegistrationOf<T> =
		Registration<<T as frame_system::Config>::AccountId, <T as Config>::OperatorConsideration>;
	/// A request of this runtime.
	pub type RequestOf<T> =
		Request<<T as frame_system::Config>::AccountId, <T as Config>::RequestConsideration>;

	/// Bonded operators.
	#[pallet::storage]
	pub type Operators<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, RegistrationOf<T>>;

	/// The operator that an agent answers for.
	#[pallet::storage]
	pub type AgentOf<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, T::AccountId>;

	/// Who serves a model version.
	#[pallet::storage]
	pub type Serving<T: Config> = StorageMap<
		_,
		Twox64Concat,
		ModelId,
		BoundedVec<T::AccountId, T::MaxOperatorsPerModel>,
		ValueQuery,
	>;

	/// Which model versions an operator serves.
	#[pallet::storage]
	pub type ServedBy<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		BoundedVec<ModelId, T::MaxModelsPerOperator>,
		ValueQuery,
	>;

	/// Requests, from submission until pruned.
	#[pallet::storage]
	pub type Requests<T: Config> = StorageMap<_, Twox64Concat, RequestId, RequestOf<T>>;

	/// The requests that an operator has to answer now.
	#[pallet::storage]
	pub type Assigned<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		BoundedVec<RequestId, T::MaxCapacity>,
		ValueQuery,
	>;

	/// How many of an operator's requests are neither settled nor refunded, and how many other
	/// pieces of work it stands behind.
	#[pallet::storage]
	pub type Unsettled<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// The fees of all that is unsettled of an operator, the most that they can be where they are not
	/// known yet.
	#[pallet::storage]
	pub type Exposed<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// The next request's number.
	#[pallet::storage]
	pub type NextRequest<T: Config> = StorageValue<_, RequestId, ValueQuery>;

	/// Pending requests by the last block that may include their answer.
	#[pallet::storage]
	pub type Expiries<T: Config> =
		StorageMap<_, Twox64Concat, BlockNumber, BoundedVec<RequestId, T::MaxExpiries>, ValueQuery>;

	/// The first deadline whose requests are not all looked after yet.
	#[pallet::storage]
	pub type NextExpiry<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// The account is an operator already.
		AlreadyRegistered,
		/// The account is no operator.
		NotOperator,
		/// The account answers for another operator already.
		AgentTaken,
		/// The bond is below the minimum.
		BondTooSmall,
		/// The capacity is zero or above the highest allowed.
		CapacityOutOfRange,
		/// The endpoint is empty or not UTF-8.
		InvalidEndpoint,
		/// The operator is leaving.
		Leaving,
		/// The operator has not asked to leave.
		NotLeaving,
		/// The unbonding period is not over.
		StillBonded,
		/// Requests assigned to the operator are neither settled nor refunded.
		UnsettledRequests,
		/// There is no such model version.
		UnknownModel,
		/// The model version answers no requests: it is a draft, not published yet, or retired.
		ModelNotServing,
		/// The operator serves the model version already.
		AlreadyServing,
		/// The operator does not serve the model version.
		NotServing,
		/// The operator serves as many model versions as it can.
		TooManyModels,
		/// As many operators serve the model version as can.
		TooManyOperators,
		/// The prompt is empty or not UTF-8.
		InvalidPrompt,
		/// The number of tokens is zero or above the highest allowed.
		TokensOutOfRange,
		/// The temperature is above 2,000 thousandths.
		TemperatureOutOfRange,
		/// The deadline leaves too few or too many blocks.
		DeadlineOutOfRange,
		/// The highest fee does not buy one token, or does not exceed the least allowed: offer more.
		FeeTooLow,
		/// The operator has as many requests as it takes on: ask another, or later.
		AtCapacity,
		/// The operator's bond fell below the minimum.
		Underbonded,
		/// No operator of the model version has room: ask later.
		NoOperator,
		/// Too many requests share this deadline: choose another.
		DeadlineFull,
		/// There is no such request.
		UnknownRequest,
		/// The caller answers for no operator.
		NotAgent,
		/// The request is assigned to another operator.
		NotAssigned,
		/// The request is answered, settled or refunded already.
		NotPending,
		/// The request has no answer to settle.
		NotAnswered,
		/// The deadline has passed.
		DeadlinePassed,
		/// The deadline has not passed.
		DeadlineNotPassed,
		/// The answer is not UTF-8.
		InvalidAnswer,
		/// The tokens used are none, or more than prompt or request allow.
		UsageOutOfRange,
		/// The request belongs to another account.
		NotPayer,
		/// The request is neither settled nor refunded.
		NotFinal,
		/// A number passes what it can hold.
		Overflow,
		/// The operator's bond does not stand behind so many unsettled fees: ask another, or later,
		/// or for less.
		Overexposed,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			let mut meter = frame_support::weights::WeightMeter::with_limit(remaining);
			Self::expire_due(&mut meter);
			meter.consumed()
		}

		fn offchain_worker(_: BlockNumberFor<T>) {
			Self::work();
		}

		fn integrity_test() {
			assert!(T::MaxCapacity::get() > 0, "operators need room for a request");
			assert!(T::MaxExpiries::get() > 0, "deadlines need room for a request");
			assert!(T::SubmissionPeriod::get() > 0, "a submission has to count for a block");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers the caller as an operator, with `bond` held from it and `agent` answering for
		/// it.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_operator())]
		pub fn register_operator(
			origin: OriginFor<T>,
			agent: T::AccountId,
			bond: Balance,
			endpoint: Endpoint,
			capacity: u32,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register(who, agent, bond, endpoint, capacity)
		}

		/// Changes the caller's endpoint, capacity and agent.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::update_operator())]
		pub fn update_operator(
			origin: OriginFor<T>,
			endpoint: Endpoint,
			capacity: u32,
			agent: T::AccountId,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_update(who, endpoint, capacity, agent)
		}

		/// Adds `amount` to the caller's bond.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::bond_extra())]
		pub fn bond_extra(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_bond_extra(who, amount)
		}

		/// The caller serves `models` from now on.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::serve(models.len() as u32))]
		pub fn serve(
			origin: OriginFor<T>,
			models: BoundedVec<ModelId, T::MaxModelsPerOperator>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_serve(who, models)
		}

		/// The caller serves `model` no more. What is assigned already is still to be answered.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::unserve())]
		pub fn unserve(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_unserve(who, model)
		}

		/// The caller takes no more requests and starts to unbond.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::leave(T::MaxModelsPerOperator::get()))]
		pub fn leave(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_leave(who)
		}

		/// Releases the caller's bond and deposit, once the unbonding period is over and every
		/// request settled or refunded.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who)
		}

		/// Requests an answer of `model`: by `operator`, or else by the least busy one with room.
		/// `max_fee` is held until the answer, `deadline` counts in blocks from now, `temperature`
		/// in thousandths.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::request(prompt.len() as u32, T::MaxOperatorsPerModel::get()))]
		pub fn request(
			origin: OriginFor<T>,
			model: ModelId,
			operator: Option<T::AccountId>,
			prompt: Prompt,
			max_tokens: u32,
			max_fee: Balance,
			temperature: u16,
			nonce: [u8; 32],
			deadline: BlockNumber,
		) -> DispatchResult {
			let payer = ensure_signed(origin)?;
			let order = requests::Order {
				model,
				operator,
				prompt,
				max_tokens,
				max_fee,
				temperature,
				nonce,
				deadline,
			};
			Self::do_request(payer, order)
		}

		/// Answers a request, by the agent of the operator that it is assigned to. Free where the
		/// claim verifies.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::answer(answer.len() as u32, claim.size()))]
		pub fn answer(
			origin: OriginFor<T>,
			request: RequestId,
			answer: Answer,
			usage: Usage,
			claim: Box<Claim<T::AccountId>>,
		) -> DispatchResultWithPostInfo {
			let agent = ensure_signed(origin)?;
			Self::do_answer(agent, request, answer, usage, *claim)?;
			Ok(Pays::No.into())
		}

		/// Refunds a request that was not answered by its deadline. Anyone may call it.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::expire())]
		pub fn expire(origin: OriginFor<T>, request: RequestId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_expire(request)
		}

		/// Removes a settled or refunded request with its claim and settlement, and frees the
		/// caller's deposit for them.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::prune())]
		pub fn prune(origin: OriginFor<T>, request: RequestId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_prune(who, request)
		}
	}
}
