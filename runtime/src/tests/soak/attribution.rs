//! What challengers try.

use super::{
	run::Maker,
	world::{Attempt, Opening, Rt, World, now, remember},
};
use crate::{AccountId, dynamic_params::attribution as parameters};
use frame_support::traits::Get;
use openledger_primitives_attribution::omission::Omission;
use openledger_primitives_core::RequestId;
use pallet_attribution::{Call, Challenges, ClaimRecord, Claims, Status, commitment};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Attribution", "commit_challenge", 16, commit_challenge),
	("Attribution", "open_challenge", 16, open_challenge),
	("Attribution", "withdraw_challenge", 4, withdraw_challenge),
	("Attribution", "finalize", 10, finalize),
];

type Stored = ClaimRecord<AccountId>;

fn claim(
	world: &mut World,
	which: impl Fn(RequestId, &Stored) -> bool,
) -> Option<(RequestId, Stored)> {
	let claims = Claims::<Rt>::iter().filter(|(id, claim)| which(*id, claim)).collect();
	world.pick(claims)
}

fn closes_at(claim: &Stored) -> u32 {
	claim.final_at.saturating_add(parameters::RevealGrace::get())
}

/// What can be shown against a claim: an omission that is one, where there is any.
fn omission(world: &mut World, claim: &Stored) -> Option<(Omission<AccountId>, bool)> {
	let index = world.indexes.get(&claim.model)?;
	let all = index.omissions(&claim.sketch, &claim.payer, &claim.paid);
	let (right, wrong): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, right)| *right);
	world.pick(if right.is_empty() { wrong } else { right })
}

fn commit_challenge(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let (request, claim) = claim(world, |_, claim| {
		careless || claim.status == Status::Open && now() < claim.final_at
	})?;
	let (omission, right) = omission(world, &claim)?;
	// Most of those who would show nothing know it.
	if !right && !world.odds(4) {
		return None;
	}
	let who = world.user_who(|who| careless || !Challenges::<Rt>::contains_key(request, who))?;
	let salt = world.bytes();
	let commitment = commitment(request, &omission, &who, &salt);
	let opening = Opening { request, who: who.clone(), omission, salt, commitment };
	remember(&mut world.openings, opening);
	world.signed(who, Call::commit_challenge { request, commitment })
}

fn open_challenge(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let openings: Vec<Opening> = world
		.openings
		.iter()
		.filter(|opening| {
			let challenge = Challenges::<Rt>::get(opening.request, &opening.who);
			challenge.is_some_and(|challenge| {
				let timely = Claims::<Rt>::get(opening.request)
					.is_some_and(|claim| claim.status == Status::Open && now() < closes_at(&claim));
				challenge.commitment == opening.commitment
					&& (careless || timely && now() > challenge.at)
			})
		})
		.cloned()
		.collect();
	let Some(mut opening) = world.pick(openings) else { return commit_challenge(world) };
	if world.odds(30) {
		opening.salt[0] ^= 1;
	}
	let call = Call::open_challenge {
		request: opening.request,
		omission: Box::new(opening.omission),
		salt: opening.salt,
	};
	world.signed(opening.who, call)
}

fn withdraw_challenge(world: &mut World) -> Option<Attempt> {
	let standing = Challenges::<Rt>::iter_keys().collect();
	let Some((request, who)) = world.pick(standing) else { return commit_challenge(world) };
	world.signed(who, Call::withdraw_challenge { request })
}

fn finalize(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (request, _) = claim(world, |_, claim| {
		let waits = claim.standing > 0 && now() < closes_at(claim);
		claim.status == Status::Open && (careless || now() >= claim.final_at && !waits)
	})?;
	let who = world.user();
	world.signed(who, Call::finalize { request })
}
