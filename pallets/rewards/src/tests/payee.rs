use super::*;
use crate::{Accrued, Error, Event, HoldReason, Paid, Payees};
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, InspectHold},
};
use sp_runtime::{DispatchResult, TokenError};

/// What a payee's entry holds: ten for the item, one for each byte of two accounts and a balance.
const DEPOSIT: u128 = 10 + 8 + 8 + 16;

fn name(account: u64, payee: impl Into<Option<u64>>) -> DispatchResult {
	Rewards::set_payee(RuntimeOrigin::signed(account), payee.into())
}

fn held(account: u64) -> u128 {
	Balances::balance_on_hold(&HoldReason::Payee.into(), &account)
}

/// Accounts 7, 8 and 9 can pay deposits, and 7 has accrued 5,000.
fn earned(test: impl FnOnce()) {
	chain(|| {
		for account in 7..10 {
			Balances::mint_into(&account, 1_000).unwrap();
		}
		settle(0, 10_000, &[(7, 1)], Permill::one()).unwrap();
		test();
		assert!(balanced());
	});
}

#[test]
fn payee_is_paid_what_the_account_accrued_when_it_claims() {
	earned(|| {
		assert_ok!(name(7, 17));
		System::assert_last_event(Event::PayeeSet { account: 7, payee: Some(17) }.into());
		assert_eq!(Rewards::rewards(&7).payee, Some(17));
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		let event = Event::Claimed { account: 7, payee: 17, amount: 5_000 };
		System::assert_last_event(event.into());
		assert_eq!(Balances::free_balance(17), 5_000);
		assert_eq!(Balances::total_balance(&7), 1_000);
		// The account that earned it is the one that was paid.
		assert_eq!((Paid::<Test>::get(7), Paid::<Test>::get(17)), (5_000, 0));
	});
}

#[test]
fn payee_alone_is_paid_when_anyone_else_claims_for_the_account() {
	earned(|| {
		assert_ok!(name(7, 17));
		assert_ok!(Rewards::claim_for(RuntimeOrigin::signed(9), 7));
		assert_eq!(Balances::free_balance(17), 5_000);
		assert_eq!((Balances::total_balance(&7), Balances::free_balance(9)), (1_000, 1_000));
	});
}

#[test]
fn payee_claims_nothing_of_the_account_as_its_own() {
	earned(|| {
		assert_ok!(name(7, 8));
		assert_noop!(Rewards::claim(RuntimeOrigin::signed(8)), Error::<Test>::NothingAccrued);
		settle(1, 1_000, &[(8, 1)], Permill::one()).unwrap();
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(8)));
		assert_eq!(Balances::free_balance(8), 1_500);
		assert_eq!(Accrued::<Test>::get(7).amount, 5_000);
	});
}

#[test]
fn payee_of_a_payee_is_not_paid() {
	earned(|| {
		assert_ok!(name(7, 8));
		assert_ok!(name(8, 9));
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert_eq!(Balances::total_balance(&8), 6_000);
		assert_eq!(Balances::free_balance(9), 1_000);
	});
}

#[test]
fn accounts_that_name_one_another_are_both_paid() {
	earned(|| {
		assert_ok!(name(7, 8));
		assert_ok!(name(8, 7));
		settle(1, 1_000, &[(8, 1)], Permill::one()).unwrap();
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(8)));
		assert_eq!((Balances::total_balance(&7), Balances::total_balance(&8)), (1_500, 6_000));
	});
}

#[test]
fn accrued_goes_to_the_payee_that_is_named_when_it_is_paid() {
	earned(|| {
		assert_ok!(name(7, 17));
		assert_ok!(name(7, 18));
		assert_eq!(Accrued::<Test>::get(7).amount, 5_000);
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		settle(1, 10_000, &[(7, 1)], Permill::one()).unwrap();
		assert_ok!(name(7, None));
		System::assert_last_event(Event::PayeeSet { account: 7, payee: None }.into());
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert_eq!((Balances::free_balance(17), Balances::free_balance(18)), (0, 5_000));
		assert_eq!(Balances::free_balance(7), 6_000);
		assert_eq!(Paid::<Test>::get(7), 10_000);
	});
}

#[test]
fn deposit_is_held_once_and_comes_back_when_payee_is_removed() {
	earned(|| {
		assert_ok!(name(7, 17));
		assert_eq!(held(7), DEPOSIT);
		assert_ok!(name(7, 18));
		assert_eq!(held(7), DEPOSIT);
		assert_ok!(name(7, None));
		assert_eq!((held(7), Balances::free_balance(7)), (0, 1_000));
		assert!(!Payees::<Test>::contains_key(7));
	});
}

#[test]
fn payee_is_refused_when_it_is_the_account_itself() {
	earned(|| {
		assert_noop!(name(7, 7), Error::<Test>::PayeeIsSelf);
		assert_ok!(name(7, 17));
		assert_noop!(name(7, 7), Error::<Test>::PayeeIsSelf);
	});
}

#[test]
fn payee_is_refused_when_it_is_the_pot() {
	earned(|| {
		assert_noop!(name(7, Rewards::account()), Error::<Test>::PayeeIsPot);
	});
}

#[test]
fn payee_is_refused_when_account_cannot_pay_the_deposit() {
	earned(|| {
		Balances::mint_into(&10, ED + DEPOSIT - 1).unwrap();
		assert_noop!(name(10, 17), TokenError::FundsUnavailable);
		assert_noop!(name(11, 17), TokenError::FundsUnavailable);
		Balances::mint_into(&10, 1).unwrap();
		assert_ok!(name(10, 17));
	});
}

#[test]
fn payee_is_not_removed_when_none_is_named() {
	earned(|| {
		assert_noop!(name(7, None), Error::<Test>::NoPayee);
		assert_ok!(name(7, 17));
		assert_ok!(name(7, None));
		assert_noop!(name(7, None), Error::<Test>::NoPayee);
	});
}

#[test]
fn payee_is_refused_when_unsigned() {
	earned(|| {
		for payee in [Some(17), None] {
			assert_noop!(
				Rewards::set_payee(RuntimeOrigin::none(), payee),
				DispatchError::BadOrigin
			);
		}
	});
}

#[test]
fn claim_is_refused_when_payee_cannot_hold_it_and_paid_once_another_can() {
	earned(|| {
		settle(1, 100, &[(8, 1)], Permill::one()).unwrap();
		assert_ok!(name(8, 17));
		assert_noop!(Rewards::claim(RuntimeOrigin::signed(8)), Error::<Test>::BelowMinimum);
		assert_noop!(Rewards::claim_for(RuntimeOrigin::signed(9), 8), Error::<Test>::BelowMinimum);
		assert_eq!(Accrued::<Test>::get(8).amount, 50);
		assert_ok!(name(8, 9));
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(8)));
		assert_eq!(Balances::free_balance(9), 1_050);
	});
}

#[test]
fn state_is_refused_when_an_account_is_its_own_payee_or_the_pot_is_one() {
	unchecked().execute_with(|| {
		Balances::mint_into(&7, 1_000).unwrap();
		assert_ok!(name(7, 17));
		let (_, ticket) = Payees::<Test>::get(7).unwrap();
		assert_ok!(Rewards::do_try_state());
		for wrong in [7, Rewards::account()] {
			Payees::<Test>::insert(7, (wrong, ticket.clone()));
			assert!(Rewards::do_try_state().is_err());
		}
	});
}
