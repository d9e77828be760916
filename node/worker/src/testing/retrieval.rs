//! A model version that puts records into prompts.

use std::{ops::ControlFlow, sync::LazyLock};

use openledger_attribution::{
	IndexFile, Manifest, Sources,
	index::{Leaf, LeafRef, Parts},
	retrieval::{Options, Records, RetrievalIndex, build},
};
use openledger_primitives_core::{Hash, Sketch, model::Retrieval};
use openledger_primitives_inference::Material;
use openlora::{Base, Config, testing::tiny_config};
use sp_runtime::Permill;

use super::model::{self, Model};

/// The most records in a prompt.
const MOST: u8 = 2;
/// Long enough for records in prompts.
const CONTEXT: usize = 512;

/// The version, made once for all tests. What finds nothing in most questions is its floor, which is that of its
/// null queries.
pub static RETRIEVING: LazyLock<Retrieving> = LazyLock::new(Retrieving::new);

/// A model version with its retrieval.
pub struct Retrieving {
	/// All else of it. The material of its job says nothing of the retrieval.
	pub model: Model,
	/// The retrieval.
	pub index: RetrievalIndex,
}

impl Retrieving {
	fn new() -> Self {
		let config = Config { context: CONTEXT, ..tiny_config() };
		let model = model::model(&config, model::SEED);
		let base = Base::load(&model.base).unwrap();
		let manifest = Manifest::from_bytes(&model.manifest).unwrap();
		let leaves = IndexFile::from_bytes(&model.index).unwrap();
		let records: Vec<_> = leaves.records().iter().zip(model.records.iter().cloned()).collect();
		let snapshots = &model.job.material.snapshots;
		let sources = Sources { manifest: &manifest, snapshots, records: &records };
		let records = Records::of(&sources).unwrap();
		let options = Options { seed: model::SEED, dimension: 512, most: MOST };
		let mut on = |_| ControlFlow::Continue(());
		let index = build(&base, &records, &options, &mut on).unwrap();
		Self { model, index }
	}

	/// The material, with the retrieval.
	pub fn material(&self) -> Material {
		material(&self.model, &self.index)
	}

	/// The retrieval's lens and index file, which are handed out with all else.
	pub fn files(&self) -> [Vec<u8>; 2] {
		files(&self.index)
	}
}

/// What a version computes with that commits to this retrieval.
pub fn material(model: &Model, index: &RetrievalIndex) -> Material {
	let retrieval = Retrieval {
		most: index.file().header().method.credits,
		dimension: index.file().header().method.dimension,
		part: Permill::from_percent(30),
		lens: index.lens().hash(),
		index: index.file().commitment(),
	};
	Material { retrieval: Some(retrieval), ..model.job.material.clone() }
}

/// Lens and index file.
pub fn files(index: &RetrievalIndex) -> [Vec<u8>; 2] {
	[index.lens().to_bytes(), index.file().to_bytes().to_vec()]
}

/// What a retrieval's file is made of.
pub fn parts(of: &RetrievalIndex) -> Parts {
	let file = of.file();
	let leaf = |leaf: LeafRef<'_>| Leaf {
		head: leaf.head,
		scale: leaf.scale,
		sketch: Sketch::try_from(leaf.sketch.to_vec()).unwrap(),
	};
	Parts {
		header: file.header().clone(),
		leaves: file.leaves().iter().map(leaf).collect(),
		records: file.records().iter().collect(),
	}
}

/// The content of a record in the version's index.
pub fn content(of: &RetrievalIndex, position: usize) -> Hash {
	of.file().records().get(position).unwrap().content
}
