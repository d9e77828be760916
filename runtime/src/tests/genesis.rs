use super::*;
use crate::{
	AccountId, Babe, Balances, EXISTENTIAL_DEPOSIT, TreasuryAccount, VerifiersAccount,
	configs::tokens::{OPEN, SUPPLY},
	presets,
};
use sp_core::{Pair, sr25519};
use sp_keyring::Sr25519Keyring;

#[test]
fn issuance_is_a_billion_in_every_preset() {
	for name in presets::names() {
		started(name.as_ref()).execute_with(|| {
			assert_eq!(Balances::total_issuance(), SUPPLY, "{name:?}");
			assert_eq!(SUPPLY, 1_000_000_000 * 10u128.pow(18));
		});
	}
}

#[test]
fn presets_build_through_the_genesis_api() {
	use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
	for name in crate::Runtime::preset_names() {
		let mut document: Value =
			serde_json::from_slice(&crate::Runtime::get_preset(&None).unwrap()).unwrap();
		let patch = crate::Runtime::get_preset(&Some(name.clone())).unwrap();
		merge(&mut document, serde_json::from_slice(&patch).unwrap());
		let json = serde_json::to_vec(&document).unwrap();
		sp_io::TestExternalities::default()
			.execute_with(|| crate::Runtime::build_state(json))
			.unwrap_or_else(|error| panic!("{name:?}: {error}"));
	}
}

#[test]
fn preset_is_none_when_name_is_unknown() {
	assert!(presets::get(&PresetId::from("mainnet")).is_none());
}

#[test]
fn sudo_key_exists_in_development_preset_alone() {
	dev().execute_with(|| {
		assert_eq!(
			pallet_sudo::Key::<crate::Runtime>::get(),
			Some(Sr25519Keyring::Alice.to_account_id())
		);
	});
	local().execute_with(|| assert_eq!(pallet_sudo::Key::<crate::Runtime>::get(), None));
}

#[test]
fn validators_are_alice_alone_in_dev_and_three_in_local() {
	dev().execute_with(|| assert_eq!(Babe::authorities().len(), 1));
	local().execute_with(|| assert_eq!(Babe::authorities().len(), 3));
}

#[test]
fn dev_agent_is_derived_from_the_development_phrase() {
	let pair = sr25519::Pair::from_string("//Alice//operator", None).unwrap();
	assert_eq!(presets::DEV_AGENT, pair.public().0);
	dev().execute_with(|| {
		let agent = AccountId::new(presets::DEV_AGENT);
		assert_eq!(Balances::free_balance(agent), 1_000 * OPEN);
	});
}

#[test]
fn treasury_and_verifiers_exist_from_the_start() {
	local().execute_with(|| {
		assert!(Balances::free_balance(TreasuryAccount::get()) > 900_000_000 * OPEN);
		assert_eq!(Balances::free_balance(VerifiersAccount::get()), EXISTENTIAL_DEPOSIT);
	});
}
