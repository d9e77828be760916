use crate::{ClaimRecord, Claims, mock::*, payable::Credits};
use frame_support::assert_ok;
use openledger_primitives_core::{settlement::Distribution, traits::Claims as _};
use proptest::prelude::*;
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;

#[test]
fn excluded_records_part_is_the_treasurys_and_nobody_else_gains() {
	let base = |excluded: &[usize]| {
		let mut had = None;
		chain(|| {
			let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
			excluded.iter().for_each(|position| exclude(*position));
			go_to(11);
			// What the claim says stays what it says.
			assert_eq!(Claims::<Test>::get(id).unwrap().paid.len(), 2);
			had = Rewards::settlement(id);
		});
		had.unwrap()
	};
	let of = |distribution: &Distribution<AccountId32>| {
		let paid = distribution.contributors.iter();
		paid.map(|payment| (payment.account.clone(), payment.amount)).collect::<Vec<_>>()
	};
	let (before, one, both) = (base(&[]), base(&[0]), base(&[0, 1]));
	// Of 250 that are earned, 1,440 and 1,152 of 2,592 parts.
	assert_eq!(of(&before), [(account(40), 139), (account(41), 111)]);
	assert_eq!(of(&one), [(account(41), 111)]);
	assert!(of(&both).is_empty());
	assert_eq!(one.treasury, before.treasury + 139);
	assert_eq!(both.treasury, before.treasury + 250);
	for after in [one, both] {
		assert_eq!(after.royalty, before.royalty, "the base has nothing of it");
		assert_eq!(after.owner, before.owner);
		assert_eq!(after.total(), Some(after.fee));
	}
}

#[test]
fn what_was_final_before_the_exclusion_stays_paid() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		go_to(10);
		System::set_block_number(11);
		assert_ok!(Attribution::finalize(signed(9), id));
		exclude(0);
		go_to(12);
		assert_eq!((accrued(40), accrued(41)), (139, 111));
	});
}

#[test]
fn sums_of_contributors_are_paid_as_they_are() {
	chain(|| {
		let id = answered(CONTRIBUTORS, claim(&[40, 41], &[0, 1])).unwrap();
		let before = Attribution::payable_of(&Claims::<Test>::get(id).unwrap());
		exclude(0);
		exclude(1);
		let after = Attribution::payable_of(&Claims::<Test>::get(id).unwrap());
		assert_eq!(before, after);
	});
}

#[test]
fn sum_is_not_taken_for_the_record_that_is_all_there_is_of_it() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let ClaimRecord { paid, evidence, earned, .. } = Claims::<Test>::get(id).unwrap();
		exclude(0);
		// The same places, scores and accounts, of a model that pays sums.
		let payable = |model| {
			let credited = Credits { paid: &paid, evidence: &evidence, found: None };
			Attribution::payable(model, credited, earned).0
		};
		let of =
			|who: u8, shares: &[(AccountId32, u64)]| shares.iter().any(|(a, _)| *a == account(who));
		assert!(!of(40, &payable(RECORDS)) && of(90, &payable(RECORDS)));
		assert!(of(40, &payable(CONTRIBUTORS)) && !of(90, &payable(CONTRIBUTORS)));
	});
}

#[test]
fn contributors_are_made_whole_without_excluded_records() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		exclude(1);
		let (shares, earned) = Attribution::weigh(id, &claim(&[], &[0, 1])).unwrap();
		assert_eq!(shares.len(), 1);
		assert_eq!(shares[0].0, account(40));
		// 1,440 of 2,592, of a half: the treasury takes nothing of a bond that may not reach.
		assert_eq!(earned, Permill::from_parts(277_777));
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn fee_is_divided_in_full_and_what_is_lost_is_the_treasurys(
		fee_of in 0u8..2, excluded in proptest::collection::btree_set(0usize..3, 0..3),
	) {
		let records = [[0usize, 1], [1, 2]][usize::from(fee_of)];
		let paid = |exclusions: &std::collections::BTreeSet<usize>| {
			let mut paid = None;
			chain(|| {
				let id = answered(RECORDS, claim(&[], &records)).unwrap();
				exclusions.iter().for_each(|position| exclude(*position));
				go_to(11);
				paid = Some(([40, 41, 42].map(accrued), Rewards::settlement(id).unwrap()));
			});
			paid.unwrap()
		};
		let ((before, all), (after, left)) = (paid(&Default::default()), paid(&excluded));
		for (position, (before, after)) in before.into_iter().zip(after).enumerate() {
			let is_excluded = excluded.contains(&position);
			prop_assert!(!is_excluded || after == 0);
			// Rounding moves a unit and no more.
			prop_assert!(is_excluded || before.abs_diff(after) <= 1, "{before} {after}");
		}
		prop_assert_eq!(left.total(), Some(left.fee));
		prop_assert_eq!(&left.royalty, &all.royalty);
		let lost = all.contributed() - left.contributed();
		prop_assert_eq!(left.treasury, all.treasury + lost);
	}
}
