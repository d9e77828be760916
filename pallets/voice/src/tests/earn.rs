use super::*;
use crate::{TotalPoints, Voices, index::Index};
use frame_support::traits::Polling;
use proptest::prelude::*;
use sp_runtime::Perbill;

#[test]
fn earning_credits_payees_in_proportion_to_pay() {
	chain(|| {
		settle(&[(ALICE, 30), (BOB, 10)], 8 * OPEN);
		assert_eq!(Voice::weight_of(&ALICE), 6 * OPEN);
		assert_eq!(Voice::weight_of(&BOB), 2 * OPEN);
		assert_eq!(Voice::total_weight(), 8 * OPEN);
		assert!(System::events().is_empty());
	});
}

#[test]
fn voice_leaves_the_whole_when_it_is_nobodys() {
	chain(|| {
		let points = earned(&[(ALICE, 3), (BOB, 1)], 8 * OPEN);
		forgo(points[1]);
		pay_out(ALICE, points[0]);
		assert_eq!(TotalPoints::<Test>::get(), points[0]);
		assert_eq!(Voice::total_weight(), Voice::weight_of(&ALICE));
	});
}

#[test]
fn earning_drops_what_is_short_of_a_unit() {
	chain(|| {
		MinEarned::set(0);
		settle(&[(ALICE, 1)], UNIT - 1);
		settle(&[(ALICE, 1), (BOB, 1), (CAROL, 1)], 2 * UNIT);
		assert_eq!(TotalPoints::<Test>::get(), 0);
		settle(&[(ALICE, 1), (BOB, 1), (CAROL, 1)], 5 * UNIT - 1);
		assert_eq!(Voice::weight_of(&ALICE), UNIT);
		assert_eq!(Voice::total_weight(), 3 * UNIT);
	});
}

#[test]
fn earning_credits_nothing_when_no_one_is_paid() {
	chain(|| {
		settle(&[], 100 * OPEN);
		settle(&[(ALICE, 0), (BOB, 0)], 100 * OPEN);
		settle(&[(ALICE, 5)], 0);
		assert_eq!(Voices::<Test>::iter().count(), 0);
		settle(&[(ALICE, 0), (BOB, 5)], 100 * OPEN);
		assert_eq!(Voices::<Test>::iter_keys().collect::<Vec<_>>(), [BOB]);
	});
}

#[test]
fn earning_credits_nothing_when_payments_overflow() {
	chain(|| {
		settle(&[(ALICE, Balance::MAX), (BOB, 1)], 100 * OPEN);
		assert_eq!(TotalPoints::<Test>::get(), 0);
		settle(&[(ALICE, Balance::MAX)], 100 * OPEN);
		assert_eq!(Voice::weight_of(&ALICE), 100 * OPEN);
		// The share fits, the points of it don't.
		advance(40 * YEAR);
		earn(BOB, Balance::MAX);
		assert_eq!(points(BOB), 0);
	});
}

#[test]
fn earning_credits_nothing_when_all_voice_together_would_not_fit() {
	chain(|| {
		earn(ALICE, OPEN);
		TotalPoints::<Test>::put(u128::MAX - points(ALICE));
		assert_eq!(earned(&[(BOB, 1), (CAROL, 1)], 4 * OPEN), [0, 0]);
		assert_eq!(TotalPoints::<Test>::get(), u128::MAX - points(ALICE));
		earn(BOB, OPEN);
		assert_eq!(TotalPoints::<Test>::get(), u128::MAX);
	});
}

#[test]
fn voice_is_in_the_whole_before_it_is_paid_out_and_a_payout_changes_no_support() {
	chain(|| {
		let payments = [(ALICE, 1), (BOB, 3)];
		let [alice, bob] = earned(&payments, 8 * OPEN)[..] else { panic!() };
		assert_eq!((points(ALICE), points(BOB)), (0, 0));
		assert_eq!(TotalPoints::<Test>::get(), alice + bob);
		assert_eq!(Voice::total_weight(), 8 * OPEN);
		pay_out(ALICE, alice);
		open(0);
		assert_ok!(Voice::vote(signed(ALICE), 0, true));
		let support = || Polls::as_ongoing(0).unwrap().0.support(TRACK);
		assert_eq!(support(), Perbill::from_percent(25));
		pay_out(BOB, bob);
		assert_eq!(points(BOB), 3 * points(ALICE));
		assert_eq!(support(), Perbill::from_percent(25));
		assert_eq!(TotalPoints::<Test>::get(), alice + bob);
	});
}

#[test]
fn voice_is_no_longer_in_the_whole_when_its_payout_is_under_the_minimum() {
	chain(|| {
		let [alice, bob] = earned(&[(ALICE, 1), (BOB, 3)], 3 * OPEN)[..] else { panic!() };
		pay_out(ALICE, alice);
		assert_eq!((points(ALICE), TotalPoints::<Test>::get()), (0, bob));
		pay_out(BOB, bob);
		assert_eq!((points(BOB), TotalPoints::<Test>::get()), (bob, bob));
	});
}

#[test]
fn earning_looks_at_no_more_payees_than_a_claim_credits() {
	chain(|| {
		let payments: Vec<_> = (0..17).map(|account| (account, 1)).collect();
		settle(&payments, 32 * OPEN);
		assert_eq!(points(16), 0);
		assert_eq!(Voice::weight_of(&15), 2 * OPEN);
		assert_eq!(Voice::total_weight(), 32 * OPEN);
	});
}

#[test]
fn payee_is_credited_for_each_payment_when_it_is_named_twice() {
	chain(|| {
		settle(&[(ALICE, 1), (BOB, 2), (ALICE, 1)], 8 * OPEN);
		assert_eq!(Voice::weight_of(&ALICE), 4 * OPEN);
	});
}

#[test]
fn earning_begins_no_entry_when_it_is_under_the_minimum() {
	chain(|| {
		earn(ALICE, OPEN - 1);
		settle(&[(ALICE, 1), (BOB, 3)], 3 * OPEN);
		assert_eq!(points(ALICE), 0);
		assert_eq!(Voice::weight_of(&BOB), 9 * OPEN / 4);
		earn(ALICE, OPEN);
		earn(ALICE, UNIT);
		assert_eq!(Voice::weight_of(&ALICE), OPEN + UNIT);
	});
}

#[test]
fn voice_halves_with_each_year_and_no_one_gains_by_waiting() {
	chain(|| {
		earn(ALICE, 4 * OPEN);
		advance(YEAR);
		earn(BOB, 4 * OPEN);
		assert_eq!(Voice::weight_of(&ALICE), 2 * OPEN);
		assert_eq!(points(BOB), 2 * points(ALICE));
		for _ in 0..3 * YEAR {
			advance(1);
			let (alice, bob) = (Voice::weight_of(&ALICE), Voice::weight_of(&BOB));
			assert!(bob == 2 * alice || bob == 2 * alice + 1);
		}
		assert_eq!(Voice::weight_of(&BOB), OPEN / 2);
		assert_eq!(Voice::total_weight(), 3 * OPEN / 4);
	});
}

#[test]
fn account_without_voice_weighs_nothing() {
	chain(|| {
		assert_eq!(Voice::weight_of(&ALICE), 0);
		assert_eq!(Voice::total_weight(), 0);
	});
}

#[test]
fn forgetting_removes_an_entry_faded_to_less_than_half_of_the_minimum() {
	chain(|| {
		earn(ALICE, OPEN);
		earn(BOB, 8 * OPEN);
		advance(YEAR + 1);
		assert_ok!(Voice::forget(signed(CAROL), ALICE));
		assert_eq!(last_event(), Event::Forgotten { account: ALICE }.into());
		assert!(!Voices::<Test>::contains_key(ALICE));
		assert_eq!(TotalPoints::<Test>::get(), points(BOB));
	});
}

#[test]
fn forgetting_is_refused_when_the_entry_began_less_than_a_year_ago() {
	chain(|| {
		earn(ALICE, OPEN);
		for blocks in [0, 1, YEAR - 1] {
			advance(blocks);
			assert_noop!(Voice::forget(signed(BOB), ALICE), Error::<Test>::StillHeard);
		}
	});
}

#[test]
fn forgetting_is_refused_when_there_is_nothing_to_forget() {
	chain(|| {
		assert_noop!(Voice::forget(signed(ALICE), ALICE), Error::<Test>::NoVoice);
		earn(ALICE, OPEN);
		advance(2 * YEAR);
		assert_ok!(Voice::forget(signed(ALICE), ALICE));
		assert_noop!(Voice::forget(signed(ALICE), ALICE), Error::<Test>::NoVoice);
	});
}

#[test]
fn forgetting_is_refused_when_unsigned() {
	chain(|| {
		earn(ALICE, OPEN);
		advance(2 * YEAR);
		assert_noop!(Voice::forget(RuntimeOrigin::none(), ALICE), DispatchError::BadOrigin);
		assert_noop!(Voice::forget(RuntimeOrigin::root(), ALICE), DispatchError::BadOrigin);
	});
}

#[test]
fn forgetting_is_refused_while_votes_stand() {
	chain(|| {
		earn(ALICE, OPEN);
		open(0);
		assert_ok!(Voice::vote(signed(ALICE), 0, true));
		advance(2 * YEAR);
		assert_noop!(Voice::forget(signed(BOB), ALICE), Error::<Test>::HasVotes);
		end(0, true);
		assert_noop!(Voice::forget(signed(BOB), ALICE), Error::<Test>::HasVotes);
		assert_ok!(Voice::remove_vote(signed(BOB), 0, Some(ALICE)));
		assert_ok!(Voice::forget(signed(BOB), ALICE));
	});
}

#[test]
fn entry_without_weight_can_be_forgotten_when_there_is_no_minimum() {
	chain(|| {
		MinEarned::set(0);
		earn(ALICE, UNIT);
		advance(39 * YEAR);
		assert_eq!(Voice::weight_of(&ALICE), 1);
		assert_noop!(Voice::forget(signed(BOB), ALICE), Error::<Test>::StillHeard);
		advance(YEAR);
		assert_ok!(Voice::forget(signed(BOB), ALICE));
	});
}

#[derive(Clone, Debug)]
enum Step {
	Settle(Vec<(u64, Balance)>, Balance),
	Vote(u64, u32, bool),
	Remove(u64, u32, u64),
	Toggle(u32),
	Forget(u64),
	Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
	let payments = proptest::collection::vec((1u64..8, 0..10 * OPEN), 0..17);
	let step = prop_oneof![
		4 => (payments, 0..20 * OPEN).prop_map(|(payments, sunk)| Step::Settle(payments, sunk)),
		3 => (1u64..9, 0u32..5, any::<bool>()).prop_map(|(who, poll, aye)| Step::Vote(who, poll, aye)),
		2 => (1u64..9, 0u32..5, 1u64..9).prop_map(|(by, poll, who)| Step::Remove(by, poll, who)),
		1 => (0u32..5).prop_map(Step::Toggle),
		2 => (1u64..9).prop_map(Step::Forget),
		2 => (0..2 * YEAR).prop_map(Step::Wait),
	];
	proptest::collection::vec(step, 1..40)
}

proptest! {
	#[test]
	fn totals_are_the_sums_through_any_steps(steps in steps()) {
		chain(|| {
			let mut sunk_units = 0u128;
			for step in steps {
				match step {
					Step::Settle(payments, sunk) => {
						let index = Index::at(System::block_number().into(), YEAR.into())
							.and_then(|index| index.points(1))
							.unwrap();
						let before: Vec<_> = (1..8).map(|who| (who, points(who))).collect();
						settle(&payments, sunk);
						sunk_units += sunk / UNIT;
						let mut given = 0;
						for (who, before) in before {
							let earned = points(who) - before;
							assert_eq!(earned % index, 0);
							given += earned / index;
						}
						assert!(given <= sunk / UNIT);
					}
					Step::Vote(who, poll, aye) => {
						let _ = Voice::vote(signed(who), poll, aye);
					}
					Step::Remove(by, poll, who) => {
						let _ = Voice::remove_vote(signed(by), poll, Some(who));
					}
					Step::Toggle(poll) => match StoredPolls::get().get(&poll) {
						None => open(poll),
						Some(Poll::Ongoing(_)) => end(poll, true),
						Some(Poll::Ended(..)) => {}
					},
					Step::Forget(who) => {
						let _ = Voice::forget(signed(who), who);
					}
					Step::Wait(blocks) => advance(blocks),
				}
				check();
				let weights: Balance = (1..9).map(|who| Voice::weight_of(&who)).sum();
				assert!(weights <= Voice::total_weight());
				assert!(Voice::total_weight() <= sunk_units * UNIT);
			}
		});
	}
}
