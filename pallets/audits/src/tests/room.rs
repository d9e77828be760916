use crate::{Audits, Due, Duties, Error, Event, Stage, Verdict, Verifiers, committee, mock::*};
use frame_support::{BoundedVec, assert_ok};
use openledger_primitives_attribution::audit::Level;
use openledger_primitives_core::{RequestId, subject::pair_id};
use sp_runtime::DispatchError;

const LATE: RequestId = CLAIM + 20;

fn duties(n: u8) -> u32 {
	Verifiers::<Test>::get(account(n)).unwrap().duties
}

/// Has every place of the verifiers 10 to 12 taken by a claim, of which [`CLAIM`] is the last.
fn fill() -> Vec<RequestId> {
	let claims: Vec<RequestId> = (0..6).map(|n| CLAIM + 5 - n).collect();
	for (n, claim) in claims.iter().enumerate() {
		noted(*claim, &truth());
		lots(n as u32);
		drawn(*claim).unwrap();
	}
	assert!((10..13).all(|n| duties(n) == 6));
	claims
}

#[test]
fn who_has_no_room_is_waited_for_and_not_passed_over() {
	chain(3, || {
		let claims = fill();
		(13..18).for_each(|n| register(n, BOND));
		noted(LATE, &truth());
		lots(98);
		let seed = Seeds::get()[&(Round::get() - 2)];
		let all = (10..18).map(|n| (account(n), BOND)).collect();
		let committee = committee::draw(&seed, &(LATE, Level::First), all, 3);
		assert!(committee.iter().any(|who| (10..13).any(|n| *who == account(n))));
		assert_eq!(drawn(LATE), Err(Error::<Test>::NotDrawnYet.into()));
		wait(2);
		assert!(matches!(stage_of(LATE), Stage::Drawing { .. }));
		let finding = honest(&truth());
		for claim in claims {
			find_in(claim, &[10, 11, 12].map(|n| (n, finding.clone())));
		}
		for _ in 0..3 * WINDOW {
			if (10..13).all(|n| duties(n) == 0) {
				break;
			}
			wait(1);
		}
		wait(2);
		let seats = Audits::<Test>::get(LATE).unwrap().seats;
		let sitting: Vec<_> = seats.into_iter().map(|seat| seat.verifier).collect();
		assert_eq!(sitting, committee);
	});
}

#[test]
fn committee_that_has_sat_leaves_room_while_its_audit_goes_on() {
	chain(3, || {
		let claims = fill();
		let finding = honest(&truth());
		for claim in claims.iter().copied() {
			commit_in(claim, 10, &finding).unwrap();
		}
		let places = || (10..13).map(|n| Duties::<Test>::get(account(n)).len()).collect::<Vec<_>>();
		assert_eq!(places(), [6, 6, 6]);
		wait(COMMIT + 2);
		for claim in claims.iter().copied() {
			reveal_in(claim, 10, finding.clone()).unwrap();
			assert_eq!(level_of(claim), Level::Redraw);
		}
		// Nobody else is there for the second committee, and what they found is not judged.
		assert_eq!((places(), (10..13).map(duties).collect::<Vec<_>>()), (vec![0; 3], vec![6; 3]));
		noted(LATE, &truth());
		lots(98);
		assert_ok!(drawn(LATE));
		assert_eq!(sitting_in(LATE).len(), 3);
	});
}

#[test]
fn operator_strikes_nobody_from_a_committee_by_naming_it_as_its_agent() {
	for named in [account(10), account(agent(10))] {
		chain(3, || {
			noted(CLAIM, &truth());
			let signed = OperatorsAgent::get();
			OperatorsAgent::set(named);
			lots(1);
			assert_ok!(drawn(CLAIM));
			assert_eq!(sitting().len(), 3);
			OperatorsAgent::set(signed);
		});
	}
}

#[test]
fn who_left_is_drawn_for_what_was_claimed_before_until_its_bond_is_free() {
	for (blocks, committee) in [(19, vec![10, 11, 12]), (20, vec![])] {
		chain(3, || {
			noted(CLAIM, &truth());
			wait(1);
			assert_ok!(Verification::leave(signed(10)));
			lots(1);
			wait(blocks);
			assert_ok!(drawn(CLAIM));
			let mut found = Audits::<Test>::get(CLAIM).map_or(vec![], |_| sitting());
			found.sort();
			assert_eq!(found, committee);
		});
	}
}

#[test]
fn pairs_of_records_leave_room_for_claims() {
	chain(3, || {
		let pair = contributed();
		for n in 0..3 {
			challenge(CHALLENGER, pair).unwrap();
			lots(n);
			let drawn = Verification::advance(signed(9), pair_id(n));
			let expected = if n < 2 { Ok(()) } else { Err(Error::<Test>::NotDrawnYet.into()) };
			assert_eq!(drawn, expected);
		}
		assert!((10..13).all(|n| duties(n) == 2));
		assert_eq!(called(&truth()).len(), 3);
	});
}

#[test]
fn bond_is_neither_added_to_lots_that_are_known_nor_taken_from_them() {
	chain(1, || {
		let one = || Verifiers::<Test>::get(account(10)).unwrap();
		assert_eq!((one().bond_in(3), one().bond_in(4)), (0, BOND));
		Round::set(9);
		assert_ok!(Verification::bond_extra(signed(10), 50));
		// Lots of its first rounds are not forgotten yet.
		assert_eq!([3, 8, 9].map(|round| one().bond_in(round)), [0, BOND, BOND + 50]);
		Round::set(10);
		assert_ok!(Verification::bond_extra(signed(10), 0));
		assert_eq!([3, 9, 10].map(|round| one().bond_in(round)), [0, BOND, BOND + 50]);
		Round::set(40);
		assert_ok!(Verification::bond_extra(signed(10), 1));
		assert_eq!((one().bond_in(39), one().bond_in(40)), (BOND + 50, BOND + 51));
		Round::set(41);
		assert_ok!(Verification::bond_extra(signed(10), 9));
		assert_eq!((one().bond_in(40), one().bond_in(41)), (BOND + 50, BOND + 60));
	});
}

#[test]
fn adding_to_a_bond_does_not_end_an_audit() {
	chain(3, || {
		Round::set(30);
		noted(CLAIM, &truth());
		lots(1);
		assert_ok!(Verification::bond_extra(signed(11), 1));
		assert_ok!(drawn(CLAIM));
		assert_eq!(sitting().len(), 3);
	});
}

#[test]
fn who_shares_an_agent_with_a_party_is_not_drawn() {
	chain(3, || {
		// The operator's agent, and the payer itself.
		for (n, agent) in [(13, 30), (14, 5)] {
			let bond = 20 * BOND;
			Verification::register_verifier(signed(n), account(agent), bond).unwrap();
		}
		let committee = called(&truth());
		assert!(committee.iter().all(|n| (10..13).contains(n)), "{committee:?}");
	});
}

#[test]
fn who_says_nothing_where_no_committee_agrees_is_fined_and_keeps_its_place() {
	chain(6, || {
		called(&truth());
		wait(COMMIT);
		lots(2);
		wait(2);
		let second = sitting();
		commit(second[0], &honest(&truth())).unwrap();
		wait(COMMIT);
		reveal(second[0], honest(&truth())).unwrap();
		assert_eq!(stage(), Stage::Undecided);
		assert_ok!(Verification::resolve(RuntimeOrigin::root(), CLAIM, Verdict::Upheld));
		for n in 10..16 {
			let verifier = Verifiers::<Test>::get(account(n)).unwrap();
			let fine = if n == second[0] { 0 } else { 24 };
			assert_eq!((verifier.bond, verifier.strikes, verifier.duties), (BOND - fine, 0, 0));
		}
		assert_eq!(paid(second[0]), 3);
	});
}

#[test]
fn full_queue_keeps_nobody_from_committing_revealing_and_appealing() {
	chain(12, || {
		let committee = called(&truth());
		for block in 0..200 {
			Due::<Test>::insert(block, BoundedVec::truncate_from(vec![1, 2]));
		}
		let finding = honest(&truth());
		find(&committee.iter().map(|n| (*n, finding.clone())).collect::<Vec<_>>());
		assert!(matches!(stage(), Stage::Decided { .. }));
		let error: DispatchError = Error::<Test>::QueueFull.into();
		System::assert_has_event(Event::AdvanceFailed { claim: CLAIM, error }.into());
		assert_ok!(Verification::appeal(signed(9), CLAIM));
		lots(7);
		assert_ok!(Verification::advance(signed(8), CLAIM));
		assert_eq!(sitting().len(), 9);
		let _ = Due::<Test>::clear(u32::MAX, None);
	});
}
