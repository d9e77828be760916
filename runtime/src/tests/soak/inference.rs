//! What operators, their agents and consumers try.

use super::{
	run::Maker,
	truth,
	world::{Attempt, Rt, World, bounded, now, spendable},
};
use crate::{AccountId, OPEN, dynamic_params::inference as parameters};
use frame_support::traits::Get;
use openledger_primitives_core::{ModelId, RequestId, model::Usage};
use openledger_primitives_inference::sampling_seed;
use pallet_inference::{
	AgentOf, Assigned, Call, Operators, Registration, Request, Requests, ServedBy, Serving, Status,
	Unsettled,
};
use pallet_models::Models;
use sp_runtime::BoundedVec;

type Stored = Request<AccountId, <Rt as pallet_inference::Config>::RequestConsideration>;
type Operator = Registration<AccountId, <Rt as pallet_inference::Config>::OperatorConsideration>;

/// Operators that stay, at least.
const STAYING: usize = 3;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Inference", "register_operator", 6, register),
	("Inference", "update_operator", 4, update),
	("Inference", "bond_extra", 4, bond_extra),
	("Inference", "serve", 12, serve),
	("Inference", "unserve", 4, unserve),
	("Inference", "leave", 3, leave),
	("Inference", "withdraw_bond", 6, withdraw_bond),
	("Inference", "request", 40, request),
	("Inference", "answer", 40, answer),
	("Inference", "expire", 200, expire),
	("Inference", "prune", 20, prune),
];

fn operator(
	world: &mut World,
	which: impl Fn(&AccountId, &Operator) -> bool,
) -> Option<(AccountId, Operator)> {
	let operators = Operators::<Rt>::iter().filter(|(who, one)| which(who, one)).collect();
	world.pick(operators)
}

fn stays(one: &Operator) -> bool {
	one.operator.leaving.is_none()
}

fn stored(world: &mut World, which: impl Fn(RequestId, &Stored) -> bool) -> Option<(u64, Stored)> {
	let requests = Requests::<Rt>::iter().filter(|(id, one)| which(*id, one)).collect();
	world.pick(requests)
}

fn agent(world: &mut World) -> Option<AccountId> {
	let careless = world.odds(16);
	world.user_who(|who| careless || !AgentOf::<Rt>::contains_key(who))
}

fn capacity(world: &mut World) -> u32 {
	if world.odds(24) { 65 * world.below(2) } else { world.between(1, 12) }
}

fn register(world: &mut World) -> Option<Attempt> {
	let who = world.user_who(|who| !Operators::<Rt>::contains_key(who))?;
	let least = parameters::MinBond::get();
	let bond = if world.odds(20) { least - 1 } else { least + world.part(2_000 * OPEN) };
	let agent = agent(world)?;
	let capacity = capacity(world);
	let endpoint = bounded(if world.odds(24) { "" } else { "http://127.0.0.1:9955" });
	world.signed(who, Call::register_operator { agent, bond, endpoint, capacity })
}

fn update(world: &mut World) -> Option<Attempt> {
	let (who, one) = operator(world, |_, _| true)?;
	let agent = if world.odds(2) { agent(world)? } else { one.operator.agent };
	let capacity = capacity(world);
	world.signed(who, Call::update_operator { endpoint: bounded("10.0.0.1"), capacity, agent })
}

fn bond_extra(world: &mut World) -> Option<Attempt> {
	let least = parameters::MinBond::get();
	let poor = world.odds(2);
	let (who, one) = operator(world, |_, one| stays(one) && (!poor || one.operator.bond < least))?;
	let missing = least.saturating_sub(one.operator.bond);
	let amount = match world.below(20) {
		0 => spendable(&who) * 2,
		1 => u128::MAX,
		_ => missing + world.part(100 * OPEN),
	};
	world.signed(who, Call::bond_extra { amount })
}

fn serve(world: &mut World) -> Option<Attempt> {
	let (who, _) = operator(world, |_, one| stays(one))?;
	let careless = world.odds(16);
	let served = ServedBy::<Rt>::get(&who);
	let mut models: Vec<ModelId> = Models::<Rt>::iter()
		.filter(|(id, model)| careless || model.answers() && !served.contains(id))
		.map(|(id, _)| id)
		.collect();
	models.truncate(world.between(1, 3) as usize);
	if models.is_empty() {
		return None;
	}
	world.signed(who, Call::serve { models: BoundedVec::truncate_from(models) })
}

fn unserve(world: &mut World) -> Option<Attempt> {
	let (who, _) = operator(world, |who, _| ServedBy::<Rt>::contains_key(who))?;
	let served = ServedBy::<Rt>::get(&who).into_inner();
	let model = if world.odds(16) { world.below(1_000) } else { world.pick(served)? };
	world.signed(who, Call::unserve { model })
}

fn leave(world: &mut World) -> Option<Attempt> {
	let staying = Operators::<Rt>::iter_values().filter(stays).count();
	let (who, _) = operator(world, |_, one| stays(one))?;
	if staying <= STAYING && !world.odds(40) {
		return None;
	}
	world.signed(who, Call::leave {})
}

fn withdraw_bond(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let (who, _) = operator(world, |who, one| {
		let free = one
			.operator
			.leaving
			.is_some_and(|since| now() >= since.saturating_add(parameters::UnbondingPeriod::get()));
		careless || free && Unsettled::<Rt>::get(who) == 0
	})?;
	world.signed(who, Call::withdraw_bond {})
}

fn has_room(who: &AccountId) -> bool {
	Operators::<Rt>::get(who).is_some_and(|one| {
		let busy = Assigned::<Rt>::get(who).len() as u32;
		stays(&one)
			&& one.operator.bond >= parameters::MinBond::get()
			&& one.operator.capacity > busy
	})
}

fn request(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let models: Vec<_> = Models::<Rt>::iter()
		.filter(|(id, model)| {
			careless || model.answers() && Serving::<Rt>::get(id).iter().any(has_room)
		})
		.collect();
	let (model, terms) = world.pick(models)?;
	let serving = Serving::<Rt>::get(model).into_inner();
	let operator = if world.odds(3) { world.pick(serving) } else { None };
	let prompt = if world.odds(40) { "" } else { "Why is the sky blue, and the sea too?" };
	let max_tokens = if world.odds(30) { 0 } else { world.between(1, 200) };
	let most = Usage { prompt: 64, output: max_tokens };
	let worst = terms.price.fee(most).unwrap_or(u128::MAX);
	let max_fee = match world.below(16) {
		0 => 0,
		1 => u128::MAX,
		2 => worst / 2,
		_ => worst.saturating_add(parameters::MinFee::get()).saturating_add(1),
	};
	let (low, high) = (parameters::MinDeadline::get(), parameters::MaxDeadline::get());
	let deadline = match world.below(24) {
		0 => low - 1,
		1 => high + 1,
		_ => world.between(low, low + 9),
	};
	let call = Call::request {
		model,
		operator,
		prompt: bounded(prompt),
		max_tokens,
		max_fee,
		temperature: if world.odds(40) { 2_001 } else { 700 },
		nonce: world.bytes(),
		deadline,
	};
	let payer = world.user();
	world.signed(payer, call)
}

fn answer(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(20);
	let (id, request) = stored(world, |id, one| {
		// Some are left to expire.
		careless || one.status == Status::Pending && now() <= one.deadline && id % 5 > 1
	})?;
	let agent = Operators::<Rt>::get(&request.operator)?.operator.agent;
	let subject = sampling_seed(id, &request.payer, &request.nonce).into();
	let claim = truth::told(world, request.model, &request.payer, &subject);
	let usage = Usage {
		prompt: if world.odds(40) { 9_999 } else { world.between(1, 60) },
		output: if world.odds(40) { 0 } else { world.between(1, request.max_tokens) },
	};
	let mut text = truth::answer(!world.odds(8)).to_vec();
	if world.odds(40) {
		text.push(0xff);
	}
	let answer = BoundedVec::truncate_from(text);
	world.signed(agent, Call::answer { request: id, answer, usage, claim: Box::new(claim) })
}

fn expire(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (id, _) = stored(world, |_, one| {
		one.status == Status::Pending && (careless || now() > one.deadline)
	})?;
	let who = world.user();
	world.signed(who, Call::expire { request: id })
}

fn prune(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(20);
	let (id, one) = stored(world, |_, one| {
		careless || matches!(one.status, Status::Settled | Status::Refunded)
	})?;
	world.signed(one.payer, Call::prune { request: id })
}
