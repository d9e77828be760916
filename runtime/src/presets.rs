//! How a chain starts: `development`, one validator with a sudo key, and `local_testnet`, four
//! validators without one. Both are made of the well-known development keys, and both divide the
//! supply as the [`allocation`] says.

pub mod allocation;

use crate::{
	AccountId, Balance, BalancesConfig, CalendarConfig, EXISTENTIAL_DEPOSIT, NominationPoolsConfig,
	OPEN, ReserveAccount, Rewards, RuntimeGenesisConfig, SessionConfig, SessionKeys, StakingConfig,
	SudoConfig, TechnicalCommitteeConfig, TreasuryAccount, ValidatorsAccount, VerifiersAccount,
	VestingConfig,
	configs::{
		consensus::BABE_CONFIGURATION,
		staking::{
			MAX_CANDIDATES, MIN_JOIN_BOND, MIN_NOMINATOR_BOND, MIN_POOL_BOND, MIN_VALIDATOR_BOND,
		},
	},
};
use alloc::{vec, vec::Vec};
use allocation::{COMMUNITY, Holders};
use frame_support::build_struct_json_patch;
use hex_literal::hex;
use pallet_calendar::{DAYS_PER_YEAR, Lengths};
use pallet_staking::StakerStatus;
use serde_json::Value;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET, PresetId};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;

/// What each development account starts with.
pub const ENDOWMENT: Balance = 10_000_000 * OPEN;
/// What each validator of a preset has at stake.
pub const STAKE: Balance = 1_000_000 * OPEN;
/// What the agent key of the development operator starts with.
pub const AGENT_ENDOWMENT: Balance = 1_000 * OPEN;
/// The agent key of the development operator, `//Alice//operator` of the development phrase.
pub const DEV_AGENT: [u8; 32] =
	hex!("945e10040b47c3df67c4ccf156ac19f9d649c16211646798a364097791691e3d");
/// `//OpenLedger//investors` of the development phrase.
pub const DEV_INVESTORS: [u8; 32] =
	hex!("8642cd1b5c164a4d6227b1acfdea309a3082932567123f4424680b68b45bd024");
/// `//OpenLedger//team` of the development phrase.
pub const DEV_TEAM: [u8; 32] =
	hex!("fce0acd8503e73c88f4656acc3401ca05c37f882702ee2eef8598277ce223e05");
/// `//OpenLedger//liquidity` of the development phrase.
pub const DEV_LIQUIDITY: [u8; 32] =
	hex!("a6b1884ecfc548f574ebcd8718b28d8babdf7298fdb7894e09a30b48b64f283e");

/// The most pools.
const MAX_POOLS: u32 = 1_000;
/// The most members of one pool.
const MAX_POOL_MEMBERS: u32 = 10_000;

/// The names of the presets.
pub fn names() -> Vec<PresetId> {
	vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}

/// The genesis patch of the named preset, as JSON.
pub fn get(id: &PresetId) -> Option<Vec<u8>> {
	use Sr25519Keyring::{Alice, Bob, Charlie, Dave};
	let patch = match id.as_ref() {
		DEV_RUNTIME_PRESET => genesis(&[Alice], Lengths::DEVELOPMENT, Some(Alice.to_account_id())),
		LOCAL_TESTNET_RUNTIME_PRESET => genesis(&[Alice, Bob, Charlie, Dave], Lengths::FAST, None),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// The six development accounts.
fn people() -> [AccountId; 6] {
	[
		Sr25519Keyring::Alice,
		Sr25519Keyring::Bob,
		Sr25519Keyring::Charlie,
		Sr25519Keyring::Dave,
		Sr25519Keyring::Eve,
		Sr25519Keyring::Ferdie,
	]
	.map(|key| key.to_account_id())
}

/// Who holds what vests, and what is for markets: the community's part is an account that only a
/// vote can move, the others development keys.
fn holders() -> Holders {
	Holders {
		community: ReserveAccount::get(),
		investors: DEV_INVESTORS.into(),
		team: DEV_TEAM.into(),
		liquidity: DEV_LIQUIDITY.into(),
	}
}

/// Balances that add up to the supply. The development accounts and the pallets' own accounts are
/// endowed from what the community has at genesis, and the treasury has the rest of that.
fn balances() -> Vec<(AccountId, Balance)> {
	let mut balances: Vec<_> = people().into_iter().map(|who| (who, ENDOWMENT)).collect();
	balances.push((AccountId::new(DEV_AGENT), AGENT_ENDOWMENT));
	for account in [VerifiersAccount::get(), ValidatorsAccount::get(), Rewards::account()] {
		balances.push((account, EXISTENTIAL_DEPOSIT));
	}
	let endowed = balances.iter().fold(0, |sum: Balance, (_, amount)| sum.saturating_add(*amount));
	balances.push((TreasuryAccount::get(), COMMUNITY.liquid.saturating_sub(endowed)));
	balances.extend(holders().balances());
	balances
}

/// A validator's session keys, derived from the same name as its account.
fn session_keys(validator: Sr25519Keyring) -> SessionKeys {
	let grandpa = match validator {
		Sr25519Keyring::Bob => Ed25519Keyring::Bob,
		Sr25519Keyring::Charlie => Ed25519Keyring::Charlie,
		Sr25519Keyring::Dave => Ed25519Keyring::Dave,
		_ => Ed25519Keyring::Alice,
	};
	SessionKeys { babe: validator.public().into(), grandpa: grandpa.public().into() }
}

fn genesis(validators: &[Sr25519Keyring], lengths: Lengths, sudo: Option<AccountId>) -> Value {
	let year = lengths.day.get().saturating_mul(DAYS_PER_YEAR);
	let count = validators.len() as u32;
	build_struct_json_patch!(RuntimeGenesisConfig {
		calendar: CalendarConfig { lengths },
		balances: BalancesConfig { balances: balances() },
		vesting: VestingConfig { vesting: holders().schedules(year) },
		babe: pallet_babe::GenesisConfig { epoch_config: BABE_CONFIGURATION },
		session: SessionConfig {
			keys: validators
				.iter()
				.map(|key| (key.to_account_id(), key.to_account_id(), session_keys(*key)))
				.collect::<Vec<_>>(),
		},
		staking: StakingConfig {
			validator_count: count.max(10),
			minimum_validator_count: 1,
			slash_reward_fraction: Perbill::from_percent(10),
			stakers: validators
				.iter()
				.map(|key| {
					let who = key.to_account_id();
					(who.clone(), who, STAKE, StakerStatus::<AccountId>::Validator)
				})
				.collect::<Vec<_>>(),
			min_validator_bond: MIN_VALIDATOR_BOND,
			min_nominator_bond: MIN_NOMINATOR_BOND,
			max_validator_count: Some(MAX_CANDIDATES),
			max_nominator_count: None,
		},
		nomination_pools: NominationPoolsConfig {
			min_join_bond: MIN_JOIN_BOND,
			min_create_bond: MIN_POOL_BOND,
			max_pools: Some(MAX_POOLS),
			max_members_per_pool: Some(MAX_POOL_MEMBERS),
			max_members: None,
			global_max_commission: Some(Perbill::from_percent(20)),
		},
		technical_committee: TechnicalCommitteeConfig {
			members: people().into_iter().take(3).collect::<Vec<_>>(),
		},
		sudo: SudoConfig { key: sudo },
	})
}
