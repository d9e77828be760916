//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use openledger_primitives_attribution::{
	audit::{Execution, Finding, Level, Recomputed, sealed},
	duplicate::Overlap,
};
use openledger_primitives_core::{Balance, BlockNumber, Hash, ModelId, RoundId, record::Compared};
use scale_info::TypeInfo;

/// Seats of a committee.
pub const COMMITTEE: u32 = 3;
/// Seats of the committee that an appeal calls.
pub const APPEAL: u32 = 3 * COMMITTEE;
/// Seats that one audit has at most: two committees and the appeal's.
pub const MAX_SEATS: u32 = 2 * COMMITTEE + APPEAL;

/// Who can be rewarded for finding one claim false at most: every seat, an appellant and a disputer.
pub const MAX_FINDERS: u32 = MAX_SEATS + 2;

/// How many seats a committee has at `level`.
pub const fn seats(level: Level) -> u32 {
	match level {
		Level::First | Level::Redraw => COMMITTEE,
		Level::Appeal => APPEAL,
	}
}

/// A bonded verifier.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Verifier<AccountId, Ticket> {
	/// The hot key that its off-chain worker signs with.
	pub agent: AccountId,
	/// What it has at stake; its chance to be drawn is in proportion.
	pub bond: Balance,
	/// The round in which it registered: nothing of it counts in draws for what was committed before, so that
	/// nobody can join once the lots are known.
	pub joined: RoundId,
	/// What of the bond counts in draws for what was committed from then on and before [`Verifier::since`], so
	/// that nobody takes itself out of lots that are known by adding to its bond.
	pub settled: Balance,
	/// The round in which it registered or last added to its bond. All of it counts in draws for what was
	/// committed in this round or later.
	pub since: RoundId,
	/// Audits that it has a seat in and that are not concluded.
	pub duties: u32,
	/// Findings that it revealed and that the verdict agreed with.
	pub upheld: u64,
	/// Duties that it neglected.
	pub strikes: u8,
	/// When it asked to leave or lost its place, if it did: it is drawn no more.
	pub leaving: Option<BlockNumber>,
	/// The deposit for what is stored of it.
	pub ticket: Ticket,
}

impl<AccountId, Ticket> Verifier<AccountId, Ticket> {
	/// What of the bond counts in draws for what was committed in `round`.
	pub fn bond_in(&self, round: RoundId) -> Balance {
		match round {
			_ if round < self.joined => 0,
			_ if round < self.since => self.settled.min(self.bond),
			_ => self.bond,
		}
	}
}

/// What lots may call to audit: a claim; a model version, whose owner takes the place of both operator and
/// payer; or two records, where who contributed the later one takes the operator's and who challenges it
/// the payer's.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Note<AccountId> {
	/// Who answered.
	pub operator: AccountId,
	/// Whose key signed the claim for its operator; none of what is no claim. One that is named later could be
	/// anybody's, and whoever it is could not be drawn.
	pub agent: Option<AccountId>,
	/// Who pays.
	pub payer: AccountId,
	/// The model version; of records zero.
	pub model: ModelId,
	/// The fee at stake; of a version, what its bond would be the penalty for, and of records what the
	/// challenger's deposit would be.
	pub fee: Balance,
	/// The round of the claim, or in which the version's audit was asked for.
	pub round: RoundId,
	/// The block of it.
	pub at: BlockNumber,
	/// What was asked, which traces are sealed with; of a version, the seed that names what is looked at, and
	/// of records the one that their comparison is keyed by, zero until it is known.
	pub subject: Hash,
	/// The sealed traces; of all but claims zero, since nobody can seal what lots have not drawn yet.
	pub trace: Hash,
	/// What the operator says that execution comes to; zero of a version, which its registry says all of, and
	/// of records, of which nobody says anything.
	pub execution: Execution,
}

/// What the audit of a model version costs and looks at.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Examination<AccountId> {
	/// Who pays.
	pub payer: AccountId,
	/// What is still held of the fee.
	pub held: Balance,
	/// What of it a seat is paid whose finding the verdict agrees with.
	pub seat: Balance,
	/// How many leaves of the index are looked at.
	pub leaves: u32,
}

/// A verifier's seat in an audit.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Seat<AccountId> {
	/// Who sits there.
	pub verifier: AccountId,
	/// The committee that it belongs to.
	pub level: Level,
	/// What it has committed to.
	pub commitment: Option<Hash>,
	/// What it has revealed.
	pub finding: Option<Finding>,
}

/// What an audit comes to.
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
pub enum Verdict {
	/// The claim is true.
	Upheld,
	/// Execution comes to this instead.
	Refuted(Execution),
	/// What was asked and answered is not handed out.
	Withheld,
	/// The model version is what was committed to. The digest is of the seals that those have shown who
	/// computed it again: who shows others did not.
	Sound(Hash),
	/// The model version is not; computing it again comes to this.
	Unsound(Recomputed),
	/// Two records have this in common, and whether one duplicates the other follows. The digest is as that
	/// of [`Verdict::Sound`].
	Compared(Overlap, Hash),
	/// The earlier of two records is not handed out.
	Unshown,
}

impl Verdict {
	/// The verdict that a finding votes for.
	pub fn of(finding: &Finding) -> Self {
		match finding {
			Finding::Upheld { .. } => Self::Upheld,
			Finding::Refuted(execution) => Self::Refuted(*execution),
			Finding::Withheld => Self::Withheld,
			Finding::Sound { seals, .. } => Self::Sound(sealed(seals)),
			Finding::Unsound(found) => Self::Unsound(*found),
			Finding::Compared { overlap, seals, .. } => Self::Compared(*overlap, sealed(seals)),
			Finding::Unshown => Self::Unshown,
		}
	}

	/// What it says of two records; none where it is not on those.
	pub fn compared(&self) -> Option<Compared> {
		match self {
			Self::Compared(overlap, _) if overlap.is_duplicate() => Some(Compared::Duplicate),
			Self::Compared(..) => Some(Compared::Distinct),
			Self::Unshown => Some(Compared::Unshown),
			Self::Withheld => Some(Compared::Withheld),
			Self::Upheld | Self::Refuted(_) | Self::Sound(_) | Self::Unsound(_) => None,
		}
	}
}

/// Where an audit stands.
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
pub enum Stage {
	/// The next committee waits for the lots that decide what was committed in this round.
	Drawing {
		/// The round.
		round: RoundId,
	},
	/// The committee executes, and commits to its findings.
	Committing {
		/// The first block at which it is too late.
		until: BlockNumber,
	},
	/// The committee reveals its findings.
	Revealing {
		/// The first block at which it is too late.
		until: BlockNumber,
	},
	/// There is a verdict, and it can be appealed.
	Decided {
		/// The verdict.
		verdict: Verdict,
		/// The first block at which it can't be appealed any more.
		until: BlockNumber,
	},
	/// The claim was refuted, and whoever has the true one can bring it.
	Correcting {
		/// The digest of the true claim.
		truth: Hash,
		/// The first block at which it is too late.
		until: BlockNumber,
	},
	/// No committee reached a majority: governance has to decide.
	Undecided,
	/// The answer is false. Anyone can bring the claim of the true one, by which contributors are made
	/// whole; then the payer has its fee back.
	Restoring {
		/// What execution comes to.
		truth: Execution,
		/// The first block at which it is too late.
		until: BlockNumber,
	},
}

impl Stage {
	/// The block from which on it is over; `None` where no block alone ends it.
	pub fn until(&self) -> Option<BlockNumber> {
		match self {
			Self::Committing { until }
			| Self::Revealing { until }
			| Self::Decided { until, .. }
			| Self::Correcting { until, .. }
			| Self::Restoring { until, .. } => Some(*until),
			Self::Drawing { .. } | Self::Undecided => None,
		}
	}
}

/// Who appealed.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Appeal<AccountId> {
	/// Who.
	pub appellant: AccountId,
	/// What it has at stake.
	pub deposit: Balance,
	/// The verdict that it appealed against.
	pub against: Verdict,
}

/// A claim under audit that its operator has shown to be a canary.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Canary<AccountId> {
	/// Who found it false, once a verdict says so: they are rewarded if the true claim shows that more is
	/// false of it than its seal.
	pub finders: BoundedVec<AccountId, ConstU32<MAX_FINDERS>>,
}

impl<AccountId> Default for Canary<AccountId> {
	fn default() -> Self {
		Self { finders: BoundedVec::new() }
	}
}

/// Who had a claim audited that lots had not called.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Dispute<AccountId> {
	/// Who.
	pub disputer: AccountId,
	/// What it has at stake.
	pub deposit: Balance,
	/// Whether lots could not have called the claim.
	pub private: bool,
}

/// An audit that is not concluded.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Audit<AccountId> {
	/// The committee that sits, or is drawn next.
	pub level: Level,
	/// Where it stands.
	pub stage: Stage,
	/// Every seat so far, the first committee's first.
	pub seats: BoundedVec<Seat<AccountId>, ConstU32<MAX_SEATS>>,
	/// The appeal, if there was one.
	pub appeal: Option<Appeal<AccountId>>,
}

impl<AccountId> Audit<AccountId> {
	/// The seats of the committee that sits now: until its findings are counted.
	pub fn sitting(&self) -> impl Iterator<Item = &Seat<AccountId>> {
		let sits = matches!(self.stage, Stage::Committing { .. } | Stage::Revealing { .. });
		self.seats.iter().filter(move |seat| sits && seat.level == self.level)
	}
}
