use crate::{Audits, Config, Error, Event, HoldReason, Notes, Stage, Verdict, Verdicts, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::audit::{Finding, Level};
use openledger_primitives_core::{
	Hash,
	record::{Compared, Pair, RecordRef},
	subject::pair_id,
	traits::{Lots as _, Records as _},
};

/// What everybody of the committee finds.
fn agreed(finding: impl Fn() -> Finding) {
	let findings: Vec<_> = sitting_in(PAIR).into_iter().map(|n| (n, finding())).collect();
	find_in(PAIR, &findings);
}

fn is_excluded() -> bool {
	Datanets::is_excluded(RecordRef { datanet: 1, index: 0 })
}

fn is_over() -> bool {
	!Audits::<Test>::contains_key(PAIR) && !Notes::<Test>::contains_key(PAIR)
}

/// What was burned with the excluded record.
fn note_burned() {
	Burned::set(30 * RICH - Balances::total_issuance());
}

#[test]
fn duplicate_is_decided_by_what_most_of_a_committee_find() {
	chain(6, || {
		assert_eq!(compared().len(), 3);
		assert!(matches!(stage_of(PAIR), Stage::Committing { .. }));
		agreed(|| common(95));
		let Stage::Decided { verdict, .. } = stage_of(PAIR) else { panic!("undecided") };
		assert_eq!(verdict.compared(), Some(Compared::Duplicate));
		assert!(!is_excluded(), "the verdict can be appealed");
		wait(WINDOW);
		note_burned();
		assert!(is_excluded() && is_over());
		assert_eq!(Verdicts::<Test>::get(PAIR), None, "nobody pays for keeping it");
		assert!(Burned::get() > 0);
	});
}

#[test]
fn four_fifths_in_common_decide_and_not_what_verifiers_think_of_it() {
	// Of 100 and 100, of which 88 are common, 112 are in either: 0.786.
	for (in_common, found) in [(89, Compared::Duplicate), (88, Compared::Distinct)] {
		chain(4, || {
			compared();
			agreed(|| common(in_common));
			wait(WINDOW);
			note_burned();
			assert_eq!(is_excluded(), found == Compared::Duplicate);
		});
	}
}

#[test]
fn comparison_is_keyed_by_a_seed_that_came_after_the_challenge() {
	chain(4, || {
		let pair = contributed();
		challenge(CHALLENGER, pair).unwrap();
		let note = Notes::<Test>::get(PAIR).unwrap();
		assert_eq!((note.operator, note.payer), (account(COPYIST), account(CHALLENGER)));
		assert_eq!((note.subject, note.fee), (Hash::zero(), CHALLENGE / 20));
		assert_noop!(Verification::advance(signed(9), PAIR), Error::<Test>::NotDrawnYet);
		let round = <Test as Config>::Lots::round();
		lots(5);
		assert_ok!(Verification::advance(signed(9), PAIR));
		assert_eq!(Notes::<Test>::get(PAIR).unwrap().subject, Seeds::get()[&round]);
	});
}

#[test]
fn rate_of_audits_is_not_asked_where_records_are_challenged() {
	chain(4, || {
		ModelsRate::set(sp_runtime::Permill::zero());
		Rate::set(sp_runtime::Permill::zero());
		assert_eq!(compared().len(), 3);
	});
}

#[test]
fn parties_have_no_seat() {
	chain(3, || {
		for party in [COPYIST, AUTHOR, CHALLENGER] {
			register(party, BOND);
		}
		let mut committee = compared();
		committee.sort_unstable();
		assert_eq!(committee, [FIRST, FIRST + 1, FIRST + 2]);
	});
}

#[test]
fn challenge_is_over_at_no_cost_when_there_are_too_few_who_may_sit() {
	chain(2, || {
		register(AUTHOR, BOND);
		challenge(CHALLENGER, contributed()).unwrap();
		lots(1);
		assert_ok!(Verification::advance(signed(9), PAIR));
		assert!(is_over() && !is_excluded());
		assert_eq!(Balances::free_balance(account(CHALLENGER)), RICH);
		System::assert_last_event(Event::NotAudited { claim: PAIR }.into());
		let unknown = Error::<Test>::UnknownAudit;
		assert_noop!(Verification::advance(signed(9), PAIR), unknown);
	});
}

#[test]
fn finding_needs_the_trace_of_its_level_and_numbers_that_there_can_be() {
	chain(4, || {
		let committee = compared();
		let Finding::Compared { overlap, trace, seals } = common(95) else { panic!("compared") };
		let guessed = Finding::Compared { overlap, trace: seals[0], seals };
		let mut more = overlap;
		more.whole.common = 101;
		let impossible = Finding::Compared { overlap: more, trace, seals };
		let others = [guessed, impossible, unsound(1)];
		for (n, finding) in committee.iter().zip(&others) {
			commit_in(PAIR, *n, finding).unwrap();
		}
		let [guessed, impossible, other] = others;
		assert_noop!(reveal_in(PAIR, committee[0], guessed), Error::<Test>::NotExecuted);
		assert_noop!(reveal_in(PAIR, committee[1], impossible), Error::<Test>::NotExecuted);
		assert_noop!(reveal_in(PAIR, committee[2], other), Error::<Test>::WrongFinding);
	});
}

#[test]
fn who_says_yes_without_having_compared_is_fined() {
	chain(3, || {
		let committee = compared();
		// It has a trace of its own making, since it does not know the true one.
		let Finding::Compared { overlap, .. } = common(95) else { panic!("compared") };
		let made_up = openledger_primitives_attribution::audit::traces(&1u8);
		let subject = Notes::<Test>::get(PAIR).unwrap().subject;
		let seals = openledger_primitives_attribution::audit::seals(&subject, &made_up);
		let guess = Finding::Compared { overlap, trace: made_up[0], seals };
		let findings: Vec<_> =
			vec![(committee[0], common(95)), (committee[1], common(95)), (committee[2], guess)];
		find_in(PAIR, &findings);
		wait(WINDOW);
		note_burned();
		assert!(is_excluded());
		assert_eq!([committee[0], committee[1]].map(bond), [BOND; 2]);
		// 2 % of the bond, and a tenth of the twentieth of what the challenger had at stake.
		assert_eq!(bond(committee[2]), BOND - BOND / 50 - CHALLENGE / 20 / 10);
	});
}

#[test]
fn withheld_record_is_excluded_and_one_that_the_challenger_does_not_show_stays() {
	for (finding, excluded) in [(Finding::Withheld, true), (Finding::Unshown, false)] {
		chain(4, || {
			compared();
			agreed(|| finding.clone());
			wait(WINDOW);
			note_burned();
			assert_eq!((is_excluded(), is_over()), (excluded, true));
			let kept = Balances::free_balance(account(CHALLENGER)) == RICH;
			assert_eq!(kept, excluded);
		});
	}
}

#[test]
fn captured_verdict_on_records_is_changed_by_an_appeal_of_the_challenged() {
	chain(14, || {
		let committee = compared();
		agreed(|| common(95));
		assert_ok!(Verification::appeal(signed(COPYIST), PAIR));
		assert_eq!(held(HoldReason::Appeal, COPYIST), 3 * CHALLENGE / 20);
		lots(2);
		Verification::advance(signed(9), PAIR).unwrap();
		let large = sitting_in(PAIR);
		assert_eq!((large.len(), level_of(PAIR)), (9, Level::Appeal));
		agreed(|| common(20));
		assert!(is_over() && !is_excluded());
		assert_eq!(held(HoldReason::Appeal, COPYIST), 0);
		assert!(committee.iter().all(|n| bond(*n) < BOND));
		assert!(large.iter().all(|n| bond(*n) == BOND));
	});
}

#[test]
fn appeal_that_finds_the_same_is_lost() {
	chain(14, || {
		compared();
		agreed(|| common(95));
		assert_ok!(Verification::appeal(signed(COPYIST), PAIR));
		lots(2);
		Verification::advance(signed(9), PAIR).unwrap();
		agreed(|| common(95));
		note_burned();
		assert!(is_excluded());
		let all: u128 = 3 * CHALLENGE / 20;
		assert_eq!(held(HoldReason::Appeal, COPYIST), 0);
		assert!(Balances::free_balance(account(COPYIST)) <= RICH - all);
	});
}

#[test]
fn records_are_compared_again_once_and_then_left_to_governance() {
	chain(8, || {
		let first = compared();
		let kinds = [common(95), common(20), Finding::Withheld];
		find_in(PAIR, &first.iter().copied().zip(kinds).collect::<Vec<_>>());
		assert_eq!(level_of(PAIR), Level::Redraw);
		lots(2);
		Verification::advance(signed(9), PAIR).unwrap();
		let second = sitting_in(PAIR);
		let kinds = [common(95), common(20), Finding::Unshown];
		find_in(PAIR, &second.iter().copied().zip(kinds).collect::<Vec<_>>());
		assert_eq!(stage_of(PAIR), Stage::Undecided);
		let resolve = |verdict| Verification::resolve(RuntimeOrigin::root(), PAIR, verdict);
		for wrong in [Verdict::Upheld, Verdict::of(&sound_of_pair())] {
			assert_noop!(resolve(wrong), Error::<Test>::WrongVerdict);
		}
		let verdict = Verdict::of(&common(95));
		assert_ok!(resolve(verdict));
		note_burned();
		assert!(is_excluded());
		assert_eq!([first[0], second[0]].map(bond), [BOND; 2]);
		assert!([first[1], second[2]].iter().all(|n| bond(*n) < BOND));
	});
}

/// A finding that would do for a model version.
fn sound_of_pair() -> Finding {
	let seals = [Hash::zero(); 3];
	Finding::Sound { trace: Hash::zero(), seals }
}

#[test]
fn other_subjects_are_not_resolved_by_a_verdict_on_records() {
	chain(3, || {
		called(&truth());
		wait(2 * COMMIT);
		lots(3);
		wait(10);
		assert_eq!(stage(), Stage::Undecided);
		for wrong in [Verdict::Compared(Default::default(), Hash::zero()), Verdict::Unshown] {
			let resolved = Verification::resolve(RuntimeOrigin::root(), CLAIM, wrong);
			assert_noop!(resolved, Error::<Test>::WrongVerdict);
		}
	});
}

#[test]
fn later_challenge_of_the_same_record_finds_it_excluded() {
	chain(4, || {
		compared();
		let pair = Pair {
			later: RecordRef { datanet: 1, index: 0 },
			earlier: RecordRef { datanet: 0, index: 0 },
		};
		assert_ok!(Duplicates::commit(signed(7), pair.commitment(&account(7), &[7; 32])));
		wait(1);
		let open = || Duplicates::open(signed(7), pair, [7; 32]);
		agreed(|| common(95));
		wait(WINDOW);
		note_burned();
		assert_noop!(open(), pallet_datanets::Error::<Test>::RecordExcluded);
		assert!(!Audits::<Test>::contains_key(pair_id(1)));
	});
}
