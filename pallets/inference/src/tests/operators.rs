use crate::{AgentOf, Error, Event, HoldReason, Operators, ServedBy, Serving, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{Endpoint, model::ModelStatus};
use sp_runtime::TokenError;

type E = Error<Test>;

fn register(n: u8, agent: u8, bond: u128, capacity: u32) -> sp_runtime::DispatchResult {
	Inference::register_operator(signed(n), account(agent), bond, endpoint(), capacity)
}

#[test]
fn registration_holds_bond_and_deposit() {
	chain(|| {
		assert_ok!(register(1, 21, BOND, 4));
		assert_eq!(held(HoldReason::Bond, 1), BOND);
		assert!(held(HoldReason::OperatorDeposit, 1) > 0);
		assert_eq!(AgentOf::<Test>::get(account(21)), Some(account(1)));
		System::assert_last_event(
			Event::OperatorRegistered { operator: account(1), agent: account(21), bond: BOND }
				.into(),
		);
	});
}

#[test]
fn registration_is_refused_when_terms_are_wrong() {
	chain(|| {
		assert_noop!(register(1, 21, BOND - 1, 4), E::BondTooSmall);
		assert_noop!(register(1, 21, BOND, 0), E::CapacityOutOfRange);
		assert_noop!(register(1, 21, BOND, 5), E::CapacityOutOfRange);
		assert_noop!(register(1, 21, 2 * RICH, 4), TokenError::FundsUnavailable);
		for bad in [vec![], vec![0xff, 0xfe], b"  ".to_vec()] {
			let endpoint = Endpoint::truncate_from(bad);
			assert_noop!(
				Inference::register_operator(signed(1), account(21), BOND, endpoint, 4),
				E::InvalidEndpoint
			);
		}
	});
}

#[test]
fn registration_is_refused_when_account_or_agent_is_taken() {
	chain(|| {
		assert_ok!(register(1, 21, BOND, 4));
		assert_noop!(register(1, 22, BOND, 4), E::AlreadyRegistered);
		assert_noop!(register(2, 21, BOND, 4), E::AgentTaken);
	});
}

#[test]
fn update_moves_agent_and_is_refused_when_it_is_taken() {
	chain(|| {
		assert_ok!(register(1, 21, BOND, 4));
		assert_ok!(register(2, 22, BOND, 4));
		let update = |agent: u8, capacity| {
			Inference::update_operator(signed(1), endpoint(), capacity, account(agent))
		};
		assert_noop!(update(22, 4), E::AgentTaken);
		assert_noop!(update(21, 0), E::CapacityOutOfRange);
		assert_noop!(
			Inference::update_operator(signed(3), endpoint(), 1, account(23)),
			E::NotOperator
		);
		assert_ok!(update(23, 2));
		assert_eq!(AgentOf::<Test>::get(account(21)), None);
		assert_eq!(AgentOf::<Test>::get(account(23)), Some(account(1)));
	});
}

#[test]
fn bond_grows_and_is_refused_when_funds_lack() {
	chain(|| {
		assert_noop!(Inference::bond_extra(signed(1), 5), E::NotOperator);
		assert_ok!(register(1, 21, BOND, 4));
		assert_ok!(Inference::bond_extra(signed(1), 5));
		assert_eq!(held(HoldReason::Bond, 1), BOND + 5);
		assert_noop!(Inference::bond_extra(signed(1), RICH), TokenError::FundsUnavailable);
		assert_noop!(Inference::bond_extra(signed(1), u128::MAX), E::Overflow);
	});
}

#[test]
fn serving_is_refused_when_model_does_not_answer() {
	chain(|| {
		assert_ok!(register(1, 21, BOND, 4));
		let serve = |n: u8, models: &[u32]| {
			Inference::serve(signed(n), models.to_vec().try_into().unwrap())
		};
		assert_noop!(serve(2, &[1]), E::NotOperator);
		assert_noop!(serve(1, &[9]), E::UnknownModel);
		for status in
			[ModelStatus::Draft, ModelStatus::Indexed, ModelStatus::Retired, ModelStatus::Condemned]
		{
			Registry::mutate(|all| all.insert(3, model(status)));
			assert_noop!(serve(1, &[3]), E::ModelNotServing);
		}
		Registry::mutate(|all| all.insert(3, outdated()));
		assert_noop!(serve(1, &[3]), E::ModelNotServing);
		assert_noop!(serve(1, &[1, 1]), E::AlreadyServing);
		assert_ok!(serve(1, &[1, 2]));
		Registry::mutate(|all| all.insert(3, model(ModelStatus::Published)));
		assert_noop!(serve(1, &[3]), E::TooManyModels);
	});
}

#[test]
fn serving_is_refused_when_model_has_enough_operators() {
	chain(|| {
		for n in 1..=3 {
			operate(n, 1);
		}
		assert_ok!(register(4, 24, BOND, 1));
		let models = vec![1].try_into().unwrap();
		assert_noop!(Inference::serve(signed(4), models), E::TooManyOperators);
	});
}

#[test]
fn unserving_leaves_no_empty_lists() {
	chain(|| {
		operate(1, 1);
		assert_noop!(Inference::unserve(signed(1), 2), E::NotServing);
		assert_ok!(Inference::unserve(signed(1), 1));
		assert!(!Serving::<Test>::contains_key(1));
		assert!(!ServedBy::<Test>::contains_key(account(1)));
		assert_noop!(Inference::unserve(signed(1), 1), E::NotServing);
	});
}

#[test]
fn leaving_frees_everything_after_the_period() {
	chain(|| {
		operate(1, 1);
		assert_noop!(Inference::withdraw_bond(signed(1)), E::NotLeaving);
		assert_ok!(Inference::leave(signed(1)));
		assert_noop!(Inference::leave(signed(1)), E::Leaving);
		assert_noop!(Inference::bond_extra(signed(1), 1), E::Leaving);
		assert_noop!(Inference::serve(signed(1), vec![1].try_into().unwrap()), E::Leaving);
		assert_noop!(ask(5), E::NoOperator);
		go_to(20);
		assert_noop!(Inference::withdraw_bond(signed(1)), E::StillBonded);
		go_to(21);
		assert_ok!(Inference::withdraw_bond(signed(1)));
		assert_eq!(Balances::free_balance(account(1)), RICH);
		assert_eq!(AgentOf::<Test>::get(account(21)), None);
		assert!(!Operators::<Test>::contains_key(account(1)));
		assert_noop!(Inference::withdraw_bond(signed(1)), E::NotOperator);
	});
}

#[test]
fn bond_stays_when_an_answer_is_not_settled() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		assert_ok!(Inference::leave(signed(1)));
		assert_ok!(reply(1, id));
		go_to(40);
		assert_noop!(Inference::withdraw_bond(signed(1)), E::UnsettledRequests);
		use openledger_primitives_core::traits::Settlement;
		Inference::settle(id, &[], sp_runtime::Permill::one()).unwrap();
		assert_ok!(Inference::withdraw_bond(signed(1)));
	});
}
