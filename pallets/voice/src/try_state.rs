//! What always holds.

use crate::{Ballots, Config, Pallet, Tally, TotalPoints, Verdicts, Voices};
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{
	ensure,
	traits::{Get, Polling},
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// The total is no less than the sum of the points, beside which it has those that were not paid out
	/// yet, and no entry is empty; each account has as many votes as
	/// it is said to, and none for more points than it has; each poll's tally is the sum of its
	/// votes; no verdict is one too many or was given in the future.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut sum = 0u128;
		let mut votes = 0u64;
		for (account, standing) in Voices::<T>::iter() {
			ensure!(standing.points > 0, "an entry without points is kept");
			sum = sum.checked_add(standing.points).ok_or("points overflow")?;
			ensure!(standing.votes <= T::MaxVotes::get(), "an account has too many votes");
			let mut counted = 0u32;
			for ballot in Ballots::<T>::iter_prefix_values(&account) {
				counted = counted.saturating_add(1);
				ensure!(ballot.points > 0, "a vote counts for nothing");
				ensure!(ballot.points <= standing.points, "a vote has more points than its voter");
			}
			ensure!(counted == standing.votes, "votes are not as many as their voter has");
			votes = votes.saturating_add(counted.into());
		}
		ensure!(sum <= TotalPoints::<T>::get(), "accounts have more points than there are");
		Self::try_tallies(votes)?;
		ensure!(Verdicts::<T>::count() <= T::MaxVerdicts::get(), "there are too many verdicts");
		let mut verdicts = 0u32;
		for ruling in Verdicts::<T>::iter_values() {
			verdicts = verdicts.saturating_add(1);
			ensure!(
				ruling.given <= Self::now() && ruling.given <= ruling.expires,
				"a verdict's blocks are out of order"
			);
		}
		ensure!(verdicts == Verdicts::<T>::count(), "verdicts are miscounted");
		Ok(())
	}

	/// A poll in which nobody has a vote is not known here, and not looked at.
	fn try_tallies(voters: u64) -> Result<(), TryRuntimeError> {
		let mut tallies = BTreeMap::new();
		let mut over = BTreeSet::new();
		let mut votes = 0u64;
		for (_, poll, ballot) in Ballots::<T>::iter() {
			votes = votes.saturating_add(1);
			if over.contains(&poll) {
				continue;
			}
			if T::Polls::as_ongoing(poll).is_none() {
				over.insert(poll);
				continue;
			}
			let tally = tallies.entry(poll).or_insert_with(|| Tally::<T>::from_parts(0, 0));
			tally.count(ballot.aye, ballot.points);
		}
		ensure!(votes == voters, "a vote has no voter");
		for (poll, sum) in tallies {
			ensure!(
				T::Polls::as_ongoing(poll).is_some_and(|(tally, _)| tally == sum),
				"a tally is not the sum of its votes"
			);
		}
		Ok(())
	}
}
