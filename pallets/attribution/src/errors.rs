//! Why calls are refused.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// There is no such claim.
		UnknownClaim,
		/// The request has a claim already.
		AlreadyClaimed,
		/// There is no such model version, or it has no index.
		UnknownModel,
		/// Too many claims become final at that time: submit it a block later.
		QueueFull,
		/// The claim is final.
		AlreadyFinal,
		/// The window is over: the claim takes no more challenges.
		WindowClosed,
		/// The claim's window is not over.
		WindowOpen,
		/// A committed challenge can still be opened.
		ChallengeStanding,
		/// The caller has a challenge to this target already: open or withdraw it first.
		AlreadyChallenged,
		/// The caller has no challenge to this target.
		NoChallenge,
		/// A challenge is opened in a later block than it is committed.
		TooEarly,
		/// The time to open challenges is over: withdraw it.
		TooLate,
		/// What is opened is not what this caller committed to.
		WrongOpening,
		/// The model version's own terms can't be met.
		BadTerms,
		/// The query sketch's length is not the method's dimension.
		QueryLength,
		/// A leaf's sketch has another length than the query's.
		LeafLength,
		/// A component of a sketch is −128.
		Asymmetric,
		/// More leaves are credited, or more records shown, than the method allows.
		TooManyCredits,
		/// Contributors are credited where records are paid, or the other way round.
		WrongMethod,
		/// The leaves are not ordered by score, then position, or one stands twice.
		Unordered,
		/// A paid leaf's score does not exceed its floor.
		BelowFloor,
		/// A record that is not the head of its cluster is credited.
		NotHead,
		/// The position lies in no snapshot, or the record shown is not the one at that position.
		WrongPosition,
		/// The index leaves' proof fails: one of them is not in the index, or names another record
		/// than the one shown.
		NotInIndex,
		/// A record leaf's proof fails.
		NotInSnapshot,
		/// The contributor leaves' proof fails.
		NotAContributor,
		/// A contributor is paid twice.
		PaidTwice,
		/// A contributor is paid without one record that shows it contributed.
		NoWitness,
		/// The payer's own records or leaf are credited.
		Payer,
		/// The leaf is already credited: withdraw the challenge, where it is one.
		AlreadyCredited,
		/// The leaf does not come before the last one credited: withdraw the challenge, where it is one.
		NotBetter,
		/// The claim may be audited, or its audit is under way: finalize it later.
		NotCleared,
		/// The index leaf names the snapshot's own record: it is not forged.
		TrueLeaf,
		/// An omission is a claim's: challenge the claim.
		WrongTarget,
		/// The model version is condemned already, and nothing more can be shown: withdraw the
		/// challenge.
		AlreadyCondemned,
		/// The position is demanded already: wait for it to be shown.
		AlreadyDemanded,
		/// As many positions of this index are demanded as can be: wait for one to be shown.
		TooManyDemands,
		/// The position is not demanded.
		NoDemand,
		/// The position can still be shown: conclude the demand later.
		DemandOpen,
		/// The model version is retired, or engines don't compute its arithmetic any more, and nothing that was
		/// asked of it is open: nothing has to be shown of its index any more.
		NotInUse,
		/// The model version puts records into prompts and the claim does not say which, or the other way
		/// round.
		Retrieval,
		/// The question's sketch is not the one that the claim was made with.
		OtherQuestion,
		/// An audit put another claim into the place of the one that was challenged, or took all credits from
		/// it: withdraw the challenge.
		Superseded,
	}
}
