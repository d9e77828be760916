//! The records and contributors of the registry's models, with their trees and what is shown of them.

use super::*;
use openledger_primitives_attribution::{
	ContributorCredit, ContributorLeaf, IndexLeaf, RecordCredit, contributor,
	forgery::Forgery,
	omission::{ShownContributor, ShownRecord},
};
use openledger_primitives_core::{
	Sketch,
	merkle::{self, MultiProof},
};

/// Seven training records from two Datanets: who contributed each, where its cluster's head is,
/// and how much of the query `[1; 16]` is in it.
const RECORD: [(u8, u32, i8); 7] =
	[(40, 0, 10), (41, 1, 8), (42, 2, 6), (40, 0, 4), (41, 4, -5), (43, 5, 3), (5, 6, 9)];
/// The records of the first Datanet; the others are the second's.
const FIRST: usize = 4;
pub const DATANETS: [u32; 2] = [3, 8];

pub fn record(position: usize) -> RecordLeaf<AccountId32> {
	let second = position >= FIRST;
	RecordLeaf {
		datanet: DATANETS[usize::from(second)],
		index: (if second { position - FIRST } else { position }) as u32,
		contributor: account(RECORD[position].0),
		content: Hash::repeat_byte(position as u8),
		size: 7,
		committed_at: 1,
	}
}

/// The record that the index names at a position: the snapshot's own, but where it is forged.
pub fn named(position: usize) -> RecordLeaf<AccountId32> {
	let mut record = record(position);
	if let Some((_, friend)) = Forged::get().filter(|(at, _)| *at == position) {
		record.contributor = account(friend);
	}
	record
}

pub fn leaf(position: usize) -> IndexLeaf {
	let (_, head, weight) = RECORD[position];
	IndexLeaf {
		position: position as u32,
		record: named(position).hash(),
		head,
		scale: 10,
		sketch: Sketch::truncate_from(vec![weight; 16]),
	}
}

fn contributors() -> Vec<ContributorLeaf<AccountId32>> {
	[5, 40, 41, 42, 43]
		.into_iter()
		.map(|who| {
			let own: Vec<_> =
				(0..RECORD.len()).filter(|at| RECORD[*at].0 == who).map(leaf).collect();
			contributor::sum(account(who), 16, &own).unwrap()
		})
		.collect()
}

pub fn snapshot_leaves(second: bool) -> Vec<Hash> {
	let range = if second { FIRST..RECORD.len() } else { 0..FIRST };
	range.map(|position| record(position).hash()).collect()
}

pub fn index_hashes() -> Vec<Hash> {
	(0..RECORD.len()).map(|at| leaf(at).hash()).collect()
}

pub fn contributor_hashes() -> Vec<Hash> {
	contributors().iter().map(|leaf| leaf.hash()).collect()
}

fn credit(position: usize) -> RecordCredit<AccountId32> {
	RecordCredit::new(leaf(position), named(position))
}

/// A record with its two proofs.
pub fn shown(position: usize) -> ShownRecord<AccountId32> {
	let credit = credit(position);
	let snapshot = snapshot_leaves(position >= FIRST);
	ShownRecord {
		proof: merkle::prove(&index_hashes(), position).unwrap(),
		membership: merkle::prove(&snapshot, credit.record.index as usize).unwrap(),
		credit,
	}
}

/// An index leaf and the snapshot's record at its position.
pub fn forgery(position: usize) -> Forgery {
	let (snapshot, record) = (snapshot_leaves(position >= FIRST), record(position));
	Forgery {
		leaf: leaf(position),
		proof: merkle::prove(&index_hashes(), position).unwrap(),
		membership: merkle::prove(&snapshot, record.index as usize).unwrap(),
		record: record.hash(),
	}
}

/// A contributor with its proof.
pub fn credited(who: u8) -> ShownContributor<AccountId32> {
	let all = contributors();
	let at = all.iter().position(|leaf| leaf.account == account(who)).unwrap();
	ShownContributor {
		credit: ContributorCredit { position: at as u32, leaf: all[at].clone() },
		proof: merkle::prove(&contributor_hashes(), at).unwrap(),
	}
}

/// The proof of these leaves; of nothing, where one stands twice.
pub fn proof(hashes: &[Hash], positions: impl Iterator<Item = u32>) -> MultiProof {
	let mut positions: Vec<u32> = positions.collect();
	positions.sort_unstable();
	merkle::prove_many(hashes, &positions).unwrap_or_default()
}

/// A claim on these contributors and records, with half of the gain that earns all.
pub fn claim(contributors: &[u8], records: &[usize]) -> Claim<AccountId32> {
	let people: Vec<_> = contributors.iter().map(|who| credited(*who).credit).collect();
	let shown: Vec<_> = records.iter().map(|at| credit(*at)).collect();
	Claim {
		sketch: Sketch::truncate_from(vec![1; 16]),
		gain: 100,
		trace: Hash::repeat_byte(0x77),
		contributors_proof: proof(&contributor_hashes(), people.iter().map(|of| of.position)),
		contributors: people.try_into().unwrap(),
		records_proof: proof(&index_hashes(), shown.iter().map(|of| of.position)),
		records: shown.try_into().unwrap(),
		found: None,
	}
}
