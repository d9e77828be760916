//! What everybody tries with their OPEN: transfers, burning, vesting.

use super::{
	run::Maker,
	world::{Attempt, Rt, World, now, spendable},
};
use crate::{AccountId, MILLI, OPEN, RuntimeCall};
use pallet_vesting::{Vesting, VestingInfo};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Balances", "", 30, transfer),
	("Balances", "", 4, leave_little),
	("Balances", "", 14, help),
	("Vesting", "", 14, vest),
];

/// Who is given something: mostly a user, sometimes nobody's account or a pallet's.
pub fn somebody(world: &mut World) -> AccountId {
	match world.below(16) {
		0 => AccountId::new(world.bytes()),
		1 => crate::TreasuryAccount::get(),
		2 => crate::Rewards::account(),
		3 => crate::ValidatorsAccount::get(),
		_ => world.user(),
	}
}

/// A transfer of some kind, of this account's.
pub fn transfer_of(world: &mut World, who: &AccountId) -> RuntimeCall {
	let dest = somebody(world).into();
	let value = world.part(spendable(who) / 64);
	if world.odds(3) {
		pallet_balances::Call::transfer_allow_death { dest, value }.into()
	} else {
		pallet_balances::Call::transfer_keep_alive { dest, value }.into()
	}
}

fn transfer(world: &mut World) -> Option<Attempt> {
	let who = world.user();
	let call = transfer_of(world, &who);
	world.signed(who, call)
}

/// What leaves an account with next to nothing, or with nothing.
fn leave_little(world: &mut World) -> Option<Attempt> {
	let who = world.user_who(|who| spendable(who) < 20_000 * OPEN)?;
	let dest = world.user().into();
	let keep_alive = world.odds(2);
	let call = match world.below(3) {
		0 => pallet_balances::Call::transfer_all { dest, keep_alive },
		1 => pallet_balances::Call::burn { value: world.part(spendable(&who)), keep_alive },
		_ => {
			let value = spendable(&who).saturating_sub(world.part(2 * MILLI));
			pallet_balances::Call::transfer_allow_death { dest, value }
		}
	};
	world.signed(who, call)
}

/// The bank helps out whoever has little.
fn help(world: &mut World) -> Option<Attempt> {
	let who = world.user_who(|who| spendable(who) < 10_000 * OPEN)?;
	let value = u128::from(world.between(10_000, 50_000)) * OPEN;
	let bank = world.bank();
	world.signed(bank, pallet_balances::Call::transfer_keep_alive { dest: who.into(), value })
}

fn vest(world: &mut World) -> Option<Attempt> {
	let vesting: Vec<AccountId> =
		Vesting::<Rt>::iter_keys().filter(|who| world.user_of(who).is_some()).collect();
	let many = vesting.len() > 6;
	let target = world.pick(vesting);
	let (who, call) = match (world.below(if many { 3 } else { 6 }), target) {
		(0, Some(who)) => (who, pallet_vesting::Call::vest {}),
		(1, Some(target)) => {
			(world.user(), pallet_vesting::Call::vest_other { target: target.into() })
		}
		(2, Some(who)) => {
			(who, pallet_vesting::Call::merge_schedules { schedule1_index: 0, schedule2_index: 1 })
		}
		_ => {
			let who = world.user();
			let locked = OPEN + world.part(spendable(&who) / 256);
			let per_block = (locked / u128::from(world.between(1, 90))).max(1);
			let schedule = VestingInfo::new(locked, per_block, now() + world.below(10));
			let target = world.user().into();
			(who, pallet_vesting::Call::vested_transfer { target, schedule })
		}
	};
	world.signed(who, call)
}
