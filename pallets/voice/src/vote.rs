//! Voting.

use crate::{Ballot, Ballots, Config, Error, Event, Pallet, Voices, types::PollIndexOf};
use frame_support::{
	ensure,
	traits::{Consideration, Get, PollStatus, Polling},
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_vote(who: T::AccountId, poll: PollIndexOf<T>, aye: bool) -> DispatchResult {
		let mut standing = Voices::<T>::get(&who).ok_or(Error::<T>::NoVoice)?;
		let points = standing.points;
		T::Polls::try_access_poll(poll, |status| {
			let (tally, _) = status.ensure_ongoing().ok_or(Error::<T>::NotOngoing)?;
			let footprint = Ballot::<T>::footprint();
			let ticket = match Ballots::<T>::get(&who, poll) {
				Some(earlier) => {
					tally.discount(earlier.aye, earlier.points);
					earlier.ticket.update(&who, footprint)?
				}
				None => {
					ensure!(standing.votes < T::MaxVotes::get(), Error::<T>::TooManyVotes);
					standing.votes = standing.votes.saturating_add(1);
					T::VoteConsideration::new(&who, footprint)?
				}
			};
			tally.count(aye, points);
			Ballots::<T>::insert(&who, poll, Ballot { aye, points, ticket });
			Ok(())
		})?;
		Voices::<T>::insert(&who, standing);
		Self::deposit_event(Event::Voted { who, poll, aye, points });
		Ok(())
	}

	pub(crate) fn do_remove_vote(
		caller: T::AccountId,
		poll: PollIndexOf<T>,
		who: Option<T::AccountId>,
	) -> DispatchResult {
		let who = who.unwrap_or_else(|| caller.clone());
		let ballot = Ballots::<T>::take(&who, poll).ok_or(Error::<T>::NoVote)?;
		T::Polls::try_access_poll(poll, |status| match status {
			PollStatus::Ongoing(tally, _) => {
				ensure!(caller == who, Error::<T>::StillOngoing);
				tally.discount(ballot.aye, ballot.points);
				Ok(())
			}
			// A referendum that was cancelled is none any more; that there is a vote shows that it
			// was one.
			PollStatus::Completed(..) | PollStatus::None => Ok(()),
		})?;
		Voices::<T>::mutate(&who, |standing| {
			if let Some(standing) = standing {
				standing.votes = standing.votes.saturating_sub(1);
			}
		});
		ballot.ticket.drop(&who)?;
		Self::deposit_event(Event::VoteRemoved { who, poll });
		Ok(())
	}
}
