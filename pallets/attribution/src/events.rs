//! What is told of claims, challenges and demands.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A claim was verified.
		Claimed {
			/// The request.
			request: RequestId,
			/// blake2b-256 of the claim.
			digest: Hash,
			/// How many leaves it credits.
			credits: u32,
			/// The share of the contributors' part that its gain earns.
			earned: Permill,
			/// The first block at which it can be final.
			final_at: BlockNumber,
		},
		/// A challenge was committed.
		ChallengeCommitted {
			/// What it is against.
			target: Target,
			/// Who challenges.
			challenger: T::AccountId,
		},
		/// A challenge was withdrawn before it was opened.
		ChallengeWithdrawn {
			/// What it was against.
			target: Target,
			/// Who had challenged.
			challenger: T::AccountId,
		},
		/// A challenge showed nothing, and lost its deposit to the treasury.
		ChallengeFailed {
			/// What it was against.
			target: Target,
			/// Who challenged.
			challenger: T::AccountId,
			/// What was lost.
			deposit: Balance,
			/// Why it showed nothing.
			reason: Refusal,
		},
		/// A claim was corrected by what it had left out.
		ClaimCorrected {
			/// The request.
			request: RequestId,
			/// Who showed it.
			challenger: T::AccountId,
			/// The place of the leaf that was left out.
			position: u32,
			/// Who is paid for it.
			account: T::AccountId,
			/// What the operator paid for leaving it out.
			penalty: Balance,
			/// The first block at which the claim can be final now.
			final_at: BlockNumber,
		},
		/// A model version's index was shown to be forged.
		ForgeryShown {
			/// The model version, now condemned.
			model: ModelId,
			/// Who showed it.
			challenger: T::AccountId,
			/// The place of the forged leaf.
			position: u32,
			/// What the model's owner lost.
			penalty: Balance,
		},
		/// A claim is final, and its fee paid.
		ClaimFinalized {
			/// The request.
			request: RequestId,
			/// What contributors were paid.
			contributors: Balance,
		},
		/// A claim's fee could not be paid. The claim stays open, and anyone can finalize it.
		SettlementFailed {
			/// The request.
			request: RequestId,
			/// Why.
			error: DispatchError,
		},
		/// Too many claims are due for this one to become final by itself: anyone can finalize it.
		FinalityDeferred {
			/// The request.
			request: RequestId,
		},
		/// A claim that an audit refuted was replaced by the true one.
		ClaimReplaced {
			/// The request.
			request: RequestId,
			/// How many leaves the true claim credits.
			credits: u32,
			/// The share of the contributors' part that its gain earns.
			earned: Permill,
		},
		/// A claim that an audit refuted, or whose model version is condemned, credits nobody any more.
		ClaimDiscredited {
			/// The request.
			request: RequestId,
		},
		/// A claim on a false answer ended, and the fee went back to the payer.
		ClaimRejected {
			/// The request.
			request: RequestId,
			/// The fee.
			fee: Balance,
		},
		/// A position of an index was demanded.
		PositionDemanded {
			/// The model version.
			model: ModelId,
			/// The position.
			position: u32,
			/// Who asked.
			demander: T::AccountId,
			/// The first block at which it is too late to show it.
			until: BlockNumber,
		},
		/// A demanded position was shown, which ends the demand.
		PositionShown {
			/// The model version.
			model: ModelId,
			/// The position.
			position: u32,
			/// Who showed it.
			shown_by: T::AccountId,
			/// The deposit that the demander lost.
			deposit: Balance,
			/// The part of it that went to who showed it; the treasury has the rest.
			reward: Balance,
		},
		/// A demanded position was not shown in time, and the deposit given back.
		DemandUnanswered {
			/// The model version.
			model: ModelId,
			/// The position.
			position: u32,
			/// Who had asked.
			demander: T::AccountId,
			/// What the model version's owner lost; none where the version was gone or condemned already.
			penalty: Option<Balance>,
		},
		/// A claim was corrected by a record that was left out of the prompt, or stood there behind less
		/// relevant ones.
		RelevanceCorrected {
			/// The request.
			request: RequestId,
			/// Who showed it.
			challenger: T::AccountId,
			/// The place of the record in the retrieval's index.
			position: u32,
			/// Who is paid for it.
			account: T::AccountId,
			/// What the operator paid for leaving it out.
			penalty: Balance,
			/// The first block at which the claim can be final now.
			final_at: BlockNumber,
		},
	}
}
