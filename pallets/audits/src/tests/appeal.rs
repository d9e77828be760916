use crate::{Audits, Error, Event, HoldReason, Stage, Verdict, Verdicts, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::audit::{Finding, Level};

type E = Error<Test>;

/// A committee that is captured upholds a false claim.
fn captured(
	claimed: &openledger_primitives_attribution::Claim<sp_core::crypto::AccountId32>,
) -> Vec<u8> {
	let committee = called(claimed);
	find(&committee.iter().map(|n| (*n, colluding(claimed))).collect::<Vec<_>>());
	assert!(matches!(stage(), Stage::Decided { verdict: Verdict::Upheld, .. }));
	committee
}

fn large(finding: impl Fn() -> Finding) {
	lots(2);
	wait(2);
	let committee = sitting();
	assert_eq!((committee.len(), level()), (9, Level::Appeal));
	find(&committee.iter().map(|n| (*n, finding())).collect::<Vec<_>>());
}

#[test]
fn appeal_that_changes_the_verdict_is_rewarded() {
	chain(14, || {
		let claimed = claim(250);
		let first = captured(&claimed);
		assert_ok!(Verification::appeal(signed(9), CLAIM));
		assert_eq!(held(HoldReason::Appeal, 9), DEPOSIT);
		assert_noop!(Verification::appeal(signed(8), CLAIM), E::NotDecided);
		assert_eq!(Slashed::get(), []);
		large(|| honest(&claimed));
		// The last verdict is carried out at once.
		assert!(matches!(stage(), Stage::Correcting { .. }));
		assert_eq!(held(HoldReason::Appeal, 9), 0);
		assert_eq!(Balances::free_balance(account(9)), RICH);
		let (operator, shared, rewarded) = Slashed::get().remove(0);
		assert_eq!((operator, shared, rewarded.len()), (account(1), 2 * 10 * 2, 10));
		assert_eq!(Slashed::get().remove(1), (account(1), 20 * FEE - shared, vec![]));
		assert!(rewarded.contains(&account(9)));
		for n in first {
			assert_eq!((bond(n), paid(n)), (BOND - 24, 0));
			assert!(!rewarded.contains(&account(n)));
		}
	});
}

#[test]
fn appeal_that_changes_nothing_loses_its_deposit() {
	chain(14, || {
		let first = called(&truth());
		find(&first.iter().map(|n| (*n, honest(&truth()))).collect::<Vec<_>>());
		assert_ok!(Verification::appeal(signed(9), CLAIM));
		let treasury = Balances::free_balance(account(90));
		large(|| honest(&truth()));
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Upheld));
		assert_eq!(Balances::free_balance(account(9)), RICH - DEPOSIT);
		assert_eq!(Balances::free_balance(account(90)), treasury + DEPOSIT);
		assert_eq!(Slashed::get(), []);
		assert!(first.iter().all(|n| paid(*n) == 3));
	});
}

#[test]
fn traces_of_the_first_committee_do_not_serve_in_an_appeal() {
	chain(14, || {
		let first = called(&truth());
		let shown = honest(&truth());
		find(&first.iter().map(|n| (*n, shown.clone())).collect::<Vec<_>>());
		assert_ok!(Verification::appeal(signed(9), CLAIM));
		lots(2);
		wait(2);
		for n in sitting() {
			commit(n, &shown).unwrap();
		}
		assert_noop!(reveal(sitting()[0], shown), E::NotExecuted);
	});
}

#[test]
fn appeal_is_refused_after_its_window_and_without_a_deposit() {
	chain(14, || {
		captured(&claim(250));
		assert!(Verification::appeal(signed(60), CLAIM).is_err());
		System::set_block_number(u64::from(1 + WINDOW));
		assert_noop!(Verification::appeal(signed(9), CLAIM), E::TooLate);
		wait(1);
		assert!(!Audits::<Test>::contains_key(CLAIM));
		assert_noop!(Verification::appeal(signed(9), CLAIM), E::UnknownAudit);
	});
}

#[test]
fn appeal_without_verifiers_for_it_goes_to_governance() {
	chain(8, || {
		captured(&claim(250));
		assert_ok!(Verification::appeal(signed(9), CLAIM));
		lots(2);
		wait(2);
		assert_eq!(stage(), Stage::Undecided);
		let verdict = Verdict::Withheld;
		assert_ok!(Verification::resolve(RuntimeOrigin::root(), CLAIM, verdict));
		assert_eq!(held(HoldReason::Appeal, 9), 0);
		System::assert_has_event(Event::AuditConcluded { claim: CLAIM, verdict }.into());
	});
}
