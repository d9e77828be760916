//! Why calls are refused.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// The account is a verifier already.
		AlreadyRegistered,
		/// The account is no verifier.
		NotVerifier,
		/// There are as many verifiers as there can be.
		TooManyVerifiers,
		/// The account answers for another verifier already.
		AgentTaken,
		/// The bond is below the minimum.
		BondTooSmall,
		/// The verifier is leaving.
		Leaving,
		/// The verifier has not asked to leave.
		NotLeaving,
		/// The unbonding period is not over.
		StillBonded,
		/// Audits that the verifier has a seat in are not concluded.
		OpenDuties,
		/// The claim is not being audited.
		UnknownAudit,
		/// The caller answers for no verifier.
		NotAgent,
		/// The caller's verifier has no seat in the committee that sits.
		NoSeat,
		/// The committee does not commit now.
		NotCommitting,
		/// The verifier has committed to a finding already.
		AlreadyCommitted,
		/// The committee does not reveal now: wait until all have committed, or the time for it is
		/// over.
		NotRevealing,
		/// The verifier has revealed its finding already.
		AlreadyRevealed,
		/// What is revealed is not what this verifier committed to.
		WrongOpening,
		/// The finding upholds the claim and does not show the trace of an execution.
		NotExecuted,
		/// The finding refutes the claim by what the claim says.
		NothingRefuted,
		/// There is no verdict to appeal against, or it was the last one.
		NotDecided,
		/// The claim was not refuted, or is corrected already.
		NotCorrecting,
		/// The claim that is brought is not the one that the verdict found to be true.
		NotTheTruth,
		/// Committees have not failed to decide.
		NotUndecided,
		/// The time for it is over.
		TooLate,
		/// The time for it has not come.
		TooEarly,
		/// The lots that draw the committee are not known yet, or verifiers have no room: it is tried
		/// again by itself.
		NotDrawnYet,
		/// Too many audits have their deadlines at that time: try again a block later.
		QueueFull,
		/// A number passes what it can hold.
		Overflow,
		/// It is being audited already.
		UnderAudit,
		/// The finding is on another kind of subject: a claim, a model version or two records.
		WrongFinding,
		/// The verdict is on another kind of subject: a claim, a model version or two records.
		WrongVerdict,
		/// There is no such claim that is still to be audited or cleared: it may be paid, or its answer can't
		/// be executed again.
		UnknownClaim,
		/// The claim is not private, or was opened before: lots decide about it.
		NotPrivate,
		/// Another account pays for the answer.
		NotPayer,
		/// There are not enough verifiers for a committee without those who gain or lose by it: try again
		/// once there are.
		TooFewVerifiers,
		/// Lots have called the claim: it is audited without a dispute.
		CalledAnyway,
		/// The claim is no canary with this secret: what it has sealed follows from something else.
		NotCanary,
		/// The canary was unveiled before.
		AlreadyUnveiled,
	}
}
