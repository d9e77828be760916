//! What rounding leaves over in nomination pools after a slash. Each member's share of it is rounded
//! by itself, so that members together are charged for a few units more or less than their pool,
//! which the checks of the SDK's pallets do not allow for (polkadot-sdk, issue 13147 and pull
//! request 12103).

use super::world::Rt;
use crate::{Balance, NominationPools};
use pallet_delegated_staking::Agents;
use pallet_nomination_pools::{PoolMembers, TotalValueLocked};
use pallet_staking::Ledger;

/// More than rounding leaves over, and less than anybody would miss.
const DUST: Balance = 10_000;

/// What comes before the list of all that is wrong.
const HEADING: &str = "Detected errors while executing `try_state`";

/// Whether what was told when the pallets' checks failed is that alone.
pub fn explains(told: &[String]) -> bool {
	let known = [
		("TVL must be equal to or less than", members_lack()),
		("Cannot stake more than balance", pools_lack()),
	];
	let explained = |text: &String| {
		let mut checks = known.iter().filter(|(check, _)| text.contains(check));
		text.contains(HEADING) || checks.any(|(_, lack)| (1..DUST).contains(lack))
	};
	!told.is_empty() && told.iter().all(explained)
}

/// How much less all members have than all pools.
fn members_lack() -> Balance {
	let members = PoolMembers::<Rt>::iter_keys().map(NominationPools::api_member_total_balance);
	TotalValueLocked::<Rt>::get().saturating_sub(members.sum())
}

/// How much less than it stakes a pool was given, at most.
fn pools_lack() -> Balance {
	let lack = |(pool, given): (_, pallet_delegated_staking::types::AgentLedger<Rt>)| {
		let staked = Ledger::<Rt>::get(pool).map_or(0, |ledger| ledger.total);
		let gone = given.pending_slash.saturating_add(given.unclaimed_withdrawals);
		staked.saturating_sub(given.total_delegated.saturating_sub(gone))
	};
	Agents::<Rt>::iter().map(lack).max().unwrap_or_default()
}
