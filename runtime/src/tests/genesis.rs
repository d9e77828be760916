use super::*;
use crate::{
	AccountId, Babe, Balances, EXISTENTIAL_DEPOSIT, TreasuryAccount, ValidatorsAccount,
	VerifiersAccount, Vesting,
	configs::tokens::{OPEN, SUPPLY},
	presets,
};
use frame_support::traits::{Currency, VestingSchedule};
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
fn validators_are_alice_alone_in_dev_and_four_in_local() {
	dev().execute_with(|| assert_eq!(Babe::authorities().len(), 1));
	local().execute_with(|| assert_eq!(Babe::authorities().len(), 4));
}

#[test]
fn allocation_adds_up_to_the_supply_and_its_liquid_part() {
	use presets::allocation::{COMMUNITY, INVESTORS, LIQUIDITY, PARTS, TEAM};
	let percent = |hundredths: u128| SUPPLY / 10_000 * hundredths;
	assert_eq!(COMMUNITY.total, percent(6_171));
	assert_eq!(INVESTORS.total, percent(1_829));
	assert_eq!(TEAM.total, percent(1_500));
	assert_eq!(LIQUIDITY.total, percent(500));
	assert_eq!(PARTS.iter().map(|part| part.total).sum::<u128>(), SUPPLY);
	assert_eq!(PARTS.iter().map(|part| part.liquid).sum::<u128>(), percent(2_155));
	for part in [INVESTORS, TEAM] {
		assert_eq!((part.cliff, part.vesting, part.liquid), (12, 36, 0));
	}
	assert_eq!((COMMUNITY.cliff, COMMUNITY.vesting), (0, 48));
}

#[test]
fn what_is_liquid_at_genesis_is_what_the_allocation_says() {
	for name in presets::names() {
		started(name.as_ref()).execute_with(|| {
			let liquid: u128 = frame_system::Account::<crate::Runtime>::iter_keys()
				.map(|who| {
					let held = Balances::total_balance(&who);
					held - Vesting::vesting_balance(&who).unwrap_or_default()
				})
				.sum();
			// One block has passed, which released one block's part of the community's reserve.
			let released = liquid - SUPPLY / 10_000 * 2_155;
			assert!(released < SUPPLY / 10_000, "{name:?}: {released}");
		});
	}
}

#[test]
fn team_and_investors_move_nothing_for_a_year_and_everything_after_four() {
	local().execute_with(|| {
		let year = 365 * 20;
		for holder in [presets::DEV_INVESTORS, presets::DEV_TEAM].map(AccountId::new) {
			let all = Balances::free_balance(&holder);
			let locked = || Vesting::vesting_balance(&holder).unwrap_or_default();
			System::set_block_number(year);
			assert_eq!(locked(), all);
			System::set_block_number(year + year * 3 / 2);
			assert!(locked().abs_diff(all / 2) < all / 1_000);
			System::set_block_number(4 * year + 1);
			assert_eq!(locked(), 0);
		}
	});
}

#[test]
fn dev_holders_are_derived_from_the_development_phrase() {
	for (path, key) in [
		("//OpenLedger//investors", presets::DEV_INVESTORS),
		("//OpenLedger//team", presets::DEV_TEAM),
		("//OpenLedger//liquidity", presets::DEV_LIQUIDITY),
	] {
		assert_eq!(sr25519::Pair::from_string(path, None).unwrap().public().0, key);
	}
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
fn pots_exist_from_the_start() {
	local().execute_with(|| {
		assert!(Balances::free_balance(TreasuryAccount::get()) > 100_000_000 * OPEN);
		assert_eq!(Balances::free_balance(ValidatorsAccount::get()), EXISTENTIAL_DEPOSIT);
		assert_eq!(Balances::free_balance(VerifiersAccount::get()), EXISTENTIAL_DEPOSIT);
	});
}
