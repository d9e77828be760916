use crate::{AgentOf, Error, Event, HoldReason, STRIKES, Verifiers, mock::*};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;

type E = Error<Test>;

#[test]
fn registering_holds_bond_and_deposit() {
	chain(0, || {
		register(10, BOND);
		let verifier = Verifiers::<Test>::get(account(10)).unwrap();
		assert_eq!((verifier.bond, verifier.since, verifier.duties), (BOND, 4, 0));
		assert_eq!(held(HoldReason::Bond, 10), BOND);
		assert!(held(HoldReason::VerifierDeposit, 10) > 0);
		assert_eq!(AgentOf::<Test>::get(account(110)), Some(account(10)));
		System::assert_last_event(
			Event::VerifierRegistered { verifier: account(10), agent: account(110), bond: BOND }
				.into(),
		);
	});
}

#[test]
fn registering_is_refused_twice_too_cheap_too_many_and_for_another_ones_agent() {
	chain(0, || {
		let register = |n: u8, agent: u8, bond| {
			Verification::register_verifier(signed(n), account(agent), bond)
		};
		assert_noop!(register(10, 110, 99), E::BondTooSmall);
		assert_noop!(register(10, 110, RICH), TokenError::FundsUnavailable);
		assert_ok!(register(10, 110, 100));
		assert_noop!(register(10, 111, 100), E::AlreadyRegistered);
		assert_noop!(register(11, 110, 100), E::AgentTaken);
		for n in 11..26 {
			assert_ok!(register(n, n + 100, 100));
		}
		assert_noop!(register(26, 126, 100), E::TooManyVerifiers);
	});
}

#[test]
fn more_bond_counts_from_the_round_on_in_which_it_comes() {
	chain(1, || {
		Round::set(9);
		assert_ok!(Verification::bond_extra(signed(10), 50));
		let verifier = Verifiers::<Test>::get(account(10)).unwrap();
		assert_eq!((verifier.bond, verifier.since), (BOND + 50, 9));
		assert_noop!(Verification::bond_extra(signed(3), 50), E::NotVerifier);
		assert_ok!(Verification::leave(signed(10)));
		assert_noop!(Verification::bond_extra(signed(10), 50), E::Leaving);
	});
}

#[test]
fn bond_comes_back_after_its_period_and_not_before() {
	chain(1, || {
		let free = Balances::free_balance(account(10));
		assert_noop!(Verification::withdraw_bond(signed(10)), E::NotLeaving);
		assert_ok!(Verification::leave(signed(10)));
		assert_noop!(Verification::leave(signed(10)), E::Leaving);
		wait(19);
		assert_noop!(Verification::withdraw_bond(signed(10)), E::StillBonded);
		wait(1);
		assert_ok!(Verification::withdraw_bond(signed(10)));
		assert!(Balances::free_balance(account(10)) > free + BOND);
		assert_eq!(Balances::free_balance(account(10)), RICH);
		assert_noop!(Verification::withdraw_bond(signed(10)), E::NotVerifier);
		assert_eq!((AgentOf::<Test>::iter().count(), Verifiers::<Test>::count()), (0, 0));
	});
}

#[test]
fn bond_stays_while_an_audit_is_open() {
	chain(3, || {
		let committee = called(&truth());
		assert_ok!(Verification::leave(signed(committee[0])));
		System::set_block_number(100);
		assert_noop!(Verification::withdraw_bond(signed(committee[0])), E::OpenDuties);
	});
}

#[test]
fn third_strike_costs_the_place() {
	chain(3, || {
		for strikes in 1..=STRIKES {
			called(&truth());
			let finding = honest(&truth());
			for n in [10, 11] {
				commit(n, &finding).unwrap();
			}
			wait(COMMIT);
			for n in [10, 11] {
				reveal(n, finding.clone()).unwrap();
			}
			wait(WINDOW);
			let verifier = Verifiers::<Test>::get(account(12)).unwrap();
			assert_eq!(verifier.strikes, strikes);
			assert_eq!(verifier.leaving.is_some(), strikes == STRIKES);
			crate::Verdicts::<Test>::remove(CLAIM);
		}
		// 2 % of what is left and a tenth of the fee, each time: 24, 23 and 23.
		assert_eq!((bond(12), bond(10)), (BOND - 24 - 23 - 23, BOND));
		System::assert_has_event(Event::VerifierExpelled { verifier: account(12) }.into());
		wait(1);
		noted(CLAIM, &truth());
		lots(1);
		drawn(CLAIM).unwrap();
		assert_eq!(clearance(CLAIM), openledger_primitives_core::traits::Clearance::Clear);
		assert!(!crate::Audits::<Test>::contains_key(CLAIM), "two are not enough");
	});
}
