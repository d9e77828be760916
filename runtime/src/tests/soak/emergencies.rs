//! What governance and the technical committee do in an emergency, for once without one.

use super::{
	run::Maker,
	world::{Attempt, Rt, World, act},
};
use crate::{OriginCaller, RuntimeCall, SafeMode, configs::emergency::NeverPaused};
use frame_support::traits::{Contains, GetCallMetadata};
use frame_system::RawOrigin;
use pallet_pauses::Call;
use pallet_tx_pause::{PausedCalls, RuntimeCallNameOf};
use sp_runtime::BoundedVec;

type Name = RuntimeCallNameOf<Rt>;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Pauses", "pause", 5, pause),
	("Pauses", "prolong", 10, prolong),
	("Pauses", "resume", 4, resume),
	("SafeMode", "", 1, safe_mode),
];

fn committee() -> OriginCaller {
	pallet_collective::RawOrigin::Members(2, 3).into()
}

/// Any call's name, mostly of one that can be paused.
fn name(world: &mut World) -> Option<Name> {
	let careless = world.odds(16);
	let bytes = |text: &str| BoundedVec::truncate_from(text.as_bytes().to_vec());
	let names: Vec<Name> = RuntimeCall::get_module_names()
		.iter()
		.flat_map(|pallet| {
			let calls = RuntimeCall::get_call_names(pallet).iter();
			calls.map(move |call| (bytes(pallet), bytes(call)))
		})
		.filter(|name| careless || !NeverPaused::contains(name))
		.collect();
	let (pallet, call) = world.pick(names)?;
	Some(if world.odds(40) { (call, pallet) } else { (pallet, call) })
}

fn paused(world: &mut World) -> Option<Name> {
	if world.odds(16) {
		return name(world);
	}
	let paused = PausedCalls::<Rt>::iter_keys().collect();
	world.pick(paused)
}

fn pause(world: &mut World) -> Option<Attempt> {
	let name = name(world)?;
	if world.odds(4) {
		let blocks = u32::from(!world.odds(16));
		return act(committee(), Call::pause { name, blocks });
	}
	let blocks = if world.odds(16) { 29 } else { world.between(1, 24) };
	act(RawOrigin::Root, Call::pause { name, blocks })
}

fn prolong(world: &mut World) -> Option<Attempt> {
	let name = paused(world)?;
	let blocks = world.between(1, 24);
	let call = Call::prolong { name, blocks };
	if world.odds(16) { act(committee(), call) } else { act(RawOrigin::Root, call) }
}

fn resume(world: &mut World) -> Option<Attempt> {
	let call = Call::resume { name: paused(world)? };
	if world.odds(2) { act(committee(), call) } else { act(RawOrigin::Root, call) }
}

/// Root stops the chain's traffic, and mostly lets it go on at once.
fn safe_mode(world: &mut World) -> Option<Attempt> {
	if SafeMode::is_entered() {
		return act(RawOrigin::Root, pallet_safe_mode::Call::force_exit {});
	}
	if !world.odds(3) {
		return None;
	}
	act(RawOrigin::Root, pallet_safe_mode::Call::force_enter {})
}
