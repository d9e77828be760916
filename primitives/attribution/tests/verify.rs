//! Claims: the honest one verifies, every malformed one is refused for its own reason.

mod common;

use common::{World, sketch};
use openledger_primitives_attribution::{Claim, Refusal, verify};
use openledger_primitives_core::{Hash, MAX_CREDITS, Sketch, merkle::MultiProof, model::PayBy};
use proptest::prelude::*;
use sp_runtime::BoundedVec;

const PAYER: u64 = 99;

/// A world that pays records, a query with plenty of credits, and the honest claim.
fn records() -> (World, Claim<u64>) {
	let world = World::new(1, PayBy::Records, 5, &[12, 9]);
	let claim = world.claim(&sketch(77, 32), PAYER);
	assert!(claim.records.len() >= 4, "the tests below swap and alter several credits");
	(world, claim)
}

fn contributors() -> (World, Claim<u64>) {
	let world = World::new(1, PayBy::Contributors, 5, &[12, 9]);
	let claim = (0..200)
		.map(|seed| world.claim(&sketch(seed, 32), PAYER))
		.find(|claim| claim.contributors.len() >= 3)
		.expect("one of many queries credits three contributors");
	(world, claim)
}

fn refused(world: &World, claim: &Claim<u64>) -> Refusal {
	verify(&world.terms(), &PAYER, claim).expect_err("malformed")
}

#[test]
fn honest_claims_verify_and_pay_by_their_method() {
	let (world, claim) = records();
	let verified = verify(&world.terms(), &PAYER, &claim).unwrap();
	assert_eq!(verified.paid.len(), claim.records.len());
	for (credit, shown) in verified.paid.iter().zip(&claim.records) {
		assert_eq!(credit.account, shown.record.contributor);
	}
	let (world, claim) = contributors();
	let verified = verify(&world.terms(), &PAYER, &claim).unwrap();
	assert_eq!(verified.paid.len(), claim.contributors.len());
	assert_eq!(verified.shares().len(), claim.contributors.len());
}

#[test]
fn shares_are_merged_by_account() {
	let (world, claim) = records();
	let verified = verify(&world.terms(), &PAYER, &claim).unwrap();
	let shares = verified.shares();
	let weights: u64 = verified.paid.iter().map(|credit| credit.weight).sum();
	assert_eq!(shares.iter().map(|(_, weight)| weight).sum::<u64>(), weights);
	let mut accounts: Vec<_> = shares.iter().map(|(account, _)| *account).collect();
	accounts.sort();
	accounts.dedup();
	assert_eq!(accounts.len(), shares.len());
}

#[test]
fn empty_claim_verifies_and_pays_nobody() {
	let (world, mut claim) = records();
	claim.records = Default::default();
	claim.records_proof = Default::default();
	assert!(verify(&world.terms(), &PAYER, &claim).unwrap().shares().is_empty());
}

#[test]
fn claim_is_refused_when_terms_cannot_be_met() {
	let (mut world, claim) = records();
	world.index.records += 1;
	assert_eq!(refused(&world, &claim), Refusal::BadTerms);
	let (mut world, claim) = records();
	world.method.credits = 0;
	assert_eq!(refused(&world, &claim), Refusal::BadTerms);
	world.method.credits = 17;
	assert_eq!(refused(&world, &claim), Refusal::BadTerms);
	let (mut world, claim) = records();
	world.method.dimension = 2_049;
	assert_eq!(refused(&world, &claim), Refusal::BadTerms);
	world.method.dimension = 2_048;
	world.method.credits = 9;
	assert_eq!(refused(&world, &claim), Refusal::BadTerms);
}

#[test]
fn claim_weighs_what_there_is_to_compute_and_to_hash() {
	let (_, mut claim) = records();
	let shown = MAX_CREDITS as usize;
	claim.records = BoundedVec::truncate_from(vec![claim.records[0].clone(); shown]);
	let mut with = |query: usize, leaf: usize, nodes: usize| {
		claim.sketch = Sketch::truncate_from(vec![1; query]);
		for credit in &mut claim.records {
			credit.sketch = Sketch::truncate_from(vec![1; leaf]);
		}
		let all = vec![[7; 32].into(); nodes];
		claim.records_proof.nodes = BoundedVec::truncate_from(all);
		claim.size() as usize
	};
	assert_eq!(with(1_024, 1_024, 28 * shown), shown, "the largest credits weigh one each");
	assert_eq!(with(0, 1_024, 28 * shown), shown);
	assert_eq!(with(1_025, 1_024, 28 * shown), shown + 1);
	assert_eq!(with(1_024, 1_025, 28 * shown), shown + 1);
	assert_eq!(with(512, 512, 16 * shown), 10, "a million records and usual sketches");
	assert_eq!(with(16, 16, 0), 1, "nothing is for free");
	let (_, claim) = contributors();
	let credits = claim.contributors.len() + claim.records.len();
	assert!((1..=credits).contains(&(claim.size() as usize)));
}

#[test]
fn claim_is_refused_when_sketches_are_malformed() {
	let (world, honest) = records();
	let mut claim = honest.clone();
	claim.sketch.pop();
	assert_eq!(refused(&world, &claim), Refusal::QueryLength);
	let mut claim = honest.clone();
	claim.sketch[3] = i8::MIN;
	assert_eq!(refused(&world, &claim), Refusal::Asymmetric);
	let mut claim = honest.clone();
	claim.records[0].sketch.pop();
	assert_eq!(refused(&world, &claim), Refusal::LeafLength);
	let mut claim = honest;
	claim.records[0].sketch[0] = i8::MIN;
	assert_eq!(refused(&world, &claim), Refusal::Asymmetric);
}

#[test]
fn claim_is_refused_when_it_credits_too_many_or_by_another_method() {
	let (mut world, claim) = records();
	world.method.credits = claim.records.len() as u8 - 1;
	assert_eq!(refused(&world, &claim), Refusal::TooManyCredits);
	let (mut world, mut claim) = contributors();
	let extra = claim.records[0].clone();
	while claim.records.len() <= world.method.credits.into() {
		claim.records.try_push(extra.clone()).unwrap();
	}
	assert_eq!(refused(&world, &claim), Refusal::TooManyCredits);
	world.method.pay_by = PayBy::Records;
	assert_eq!(refused(&world, &claim), Refusal::WrongMethod);
}

#[test]
fn claim_is_refused_when_order_is_broken_or_a_leaf_stands_twice() {
	let (world, honest) = records();
	let mut claim = honest.clone();
	claim.records.as_mut().swap(0, 1);
	assert_eq!(refused(&world, &claim), Refusal::Unordered);
	let mut claim = honest;
	claim.records[1] = claim.records[0].clone();
	assert_eq!(refused(&world, &claim), Refusal::Unordered);
	let (world, mut claim) = contributors();
	claim.contributors.as_mut().swap(0, 1);
	assert_eq!(refused(&world, &claim), Refusal::Unordered);
}

#[test]
fn claim_is_refused_when_a_leaf_is_below_its_floor() {
	let (mut world, claim) = records();
	world.index.floor_ppm = 1_000_000;
	assert_eq!(refused(&world, &claim), Refusal::BelowFloor);
	let (mut world, claim) = contributors();
	world.index.floor_ppm = 1_000_000;
	assert_eq!(refused(&world, &claim), Refusal::BelowFloor);
}

#[test]
fn claim_is_refused_when_scores_are_raised() {
	let (world, mut claim) = records();
	claim.records[0].scale += 1;
	assert_eq!(refused(&world, &claim), Refusal::NotInIndex);
	let (world, mut claim) = contributors();
	claim.contributors[0].leaf.scale += 1;
	assert_eq!(refused(&world, &claim), Refusal::NotAContributor);
}

#[test]
fn claim_is_refused_when_payee_is_changed() {
	let (world, mut claim) = records();
	claim.records[0].record.contributor = 5_000;
	assert_eq!(refused(&world, &claim), Refusal::NotInIndex);
	let (world, mut claim) = contributors();
	claim.contributors[0].leaf.account = 5_000;
	assert_eq!(refused(&world, &claim), Refusal::NoWitness);
}

#[test]
fn claim_is_refused_when_position_and_record_disagree() {
	let (world, honest) = records();
	let mut claim = honest.clone();
	claim.records[0].record.index ^= 1;
	assert_eq!(refused(&world, &claim), Refusal::WrongPosition);
	let mut claim = honest.clone();
	claim.records[0].record.datanet = 7;
	assert_eq!(refused(&world, &claim), Refusal::WrongPosition);
	let mut claim = honest;
	claim.records[0].position = 10_000;
	claim.records[0].head = 10_000;
	assert_eq!(refused(&world, &claim), Refusal::WrongPosition);
}

#[test]
fn claim_is_refused_when_a_duplicate_is_credited() {
	let (mut world, honest) = records();
	let position = honest.records[0].position;
	world.leaves[position as usize].head = if position == 0 { 1 } else { 0 };
	world.commit();
	let mut claim = honest;
	claim.records[0] = world.record(position as usize);
	assert_eq!(refused(&world, &claim), Refusal::NotHead);
}

#[test]
fn claim_is_refused_when_payer_is_credited() {
	let (world, claim) = records();
	let payer = claim.records[0].record.contributor;
	assert_eq!(verify(&world.terms(), &payer, &claim), Err(Refusal::Payer));
	let (world, claim) = contributors();
	let payer = claim.contributors[0].leaf.account;
	assert_eq!(verify(&world.terms(), &payer, &claim), Err(Refusal::Payer));
}

#[test]
fn claim_is_refused_when_a_contributor_is_paid_without_a_record() {
	let (world, mut claim) = contributors();
	let account = claim.contributors[0].leaf.account;
	claim.records.retain(|credit| credit.record.contributor != account);
	assert_eq!(refused(&world, &claim), Refusal::NoWitness);
}

#[test]
fn claim_is_refused_when_a_contributor_stands_twice_in_the_tree() {
	let (mut world, honest) = contributors();
	let mut twin = honest.contributors[0].leaf.clone();
	twin.scale += 1;
	world.contributors.push(twin);
	let hashes: Vec<_> = world.contributors.iter().map(|leaf| leaf.hash()).collect();
	world.index.contributors_root = openledger_primitives_core::merkle::root(&hashes);
	world.index.contributors = hashes.len() as u32;
	let mut claim = world.claim(&honest.sketch, PAYER);
	assert_eq!(claim.contributors[0].leaf.account, claim.contributors[1].leaf.account);
	claim.records = honest.records;
	world.prove(&mut claim);
	assert_eq!(refused(&world, &claim), Refusal::PaidTwice);
}

#[test]
fn claim_is_refused_when_a_proof_fails_lacks_a_node_or_has_one_more() {
	let spoilt = |proof: &MultiProof| {
		let mut altered = proof.clone();
		altered.nodes[0] = Hash::zero();
		let mut short = proof.clone();
		short.nodes.pop();
		let mut long = proof.clone();
		long.nodes.try_push(proof.nodes[0]).unwrap();
		[altered, short, long, MultiProof::default()]
	};
	let (world, honest) = records();
	for proof in spoilt(&honest.records_proof) {
		let claim = Claim { records_proof: proof, ..honest.clone() };
		assert_eq!(refused(&world, &claim), Refusal::NotInIndex);
	}
	let (world, honest) = contributors();
	for proof in spoilt(&honest.contributors_proof) {
		let claim = Claim { contributors_proof: proof, ..honest.clone() };
		assert_eq!(refused(&world, &claim), Refusal::NotAContributor);
	}
}

#[test]
fn claim_is_refused_when_it_proves_what_it_does_not_credit() {
	let (world, honest) = records();
	let unused = world.claim(&sketch(77, 32), PAYER).records_proof;
	let claim = Claim { contributors_proof: unused, ..honest.clone() };
	assert_eq!(refused(&world, &claim), Refusal::NotAContributor);
	let claim = Claim { records: Default::default(), ..honest };
	assert_eq!(refused(&world, &claim), Refusal::NotInIndex);
}

#[test]
fn silent_query_credits_nobody() {
	let (world, mut claim) = records();
	claim.sketch = Sketch::truncate_from(vec![0; 32]);
	assert_eq!(refused(&world, &claim), Refusal::BelowFloor);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn every_honest_claim_verifies(seed in 0u64..1_000_000, query in 0u64..1_000_000, payer in 0u64..8, credits in 1u8..=16, counts in proptest::collection::vec(1u32..30, 1..4), records in any::<bool>()) {
		let pay_by = if records { PayBy::Records } else { PayBy::Contributors };
		let world = World::new(seed, pay_by, credits, &counts);
		let claim = world.claim(&sketch(query, 32), payer);
		let verified = verify(&world.terms(), &payer, &claim);
		prop_assert!(verified.is_ok(), "{:?}", verified);
		let verified = verified.unwrap();
		prop_assert!(verified.paid.iter().all(|credit| credit.account != payer && credit.weight > 0));
	}

	#[test]
	fn any_flipped_bit_of_a_proof_is_refused(at in any::<u16>(), bit in 0u8..8) {
		use codec::{Decode, Encode};
		let (world, claim) = records();
		let mut bytes = claim.records_proof.encode();
		let at = usize::from(at) % bytes.len();
		bytes[at] ^= 1 << bit;
		if let Ok(altered) = MultiProof::decode(&mut &bytes[..]) {
			let claim = Claim { records_proof: altered, ..claim };
			prop_assert!(verify(&world.terms(), &PAYER, &claim).is_err(), "byte {at}");
		}
	}

	#[test]
	fn any_flipped_bit_of_a_credit_is_refused(seed in 0u64..1_000_000, at in any::<u16>(), bit in 0u8..8) {
		use codec::{Decode, Encode};
		let (world, claim) = records();
		let mut bytes = claim.records[0].encode();
		let at = usize::from(at) % bytes.len();
		bytes[at] ^= 1 << bit;
		if let Ok(altered) = openledger_primitives_attribution::RecordCredit::decode(&mut &bytes[..]) {
			prop_assume!(altered != claim.records[0]);
			let mut claim = claim;
			claim.records[0] = altered;
			prop_assert!(verify(&world.terms(), &PAYER, &claim).is_err(), "byte {at}, seed {seed}");
		}
	}
}
