//! A retrieval of the registry's models, where a test has them put records into prompts.

use super::*;
use openledger_primitives_attribution::{
	Found, IndexLeaf, RecordCredit, forgery::Forgery, omission::ShownRecord,
};
use openledger_primitives_core::{
	Sketch, merkle,
	model::{IndexCommitment, Retrieval},
};

/// How much of the question `[1; 16]` is in each record. The fourth is a duplicate of the first, and the
/// seventh the payer's own.
const RELEVANCE: [i8; 7] = [3, 9, 2, 0, -5, 5, 8];

parameter_types! {
	/// Whether models put two records into each prompt, for two fifths of the contributors' part.
	pub static Finding: bool = false;
}

pub fn retrieval() -> Option<Retrieval> {
	let hashes = hashes();
	Finding::get().then(|| Retrieval {
		most: 2,
		dimension: 16,
		part: Permill::from_percent(40),
		lens: Hash::repeat_byte(7),
		index: IndexCommitment {
			records_root: merkle::root(&hashes),
			records: hashes.len() as u32,
			contributors_root: Hash::repeat_byte(8),
			contributors: 5,
			floor_ppm: 100_000,
			file: Hash::repeat_byte(9),
		},
	})
}

fn leaf(position: usize) -> IndexLeaf {
	let sketch = Sketch::truncate_from(vec![RELEVANCE[position]; 16]);
	IndexLeaf { sketch, ..super::leaf(position) }
}

fn hashes() -> Vec<Hash> {
	(0..RELEVANCE.len()).map(|at| leaf(at).hash()).collect()
}

pub fn question() -> Sketch {
	Sketch::truncate_from(vec![1; 16])
}

/// `claim`, with these records in the prompt.
pub fn with(claim: Claim<AccountId32>, records: &[usize]) -> Claim<AccountId32> {
	let shown: Vec<_> = records.iter().map(|at| RecordCredit::new(leaf(*at), named(*at))).collect();
	let proof = proof(&hashes(), shown.iter().map(|of| of.position));
	let found = Found { sketch: question(), records: shown.try_into().unwrap(), proof };
	Claim { found: Some(found), ..claim }
}

/// A fault that shows a record left out of the prompt.
pub fn left_out(position: usize) -> Fault<AccountId32> {
	let shown = super::shown(position);
	let credit = RecordCredit::new(leaf(position), named(position));
	let proof = merkle::prove(&hashes(), position).unwrap();
	Fault::Relevance { question: question(), shown: ShownRecord { credit, proof, ..shown } }
}

/// A leaf of the retrieval's index and the snapshot's record at its position.
pub fn forgery(position: usize) -> Fault<AccountId32> {
	let proof = merkle::prove(&hashes(), position).unwrap();
	let leaf = leaf(position);
	Fault::ForgedRelevance(Forgery { leaf, proof, ..super::forgery(position) })
}
