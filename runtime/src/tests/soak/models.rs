//! What owners of bases and model versions try.

use super::{
	claims::{Index, is_whole},
	run::Maker,
	world::{Attempt, Rt, World, bounded},
};
use crate::{MILLI, OPEN};
use openledger_primitives_core::{
	BaseId, ModelId,
	model::{
		Arithmetic, Assurance, IndexCommitment, LATEST_ARITHMETIC, Method, ModelSpec, ModelStatus,
		PayBy, Price, Retrieval,
	},
	record::SnapshotRef,
};
use pallet_models::{Activities, Base, Bases, Call, Model, Models, Standings, Trainings};
use sp_runtime::{BoundedVec, Permill};

/// Versions at once, about, and bases that wait for one.
const VERSIONS_AT_ONCE: usize = 20;
const UNUSED_BASES: usize = 3;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Models", "register_base", 4, register_base),
	("Models", "remove_base", 4, remove_base),
	("Models", "register", 20, register),
	("Models", "commit_index", 24, commit_index),
	("Models", "publish", 24, publish),
	("Models", "deprecate", 3, deprecate),
	("Models", "retire", 4, retire),
	("Models", "set_price", 4, set_price),
	("Models", "offer_ownership", 4, offer_ownership),
	("Models", "accept_ownership", 5, accept_ownership),
	("Models", "remove", 6, remove),
	("Models", "commit_training", 24, commit_training),
	("Models", "ask_audit", 60, ask_audit),
	("Models", "commit_retrieval", 14, commit_retrieval),
];

fn version(world: &mut World, which: impl Fn(&Model<Rt>) -> bool) -> Option<(ModelId, Model<Rt>)> {
	let careless = world.odds(16);
	let versions = Models::<Rt>::iter().filter(|(_, model)| careless || which(model)).collect();
	world.pick(versions)
}

fn base(world: &mut World, which: impl Fn(&Base<Rt>) -> bool) -> Option<(BaseId, Base<Rt>)> {
	let bases = Bases::<Rt>::iter().filter(|(_, base)| which(base)).collect();
	world.pick(bases)
}

fn price(world: &mut World) -> Price {
	match world.below(60) {
		0 => Price { prompt: u128::MAX / 2, output: 1 },
		1 => Price { prompt: OPEN, output: 50 * OPEN },
		2 => Price { prompt: 0, output: 0 },
		// For a thousand tokens, of which an answer has fewer: enough for contributors to earn voice.
		_ => Price { prompt: world.part(MILLI), output: 20 * MILLI + world.part(100 * MILLI) },
	}
}

fn register_base(world: &mut World) -> Option<Attempt> {
	if Bases::<Rt>::iter_values().filter(|base| base.models == 0).count() >= UNUSED_BASES {
		return None;
	}
	let call = Call::register_base {
		name: bounded(if world.odds(24) { "" } else { "base" }),
		architecture: bounded("llama"),
		weights: world.hash(),
		tokenizer: world.hash(),
		royalty: Permill::from_percent(world.between(0, 52)),
	};
	let who = world.user();
	world.signed(who, call)
}

fn remove_base(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(12);
	let (id, base) = base(world, |base| careless || base.models == 0)?;
	world.signed(base.owner, Call::remove_base { base: id })
}

fn register(world: &mut World) -> Option<Attempt> {
	if Models::<Rt>::iter_keys().count() >= VERSIONS_AT_ONCE {
		return None;
	}
	let (base, _) = base(world, |_| true)?;
	let careful = !world.odds(24);
	let trainable: Vec<SnapshotRef> = pallet_datanets::Snapshots::<Rt>::iter()
		.filter(|(datanet, _, frozen)| !careful || is_whole(*datanet, frozen.snapshot.count))
		.map(|(datanet, snapshot, _)| SnapshotRef { datanet, snapshot })
		.collect();
	if careful && trainable.is_empty() {
		return None;
	}
	let mut snapshots: Vec<SnapshotRef> = Vec::new();
	for _ in 0..world.between(1, 3) {
		let others = trainable
			.iter()
			.filter(|new| !careful || snapshots.iter().all(|old| old.datanet != new.datanet))
			.copied()
			.collect();
		snapshots.extend(world.pick(others));
	}
	let parents = Models::<Rt>::iter()
		.filter(|(_, model)| model.answers() && model.spec.base == base)
		.map(|(id, _)| id)
		.collect();
	let parent = if world.odds(4) { world.pick(parents) } else { None };
	let spec = ModelSpec {
		base,
		parent,
		adapter: world.hash(),
		rank: if careful { 8 } else { 0 },
		manifest: world.hash(),
		snapshots: BoundedVec::truncate_from(snapshots),
		method: Method {
			pay_by: world.one_of([PayBy::Contributors, PayBy::Records]),
			credits: world.between(1, 4) as u8,
			dimension: 16,
		},
		// None is taken on while versions are audited.
		arithmetic: if world.odds(16) {
			Arithmetic::Tolerant
		} else {
			Arithmetic::Canonical(LATEST_ARITHMETIC)
		},
	};
	let price = price(world);
	let who = world.user();
	world.signed(who, Call::register { name: bounded("version"), spec, price })
}

/// An index that stands for nothing, where there is none to build or for once a wrong one.
fn pretended(world: &mut World, records: u32) -> IndexCommitment {
	IndexCommitment {
		records_root: world.hash(),
		records: records + u32::from(world.odds(3)),
		contributors_root: world.hash(),
		contributors: world.between(0, records),
		floor_ppm: world.between(0, 1_100_000),
		file: world.hash(),
	}
}

fn commit_index(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let drafts: Vec<_> = Models::<Rt>::iter()
		.filter(|(id, model)| {
			let ready = model.status == ModelStatus::Draft && Trainings::<Rt>::contains_key(id);
			careless || ready
		})
		.collect();
	let (id, model) = world.pick(drafts)?;
	let floor = world.between(0, 60_000);
	let built = Index::build(&model.spec, floor);
	// Whoever has nothing to index mostly leaves it at that.
	if built.is_none() && !world.odds(8) {
		return None;
	}
	let index = match built.filter(|_| !world.odds(20)) {
		Some(mut index) if model.status == ModelStatus::Draft => {
			if world.odds(9) {
				let (at, friend) = (world.below(1 << 16) as usize, world.user());
				index.forge(at, friend);
			}
			let commitment = index.commitment;
			world.indexes.insert(id, index);
			commitment
		}
		_ => {
			let counted =
				model.spec.snapshots.iter().filter_map(|one| {
					pallet_datanets::Snapshots::<Rt>::get(one.datanet, one.snapshot)
				});
			let records = counted.map(|frozen| frozen.snapshot.count).sum();
			pretended(world, records)
		}
	};
	world.signed(model.owner, Call::commit_index { model: id, index })
}

fn commit_training(world: &mut World) -> Option<Attempt> {
	let careful = !world.odds(60);
	let drafts: Vec<_> = Models::<Rt>::iter()
		.filter(|(id, model)| {
			let new = model.status == ModelStatus::Draft && !Trainings::<Rt>::contains_key(id);
			!careful || new
		})
		.collect();
	let (id, model) = world.pick(drafts)?;
	let training = world.hash();
	world.signed(model.owner, Call::commit_training { model: id, training })
}

fn commit_retrieval(world: &mut World) -> Option<Attempt> {
	let careful = !world.odds(60);
	let drafts: Vec<_> = Models::<Rt>::iter()
		.filter(|(_, model)| {
			let new = model.status == ModelStatus::Draft && model.retrieval.is_none();
			!careful || new
		})
		.collect();
	let (id, model) = world.pick(drafts)?;
	let (most, floor) = (world.between(1, 4) as u8, world.between(0, 60_000));
	let mut index = Index::retrieval(&model.spec, most, floor)?;
	if world.odds(12) {
		let (at, friend) = (world.below(1 << 16) as usize, world.user());
		index.forge(at, friend);
	}
	let mut retrieval = Retrieval {
		most,
		dimension: model.spec.method.dimension,
		part: Permill::from_percent(world.between(1, 100)),
		lens: world.hash(),
		index: index.commitment,
	};
	match world.below(24) {
		0 => retrieval.most = 5,
		1 => retrieval.part = Permill::zero(),
		2 => retrieval.index = pretended(world, index.commitment.records),
		_ if model.status == ModelStatus::Draft => {
			world.retrievals.insert(id, index);
		}
		_ => {}
	}
	let retrieval = Some(retrieval).filter(|_| !world.odds(8));
	world.signed(model.owner, Call::commit_retrieval { model: id, retrieval })
}

fn ask_audit(world: &mut World) -> Option<Attempt> {
	let careful = !world.odds(60);
	let stands = |id: ModelId, assurance| {
		Standings::<Rt>::get(id).is_some_and(|standing| standing.assurance == assurance)
	};
	let withheld: Vec<_> = Models::<Rt>::iter()
		.filter(|(id, model)| {
			let open = model.status == ModelStatus::Indexed && stands(*id, Assurance::Withheld);
			!careful || open
		})
		.collect();
	let (id, model) = world.pick(withheld)?;
	world.signed(model.owner, Call::ask_audit { model: id })
}

fn publish(world: &mut World) -> Option<Attempt> {
	let careful = !world.odds(60);
	let waits = |id: ModelId| Standings::<Rt>::get(id).is_some_and(|one| !one.assurance.earns());
	let indexed: Vec<_> = Models::<Rt>::iter()
		.filter(|(id, model)| !careful || model.status == ModelStatus::Indexed && !waits(*id))
		.collect();
	let (id, model) = world.pick(indexed)?;
	world.signed(model.owner, Call::publish { model: id })
}

fn deprecate(world: &mut World) -> Option<Attempt> {
	let (id, model) = version(world, |model| model.status == ModelStatus::Published)?;
	world.signed(model.owner, Call::deprecate { model: id })
}

fn retire(world: &mut World) -> Option<Attempt> {
	let few = Models::<Rt>::iter_values().filter(Model::answers).count() < 4;
	let waits = world.odds(8);
	let (id, model) = version(world, |model| match model.status {
		ModelStatus::Deprecated | ModelStatus::Published => !few,
		// Whoever pays for an audit mostly waits for it.
		status => waits && status == ModelStatus::Indexed,
	})?;
	world.signed(model.owner, Call::retire { model: id })
}

fn set_price(world: &mut World) -> Option<Attempt> {
	let (id, model) = version(world, |model| {
		!matches!(model.status, ModelStatus::Retired | ModelStatus::Condemned)
	})?;
	let price = price(world);
	world.signed(model.owner, Call::set_price { model: id, price })
}

fn offer_ownership(world: &mut World) -> Option<Attempt> {
	let (id, model) = version(world, |_| true)?;
	let to = if world.odds(6) { model.owner.clone() } else { world.user() };
	world.signed(model.owner, Call::offer_ownership { model: id, to })
}

fn accept_ownership(world: &mut World) -> Option<Attempt> {
	let (id, model) = version(world, |model| model.offered.is_some())?;
	let who = model.offered.unwrap_or_else(|| world.user());
	world.signed(who, Call::accept_ownership { model: id })
}

fn remove(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let removable: Vec<_> = Models::<Rt>::iter()
		.filter(|(id, model)| {
			let over = matches!(
				model.status,
				ModelStatus::Draft | ModelStatus::Retired | ModelStatus::Condemned
			);
			let open = Activities::<Rt>::get(id).is_some_and(|activity| activity.open > 0);
			let waiting = Standings::<Rt>::get(id)
				.is_some_and(|standing| standing.assurance == Assurance::Waiting);
			careless || over && model.children == 0 && !open && !waiting
		})
		.collect();
	let (id, model) = world.pick(removable)?;
	// A draft has just begun.
	if model.status == ModelStatus::Draft && !world.odds(4) {
		return None;
	}
	world.signed(model.owner, Call::remove { model: id })
}
