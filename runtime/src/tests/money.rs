use super::*;
use crate::{
	Balances, MILLI, OPEN, RuntimeCall, RuntimeOrigin, TransactionPayment, TreasuryAccount,
	configs::{
		parameters::dynamic_params,
		tokens::{DealWithFees, SUPPLY},
	},
};
use frame_support::{
	assert_ok,
	dispatch::GetDispatchInfo,
	traits::{
		OnUnbalanced,
		fungible::{Balanced, Inspect},
	},
};
use sp_keyring::Sr25519Keyring::{Alice, Bob};

#[test]
fn transfer_costs_less_than_a_thousandth_of_an_open() {
	dev().execute_with(|| {
		let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
			dest: Bob.to_account_id().into(),
			value: OPEN,
		});
		let info = call.get_dispatch_info();
		let fee = TransactionPayment::compute_fee(150, &info, 0);
		assert!(fee > 0 && fee < MILLI, "{fee}");
	});
}

#[test]
fn tip_reaches_treasury_when_block_has_no_author() {
	dev().execute_with(|| {
		let before = Balances::free_balance(TreasuryAccount::get());
		let parts = [Balances::issue(7), Balances::issue(5)];
		DealWithFees::on_unbalanceds(parts.into_iter());
		// Half of the seven, rounded for the treasury, and the tip.
		assert_eq!(Balances::free_balance(TreasuryAccount::get()), before + 4 + 5);
		assert_eq!(Balances::total_issuance(), SUPPLY + 9);
	});
}

#[test]
fn dust_reaches_treasury_when_account_falls_below_the_minimum() {
	dev().execute_with(|| {
		let stranger = crate::AccountId::new([9; 32]);
		let before = Balances::free_balance(TreasuryAccount::get());
		let give = RuntimeOrigin::signed(Alice.to_account_id());
		assert_ok!(Balances::transfer_keep_alive(give, stranger.clone().into(), 2 * MILLI));
		let back = RuntimeOrigin::signed(stranger.clone());
		assert_ok!(Balances::transfer_allow_death(
			back,
			Alice.to_account_id().into(),
			MILLI + MILLI / 2,
		));
		assert_eq!(<Balances as Inspect<_>>::total_balance(&stranger), 0);
		assert_eq!(Balances::free_balance(TreasuryAccount::get()), before + MILLI / 2);
		assert_eq!(Balances::total_issuance(), SUPPLY);
	});
}

#[test]
fn deposits_grow_with_size() {
	use crate::configs::tokens::deposit;
	assert_eq!(deposit(1, 0), 10 * MILLI);
	assert_eq!(deposit(0, 1_000), 100 * MILLI);
	assert!(deposit(u32::MAX, u32::MAX) > deposit(u32::MAX, 0));
}

#[test]
fn burned_part_is_what_governance_says() {
	dev().execute_with(|| {
		let burned = crate::RuntimeParameters::Fees(dynamic_params::fees::Parameters::Burned(
			dynamic_params::fees::Burned,
			Some(sp_runtime::Permill::from_percent(100)),
		));
		assert_ok!(crate::Parameters::set_parameter(RuntimeOrigin::root(), burned));
		let before = Balances::free_balance(TreasuryAccount::get());
		DealWithFees::on_unbalanceds([Balances::issue(7)].into_iter());
		assert_eq!(Balances::free_balance(TreasuryAccount::get()), before);
		assert_eq!(Balances::total_issuance(), SUPPLY);
	});
}
