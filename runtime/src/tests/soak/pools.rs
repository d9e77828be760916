//! What pools and their members try.

use super::{
	run::Maker,
	world::{Attempt, Rt, World, spendable},
};
use crate::{AccountId, OPEN};
use pallet_nomination_pools::{
	BondExtra, BondedPools, Call, ClaimPermission, PoolMembers, PoolState,
};
use pallet_staking::Validators;
use sp_runtime::Perbill;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("NominationPools", "", 8, join),
	("NominationPools", "", 16, membership),
	("NominationPools", "", 6, manage),
];

fn member(world: &mut World) -> Option<(AccountId, pallet_nomination_pools::PoolMember<Rt>)> {
	let members = PoolMembers::<Rt>::iter().collect();
	world.pick(members)
}

fn join(world: &mut World) -> Option<Attempt> {
	let who = world.user_who(|who| {
		!PoolMembers::<Rt>::contains_key(who) && !pallet_staking::Bonded::<Rt>::contains_key(who)
	})?;
	let amount = world.part(spendable(&who) / 16);
	let open: Vec<u32> = BondedPools::<Rt>::iter()
		.filter(|(_, pool)| pool.state == PoolState::Open)
		.map(|(id, _)| id)
		.collect();
	if open.len() < 3 && world.odds(2) || open.is_empty() {
		let [root, nominator, bouncer] = [(); 3].map(|()| world.user().into());
		let amount = amount + 100 * OPEN;
		return world.signed(who, Call::create { amount, root, nominator, bouncer });
	}
	let pool_id = world.pick(open)?;
	world.signed(who, Call::join { amount, pool_id })
}

fn membership(world: &mut World) -> Option<Attempt> {
	let (who, member) = member(world)?;
	// Whoever has something to withdraw mostly does that first.
	let era = pallet_staking::CurrentEra::<Rt>::get().unwrap_or_default();
	let due = member.unbonding_eras.keys().any(|at| *at <= era);
	let account = who.clone();
	let turn = if due && world.odds(2) { 5 } else { world.below(9) };
	let (by, call) = match turn {
		0 => (who, Call::bond_extra { extra: BondExtra::Rewards }),
		1 => {
			let extra = BondExtra::FreeBalance(world.part(spendable(&who) / 16));
			(who, Call::bond_extra { extra })
		}
		2 | 3 => (who, Call::claim_payout {}),
		4 => {
			let unbonding_points = match world.odds(3) {
				true => member.points,
				false => world.part(member.points),
			};
			(who, Call::unbond { member_account: account.into(), unbonding_points })
		}
		5 | 6 => {
			let by = if world.odds(8) { world.user() } else { who };
			let member_account = account.into();
			(by, Call::withdraw_unbonded { member_account, num_slashing_spans: 8 })
		}
		7 => {
			let permission = world.one_of([
				ClaimPermission::Permissioned,
				ClaimPermission::PermissionlessCompound,
				ClaimPermission::PermissionlessWithdraw,
				ClaimPermission::PermissionlessAll,
			]);
			(who, Call::set_claim_permission { permission })
		}
		_ => match world.below(3) {
			0 => (world.user(), Call::claim_payout_other { other: account }),
			1 => (world.user(), Call::apply_slash { member_account: account.into() }),
			_ => {
				let (member, extra) = (account.into(), BondExtra::Rewards);
				(world.user(), Call::bond_extra_other { member, extra })
			}
		},
	};
	world.signed(by, call)
}

fn manage(world: &mut World) -> Option<Attempt> {
	let pools = BondedPools::<Rt>::iter().collect();
	let (pool_id, pool) = world.pick(pools)?;
	let call = match world.below(9) {
		0 => {
			let percent = Perbill::from_percent(world.below(25));
			Call::set_commission { pool_id, new_commission: Some((percent, world.user())) }
		}
		1 => Call::claim_commission { pool_id },
		2 => Call::adjust_pool_deposit { pool_id },
		3 => Call::chill { pool_id },
		4 => Call::pool_withdraw_unbonded { pool_id, num_slashing_spans: 8 },
		5 => {
			let some = [PoolState::Open, PoolState::Blocked, PoolState::Open];
			let state = if world.odds(8) { PoolState::Destroying } else { world.one_of(some) };
			Call::set_state { pool_id, state }
		}
		_ => {
			let mut validators: Vec<AccountId> = Validators::<Rt>::iter_keys().collect();
			validators.truncate(world.between(1, 4) as usize);
			let nominator = pool.roles.nominator.or(pool.roles.root)?;
			return world.signed(nominator, Call::nominate { pool_id, validators });
		}
	};
	world.signed(pool.roles.root?, call)
}
