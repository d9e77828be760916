use super::*;
use crate::{
	Parameters, Runtime, RuntimeCall, RuntimeOrigin, RuntimeParameters,
	configs::parameters::{DEFAULT_SPLIT, ValidSplit, dynamic_params},
};
use frame_support::{assert_noop, assert_ok, traits::Get};
use openledger_primitives_core::settlement::FeeSplit;
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::{DispatchError, Permill};

fn split(split: FeeSplit) -> RuntimeParameters {
	RuntimeParameters::Rewards(dynamic_params::rewards::Parameters::Split(
		dynamic_params::rewards::Split,
		Some(split),
	))
}

#[test]
fn parameter_changes_when_root_sets_it() {
	local().execute_with(|| {
		let changed = FeeSplit { owner: Permill::from_percent(25), ..DEFAULT_SPLIT };
		assert_ok!(Parameters::set_parameter(RuntimeOrigin::root(), split(changed)));
		assert_eq!(ValidSplit::get(), changed);
	});
}

#[test]
fn parameter_is_refused_when_caller_is_not_root() {
	dev().execute_with(|| {
		assert_noop!(
			Parameters::set_parameter(
				RuntimeOrigin::signed(Alice.to_account_id()),
				split(DEFAULT_SPLIT)
			),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn split_is_not_followed_when_its_parts_exceed_the_whole() {
	local().execute_with(|| {
		assert!(DEFAULT_SPLIT.is_valid());
		let greedy = FeeSplit { contributors: Permill::from_percent(56), ..DEFAULT_SPLIT };
		assert_ok!(Parameters::set_parameter(RuntimeOrigin::root(), split(greedy)));
		assert_eq!(ValidSplit::get(), DEFAULT_SPLIT);
	});
}

#[test]
fn sudo_is_refused_when_preset_has_no_key() {
	local().execute_with(|| {
		let call = Box::new(RuntimeCall::from(frame_system::Call::remark { remark: Vec::new() }));
		for who in [Alice, Bob] {
			assert_noop!(
				crate::Sudo::sudo(RuntimeOrigin::signed(who.to_account_id()), call.clone()),
				pallet_sudo::Error::<Runtime>::RequireSudo
			);
		}
	});
}

#[test]
fn sudo_acts_as_root_when_development_key_calls() {
	dev().execute_with(|| {
		let call = Box::new(frame_system::Call::set_storage { items: Vec::new() }.into());
		assert_ok!(crate::Sudo::sudo(RuntimeOrigin::signed(Alice.to_account_id()), call));
	});
}
