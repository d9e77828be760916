use crate::{Canaries, Error, Event, Notes, Stage, Verdict, Verdicts, Verifiers, mock::*};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use openledger_primitives_attribution::{
	Claim,
	audit::{Execution, Finding, Level, canary_traces, digest, sealed, seals},
};
use openledger_primitives_core::{Balance, traits::Clearance};
use sp_core::crypto::AccountId32;

type E = Error<Test>;

pub const SECRET: [u8; 32] = [8; 32];
const OPERATOR: u8 = 1;
/// What upholding a canary costs a verifier with the usual bond.
const CAUGHT: Balance = BOND / 10;

/// `claim`, sealed with the secret's traces.
fn planted(claim: Claim<AccountId32>) -> Claim<AccountId32> {
	Claim { trace: sealed(&seals(&subject(), &canary_traces(&SECRET))), ..claim }
}

pub fn canary() -> Claim<AccountId32> {
	planted(truth())
}

/// What a verifier finds who has been handed the secret's traces.
pub fn passed() -> Finding {
	let traces = canary_traces(&SECRET);
	Finding::Upheld { trace: traces[level() as usize], seals: seals(&subject(), &traces) }
}

pub fn honest_of_canary() -> Execution {
	match refuted() {
		Finding::Refuted(execution) => execution,
		other => panic!("{other:?}"),
	}
}

pub fn refuted() -> Finding {
	honest(&canary())
}

fn unveil() -> Result<(), sp_runtime::DispatchError> {
	Verification::unveil(signed(29), CLAIM, SECRET).map(|_| ()).map_err(|e| e.error)
}

fn total(n: u8) -> Balance {
	Balances::total_balance(&account(n))
}

fn slashed() -> Balance {
	Slashed::get().iter().map(|(_, amount, _)| amount).sum()
}

fn strikes(n: u8) -> u8 {
	Verifiers::<Test>::get(account(n)).unwrap().strikes
}

fn verdict() -> Verdict {
	let execution = Notes::<Test>::get(CLAIM).unwrap().execution;
	Verdict::Refuted(Execution { claim: digest(&truth()), ..execution })
}

#[test]
fn canary_that_is_found_costs_nobody_anything_and_is_paid_as_a_seat_is() {
	chain(3, || {
		let committee = called(&canary());
		find(&committee.iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		let verdict = verdict();
		assert_ok!(unveil());
		wait(WINDOW);
		assert!(matches!(stage(), Stage::Correcting { .. }));
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(verdict));
		assert_eq!((clearance(CLAIM), state()), (Clearance::Clear, State::Replaced(truth())));
		assert_eq!((Slashed::get(), paid(OPERATOR)), (vec![], SEAT));
		for n in committee {
			assert_eq!((paid(n), bond(n), strikes(n)), (SEAT, BOND, 0));
		}
		assert!(!Canaries::<Test>::contains_key(CLAIM));
		let operator = account(OPERATOR);
		System::assert_has_event(Event::CanaryPaid { claim: CLAIM, operator, paid: SEAT }.into());
	});
}

#[test]
fn who_upholds_a_canary_is_caught_and_its_operator_has_half() {
	chain(3, || {
		let committee = called(&canary());
		find(&[(committee[0], refuted()), (committee[1], refuted()), (committee[2], passed())]);
		let (operator, treasury) = (total(OPERATOR), total(90));
		assert_ok!(unveil());
		wait(WINDOW);
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		let caught = committee[2];
		assert_eq!((paid(caught), bond(caught), strikes(caught)), (0, BOND - CAUGHT, 1));
		assert_eq!(total(OPERATOR) - operator, CAUGHT / 2);
		assert_eq!(total(90) - treasury, CAUGHT / 2);
		assert_eq!(Slashed::get(), vec![]);
	});
}

#[test]
fn majority_that_upholds_a_canary_is_overruled_by_another_committee_and_caught() {
	chain(15, || {
		let committee = called(&canary());
		find(&[(committee[0], passed()), (committee[1], refuted()), (committee[2], passed())]);
		assert!(matches!(stage(), Stage::Decided { verdict: Verdict::Upheld, .. }));
		assert_ok!(unveil());
		assert!(matches!(stage(), Stage::Drawing { .. }));
		assert_eq!(level(), Level::Appeal);
		lots(2);
		wait(2);
		let second = sitting();
		find(&second.iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		assert_eq!((clearance(CLAIM), state()), (Clearance::Clear, State::Replaced(truth())));
		for n in [committee[0], committee[2]] {
			assert_eq!((paid(n), bond(n), strikes(n)), (0, BOND - CAUGHT, 1));
		}
		for n in second.into_iter().chain([committee[1]]) {
			assert_eq!((paid(n), bond(n), strikes(n)), (SEAT, BOND, 0));
		}
		assert_eq!((Slashed::get(), paid(OPERATOR)), (vec![], SEAT));
	});
}

/// A claim that is sealed by the secret, and upheld by both committees; governance has to decide.
fn captured(claimed: &Claim<AccountId32>) {
	let committee = called(claimed);
	find(&[(committee[0], passed()), (committee[1], refuted()), (committee[2], passed())]);
	assert_ok!(Verification::appeal(signed(6), CLAIM));
	lots(2);
	wait(2);
	let second = sitting();
	for (at, n) in second.iter().enumerate() {
		commit(*n, &if at < 5 { passed() } else { refuted() }).unwrap();
	}
	assert_ok!(unveil());
	for (at, n) in second.iter().enumerate() {
		reveal(*n, if at < 5 { passed() } else { refuted() }).unwrap();
	}
	assert_eq!(stage(), Stage::Undecided);
	assert_noop!(
		Verification::resolve(RuntimeOrigin::root(), CLAIM, Verdict::Upheld),
		E::WrongVerdict
	);
	let verdict = verdict();
	assert_ok!(Verification::resolve(RuntimeOrigin::root(), CLAIM, verdict));
	assert!(second[..5].iter().all(|n| (bond(*n), strikes(*n)) == (BOND - CAUGHT, 1)));
	assert!(second[5..].iter().all(|n| (bond(*n), paid(*n)) == (BOND, SEAT)));
	// Its being upheld was wrong.
	assert_eq!((held(crate::HoldReason::Appeal, 6), total(6)), (0, RICH));
	assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
	assert_eq!(state(), State::Replaced(truth()));
}

#[test]
fn no_committee_can_uphold_what_was_unveiled() {
	chain(15, || {
		captured(&canary());
		assert_eq!((Slashed::get(), paid(OPERATOR)), (vec![], SEAT));
	});
}

#[test]
fn lie_that_was_upheld_does_not_stand_because_it_is_unveiled() {
	chain(15, || {
		captured(&planted(claim(250)));
		assert_eq!(slashed(), 20 * FEE);
		assert_eq!(paid(OPERATOR), 0);
		// What it has of those that it bribed is far from what it pays.
		assert!(total(OPERATOR) - RICH < 20 * FEE);
	});
}

#[test]
fn third_canary_passed_costs_the_place() {
	chain(3, || {
		let committee = called(&canary());
		let caught = committee[0];
		Verifiers::<Test>::mutate(account(caught), |verifier| {
			verifier.as_mut().unwrap().strikes = 2
		});
		find(&[(caught, passed()), (committee[1], refuted()), (committee[2], refuted())]);
		assert_ok!(unveil());
		wait(WINDOW);
		assert!(Verifiers::<Test>::get(account(caught)).unwrap().leaving.is_some());
	});
}

#[test]
fn lie_is_a_lie_though_it_is_sealed_as_a_canary() {
	chain(3, || {
		let committee = called(&planted(claim(250)));
		find(&committee.iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		assert_ok!(unveil());
		wait(WINDOW);
		assert_eq!(Slashed::get(), vec![]);
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		// As that of any other lie.
		let rewarded = committee.iter().map(|n| account(*n)).collect();
		let expected =
			[(account(1), 2 * 3 * 2, rewarded), (account(1), 20 * FEE - 2 * 3 * 2, vec![])];
		assert_eq!((Slashed::get(), paid(OPERATOR)), (expected.to_vec(), 0));
		assert_eq!(state(), State::Replaced(truth()));
	});
}

#[test]
fn canary_costs_its_operator_where_nobody_brings_the_true_claim() {
	chain(3, || {
		let committee = called(&canary());
		find(&committee.iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		assert_ok!(unveil());
		wait(WINDOW + 6);
		assert_eq!(state(), State::Discredited);
		assert_eq!(slashed(), 20 * FEE);
		assert!(!Canaries::<Test>::contains_key(CLAIM));
	});
}

#[test]
fn false_answer_and_withheld_content_are_no_canaries() {
	let mut other = honest(&canary());
	if let Finding::Refuted(execution) = &mut other {
		execution.usage.output += 1;
	}
	for found in [other, Finding::Withheld] {
		chain(3, || {
			let committee = called(&canary());
			find(&[
				(committee[0], found.clone()),
				(committee[1], found.clone()),
				(committee[2], passed()),
			]);
			assert_ok!(unveil());
			wait(WINDOW);
			assert_eq!(slashed(), 20 * FEE);
			assert_eq!(bond(committee[2]), BOND - CAUGHT);
			assert!(!Canaries::<Test>::contains_key(CLAIM));
		});
	}
}

#[test]
fn canary_that_is_not_unveiled_is_a_false_claim() {
	chain(3, || {
		let committee = called(&canary());
		find(&committee.iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		wait(WINDOW);
		assert_eq!(slashed(), 20 * FEE);
		assert_noop!(unveil(), E::TooLate);
		// Bringing the truth is for its contributors.
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		assert_eq!(paid(OPERATOR), 0);
	});
}

#[test]
fn only_what_was_sealed_is_unveiled_in_time_and_once() {
	chain(3, || {
		assert_noop!(unveil(), E::UnknownAudit);
		assert_noop!(
			Verification::unveil(RuntimeOrigin::none(), CLAIM, SECRET),
			sp_runtime::DispatchError::BadOrigin
		);
		let committee = called(&canary());
		assert_noop!(unveil(), E::TooEarly);
		for n in &committee {
			commit(*n, &refuted()).unwrap();
		}
		assert_noop!(unveil(), E::TooEarly);
		for n in &committee {
			reveal(*n, refuted()).unwrap();
		}
		assert_noop!(Verification::unveil(signed(9), CLAIM, [9; 32]), E::NotCanary);
		assert_noop!(Verification::unveil(signed(9), VERSION, SECRET), E::NotCanary);
		assert_ok!(unveil());
		assert_noop!(unveil(), E::AlreadyUnveiled);
	});
	chain(3, || {
		let committee = called(&truth());
		find(&committee.iter().map(|n| (*n, honest(&truth()))).collect::<Vec<_>>());
		assert_noop!(unveil(), E::NotCanary);
	});
}

#[test]
fn finders_that_keep_the_truth_back_are_not_rewarded() {
	chain(3, || {
		let committee = called(&canary());
		find(&committee.iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		assert_ok!(unveil());
		wait(WINDOW + 6);
		assert!(Slashed::get().iter().all(|(_, _, rewarded)| rewarded.is_empty()));
	});
}

#[test]
fn who_disputes_a_canary_has_disputed_what_is_as_good_as_true() {
	chain(4, || {
		noted_privately(CLAIM, &canary());
		assert_ok!(Verification::dispute(signed(9), CLAIM));
		lots(1);
		wait(2);
		find(&sitting().iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		assert_ok!(unveil());
		let (payer, treasury) = (total(5), total(90));
		wait(WINDOW);
		assert_eq!(held(crate::HoldReason::Dispute, 9), DISPUTE, "nobody knows yet");
		check();
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		assert_eq!((total(9), held(crate::HoldReason::Dispute, 9)), (RICH - DISPUTE, 0));
		assert_eq!((total(5) - payer, total(90) - treasury), (DISPUTE / 2, DISPUTE - DISPUTE / 2));
	});
}

#[test]
fn who_disputes_a_lie_that_is_sealed_as_a_canary_is_rewarded_as_for_any_lie() {
	chain(4, || {
		noted_privately(CLAIM, &planted(claim(250)));
		assert_ok!(Verification::dispute(signed(9), CLAIM));
		lots(1);
		wait(2);
		find(&sitting().iter().map(|n| (*n, refuted())).collect::<Vec<_>>());
		assert_ok!(unveil());
		wait(WINDOW);
		assert_ok!(Verification::correct(signed(29), CLAIM, Box::new(truth())));
		assert_eq!((total(9), held(crate::HoldReason::Dispute, 9)), (RICH, 0));
		assert!(Slashed::get()[0].2.contains(&account(9)));
	});
}

#[test]
fn dispute_of_a_canary_that_no_committee_decides_gives_its_deposit_back() {
	chain(4, || {
		noted_privately(CLAIM, &canary());
		assert_ok!(Verification::dispute(signed(9), CLAIM));
		lots(1);
		wait(2);
		find(&sitting().iter().map(|n| (*n, passed())).collect::<Vec<_>>());
		// There are not enough for another committee.
		assert_ok!(unveil());
		lots(2);
		wait(2);
		assert_eq!(stage(), Stage::Undecided);
		assert_eq!((total(9), held(crate::HoldReason::Dispute, 9)), (RICH, 0));
	});
}

#[test]
fn governance_decides_about_a_canary_and_who_passed_it_is_caught() {
	chain(6, || {
		let first = called(&canary());
		commit(first[0], &passed()).unwrap();
		wait(COMMIT);
		reveal(first[0], passed()).unwrap();
		wait(REVEAL);
		assert_noop!(unveil(), E::TooEarly);
		lots(2);
		wait(2 + COMMIT);
		assert_eq!(stage(), Stage::Undecided);
		assert_ok!(unveil());
		let verdict = verdict();
		assert_ok!(Verification::resolve(RuntimeOrigin::root(), CLAIM, verdict));
		assert_eq!((bond(first[0]), strikes(first[0])), (BOND - CAUGHT, 1));
		assert_ok!(Verification::correct(signed(9), CLAIM, Box::new(truth())));
		assert_eq!((Slashed::get(), paid(OPERATOR)), (vec![], SEAT));
	});
}
