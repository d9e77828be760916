//! What verifiers try to become one, and to be none any more.

use super::{
	run::Maker,
	world::{Attempt, Rt, World, now, spendable},
};
use crate::{
	AccountId, OPEN,
	dynamic_params::{audits as parameters, inference},
};
use frame_support::traits::Get;
use pallet_audits::{AgentOf, Call, Verifier, Verifiers};

type Entry = Verifier<AccountId, <Rt as pallet_audits::Config>::VerifierConsideration>;

/// Verifiers that stay, at least: enough for a committee and the appeal after it.
const STAYING: usize = 13;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Audits", "register_verifier", 12, register),
	("Audits", "bond_extra", 4, bond_extra),
	("Audits", "leave", 6, leave),
	("Audits", "withdraw_bond", 6, withdraw_bond),
];

fn verifier(
	world: &mut World,
	which: impl Fn(&AccountId, &Entry) -> bool,
) -> Option<(AccountId, Entry)> {
	let verifiers = Verifiers::<Rt>::iter().filter(|(who, one)| which(who, one)).collect();
	world.pick(verifiers)
}

fn register(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let who = world.user_who(|who| careless || !Verifiers::<Rt>::contains_key(who))?;
	let agent = world.user_who(|who| careless || !AgentOf::<Rt>::contains_key(who))?;
	let least = parameters::MinBond::get();
	let bond = if world.odds(20) { least - 1 } else { least + world.part(3_000 * OPEN) };
	world.signed(who, Call::register_verifier { agent, bond })
}

fn bond_extra(world: &mut World) -> Option<Attempt> {
	let least = parameters::MinBond::get();
	let poor = world.odds(2);
	let careless = world.odds(20);
	let (who, one) =
		verifier(world, |_, one| careless || one.leaving.is_none() && (!poor || one.bond < least))?;
	let amount = match world.below(20) {
		0 => spendable(&who) * 2,
		1 => u128::MAX,
		_ => least.saturating_sub(one.bond) + world.part(100 * OPEN),
	};
	world.signed(who, Call::bond_extra { amount })
}

fn leave(world: &mut World) -> Option<Attempt> {
	let staying = Verifiers::<Rt>::iter_values().filter(|one| one.leaving.is_none()).count();
	if staying < STAYING && !world.odds(30) {
		return None;
	}
	let (who, _) = verifier(world, |_, one| one.leaving.is_none())?;
	world.signed(who, Call::leave {})
}

fn withdraw_bond(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let (who, _) = verifier(world, |_, one| {
		let free = one
			.leaving
			.is_some_and(|since| now() >= since.saturating_add(inference::UnbondingPeriod::get()));
		careless || free && one.duties == 0
	})?;
	world.signed(who, Call::withdraw_bond {})
}
