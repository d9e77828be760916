//! Synthetic indexes for tests.

use crate::{
	index::{self, Header, IndexFile, Leaf, Parts},
	tree::Tree,
};
use openledger_primitives_core::{
	Hash, Sketch,
	model::{Method, PayBy},
	record::{RecordLeaf, Snapshot},
};
use sp_core::crypto::AccountId32;

/// An account that is told from others by its first byte.
pub fn account(byte: u8) -> AccountId32 {
	let mut bytes = [0; 32];
	bytes[0] = byte;
	AccountId32::new(bytes)
}

/// Signed bytes from a counter, −127…127.
pub fn sketch(seed: u64, dimension: usize) -> Sketch {
	let bytes = (0..dimension as u64)
		.map(|at| {
			let hash = sp_io::hashing::blake2_128(&[seed.to_le_bytes(), at.to_le_bytes()].concat());
			(hash[0] as i8).max(-127)
		})
		.collect::<Vec<_>>();
	Sketch::try_from(bytes).expect("tests stay within the bound")
}

/// Two snapshots of 3/4 and 1/4 of `count` records by four contributors; every fifth record is a
/// duplicate of the one before it.
pub fn parts(count: u32, pay_by: PayBy, floor_ppm: u32) -> Parts {
	let dimension = 32u16;
	let first = count * 3 / 4;
	let records: Vec<RecordLeaf<AccountId32>> = (0..count)
		.map(|position| RecordLeaf {
			datanet: if position < first { 4 } else { 9 },
			index: if position < first { position } else { position - first },
			contributor: account((position * 7 % 11 % 4) as u8),
			content: Hash::from_low_u64_be(position.into()),
			size: 10 + position,
			committed_at: 100 + position,
		})
		.collect();
	let root = |records: &[RecordLeaf<AccountId32>]| {
		Tree::new(records.iter().map(RecordLeaf::hash).collect()).root()
	};
	let (of_first, of_second) = records.split_at(first as usize);
	let snapshots = [(4, of_first), (9, of_second)]
		.into_iter()
		.filter(|(_, records)| !records.is_empty())
		.map(|(datanet, records)| {
			let count = records.len() as u32;
			(datanet, Snapshot { root: root(records), count, frozen_at: 1_000 })
		})
		.collect();
	let leaves = (0..count)
		.map(|position| {
			if position % 5 == 4 {
				let sketch = Sketch::try_from(vec![0; dimension.into()]).expect("within the bound");
				Leaf { head: position - 1, scale: 0, sketch }
			} else {
				let sketch = sketch(position.into(), dimension.into());
				Leaf { head: position, scale: 200 + (position * 97 % 300) as u16, sketch }
			}
		})
		.collect();
	Parts {
		header: Header {
			method: Method { pay_by, credits: 4, dimension },
			manifest: Hash::repeat_byte(1),
			adapter: Hash::repeat_byte(2),
			projection: Hash::repeat_byte(3),
			features: index::GRADIENTS,
			floor_ppm,
			nulls: Hash::repeat_byte(4),
			snapshots,
		},
		leaves,
		records,
	}
}

/// An index over [`parts`].
pub fn index(count: u32, pay_by: PayBy, floor_ppm: u32) -> IndexFile {
	IndexFile::new(parts(count, pay_by, floor_ppm)).expect("the parts fit together")
}

/// A tiny model trained on a few records of two Datanets.
pub struct Trained {
	/// The base.
	pub base: std::sync::Arc<openlora::Base>,
	/// The adapter.
	pub adapter: openlora::Adapter,
	/// The manifest.
	pub manifest: crate::Manifest,
	/// The snapshots.
	pub snapshots: Vec<(u32, Snapshot)>,
	/// The records.
	pub records: Vec<crate::SourceRecord>,
}

impl Trained {
	/// The sources of its index.
	pub fn sources(&self) -> crate::Sources<'_> {
		let Self { manifest, snapshots, records, .. } = self;
		crate::Sources { manifest, snapshots, records }
	}
}

/// The contents of two Datanets: near-duplicates, a broken record and one that is too long among
/// them.
pub fn contents() -> [Vec<String>; 2] {
	let pair = |question: &str, answer: &str| {
		format!("{{\"question\":\"{question}\",\"answer\":\"{answer}\"}}")
	};
	[
		vec![
			pair("What is a heap?", "A tree in an array with the least one first."),
			pair("What is a stack?", "Last in, first out: plates in a kitchen."),
			pair("what is a STACK", "last in first out plates in a kitchen"),
			"not a record".to_owned(),
			pair("What is a queue?", "First in, first out."),
		],
		vec![
			"{\"text\":\"Oak, ash and elm grow by the old river.\"}".to_owned(),
			pair(&"Why? ".repeat(60), "Because."),
			pair("Which tree has acorns?", "The oak has them in autumn."),
		],
	]
}

/// A tiny model over these contents, with an adapter that has been moved off its start.
pub fn trained() -> Trained {
	use openlora::{Adapter, Module, PeftConfig, TrainOptions};
	let options = TrainOptions {
		rank: 2,
		alpha: 4.0,
		targets: vec![Module::Q, Module::V, Module::Down],
		epochs: 4,
		lr: 1e-2,
		..Default::default()
	};
	let mut records = Vec::new();
	let mut snapshots = Vec::new();
	for (datanet, contents) in [7, 3].into_iter().zip(contents()) {
		let first = records.len();
		for (index, content) in contents.into_iter().enumerate() {
			let leaf = RecordLeaf {
				datanet,
				index: index as u32,
				contributor: account((index % 3) as u8),
				content: Hash(sp_io::hashing::blake2_256(content.as_bytes())),
				size: content.len() as u32,
				committed_at: 50 + index as u32,
			};
			records.push((leaf, content.into_bytes()));
		}
		let tree = Tree::new(records[first..].iter().map(|(leaf, _)| leaf.hash()).collect());
		let count = tree.len() as u32;
		snapshots.push((datanet, Snapshot { root: tree.root(), count, frozen_at: 90 }));
	}
	let training = crate::Training::from(&options);
	let manifest = crate::Manifest {
		version: training.version(),
		base: Hash::zero(),
		tokenizer: Hash::zero(),
		snapshots: snapshots
			.iter()
			.map(|(datanet, snapshot)| crate::TrainedSnapshot {
				datanet: *datanet,
				snapshot: 0,
				root: snapshot.root,
				count: snapshot.count,
			})
			.collect(),
		records: records.iter().map(|(leaf, _)| leaf.content).collect(),
		record_tokens: 120,
		training,
	};
	let base = openlora::testing::tiny_base(5);
	let peft = PeftConfig::new(2, 4.0, options.targets.iter().copied()).expect("within range");
	let adapter = Adapter::init(&base.config, peft, 1).expect("within range");
	let mut trained = Trained { base, adapter, manifest, snapshots, records };
	let examples = crate::training_set(&trained.base, &trained.sources()).expect("records fit");
	let mut on = |_| std::ops::ControlFlow::Continue(());
	trained.adapter =
		openlora::train(&trained.base, &examples, &options, &mut on).expect("it trains");
	trained
}
