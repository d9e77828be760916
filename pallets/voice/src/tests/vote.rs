use super::*;
use crate::{Ballots, Tally, TotalPoints, Voices};
use codec::{Codec, DecodeWithMemTracking, MaxEncodedLen};
use frame_support::traits::fungible::InspectHold;
use scale_info::TypeInfo;
use sp_runtime::Perbill;

fn vote(who: u64, poll: u32, aye: bool) -> DispatchResult {
	Voice::vote(signed(who), poll, aye)
}

fn held(who: u64) -> Balance {
	Balances::total_balance_on_hold(&who)
}

fn rates(poll: u32) -> (Perbill, Perbill) {
	let (ayes, nays) = tally(poll);
	let tally = Tally::<Test>::from_parts(ayes, nays);
	(tally.support(TRACK), tally.approval(TRACK))
}

#[test]
fn vote_counts_all_points_of_the_voter() {
	chain(|| {
		open(0);
		earn(ALICE, 3 * OPEN);
		earn(BOB, OPEN);
		earn(CAROL, 4 * OPEN);
		assert_ok!(vote(ALICE, 0, true));
		let points = points(ALICE);
		assert_eq!(last_event(), Event::Voted { who: ALICE, poll: 0, aye: true, points }.into());
		assert_ok!(vote(BOB, 0, false));
		assert_eq!(tally(0), (points, points / 3));
		assert_eq!(rates(0), (Perbill::from_rational(3u32, 8), Perbill::from_percent(75)));
		assert!(held(ALICE) > 0);
	});
}

#[test]
fn vote_is_refused_when_the_voter_has_no_voice() {
	chain(|| {
		open(0);
		assert_noop!(vote(ALICE, 0, true), Error::<Test>::NoVoice);
		// Shares under the minimum begin none.
		earn(ALICE, OPEN - UNIT);
		assert_noop!(vote(ALICE, 0, true), Error::<Test>::NoVoice);
	});
}

#[test]
fn vote_is_refused_when_unsigned() {
	chain(|| {
		open(0);
		assert_noop!(Voice::vote(RuntimeOrigin::none(), 0, true), DispatchError::BadOrigin);
		assert_noop!(Voice::vote(RuntimeOrigin::root(), 0, true), DispatchError::BadOrigin);
	});
}

#[test]
fn vote_is_refused_when_the_poll_is_not_ongoing() {
	chain(|| {
		earn(ALICE, OPEN);
		assert_noop!(vote(ALICE, 0, true), Error::<Test>::NotOngoing);
		open(0);
		end(0, false);
		assert_noop!(vote(ALICE, 0, true), Error::<Test>::NotOngoing);
	});
}

#[test]
fn vote_is_refused_when_the_deposit_cannot_be_paid() {
	chain(|| {
		open(0);
		earn(POOR, OPEN);
		assert!(vote(POOR, 0, true).is_err());
		assert_eq!(tally(0), (0, 0));
		assert_eq!(Voices::<Test>::get(POOR).unwrap().votes, 0);
	});
}

#[test]
fn vote_is_refused_when_the_voter_has_too_many() {
	chain(|| {
		earn(ALICE, OPEN);
		(0..=MAX_VOTES).for_each(open);
		for poll in 0..MAX_VOTES {
			assert_ok!(vote(ALICE, poll, true));
		}
		assert_noop!(vote(ALICE, MAX_VOTES, true), Error::<Test>::TooManyVotes);
		// To vote anew takes no more room.
		assert_ok!(vote(ALICE, 0, false));
		// That a poll is over makes room only once the vote in it is removed.
		end(1, true);
		assert_noop!(vote(ALICE, MAX_VOTES, true), Error::<Test>::TooManyVotes);
		assert_ok!(Voice::remove_vote(signed(ALICE), 1, None));
		assert_ok!(vote(ALICE, MAX_VOTES, true));
	});
}

#[test]
fn vote_replaces_the_earlier_one_with_its_points_and_keeps_one_deposit() {
	chain(|| {
		open(0);
		earn(ALICE, OPEN);
		earn(BOB, OPEN);
		assert_ok!(vote(ALICE, 0, true));
		assert_ok!(vote(BOB, 0, true));
		let deposit = held(ALICE);
		let early = points(ALICE);
		advance(YEAR / 2);
		earn(ALICE, OPEN);
		assert_eq!(tally(0), (2 * early, 0));
		assert_ok!(vote(ALICE, 0, false));
		assert_eq!(tally(0), (early, points(ALICE)));
		assert_ok!(vote(ALICE, 0, false));
		assert_eq!(tally(0), (early, points(ALICE)));
		assert_eq!(held(ALICE), deposit);
		assert_eq!(Voices::<Test>::get(ALICE).unwrap().votes, 1);
	});
}

#[test]
fn rates_stay_as_they_are_when_nothing_happens_but_time() {
	chain(|| {
		open(0);
		earn(ALICE, 3 * OPEN);
		earn(BOB, 5 * OPEN);
		assert_ok!(vote(ALICE, 0, true));
		advance(YEAR / 3);
		assert_ok!(vote(BOB, 0, false));
		let before = rates(0);
		assert_eq!(before.0, Perbill::from_rational(3u32, 8));
		advance(5 * YEAR + 17);
		assert_eq!(rates(0), before);
	});
}

#[test]
fn support_falls_when_others_earn() {
	chain(|| {
		open(0);
		earn(ALICE, OPEN);
		assert_ok!(vote(ALICE, 0, true));
		assert_eq!(rates(0), (Perbill::one(), Perbill::one()));
		earn(BOB, OPEN);
		assert_eq!(rates(0), (Perbill::from_percent(50), Perbill::one()));
	});
}

#[test]
fn rates_are_zero_when_there_is_no_voice_or_no_vote() {
	chain(|| {
		open(0);
		assert_eq!(rates(0), (Perbill::zero(), Perbill::zero()));
		earn(ALICE, OPEN);
		assert_eq!(rates(0), (Perbill::zero(), Perbill::zero()));
		assert_ok!(vote(ALICE, 0, false));
		assert_eq!(rates(0), (Perbill::zero(), Perbill::zero()));
	});
}

#[test]
fn removing_a_vote_takes_it_out_of_the_tally_and_frees_its_deposit() {
	chain(|| {
		open(0);
		earn(ALICE, OPEN);
		earn(BOB, OPEN);
		assert_ok!(vote(ALICE, 0, true));
		assert_ok!(vote(BOB, 0, true));
		// What is earned since is not what was voted with.
		let voted = points(ALICE);
		earn(ALICE, OPEN);
		assert_ok!(Voice::remove_vote(signed(ALICE), 0, None));
		assert_eq!(last_event(), Event::VoteRemoved { who: ALICE, poll: 0 }.into());
		assert_eq!(tally(0), (voted, 0));
		assert_eq!(held(ALICE), 0);
		assert!(!Ballots::<Test>::contains_key(ALICE, 0));
		assert_eq!(Voices::<Test>::get(ALICE).unwrap().votes, 0);
	});
}

#[test]
fn removing_a_vote_is_refused_when_there_is_none() {
	chain(|| {
		open(0);
		earn(ALICE, OPEN);
		assert_noop!(Voice::remove_vote(signed(ALICE), 0, None), Error::<Test>::NoVote);
		assert_ok!(vote(ALICE, 0, true));
		assert_noop!(Voice::remove_vote(signed(BOB), 0, None), Error::<Test>::NoVote);
		assert_noop!(Voice::remove_vote(signed(ALICE), 0, Some(BOB)), Error::<Test>::NoVote);
		assert_noop!(Voice::remove_vote(signed(ALICE), 1, None), Error::<Test>::NoVote);
		assert_ok!(Voice::remove_vote(signed(ALICE), 0, Some(ALICE)));
		assert_noop!(Voice::remove_vote(signed(ALICE), 0, None), Error::<Test>::NoVote);
	});
}

#[test]
fn removing_a_vote_is_refused_to_others_while_the_poll_goes_on() {
	chain(|| {
		open(0);
		earn(ALICE, OPEN);
		assert_ok!(vote(ALICE, 0, true));
		assert_noop!(Voice::remove_vote(signed(BOB), 0, Some(ALICE)), Error::<Test>::StillOngoing);
	});
}

#[test]
fn removing_a_vote_is_refused_when_unsigned() {
	chain(|| {
		open(0);
		earn(ALICE, OPEN);
		assert_ok!(vote(ALICE, 0, true));
		assert_noop!(
			Voice::remove_vote(RuntimeOrigin::none(), 0, Some(ALICE)),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn anyone_removes_a_vote_once_the_poll_is_over_or_gone() {
	chain(|| {
		earn(ALICE, OPEN);
		for poll in [0, 1] {
			open(poll);
			assert_ok!(vote(ALICE, poll, true));
		}
		end(0, true);
		cancel(1);
		assert_ok!(Voice::remove_vote(signed(BOB), 0, Some(ALICE)));
		assert_ok!(Voice::remove_vote(signed(BOB), 1, Some(ALICE)));
		assert_eq!((held(ALICE), held(BOB)), (0, 0));
		assert_eq!(Ballots::<Test>::iter().count(), 0);
	});
}

#[test]
fn tally_never_passes_all_points_when_everyone_votes_anew() {
	chain(|| {
		open(0);
		for round in 0..4 {
			for who in 1..=6 {
				settle(&[(who, 1)], OPEN * u128::from(who) + OPEN);
				assert_ok!(vote(who, 0, (who + round) % 2 == 0));
			}
			advance(YEAR / 3);
			let (ayes, nays) = tally(0);
			assert_eq!(ayes + nays, TotalPoints::<Test>::get());
		}
	});
}

#[test]
fn tally_is_what_a_referenda_instance_asks_for() {
	fn asks<
		T: VoteTally<u128, u16>
			+ Clone
			+ Codec
			+ DecodeWithMemTracking
			+ Eq
			+ core::fmt::Debug
			+ TypeInfo
			+ MaxEncodedLen,
	>(
		tally: T,
	) -> usize {
		tally.encode().len()
	}
	assert_eq!(asks(Tally::<Test>::from_parts(1, 2)), 32);
}

#[test]
fn invariants_fail_when_a_tally_was_tampered_with() {
	externalities().execute_with(|| {
		open(0);
		earn(ALICE, OPEN);
		assert_ok!(vote(ALICE, 0, true));
		assert_ok!(Voice::do_try_state());
		open(0);
		assert!(Voice::do_try_state().is_err());
	});
}

#[test]
fn invariants_fail_when_sums_are_off() {
	let broken = |tamper: fn()| {
		externalities().execute_with(|| {
			open(0);
			earn(ALICE, OPEN);
			assert_ok!(vote(ALICE, 0, true));
			assert_ok!(Voice::do_try_state());
			tamper();
			assert!(Voice::do_try_state().is_err());
		});
	};
	broken(|| TotalPoints::<Test>::mutate(|total| *total -= 1));
	broken(|| Voices::<Test>::mutate(ALICE, |standing| standing.as_mut().unwrap().votes = 0));
	broken(|| Voices::<Test>::remove(ALICE));
	broken(|| Ballots::<Test>::remove(ALICE, 0));
	broken(|| Ballots::<Test>::mutate(ALICE, 0, |ballot| ballot.as_mut().unwrap().points += 1));
}
