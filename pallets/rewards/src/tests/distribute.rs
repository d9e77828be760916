use super::*;
use crate::{Accrued, Error, Settlements, distribute::divide};
use frame_support::assert_noop;
use openledger_primitives_core::settlement::{FeeSplit, Payment};
use proptest::prelude::*;

fn of(payments: &[Payment<u64>]) -> Vec<(u64, u128)> {
	payments.iter().map(|p| (p.account, p.amount)).collect()
}

#[test]
fn fee_is_split_by_the_rule() {
	chain(|| {
		let d = settle(4, 10_000, &[(7, 3), (8, 1)], Permill::one()).unwrap();
		assert_eq!(of(&d.contributors), [(7, 3_750), (8, 1_250)]);
		assert_eq!((d.owner.amount, d.royalty.amount), (1_800, 200));
		assert_eq!((d.operator.amount, d.verifiers, d.treasury), (2_000, 500, 500));
		assert_eq!(Accrued::<Test>::get(VERIFIERS), 500);
		assert_eq!(Rewards::settlement(4), Some(d));
		assert!(balanced());
	});
}

#[test]
fn unearned_part_goes_to_royalty_and_treasury() {
	chain(|| {
		let half = settle(0, 10_000, &[(7, 1)], Permill::from_percent(50)).unwrap();
		assert_eq!(of(&half.contributors), [(7, 2_500)]);
		assert_eq!((half.royalty.amount, half.treasury), (200 + 250, 500 + 2_250));
		for (request, shares) in [(1, &[][..]), (2, &[(7, 0), (8, 0)][..])] {
			let none = settle(request, 10_000, shares, Permill::one()).unwrap();
			assert!(none.contributors.is_empty());
			assert_eq!((none.royalty.amount, none.treasury), (200 + 500, 500 + 4_500));
		}
		let nothing = settle(3, 10_000, &[(7, 1)], Permill::zero()).unwrap();
		assert_eq!(of(&nothing.contributors), [(7, 0)]);
		assert_eq!(nothing.treasury, 500 + 4_500);
		assert!(balanced());
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
		assert_eq!(Accrued::<Test>::get(TREASURY) + Accrued::<Test>::get(VERIFIERS), 999);
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
		Split::set(FeeSplit { owner: Permill::from_percent(31), ..Split::get() });
		Split::mutate(|split| split.contributors = Permill::from_percent(60));
		Balances::mint_into(&Rewards::account(), 500).unwrap();
		assert_noop!(
			Rewards::distribute(0, sale(500), &[], Permill::one()),
			Error::<Test>::InvalidSplit
		);
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
	fn splits()(cuts in proptest::collection::vec(0u32..=1_000_000, 4)) -> FeeSplit {
		let mut cuts = cuts;
		cuts.sort_unstable();
		let part = |at: usize| {
			let before = if at == 0 { 0 } else { cuts[at - 1] };
			Permill::from_parts(cuts[at] - before)
		};
		FeeSplit { contributors: part(0), owner: part(1), operator: part(2), verifiers: part(3) }
	}
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
	fn pot_equals_accrued_through_any_settlements_and_claims(
		steps in proptest::collection::vec(
			(any::<bool>(), 0u128..100_000, 0u32..=1_000_000, proptest::collection::vec((10u64..20, 0u64..1_000), 0..17), 0u64..24),
			1..30,
		),
	) {
		chain(|| {
			for (request, (pays, fee, earned, shares, claimer)) in steps.into_iter().enumerate() {
				let issued = Balances::total_issuance();
				if pays {
					settle(request as u64, fee, &shares, Permill::from_parts(earned)).unwrap();
					assert_eq!(Balances::total_issuance(), issued + fee);
				} else {
					let had = Balances::free_balance(claimer);
					let accrued = Accrued::<Test>::get(claimer);
					match Rewards::claim_for(RuntimeOrigin::signed(0), claimer) {
						Ok(()) => assert_eq!(Balances::free_balance(claimer), had + accrued),
						Err(_) => assert_eq!(Accrued::<Test>::get(claimer), accrued),
					}
					assert_eq!(Balances::total_issuance(), issued);
				}
				assert!(balanced());
			}
		});
	}
}
