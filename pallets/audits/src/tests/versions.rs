use crate::{
	Audits, Config, Drawn, Error, Event, Examinations, HoldReason, Notes, Stage, Verdict, Verdicts,
	mock::*,
};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::audit::{Finding, Level};
use openledger_primitives_core::{
	Hash,
	model::{Assurance, Unaudited},
	subject::version_id,
	traits::{Examinations as _, Lots as _},
};
use sp_runtime::Permill;

fn assured() -> Assurance {
	Assured::get()[&MODEL]
}

fn verdict() -> Option<Verdict> {
	Verdicts::<Test>::get(VERSION)
}

/// Everybody of the committee finds the same.
fn agreed(finding: impl Fn() -> Finding) {
	let findings: Vec<_> = sitting_in(VERSION).into_iter().map(|n| (n, finding())).collect();
	find_in(VERSION, &findings);
}

fn decide() {
	wait(WINDOW);
}

#[test]
fn version_is_audited_once_most_of_a_committee_compute_the_same() {
	chain(5, || {
		let committee = examined(1);
		assert_eq!(committee.len(), 3);
		assert!(matches!(stage_of(VERSION), Stage::Committing { until } if until == 1 + EXAMINE));
		agreed(|| sound(1));
		assert!(matches!(stage_of(VERSION), Stage::Decided { verdict: Verdict::Sound(_), .. }));
		assert_eq!(assured(), Assurance::Waiting, "the verdict can be appealed");
		decide();
		assert_eq!(assured(), Assurance::Audited);
		assert!(matches!(verdict(), Some(Verdict::Sound(_))));
		assert!(!Audits::<Test>::contains_key(VERSION) && !Notes::<Test>::contains_key(VERSION));
		Verification::forget(MODEL);
		assert_eq!(verdict(), None);
		assert_eq!(Drawn::<Test>::get(MODEL), None);
	});
}

#[test]
fn what_is_looked_at_follows_from_a_seed_that_came_after_the_commitment() {
	chain(3, || {
		ask(1).unwrap();
		assert_eq!(Notes::<Test>::get(VERSION).unwrap().subject, Hash::zero());
		assert_noop!(Verification::advance(signed(9), VERSION), Error::<Test>::NotDrawnYet);
		let round = <Test as Config>::Lots::round();
		lots(7);
		assert_ok!(Verification::advance(signed(9), VERSION));
		let seed = Seeds::get()[&round];
		assert_eq!(Notes::<Test>::get(VERSION).unwrap().subject, seed);
		// Another committee looks at the same.
		wait(EXAMINE);
		assert_eq!(level_of(VERSION), Level::Redraw);
		lots(8);
		assert_eq!(Notes::<Test>::get(VERSION).unwrap().subject, seed);
	});
}

/// Has the committee find the version withheld.
fn withheld() {
	agreed(|| Finding::Withheld);
	decide();
	assert_eq!(assured(), Assurance::Withheld);
}

#[test]
fn version_that_is_audited_again_is_looked_at_in_the_same_places() {
	chain(6, || {
		examined(1);
		let first = Notes::<Test>::get(VERSION).unwrap().subject;
		assert_eq!(Drawn::<Test>::get(MODEL), Some(first));
		withheld();
		ask(2).unwrap();
		lots(2);
		assert_ok!(Verification::advance(signed(9), VERSION));
		assert_eq!(Drawn::<Test>::get(MODEL), Some(first), "withholding draws nothing else");
		let second = Notes::<Test>::get(VERSION).unwrap().subject;
		assert_ne!(second, first, "traces of the last audit do not serve in this one");
	});
}

#[test]
fn what_lots_have_named_stays_when_no_verifier_has_room_until_they_are_forgotten() {
	chain(3, || {
		for claim in 20..26 {
			noted(claim, &truth());
		}
		lots(1);
		for claim in 20..26 {
			drawn(claim).unwrap();
		}
		ask(1).unwrap();
		let round = Round::get();
		lots(2);
		let named = Seeds::get()[&round];
		assert_ok!(Verification::advance(signed(9), VERSION));
		assert!(matches!(stage_of(VERSION), Stage::Drawing { .. }));
		assert_eq!(Drawn::<Test>::get(MODEL), Some(named));
		assert_noop!(Verification::advance(signed(9), VERSION), Error::<Test>::NotDrawnYet);
		Seeds::mutate(|seeds| seeds.remove(&round));
		assert_ok!(Verification::advance(signed(9), VERSION));
		lots(3);
		assert_noop!(Verification::advance(signed(9), VERSION), Error::<Test>::NotDrawnYet);
		assert_eq!(Drawn::<Test>::get(MODEL), Some(named));
	});
}

#[test]
fn version_that_was_withheld_does_not_earn_by_not_being_called_again() {
	chain(6, || {
		examined(1);
		withheld();
		ModelsRate::set(Permill::from_parts(1));
		examined(2);
		assert!(matches!(stage_of(VERSION), Stage::Committing { .. }));
		assert_eq!(assured(), Assurance::Waiting);
	});
}

#[test]
fn version_that_was_withheld_is_left_to_governance_when_there_are_too_few_who_may_sit() {
	chain(3, || {
		examined(1);
		withheld();
		// The owner verifies too, and has no seat.
		register(OWNER, BOND);
		Verification::leave(signed(FIRST)).unwrap();
		ask(2).unwrap();
		wait(1);
		lots(2);
		wait(2);
		assert_eq!(stage_of(VERSION), Stage::Undecided);
		assert_eq!(assured(), Assurance::Waiting);
		let resolve = |verdict| Verification::resolve(RuntimeOrigin::root(), VERSION, verdict);
		assert_ok!(resolve(Verdict::Withheld));
		assert_eq!(assured(), Assurance::Withheld);
		assert_eq!(held(HoldReason::Examination, OWNER), 0);
	});
}

#[test]
fn verifiers_have_as_much_more_time_as_they_have_versions_to_examine_before() {
	chain(3, || {
		let until = |id| match stage_of(id) {
			Stage::Committing { until } => until,
			stage => panic!("{stage:?}"),
		};
		examined(1);
		assert_eq!(until(VERSION), 1 + EXAMINE);
		// A claim takes other time of theirs.
		called(&truth());
		assert_eq!(until(CLAIM), 1 + COMMIT);
		ask_of(MODEL + 1, 1).unwrap();
		lots(3);
		assert_ok!(Verification::advance(signed(9), version_id(MODEL + 1)));
		assert_eq!(
			sitting_in(version_id(MODEL + 1)).len(),
			3,
			"who is drawn does not depend on it"
		);
		assert_eq!(until(version_id(MODEL + 1)), 1 + 2 * EXAMINE);
	});
}

#[test]
fn refuted_version_is_condemned_and_those_who_found_out_are_rewarded() {
	chain(5, || {
		let committee = examined(1);
		agreed(|| unsound(1));
		decide();
		assert_eq!(assured(), Assurance::Refuted);
		let (model, rewarded, most) = Condemned::get().pop().unwrap();
		let expected: Vec<_> = committee.iter().map(|n| account(*n)).collect();
		assert_eq!((model, rewarded), (MODEL, expected));
		assert_eq!(most, 2, "what a fine takes of the least bond");
	});
}

#[test]
fn withheld_version_is_not_audited_and_can_be_asked_for_again() {
	chain(6, || {
		examined(1);
		agreed(|| Finding::Withheld);
		decide();
		assert_eq!(assured(), Assurance::Withheld);
		assert!(Condemned::get().is_empty());
		Round::set(Round::get() + 10);
		examined(2);
		assert_eq!(verdict(), None);
		agreed(|| sound(1));
		decide();
		assert_eq!(assured(), Assurance::Audited);
	});
}

#[test]
fn who_shows_another_computation_than_most_is_fined_though_it_says_the_same() {
	chain(3, || {
		let committee = examined(1);
		let findings: Vec<_> =
			committee.iter().zip([1, 1, 2]).map(|(n, seen)| (*n, sound(seen))).collect();
		find_in(VERSION, &findings);
		decide();
		assert_eq!(assured(), Assurance::Audited);
		let bonds: Vec<_> = committee.iter().map(|n| bond(*n)).collect();
		// 2 % of the bond, and a tenth of what stands for the version's bond.
		let fined = BOND - BOND / 50 - INDEX_BOND / 20 / 10;
		assert_eq!(bonds, [BOND, BOND, fined]);
	});
}

#[test]
fn agreeing_is_refused_without_the_trace_of_the_level_or_on_the_wrong_subject() {
	chain(4, || {
		let committee = examined(1);
		let Finding::Sound { seals, .. } = sound(1) else { panic!("sound") };
		let copied = Finding::Sound { trace: seals[0], seals };
		let claimed = honest_claim();
		commit_in(VERSION, committee[0], &copied).unwrap();
		commit_in(VERSION, committee[1], &claimed).unwrap();
		commit_in(VERSION, committee[2], &sound(1)).unwrap();
		assert_noop!(reveal_in(VERSION, committee[0], copied), Error::<Test>::NotExecuted);
		assert_noop!(reveal_in(VERSION, committee[1], claimed), Error::<Test>::WrongFinding);
		assert_ok!(reveal_in(VERSION, committee[2], sound(1)));
	});
}

/// A finding that would do for a claim.
fn honest_claim() -> Finding {
	noted(CLAIM, &truth());
	let seals = openledger_primitives_attribution::audit::seals(&subject(), &traces(100));
	Finding::Upheld { trace: traces(100)[0], seals }
}

#[test]
fn version_is_drawn_again_once_and_then_left_to_governance() {
	chain(8, || {
		let committee = examined(1);
		let kinds = [sound(1), unsound(1), Finding::Withheld];
		let findings: Vec<_> = committee.iter().copied().zip(kinds).collect();
		find_in(VERSION, &findings);
		assert_eq!(level_of(VERSION), Level::Redraw);
		lots(2);
		Verification::advance(signed(9), VERSION).unwrap();
		let second = sitting_in(VERSION);
		assert!(second.iter().all(|n| !committee.contains(n)));
		let kinds = [sound(1), unsound(1), unsound(2)];
		find_in(VERSION, &second.iter().copied().zip(kinds).collect::<Vec<_>>());
		assert_eq!(stage_of(VERSION), Stage::Undecided);
		assert_eq!(assured(), Assurance::Waiting);
		let resolve = |verdict| Verification::resolve(RuntimeOrigin::root(), VERSION, verdict);
		assert_noop!(resolve(Verdict::Upheld), Error::<Test>::WrongVerdict);
		let verdict = Verdict::of(&sound(1));
		assert_ok!(resolve(verdict));
		assert_eq!(assured(), Assurance::Audited);
		// Who found it at either level is right, though each has shown a trace of its own.
		assert_eq!([committee[0], second[0]].map(bond), [BOND, BOND]);
		assert!([committee[1], second[1], second[2]].iter().all(|n| bond(*n) < BOND));
	});
}

#[test]
fn claim_is_not_resolved_by_a_verdict_on_versions() {
	chain(3, || {
		called(&truth());
		wait(2 * COMMIT);
		lots(3);
		wait(10);
		assert_eq!(stage(), Stage::Undecided);
		assert_noop!(
			Verification::resolve(RuntimeOrigin::root(), CLAIM, Verdict::Sound(Hash::zero())),
			Error::<Test>::WrongVerdict
		);
	});
}

#[test]
fn captured_verdict_on_a_version_is_changed_by_an_appeal() {
	chain(14, || {
		let committee = examined(1);
		agreed(|| unsound(9));
		assert_ok!(Verification::appeal(signed(OWNER), VERSION));
		// Three times the fee for which a claim's penalty would be the bond.
		assert_eq!(held(HoldReason::Appeal, OWNER), 3 * INDEX_BOND / 20);
		lots(2);
		Verification::advance(signed(9), VERSION).unwrap();
		assert_eq!(sitting_in(VERSION).len(), 9);
		agreed(|| sound(1));
		assert_eq!(assured(), Assurance::Audited);
		assert_eq!(held(HoldReason::Appeal, OWNER), 0);
		assert!(Condemned::get().is_empty());
		assert!(committee.iter().all(|n| bond(*n) < BOND));
	});
}

#[test]
fn appeal_that_finds_the_same_at_another_level_is_lost() {
	chain(14, || {
		let committee = examined(1);
		agreed(|| sound(1));
		assert_ok!(Verification::appeal(signed(5), VERSION));
		lots(2);
		Verification::advance(signed(9), VERSION).unwrap();
		agreed(|| sound(1));
		assert_eq!(assured(), Assurance::Audited);
		assert_eq!(held(HoldReason::Appeal, 5), 0);
		assert_eq!(Balances::free_balance(account(5)), RICH - 3 * INDEX_BOND / 20);
		assert!(committee.iter().all(|n| bond(*n) == BOND));
	});
}

#[test]
fn version_earns_unaudited_when_there_are_too_few_who_may_sit() {
	chain(3, || {
		// The owner verifies too, and has no seat.
		register(OWNER, BOND);
		Verification::leave(signed(FIRST)).unwrap();
		ask(1).unwrap();
		wait(1);
		lots(1);
		wait(2);
		let reason = Unaudited::TooFewVerifiers;
		assert_eq!(assured(), Assurance::Unaudited(reason));
		System::assert_has_event(Event::VersionNotAudited { model: MODEL, reason }.into());
		assert!(Examinations::<Test>::get(MODEL).is_none());
		assert_eq!(held(HoldReason::Examination, OWNER), 0);
	});
}

#[test]
fn version_earns_unaudited_when_lots_do_not_call_it() {
	chain(5, || {
		ModelsRate::set(Permill::from_parts(1));
		ask(1).unwrap();
		lots(1);
		assert_ok!(Verification::advance(signed(9), VERSION));
		assert_eq!(assured(), Assurance::Unaudited(Unaudited::NotCalled));
		assert_eq!(held(HoldReason::Examination, OWNER), 0);
	});
}

#[test]
fn no_version_is_audited_while_it_is_switched_off_or_there_are_no_verifiers() {
	chain(2, || {
		assert_eq!(Verification::hindrance(), Some(Unaudited::TooFewVerifiers));
		register(20, BOND);
		assert_eq!(Verification::hindrance(), None);
		ModelsRate::set(Permill::zero());
		assert_eq!(Verification::hindrance(), Some(Unaudited::Off));
	});
}

#[test]
fn audit_is_refused_while_one_is_open_or_its_owner_cannot_pay() {
	chain(3, || {
		ask(1).unwrap();
		assert_noop!(ask(2), Error::<Test>::UnderAudit);
		lots(1);
		Verification::advance(signed(9), VERSION).unwrap();
		agreed(|| Finding::Withheld);
		decide();
		assert!(ask(u32::MAX).is_err());
		assert!(Examinations::<Test>::get(MODEL).is_none());
	});
}
