//! What the pallet tells of.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	// The sentence of each event tells what its fields are.
	#[allow(missing_docs)]
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A Datanet was created.
		Created { datanet: DatanetId, owner: T::AccountId },
		/// It was set anew who accepts contributions.
		PolicySet { datanet: DatanetId, policy: Policy, curators: u32 },
		/// A Datanet was offered to a new owner.
		OwnershipOffered { datanet: DatanetId, to: T::AccountId },
		/// The offer of a Datanet was taken back.
		OwnershipOfferWithdrawn { datanet: DatanetId },
		/// A dispute awarded a Datanet: to its owner, who goes on, or to whoever takes it over now.
		OwnershipAwarded { datanet: DatanetId, to: T::AccountId },
		/// A Datanet and its deposit passed to a new owner.
		OwnershipTransferred { datanet: DatanetId, from: T::AccountId, to: T::AccountId },
		/// A batch was committed to; its priority is this block.
		Committed { datanet: DatanetId, contributor: T::AccountId, commitment: Hash },
		/// A commitment was dropped and its deposit freed.
		CommitmentDropped { datanet: DatanetId, contributor: T::AccountId, commitment: Hash },
		/// A batch was revealed, and waits to be accepted.
		Revealed {
			datanet: DatanetId,
			contribution: ContributionId,
			contributor: T::AccountId,
			records: u32,
		},
		/// A pending contribution lost a record to one that was committed earlier.
		RecordSuperseded {
			datanet: DatanetId,
			content: Hash,
			contribution: ContributionId,
			by: ContributionId,
		},
		/// A contribution was appended to the tree.
		Accepted {
			datanet: DatanetId,
			contribution: ContributionId,
			first_index: u32,
			records: u32,
			/// Records left out because an earlier contribution has them.
			skipped: u32,
			root: Hash,
		},
		/// A pending contribution was rejected and its deposit freed.
		Rejected { datanet: DatanetId, contribution: ContributionId, reason: Text },
		/// A pending contribution was withdrawn by its contributor.
		Withdrawn { datanet: DatanetId, contribution: ContributionId },
		/// The tree was frozen.
		SnapshotFrozen { datanet: DatanetId, snapshot: SnapshotId, root: Hash, count: u32 },
		/// A snapshot that nothing uses was removed.
		SnapshotRemoved { datanet: DatanetId, snapshot: SnapshotId },
		/// A Datanet takes no more contributions.
		Closed { datanet: DatanetId },
		/// The list of an accepted contribution was removed; the tree keeps its leaves.
		Archived { datanet: DatanetId, contribution: ContributionId },
		/// A Datanet was removed.
		Removed { datanet: DatanetId },
		/// A record earns nothing from now on, and lost its part of its contribution's deposit.
		RecordExcluded {
			datanet: DatanetId,
			index: u32,
			contributor: T::AccountId,
			/// Who had half of what it lost, where anybody had.
			rewarded: Option<T::AccountId>,
			reward: Balance,
			burned: Balance,
		},
	}
}
