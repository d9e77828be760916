//! What payers try with sessions, and what ends them.

use super::{
	books::{self, Stored},
	run::Maker,
	world::{Attempt, Rt, World, now, spendable},
};
use crate::{
	AccountId, OPEN,
	dynamic_params::{inference, receipts as parameters},
};
use frame_support::traits::Get;
use openledger_primitives_core::{ModelId, SessionId};
use pallet_inference::{Operators, Serving};
use pallet_models::Models;
use pallet_receipts::{Call, Sessions};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Receipts", "open_session", 26, open),
	("Receipts", "add_escrow", 6, add_escrow),
	("Receipts", "close_session", 5, close),
	("Receipts", "finish_session", 8, finish),
];

/// A session of which this holds.
pub fn session(world: &mut World, which: impl Fn(&Stored) -> bool) -> Option<(SessionId, Stored)> {
	let sessions = Sessions::<Rt>::iter().filter(|(_, session)| which(session)).collect();
	world.pick(sessions)
}

fn open(world: &mut World) -> Option<Attempt> {
	books::forget(world);
	let careless = world.odds(20);
	let serves = |who: &AccountId| {
		Operators::<Rt>::get(who)
			.is_some_and(|one| careless || one.operator.bond >= inference::MinBond::get())
	};
	let served: Vec<(ModelId, AccountId)> = Models::<Rt>::iter()
		.filter(|(_, model)| careless || model.answers())
		.flat_map(|(id, _)| Serving::<Rt>::get(id).into_iter().map(move |who| (id, who)))
		.filter(|(_, who)| serves(who))
		.collect();
	let (model, operator) = world.pick(served)?;
	let payer = world.user_who(|who| careless || *who != operator)?;
	let signer = match world.below(12) {
		0 => Some(AccountId::new(world.bytes())),
		1..4 => Some(world.user()),
		_ => None,
	};
	let escrow = match world.below(24) {
		0 => 0,
		1 => spendable(&payer) * 2,
		_ => OPEN / 10 + world.part(20 * OPEN),
	};
	let blocks = match world.below(24) {
		0 => 0,
		1 => parameters::MaxDuration::get() + 1,
		_ => world.between(10, 120),
	};
	let private = world.odds(2);
	world.signed(payer, Call::open_session { operator, model, signer, escrow, blocks, private })
}

fn add_escrow(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(20);
	let (id, session) = session(world, |session| {
		let open = !session.ended && session.closed_at.is_none() && now() <= session.expires_at;
		careless || open
	})?;
	let amount = match world.below(20) {
		0 => 0,
		1 => u128::MAX,
		_ => world.part(5 * OPEN) + 1,
	};
	world.signed(session.payer, Call::add_escrow { session: id, amount })
}

fn close(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(20);
	let (id, session) =
		session(world, |session| careless || !session.ended && session.closed_at.is_none())?;
	let who = match world.below(4) {
		0 => session.operator,
		1 => Operators::<Rt>::get(&session.operator)?.operator.agent,
		_ => session.payer,
	};
	world.signed(who, Call::close_session { session: id })
}

fn finish(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(30);
	let (id, _) = session(world, |session| {
		let over = now() > session.left_until(parameters::ClosePeriod::get());
		careless || !session.ended && over
	})?;
	let who = world.user();
	world.signed(who, Call::finish_session { session: id })
}
