//! Why calls are refused.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
	#[pallet::error]
	pub enum Error<T> {
		/// There is no such Datanet.
		NotFound,
		/// Only the Datanet's owner may do this.
		NotOwner,
		/// A dispute awarded the Datanet to another account, which has yet to take it over: until
		/// then its owner may do nothing with it.
		Awarded,
		/// Only the owner, or a curator under the curators' policy, may do this.
		NotCurator,
		/// Only the contributor may do this.
		NotContributor,
		/// The Datanet was not offered to this account.
		NotOffered,
		/// The Datanet is closed.
		Closed,
		/// The Datanet has to be closed first.
		NotClosed,
		/// A name, terms' text or reason is not UTF-8, or a name or reason is blank.
		NotText,
		/// A curator is named twice.
		DuplicateCurator,
		/// The curators' policy needs at least one curator.
		NoCurators,
		/// Curators are named under a policy that has none.
		UnusedCurators,
		/// The account has this commitment already.
		AlreadyCommitted,
		/// The account has no such commitment: nothing was committed, or the records, their order,
		/// the account or the salt differ from what was.
		NotCommitted,
		/// Another's commitment can be dropped only once it has expired.
		NotExpired,
		/// A commitment can be revealed from the next block on.
		RevealedTooEarly,
		/// The commitment's reveal period is over; commit again.
		CommitmentExpired,
		/// A contribution needs at least one record.
		NoRecords,
		/// A record's size is zero or above the limit.
		RecordSizeOutOfRange,
		/// A record is in the batch twice.
		DuplicateRecord,
		/// A record is accepted already, or pending from an earlier commitment.
		RecordTaken,
		/// There is no such contribution.
		ContributionNotFound,
		/// The contribution is accepted already.
		AlreadyAccepted,
		/// The contribution is still pending.
		StillPending,
		/// Earlier commitments can still be revealed; accept it once the reveal period is over.
		NotYetAcceptable,
		/// Earlier contributions have every record of this one; reject or withdraw it.
		NothingLeft,
		/// The tree holds as many records as a tree can.
		TreeFull,
		/// There is no such snapshot.
		SnapshotNotFound,
		/// Nothing was accepted since the last snapshot.
		NothingNew,
		/// A model version is trained on the snapshot.
		SnapshotInUse,
		/// Snapshots have to be removed first.
		HasSnapshots,
		/// Contributions have to be rejected, withdrawn or archived first.
		HasContributions,
		/// No number is left to give.
		NumbersExhausted,
		/// There is no such record in the Datanet's tree, or the list that it was in is removed.
		RecordNotFound,
		/// The record is excluded already: it earns nothing.
		RecordExcluded,
		/// A record of the contribution is challenged: wait until that is decided.
		RecordDisputed,
	}
}
