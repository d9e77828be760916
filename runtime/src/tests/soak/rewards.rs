//! What those who earned try, and others for them.

use super::{
	run::Maker,
	world::{Attempt, Rt, World},
};
use crate::{AccountId, Balances, EXISTENTIAL_DEPOSIT, MILLI, Rewards};
use frame_support::traits::fungible::Inspect;
use pallet_rewards::{Accrued, Call, Payees, TotalAccrued};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Rewards", "claim", 8, claim),
	("Rewards", "claim_for", 5, claim_for),
	("Rewards", "sweep", 4, sweep),
	("Rewards", "set_payee", 6, set_payee),
	("Rewards", "open_account", 5, open_account),
	("Rewards", "close_account", 6, close_account),
];

fn claim(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let who = world.user_who(|who| careless || Accrued::<Rt>::get(who).amount > 0)?;
	world.signed(who, Call::claim {})
}

fn claim_for(world: &mut World) -> Option<Attempt> {
	let owed: Vec<AccountId> = Accrued::<Rt>::iter()
		.filter_map(|(who, entry)| (entry.amount > 0).then_some(who))
		.collect();
	let account = if world.odds(16) { world.user() } else { world.pick(owed)? };
	let who = world.user();
	world.signed(who, Call::claim_for { account })
}

fn sweep(world: &mut World) -> Option<Attempt> {
	let pot = Rewards::account();
	let owed = EXISTENTIAL_DEPOSIT + TotalAccrued::<Rt>::get();
	let who = world.user();
	if <Balances as Inspect<_>>::total_balance(&pot) > owed || world.odds(16) {
		return world.signed(who, Call::sweep {});
	}
	// Nothing to sweep until somebody gives something.
	let value = world.part(MILLI) + 1;
	world.signed(who, pallet_balances::Call::transfer_keep_alive { dest: pot.into(), value })
}

fn set_payee(world: &mut World) -> Option<Attempt> {
	let named = world.odds(3);
	let who = world.user_who(|who| !named || Payees::<Rt>::contains_key(who))?;
	let payee = match world.below(24) {
		0 => Some(who.clone().into()),
		1 => Some(Rewards::account().into()),
		2 => Some(AccountId::new(world.bytes()).into()),
		_ if named => None,
		_ => Some(world.user().into()),
	};
	world.signed(who, Call::set_payee { payee })
}

fn open_account(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let who = world.user_who(|who| careless || !Accrued::<Rt>::get(who).is_open())?;
	world.signed(who, Call::open_account {})
}

fn close_account(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(8);
	let who = world.user_who(|who| {
		let entry = Accrued::<Rt>::get(who);
		careless || entry.is_open() && entry.amount == 0
	})?;
	world.signed(who, Call::close_account {})
}
