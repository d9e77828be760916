//! What the pallet tells of.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A verifier registered and bonded.
		VerifierRegistered {
			/// The verifier.
			verifier: T::AccountId,
			/// Who answers for it.
			agent: T::AccountId,
			/// Its bond.
			bond: Balance,
		},
		/// A verifier added to its bond.
		BondAdded {
			/// The verifier.
			verifier: T::AccountId,
			/// What it added.
			amount: Balance,
		},
		/// A verifier is drawn no more.
		VerifierLeaving {
			/// The verifier.
			verifier: T::AccountId,
			/// The first block at which it can withdraw its bond.
			free_at: BlockNumber,
		},
		/// A verifier withdrew its bond and is gone.
		BondWithdrawn {
			/// The verifier.
			verifier: T::AccountId,
			/// Its bond.
			bond: Balance,
		},
		/// A verifier neglected a duty, or a verdict disagreed with it.
		VerifierFined {
			/// The verifier.
			verifier: T::AccountId,
			/// What it lost of its bond.
			amount: Balance,
			/// Whether it neglected its duty.
			neglected: bool,
		},
		/// A verifier lost its place.
		VerifierExpelled {
			/// The verifier.
			verifier: T::AccountId,
		},
		/// Lots called a claim to audit, and there are not enough verifiers for a committee.
		NotAudited {
			/// The claim.
			claim: RequestId,
		},
		/// Lots called a private claim to audit, and nobody had it opened: it is paid unaudited.
		KeptPrivate {
			/// The claim.
			claim: RequestId,
		},
		/// A payer lets a private claim be audited as others are, where lots call it.
		Consented {
			/// The claim.
			claim: RequestId,
		},
		/// Somebody disputed a claim, which is audited whatever lots say.
		Disputed {
			/// The claim.
			claim: RequestId,
			/// Who disputed it.
			disputer: T::AccountId,
			/// What it has at stake.
			deposit: Balance,
		},
		/// A dispute is over.
		DisputeEnded {
			/// The claim.
			claim: RequestId,
			/// Who had disputed it.
			disputer: T::AccountId,
			/// What came back of the deposit.
			returned: Balance,
			/// What the payer has for having been opened.
			paid: Balance,
		},
		/// A committee was drawn.
		CommitteeDrawn {
			/// The claim.
			claim: RequestId,
			/// Which committee it is.
			level: Level,
			/// Who sits in it.
			committee: Vec<T::AccountId>,
			/// The first block at which it is too late to commit.
			until: BlockNumber,
		},
		/// A verifier committed to what it found.
		FindingCommitted {
			/// The claim.
			claim: RequestId,
			/// The verifier.
			verifier: T::AccountId,
		},
		/// A verifier revealed what it found.
		FindingRevealed {
			/// The claim.
			claim: RequestId,
			/// The verifier.
			verifier: T::AccountId,
		},
		/// A committee's findings were counted.
		FindingsCounted {
			/// The claim.
			claim: RequestId,
			/// The committee.
			level: Level,
			/// What more than half of its seats voted for, if anything.
			verdict: Option<Verdict>,
		},
		/// A verdict was appealed.
		Appealed {
			/// The claim.
			claim: RequestId,
			/// Who appealed.
			appellant: T::AccountId,
		},
		/// No committee reached a majority: governance has to decide.
		AuditUndecided {
			/// The claim.
			claim: RequestId,
		},
		/// A claim was refuted, and its operator paid for it.
		ClaimRefuted {
			/// The claim.
			claim: RequestId,
			/// Who had answered.
			operator: T::AccountId,
			/// What it paid.
			penalty: Balance,
		},
		/// An audit ended.
		AuditConcluded {
			/// The claim.
			claim: RequestId,
			/// What it came to.
			verdict: Verdict,
		},
		/// An audit could not be taken further by itself; anyone can advance it.
		AdvanceFailed {
			/// The claim.
			claim: RequestId,
			/// Why.
			error: DispatchError,
		},
		/// The audit of a model version was asked for, and its fee held.
		ExaminationAsked {
			/// The version.
			model: ModelId,
			/// Who pays.
			payer: T::AccountId,
			/// What is held.
			fee: Balance,
		},
		/// A model version earns without an audit.
		VersionNotAudited {
			/// The version.
			model: ModelId,
			/// Why.
			reason: Unaudited,
		},
		/// A verifier was paid out of the fee for a model version's audit.
		ExaminerPaid {
			/// The version.
			model: ModelId,
			/// The verifier.
			verifier: T::AccountId,
			/// What it was paid.
			amount: Balance,
		},
		/// The rest of the fee for a model version's audit went back.
		ExaminationEnded {
			/// The version.
			model: ModelId,
			/// Who had paid.
			payer: T::AccountId,
			/// What went back.
			returned: Balance,
		},
		/// An operator has shown that a claim under audit is a canary.
		CanaryUnveiled {
			/// The claim.
			claim: RequestId,
			/// Whose it is.
			operator: T::AccountId,
		},
		/// A verifier has upheld a canary, and lost a part of its bond.
		CanaryPassed {
			/// The claim.
			claim: RequestId,
			/// Who upheld it.
			verifier: T::AccountId,
			/// What it lost.
			amount: Balance,
			/// What of that the canary's operator has.
			earned: Balance,
		},
		/// A canary was found false and harmless, and its operator paid for it.
		CanaryPaid {
			/// The claim.
			claim: RequestId,
			/// Whose it is.
			operator: T::AccountId,
			/// What it was paid.
			paid: Balance,
		},
	}
}
