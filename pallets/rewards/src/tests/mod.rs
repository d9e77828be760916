mod accounts;
mod claim;
mod distribute;
mod migrations;
mod payee;

use crate::mock::*;
use frame_support::traits::fungible::Mutate;
use openledger_primitives_core::{
	settlement::{Distribution, Sale},
	traits::Rewards as _,
};
use sp_runtime::{DispatchError, Permill};

pub fn sale(fee: u128) -> Sale<u64> {
	Sale { fee, owner: 1, base_owner: 2, royalty: Permill::from_percent(10), operator: 3 }
}

/// Pays `fee` into the pot and divides it.
pub fn settle(
	request: u64,
	fee: u128,
	shares: &[(u64, u64)],
	earned: Permill,
) -> Result<Distribution<u64>, DispatchError> {
	Balances::mint_into(&Rewards::account(), fee).unwrap();
	Rewards::distribute(request, sale(fee), shares, earned)
}

/// Whether the pot holds its existential deposit and what is accrued, and nothing else.
pub fn balanced() -> bool {
	Balances::free_balance(Rewards::account()) == ED + crate::TotalAccrued::<Test>::get()
}
