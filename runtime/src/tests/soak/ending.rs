//! How a run ends: everybody who can brings to its end what is under way, and then nothing that a
//! session, a batch, an audit or a request needed is still held.

use super::{super::blocks::Chain, checks, world::Rt};
use crate::{
	AccountId, Balances, RuntimeCall, RuntimeHoldReason, RuntimeOrigin, governance::Origin,
};
use frame_support::traits::UnfilteredDispatchable;
use openledger_primitives_core::subject::versioned;
use pallet_attribution::Demands;
use pallet_audits::{Audits, Stage, Verdict, Verifiers};
use pallet_receipts::{Batches, Sessions};

/// Longer than any session here lasts, and than an audit that nobody takes part in.
const SESSIONS: u32 = 140;
/// Until claims are final whose audits governance has decided.
const CLAIMS: u32 = 40;
/// Longer than governance ever has bonds kept from verifiers who left.
const BONDS: u32 = 31;

/// Pauses don't count here: they are lifted some time.
fn by(who: AccountId, call: impl Into<RuntimeCall>) {
	// What can't be done shows in what is left.
	let _ = call.into().dispatch_bypass_filter(RuntimeOrigin::signed(who));
}

fn finish(anyone: &AccountId) {
	for id in Sessions::<Rt>::iter_keys().collect::<Vec<_>>() {
		by(anyone.clone(), pallet_receipts::Call::finish_session { session: id });
	}
	for id in Batches::<Rt>::iter_keys().collect::<Vec<_>>() {
		by(anyone.clone(), pallet_receipts::Call::conclude { batch: id });
	}
	for (model, demands) in Demands::<Rt>::iter().collect::<Vec<_>>() {
		for demand in demands {
			let position = demand.position;
			by(anyone.clone(), pallet_attribution::Call::conclude_demand { model, position });
		}
	}
	for (claim, audit) in Audits::<Rt>::iter().collect::<Vec<_>>() {
		if audit.stage == Stage::Undecided {
			let verdict = Verdict::Withheld;
			let call: RuntimeCall = pallet_audits::Call::resolve { claim, verdict }.into();
			let _ = call.dispatch_bypass_filter(Origin::DatanetDisputes.into());
		}
		by(anyone.clone(), pallet_audits::Call::advance { claim });
	}
}

fn leave() {
	for (id, batch) in Batches::<Rt>::iter().collect::<Vec<_>>() {
		by(batch.operator, pallet_receipts::Call::prune_batch { batch: id });
	}
	for who in Verifiers::<Rt>::iter_keys().collect::<Vec<_>>() {
		by(who, pallet_audits::Call::leave {});
	}
}

fn withdraw() {
	for who in Verifiers::<Rt>::iter_keys().collect::<Vec<_>>() {
		by(who, pallet_audits::Call::withdraw_bond {});
	}
}

/// Lets time pass, and everybody do what is left to do. Returns what is left nevertheless.
pub fn wind_down(chain: &mut Chain, anyone: &AccountId) -> Vec<String> {
	chain.blocks(SESSIONS);
	// What was undecided may be appealed, corrected or drawn once more, which takes time again.
	for _ in 0..3 {
		chain.block_with(1, || finish(anyone));
		chain.blocks(CLAIMS);
	}
	chain.block_with(1, leave);
	chain.blocks(BONDS);
	// An audit that still waited for verifiers with room has none to wait for any more, and is left to governance.
	for _ in 0..2 {
		chain.block_with(1, || finish(anyone));
		chain.blocks(CLAIMS);
	}
	chain.block_with(1, withdraw);
	let mut wrong = checks::after_block();
	wrong.extend(left());
	wrong
}

fn left() -> Vec<String> {
	let mut left: Vec<String> = Vec::new();
	let mut count = |what: &str, number: usize| {
		if number > 0 {
			left.push(format!("{number} {what} are left that nobody can end"));
		}
	};
	count("sessions", Sessions::<Rt>::iter_keys().count());
	count("batches", Batches::<Rt>::iter_keys().count());
	count("demands", Demands::<Rt>::iter_keys().count());
	count("audits", Audits::<Rt>::iter_keys().count());
	left.extend(Audits::<Rt>::iter().map(|(id, audit)| {
		let due = pallet_audits::Due::<Rt>::iter().filter(|(_, ids)| ids.contains(&id));
		let due: Vec<_> = due.map(|(at, _)| at).collect();
		format!("audit {id} of version {:?} is {audit:?} and due at {due:?}", versioned(id))
	}));
	let mut count = |what: &str, number: usize| {
		if number > 0 {
			left.push(format!("{number} {what} are left that nobody can end"));
		}
	};
	count("verifiers", Verifiers::<Rt>::iter_keys().count());
	for (who, holds) in pallet_balances::Holds::<Rt>::iter() {
		let stuck = holds.iter().filter(|hold| is_passing(hold.id));
		left.extend(stuck.map(|hold| {
			let free = Balances::free_balance(&who);
			format!("{who}, who has {free}, has {} stuck for {:?}", hold.amount, hold.id)
		}));
	}
	left
}

/// Whether what is held for this comes back once time has passed.
fn is_passing(reason: RuntimeHoldReason) -> bool {
	use pallet_inference::HoldReason::Escrow;
	matches!(
		reason,
		RuntimeHoldReason::Attribution(pallet_attribution::HoldReason::Demand)
			| RuntimeHoldReason::Audits(_)
			| RuntimeHoldReason::Receipts(_)
			| RuntimeHoldReason::Inference(Escrow)
	)
}
