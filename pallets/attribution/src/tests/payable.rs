use crate::{Claims, mock::*};
use frame_support::assert_ok;
use openledger_primitives_core::traits::Claims as _;
use proptest::prelude::*;
use sp_runtime::Permill;

#[test]
fn excluded_record_is_not_paid_and_nobody_else_gains() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		exclude(0);
		go_to(11);
		// As without the exclusion: of 250 that are earned, 1,152 of 2,592 parts. The rest is not earned.
		assert_eq!((accrued(40), accrued(41)), (0, 111));
		// What the claim says stays what it says.
		assert_eq!(Claims::<Test>::get(id).unwrap().paid.len(), 2);
	});
}

#[test]
fn nothing_is_earned_when_every_record_is_excluded() {
	chain(|| {
		answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		exclude(0);
		exclude(1);
		go_to(11);
		assert_eq!((accrued(40), accrued(41)), (0, 0));
	});
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
fn contributors_are_made_whole_without_excluded_records() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		exclude(1);
		let (shares, earned) = Attribution::weigh(id, &claim(&[], &[0, 1])).unwrap();
		assert_eq!(shares.len(), 1);
		assert_eq!(shares[0].0, account(40));
		// 1,440 of 2,592, of a half.
		assert_eq!(earned, Permill::from_parts(277_777));
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn fee_is_divided_in_full_and_no_one_is_paid_more(
		fee_of in 0u8..2, excluded in proptest::collection::btree_set(0usize..3, 0..3),
	) {
		let records = [[0usize, 1], [1, 2]][usize::from(fee_of)];
		let paid = |exclusions: &std::collections::BTreeSet<usize>| {
			let mut paid = (0, 0, 0);
			chain(|| {
				answered(RECORDS, claim(&[], &records)).unwrap();
				exclusions.iter().for_each(|position| exclude(*position));
				go_to(11);
				paid = (accrued(40), accrued(41), accrued(42));
			});
			paid
		};
		let (before, after) = (paid(&Default::default()), paid(&excluded));
		let pairs = [(before.0, after.0), (before.1, after.1), (before.2, after.2)];
		for (position, (before, after)) in pairs.into_iter().enumerate() {
			prop_assert!(after <= before);
			let is_excluded = excluded.contains(&position);
			prop_assert!(!is_excluded || after == 0);
			// Rounding takes a unit and no more.
			prop_assert!(is_excluded || before - after <= 1, "{before} {after}");
		}
	}
}
