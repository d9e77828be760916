use super::*;
use crate::testing::{self, account, sketch};
use openledger_primitives_attribution::{
	Refusal, Terms,
	omission::{self, Omission},
	shares, verify,
};
use proptest::prelude::*;

const DIMENSION: usize = 32;

fn terms(index: &IndexFile) -> Terms<'_> {
	let header = index.header();
	let (method, snapshots) = (header.method, &header.snapshots);
	Terms { method, index: index.commitment(), snapshots, retrieval: None }
}

fn claim_on(index: &IndexFile, query: Sketch, payer: &AccountId32) -> Claim<AccountId32> {
	claim(index, query, 300, Hash::zero(), payer, index.header().method).unwrap()
}

#[test]
fn claim_credits_nothing_when_nothing_clears_the_floor() {
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let index = testing::index(40, pay_by, 1_000_000);
		let claim = claim_on(&index, sketch(1 << 40, DIMENSION), &account(200));
		assert!(claim.contributors.is_empty() && claim.records.is_empty());
		let verified = verify(&terms(&index), &account(200), &claim).unwrap();
		assert!(verified.paid.is_empty());
	}
}

#[test]
fn claim_credits_nothing_when_query_is_zero() {
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let index = testing::index(40, pay_by, 0);
		let zero = Sketch::try_from(vec![0; DIMENSION]).unwrap();
		let claim = claim_on(&index, zero, &account(200));
		assert!(verify(&terms(&index), &account(200), &claim).unwrap().paid.is_empty());
	}
}

#[test]
fn own_record_is_paid_most_when_it_is_the_query() {
	let index = testing::index(40, PayBy::Records, 100_000);
	for position in [0usize, 13, 36] {
		let query =
			Sketch::try_from(index.leaves().get(position).unwrap().sketch.to_vec()).unwrap();
		let claim = claim_on(&index, query, &account(200));
		let verified = verify(&terms(&index), &account(200), &claim).unwrap();
		assert_eq!(verified.paid[0].position as usize, position);
	}
}

#[test]
fn claim_skips_the_payer() {
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let index = testing::index(40, pay_by, 0);
		let query = Sketch::try_from(index.leaves().get(0).unwrap().sketch.to_vec()).unwrap();
		let payer = index.records().get(0).unwrap().contributor;
		let claim = claim_on(&index, query.clone(), &payer);
		let verified = verify(&terms(&index), &payer, &claim).unwrap();
		assert!(verified.paid.iter().all(|credit| credit.account != payer));
		let anyone = claim_on(&index, query, &account(200));
		assert_eq!(verify(&terms(&index), &payer, &anyone), Err(Refusal::Payer));
	}
}

#[test]
fn claim_is_refused_when_the_method_or_the_sketch_is_another() {
	let index = testing::index(20, PayBy::Records, 0);
	let method = index.header().method;
	let query = || sketch(5, DIMENSION);
	let make = |query, method| claim(&index, query, 0, Hash::zero(), &account(0), method);
	for other in [
		Method { pay_by: PayBy::Contributors, ..method },
		Method { credits: 5, ..method },
		Method { dimension: 64, ..method },
	] {
		assert!(matches!(make(query(), other), Err(Error::OtherMethod { .. })));
	}
	let short = Sketch::try_from(vec![1; DIMENSION - 1]).unwrap();
	assert!(matches!(make(short, method), Err(Error::Dimension { found: 31, .. })));
	let asymmetric = Sketch::try_from(vec![-128; DIMENSION]).unwrap();
	assert!(matches!(make(asymmetric, method), Err(Error::Asymmetric(_))));
	assert!(shown_record(&index, 20).is_err() && shown_contributor(&index, 4).is_err());
	for (contributors, records) in [(&[4][..], &[][..]), (&[], &[20]), (&[], &[3, 3])] {
		let made = crate::claim_on(&index, query(), 0, Hash::zero(), contributors, records);
		assert!(matches!(made, Err(Error::ClaimBounds(_))));
	}
}

#[test]
fn claim_is_refused_by_the_rule_when_a_leaf_is_swapped_for_another() {
	let index = testing::index(40, PayBy::Records, 0);
	let payer = account(200);
	let good = claim_on(&index, sketch(77, DIMENSION), &payer);
	assert_eq!(good.records.len(), 4);
	let mut swapped = good.clone();
	swapped.records[0].record = swapped.records[1].record.clone();
	assert!(verify(&terms(&index), &payer, &swapped).is_err());
	let mut raised = good.clone();
	raised.records[0].scale = u16::MAX;
	assert_eq!(verify(&terms(&index), &payer, &raised), Err(Refusal::NotInIndex));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn every_claim_verifies_and_omits_nothing(
		count in 1u32..60,
		by_contributor in any::<bool>(),
		floor_ppm in prop_oneof![Just(0u32), 0u32..400_000],
		query in any::<u64>(),
		payer in 0u8..6,
	) {
		let pay_by = if by_contributor { PayBy::Contributors } else { PayBy::Records };
		let index = testing::index(count, pay_by, floor_ppm);
		let (terms, payer) = (terms(&index), account(payer));
		let query = sketch(query, DIMENSION);
		let claim = claim_on(&index, query.clone(), &payer);
		let verified = verify(&terms, &payer, &claim).unwrap();
		prop_assert!(verified.paid.len() <= 4);
		prop_assert_eq!(shares(&verified.paid), verified.shares());

		// Whatever is not credited can't be shown to have been left out.
		let witness = |account: &AccountId32| {
			(0..index.len()).find(|at| {
				index.records().get(*at).unwrap().contributor == *account
					&& index.view().is_head(*at)
			})
		};
		let omissions: Vec<Omission<AccountId32>> = match pay_by {
			PayBy::Records => (0..index.len() as u32)
				.map(|at| Omission::Record(shown_record(&index, at).unwrap()))
				.collect(),
			PayBy::Contributors => (0..index.contributors().len() as u32)
				.filter_map(|at| {
					let credited = shown_contributor(&index, at).unwrap();
					let witness = witness(&credited.credit.leaf.account)?;
					let shown = shown_record(&index, witness as u32).unwrap();
					Some(Omission::Contributor(credited, shown))
				})
				.collect(),
		};
		for omission in &omissions {
			let replaced = omission::replace(&terms, &payer, &query, &verified.paid, omission);
			prop_assert!(replaced.is_err(), "{replaced:?}");
		}
		// What is credited and then dropped can.
		if verified.paid.len() > 1 {
			let dropped = &verified.paid[..verified.paid.len() - 1];
			let found = omissions.iter().any(|omission| {
				omission::replace(&terms, &payer, &query, dropped, omission).is_ok()
			});
			prop_assert!(found);
		}
	}
}
