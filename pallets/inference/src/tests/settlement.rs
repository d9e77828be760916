use crate::{Error, Event, HoldReason, Operators, Requests, Status, mock::*};
use frame_support::assert_noop;
use openledger_primitives_core::traits::Settlement;
use proptest::prelude::*;
use sp_runtime::Permill;

type E = Error<Test>;

fn settle(id: u64) -> Result<u128, sp_runtime::DispatchError> {
	Inference::settle(id, &[(account(70), 3), (account(71), 1)], Permill::one()).map(|d| d.fee)
}

#[test]
fn settling_pays_out_of_escrow_once() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		assert_noop!(settle(id), E::NotAnswered);
		assert_eq!(Inference::at_stake(id), None);
		reply(1, id).unwrap();
		assert_eq!(Inference::at_stake(id), Some((320, 160)));
		assert_eq!(settle(id), Ok(320));
		assert_eq!(held(HoldReason::Escrow, 5), 0);
		assert_eq!(Rewards::rewards(&account(70)).accrued, 120);
		assert_eq!((open(1), fees(1)), (0, 320));
		assert_eq!(Inference::at_stake(id), None);
		assert_noop!(settle(id), E::NotAnswered);
		assert_noop!(settle(99), E::UnknownRequest);
		System::assert_last_event(Event::Settled { request: id, fee: 320 }.into());
	});
}

#[test]
fn refund_gives_fee_back_once_and_ends_the_request() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		assert_noop!(Inference::refund(id), E::NotAnswered);
		reply(1, id).unwrap();
		let free = Balances::free_balance(account(5));
		assert_eq!(Inference::refund(id), Ok(320));
		assert_eq!(Balances::free_balance(account(5)), free + 320);
		assert_eq!((held(HoldReason::Escrow, 5), open(1), fees(1)), (0, 0, 0));
		assert_eq!(Requests::<Test>::get(id).unwrap().status, Status::Refunded);
		assert_noop!(Inference::refund(id), E::NotAnswered);
		assert_noop!(settle(id), E::NotAnswered);
		assert_noop!(Inference::refund(99), E::UnknownRequest);
		Inference::prune(signed(5), id).unwrap();
	});
}

#[test]
fn settling_changes_nothing_when_model_is_gone() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		reply(1, id).unwrap();
		let all = Registry::get();
		Registry::set(Default::default());
		assert_noop!(settle(id), E::UnknownModel);
		Registry::set(all);
		assert_eq!(settle(id), Ok(320));
	});
}

#[test]
fn payer_cannot_escape_by_freezing_its_balance() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		reply(1, id).unwrap();
		use frame_support::traits::{LockableCurrency, WithdrawReasons};
		Balances::set_lock(*b"escape  ", &account(5), RICH, WithdrawReasons::all());
		assert_eq!(settle(id), Ok(320));
	});
}

#[test]
fn slash_rewards_at_most_half() {
	chain(|| {
		operate(1, 1);
		let (challenger, treasury) = (total(9), total(90));
		assert_eq!(Inference::slash(&account(1), 101, &[account(9)]), Ok(101));
		assert_eq!((total(9) - challenger, total(90) - treasury), (50, 51));
		assert_eq!(Operators::<Test>::get(account(1)).unwrap().operator.bond, BOND - 101);
		assert_eq!(Inference::slash(&account(1), u128::MAX, &[account(9)]), Ok(BOND - 101));
		assert_eq!(Inference::slash(&account(1), 5, &[account(9)]), Ok(0));
		assert_noop!(Inference::slash(&account(2), 5, &[account(9)]), E::NotOperator);
	});
}

#[test]
fn slash_rewards_nobody_when_operator_challenges_itself_or_reward_is_dust() {
	chain(|| {
		operate(1, 1);
		let treasury = total(90);
		Inference::slash(&account(1), 100, &[account(1)]).unwrap();
		assert_eq!((total(90), total(1)), (treasury + 100, RICH - 100));
		// Nine units can't bring an account to life.
		Inference::slash(&account(1), 18, &[account(66)]).unwrap();
		assert_eq!((total(90), total(66)), (treasury + 118, 0));
	});
}

#[test]
fn bond_makes_contributors_whole_to_the_last_unit() {
	chain(|| {
		operate(1, 3);
		let accrued = |n: u8| pallet_rewards::Accrued::<Test>::get(account(n)).amount;
		let shares = [(account(70), 2), (account(71), 1)];
		assert_eq!(Inference::restore(0, &account(1), &shares, 100), Ok(100));
		assert_eq!((accrued(70), accrued(71)), (67, 33));
		assert_eq!(held(HoldReason::Bond, 1), BOND - 100);
		// Nobody is owed anything where nobody moved the answer.
		assert_eq!(Inference::restore(0, &account(1), &[], 100), Ok(0));
		assert_eq!(Inference::restore(0, &account(1), &[(account(70), 0)], 100), Ok(0));
		// No more than there is.
		assert_eq!(Inference::restore(0, &account(1), &shares, u128::MAX), Ok(BOND - 100));
		assert_eq!(accrued(70) + accrued(71), BOND);
		assert_noop!(Inference::restore(0, &account(2), &shares, 5), E::NotOperator);
	});
}

#[derive(Clone, Debug)]
enum Step {
	Ask(u8, u128),
	Answer(u8, u64, u32),
	Settle(u64, u32),
	Slash(u8, u128),
	Restore(u8, u128),
	Pass(u64),
	Prune(u64),
	Leave(u8),
	Withdraw(u8),
}

fn steps() -> impl Strategy<Value = Step> {
	prop_oneof![
		4 => (5u8..9, 0u128..5_000).prop_map(|(n, fee)| Step::Ask(n, fee)),
		4 => (1u8..4, 0u64..12, 0u32..120).prop_map(|(n, id, out)| Step::Answer(n, id, out)),
		3 => (0u64..12, 0u32..=1_000_000).prop_map(|(id, earned)| Step::Settle(id, earned)),
		1 => (1u8..4, 0u128..20_000).prop_map(|(n, amount)| Step::Slash(n, amount)),
		1 => (1u8..4, 0u128..20_000).prop_map(|(n, amount)| Step::Restore(n, amount)),
		2 => (1u64..15).prop_map(Step::Pass),
		2 => (0u64..12).prop_map(Step::Prune),
		1 => (1u8..4).prop_map(Step::Leave),
		1 => (1u8..4).prop_map(Step::Withdraw),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]
	#[test]
	fn money_is_conserved_through_any_sequence(steps in proptest::collection::vec(steps(), 1..60)) {
		chain(|| {
			for n in 1..=3 {
				operate(n, 3);
			}
			for step in steps {
				use openledger_primitives_core::model::Usage;
				// Refusals are part of the sequence; what counts is what they leave behind.
				let _ = match step {
					Step::Ask(n, fee) => Inference::request(
						signed(n), 1, None, b"?".to_vec().try_into().unwrap(), 100, fee, 0, [0; 32], 5,
					),
					Step::Answer(n, id, output) => frame_support::storage::with_storage_layer(|| {
						Inference::answer(
							signed(n + 20), id, Default::default(), Usage { prompt: 1, output },
							Box::new(claim()),
						).map(|_| ()).map_err(|e| e.error)
					}),
					Step::Settle(id, earned) => Inference::settle(
						id, &[(account(70), 3), (account(71), 1)], Permill::from_parts(earned),
					).map(|_| ()),
					Step::Slash(n, amount) => Inference::slash(&account(n), amount, &[account(9)]).map(|_| ()),
					Step::Restore(n, amount) => Inference::restore(
						0, &account(n), &[(account(70), 3), (account(71), 1)], amount,
					).map(|_| ()),
					Step::Pass(blocks) => { go_to(System::block_number() + blocks); Ok(()) },
					Step::Prune(id) => {
						let payer = Requests::<Test>::get(id).map(|r| r.payer).unwrap_or(account(5));
						Inference::prune(RuntimeOrigin::signed(payer), id)
					},
					Step::Leave(n) => Inference::leave(signed(n)),
					Step::Withdraw(n) => Inference::withdraw_bond(signed(n)),
				};
				check();
			}
			// However it went, everyone gets out.
			go_to(System::block_number() + 60);
			for id in 0..crate::NextRequest::<Test>::get() {
				let Some(request) = Requests::<Test>::get(id) else { continue };
				if request.status == Status::Answered {
					Inference::settle(id, &[], Permill::one()).unwrap();
				}
				Inference::prune(RuntimeOrigin::signed(request.payer), id).unwrap();
			}
			for n in 5..9 {
				assert_eq!(total(n), Balances::free_balance(account(n)));
			}
		});
	}
}
