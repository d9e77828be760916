use crate::{Audits, Error, Event, Stage, Verdict, Verdicts, Verifiers, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::audit::{Execution, Finding, Level, digest};
use openledger_primitives_core::{Hash, traits::Clearance};
use sp_runtime::DispatchError;

type E = Error<Test>;

fn strikes(n: u8) -> u8 {
	Verifiers::<Test>::get(account(n)).unwrap().strikes
}

fn slashed() -> u128 {
	Slashed::get().iter().map(|(_, amount, _)| amount).sum()
}

fn all(committee: &[u8], finding: Finding) -> Vec<(u8, Finding)> {
	committee.iter().map(|n| (*n, finding.clone())).collect()
}

#[test]
fn upheld_claim_is_cleared_and_its_verifiers_paid() {
	chain(3, || {
		let committee = called(&truth());
		find(&all(&committee, honest(&truth())));
		assert_eq!(paid(committee[0]), 0, "nobody is paid before the window for appeals is over");
		wait(WINDOW);
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Upheld));
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		for n in committee {
			assert_eq!((paid(n), bond(n)), (3, BOND));
		}
		assert_eq!((Slashed::get(), state()), (vec![], State::Open));
		System::assert_last_event(
			Event::AuditConcluded { claim: CLAIM, verdict: Verdict::Upheld }.into(),
		);
	});
}

#[test]
fn false_claim_costs_its_operator_and_is_replaced_by_the_true_one() {
	chain(3, || {
		let claimed = claim(250);
		let committee = called(&claimed);
		find(&all(&committee, honest(&claimed)));
		assert_eq!(Slashed::get(), []);
		wait(WINDOW);
		// Twenty times the fee. Each of three is rewarded with 2 % of the least bond, half of what
		// is taken for it; of the rest nobody is.
		let rewarded = committee.iter().map(|n| account(*n)).collect();
		let expected =
			[(account(1), 2 * 3 * 2, rewarded), (account(1), 20 * FEE - 2 * 3 * 2, vec![])];
		assert_eq!(Slashed::get(), expected);
		assert!(matches!(stage(), Stage::Correcting { .. }));
		assert_noop!(Verification::correct(signed(9), CLAIM, Box::new(claim(99))), E::NotTheTruth);
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		assert_eq!(state(), State::Replaced(truth()));
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		assert_noop!(Verification::correct(signed(9), CLAIM, Box::new(truth())), E::UnknownAudit);
	});
}

#[test]
fn false_claim_credits_nobody_when_nobody_brings_the_true_one() {
	chain(3, || {
		let claimed = claim(250);
		let committee = called(&claimed);
		find(&all(&committee, honest(&claimed)));
		wait(WINDOW + 6);
		assert_eq!(state(), State::Discredited);
		assert!(!Audits::<Test>::contains_key(CLAIM));
		let found = Execution {
			answer: answer(CLAIM).answer,
			usage: answer(CLAIM).usage,
			claim: digest(&truth()),
		};
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Refuted(found)));
	});
}

#[test]
fn payer_is_refunded_where_the_answer_or_its_count_was_false() {
	for spoil in [
		|e: &mut Execution| e.answer = Hash::repeat_byte(1),
		|e: &mut Execution| e.usage.output = 1,
	] {
		chain(3, || {
			let committee = called(&truth());
			let mut found = Execution {
				answer: answer(CLAIM).answer,
				usage: answer(CLAIM).usage,
				claim: Hash::repeat_byte(2),
			};
			spoil(&mut found);
			find(&all(&committee, Finding::Refuted(found)));
			wait(WINDOW);
			assert_eq!(slashed(), 20 * FEE);
			assert_eq!(
				(state(), stage()),
				(State::Open, Stage::Restoring { truth: found, until: 15 })
			);
			wait(6);
			assert_eq!((state(), Restored::get()), (State::Rejected, vec![]));
			assert!(!Audits::<Test>::contains_key(CLAIM));
			assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Refuted(found)));
		});
	}
}

#[test]
fn contributors_are_made_whole_where_the_answer_was_false() {
	chain(3, || {
		let committee = called(&claim(250));
		let found = Execution {
			answer: Hash::repeat_byte(1),
			usage: answer(CLAIM).usage,
			claim: digest(&truth()),
		};
		find(&all(&committee, Finding::Refuted(found)));
		wait(WINDOW);
		assert_noop!(Verification::correct(signed(9), CLAIM, Box::new(claim(99))), E::NotTheTruth);
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		// Half of the contributors' part, which is half of the fee.
		assert_eq!(Restored::get(), [(CLAIM, account(1), vec![(account(40), 100)], FEE / 4)]);
		assert_eq!((state(), slashed()), (State::Rejected, 20 * FEE));
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Refuted(found)));
		assert_noop!(Verification::correct(signed(9), CLAIM, Box::new(truth())), E::UnknownAudit);
	});
}

#[test]
fn payer_is_refunded_where_content_is_withheld() {
	chain(3, || {
		let committee = called(&truth());
		find(&all(&committee, Finding::Withheld));
		wait(WINDOW);
		assert_eq!(state(), State::Rejected);
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Withheld));
	});
}

#[test]
fn minority_and_silence_are_fined_and_the_majority_decides() {
	chain(3, || {
		let claimed = claim(250);
		let committee = called(&claimed);
		let honest = honest(&claimed);
		commit(committee[0], &honest).unwrap();
		commit(committee[1], &honest).unwrap();
		commit(committee[2], &colluding(&claimed)).unwrap();
		for n in &committee[..2] {
			reveal(*n, honest.clone()).unwrap();
		}
		reveal(committee[2], colluding(&claimed)).unwrap();
		wait(WINDOW);
		assert_eq!((bond(committee[0]), bond(committee[2])), (BOND, BOND - 24));
		assert_eq!((paid(committee[0]), paid(committee[2])), (3, 0));
		// To disagree is no neglect.
		assert_eq!(strikes(committee[2]), 0);
	});
	chain(3, || {
		let committee = called(&truth());
		let honest = honest(&truth());
		for n in &committee {
			commit(*n, &honest).unwrap();
		}
		for n in &committee[..2] {
			reveal(*n, honest.clone()).unwrap();
		}
		wait(REVEAL + WINDOW);
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Upheld));
		assert_eq!((bond(committee[2]), strikes(committee[2])), (BOND - 24, 1));
	});
}

#[test]
fn findings_that_refute_by_different_executions_are_no_majority() {
	chain(12, || {
		let first = called(&truth());
		let made_up = |n: u8| {
			Finding::Refuted(Execution {
				answer: Hash::repeat_byte(n),
				usage: answer(CLAIM).usage,
				claim: Hash::zero(),
			})
		};
		find(&first.iter().map(|n| (*n, made_up(*n))).collect::<Vec<_>>());
		assert_eq!(level(), Level::Redraw);
		assert!(matches!(stage(), Stage::Drawing { round: 6 }));
		lots(2);
		wait(2);
		let second = sitting();
		assert_eq!(second.len(), 3);
		assert!(first.iter().all(|n| !second.contains(n)));
		find(&all(&second, honest(&truth())));
		wait(WINDOW);
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Upheld));
		for n in first {
			assert_eq!((bond(n), paid(n)), (BOND - 24, 0));
		}
		for n in second {
			assert_eq!((bond(n), paid(n)), (BOND, 3));
		}
	});
}

#[test]
fn governance_decides_where_committees_do_not() {
	chain(6, || {
		called(&truth());
		wait(COMMIT);
		lots(2);
		wait(2 + COMMIT);
		assert_eq!(stage(), Stage::Undecided);
		System::assert_last_event(Event::AuditUndecided { claim: CLAIM }.into());
		assert!((10..16).all(|n| Verifiers::<Test>::get(account(n)).unwrap().duties == 0));
		assert_noop!(
			Verification::resolve(signed(9), CLAIM, Verdict::Upheld),
			DispatchError::BadOrigin
		);
		assert_noop!(Verification::appeal(signed(9), CLAIM), E::NotDecided);
		wait(100);
		assert_eq!(stage(), Stage::Undecided);
		assert_ok!(Verification::resolve(RuntimeOrigin::root(), CLAIM, Verdict::Upheld));
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		// Nobody could execute it, as far as anyone knows: nobody is fined, and all are free again.
		assert!((10..16).all(|n| bond(n) == BOND && strikes(n) == 0));
		assert_noop!(
			Verification::resolve(RuntimeOrigin::root(), CLAIM, Verdict::Upheld),
			E::UnknownAudit
		);
	});
}
