use super::{
	blocks::{Chain, assert_invariants, by},
	*,
};
use crate::{
	AccountId, Balances, NominationPools, OPEN, Runtime, RuntimeOrigin, Session, Staking,
	ValidatorsAccount,
	configs::{
		parameters::dynamic_params,
		staking::{EarnedAndEmitted, MAX_EMISSION, MIN_NOMINATOR_BOND, MIN_VALIDATOR_BOND},
		tokens::SUPPLY,
	},
	presets::STAKE,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, Mutate},
};
use pallet_staking::{RewardDestination, ValidatorPrefs};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{Perbill, Perquintill};
use sp_staking::EraPayout;

const YEAR_MILLIS: u64 = 365 * 86_400_000;

#[test]
fn validators_are_those_of_the_stakes() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		let eve = Eve.to_account_id();
		assert_ok!(Staking::bond(by(eve.clone()), 2 * STAKE, RewardDestination::Staked));
		assert_ok!(Staking::validate(by(eve.clone()), ValidatorPrefs::default()));
		assert_ok!(Staking::chill(by(Dave.to_account_id())));
		chain.eras(2);
		let validators = Session::validators();
		assert!(!validators.contains(&Dave.to_account_id()));
		assert!(
			!validators.contains(&eve),
			"without session keys nobody can author, whatever is at stake"
		);
		assert_eq!(validators.len(), 3);
		assert_invariants();
	});
}

#[test]
fn set_stays_when_nobody_who_stands_has_session_keys() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		let before = Session::validators();
		for key in [Eve, Ferdie] {
			let candidate = key.to_account_id();
			assert_ok!(Staking::bond(by(candidate.clone()), STAKE, RewardDestination::Staked));
			assert_ok!(Staking::validate(by(candidate), ValidatorPrefs::default()));
		}
		for validator in &before {
			assert_ok!(Staking::chill(by(validator.clone())));
		}
		chain.eras(3);
		assert_eq!(Session::validators(), before);
		assert!(!crate::Babe::authorities().is_empty());
		let session = Session::current_index();
		chain.block();
		chain.block();
		assert_eq!(Session::current_index(), session, "an epoch takes its slots");
		assert_invariants();
	});
}

#[test]
fn authorities_stay_when_every_validator_removes_its_keys() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let before = crate::Babe::authorities();
		let validators = Session::validators();
		let keys: Vec<_> = validators.iter().map(|who| Session::load_keys(who).unwrap()).collect();
		for validator in &validators {
			assert_ok!(Session::purge_keys(by(validator.clone())));
		}
		chain.eras(2);
		assert!(Session::validators().is_empty());
		assert_eq!(crate::Babe::authorities(), before);
		let session = Session::current_index();
		chain.block();
		chain.block();
		assert_eq!(Session::current_index(), session, "an epoch takes its slots");

		let (who, key) = (validators[0].clone(), keys[0].clone());
		pallet_session::NextKeys::<Runtime>::insert(&who, key);
		chain.eras(2);
		assert_eq!(Session::validators(), vec![who]);
		assert_eq!(crate::Babe::authorities().len(), 1);
		assert_eq!(crate::Grandpa::grandpa_authorities().len(), 1);
	});
}

#[test]
fn election_goes_by_stake_when_there_are_more_candidates_than_seats() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		assert_ok!(Staking::set_validator_count(RuntimeOrigin::root(), 3));
		let ferdie = Ferdie.to_account_id();
		assert_ok!(Staking::bond(by(ferdie.clone()), STAKE, RewardDestination::Staked));
		let chosen = [Alice, Bob, Charlie].map(|key| key.to_account_id());
		let named = chosen.iter().cloned().map(Into::into).collect();
		assert_ok!(Staking::nominate(by(ferdie), named));
		chain.eras(2);
		let mut elected = Session::validators();
		elected.sort();
		let mut expected = chosen.to_vec();
		expected.sort();
		assert_eq!(elected, expected);
	});
}

#[test]
fn bond_is_refused_below_the_minimum() {
	local().execute_with(|| {
		let eve = Eve.to_account_id();
		assert_ok!(Staking::bond(
			by(eve.clone()),
			MIN_NOMINATOR_BOND / 2,
			RewardDestination::Stash
		));
		let named = vec![Alice.to_account_id().into()];
		assert_noop!(
			Staking::nominate(by(eve.clone()), named),
			pallet_staking::Error::<Runtime>::InsufficientBond
		);
		assert_ok!(Staking::bond_extra(by(eve.clone()), MIN_VALIDATOR_BOND / 2));
		assert_noop!(
			Staking::validate(by(eve), ValidatorPrefs::default()),
			pallet_staking::Error::<Runtime>::InsufficientBond
		);
	});
}

#[test]
fn emission_is_what_governance_set_and_never_more_than_the_limit() {
	local().execute_with(|| {
		let era = 3 * 20 * 3_000;
		let emitted = |rate: Perbill| {
			let part = Perquintill::from_rational(era, YEAR_MILLIS);
			part.mul_floor(rate.mul_floor(SUPPLY))
		};
		let set = |rate: Option<Perbill>| {
			let parameter = crate::RuntimeParameters::Staking(
				dynamic_params::staking::Parameters::AnnualEmission(
					dynamic_params::staking::AnnualEmission,
					rate,
				),
			);
			assert_ok!(crate::Parameters::set_parameter(RuntimeOrigin::root(), parameter));
		};
		assert_eq!(
			EarnedAndEmitted::era_payout(0, SUPPLY, era).0,
			emitted(Perbill::from_percent(3))
		);
		set(Some(Perbill::from_percent(80)));
		assert_eq!(EarnedAndEmitted::era_payout(0, SUPPLY, era).0, emitted(MAX_EMISSION));
		set(Some(Perbill::zero()));
		assert_eq!(EarnedAndEmitted::era_payout(0, SUPPLY, era).0, 0);
	});
}

#[test]
fn era_that_stood_still_emits_no_more_than_any_other() {
	local().execute_with(|| {
		let era = 3 * 20 * 3_000;
		let usual = EarnedAndEmitted::era_payout(0, SUPPLY, era);
		assert_eq!(EarnedAndEmitted::era_payout(0, SUPPLY, 100 * era), usual);
	});
}

#[test]
fn validators_earn_what_fees_brought_them_and_the_supply_grows_by_the_emission_alone() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.eras(1);
		let era = pallet_staking::ActiveEra::<Runtime>::get().unwrap().index;
		let collected = 1_000 * OPEN;
		let pot = ValidatorsAccount::get();
		let from = Eve.to_account_id();
		assert_ok!(<Balances as Mutate<_>>::transfer(
			&from,
			&pot,
			collected,
			frame_support::traits::tokens::Preservation::Preserve,
		));
		chain.blocks(4);
		let before = Balances::total_issuance();
		chain.eras(1);
		assert_eq!(before - Balances::total_issuance(), collected, "burned when the era ends");
		let payout = pallet_staking::ErasValidatorReward::<Runtime>::get(era).unwrap();
		assert!(payout > collected);
		let mut paid = 0;
		for validator in [Alice, Bob, Charlie, Dave] {
			let stash = validator.to_account_id();
			let had = <Balances as Inspect<AccountId>>::total_balance(&stash);
			let result =
				Staking::payout_stakers_by_page(by(Eve.to_account_id()), stash.clone(), era, 0);
			if result.is_ok() {
				paid += <Balances as Inspect<AccountId>>::total_balance(&stash) - had;
			}
		}
		// Staking divides by parts in a billion; what that rounds away is not minted.
		assert!(paid <= payout && payout - paid < payout / 100_000_000, "{paid} of {payout}");
		assert_eq!(Balances::total_issuance(), before - collected + paid);
		assert_invariants();
	});
}

#[test]
fn small_holders_earn_through_a_pool() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		let (eve, ferdie) = (Eve.to_account_id(), Ferdie.to_account_id());
		let admin = || eve.clone().into();
		assert_ok!(NominationPools::create(by(eve.clone()), STAKE, admin(), admin(), admin()));
		let named = vec![Alice.to_account_id()];
		assert_ok!(NominationPools::nominate(by(eve.clone()), 1, named));
		assert_ok!(NominationPools::join(by(ferdie.clone()), OPEN, 1));
		assert!(
			Staking::bond(by(ferdie.clone()), OPEN, RewardDestination::Stash).is_err(),
			"what is staked through a pool is not staked twice"
		);
		chain.eras(2);
		let era = pallet_staking::ActiveEra::<Runtime>::get().unwrap().index;
		chain.blocks(8);
		chain.eras(1);
		assert_ok!(Staking::payout_stakers_by_page(by(eve), Alice.to_account_id(), era, 0));
		assert!(NominationPools::api_pending_rewards(ferdie.clone()).unwrap() > 0);
		let had = Balances::free_balance(&ferdie);
		assert_ok!(NominationPools::claim_payout(by(ferdie.clone())));
		assert!(Balances::free_balance(&ferdie) > had);
		assert_invariants();
	});
}
