//! A registry of model versions with the same four records, each of them another direction.

use super::{Computed, Forged, PromptPrice, Status, VERSIONS, account};
use codec::Encode;
use frame_support::storage::unhashed;
use openledger_primitives_attribution::{
	Claim, IndexLeaf, RecordCredit, forgery::Forgery, omission::ShownRecord,
};
use openledger_primitives_core::{
	Hash, ModelId, Sketch, merkle,
	model::{IndexCommitment, Method, ModelStatus, PayBy, Price},
	record::{RecordLeaf, Snapshot},
	settlement::Distribution,
	traits::{Models, ServedModel},
};
use sp_core::crypto::AccountId32;
use sp_runtime::{DispatchError, DispatchResult, Permill};

/// By the accounts 40 to 43.
pub const RECORDS: usize = 4;
const DATANET: u32 = 3;

fn direction(at: usize, size: i8) -> Sketch {
	let mut sketch = vec![0; 16];
	sketch[at] = size;
	Sketch::truncate_from(sketch)
}

fn record(at: usize) -> RecordLeaf<AccountId32> {
	RecordLeaf {
		datanet: DATANET,
		index: at as u32,
		contributor: account(40 + at as u8),
		content: Hash::repeat_byte(at as u8),
		size: 7,
		committed_at: 1,
	}
}

/// The record that the index names: another contributor's than the snapshot's where it is forged.
fn named(at: usize) -> RecordLeaf<AccountId32> {
	let mut record = record(at);
	if Forged::get() == Some(at) {
		record.contributor = account(49);
	}
	record
}

fn leaf(at: usize) -> IndexLeaf {
	IndexLeaf {
		position: at as u32,
		record: named(at).hash(),
		head: at as u32,
		scale: 10,
		sketch: direction(at, 100),
	}
}

fn records() -> Vec<Hash> {
	(0..RECORDS).map(|at| record(at).hash()).collect()
}

fn index() -> Vec<Hash> {
	(0..RECORDS).map(|at| leaf(at).hash()).collect()
}

/// The claim that the record `at` alone moved an answer, with the gain that earns all.
pub fn claim(at: usize) -> Claim<AccountId32> {
	Claim {
		sketch: direction(at, 1),
		gain: 200,
		trace: Hash::repeat_byte(0x77),
		contributors: Default::default(),
		contributors_proof: Default::default(),
		records: vec![RecordCredit::new(leaf(at), named(at))].try_into().unwrap(),
		records_proof: merkle::prove_many(&index(), &[at as u32]).unwrap(),
		found: None,
	}
}

/// A claim that credits nobody for what the record `at` alone moved.
pub fn silent(at: usize) -> Claim<AccountId32> {
	Claim { records: Default::default(), records_proof: Default::default(), ..claim(at) }
}

/// An index leaf and the snapshot's record at its position.
pub fn forgery(at: usize) -> Forgery {
	Forgery {
		leaf: leaf(at),
		proof: merkle::prove(&index(), at).unwrap(),
		record: record(at).hash(),
		membership: merkle::prove(&records(), at).unwrap(),
	}
}

/// A record with its proofs.
pub fn shown(at: usize) -> ShownRecord<AccountId32> {
	ShownRecord {
		credit: RecordCredit::new(leaf(at), named(at)),
		proof: merkle::prove(&index(), at).unwrap(),
		membership: merkle::prove(&records(), at).unwrap(),
	}
}

pub struct Registered;

/// Requests and sessions that are open on a model version.
pub fn open(model: ModelId) -> u32 {
	unhashed::get_or_default(&(b"open", model).encode())
}

impl Models<AccountId32> for Registered {
	fn served(model: ModelId) -> Option<ServedModel<AccountId32>> {
		(1..=VERSIONS).contains(&model).then(|| ServedModel {
			owner: account(80),
			status: Status::get(),
			price: Price { prompt: PromptPrice::get(), output: 10_000 },
			method: Method { pay_by: PayBy::Records, credits: 2, dimension: 16 },
			arithmetic: Computed::get(),
			snapshots: vec![(
				DATANET,
				Snapshot { root: merkle::root(&records()), count: RECORDS as u32, frozen_at: 1 },
			)],
			index: Some(IndexCommitment {
				records_root: merkle::root(&index()),
				records: RECORDS as u32,
				contributors_root: Hash::zero(),
				contributors: 0,
				floor_ppm: 100_000,
				file: Hash::repeat_byte(3),
			}),
			base_owner: account(81),
			royalty: Permill::from_percent(10),
			base: Hash::repeat_byte(4),
			adapter: Hash::repeat_byte(5),
			retrieval: None,
			projection: Hash::repeat_byte(6),
		})
	}

	fn acquire(model: ModelId) -> DispatchResult {
		unhashed::put(&(b"open", model).encode(), &(open(model) + 1));
		Ok(())
	}

	fn release(model: ModelId) {
		unhashed::put(&(b"open", model).encode(), &(open(model) - 1));
	}

	fn is_in_use(model: ModelId) -> bool {
		open(model) > 0
	}

	fn condemned(_: ModelId) -> Option<bool> {
		Some(Status::get() == ModelStatus::Condemned)
	}

	fn condemn(_: ModelId, _: &AccountId32) -> Result<u128, DispatchError> {
		Status::set(ModelStatus::Condemned);
		Ok(0)
	}

	fn earned(_: ModelId, distribution: &Distribution<AccountId32>) {
		assert_eq!(distribution.total(), Some(distribution.fee));
	}
}
