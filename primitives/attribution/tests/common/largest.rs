//! The largest claims on an index of a million records: every credit there can be, at leaves as far
//! apart as they can be, so that their proofs share the least.

use openledger_primitives_attribution::{
	Claim, ContributorCredit, ContributorLeaf, IndexLeaf, RecordCredit, Terms,
};
use openledger_primitives_core::{
	DatanetId, Hash, Sketch,
	merkle::MultiProof,
	model::{IndexCommitment, Method, PayBy},
	record::{RecordLeaf, Snapshot},
};
use sp_core::crypto::AccountId32;

const RECORDS: u32 = 1 << 20;
const CONTRIBUTORS: u32 = 1 << 14;
const CREDITS: u8 = 16;
const MADE_UP: Hash = Hash::repeat_byte(0xee);

/// A claim that verifies by its terms.
pub struct Largest {
	pub method: Method,
	pub index: IndexCommitment,
	pub snapshots: Vec<(DatanetId, Snapshot)>,
	pub claim: Claim<AccountId32>,
}

impl Largest {
	pub fn terms(&self) -> Terms<'_> {
		let (method, index, snapshots) = (self.method, self.index, &self.snapshots);
		Terms { method, index, snapshots, retrieval: None }
	}
}

/// The proof of leaves with these hashes among made-up ones, `apart` from each other, and the root.
fn prove(count: u32, apart: u32, hashes: Vec<Hash>) -> (MultiProof, Hash) {
	let positions: Vec<u32> = (0..hashes.len() as u32).map(|nth| nth * apart).collect();
	let proof = MultiProof::of(count, &positions, |_| Some(MADE_UP)).unwrap();
	let root = proof.open(count, &positions, hashes).and_then(|opened| opened.root()).unwrap();
	(proof, root)
}

fn sketch(dimension: u16) -> Sketch {
	Sketch::truncate_from(vec![127; dimension.into()])
}

/// The largest claim on 2²⁰ records of 2¹⁴ contributors with so many components.
pub fn largest(pay_by: PayBy, dimension: u16) -> Largest {
	let apart = RECORDS / u32::from(CREDITS);
	let records: Vec<_> = (0..u32::from(CREDITS))
		.map(|nth| {
			let position = nth * apart;
			let record = RecordLeaf {
				datanet: 7,
				index: position,
				contributor: AccountId32::new([nth as u8; 32]),
				content: Hash::repeat_byte(nth as u8),
				size: 1_000,
				committed_at: 1,
			};
			let leaf = IndexLeaf {
				position,
				record: record.hash(),
				head: position,
				scale: 1_000,
				sketch: sketch(dimension),
			};
			RecordCredit::new(leaf, record)
		})
		.collect();
	let (records_proof, records_root) =
		prove(RECORDS, apart, records.iter().map(RecordCredit::hash).collect());
	let apart = CONTRIBUTORS / u32::from(CREDITS);
	let contributors: Vec<_> = (0..u32::from(CREDITS))
		.filter(|_| pay_by == PayBy::Contributors)
		.map(|nth| {
			let account = AccountId32::new([nth as u8; 32]);
			let leaf = ContributorLeaf { account, scale: 1_000, sketch: sketch(dimension) };
			ContributorCredit { position: nth * apart, leaf }
		})
		.collect();
	let (contributors_proof, contributors_root) = match contributors.is_empty() {
		true => (MultiProof::default(), MADE_UP),
		false => prove(CONTRIBUTORS, apart, contributors.iter().map(|of| of.leaf.hash()).collect()),
	};
	Largest {
		method: Method { pay_by, credits: CREDITS, dimension },
		index: IndexCommitment {
			records_root,
			records: RECORDS,
			contributors_root,
			contributors: CONTRIBUTORS,
			floor_ppm: 100_000,
			file: MADE_UP,
		},
		snapshots: vec![(7, Snapshot { root: MADE_UP, count: RECORDS, frozen_at: 1 })],
		claim: Claim {
			sketch: sketch(dimension),
			gain: 100,
			trace: MADE_UP,
			contributors: contributors.try_into().unwrap(),
			contributors_proof,
			records: records.try_into().unwrap(),
			records_proof,
			found: None,
		},
	}
}
