//! A model version over a tiny base made from a seed, with an adapter trained on six records and the
//! index over them.

use std::{convert::Infallible, ops::ControlFlow, path::PathBuf};

use bytes::Bytes;
use openledger_attribution::{
	BuildOptions, Checkpoints, Manifest, Sources, TrainedSnapshot, Training, build,
	local::TrainingLog, training_set,
};
use openledger_primitives_core::{
	Hash, merkle,
	model::{Method, PayBy},
	record::{RecordLeaf, Snapshot, SnapshotRef, content_hash},
	subject::version_id,
};
use openledger_primitives_inference::{Job, Material, examination::Examination};
use openlora::{
	Base, Config, TrainOptions,
	testing::{Encoding, write_gguf},
	train::{self, Data, Digest, Link, State},
};
use sp_core::crypto::AccountId32;
use tempfile::TempDir;

use crate::content::ContentStore;

pub const ALICE: AccountId32 = AccountId32::new([1; 32]);
pub const BOB: AccountId32 = AccountId32::new([2; 32]);
pub const PAYER: AccountId32 = AccountId32::new([9; 32]);
pub const SEED: Hash = Hash::repeat_byte(0x5e);

pub const RECORDS: [(&str, &str, AccountId32); 6] = [
	("Who is here?", "The other one.", ALICE),
	("And then?", "Another one came on in.", ALICE),
	("Where to?", "Over there, then in.", BOB),
	("What is it?", "A thing of the thin.", BOB),
	("Why not?", "It has no end.", ALICE),
	("Is it on?", "On and on.", BOB),
];

/// A model version, made once for all tests.
pub struct Model {
	_folder: TempDir,
	pub base: PathBuf,
	pub adapter: Vec<u8>,
	pub index: Vec<u8>,
	pub manifest: Vec<u8>,
	/// The list of checkpoints, and the files of their states.
	pub training: Checkpoints,
	pub states: Vec<Vec<u8>>,
	/// The contents of the records.
	pub records: Vec<Vec<u8>>,
	pub job: Job,
}

impl Model {
	/// Its examination by lots with this seed, of so many leaves.
	pub fn examination(&self, seed: u8, leaves: u32) -> Examination {
		Examination {
			audit: version_id(1),
			model: 1,
			material: self.job.material.clone(),
			manifest: content_hash(&self.manifest),
			training: self.training.hash().unwrap(),
			drawn: Hash::repeat_byte(seed),
			seed: Hash::repeat_byte(seed),
			leaves,
		}
	}

	/// Everything that examining it takes.
	pub fn contents(&self) -> Vec<Vec<u8>> {
		let list = self.training.to_bytes().unwrap();
		let own = [&self.adapter, &self.index, &self.manifest, &list].map(Clone::clone);
		own.into_iter().chain(self.states.clone()).chain(self.records.clone()).collect()
	}
}

pub fn model(config: &Config, projection: Hash) -> Model {
	let folder = tempfile::tempdir().unwrap();
	let path = write_gguf(folder.path(), config, 7, Encoding::F32);
	model_over(path, projection, folder)
}

/// The same over a base that there is already.
pub fn model_over(path: PathBuf, projection: Hash, folder: TempDir) -> Model {
	let base = Base::load(&path).unwrap();
	let hash = crate::bases::weights_hash(&path).unwrap();
	let records: Vec<_> = RECORDS
		.iter()
		.enumerate()
		.map(|(index, (question, answer, contributor))| {
			let line = serde_json::json!({"question": question, "answer": answer}).to_string();
			let leaf = RecordLeaf {
				datanet: 3,
				index: index as u32,
				contributor: contributor.clone(),
				content: content_hash(line.as_bytes()),
				size: line.len() as u32,
				committed_at: 1 + index as u32,
			};
			(leaf, line.into_bytes())
		})
		.collect();
	let hashes: Vec<Hash> = records.iter().map(|(leaf, _)| leaf.hash()).collect();
	let snapshot =
		Snapshot { root: merkle::root(&hashes), count: hashes.len() as u32, frozen_at: 10 };
	let options = TrainOptions { rank: 2, epochs: 3, seed: 11, ..TrainOptions::default() };
	let training = Training::from(&options);
	let manifest = Manifest {
		version: training.version(),
		base: hash,
		tokenizer: hash,
		snapshots: vec![TrainedSnapshot::new(SnapshotRef { datanet: 3, snapshot: 0 }, &snapshot)],
		records: records.iter().map(|(leaf, _)| leaf.content).collect(),
		record_tokens: 96,
		training,
	};
	let snapshots = vec![(3, snapshot)];
	let sources = Sources { manifest: &manifest, snapshots: &snapshots, records: &records };
	let examples = training_set(&base, &sources).unwrap();
	let checkpoints = folder.path().join("checkpoints");
	let kept = TrainOptions {
		genesis: Digest(manifest.training_hash().unwrap().0),
		checkpoint_dir: Some(checkpoints.clone()),
		checkpoint_every: 4,
		keep_states: true,
		..options
	};
	let data = Data { examples: &examples, validation: &[] };
	let outcome = train::fit(&base, data, &kept, &mut |_| ControlFlow::Continue(())).unwrap();
	let adapter = outcome.adapter;
	let method = Method { pay_by: PayBy::Contributors, credits: 4, dimension: 64 };
	let file = folder.path().join("index");
	let build_options = BuildOptions { method, projection, file: &file, cache_dir: None };
	let index =
		build(&base, &adapter, &sources, &build_options, &mut |_| ControlFlow::Continue(()))
			.unwrap();
	let adapter = adapter.to_bytes().unwrap();
	let log = TrainingLog {
		version: openledger_attribution::local::VERSION,
		genesis: kept.genesis,
		checkpoint_every: kept.checkpoint_every,
		links: outcome.links,
		step: outcome.step,
		adapter: content_hash(&adapter),
	};
	let file = |link: &Link| std::fs::read(State::path(&checkpoints, link.step)).unwrap();
	let states: Vec<Vec<u8>> = log.links.iter().skip(1).map(file).collect();
	let training =
		Checkpoints::new(log, states.iter().map(|state| content_hash(state)).collect()).unwrap();
	let job = Job {
		request: 1,
		model: 1,
		payer: PAYER,
		prompt: b"Who is here?".to_vec().try_into().unwrap(),
		max_tokens: 12,
		temperature: 700,
		seed: [4; 32],
		deadline: 100,
		material: Material {
			base: hash,
			adapter: content_hash(&adapter),
			method,
			index: index.commitment(),
			projection,
			snapshots,
			retrieval: None,
		},
	};
	Model {
		base: path,
		index: index.to_bytes().to_vec(),
		adapter,
		manifest: manifest.to_bytes().unwrap(),
		training,
		states,
		records: records.into_iter().map(|(_, content)| content).collect(),
		job,
		_folder: folder,
	}
}

pub async fn put_into(store: &ContentStore, bytes: &[u8]) -> Hash {
	let hash = content_hash(bytes);
	let chunk = Ok::<_, Infallible>(Bytes::copy_from_slice(bytes));
	let stream = futures::stream::iter([chunk]);
	store.put(hash, bytes.len() as u64, &ALICE, stream).await.unwrap();
	hash
}
