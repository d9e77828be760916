use crate::{
	Error, Event, Expiries, HoldReason, NextExpiry, Operators, Requests, Status, WeightInfo,
	mock::*,
};
use frame_support::{assert_noop, assert_ok, traits::Hooks, weights::Weight};

type E = Error<Test>;

#[test]
fn request_is_refunded_at_its_deadline_by_itself() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		go_to(11);
		assert_eq!(Requests::<Test>::get(id).unwrap().status, Status::Pending);
		go_to(12);
		assert_eq!(Requests::<Test>::get(id).unwrap().status, Status::Refunded);
		assert_eq!(held(HoldReason::Escrow, 5), 0);
		assert_eq!(Operators::<Test>::get(account(1)).unwrap().operator.missed, 1);
		assert_eq!((open(1), Expiries::<Test>::iter().count()), (0, 0));
		assert_ok!(Inference::prune(signed(5), id));
		assert_eq!(Balances::free_balance(account(5)), RICH);
	});
}

#[test]
fn expire_is_refused_too_early_twice_and_when_answered() {
	chain(|| {
		operate(1, 2);
		let id = ask(5).unwrap();
		let answered = ask(5).unwrap();
		assert_ok!(reply(1, answered));
		assert_noop!(Inference::expire(signed(9), 77), E::UnknownRequest);
		System::set_block_number(11);
		assert_noop!(Inference::expire(signed(9), id), E::DeadlineNotPassed);
		System::set_block_number(12);
		assert_noop!(Inference::expire(signed(9), answered), E::NotPending);
		assert_ok!(Inference::expire(signed(9), id));
		assert_noop!(Inference::expire(signed(9), id), E::NotPending);
		assert_noop!(reply(1, id), E::NotPending);
	});
}

#[test]
fn misses_cost_bond_at_the_limit() {
	chain(|| {
		operate(1, 2);
		let treasury = total(90);
		ask(5).unwrap();
		ask(5).unwrap();
		go_to(12);
		let operator = Operators::<Test>::get(account(1)).unwrap().operator;
		assert_eq!((operator.missed, operator.bond), (0, BOND - 1_000));
		assert_eq!(total(90), treasury + 1_000);
		System::assert_has_event(
			Event::OperatorSlashed { operator: account(1), amount: 1_000, rewarded: 0 }.into(),
		);
		assert_noop!(ask(5), E::NoOperator);
	});
}

#[test]
fn request_that_an_upgrade_made_unanswerable_is_no_miss() {
	chain(|| {
		operate(1, 2);
		MaxMissed::set(1);
		let id = ask(5).unwrap();
		Registry::mutate(|all| all.insert(1, outdated()));
		go_to(12);
		assert_eq!(Requests::<Test>::get(id).unwrap().status, Status::Refunded);
		let operator = Operators::<Test>::get(account(1)).unwrap().operator;
		assert_eq!((operator.missed, operator.bond, open(1)), (0, BOND, 0));
	});
}

#[test]
fn penalty_takes_no_more_than_the_bond() {
	chain(|| {
		operate(1, 1);
		MaxMissed::set(1);
		use openledger_primitives_core::traits::Settlement;
		ask(5).unwrap();
		Inference::slash(&account(1), BOND - 10, &[account(9)]).unwrap();
		go_to(12);
		assert_eq!(Operators::<Test>::get(account(1)).unwrap().operator.bond, 0);
		assert_ok!(Inference::leave(signed(1)));
		go_to(40);
		assert_ok!(Inference::withdraw_bond(signed(1)));
		assert_eq!(total(1), RICH - BOND);
	});
}

#[test]
fn idle_work_stays_within_its_weight_and_goes_on_later() {
	chain(|| {
		operate(1, 4);
		for _ in 0..3 {
			ask(5).unwrap();
		}
		System::set_block_number(30);
		assert_eq!(Inference::on_idle(30, Weight::zero()), Weight::zero());
		let mut rounds = 0;
		while Expiries::<Test>::iter().count() > 0 {
			let limit = <Test as crate::Config>::WeightInfo::expire()
				.saturating_mul(2)
				.saturating_add(Weight::from_parts(3_000_000_000, 0));
			assert!(Inference::on_idle(30, limit).all_lte(limit));
			crate::mock::check();
			rounds += 1;
			assert!(rounds < 100);
		}
		assert!(rounds > 1);
		assert!(Requests::<Test>::iter_values().all(|r| r.status == Status::Refunded));
		Inference::on_idle(30, Weight::MAX);
		assert_eq!(NextExpiry::<Test>::get(), 30);
	});
}

#[test]
fn failed_refund_is_reported_and_stays_possible() {
	unchecked().execute_with(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		// An escrow that is not there any more can't be released.
		use frame_support::traits::fungible::MutateHold;
		use frame_support::traits::tokens::{Fortitude, Precision};
		let escrow = HoldReason::Escrow.into();
		Balances::burn_held(&escrow, &account(5), 1, Precision::Exact, Fortitude::Force).unwrap();
		go_to(12);
		let failed = System::events().into_iter().any(|record| {
			matches!(
				record.event,
				RuntimeEvent::Inference(Event::ExpiryFailed { request, .. }) if request == id
			)
		});
		assert!(failed);
		assert_eq!(Requests::<Test>::get(id).unwrap().status, Status::Pending);
		assert_eq!(open(1), 1);
		Balances::hold(&escrow, &account(5), 1).unwrap();
		assert_ok!(Inference::expire(signed(9), id));
		Inference::do_try_state().unwrap();
	});
}
