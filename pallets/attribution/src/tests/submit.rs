use crate::{Claims, Due, Error, Event, Status, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	RequestId, Sketch,
	model::Usage,
	traits::{AnsweredRequest, Attribution as _},
};
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;

type E = Error<Test>;

/// Submits `claim` on a request of `model`, with the rest in order.
fn submit(model: u32, claim: Claim<AccountId32>) -> sp_runtime::DispatchResult {
	Attribution::submit(answer_of(model, 77), claim)
}

fn answer_of(model: u32, request: RequestId) -> AnsweredRequest<AccountId32> {
	AnsweredRequest {
		request,
		model,
		payer: account(5),
		operator: account(1),
		usage: Usage { prompt: 1, output: 1 },
		answer: Default::default(),
		subject: Default::default(),
		fee: 1_000,
		private: false,
	}
}

fn spoilt(spoil: impl FnOnce(&mut Claim<AccountId32>)) -> Claim<AccountId32> {
	let mut claim = claim(&[], &[0, 1]);
	spoil(&mut claim);
	claim
}

fn sketch(component: i8, length: usize) -> Sketch {
	Sketch::truncate_from(vec![component; length])
}

#[test]
fn claim_is_stored_as_verified() {
	chain(|| {
		let claim = claim(&[], &[0, 1]);
		let id = answered(RECORDS, claim.clone()).unwrap();
		let stored = Claims::<Test>::get(id).unwrap();
		assert_eq!(stored.paid.iter().map(|c| c.score).collect::<Vec<_>>(), [1_600, 1_280]);
		// A tenth of each score is floor.
		assert_eq!(stored.paid.iter().map(|c| c.weight).collect::<Vec<_>>(), [1_440, 1_152]);
		assert_eq!(stored.evidence[1].contributor, account(41));
		assert_eq!((stored.final_at, stored.earned), (11, Permill::from_percent(50)));
		assert_eq!(stored.status, Status::Open);
		let told_by = openledger_primitives_attribution::audit::digest(&claim);
		assert_eq!(stored.digest, told_by);
		assert_eq!(Due::<Test>::get(11).into_inner(), [id]);
		System::assert_has_event(
			Event::Claimed {
				request: id,
				digest: stored.digest,
				credits: 2,
				earned: Permill::from_percent(50),
				final_at: 11,
			}
			.into(),
		);
	});
}

#[test]
fn claim_that_nothing_cleared_the_floor_is_stored() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[])).unwrap();
		assert!(Claims::<Test>::get(id).unwrap().paid.is_empty());
	});
}

#[test]
fn claim_is_refused_when_query_is_malformed() {
	chain(|| {
		for length in [0, 15, 17] {
			let claim = spoilt(|claim| claim.sketch = sketch(1, length));
			assert_noop!(submit(RECORDS, claim), E::QueryLength);
		}
		let claim = spoilt(|claim| claim.sketch = sketch(i8::MIN, 16));
		assert_noop!(submit(RECORDS, claim), E::Asymmetric);
	});
}

#[test]
fn claim_is_refused_when_a_leaf_is_malformed() {
	chain(|| {
		let claim = spoilt(|claim| claim.records[0].sketch = sketch(10, 15));
		assert_noop!(submit(RECORDS, claim), E::LeafLength);
		let claim = spoilt(|claim| claim.records[0].sketch = sketch(i8::MIN, 16));
		assert_noop!(submit(RECORDS, claim), E::Asymmetric);
	});
}

#[test]
fn claim_is_refused_when_ranking_is_wrong() {
	chain(|| {
		assert_noop!(submit(RECORDS, claim(&[], &[1, 0])), E::Unordered);
		assert_noop!(submit(RECORDS, claim(&[], &[1, 1])), E::Unordered);
		assert_noop!(submit(RECORDS, claim(&[], &[0, 1, 2])), E::TooManyCredits);
		assert_noop!(submit(RECORDS, claim(&[], &[4])), E::BelowFloor);
		assert_noop!(submit(RECORDS, claim(&[], &[3])), E::NotHead);
		assert_noop!(submit(RECORDS, claim(&[], &[6])), E::Payer);
	});
}

#[test]
fn claim_is_refused_when_a_leaf_is_forged() {
	chain(|| {
		let claim = spoilt(|claim| claim.records[0].sketch = sketch(127, 16));
		assert_noop!(submit(RECORDS, claim), E::NotInIndex);
		let claim = spoilt(|claim| claim.records[0].scale = 11);
		assert_noop!(submit(RECORDS, claim), E::NotInIndex);
		let claim = spoilt(|claim| {
			claim.records_proof.nodes.pop();
		});
		assert_noop!(submit(RECORDS, claim), E::NotInIndex);
	});
}

#[test]
fn claim_is_refused_when_payee_or_place_is_forged() {
	chain(|| {
		let claim = spoilt(|claim| claim.records[0].record.contributor = account(1));
		assert_noop!(submit(RECORDS, claim), E::NotInIndex);
		let claim = spoilt(|claim| claim.records[0].record.datanet = 8);
		assert_noop!(submit(RECORDS, claim), E::WrongPosition);
		let claim = spoilt(|claim| claim.records[0].record.index = 2);
		assert_noop!(submit(RECORDS, claim), E::WrongPosition);
		let claim = spoilt(|claim| {
			claim.records[0].position = 9;
			claim.records[0].head = 9;
		});
		assert_noop!(submit(RECORDS, claim), E::WrongPosition);
	});
}

#[test]
fn contributors_are_refused_where_records_are_paid() {
	chain(|| {
		assert_noop!(submit(RECORDS, claim(&[40], &[0])), E::WrongMethod);
		assert_ok!(submit(CONTRIBUTORS, claim(&[40], &[0])));
		Claims::<Test>::remove(77);
	});
}

#[test]
fn contributors_are_refused_when_malformed() {
	chain(|| {
		// 40 has ten, 42 six; 41 nets eight and minus five to three.
		assert_noop!(submit(CONTRIBUTORS, claim(&[40, 42], &[0])), E::NoWitness);
		assert_noop!(submit(CONTRIBUTORS, claim(&[42, 40], &[0, 2])), E::Unordered);
		assert_noop!(submit(CONTRIBUTORS, claim(&[40, 40], &[0])), E::Unordered);
		assert_noop!(submit(CONTRIBUTORS, claim(&[5], &[0])), E::Payer);
		assert_noop!(submit(CONTRIBUTORS, claim(&[40, 42, 41], &[0, 1, 2])), E::TooManyCredits);
		let mut forged = claim(&[40], &[0]);
		forged.contributors[0].leaf.scale = 1_000;
		assert_noop!(submit(CONTRIBUTORS, forged), E::NotAContributor);
		let mut twice = claim(&[40, 40], &[0]);
		twice.contributors[1].position = 2;
		assert_noop!(submit(CONTRIBUTORS, twice), E::PaidTwice);
	});
}

#[test]
fn claim_is_refused_when_model_is_unknown_or_unindexed() {
	chain(|| {
		assert_noop!(submit(9, claim(&[], &[0])), E::UnknownModel);
		Unindexed::set(true);
		assert_noop!(submit(RECORDS, claim(&[], &[0])), E::UnknownModel);
	});
}

#[test]
fn claim_is_refused_when_request_has_one() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0])).unwrap();
		let again = answer_of(RECORDS, id);
		assert_noop!(Attribution::submit(again, claim(&[], &[0])), E::AlreadyClaimed);
	});
}

#[test]
fn refused_claim_leaves_request_pending_and_escrow_whole() {
	chain(|| {
		let id = ask(RECORDS);
		assert_noop!(answer(id, claim(&[], &[1, 0])), E::Unordered);
		assert_ok!(answer(id, claim(&[], &[0, 1])));
	});
}

#[test]
fn finality_spreads_over_blocks_and_is_refused_when_all_are_full() {
	chain(|| {
		for n in 0..32u32 {
			let id = answered(RECORDS, claim(&[], &[])).unwrap();
			assert!(Due::<Test>::get(11 + n / 2).contains(&id));
			assert_eq!(Claims::<Test>::get(id).unwrap().final_at, 11, "anyone can make it final");
		}
		let id = ask(RECORDS);
		assert_noop!(answer(id, claim(&[], &[])), E::QueueFull);
		go_to(2);
		assert_ok!(answer(id, claim(&[], &[])));
	});
}
