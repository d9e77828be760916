use crate::{
	Assigned, Error, Event, Exposed, HoldReason, NextRequest, Operators, Requests, mock::*,
};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	Prompt,
	model::{ModelStatus, Price, Usage},
	traits::Settlement as _,
};
use sp_core::crypto::AccountId32;
use sp_runtime::{DispatchResult, Permill, TokenError};

type E = Error<Test>;

/// A request that is fine, to be spoilt.
#[derive(Clone)]
struct Ask {
	model: u32,
	operator: Option<AccountId32>,
	prompt: Vec<u8>,
	tokens: u32,
	fee: u128,
	temperature: u16,
	blocks: u32,
}

impl Default for Ask {
	fn default() -> Self {
		Self {
			model: 1,
			operator: None,
			prompt: b"Why?".to_vec(),
			tokens: 100,
			fee: 2_000,
			temperature: 700,
			blocks: 10,
		}
	}
}

impl Ask {
	fn by(self, payer: u8) -> DispatchResult {
		Inference::request(
			signed(payer),
			self.model,
			self.operator,
			Prompt::truncate_from(self.prompt),
			self.tokens,
			self.fee,
			self.temperature,
			[0; 32],
			self.blocks,
		)
	}
}

#[test]
fn request_holds_escrow_and_deposit_and_assigns() {
	chain(|| {
		operate(1, 2);
		assert_ok!(Ask::default().by(5));
		assert_eq!(held(HoldReason::Escrow, 5), 2_000);
		assert!(held(HoldReason::RequestDeposit, 5) > 4_096);
		assert_eq!(Assigned::<Test>::get(account(1)).into_inner(), [0]);
		assert_eq!(open(1), 1);
		System::assert_last_event(
			Event::Requested {
				request: 0,
				model: 1,
				payer: account(5),
				operator: account(1),
				deadline: 11,
			}
			.into(),
		);
	});
}

#[test]
fn request_is_refused_when_malformed() {
	chain(|| {
		operate(1, 2);
		let fine = Ask::default();
		for prompt in [vec![], b" \n".to_vec(), vec![0xc3, 0x28]] {
			assert_noop!(Ask { prompt, ..fine.clone() }.by(5), E::InvalidPrompt);
		}
		for tokens in [0, 257] {
			assert_noop!(Ask { tokens, ..fine.clone() }.by(5), E::TokensOutOfRange);
		}
		assert_noop!(Ask { temperature: 2_001, ..fine.clone() }.by(5), E::TemperatureOutOfRange);
		for blocks in [0, 2, 51, u32::MAX] {
			assert_noop!(Ask { blocks, ..fine.clone() }.by(5), E::DeadlineOutOfRange);
		}
		assert_eq!(NextRequest::<Test>::get(), 0);
	});
}

#[test]
fn request_is_refused_when_fee_is_too_low() {
	chain(|| {
		operate(1, 2);
		// One token of prompt and one of output are eleven.
		assert_noop!(Ask { fee: 10, ..Ask::default() }.by(5), E::FeeTooLow);
		assert_ok!(Ask { fee: 11, ..Ask::default() }.by(5));
		Registry::mutate(|all| {
			all.get_mut(&1).unwrap().price = Price { prompt: 0, output: 0 };
		});
		assert_noop!(Ask { fee: 5, ..Ask::default() }.by(5), E::FeeTooLow);
		Registry::mutate(|all| {
			all.get_mut(&1).unwrap().price = Price { prompt: u128::MAX, output: u128::MAX };
		});
		assert_noop!(Ask::default().by(5), E::FeeTooLow);
	});
}

#[test]
fn request_is_refused_when_model_is_unknown_or_does_not_answer() {
	chain(|| {
		operate(1, 2);
		assert_noop!(Ask { model: 9, ..Ask::default() }.by(5), E::UnknownModel);
		for status in
			[ModelStatus::Draft, ModelStatus::Indexed, ModelStatus::Retired, ModelStatus::Condemned]
		{
			Registry::mutate(|all| all.insert(1, model(status)));
			assert_noop!(Ask::default().by(5), E::ModelNotServing);
		}
		Registry::mutate(|all| all.insert(1, outdated()));
		assert_noop!(Ask::default().by(5), E::ModelNotServing);
		assert!(Inference::quote(1, Usage { prompt: 1, output: 1 }).is_none());
		Registry::mutate(|all| all.insert(1, model(ModelStatus::Deprecated)));
		assert_ok!(Ask::default().by(5));
	});
}

#[test]
fn request_is_refused_when_payer_lacks_funds() {
	chain(|| {
		operate(1, 2);
		let bond_for_any = 10 * RICH;
		Operators::<Test>::mutate(account(1), |registration| {
			registration.as_mut().unwrap().operator.bond += bond_for_any;
		});
		assert_noop!(Ask { fee: RICH, ..Ask::default() }.by(5), TokenError::FundsUnavailable);
		// Enough for the fee, not for the deposit.
		assert_noop!(
			Ask { fee: RICH - ED - 100, ..Ask::default() }.by(5),
			TokenError::FundsUnavailable
		);
		assert_noop!(Ask::default().by(60), TokenError::FundsUnavailable);
		assert_eq!(open(1), 0);
		Operators::<Test>::mutate(account(1), |registration| {
			registration.as_mut().unwrap().operator.bond -= bond_for_any;
		});
	});
}

#[test]
fn request_is_refused_beyond_capacity() {
	chain(|| {
		operate(1, 1);
		let named = Ask { operator: Some(account(1)), ..Ask::default() };
		assert_ok!(named.clone().by(5));
		assert_noop!(named.by(5), E::AtCapacity);
		assert_noop!(Ask::default().by(5), E::NoOperator);
	});
}

#[test]
fn request_is_refused_when_named_operator_cannot_serve() {
	chain(|| {
		operate(1, 2);
		let named = |n| Ask { operator: Some(account(n)), ..Ask::default() };
		assert_noop!(named(2).by(5), E::NotOperator);
		Inference::register_operator(signed(2), account(22), BOND, endpoint(), 1).unwrap();
		assert_noop!(named(2).by(5), E::NotServing);
		// A slashed bond takes no more requests.
		use openledger_primitives_core::traits::Settlement;
		Inference::slash(&account(1), 1, &[account(9)]).unwrap();
		assert_noop!(named(1).by(5), E::Underbonded);
		assert_noop!(Ask::default().by(5), E::NoOperator);
		assert_ok!(Inference::bond_extra(signed(1), 1));
		assert_ok!(named(1).by(5));
	});
}

#[test]
fn request_goes_to_the_least_busy() {
	chain(|| {
		for n in 1..=3 {
			operate(n, 2);
		}
		for _ in 0..3 {
			assert_ok!(Ask { blocks: 20, ..Ask::default() }.by(5));
		}
		for _ in 0..3 {
			assert_ok!(Ask::default().by(5));
		}
		for (n, ids) in [(1, [0, 3]), (2, [1, 4]), (3, [2, 5])] {
			assert_eq!(Assigned::<Test>::get(account(n)).into_inner(), ids);
		}
		assert_noop!(Ask { blocks: 30, ..Ask::default() }.by(5), E::NoOperator);
	});
}

#[test]
fn request_is_refused_when_deadline_is_full() {
	chain(|| {
		operate(1, 4);
		for _ in 0..3 {
			assert_ok!(Ask::default().by(5));
		}
		assert_noop!(Ask::default().by(5), E::DeadlineFull);
		assert_ok!(Ask { blocks: 11, ..Ask::default() }.by(5));
	});
}

#[test]
fn prune_is_refused_until_final_and_to_others() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		assert_noop!(Inference::prune(signed(5), 77), E::UnknownRequest);
		assert_noop!(Inference::prune(signed(6), id), E::NotPayer);
		assert_noop!(Inference::prune(signed(5), id), E::NotFinal);
		assert_ok!(reply(1, id));
		assert_noop!(Inference::prune(signed(5), id), E::NotFinal);
		use openledger_primitives_core::traits::Settlement;
		Inference::settle(id, &[], sp_runtime::Permill::one()).unwrap();
		assert!(submitted(id).is_some() && Rewards::settlement(id).is_some());
		assert_ok!(Inference::prune(signed(5), id));
		assert!(submitted(id).is_none() && Rewards::settlement(id).is_none());
		assert!(!Requests::<Test>::contains_key(id));
		assert_eq!(held(HoldReason::RequestDeposit, 5), 0);
		assert_eq!(total(5), RICH - 320);
	});
}

#[test]
fn request_is_refused_when_bond_does_not_stand_behind_its_fee() {
	chain(|| {
		operate(1, 3);
		MaxExposure::set(Permill::from_percent(20));
		let named = || Ask { operator: Some(account(1)), ..Ask::default() };
		assert_ok!(named().by(5));
		// What it can cost at most, 104 + 100 · 10, not what is offered.
		assert_eq!(Exposed::<Test>::get(account(1)), 1_104);
		assert_noop!(named().by(5), E::Overexposed);
		assert_noop!(Ask::default().by(5), E::NoOperator);
		assert_ok!(Ask { fee: 800, ..named() }.by(5));
		// From its answer on, its fee; settled, nothing.
		reply(1, 0).unwrap();
		assert_eq!(Exposed::<Test>::get(account(1)), 320 + 800);
		Inference::settle(0, &[], Permill::one()).unwrap();
		assert_eq!(Exposed::<Test>::get(account(1)), 800);
		assert_ok!(named().by(5));
	});
}
