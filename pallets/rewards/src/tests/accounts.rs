use super::*;
use crate::{Accrual, Accrued, Error, Event, HoldReason, Paid};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use openledger_primitives_core::traits::RewardAccounts;
use sp_runtime::DispatchResult;

/// What an open account's entry holds: ten for the item, one for each byte of an account, an amount, a
/// voice and the deposit itself, of which there may be none.
const DEPOSIT: u128 = 10 + 8 + 16 + 16 + 17;

fn open(account: u64) -> DispatchResult {
	Rewards::open_account(RuntimeOrigin::signed(account))
}

fn close(account: u64) -> DispatchResult {
	Rewards::close_account(RuntimeOrigin::signed(account))
}

fn held(account: u64) -> u128 {
	Balances::balance_on_hold(&HoldReason::Account.into(), &account)
}

/// The bytes of an account's entry.
fn stored(account: u64) -> Option<usize> {
	frame_support::storage::unhashed::get_raw(&Accrued::<Test>::hashed_key_for(account))
		.map(|value| value.len())
}

/// Accounts 7, 8 and 9 can pay deposits, and 7's account is open.
fn opened(test: impl FnOnce()) {
	chain(|| {
		for account in 7..10 {
			Balances::mint_into(&account, 1_000).unwrap();
		}
		assert_ok!(open(7));
		test();
		assert!(balanced());
	});
}

#[test]
fn account_holds_a_deposit_and_its_entry_when_opened() {
	opened(|| {
		System::assert_last_event(Event::AccountOpened { account: 7 }.into());
		assert_eq!((held(7), Balances::free_balance(7)), (DEPOSIT, 1_000 - DEPOSIT));
		assert_eq!(Rewards::rewards(&7).accrued, 0);
		assert!(Rewards::rewards(&7).open && !Rewards::rewards(&8).open);
		assert!(stored(7).is_some() && stored(8).is_none());
	});
}

#[test]
fn account_is_opened_once_however_often_it_contributes() {
	opened(|| {
		let before = System::events().len();
		assert_ok!(<Rewards as RewardAccounts<u64>>::open(&7));
		assert_eq!(System::events().len(), before);
		assert_eq!(held(7), DEPOSIT);
		assert_ok!(<Rewards as RewardAccounts<u64>>::open(&8));
		System::assert_last_event(Event::AccountOpened { account: 8 }.into());
		assert_noop!(open(7), Error::<Test>::AlreadyOpen);
		assert_noop!(open(8), Error::<Test>::AlreadyOpen);
	});
}

#[test]
fn account_is_refused_when_it_cannot_pay_the_deposit() {
	opened(|| {
		Balances::mint_into(&10, ED + DEPOSIT - 1).unwrap();
		assert_noop!(open(10), Error::<Test>::DepositUnavailable);
		assert_noop!(open(11), Error::<Test>::DepositUnavailable);
		assert_noop!(
			<Rewards as RewardAccounts<u64>>::open(&11),
			Error::<Test>::DepositUnavailable
		);
		Balances::mint_into(&10, 1).unwrap();
		assert_ok!(open(10));
	});
}

#[test]
fn settlement_adds_no_byte_to_an_open_account() {
	opened(|| {
		let paid_for = stored(7).unwrap();
		for (request, fee) in [(0, 2), (1, 10_000), (2, u128::MAX / 4)] {
			settle(request, fee, &[(7, 1)], Permill::one()).unwrap();
			assert_eq!(stored(7), Some(paid_for));
		}
		assert_eq!(paid_for + 8, Accrual::<Test>::footprint().size as usize);
	});
}

#[test]
fn entry_of_an_open_account_stays_when_it_is_paid_out() {
	opened(|| {
		for request in 0..2 {
			settle(request, 10_000, &[(7, 1)], Permill::one()).unwrap();
			assert_ok!(Rewards::claim_for(RuntimeOrigin::signed(9), 7));
			let entry = Accrued::<Test>::get(7);
			assert_eq!((entry.amount, entry.voice), (0, 0));
			assert!(entry.is_open());
			assert_noop!(Rewards::claim(RuntimeOrigin::signed(7)), Error::<Test>::NothingAccrued);
		}
		assert_eq!((Paid::<Test>::get(7), held(7)), (10_000, DEPOSIT));
		// Two points for each unit, whatever the account is.
		assert_eq!(Credited::get(), [(7, 10_000), (7, 10_000)]);
	});
}

#[test]
fn deposit_comes_back_when_account_is_closed() {
	opened(|| {
		assert_ok!(close(7));
		System::assert_last_event(Event::AccountClosed { account: 7 }.into());
		assert_eq!((held(7), Balances::free_balance(7)), (0, 1_000));
		assert!(!Accrued::<Test>::contains_key(7));
		assert_noop!(close(7), Error::<Test>::NotOpen);
		assert_noop!(close(8), Error::<Test>::NotOpen);
	});
}

#[test]
fn account_is_not_closed_when_something_has_accrued() {
	opened(|| {
		settle(0, 10_000, &[(7, 1), (8, 1)], Permill::one()).unwrap();
		assert_noop!(close(7), Error::<Test>::StillAccrued);
		assert_noop!(close(8), Error::<Test>::NotOpen);
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert_ok!(close(7));
		assert_eq!(Balances::free_balance(7), 1_000 + 2_500);
	});
}

#[test]
fn closed_account_earns_in_an_entry_that_goes_with_the_payout() {
	opened(|| {
		assert_ok!(close(7));
		settle(0, 10_000, &[(7, 1)], Permill::one()).unwrap();
		assert_eq!(Accrued::<Test>::get(7).amount, 5_000);
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert!(!Accrued::<Test>::contains_key(7));
	});
}

#[test]
fn account_keeps_what_it_accrued_when_opened_afterwards() {
	opened(|| {
		settle(0, 10_000, &[(8, 1)], Permill::one()).unwrap();
		assert_ok!(open(8));
		let entry = Accrued::<Test>::get(8);
		assert_eq!((entry.amount, entry.voice), (5_000, 10_000));
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(8)));
		assert!(Accrued::<Test>::get(8).is_open());
	});
}

#[test]
fn entry_of_verifiers_pool_goes_when_all_of_it_is_paid_unless_somebody_pays_for_it() {
	opened(|| {
		settle(0, 10_000, &[], Permill::one()).unwrap();
		assert_eq!(Rewards::pay_verifier(&8, 600), 500);
		assert!(!Accrued::<Test>::contains_key(VERIFIERS));
		Balances::mint_into(&VERIFIERS, 1_000).unwrap();
		assert_ok!(open(VERIFIERS));
		settle(1, 10_000, &[], Permill::one()).unwrap();
		assert_eq!(Rewards::pay_verifier(&8, 600), 500);
		assert!(Accrued::<Test>::get(VERIFIERS).is_open());
		// A verifier whose own account is open stays so.
		settle(2, 10_000, &[], Permill::one()).unwrap();
		assert_eq!(Rewards::pay_verifier(&7, 600), 500);
		assert!(Accrued::<Test>::get(7).is_open());
	});
}

#[test]
fn account_is_refused_when_unsigned() {
	opened(|| {
		assert_noop!(Rewards::open_account(RuntimeOrigin::none()), DispatchError::BadOrigin);
		assert_noop!(Rewards::close_account(RuntimeOrigin::none()), DispatchError::BadOrigin);
	});
}

#[test]
fn state_is_refused_when_an_entry_is_empty_and_nobody_pays_for_it() {
	unchecked().execute_with(|| {
		Balances::mint_into(&7, 1_000).unwrap();
		assert_ok!(open(7));
		assert_ok!(Rewards::do_try_state());
		let ticket = Accrued::<Test>::get(7).ticket;
		for wrong in [Accrual::default(), Accrual { amount: 0, voice: 1, ticket }] {
			Accrued::<Test>::insert(7, wrong);
			assert!(Rewards::do_try_state().is_err());
		}
	});
}
