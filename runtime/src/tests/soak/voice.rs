//! What contributors try with the voice that they earned, and what governance does with it.

use super::{
	run::Maker,
	world::{Attempt, Rt, World, act, limit, now, remember},
};
use crate::{
	AccountId, Hash, MICRO, Preimage, RuntimeCall, RuntimeParameters,
	configs::parameters::{DEFAULT_SPLIT, dynamic_params},
	governance::Origin,
};
use codec::Encode;
use frame_support::{
	dispatch::GetDispatchInfo,
	traits::{Polling, QueryPreimage},
	weights::Weight,
};
use openledger_primitives_core::settlement::FeeSplit;
use pallet_voice::{Ballots, Call, Verdict, Verdicts, Voices};
use sp_runtime::{
	Permill,
	traits::{BlakeTwo256, Hash as _},
};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Voice", "vote", 10, vote),
	("Voice", "remove_vote", 8, remove_vote),
	("Voice", "forget", 120, forget),
	("Voice", "approve", 4, approve),
	("Voice", "reject", 4, reject),
	("Voice", "withdraw", 3, withdraw),
	("Voice", "clear", 4, clear),
	("Voice", "dispatch", 5, dispatch),
	("Voice", "dispatch_hash", 5, dispatch_hash),
];

type Polls = crate::ContributorReferenda;

/// A change that contributors can reject.
fn change(world: &mut World) -> RuntimeParameters {
	use dynamic_params::{attribution, rewards, voice};
	match world.below(6) {
		0 => RuntimeParameters::Voice(voice::Parameters::VetoMinimum(
			voice::VetoMinimum,
			Some(world.part(300 * MICRO)),
		)),
		1 => RuntimeParameters::Attribution(attribution::Parameters::ChallengeWindow(
			attribution::ChallengeWindow,
			Some(world.between(2, 12)),
		)),
		2 => RuntimeParameters::Attribution(attribution::Parameters::RevealGrace(
			attribution::RevealGrace,
			Some(world.between(2, 8)),
		)),
		3 => RuntimeParameters::Attribution(attribution::Parameters::FullGain(
			attribution::FullGain,
			Some(world.between(0, 400) as i32),
		)),
		4 => RuntimeParameters::Attribution(attribution::Parameters::ChallengeDeposit(
			attribution::ChallengeDeposit,
			Some(u128::from(world.below(20)) * crate::OPEN),
		)),
		_ => RuntimeParameters::Rewards(rewards::Parameters::Split(
			rewards::Split,
			Some(FeeSplit {
				contributors: Permill::from_percent(world.between(20, 60)),
				owner: Permill::from_percent(world.between(0, 25)),
				..DEFAULT_SPLIT
			}),
		)),
	}
}

/// A call that contributors have a say about, old or new.
pub fn proposal(world: &mut World) -> RuntimeCall {
	let known = world.proposals.clone();
	if !world.odds(3)
		&& let Some(call) = world.pick(known)
	{
		return call;
	}
	let call: RuntimeCall = match world.odds(8) {
		true => frame_system::Call::remark { remark: world.bytes::<8>().to_vec() }.into(),
		false => pallet_parameters::Call::set_parameter { key_value: change(world) }.into(),
	};
	remember(&mut world.proposals, call.clone());
	call
}

fn hash(call: &RuntimeCall) -> Hash {
	BlakeTwo256::hash_of(call)
}

fn vote(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let last = pallet_referenda::ReferendumCount::<Rt, pallet_referenda::Instance2>::get();
	let polls: Vec<u32> = (last.saturating_sub(12)..last)
		.filter(|poll| careless || Polls::as_ongoing(*poll).is_some())
		.collect();
	let poll = world.pick(polls)?;
	let who = world.user_who(|who| careless || Voices::<Rt>::contains_key(who))?;
	let aye = !world.odds(4);
	world.signed(who, Call::vote { poll, aye })
}

fn remove_vote(world: &mut World) -> Option<Attempt> {
	let over = world.odds(2);
	let ballots: Vec<(AccountId, u32)> = Ballots::<Rt>::iter_keys()
		.filter(|(_, poll)| !over || Polls::as_ongoing(*poll).is_none())
		.collect();
	let (voter, poll) = world.pick(ballots)?;
	if over {
		let who = world.user();
		return world.signed(who, Call::remove_vote { poll, who: Some(voter) });
	}
	world.signed(voter, Call::remove_vote { poll, who: None })
}

/// Whether a voice has faded enough to be forgotten.
fn faded(who: &AccountId) -> bool {
	let least = limit::<<Rt as pallet_voice::Config>::MinEarned, u128>();
	crate::Voice::weight_of(who) * 2 < least
}

fn forget(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let voices = Voices::<Rt>::iter().filter(|(who, _)| careless || faded(who));
	let (free, voting): (Vec<_>, Vec<_>) = voices.partition(|(_, standing)| standing.votes == 0);
	let (account, standing) = world.pick(if free.is_empty() { voting } else { free })?;
	let who = world.user();
	if standing.votes > 0 && !careless {
		// Votes keep a voice from being forgotten, as long as nobody takes them back.
		let over = |poll: &u32| Polls::as_ongoing(*poll).is_none();
		let poll = Ballots::<Rt>::iter_key_prefix(&account).find(over)?;
		return world.signed(who, Call::remove_vote { poll, who: Some(account) });
	}
	world.signed(who, Call::forget { account })
}

fn approve(world: &mut World) -> Option<Attempt> {
	let call_hash = hash(&proposal(world));
	act(Origin::Contributors, Call::approve { call_hash })
}

fn reject(world: &mut World) -> Option<Attempt> {
	if !crate::Voice::veto_active() && !world.odds(16) {
		return None;
	}
	let call_hash = hash(&proposal(world));
	act(Origin::Contributors, Call::reject { call_hash })
}

fn withdraw(world: &mut World) -> Option<Attempt> {
	let ruled = Verdicts::<Rt>::iter_keys().collect();
	let call_hash = if world.odds(16) { world.hash() } else { world.pick(ruled)? };
	act(Origin::Contributors, Call::withdraw { call_hash })
}

fn clear(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(40);
	let ruled: Vec<Hash> = Verdicts::<Rt>::iter()
		.filter(|(_, ruling)| careless || now() >= ruling.expires)
		.map(|(hash, _)| hash)
		.collect();
	let call_hash = world.pick(ruled)?;
	let who = world.user();
	world.signed(who, Call::clear { call_hash })
}

/// The origin that this call is dispatched with: the fast one where contributors approved it.
fn way(world: &mut World, call_hash: Hash) -> Option<crate::OriginCaller> {
	let verdict = crate::Voice::verdict(call_hash);
	if verdict == Some(Verdict::Rejected) && !world.odds(4) {
		return None;
	}
	Some(match world.below(3) {
		0 => frame_system::RawOrigin::Root.into(),
		1 if verdict == Some(Verdict::Approved) || world.odds(8) => {
			Origin::ContributorApproved.into()
		}
		_ => Origin::AttributionParameters.into(),
	})
}

fn dispatch(world: &mut World) -> Option<Attempt> {
	let call = proposal(world);
	let origin = way(world, hash(&call))?;
	act(origin, Call::dispatch { call: Box::new(call) })
}

fn dispatch_hash(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let noted: Vec<RuntimeCall> = world
		.proposals
		.iter()
		.filter(|call| careless || <Preimage as QueryPreimage>::len(&hash(call)).is_some())
		.cloned()
		.collect();
	let Some(call) = world.pick(noted) else {
		let bytes = proposal(world).encode();
		let who = world.user();
		return world.signed(who, pallet_preimage::Call::note_preimage { bytes });
	};
	let call_hash = hash(&call);
	let encoded_len = call.encoded_size() as u32 + u32::from(world.odds(24));
	let weight = call.get_dispatch_info().call_weight;
	let weight_witness = if world.odds(24) { Weight::zero() } else { weight };
	let origin = way(world, call_hash)?;
	act(origin, Call::dispatch_hash { call_hash, encoded_len, weight_witness })
}
