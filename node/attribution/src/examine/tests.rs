mod found;

use super::*;
use crate::{
	BuildOptions, Training, build,
	checkpoints::MOST_TOKENS,
	local::TrainingLog,
	manifest::Extended,
	testing::{Trained as Model, trained},
	training_set,
};
use openledger_primitives_core::model::{Method, PayBy};
use openlora::{
	TrainOptions,
	train::{Digest, Event, Link, fit},
};
use tempfile::TempDir;

/// A model version, its training repeated with checkpoints.
struct Ground {
	model: Model,
	index: IndexFile,
	retrieval: Option<RetrievalIndex>,
	checkpoints: Checkpoints,
	states: TempDir,
}

fn options(model: &Model) -> TrainOptions {
	let genesis = Digest(model.manifest.training_hash().unwrap().0);
	let options = model.manifest.training.options().unwrap();
	TrainOptions { genesis, checkpoint_every: 4, ..options }
}

impl Ground {
	fn new() -> Self {
		let mut model = trained();
		let states = tempfile::tempdir().unwrap();
		let options = TrainOptions {
			keep_states: true,
			checkpoint_dir: Some(states.path().to_path_buf()),
			..options(&model)
		};
		let examples = training_set(&model.base, &model.sources()).unwrap();
		let data = Data { examples: &examples, validation: &[] };
		let mut on = |_: Event| ControlFlow::Continue(());
		let outcome = fit(&model.base, data, &options, &mut on).unwrap();
		model.adapter = outcome.adapter;
		let blob = model.adapter.to_bytes().unwrap();
		let log = TrainingLog {
			version: crate::local::VERSION,
			genesis: options.genesis,
			checkpoint_every: 4,
			links: outcome.links,
			step: outcome.step,
			adapter: Hash(sp_io::hashing::blake2_256(&blob)),
		};
		let files = vec![Hash::zero(); log.links.len() - 1];
		let method = Method { pay_by: PayBy::Records, credits: 3, dimension: 64 };
		let (projection, file) = (Hash::repeat_byte(8), states.path().join("index"));
		let build_with = BuildOptions { method, projection, file: &file, cache_dir: None };
		let mut on = |_| ControlFlow::Continue(());
		let index =
			build(&model.base, &model.adapter, &model.sources(), &build_with, &mut on).unwrap();
		let checkpoints = Checkpoints::new(log, files).unwrap();
		Self { model, index, retrieval: None, checkpoints, states }
	}

	fn state(&self, step: u64) -> State {
		let count = self.model.adapter.parameter_count();
		State::load(self.states.path(), step, count).unwrap().unwrap()
	}

	fn examine(&self, positions: &[u32], stretch: usize) -> Result<Examined> {
		let blob = self.model.adapter.to_bytes().unwrap();
		let version = Version {
			blob: &blob,
			adapter: &self.model.adapter,
			index: &self.index,
			retrieval: self.retrieval.as_ref(),
			sources: self.model.sources(),
			checkpoints: &self.checkpoints,
		};
		let (from, _) = self.checkpoints.stretch(stretch).unwrap();
		let drawn = Drawn {
			positions,
			stretch,
			from: (from.step > 0).then(|| self.state(from.step)),
			last: self.state(self.checkpoints.log.step),
		};
		examine(&self.model.base, &version, drawn, &mut || ControlFlow::Continue(()))
	}

	/// Says that it was trained otherwise, with a chain of the same states that begins with that.
	fn say(&mut self, otherwise: impl FnOnce(&mut Training)) {
		let manifest = &mut self.model.manifest;
		otherwise(&mut manifest.training);
		manifest.version = manifest.training.version();
		let log = &mut self.checkpoints.log;
		log.genesis = Digest(self.model.manifest.training_hash().unwrap().0);
		let mut before = log.genesis;
		for link in &mut log.links {
			*link = Link::after(before, link.step, link.state, link.loss);
			before = link.hash;
		}
	}

	/// Makes up a chain in which a state is another one.
	fn forge_state(&mut self, place: usize) {
		let log = &mut self.checkpoints.log;
		let mut before = log.genesis;
		for (at, link) in log.links.iter_mut().enumerate() {
			link.state.0[0] ^= u8::from(at == place);
			*link = Link::after(before, link.step, link.state, link.loss);
			before = link.hash;
		}
	}
}

#[test]
fn honest_version_is_sound_whatever_is_drawn_of_it_and_two_find_the_same() {
	let ground = Ground::new();
	assert!(ground.checkpoints.stretches() > 2);
	let all: Vec<u32> = (0..ground.index.len() as u32).collect();
	let mut traces = std::collections::BTreeSet::new();
	for stretch in [0, 1, ground.checkpoints.stretches() - 1] {
		let examined = ground.examine(&all, stretch).unwrap();
		assert!(examined.sound, "{stretch}");
		assert_eq!(ground.examine(&all, stretch).unwrap(), examined);
		let (_, to) = ground.checkpoints.stretch(stretch).unwrap();
		assert_eq!(examined.found.state.0, to.state.0);
		assert_eq!(examined.found.floor_ppm, ground.index.header().floor_ppm);
		traces.insert(examined.execution);
	}
	traces.insert(ground.examine(&all[1..], 0).unwrap().execution);
	assert_eq!(traces.len(), 4, "each draw has a trace of its own");
}

#[test]
fn forged_sketch_is_found_when_its_leaf_is_drawn() {
	let mut ground = Ground::new();
	let mut leaves: Vec<Leaf> = ground
		.index
		.leaves()
		.iter()
		.map(|leaf| Leaf {
			head: leaf.head,
			scale: leaf.scale,
			sketch: Sketch::try_from(leaf.sketch.to_vec()).unwrap(),
		})
		.collect();
	leaves[4].sketch[3] = leaves[4].sketch[3].wrapping_add(1).max(-127);
	let parts = crate::index::Parts {
		header: ground.index.header().clone(),
		leaves,
		records: ground.index.records().iter().collect(),
	};
	ground.index = IndexFile::new(parts).unwrap();
	// Its effect on the floor is not what is looked for here.
	let progress = ground.examine(&[0], 0).unwrap();
	ground.index = ground.index.with_floor(progress.found.floor_ppm).unwrap();
	assert!(ground.examine(&[0, 1, 2, 7], 0).unwrap().sound, "it was not drawn");
	let found = ground.examine(&[0, 4], 0).unwrap();
	assert!(!found.sound);
	assert_eq!(ground.examine(&[0, 4], 0).unwrap(), found, "two find the same");
}

#[test]
fn checkpoint_that_training_does_not_lead_to_is_found_when_its_stretch_is_drawn() {
	let mut ground = Ground::new();
	ground.forge_state(1);
	let found = ground.examine(&[0], 0).unwrap();
	assert!(!found.sound);
	let (_, to) = ground.checkpoints.stretch(0).unwrap();
	assert_ne!(found.found.state.0, to.state.0);
	assert!(ground.examine(&[0], 2).unwrap().sound, "other stretches are true");
	// Where it is what the stretch begins with, the state that was stored is not the one.
	assert!(!ground.examine(&[0], 1).unwrap().sound);
}

#[test]
fn floor_that_is_too_low_is_found_whatever_is_drawn() {
	let mut ground = Ground::new();
	let floor = ground.index.header().floor_ppm;
	ground.index = ground.index.with_floor(floor / 2).unwrap();
	let found = ground.examine(&[0], 0).unwrap();
	assert!(!found.sound);
	assert_eq!(found.found.floor_ppm, floor);
}

#[test]
fn adapter_that_training_did_not_end_with_is_found_whatever_is_drawn() {
	let mut ground = Ground::new();
	let mut values = ground.model.adapter.values().unwrap();
	values[0] += 0.5;
	ground.model.adapter = ground.model.adapter.with_values(&values).unwrap();
	let blob = ground.model.adapter.to_bytes().unwrap();
	ground.checkpoints.log.adapter = Hash(sp_io::hashing::blake2_256(&blob));
	assert!(!ground.examine(&[0], 0).unwrap().sound);
}

#[test]
fn chain_of_another_training_or_of_other_steps_is_found_whatever_is_drawn() {
	type Change = fn(&mut TrainingLog);
	let changes: [(&str, Change); 3] = [
		("another manifest", |log| log.genesis = Digest([1; 32])),
		("a step left out", |log| {
			log.links.remove(1);
		}),
		("an evaluation", |log| log.links.iter_mut().for_each(|link| link.loss = Some(1.0))),
	];
	for (name, change) in changes {
		let mut ground = Ground::new();
		change(&mut ground.checkpoints.log);
		let log = &mut ground.checkpoints.log;
		let mut before = log.genesis;
		for link in &mut log.links {
			*link = Link::after(before, link.step, link.state, link.loss);
			before = link.hash;
		}
		ground.checkpoints.states = vec![Hash::zero(); ground.checkpoints.log.links.len() - 1];
		let found = ground.examine(&[0], 0).unwrap();
		assert!(!found.sound && found.found.state == Hash::zero(), "{name}");
	}
}

#[test]
fn examination_ends_when_nobody_waits_and_refuses_stretches_too_long_to_repeat() {
	let ground = Ground::new();
	let blob = ground.model.adapter.to_bytes().unwrap();
	let version = Version {
		blob: &blob,
		adapter: &ground.model.adapter,
		index: &ground.index,
		retrieval: None,
		sources: ground.model.sources(),
		checkpoints: &ground.checkpoints,
	};
	for after in [0, 3, 20] {
		let mut asked = 0;
		let mut go_on = || {
			asked += 1;
			if asked > after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
		};
		let last = ground.state(ground.checkpoints.log.step);
		let drawn = Drawn { positions: &[0, 1], stretch: 0, from: None, last };
		let ended = examine(&ground.model.base, &version, drawn, &mut go_on);
		assert!(matches!(ended, Err(Error::Cancelled)), "{after}");
	}
	let mut manifest = ground.model.manifest.clone();
	manifest.training.batch = 1_000;
	let refused = ground.checkpoints.check_lengths(&manifest);
	assert!(matches!(refused, Err(Error::Malformed { .. })));
}

#[test]
fn stretch_is_refused_when_its_records_may_have_more_tokens_than_can_be_repeated() {
	let ground = Ground::new();
	let options = options(&ground.model);
	let examples = options.examples_between(0, 4);
	let mut manifest = ground.model.manifest.clone();
	manifest.record_tokens = (MOST_TOKENS / examples) as usize;
	ground.checkpoints.check_lengths(&manifest).unwrap();
	manifest.record_tokens += 1;
	let refused = ground.checkpoints.check_lengths(&manifest).unwrap_err().to_string();
	assert!(refused.contains("tokens"), "{refused}");
}

#[test]
fn records_are_refused_when_they_are_more_than_a_verifier_holds() {
	let ground = Ground::new();
	let (leaf, _) = &ground.model.sources().records[0];
	let sized = |size| RecordLeaf { size, ..leaf.clone() };
	let half = (MOST_BYTES / 2) as u32;
	check_size([sized(half), sized(half)]).unwrap();
	let refused = check_size([sized(half), sized(half), sized(1)]);
	assert!(matches!(refused, Err(Error::Malformed { .. })));
}

#[test]
fn preparing_records_ends_when_the_caller_ends_it() {
	let ground = Ground::new();
	let sources = ground.model.sources();
	for after in [0, sources.records.len(), 2 * sources.records.len() - 1] {
		let mut asked = 0;
		let ended = sources.prepare(&ground.model.base, &mut || {
			asked += 1;
			if asked > after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
		});
		assert!(matches!(ended, Err(Error::Cancelled)), "{after}");
	}
}

#[test]
fn manifest_of_another_rank_scaling_or_projections_is_found_false_at_every_stretch() {
	let changes: [fn(&mut Training); 4] = [
		|training| training.rank = 4_096,
		|training| training.alpha *= 2.0,
		|training| training.targets.truncate(1),
		|training| {
			let extended = Extended { rslora: true, accumulate: 1, ..Extended::default() };
			training.extended = Some(extended);
		},
	];
	for change in changes {
		let mut ground = Ground::new();
		ground.say(change);
		for stretch in 0..ground.checkpoints.stretches() {
			assert!(!ground.examine(&[0], stretch).unwrap().sound, "{stretch}");
		}
	}
}
