use super::*;
use crate::{
	claim, claim_on,
	testing::{self, account, sketch},
};
use openledger_primitives_attribution::{Claim, verify};
use openledger_primitives_core::Hash;
use proptest::prelude::*;

const PAYER: u8 = 200;

fn terms(index: &IndexFile) -> Terms<'_> {
	let header = index.header();
	let (method, snapshots) = (header.method, &header.snapshots);
	Terms { method, index: index.commitment(), snapshots, retrieval: None }
}

fn credits(index: &IndexFile, claim: &Claim<AccountId32>) -> Vec<Credit<AccountId32>> {
	verify(&terms(index), &account(PAYER), claim).unwrap().paid
}

fn honest(index: &IndexFile, query: u64) -> Claim<AccountId32> {
	let (query, method) = (sketch(query, 32), index.header().method);
	claim(index, query, 0, Hash::zero(), &account(PAYER), method).unwrap()
}

/// As the honest claim, without what it credits at these places.
fn without(index: &IndexFile, claim: &Claim<AccountId32>, places: &[usize]) -> Claim<AccountId32> {
	let kept = |positions: Vec<u32>| -> Vec<u32> {
		let placed = positions.into_iter().enumerate();
		placed.filter(|(place, _)| !places.contains(place)).map(|(_, at)| at).collect()
	};
	let all = |positions: Vec<u32>| positions;
	let people = claim.contributors.iter().map(|credit| credit.position).collect();
	let records = claim.records.iter().map(|credit| credit.position).collect();
	let (people, records) = match index.header().method.pay_by {
		PayBy::Records => (all(people), kept(records)),
		PayBy::Contributors => (kept(people), all(records)),
	};
	claim_on(index, claim.sketch.clone(), 0, Hash::zero(), &people, &records).unwrap()
}

fn look(index: &IndexFile, claim: &Claim<AccountId32>) -> Option<Replaced<AccountId32>> {
	let paid = credits(index, claim);
	omission(&terms(index), index, &account(PAYER), &claim.sketch, &paid)
		.unwrap()
		.map(|(_, replaced)| replaced)
}

#[test]
fn nothing_is_found_in_an_honest_claim() {
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let index = testing::index(60, pay_by, 1_000);
		for query in 1_000..1_020 {
			assert!(look(&index, &honest(&index, query)).is_none());
		}
	}
}

#[test]
fn best_leaf_that_was_left_out_is_found_and_takes_its_place() {
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let index = testing::index(60, pay_by, 0);
		let claim = honest(&index, 1_001);
		let paid = credits(&index, &claim);
		assert!(paid.len() > 1, "{pay_by:?}");
		let found = look(&index, &without(&index, &claim, &[0])).unwrap();
		assert_eq!((found.at, &found.paid), (0, &paid), "{pay_by:?}");
		let found = look(&index, &without(&index, &claim, &[0, 1])).unwrap();
		assert_eq!(found.paid[0], paid[0], "{pay_by:?}: the best comes first");
	}
}

#[test]
fn nothing_is_said_when_the_index_is_not_the_committed_one() {
	let index = testing::index(60, PayBy::Records, 0);
	let claim = honest(&index, 1_001);
	let paid = credits(&index, &claim);
	let ask = |terms: &Terms, index: &IndexFile, query: &Sketch| {
		omission(terms, index, &account(PAYER), query, &paid).map(|found| found.is_some())
	};
	let other = testing::index(45, PayBy::Records, 0);
	assert!(matches!(ask(&terms(&index), &other, &claim.sketch), Err(Error::Tree(_))));
	let mut forged = terms(&index);
	forged.index.contributors_root = Hash::zero();
	assert!(matches!(ask(&forged, &index, &claim.sketch), Err(Error::Tree(_))));
	let mut lower = terms(&index);
	lower.index.floor_ppm = 1;
	assert!(matches!(ask(&lower, &index, &claim.sketch), Err(Error::Malformed { .. })));
	let short = sketch(1, 16);
	assert!(matches!(ask(&terms(&index), &index, &short), Err(Error::Dimension { .. })));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	#[test]
	fn showing_what_is_found_leads_to_the_honest_claim(
		query in 0u64..1_000,
		places in proptest::collection::btree_set(0usize..4, 0..4),
		contributors: bool,
	) {
		let pay_by = if contributors { PayBy::Contributors } else { PayBy::Records };
		let index = testing::index(41, pay_by, 2_000);
		let claim = honest(&index, 5_000 + query);
		let expected = credits(&index, &claim);
		let places: Vec<usize> = places.into_iter().collect();
		let mut paid = credits(&index, &without(&index, &claim, &places));
		let mut steps = 0;
		while let Some((_, replaced)) =
			omission(&terms(&index), &index, &account(PAYER), &claim.sketch, &paid).unwrap()
		{
			prop_assert!(replaced.paid != paid);
			paid = replaced.paid;
			steps += 1;
			prop_assert!(steps <= 4);
		}
		prop_assert_eq!(paid, expected);
	}
}
