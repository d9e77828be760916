//! What challengers try.

use super::{
	claims::asked,
	run::Maker,
	world::{Attempt, Opening, Rt, World, now, remember},
};
use crate::{AccountId, Models as Registry, dynamic_params::attribution as parameters};
use frame_support::traits::Get;
use openledger_primitives_attribution::omission::Omission;
use openledger_primitives_core::{ModelId, RequestId, Sketch, traits::Models as Versions};
use pallet_attribution::{
	Call, Challenges, ClaimRecord, Claims, Fault, Status, Target, commitment,
};

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

/// Whether a version has an index that nobody has shown to be forged.
fn stands(model: ModelId) -> bool {
	<Registry as Versions<AccountId>>::condemned(model) == Some(false)
}

/// What can be shown against a claim: an omission that is one, where there is any.
fn omission(world: &mut World, claim: &Stored) -> Option<(Fault<AccountId>, bool)> {
	let index = world.indexes.get(&claim.model)?;
	let all = index.omissions(&claim.sketch, &claim.payer, &claim.paid);
	let (right, wrong): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, right)| *right);
	let (omission, right) = world.pick(if right.is_empty() { wrong } else { right })?;
	Some((Fault::Omission(omission), right))
}

/// What can be shown of the prompt that a claim is on, as of what moved its answer.
fn relevance(world: &mut World, claim: &Stored) -> Option<(Fault<AccountId>, bool)> {
	let found = claim.found.as_ref()?;
	let question = asked(&claim.sketch);
	let all = world.retrieval(claim.model)?.omissions(&question, &claim.payer, &found.paid);
	let (right, wrong): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, right)| *right);
	let (omission, right) = world.pick(if right.is_empty() { wrong } else { right })?;
	let Omission::Record(shown) = omission else { return None };
	let question = Sketch::truncate_from(question);
	Some((Fault::Relevance { question, shown }, right))
}

/// What can be shown against a version's indexes: the leaf that is forged, or any where none is.
fn forgery(world: &mut World, model: ModelId) -> Option<(Fault<AccountId>, bool)> {
	let at = world.below(1 << 16) as usize;
	if let Some((forgery, right)) = world.retrieval(model).map(|index| index.forgery(at))
		&& (right || world.odds(4))
	{
		return Some((Fault::ForgedRelevance(forgery), right));
	}
	let (forgery, right) = world.indexes.get(&model)?.forgery(at);
	Some((Fault::Forgery(forgery), right))
}

/// A target, and something to show against it.
fn accusation(world: &mut World, careless: bool) -> Option<(Target, Fault<AccountId>, bool)> {
	if world.odds(6) {
		let models = world.indexes.keys().copied();
		let models = models.filter(|model| careless || stands(*model)).collect();
		let model = world.pick(models)?;
		let (fault, right) = forgery(world, model)?;
		return Some((Target::Model(model), fault, right));
	}
	let (request, claim) = claim(world, |_, claim| {
		careless || claim.status == Status::Open && now() < claim.final_at
	})?;
	let forged = forgery(world, claim.model).filter(|(_, right)| *right);
	let shown = match forged {
		Some(shown) => Some(shown),
		None => match relevance(world, &claim).filter(|(_, right)| *right || world.odds(8)) {
			Some(shown) => Some(shown),
			None => omission(world, &claim),
		},
	};
	let (fault, right) = shown?;
	Some((Target::Claim(request), fault, right))
}

fn commit_challenge(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let (target, fault, right) = accusation(world, careless)?;
	// Most of those who would show nothing know it.
	if !right && !world.odds(4) {
		return None;
	}
	let who = world.user_who(|who| careless || !Challenges::<Rt>::contains_key(target, who))?;
	let salt = world.bytes();
	let commitment = commitment(target, &fault, &who, &salt);
	let opening = Opening { target, who: who.clone(), fault, salt, commitment };
	remember(&mut world.openings, opening);
	world.signed(who, Call::commit_challenge { target, commitment })
}

/// Whether what a challenge is against can still be opened.
fn is_open(target: Target) -> bool {
	match target {
		Target::Claim(request) => Claims::<Rt>::get(request).is_some_and(|claim| {
			claim.status == Status::Open && now() < closes_at(&claim) && stands(claim.model)
		}),
		Target::Model(model) => stands(model),
	}
}

fn open_challenge(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let openings: Vec<Opening> = world
		.openings
		.iter()
		.filter(|opening| {
			let challenge = Challenges::<Rt>::get(opening.target, &opening.who);
			challenge.is_some_and(|challenge| {
				challenge.commitment == opening.commitment
					&& (careless || is_open(opening.target) && now() > challenge.at)
			})
		})
		.cloned()
		.collect();
	let Some(mut opening) = world.pick(openings) else { return commit_challenge(world) };
	if world.odds(30) {
		opening.salt[0] ^= 1;
	}
	let call = Call::open_challenge {
		target: opening.target,
		fault: Box::new(opening.fault),
		salt: opening.salt,
	};
	world.signed(opening.who, call)
}

fn withdraw_challenge(world: &mut World) -> Option<Attempt> {
	let standing = Challenges::<Rt>::iter_keys().collect();
	let Some((target, who)) = world.pick(standing) else { return commit_challenge(world) };
	world.signed(who, Call::withdraw_challenge { target })
}

fn finalize(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (request, _) = claim(world, |request, claim| {
		let waits = claim.standing > 0 && now() < closes_at(claim);
		let audited = pallet_audits::Audits::<Rt>::contains_key(request);
		let due = now() >= claim.final_at && !waits && !audited;
		claim.status == Status::Open && (careless || due)
	})?;
	let who = world.user();
	world.signed(who, Call::finalize { request })
}
