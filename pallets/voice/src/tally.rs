//! How a poll's votes add up.

use crate::{Config, TotalPoints, types::TrackId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound, traits::VoteTally};
use scale_info::TypeInfo;
use sp_runtime::Perbill;

/// The points for and against. Those who voted early and those who voted late are compared as they
/// are, since points don't fade.
#[derive(
	CloneNoBound,
	DebugNoBound,
	PartialEqNoBound,
	EqNoBound,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[codec(mel_bound())]
#[scale_info(skip_type_params(T))]
pub struct Tally<T: Config> {
	/// Points for.
	pub ayes: u128,
	/// Points against.
	pub nays: u128,
	_config: PhantomData<T>,
}

impl<T: Config> Tally<T> {
	/// A tally of that many points.
	pub fn from_parts(ayes: u128, nays: u128) -> Self {
		Self { ayes, nays, _config: PhantomData }
	}

	fn side(&mut self, aye: bool) -> &mut u128 {
		if aye { &mut self.ayes } else { &mut self.nays }
	}

	/// Counts a vote. Nobody votes twice, so the sum is at most all points that there are.
	pub(crate) fn count(&mut self, aye: bool, points: u128) {
		let side = self.side(aye);
		*side = side.saturating_add(points);
	}

	/// Takes a counted vote back.
	pub(crate) fn discount(&mut self, aye: bool, points: u128) {
		let side = self.side(aye);
		*side = side.saturating_sub(points);
	}
}

/// The ratio, where nothing of nothing is nothing.
fn part(some: u128, all: u128) -> Perbill {
	if all == 0 { Perbill::zero() } else { Perbill::from_rational(some, all) }
}

impl<T: Config> VoteTally<u128, TrackId> for Tally<T> {
	fn new(_: TrackId) -> Self {
		Self::from_parts(0, 0)
	}

	fn ayes(&self, _: TrackId) -> u128 {
		self.ayes
	}

	/// What part of all voice is for it, of voice that was not paid out yet too, which can't vote.
	fn support(&self, _: TrackId) -> Perbill {
		part(self.ayes, TotalPoints::<T>::get())
	}

	fn approval(&self, _: TrackId) -> Perbill {
		part(self.ayes, self.ayes.saturating_add(self.nays))
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn unanimity(_: TrackId) -> Self {
		Self::from_parts(TotalPoints::<T>::get(), 0)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn rejection(_: TrackId) -> Self {
		Self::from_parts(0, TotalPoints::<T>::get())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn from_requirements(support: Perbill, approval: Perbill, _: TrackId) -> Self {
		let ayes = support.mul_ceil(TotalPoints::<T>::get());
		let votes = approval.saturating_reciprocal_mul_floor(ayes);
		Self::from_parts(ayes, votes.saturating_sub(ayes))
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn setup(_: TrackId, granularity: Perbill) {
		let account: T::AccountId = frame_benchmarking::account("voter", 0, 0);
		let points = granularity.saturating_reciprocal_mul_ceil(crate::index::UNIT);
		crate::Voices::<T>::mutate(&account, |standing| {
			let standing = standing.get_or_insert_default();
			standing.points = standing.points.saturating_add(points);
		});
		TotalPoints::<T>::mutate(|total| *total = total.saturating_add(points));
	}
}
