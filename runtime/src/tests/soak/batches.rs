//! What operators' agents try with the vouchers of their sessions.

use super::{
	books,
	run::Maker,
	sessions::session,
	world::{Attempt, Rt, World, now},
};
use crate::AccountId;
use openledger_primitives_core::{BatchId, traits::Lots};
use pallet_inference::Operators;
use pallet_receipts::{AllShown, Batch, Batches, Call, Sessions, Shown, Stage};
use sp_runtime::BoundedVec;

type Stored = Batch<AccountId, <Rt as pallet_receipts::Config>::BatchConsideration>;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Receipts", "commit_batch", 24, commit),
	("Receipts", "reveal", 50, reveal),
	("Receipts", "conclude", 10, conclude),
	("Receipts", "prune_batch", 8, prune),
];

fn batch(world: &mut World, which: impl Fn(BatchId, &Stored) -> bool) -> Option<(BatchId, Stored)> {
	let batches = Batches::<Rt>::iter().filter(|(id, batch)| which(*id, batch)).collect();
	world.pick(batches)
}

fn agent(operator: &AccountId) -> Option<AccountId> {
	Some(Operators::<Rt>::get(operator)?.operator.agent)
}

fn commit(world: &mut World) -> Option<Attempt> {
	let (_, one) = session(world, |session| !session.ended)?;
	let (model, operator) = (one.model, one.operator);
	let careless = world.odds(24);
	let mut sessions: Vec<_> = Sessions::<Rt>::iter()
		.filter(|(_, other)| {
			careless || !other.ended && other.model == model && other.operator == operator
		})
		.collect();
	sessions.sort_by_key(|(id, _)| *id);
	while sessions.len() > 5 {
		let at = world.below(sessions.len() as u32) as usize;
		sessions.remove(at);
	}
	let mut vouchers = Vec::new();
	for (id, session) in sessions {
		for _ in 0..world.between(1, 5) {
			books::answer(world, id, &session);
		}
		let voucher = books::voucher(world, id, &session);
		let stale = world.odds(30);
		vouchers.extend(voucher.filter(|signed| stale || signed.voucher.amount > session.settled));
	}
	if vouchers.is_empty() {
		return None;
	}
	match world.below(40) {
		0 => vouchers.reverse(),
		1 => vouchers.extend(vouchers.last().cloned()),
		2 => vouchers.clear(),
		_ => {}
	}
	let vouchers = BoundedVec::truncate_from(vouchers);
	world.signed(agent(&operator)?, Call::commit_batch { model, vouchers })
}

/// Whether a batch's draws are decided and can still be shown.
fn is_shown(batch: &Stored) -> bool {
	let open = batch.stages.contains(&Stage::Pending);
	open && match batch.drawn {
		Some(drawn) => now() <= drawn.reveal_by,
		None => crate::Lots::seed(batch.round).is_some(),
	}
}

fn reveal(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(40);
	// Some operators hide what is drawn.
	let (id, stored) = batch(world, |id, batch| careless || id % 7 > 0 && is_shown(batch))?;
	let Shown { mut receipt, mut proof, mut claim } = books::drawn(world, id)?;
	match world.below(60) {
		0 => receipt.fee += 1,
		1 => receipt.position += 1,
		2 => drop(proof.siblings.pop()),
		3 => {
			if let Some(first) = proof.siblings.first().copied() {
				let _ = proof.siblings.try_push(first);
			}
		}
		4 => proof.siblings.as_mut().reverse(),
		5 => claim.gain += 1,
		_ => {}
	}
	let mut shown = AllShown::truncate_from(vec![Shown { receipt, proof, claim }]);
	let careless = world.odds(40);
	for _ in 0..world.below(4) {
		let Some(other) = books::drawn(world, id) else { break };
		let place = |of: &Shown<_>| (of.receipt.session, of.receipt.position);
		if careless || shown.iter().all(|one| place(one) != place(&other)) {
			let _ = shown.try_push(other);
		}
	}
	world.signed(agent(&stored.operator)?, Call::reveal { batch: id, shown })
}

fn conclude(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (id, _) = batch(world, |_, batch| {
		let due = match batch.drawn {
			None => crate::Lots::seed(batch.round).is_some(),
			Some(drawn) => {
				let missed = batch.stages.contains(&Stage::Pending) && now() > drawn.reveal_by;
				missed || !batch.is_open()
			}
		};
		careless || !batch.concluded && due
	})?;
	let who = world.user();
	world.signed(who, Call::conclude { batch: id })
}

fn prune(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(30);
	let (id, stored) = batch(world, |_, batch| careless || batch.concluded)?;
	let who = if world.odds(2) { stored.operator } else { agent(&stored.operator)? };
	world.signed(who, Call::prune_batch { batch: id })
}
