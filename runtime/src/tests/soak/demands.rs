//! What is demanded of indexes, and who shows it.

use super::{
	run::Maker,
	world::{Attempt, Rt, World, now},
};
use crate::{AccountId, Models as Registry};
use openledger_primitives_core::{ModelId, traits::Models as Versions};
use pallet_attribution::{Call, Demand, Demands};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Attribution", "demand_position", 8, demand_position),
	("Attribution", "answer_demand", 12, answer_demand),
	("Attribution", "conclude_demand", 4, conclude_demand),
];

fn demand_position(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let models = world.indexes.keys().copied();
	let stands =
		|model: &ModelId| <Registry as Versions<AccountId>>::condemned(*model) == Some(false);
	let models = models.filter(|model| careless || stands(model)).collect();
	let model = world.pick(models)?;
	let records = world.indexes.get(&model)?.len();
	let position = world.below(records + u32::from(careless));
	let who = world.user();
	world.signed(who, Call::demand_position { model, position })
}

/// A demand that can still be answered, or one that can't be any more.
fn demand(
	world: &mut World,
	which: impl Fn(&Demand<AccountId>) -> bool,
) -> Option<(ModelId, Demand<AccountId>)> {
	let all = Demands::<Rt>::iter()
		.flat_map(|(model, demands)| demands.into_iter().map(move |demand| (model, demand)))
		.filter(|(_, demand)| which(demand))
		.collect();
	world.pick(all)
}

fn answer_demand(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let open = demand(world, |demand| careless || now() < demand.until);
	let Some((model, demand)) = open else { return demand_position(world) };
	let other = u32::from(world.odds(16));
	let shown = world.indexes.get(&model)?.shown(demand.position + other);
	let (leaf, proof) = shown?;
	let who = world.user();
	world.signed(who, Call::answer_demand { model, leaf: Box::new(leaf), proof })
}

fn conclude_demand(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let over = demand(world, |demand| careless || now() >= demand.until);
	let Some((model, demand)) = over else { return demand_position(world) };
	let who = world.user();
	world.signed(who, Call::conclude_demand { model, position: demand.position })
}
