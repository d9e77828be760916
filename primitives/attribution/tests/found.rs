//! Records in prompts: what is found has to be what the version's retrieval commits to, and nothing less.

mod common;

use codec::Encode;
use common::{World, sketch};
use openledger_primitives_attribution::{
	Claim, Found, Refusal, Terms, audit,
	forgery::{Forgery, expose},
	found::question,
	omission::{Omission, replace},
	verify,
};
use openledger_primitives_core::{
	Hash, Sketch,
	merkle::prove,
	model::{PayBy, Retrieval},
	record::content_hash,
};
use proptest::prelude::*;
use sp_runtime::Permill;

const PAYER: u64 = 99;
const COUNTS: [u32; 2] = [12, 9];

/// The version's index, and the one over the same records that finds them for prompts.
struct Both {
	trained: World,
	found: World,
}

impl Both {
	fn new(seed: u64, pay_by: PayBy, most: u8) -> Self {
		let trained = World::new(seed, pay_by, 5, &COUNTS);
		Self { trained, found: World::new(seed + 1_000, PayBy::Records, most, &COUNTS) }
	}

	fn terms(&self) -> Terms<'_> {
		let World { method, index, .. } = self.found;
		let (most, dimension, lens) = (method.credits, method.dimension, Hash::zero());
		let part = Permill::from_percent(30);
		let retrieval = Retrieval { most, dimension, part, lens, index };
		Terms { retrieval: Some(retrieval), ..self.trained.terms() }
	}

	fn claim(&self, query: &[i8], asked: &[i8], payer: u64) -> Claim<u64> {
		let found = self.found.claim(asked, payer);
		let (sketch, proof) = (found.sketch, found.records_proof);
		let records = found.records.into_inner().try_into().unwrap();
		let found = Some(Found { sketch, records, proof });
		Claim { found, ..self.trained.claim(query, payer) }
	}
}

/// Two indexes, and the claim on a question for which four records are found.
fn four() -> (Both, Claim<u64>) {
	let both = Both::new(1, PayBy::Records, 4);
	let claim = (0..200)
		.map(|seed| both.claim(&sketch(77, 32), &sketch(seed, 32), PAYER))
		.find(|claim| claim.found.as_ref().unwrap().records.len() == 4)
		.unwrap();
	(both, claim)
}

fn refused(both: &Both, claim: &Claim<u64>) -> Refusal {
	verify(&both.terms(), &PAYER, claim).unwrap_err()
}

fn found(claim: &mut Claim<u64>) -> &mut Found<u64> {
	claim.found.as_mut().unwrap()
}

#[test]
fn found_records_are_paid_apart_from_what_moved_the_answer() {
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let both = Both::new(1, pay_by, 4);
		let claim = both.claim(&sketch(77, 32), &sketch(78, 32), PAYER);
		let verified = verify(&both.terms(), &PAYER, &claim).unwrap();
		let alone = Claim { found: None, ..claim.clone() };
		let moved = verify(&both.trained.terms(), &PAYER, &alone).unwrap();
		assert_eq!((&verified.paid, &verified.evidence), (&moved.paid, &moved.evidence));
		let retrieved = verified.found.unwrap();
		let expected = both.found.ranked_records(&sketch(78, 32), PAYER);
		assert!(!expected.is_empty());
		assert!(
			retrieved.paid.iter().map(|of| of.position as usize).eq(expected.into_iter().take(4))
		);
		for (credit, shown) in retrieved.paid.iter().zip(&retrieved.evidence) {
			assert_eq!((credit.position, credit.account), (shown.position, shown.contributor));
		}
		assert_eq!(moved.found, None);
	}
}

#[test]
fn claim_is_refused_when_it_and_the_version_differ_in_whether_anything_is_found() {
	let (both, claim) = four();
	assert_eq!(refused(&both, &Claim { found: None, ..claim.clone() }), Refusal::Retrieval);
	let without = both.trained.terms();
	assert_eq!(verify(&without, &PAYER, &claim), Err(Refusal::Retrieval));
}

#[test]
fn relevance_other_than_the_committed_one_is_refused() {
	let (both, claim) = four();
	let spoilt = |spoil: &dyn Fn(&mut Found<u64>)| {
		let mut spoilt = claim.clone();
		spoil(found(&mut spoilt));
		refused(&both, &spoilt)
	};
	assert_eq!(spoilt(&|of| of.records[0].scale += 1), Refusal::NotInIndex);
	assert_eq!(spoilt(&|of| of.records.as_mut().swap(0, 1)), Refusal::Unordered);
	assert_eq!(spoilt(&|of| of.records[0].record.contributor = 5_000), Refusal::NotInIndex);
	assert_eq!(spoilt(&|of| of.sketch = Sketch::truncate_from(vec![1; 31])), Refusal::QueryLength);
	// Nothing is relevant to a question that says nothing.
	let nothing = |of: &mut Found<u64>| {
		of.sketch = Sketch::truncate_from(vec![0; 32]);
		of.records.truncate(1);
	};
	assert_eq!(spoilt(&nothing), Refusal::BelowFloor);
	assert_eq!(spoilt(&|of| of.proof = Default::default()), Refusal::NotInIndex);
	// A leaf of the version's other index is none of this one.
	let other = both.trained.claim(&claim.sketch, PAYER);
	let mut mixed = claim.clone();
	found(&mut mixed).records = other.records.into_inner()[..1].to_vec().try_into().unwrap();
	found(&mut mixed).sketch = claim.sketch.clone();
	found(&mut mixed).proof = prove_one(&both, mixed.found.as_ref().unwrap().records[0].position);
	assert_eq!(refused(&both, &mixed), Refusal::NotInIndex);
}

fn prove_one(both: &Both, position: u32) -> openledger_primitives_core::merkle::MultiProof {
	let hashes = both.found.index_hashes();
	openledger_primitives_core::merkle::prove_many(&hashes, &[position]).unwrap()
}

#[test]
fn more_records_than_the_version_puts_into_prompts_are_refused() {
	let (both, claim) = four();
	let mut terms = both.terms();
	terms.retrieval.as_mut().unwrap().most = 3;
	assert_eq!(verify(&terms, &PAYER, &claim), Err(Refusal::TooManyCredits));
}

#[test]
fn payers_own_records_are_not_found() {
	let (both, claim) = four();
	let payer = claim.found.as_ref().unwrap().records[0].record.contributor;
	let honest = both.claim(&claim.sketch, &claim.found.as_ref().unwrap().sketch, payer);
	assert!(verify(&both.terms(), &payer, &honest).is_ok());
	let mut alone = both.trained.claim(&claim.sketch, payer);
	alone.found = claim.found;
	assert_eq!(verify(&both.terms(), &payer, &alone), Err(Refusal::Payer));
}

#[test]
fn terms_are_bad_when_a_retrieval_covers_other_records_or_no_claim_has_room() {
	let (both, claim) = four();
	let change = |change: &dyn Fn(&mut Retrieval)| {
		let mut terms = both.terms();
		change(terms.retrieval.as_mut().unwrap());
		verify(&terms, &PAYER, &claim)
	};
	assert_eq!(change(&|of| of.index.records -= 1), Err(Refusal::BadTerms));
	assert_eq!(change(&|of| of.most = 0), Err(Refusal::BadTerms));
	assert_eq!(change(&|of| of.part = Permill::zero()), Err(Refusal::BadTerms));
	assert_eq!(change(&|of| of.dimension = 2_049), Err(Refusal::BadTerms));
}

#[test]
fn claims_without_found_records_are_told_apart_as_they_always_were() {
	let (_, claim) = four();
	let without = Claim { found: None, ..claim.clone() };
	let Claim { sketch, gain, trace, contributors, .. } = without.clone();
	let Claim { contributors_proof, records, records_proof, .. } = without.clone();
	let before = (sketch, gain, trace, contributors, contributors_proof, records, records_proof);
	assert_eq!(audit::digest(&without), before.using_encoded(content_hash));
	assert_ne!(audit::digest(&claim), audit::digest(&without));
	let mut other = claim.clone();
	found(&mut other).sketch = sketch_of(5);
	assert_ne!(audit::digest(&claim), audit::digest(&other));
	assert_ne!(question(&sketch_of(5)), question(&sketch_of(6)));
}

fn sketch_of(seed: u64) -> Sketch {
	Sketch::truncate_from(sketch(seed, 32))
}

#[test]
fn size_counts_found_records_as_it_counts_others() {
	let (_, claim) = four();
	let without = Claim { found: None, ..claim.clone() };
	assert!(claim.size() >= without.size());
	let Found { records, proof, sketch } = claim.found.clone().unwrap();
	let records = records.into_inner().try_into().unwrap();
	let found = Claim {
		records,
		records_proof: proof,
		sketch,
		contributors: Default::default(),
		..without.clone()
	};
	assert!(claim.size() <= without.size() + found.size());
}

#[test]
fn forged_leaf_of_the_retrieval_is_exposed() {
	let honest = Both::new(1, PayBy::Records, 4);
	let mut forged = Both::new(1, PayBy::Records, 4);
	forged.found.forge(7, 5_000);
	let record = &honest.found.records[7];
	let of_snapshot = honest.found.snapshot_hashes(record.datanet);
	let forgery = Forgery {
		leaf: forged.found.leaves[7].clone(),
		proof: prove(&forged.found.index_hashes(), 7).unwrap(),
		record: record.hash(),
		membership: prove(&of_snapshot, record.index as usize).unwrap(),
	};
	let terms = forged.terms();
	assert_eq!(expose(&terms.retrieving().unwrap(), &forgery), Ok(()));
	assert_eq!(expose(&terms, &forgery), Err(Refusal::NotInIndex));
	assert_eq!(honest.trained.terms().retrieving().map(drop), None);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	#[test]
	fn repeated_corrections_reach_what_the_rule_finds(seed in 0u64..100_000, asked in 0u64..100_000, most in 1u8..=4, turn in any::<usize>()) {
		let both = Both::new(seed, PayBy::Records, most);
		let (terms, asked) = (both.terms(), sketch(asked, 32));
		let retrieving = terms.retrieving().unwrap();
		let mut candidates = both.found.ranked_records(&asked, PAYER);
		let turn = turn % candidates.len().max(1);
		candidates.rotate_left(turn);
		let mut paid = Vec::new();
		for at in candidates {
			let omission = Omission::Record(both.found.shown_record(at));
			match replace(&retrieving, &PAYER, &asked, &paid, &omission) {
				Ok(replaced) => paid = replaced.paid,
				Err(refusal) => prop_assert_eq!(refusal, Refusal::NotBetter),
			}
		}
		let honest = both.claim(&sketch(77, 32), &asked, PAYER);
		prop_assert_eq!(paid, verify(&terms, &PAYER, &honest).unwrap().found.unwrap().paid);
	}
}
