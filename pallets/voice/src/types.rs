//! What the pallet stores.

use crate::{Config, Tally};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
	traits::{Footprint, Polling},
};
use scale_info::TypeInfo;

/// The number of a poll's track.
pub type TrackId = u16;

/// The number of a poll.
pub type PollIndexOf<T> = <<T as Config>::Polls as Polling<Tally<T>>>::Index;

/// What an account has of the say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Standing {
	/// Its points.
	pub points: u128,
	/// How many votes it has, in polls that are over too.
	pub votes: u32,
}

/// A vote.
#[derive(
	CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Ballot<T: Config> {
	/// For or against.
	pub aye: bool,
	/// The points that it counts for.
	pub points: u128,
	/// The voter's deposit.
	pub ticket: T::VoteConsideration,
}

impl<T: Config> Ballot<T> {
	/// What the voter pays for, key included.
	pub fn footprint() -> Footprint {
		Footprint::from_parts(
			1,
			Self::max_encoded_len()
				.saturating_add(T::AccountId::max_encoded_len())
				.saturating_add(PollIndexOf::<T>::max_encoded_len()),
		)
	}
}

/// What contributors decided about a call.
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
	/// It may take the faster way, once.
	Approved,
	/// It may not be dispatched.
	Rejected,
}

/// A verdict, and for how long it holds.
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
pub struct Ruling<BlockNumber> {
	/// The verdict.
	pub verdict: Verdict,
	/// The block it was given at.
	pub given: BlockNumber,
	/// The first block at which it doesn't hold.
	pub expires: BlockNumber,
}
