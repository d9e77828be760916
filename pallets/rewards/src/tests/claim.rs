use super::*;
use crate::{Accrued, Error, Event, Paid, TotalAccrued};
use frame_support::{assert_noop, assert_ok};

#[test]
fn claim_pays_all_accrued_and_conserves() {
	chain(|| {
		settle(0, 10_000, &[(7, 1)], Permill::one()).unwrap();
		let issued = Balances::total_issuance();
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert_eq!(Balances::free_balance(7), 5_000);
		assert_eq!(Rewards::rewards(&7).paid, 5_000);
		assert!(!Accrued::<Test>::contains_key(7));
		assert_eq!(Balances::total_issuance(), issued);
		assert!(balanced());
		System::assert_last_event(Event::Claimed { account: 7, payee: 7, amount: 5_000 }.into());
	});
}

#[test]
fn voice_is_credited_with_the_payout_to_who_earned_it_whoever_is_paid() {
	chain(|| {
		settle(0, 10_000, &[(7, 3), (8, 1)], Permill::one()).unwrap();
		settle(1, 1_000, &[(7, 1)], Permill::one()).unwrap();
		assert!(Credited::get().is_empty(), "nothing counts before it is paid out");
		Balances::mint_into(&7, 1_000).unwrap();
		assert_ok!(Rewards::set_payee(RuntimeOrigin::signed(7), Some(9)));
		assert_ok!(Rewards::claim_for(RuntimeOrigin::signed(8), 7));
		assert_eq!(Credited::get(), [(7, 2 * (3_750 + 500))]);
		settle(2, 1_000, &[(7, 1)], Permill::one()).unwrap();
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert_eq!(Credited::get()[1..], [(7, 2 * 500)]);
	});
}

#[test]
fn voice_stays_accrued_while_its_account_can_not_be_paid() {
	chain(|| {
		settle(0, 100, &[(7, 1)], Permill::one()).unwrap();
		assert_noop!(Rewards::claim_for(RuntimeOrigin::signed(9), 7), Error::<Test>::BelowMinimum);
		assert_eq!(Accrued::<Test>::get(7).voice, 100);
		assert!(Credited::get().is_empty());
	});
}

#[test]
fn claim_is_refused_when_nothing_is_accrued() {
	chain(|| {
		assert_noop!(Rewards::claim(RuntimeOrigin::signed(7)), Error::<Test>::NothingAccrued);
		settle(0, 10_000, &[(7, 1)], Permill::one()).unwrap();
		assert_ok!(Rewards::claim(RuntimeOrigin::signed(7)));
		assert_noop!(Rewards::claim(RuntimeOrigin::signed(7)), Error::<Test>::NothingAccrued);
	});
}

#[test]
fn claim_is_refused_when_unsigned() {
	chain(|| {
		assert_noop!(Rewards::claim(RuntimeOrigin::none()), DispatchError::BadOrigin);
		assert_noop!(Rewards::claim_for(RuntimeOrigin::none(), 7), DispatchError::BadOrigin);
		assert_noop!(Rewards::sweep(RuntimeOrigin::none()), DispatchError::BadOrigin);
	});
}

#[test]
fn dust_stays_accrued_when_account_is_dead_and_is_paid_once_enough() {
	chain(|| {
		settle(0, 100, &[(7, 1)], Permill::one()).unwrap();
		assert_eq!(Accrued::<Test>::get(7).amount, 50);
		assert_noop!(Rewards::claim_for(RuntimeOrigin::signed(9), 7), Error::<Test>::BelowMinimum);
		assert_eq!(TotalAccrued::<Test>::get(), 98);
		settle(1, 100, &[(7, 1)], Permill::one()).unwrap();
		assert_ok!(Rewards::claim_for(RuntimeOrigin::signed(9), 7));
		assert_eq!(Balances::free_balance(7), 100);
		assert!(balanced());
	});
}

#[test]
fn reward_survives_when_account_was_reaped() {
	chain(|| {
		Balances::mint_into(&7, 1_000).unwrap();
		settle(0, 1_000, &[(7, 1)], Permill::one()).unwrap();
		assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(7), 8, 1_000));
		assert!(!frame_system::Account::<Test>::contains_key(7));
		assert_ok!(Rewards::claim_for(RuntimeOrigin::signed(8), 7));
		assert_eq!(Balances::free_balance(7), 500);
	});
}

#[test]
fn claim_for_pays_no_one_else() {
	chain(|| {
		settle(0, 10_000, &[(7, 1)], Permill::one()).unwrap();
		assert_ok!(Rewards::claim_for(RuntimeOrigin::signed(9), 7));
		assert_eq!((Balances::free_balance(7), Balances::free_balance(9)), (5_000, 0));
		assert_eq!(Paid::<Test>::get(9), 0);
	});
}

#[test]
fn sweep_accrues_donations_to_treasury_and_is_refused_without_any() {
	chain(|| {
		assert_noop!(Rewards::sweep(RuntimeOrigin::signed(9)), Error::<Test>::NothingToSweep);
		Balances::mint_into(&Rewards::account(), 77).unwrap();
		assert_ok!(Rewards::sweep(RuntimeOrigin::signed(9)));
		assert_eq!(Accrued::<Test>::get(TREASURY).amount, 77);
		assert!(balanced());
	});
}

#[test]
fn genesis_gives_pot_and_validators_their_existential_deposits() {
	chain(|| {
		assert_eq!(Balances::free_balance(Rewards::account()), ED);
		assert_eq!(Balances::free_balance(VALIDATORS), ED);
		assert!(balanced());
	});
}
