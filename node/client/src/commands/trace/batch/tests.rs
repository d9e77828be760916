//! Of draws, receipts and what is told of them.

use super::*;
use crate::{
	amount,
	commands::trace::whose::tests::{audit, refuted},
};
use openledger_primitives_api::{AuditStage, DrawInfo};
use openledger_primitives_core::{
	Hash,
	model::{Price, Usage},
};

pub(super) fn own(session: SessionId, from: Balance, to: Balance) -> LineInfo {
	LineInfo { session, first: 0, count: 2, from, to, root: Hash::zero() }
}

/// A session whose batches cover so many receipts.
pub(super) fn covered(receipts: u32) -> Info {
	Info {
		id: 3,
		payer: AccountId32::new([7; 32]),
		operator: AccountId32::new([8; 32]),
		model: 5,
		signer: AccountId32::new([7; 32]),
		price: Price { prompt: 1, output: 1 },
		escrow: 0,
		settled: 0,
		receipts,
		expires_at: 500_500,
		left_until: 500_500,
		closing: false,
		ended: false,
		batches: 0,
		private: false,
	}
}

pub(super) fn batch(total: Balance, draws: u8) -> Batch {
	let info = |draw| DrawInfo {
		draw,
		stage: DrawStage::Settled,
		share: total / Balance::from(draws),
		session: None,
		unit: 0,
	};
	Batch {
		id: 4,
		operator: AccountId32::new([8; 32]),
		model: 5,
		total,
		held: 0,
		returns: 0,
		committed_at: 9,
		round: 1,
		seed: Some(Hash::repeat_byte(3)),
		reveal_by: Some(20),
		concluded: true,
		lines: Vec::new(),
		draws: (0..draws).map(info).collect(),
	}
}

fn paid(session: SessionId, from: Balance, fee: Balance) -> Paid {
	Paid {
		session,
		receipt: 0,
		question: None,
		answer: String::new(),
		usage: Usage::default(),
		fee,
		from,
		gain: 0,
		trace: Hash::zero(),
		records: Vec::new(),
		found: Vec::new(),
		contributors: Vec::new(),
		salt: Hash::zero(),
	}
}

#[test]
fn every_draw_falls_into_the_one_receipt_whose_fee_covers_it() {
	let lines = [own(3, 10, 40), own(7, 0, 50)];
	let told = batch(80, 40);
	let places = places(&told, &lines);
	assert_eq!(places.len(), 40);
	let receipts = [paid(3, 10, 5), paid(3, 15, 25), paid(7, 0, 20), paid(7, 20, 30)];
	let mut all: Vec<u8> = receipts.iter().flat_map(|receipt| drawn(receipt, &places)).collect();
	all.sort_unstable();
	assert_eq!(all, (0..40).collect::<Vec<u8>>());
	assert!(receipts.iter().all(|receipt| !drawn(receipt, &places).is_empty()));
	assert!(drawn(&paid(9, 0, 80), &places).is_empty());
}

#[test]
fn batch_without_a_seed_has_no_draws_anywhere() {
	let told = Batch { seed: None, ..batch(80, 4) };
	assert!(places(&told, &[own(3, 0, 80)]).is_empty());
}

#[test]
fn receipt_that_no_batch_covers_waits_for_one_until_its_session_has_ended() {
	let open = covered(2);
	let closing = Info { closing: true, ..covered(2) };
	let ended = Info { ended: true, ..covered(2) };
	for session in [&open, &closing, &ended] {
		assert_eq!(uncovered(session, 1), None);
	}
	for session in [&open, &closing] {
		assert!(uncovered(session, 2).unwrap().starts_with("it is in no batch yet"));
	}
	assert_eq!(uncovered(&ended, 2), Some(NEVER));
}

#[test]
fn joined_draw_is_followed_to_the_claim_of_the_first() {
	let mut told = batch(80, 4);
	told.draws[3].stage = DrawStage::Joined(1);
	assert_eq!([1, 2, 3].map(|draw| leading(&told, draw)), [1, 2, 1]);
	assert!(stage(&told, 3).contains("as draw 1"));
}

#[test]
fn claim_that_an_audit_replaced_is_told_to_be_the_verifiers() {
	let info = audit(AuditStage::Concluded, Some(refuted()));
	let told = |claim_of| {
		claim_text(&Claimed {
			draw: 1,
			claim: ClaimInfo {
				claim: draw_id(4, 1),
				model: 5,
				operator: AccountId32::new([8; 32]),
				payer: AccountId32::new([9; 32]),
				submitted_at: 1,
				final_at: 11,
				gain: 200,
				earned_ppm: 1_000_000,
				digest: Hash::zero(),
				trace: Hash::zero(),
				sketch: vec![1; 16],
				paid: Vec::new(),
				evidence: Vec::new(),
				challenger: None,
				rejected: false,
				distribution: None,
			},
			audit: Some(info.clone()),
			claim_of,
			records: Vec::new(),
			found: None,
		})
	};
	let replaced = told(Whose::Verifiers);
	assert!(replaced.contains("gain and records are the verifiers'"), "{replaced}");
	assert!(!told(Whose::Operator).contains("the verifiers'"));
}

#[test]
fn receipt_that_was_not_drawn_is_told_with_its_batchs_totals() {
	let told = OfReceipt {
		session: 3,
		receipt: 0,
		model: 5,
		operator: "operator".into(),
		journal: Some(paid(3, 0, 1)),
		batch: Some(batch(amount::OPEN, 2)),
		pruned_after: None,
		line: Some(own(3, 0, amount::OPEN)),
		draws: Vec::new(),
		drawn: Some(Vec::new()),
		claims: Vec::new(),
		missing: None,
	};
	let text = text(&told);
	assert!(text.contains("was not drawn") && text.contains("1 OPEN in all"), "{text}");
	assert!(text.contains("receipts 0 to 1"), "{text}");
	assert!(!text.contains("pruned"), "{text}");
}

#[test]
fn pruned_batch_is_told_with_the_block_that_it_is_told_as_of() {
	let told = totals(&batch(80, 2), Some(700));
	assert!(told.contains("concluded, and pruned after block 700"), "{told}");
}

#[test]
fn node_that_forgot_a_pruned_batch_is_told_with_what_to_do() {
	let told = forgotten(500);
	assert!(told.contains("before 500") && told.contains("--url"), "{told}");
	assert!(told.contains("--state-pruning archive"), "{told}");
}
