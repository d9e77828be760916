//! What the pallet stores, and what of it is paid for.

use crate::{Config, Error};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound, ensure,
	pallet_prelude::BoundedVec, traits::Footprint,
};
use openledger_primitives_core::{
	BlockNumber, ContributionId, DatanetId, Hash, Name, SnapshotId, Text,
	merkle::Frontier,
	record::{RecordEntry, Snapshot},
};
use scale_info::TypeInfo;

/// The kind of records that a Datanet holds.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Kind {
	/// Plain text.
	Text,
	/// A question with its answer.
	QuestionAnswer,
	/// A labelled image.
	Image,
	/// A structured row.
	Row,
}

impl Kind {
	/// The kind's name as users write it.
	pub fn as_str(self) -> &'static str {
		match self {
			Self::Text => "text",
			Self::QuestionAnswer => "question-answer",
			Self::Image => "image",
			Self::Row => "row",
		}
	}
}

/// Who accepts contributions.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Policy {
	/// Anyone, once the reveal period is over. Only the owner rejects.
	Open,
	/// The owner.
	Owner,
	/// The curators, and the owner.
	Curators,
}

impl Policy {
	/// The policy's name as users write it.
	pub fn as_str(self) -> &'static str {
		match self {
			Self::Open => "open",
			Self::Owner => "owner",
			Self::Curators => "curators",
		}
	}
}

/// A Datanet.
#[derive(
	CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Datanet<T: Config> {
	/// Who owns it, and paid its deposit.
	pub owner: T::AccountId,
	/// Who may take it over.
	pub offered: Option<T::AccountId>,
	/// Whether a dispute awarded it to whom it is offered: until then its owner may do nothing.
	pub awarded: bool,
	/// Its name.
	pub name: Name,
	/// What it holds.
	pub description: Text,
	/// The kind of records.
	pub kind: Kind,
	/// The terms that contributors agree to.
	pub terms: Text,
	/// Who accepts contributions.
	pub policy: Policy,
	/// The curators; empty unless the policy is theirs.
	pub curators: BoundedVec<T::AccountId, T::MaxCurators>,
	/// Whether it takes contributions no more.
	pub closed: bool,
	/// The owner's deposit.
	pub ticket: T::DatanetConsideration,
}

impl<T: Config> Datanet<T> {
	/// Refuses whoever is not the owner, and the owner once a dispute awarded it to another.
	///
	/// # Errors
	///
	/// [`Error::NotOwner`], [`Error::Awarded`].
	pub fn ensure_owned_by(&self, who: &T::AccountId) -> Result<(), Error<T>> {
		ensure!(self.owner == *who, Error::<T>::NotOwner);
		ensure!(!self.awarded, Error::<T>::Awarded);
		Ok(())
	}

	/// Whether `who` may accept, reject and freeze.
	pub fn is_curated_by(&self, who: &T::AccountId) -> bool {
		self.owner == *who && !self.awarded
			|| self.policy == Policy::Curators && self.curators.contains(who)
	}

	/// What the owner pays for: texts and curators as long as they are, everything else, the tree's
	/// peaks included, as large as it can get.
	pub fn footprint(texts: usize, curators: usize) -> Footprint {
		let account = T::AccountId::max_encoded_len();
		let fixed = T::DatanetConsideration::max_encoded_len()
			.saturating_add(Progress::max_encoded_len())
			.saturating_add(DatanetId::max_encoded_len())
			.saturating_add(Kind::max_encoded_len())
			.saturating_add(Policy::max_encoded_len())
			.saturating_add(bool::max_encoded_len());
		let accounts = account.saturating_mul(curators.saturating_add(2));
		Footprint::from_parts(1, fixed.saturating_add(accounts).saturating_add(texts))
	}

	/// The bytes of its texts.
	pub fn texts(&self) -> usize {
		self.name.len().saturating_add(self.description.len()).saturating_add(self.terms.len())
	}
}

/// A Datanet's tree and counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Progress {
	/// The tree over accepted records.
	pub tree: Frontier,
	/// Contributions ever revealed; the next one's number.
	pub contributions: ContributionId,
	/// Contributions in storage.
	pub stored: u32,
	/// Snapshots ever frozen; the next one's number.
	pub snapshots: SnapshotId,
	/// Snapshots in storage.
	pub frozen: u32,
}

/// A commitment not revealed yet.
#[derive(
	CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Commitment<T: Config> {
	/// The block it was made at.
	pub at: BlockNumber,
	/// The contributor's deposit.
	pub ticket: T::CommitmentConsideration,
}

impl<T: Config> Commitment<T> {
	/// What the contributor pays for, key included.
	pub fn footprint() -> Footprint {
		Footprint::from_parts(
			1,
			Self::max_encoded_len()
				.saturating_add(DatanetId::max_encoded_len())
				.saturating_add(T::AccountId::max_encoded_len())
				.saturating_add(Hash::max_encoded_len()),
		)
	}
}

/// How far a contribution is. Rejected and withdrawn ones leave storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Status {
	/// Revealed, and waiting.
	Pending,
	/// In the tree.
	Accepted {
		/// The tree index of its first record; the others follow.
		first_index: u32,
	},
}

/// A revealed batch of records.
#[derive(
	CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Contribution<T: Config> {
	/// Who made it.
	pub contributor: T::AccountId,
	/// The block of its commitment.
	pub committed_at: BlockNumber,
	/// How far it is.
	pub status: Status,
	/// Its records: all while pending, those in the tree once accepted.
	pub records: BoundedVec<RecordEntry, T::MaxRecords>,
	/// The contributor's deposit.
	pub ticket: T::ContributionConsideration,
}

impl<T: Config> Contribution<T> {
	/// What the contributor pays for: the entry itself, its place in the tree's order, and for each
	/// record its line in the list and its entry among the holders.
	pub fn footprint(records: usize) -> Footprint {
		Self::covered(records, 0)
	}

	/// What the contributor still pays for once so many of the records are excluded: the deposit for what is
	/// stored of those is lost for good, and only that they are excluded is paid for.
	pub fn covered(records: usize, excluded: usize) -> Footprint {
		let record = RecordEntry::max_encoded_len()
			.saturating_add(DatanetId::max_encoded_len())
			.saturating_add(Hash::max_encoded_len())
			.saturating_add(Holder::max_encoded_len());
		let noted = if excluded == 0 { 0 } else { Dispute::<T>::excluded_len(excluded) };
		let records = records.saturating_sub(excluded);
		let fixed = T::AccountId::max_encoded_len()
			.saturating_add(BlockNumber::max_encoded_len())
			.saturating_add(Status::max_encoded_len())
			.saturating_add(T::ContributionConsideration::max_encoded_len())
			.saturating_add(<[u32; 5]>::max_encoded_len());
		let listed = record.saturating_mul(records).saturating_add(noted);
		Footprint::from_parts(1, fixed.saturating_add(listed))
	}
}

/// Challenges to the records of one contribution.
#[derive(
	CloneNoBound,
	DebugNoBound,
	DefaultNoBound,
	PartialEqNoBound,
	EqNoBound,
	Encode,
	Decode,
	MaxEncodedLen,
	TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Dispute<T: Config> {
	/// Challenges to its records that are not decided. A number, since as many as anybody likes may be made
	/// to one record: a list that is full would shield it.
	pub open: u32,
	/// Records that earn nothing any more, by their places in the tree.
	pub excluded: BoundedVec<u32, T::MaxRecords>,
}

impl<T: Config> Dispute<T> {
	/// Whether the record at this place of the tree is excluded.
	pub fn excludes(&self, index: u32) -> bool {
		self.excluded.contains(&index)
	}

	/// Whether there is nothing to remember.
	pub fn is_empty(&self) -> bool {
		self.open == 0 && self.excluded.is_empty()
	}

	/// The bytes of an entry with so many excluded records, key included.
	fn excluded_len(excluded: usize) -> usize {
		// The key, the number and the list's length; for each record its line, and its entry's key.
		let line = <[u32; 3]>::max_encoded_len();
		<[u32; 4]>::max_encoded_len().saturating_add(excluded.saturating_mul(line))
	}
}

/// Which contribution a content hash belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Holder {
	/// The contribution.
	pub contribution: ContributionId,
	/// The block of its commitment.
	pub committed_at: BlockNumber,
	/// Whether the record is in the tree.
	pub accepted: bool,
}

impl Holder {
	/// Whether the record stays with this holder when `contribution`, committed at `committed_at`,
	/// has it too. What is in the tree stays; else the earlier commitment has it, and of two from
	/// one block the one revealed first.
	pub fn precedes(&self, contribution: ContributionId, committed_at: BlockNumber) -> bool {
		self.accepted || (self.committed_at, self.contribution) < (committed_at, contribution)
	}
}

/// A frozen tree and who uses it.
#[derive(
	CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct FrozenSnapshot<T: Config> {
	/// What was frozen.
	pub snapshot: Snapshot,
	/// How many model versions are trained on it.
	pub users: u32,
	/// Who froze it, and paid the deposit.
	pub depositor: T::AccountId,
	/// The deposit.
	pub ticket: T::SnapshotConsideration,
}

impl<T: Config> FrozenSnapshot<T> {
	/// What the depositor pays for, key included.
	pub fn footprint() -> Footprint {
		let key = DatanetId::max_encoded_len().saturating_add(SnapshotId::max_encoded_len());
		Footprint::from_parts(1, Self::max_encoded_len().saturating_add(key))
	}
}
