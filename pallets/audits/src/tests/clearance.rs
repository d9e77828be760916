use crate::{Audits, Duties, Error, Event, Notes, Stage, Verdicts, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::traits::{Audits as _, Clearance};
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;

type E = Error<Test>;

#[test]
fn claim_waits_for_lots_that_did_not_exist_when_it_was_made() {
	chain(3, || {
		noted(CLAIM, &truth());
		assert_eq!(clearance(CLAIM), Clearance::Until(3));
		// A seed of another round says nothing.
		Seeds::mutate(|seeds| seeds.insert(3, Default::default()));
		assert_eq!(clearance(CLAIM), Clearance::Until(3));
		assert_eq!(Audits::<Test>::iter().count(), 0);
		lots(1);
		assert_eq!(clearance(CLAIM), Clearance::Until(3));
		assert_eq!(stage(), Stage::Drawing { round: 4 });
		wait(1);
		assert_eq!(stage(), Stage::Committing { until: 2 + COMMIT });
	});
}

#[test]
fn claim_that_lots_do_not_call_is_clear() {
	chain(3, || {
		Rate::set(Permill::zero());
		noted(CLAIM, &truth());
		lots(1);
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		assert_eq!(Notes::<Test>::get(CLAIM), None);
		assert_eq!(clearance(CLAIM), Clearance::Clear);
	});
}

#[test]
fn claim_that_was_never_noted_is_clear() {
	chain(3, || assert_eq!(clearance(99), Clearance::Clear));
}

#[test]
fn claim_is_not_audited_when_there_are_too_few_verifiers() {
	chain(2, || {
		noted(CLAIM, &truth());
		lots(1);
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		System::assert_last_event(Event::NotAudited { claim: CLAIM }.into());
		assert_eq!((Audits::<Test>::iter().count(), Duties::<Test>::iter().count()), (0, 0));
	});
	// There are enough, and one of them is the payer.
	chain(2, || {
		register(5, BOND);
		noted(CLAIM, &truth());
		lots(1);
		assert_ok!(drawn(CLAIM));
		System::assert_last_event(Event::NotAudited { claim: CLAIM }.into());
		assert_eq!((Audits::<Test>::iter().count(), Duties::<Test>::iter().count()), (0, 0));
		assert_eq!(clearance(CLAIM), Clearance::Clear);
	});
}

#[test]
fn other_lots_decide_when_seeds_are_forgotten() {
	chain(3, || {
		noted(CLAIM, &truth());
		Round::set(50);
		assert_eq!(clearance(CLAIM), Clearance::Until(3));
		assert_eq!(Notes::<Test>::get(CLAIM).unwrap().round, 50);
		lots(1);
		clearance(CLAIM);
		assert!(Audits::<Test>::contains_key(CLAIM));
	});
}

#[test]
fn nobody_sits_who_joined_after_the_claim_or_is_a_party_to_it() {
	chain(0, || {
		register(10, BOND);
		register(11, BOND);
		register(12, BOND);
		// The operator and the payer.
		register(1, 500_000);
		register(5, 500_000);
		noted(CLAIM, &truth());
		Round::set(5);
		register(14, 500_000);
		Seeds::mutate(|seeds| seeds.insert(4, Default::default()));
		drawn(CLAIM).unwrap();
		let mut committee = sitting();
		committee.sort();
		assert_eq!(committee, [10, 11, 12]);
	});
}

#[test]
fn leaving_once_the_claim_is_made_comes_too_late() {
	chain(3, || {
		noted(CLAIM, &truth());
		wait(1);
		Verification::leave(signed(10)).unwrap();
		lots(1);
		drawn(CLAIM).unwrap();
		assert!(sitting().contains(&10));
	});
	chain(4, || {
		wait(1);
		Verification::leave(signed(10)).unwrap();
		noted(CLAIM, &truth());
		lots(1);
		drawn(CLAIM).unwrap();
		assert!(!sitting().contains(&10));
	});
}

#[test]
fn nobody_sits_in_more_audits_than_it_has_room_for() {
	chain(3, || {
		for request in 0..7 {
			noted(request, &truth());
		}
		lots(1);
		for request in 0..6 {
			drawn(request).unwrap();
		}
		// It waits until one of them has room again, rather than being paid unaudited.
		assert_eq!(drawn(6), Err(E::NotDrawnYet.into()));
		assert!(matches!(clearance(6), Clearance::Until(_)));
		assert!(matches!(Audits::<Test>::get(6).unwrap().stage, Stage::Drawing { .. }));
		// However often it is asked for, it takes no room of others' deadlines.
		let listed = || crate::Due::<Test>::iter_values().map(|due| due.len()).sum::<usize>();
		let before = listed();
		clearance(6);
		assert_eq!(listed(), before);
	});
}

#[test]
fn audit_waits_when_no_block_has_room_for_its_deadline() {
	chain(3, || {
		for block in 0..100 {
			crate::Due::<Test>::insert(block, frame_support::BoundedVec::truncate_from(vec![1, 2]));
		}
		noted(CLAIM, &truth());
		lots(1);
		assert_eq!(clearance(CLAIM), Clearance::Until(3));
		assert!(!Audits::<Test>::contains_key(CLAIM));
		crate::Due::<Test>::remove(10);
		clearance(CLAIM);
		assert_eq!(stage(), Stage::Drawing { round: 4 });
		assert!(crate::Due::<Test>::get(10).contains(&CLAIM));
		let _ = crate::Due::<Test>::clear(u32::MAX, None);
	});
}

#[test]
fn verdict_is_kept_until_the_claim_is_forgotten() {
	chain(3, || {
		let committee = called(&truth());
		find(&committee.iter().map(|n| (*n, honest(&truth()))).collect::<Vec<_>>());
		wait(WINDOW + 1);
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		assert!(Verdicts::<Test>::contains_key(CLAIM));
		<Verification as openledger_primitives_core::traits::Audits<AccountId32>>::forget(CLAIM);
		assert!(!Verdicts::<Test>::contains_key(CLAIM));
	});
}

#[test]
fn advance_is_refused_before_a_stage_is_over() {
	chain(3, || {
		assert_noop!(Verification::advance(signed(9), CLAIM), E::UnknownAudit);
		called(&truth());
		assert_noop!(Verification::advance(signed(9), CLAIM), E::TooEarly);
		System::set_block_number(u64::from(1 + COMMIT));
		// Nobody has committed: another committee is drawn, for which there are no others.
		assert_ok!(Verification::advance(signed(9), CLAIM));
		assert!(matches!(stage(), Stage::Drawing { .. }));
		assert_noop!(Verification::advance(signed(9), CLAIM), E::NotDrawnYet);
		assert!(Verification::footprint() > 0);
	});
}
