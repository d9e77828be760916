//! How a chain starts: `development`, one validator with a sudo key, and `local_testnet`, three
//! validators without one. Both are made of the well-known development keys.

use crate::{
	AccountId, Balance, BalancesConfig, EXISTENTIAL_DEPOSIT, OPEN, Rewards, RuntimeGenesisConfig,
	SessionConfig, SessionKeys, SudoConfig, TreasuryAccount, VerifiersAccount,
	configs::{consensus::BABE_CONFIGURATION, tokens::SUPPLY},
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use hex_literal::hex;
use serde_json::Value;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET, PresetId};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// What each development account starts with.
pub const ENDOWMENT: Balance = 1_000_000 * OPEN;
/// What the agent key of the development operator starts with.
pub const AGENT_ENDOWMENT: Balance = 1_000 * OPEN;
/// The agent key of the development operator, `//Alice//operator` of the development phrase.
pub const DEV_AGENT: [u8; 32] =
	hex!("945e10040b47c3df67c4ccf156ac19f9d649c16211646798a364097791691e3d");

/// The names of the presets.
pub fn names() -> Vec<PresetId> {
	vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}

/// The genesis patch of the named preset, as JSON.
pub fn get(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		DEV_RUNTIME_PRESET => {
			genesis(&[Sr25519Keyring::Alice], Some(Sr25519Keyring::Alice.to_account_id()))
		}
		LOCAL_TESTNET_RUNTIME_PRESET => {
			genesis(&[Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie], None)
		}
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// The six development accounts.
fn people() -> Vec<AccountId> {
	[
		Sr25519Keyring::Alice,
		Sr25519Keyring::Bob,
		Sr25519Keyring::Charlie,
		Sr25519Keyring::Dave,
		Sr25519Keyring::Eve,
		Sr25519Keyring::Ferdie,
	]
	.map(|key| key.to_account_id())
	.to_vec()
}

/// Balances that add up to the supply: what nobody is endowed with is the treasury's.
fn balances() -> Vec<(AccountId, Balance)> {
	let mut balances: Vec<_> = people().into_iter().map(|who| (who, ENDOWMENT)).collect();
	balances.push((AccountId::new(DEV_AGENT), AGENT_ENDOWMENT));
	balances.push((VerifiersAccount::get(), EXISTENTIAL_DEPOSIT));
	balances.push((Rewards::account(), EXISTENTIAL_DEPOSIT));
	let endowed = balances.iter().fold(0, |sum: Balance, (_, amount)| sum.saturating_add(*amount));
	balances.push((TreasuryAccount::get(), SUPPLY.saturating_sub(endowed)));
	balances
}

/// A validator's session keys, derived from the same name as its account.
fn session_keys(validator: Sr25519Keyring) -> SessionKeys {
	let grandpa = match validator {
		Sr25519Keyring::Bob => Ed25519Keyring::Bob,
		Sr25519Keyring::Charlie => Ed25519Keyring::Charlie,
		_ => Ed25519Keyring::Alice,
	};
	SessionKeys { babe: validator.public().into(), grandpa: grandpa.public().into() }
}

fn genesis(validators: &[Sr25519Keyring], sudo: Option<AccountId>) -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig { balances: balances() },
		babe: pallet_babe::GenesisConfig { epoch_config: BABE_CONFIGURATION },
		session: SessionConfig {
			keys: validators
				.iter()
				.map(|key| (key.to_account_id(), key.to_account_id(), session_keys(*key)))
				.collect::<Vec<_>>(),
		},
		sudo: SudoConfig { key: sudo },
	})
}
