//! What accounts try together or for one another: batches, proxies, multisigs, recovery, preimages.

use super::{
	money::transfer_of,
	run::Maker,
	world::{Attempt, Rt, Shared, World, now, remember},
};
use crate::{AccountId, RuntimeCall, configs::utility::ProxyType};
use codec::Encode;
use frame_support::weights::Weight;
use pallet_multisig::Multisigs;
use pallet_proxy::Proxies;
use pallet_recovery::{FriendGroup, FriendGroups, Inheritor, pallet::Attempt as Recovering};
use sp_runtime::BoundedVec;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Utility", "", 14, batch),
	("Proxy", "", 18, proxy),
	("Multisig", "", 14, multisig),
	("Recovery", "", 16, recovery),
	("Preimage", "", 8, preimage),
];

/// A call that anyone may make.
fn simple(world: &mut World, who: &AccountId) -> RuntimeCall {
	match world.below(8) {
		0 => frame_system::Call::remark { remark: vec![7; 4] }.into(),
		1 => pallet_rewards::Call::claim {}.into(),
		2 => pallet_rewards::Call::set_payee { payee: None }.into(),
		3 => pallet_vesting::Call::vest {}.into(),
		_ => transfer_of(world, who),
	}
}

fn batch(world: &mut World) -> Option<Attempt> {
	let who = world.user();
	let calls: Vec<_> = (0..world.between(1, 4)).map(|_| simple(world, &who)).collect();
	let call = match world.below(5) {
		0 | 1 => pallet_utility::Call::batch { calls },
		2 | 3 => pallet_utility::Call::batch_all { calls },
		_ => pallet_utility::Call::force_batch { calls },
	};
	world.signed(who, call)
}

fn proxy(world: &mut World) -> Option<Attempt> {
	let proxied: Vec<_> = Proxies::<Rt>::iter()
		.flat_map(|(real, (proxies, _))| {
			proxies.into_iter().map(move |proxy| (real.clone(), proxy))
		})
		.collect();
	let many = proxied.len() > 12;
	match (world.below(if many { 6 } else { 10 }), world.pick(proxied)) {
		(0, Some((real, proxy))) => {
			let (delegate, proxy_type, delay) =
				(proxy.delegate.into(), proxy.proxy_type, proxy.delay);
			world.signed(real, pallet_proxy::Call::remove_proxy { delegate, proxy_type, delay })
		}
		(1, Some((real, _))) => world.signed(real, pallet_proxy::Call::remove_proxies {}),
		(2..=6, Some((real, proxy))) => {
			let call = Box::new(simple(world, &real));
			let (real, force_proxy_type) = (real.into(), None);
			world.signed(proxy.delegate, pallet_proxy::Call::proxy { real, force_proxy_type, call })
		}
		_ => {
			use ProxyType::{Any, Governance, NonTransfer, Rewards, Staking};
			let proxy_type = world.one_of([Any, NonTransfer, Governance, Staking, Rewards]);
			let delegate = world.user().into();
			let who = world.user();
			world.signed(who, pallet_proxy::Call::add_proxy { delegate, proxy_type, delay: 0 })
		}
	}
}

/// Two of three: one begins, another ends it or takes it back.
fn multisig(world: &mut World) -> Option<Attempt> {
	const THRESHOLD: u16 = 2;
	let under_way: Vec<_> = world
		.shared
		.iter()
		.filter_map(|shared| {
			let account =
				pallet_multisig::Pallet::<Rt>::multi_account_id(&shared.signatories, THRESHOLD);
			let hash = sp_io::hashing::blake2_256(&shared.call.encode());
			Some((shared.clone(), hash, Multisigs::<Rt>::get(account, hash)?))
		})
		.collect();
	let others = |signatories: &[AccountId], who: &AccountId| {
		signatories.iter().filter(|other| *other != who).cloned().collect::<Vec<_>>()
	};
	let max_weight = Weight::from_parts(2_000_000_000, 1 << 20);
	if !world.odds(3)
		&& let Some((shared, call_hash, opened)) = world.pick(under_way)
	{
		if world.odds(4) {
			let who = opened.depositor;
			let call = pallet_multisig::Call::cancel_as_multi {
				threshold: THRESHOLD,
				other_signatories: others(&shared.signatories, &who),
				timepoint: opened.when,
				call_hash,
			};
			return world.signed(who, call);
		}
		let who = world.pick(others(&shared.signatories, &opened.depositor))?;
		let call = pallet_multisig::Call::as_multi {
			threshold: THRESHOLD,
			other_signatories: others(&shared.signatories, &who),
			maybe_timepoint: Some(opened.when),
			call: Box::new(shared.call),
			max_weight,
		};
		return world.signed(who, call);
	}
	let mut signatories = world.several(3);
	signatories.sort();
	let who = signatories[world.below(3) as usize].clone();
	let account = pallet_multisig::Pallet::<Rt>::multi_account_id(&signatories, THRESHOLD);
	let call = transfer_of(world, &account);
	let shared = Shared { signatories: signatories.clone(), call: call.clone() };
	remember(&mut world.shared, shared);
	let call = pallet_multisig::Call::as_multi {
		threshold: THRESHOLD,
		other_signatories: others(&signatories, &who),
		maybe_timepoint: None,
		call: Box::new(call),
		max_weight,
	};
	world.signed(who, call)
}

fn groups(world: &mut World) -> Option<Attempt> {
	let who = world.user();
	let mut friends = world.several(3);
	friends.retain(|friend| *friend != who);
	friends.sort();
	let group = FriendGroup {
		friends_needed: world.between(1, friends.len() as u32),
		friends: BoundedVec::truncate_from(friends),
		inheritor: world.user(),
		inheritance_delay: world.between(1, 6),
		inheritance_priority: world.below(3),
		cancel_delay: world.between(1, 6),
	};
	let friend_groups = if world.odds(8) { Vec::new() } else { vec![group] };
	world.signed(who, pallet_recovery::Call::set_friend_groups { friend_groups })
}

fn recovery(world: &mut World) -> Option<Attempt> {
	use pallet_recovery::Call;
	let groups_of: Vec<_> = FriendGroups::<Rt>::iter().collect();
	let attempts: Vec<_> = Recovering::<Rt>::iter().collect();
	let recovered: Vec<_> = Inheritor::<Rt>::iter().collect();
	let turn = world.below(12);
	if turn < 4
		&& let Some((lost, index, (attempt, ..))) = world.pick(attempts)
	{
		let (who, friend_group_index) = (lost.clone(), index);
		let lost = lost.into();
		let group = FriendGroups::<Rt>::get(&who)?.0.get(index as usize)?.clone();
		let friend = world.pick(group.friends.to_vec())?;
		return match world.below(5) {
			0 => world.signed(attempt.initiator, Call::cancel_attempt { lost, friend_group_index }),
			1 => world.signed(who, Call::slash_attempt { friend_group_index }),
			2 => world.signed(friend, Call::approve_attempt { lost, friend_group_index }),
			_ => world.signed(friend, Call::finish_attempt { lost, friend_group_index }),
		};
	}
	if turn < 8
		&& let Some((lost, (_, inheritor, _))) = world.pick(recovered)
	{
		if world.odds(4) {
			return world.signed(lost, Call::revoke_inheritor {});
		}
		let call = Box::new(simple(world, &lost));
		return world
			.signed(inheritor, Call::control_inherited_account { recovered: lost.into(), call });
	}
	if turn < 10
		&& let Some((lost, (of, _))) = world.pick(groups_of)
	{
		let friend = world.pick(of.first()?.friends.to_vec())?;
		let lost = lost.into();
		return world.signed(friend, Call::initiate_attempt { lost, friend_group_index: 0 });
	}
	groups(world)
}

fn preimage(world: &mut World) -> Option<Attempt> {
	let who = world.user();
	if !world.odds(3) {
		let mut bytes = now().encode();
		bytes.resize(world.between(8, 300) as usize, 1);
		remember(&mut world.preimages, bytes.clone());
		return world.signed(who, pallet_preimage::Call::note_preimage { bytes });
	}
	let noted: Vec<_> = pallet_preimage::RequestStatusFor::<Rt>::iter()
		.filter_map(|(hash, status)| match status {
			pallet_preimage::RequestStatus::Unrequested { ticket: (who, _), .. } => {
				Some((hash, who))
			}
			_ => None,
		})
		.collect();
	let (hash, who) = world.pick(noted)?;
	world.signed(who, pallet_preimage::Call::unnote_preimage { hash })
}
