use super::*;
use crate::{Accrued, Error, Settlements, TotalAccrued, distribute::divide};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::settlement::{FeeSplit, Payment};
use proptest::prelude::*;
use sp_runtime::TokenError;

fn of(payments: &[Payment<u64>]) -> Vec<(u64, u128)> {
	payments.iter().map(|p| (p.account, p.amount)).collect()
}

#[test]
fn fee_is_split_by_the_rule() {
	chain(|| {
		let d = settle(4, 10_000, &[(7, 3), (8, 1)], Permill::one()).unwrap();
		assert_eq!(of(&d.contributors), [(7, 3_750), (8, 1_250)]);
		assert_eq!((d.owner.amount, d.royalty.amount), (1_800, 200));
		assert_eq!((d.operator.amount, d.verifiers), (2_000, 500));
		assert_eq!((d.validators, d.treasury), (200, 300));
		assert_eq!(Accrued::<Test>::get(VERIFIERS).amount, 500);
		assert_eq!(Rewards::settlement(4), Some(d));
		assert!(balanced());
	});
}

#[test]
fn unearned_part_goes_to_royalty_and_treasury() {
	chain(|| {
		let half = settle(0, 10_000, &[(7, 1)], Permill::from_percent(50)).unwrap();
		assert_eq!(of(&half.contributors), [(7, 2_500)]);
		assert_eq!((half.royalty.amount, half.treasury), (200 + 250, 300 + 2_250));
		for (request, shares) in [(1, &[][..]), (2, &[(7, 0), (8, 0)][..])] {
			let none = settle(request, 10_000, shares, Permill::one()).unwrap();
			assert!(none.contributors.is_empty());
			assert_eq!((none.royalty.amount, none.treasury), (200 + 500, 300 + 4_500));
		}
		let nothing = settle(3, 10_000, &[(7, 1)], Permill::zero()).unwrap();
		assert_eq!(of(&nothing.contributors), [(7, 0)]);
		assert_eq!(nothing.treasury, 300 + 4_500);
		assert!(balanced());
	});
}

#[test]
fn treasurys_share_is_of_its_part_and_nobody_else_has_more() {
	chain(|| {
		let all = settle(0, 10_000, &[(7, 3), (8, 1), (9, 4)], Permill::from_percent(50)).unwrap();
		let shares = [(7, 3), (TREASURY, 1), (9, 4)];
		let d = settle(1, 10_000, &shares, Permill::from_percent(50)).unwrap();
		assert_eq!(of(&d.contributors), [(7, 938), (9, 1_250)]);
		assert_eq!(of(&all.contributors), [(7, 938), (8, 312), (9, 1_250)]);
		assert_eq!(d.treasury, all.treasury + 312);
		assert_eq!(d.total(), Some(10_000));
		assert_eq!((d.royalty, d.owner, d.operator), (all.royalty, all.owner, all.operator));
		// Two points for each unit, and none for the treasury's.
		let voice = |who| Accrued::<Test>::get(who).voice;
		assert_eq!((voice(7), voice(9), voice(TREASURY)), (4 * 938, 4 * 1_250, 0));
		assert_eq!(Forgone::get(), 2 * 312);
		assert!(balanced());
	});
}

#[test]
fn compensation_is_accrued_whole_and_only_out_of_what_is_there() {
	chain(|| {
		let shares = [(7, 2), (8, 1)];
		assert_noop!(Rewards::compensate(3, &shares, 100), Error::<Test>::NotFunded);
		Balances::mint_into(&Rewards::account(), 100).unwrap();
		assert_ok!(Rewards::compensate(3, &shares, 100));
		assert_eq!((Accrued::<Test>::get(7).amount, Accrued::<Test>::get(8).amount), (67, 33));
		assert_noop!(Rewards::compensate(3, &shares, 1), Error::<Test>::NotFunded);
		assert!(balanced());
	});
}

/// Leaves nothing of the validators' account.
fn reap_validators() {
	assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(VALIDATORS), 8, ED));
	assert!(!frame_system::Account::<Test>::contains_key(VALIDATORS));
}

#[test]
fn validators_part_is_paid_at_once_and_accrues_to_nobody() {
	chain(|| {
		settle(0, 10_000, &[(7, 1)], Permill::one()).unwrap();
		assert_eq!(Balances::free_balance(VALIDATORS), ED + 200);
		assert_eq!(TotalAccrued::<Test>::get(), 9_800);
		assert_noop!(
			Rewards::claim_for(RuntimeOrigin::signed(9), VALIDATORS),
			Error::<Test>::NothingAccrued
		);
		// However little it is: the account exists.
		settle(1, 50, &[], Permill::one()).unwrap();
		assert_eq!(Balances::free_balance(VALIDATORS), ED + 201);
		assert!(balanced());
	});
}

#[test]
fn distribution_is_refused_when_validators_account_cannot_hold_its_part() {
	chain(|| {
		reap_validators();
		Balances::mint_into(&Rewards::account(), 1_000).unwrap();
		assert_noop!(
			Rewards::distribute(0, sale(1_000), &[(7, 1)], Permill::one()),
			TokenError::BelowMinimum
		);
		// Nothing is lost by it: funded again, the account gets its part, and so do all others.
		Balances::mint_into(&VALIDATORS, ED).unwrap();
		assert_ok!(Rewards::distribute(0, sale(1_000), &[(7, 1)], Permill::one()));
		assert_eq!(Balances::free_balance(VALIDATORS), ED + 20);
		assert!(balanced());
	});
}

#[test]
fn distribution_needs_no_validators_account_when_its_part_is_nothing_or_creates_it() {
	chain(|| {
		reap_validators();
		// Less than one unit, rounded down.
		settle(0, 49, &[(7, 1)], Permill::one()).unwrap();
		assert_eq!(Balances::free_balance(VALIDATORS), 0);
		settle(1, 5_000, &[(7, 1)], Permill::one()).unwrap();
		assert_eq!(Balances::free_balance(VALIDATORS), ED);
		Split::mutate(|split| split.validators = Permill::zero());
		settle(2, 5_000, &[(7, 1)], Permill::one()).unwrap();
		assert_eq!(Balances::free_balance(VALIDATORS), ED);
		assert!(balanced());
	});
}

#[test]
fn voice_hears_contributors_and_what_the_treasury_had() {
	chain(|| {
		settle(0, 10_000, &[(7, 3), (8, 1), (7, 4)], Permill::one()).unwrap();
		settle(1, 1_000, &[], Permill::one()).unwrap();
		let heard = [(vec![(7, 4_375), (8, 625)], 300), (vec![], 30 + 450)];
		assert_eq!(Heard::get(), heard);
	});
}

#[test]
fn voice_hears_nothing_when_distribution_is_refused() {
	chain(|| {
		settle(0, 1_000, &[(7, 1)], Permill::one()).unwrap();
		let heard = Heard::get();
		assert!(settle(0, 1_000, &[(7, 1)], Permill::one()).is_err());
		reap_validators();
		assert!(settle(1, 1_000, &[(7, 1)], Permill::one()).is_err());
		assert_eq!(Heard::get(), heard);
	});
}

#[test]
fn account_is_paid_once_when_it_stands_twice() {
	chain(|| {
		let d = settle(0, 10_000, &[(7, 1), (8, 2), (7, 1)], Permill::one()).unwrap();
		assert_eq!(of(&d.contributors), [(7, 2_500), (8, 2_500)]);
	});
}

#[test]
fn one_account_in_every_role_accrues_the_whole() {
	chain(|| {
		Balances::mint_into(&Rewards::account(), 999).unwrap();
		let sale = Sale {
			fee: 999,
			owner: TREASURY,
			base_owner: TREASURY,
			royalty: Permill::one(),
			operator: TREASURY,
		};
		Rewards::distribute(0, sale, &[(TREASURY, 1)], Permill::one()).unwrap();
		let accrued =
			Accrued::<Test>::get(TREASURY).amount + Accrued::<Test>::get(VERIFIERS).amount;
		assert_eq!(accrued + Balances::free_balance(VALIDATORS) - ED, 999);
		assert!(balanced());
	});
}

#[test]
fn distribution_is_refused_when_pot_lacks_the_fee() {
	chain(|| {
		assert_noop!(
			Rewards::distribute(0, sale(1), &[], Permill::one()),
			Error::<Test>::NotFunded
		);
		settle(0, 500, &[], Permill::one()).unwrap();
		// What is accrued already can't be divided again.
		assert_noop!(
			Rewards::distribute(1, sale(500), &[], Permill::one()),
			Error::<Test>::NotFunded
		);
	});
}

#[test]
fn distribution_is_refused_when_request_is_settled() {
	chain(|| {
		settle(0, 500, &[], Permill::one()).unwrap();
		Balances::mint_into(&Rewards::account(), 500).unwrap();
		assert_noop!(
			Rewards::distribute(0, sale(500), &[], Permill::one()),
			Error::<Test>::AlreadyDistributed
		);
		Rewards::forget(0);
		assert!(!Settlements::<Test>::contains_key(0));
	});
}

#[test]
fn distribution_is_refused_when_split_exceeds_the_whole() {
	chain(|| {
		Balances::mint_into(&Rewards::account(), 500).unwrap();
		let whole = FeeSplit { validators: Permill::from_percent(5), ..Split::get() };
		for split in [
			FeeSplit { contributors: Permill::from_percent(51), ..whole },
			FeeSplit { validators: whole.validators + Permill::from_parts(1), ..whole },
		] {
			Split::set(split);
			assert_noop!(
				Rewards::distribute(0, sale(500), &[], Permill::one()),
				Error::<Test>::InvalidSplit
			);
		}
		Split::set(whole);
		assert_eq!(settle(0, 500, &[(7, 1)], Permill::one()).unwrap().treasury, 0);
	});
}

#[test]
fn distribution_is_refused_when_more_share_than_a_claim_credits() {
	chain(|| {
		let shares: Vec<_> = (0..17).map(|account| (account, 1)).collect();
		Balances::mint_into(&Rewards::account(), 500).unwrap();
		assert_noop!(
			Rewards::distribute(0, sale(500), &shares, Permill::one()),
			Error::<Test>::TooManyShares
		);
	});
}

prop_compose! {
	fn splits()(cuts in proptest::collection::vec(0u32..=1_000_000, 5)) -> FeeSplit {
		let mut cuts = cuts;
		cuts.sort_unstable();
		let part = |at: usize| {
			let before = if at == 0 { 0 } else { cuts[at - 1] };
			Permill::from_parts(cuts[at] - before)
		};
		FeeSplit {
			contributors: part(0),
			owner: part(1),
			operator: part(2),
			verifiers: part(3),
			validators: part(4),
		}
	}
}

#[derive(Clone, Debug)]
enum Step {
	Settle(u128, u32, Vec<(u64, u64)>),
	Claim(u64),
	Name(u64, Option<u64>),
	Open(u64),
	Close(u64),
}

fn step() -> impl Strategy<Value = Step> {
	let shares = proptest::collection::vec((10u64..20, 0u64..1_000), 0..17);
	prop_oneof![
		(0u128..100_000, 0u32..=1_000_000, shares)
			.prop_map(|(fee, earned, shares)| { Step::Settle(fee, earned, shares) }),
		(0u64..24).prop_map(Step::Claim),
		(0u64..24, proptest::option::of(0u64..24))
			.prop_map(|(account, payee)| Step::Name(account, payee)),
		(0u64..24).prop_map(Step::Open),
		(0u64..24).prop_map(Step::Close),
	]
}

/// Claims for `account`: all that it accrued goes to its payee, or nothing goes anywhere.
fn claim(account: u64) {
	let payee = Rewards::payee_of(&account);
	let had = Balances::free_balance(payee);
	let earlier = Rewards::rewards(&account);
	let claimed = Rewards::claim_for(RuntimeOrigin::signed(0), account).is_ok();
	let now = Rewards::rewards(&account);
	let moved = if claimed { earlier.accrued } else { 0 };
	assert_eq!(Balances::free_balance(payee), had + moved);
	assert_eq!((now.accrued, now.paid), (earlier.accrued - moved, earlier.paid + moved));
}

proptest! {
	#[test]
	fn parts_add_up_to_the_fee(
		split in splits(),
		fee in any::<u128>(),
		royalty in 0u32..=1_000_000,
		earned in 0u32..=1_000_000,
		shares in proptest::collection::vec((0u64..20, any::<u64>()), 0..17),
	) {
		let sale = Sale { royalty: Permill::from_parts(royalty), ..sale(fee) };
		let earned = Permill::from_parts(earned);
		let divided = divide(&split, sale, &shares, earned).unwrap();
		prop_assert_eq!(divided.total(), Some(fee));
		prop_assert!(divided.contributed() <= earned.mul_floor(split.contributors.mul_floor(fee)));
	}

	#[test]
	fn pot_equals_accrued_through_any_settlements_payees_accounts_and_claims(
		steps in proptest::collection::vec(step(), 1..40),
	) {
		chain(|| {
			for account in 10..24 {
				Balances::mint_into(&account, 1_000).unwrap();
			}
			for (request, step) in steps.into_iter().enumerate() {
				let issued = Balances::total_issuance();
				match step {
					Step::Settle(fee, earned, shares) => {
						settle(request as u64, fee, &shares, Permill::from_parts(earned)).unwrap();
						assert_eq!(Balances::total_issuance(), issued + fee);
						continue;
					}
					Step::Claim(account) => claim(account),
					Step::Name(account, payee) => {
						let accrued = Rewards::rewards(&account).accrued;
						let _ = Rewards::set_payee(RuntimeOrigin::signed(account), payee);
						assert_eq!(Rewards::rewards(&account).accrued, accrued);
					}
					Step::Open(account) => {
						let accrued = Rewards::rewards(&account).accrued;
						let _ = Rewards::open_account(RuntimeOrigin::signed(account));
						assert_eq!(Rewards::rewards(&account).accrued, accrued);
					}
					Step::Close(account) => {
						let accrued = Rewards::rewards(&account).accrued;
						let closed = Rewards::close_account(RuntimeOrigin::signed(account)).is_ok();
						assert!(!closed || accrued == 0);
						assert_eq!(Rewards::rewards(&account).accrued, accrued);
					}
				}
				assert_eq!(Balances::total_issuance(), issued);
				assert!(balanced());
			}
			for account in 0..24 {
				let _ = Rewards::set_payee(RuntimeOrigin::signed(account), None);
				let _ = Rewards::claim(RuntimeOrigin::signed(account));
				let _ = Rewards::close_account(RuntimeOrigin::signed(account));
				assert_eq!(Balances::reserved_balance(account), 0);
			}
		});
	}
}
