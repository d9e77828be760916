use super::{
	blocks::{Chain, assert_invariants, by},
	*,
};
use crate::{
	AccountId, OPEN, Preimage, Runtime, RuntimeCall, RuntimeOrigin, RuntimeParameters, Voice,
	configs::parameters::{DEFAULT_SPLIT, ValidSplit, dynamic_params},
	governance::Origin,
};
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, StorePreimage, schedule::DispatchTime},
};
use openledger_primitives_core::{
	settlement::{FeeSplit, Payment},
	traits::Voice as _,
};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Eve};
use sp_runtime::{
	DispatchError, Permill,
	traits::{BlakeTwo256, Hash as _},
};

type Contributors = pallet_referenda::Pallet<Runtime, pallet_referenda::Instance2>;

/// Has contributors earn as much as a fee whose treasury part is `sunk` brings them.
fn earn(who: AccountId, sunk: u128) {
	let payment = Payment { account: who.clone(), amount: 10 * sunk };
	for points in Voice::earned(&[payment], sunk) {
		Voice::credit(&who, points);
	}
}

fn new_split() -> FeeSplit {
	FeeSplit {
		contributors: Permill::from_percent(10),
		owner: Permill::from_percent(60),
		..DEFAULT_SPLIT
	}
}

fn change() -> RuntimeCall {
	let key_value = RuntimeParameters::Rewards(dynamic_params::rewards::Parameters::Split(
		dynamic_params::rewards::Split,
		Some(new_split()),
	));
	pallet_parameters::Call::set_parameter { key_value }.into()
}

fn dispatch(origin: RuntimeOrigin) -> Result<(), DispatchError> {
	Voice::dispatch(origin, Box::new(change())).map(drop).map_err(|error| error.error)
}

/// Has contributors decide, by a referendum of their own, that this call be made.
fn contributors_decide(chain: &mut Chain, call: RuntimeCall) {
	let index = pallet_referenda::ReferendumCount::<Runtime, pallet_referenda::Instance2>::get();
	let proposal = <Preimage as StorePreimage>::bound(call).unwrap();
	assert_ok!(Contributors::submit(
		by(Alice.to_account_id()),
		Box::new(Origin::Contributors.into()),
		proposal,
		DispatchTime::After(1),
	));
	assert_ok!(Contributors::place_decision_deposit(by(Alice.to_account_id()), index));
	assert_noop!(
		Voice::vote(by(Eve.to_account_id()), index, true),
		pallet_voice::Error::<Runtime>::NoVoice
	);
	assert_ok!(Voice::vote(by(Alice.to_account_id()), index, true));
	assert_ok!(Voice::vote(by(Bob.to_account_id()), index, true));
	chain.blocks(200);
}

#[test]
fn split_that_contributors_rejected_is_not_enacted() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		for who in [Alice, Bob] {
			earn(who.to_account_id(), 5_000 * OPEN);
		}
		let call_hash = BlakeTwo256::hash_of(&change());
		contributors_decide(&mut chain, pallet_voice::Call::reject { call_hash }.into());
		for origin in [Origin::AttributionParameters.into(), RuntimeOrigin::root()] {
			assert_noop!(dispatch(origin), pallet_voice::Error::<Runtime>::Vetoed);
		}
		assert_eq!(ValidSplit::get(), DEFAULT_SPLIT);
		contributors_decide(&mut chain, pallet_voice::Call::withdraw { call_hash }.into());
		assert_ok!(dispatch(Origin::AttributionParameters.into()));
		assert_eq!(ValidSplit::get(), new_split());
		assert_invariants();
	});
}

#[test]
fn rejection_does_not_bind_while_contributors_weigh_too_little() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		for who in [Alice, Bob] {
			earn(who.to_account_id(), OPEN);
		}
		let call_hash = BlakeTwo256::hash_of(&change());
		contributors_decide(&mut chain, pallet_voice::Call::reject { call_hash }.into());
		assert_eq!(pallet_voice::Verdicts::<Runtime>::get(call_hash), None);
		assert_ok!(dispatch(Origin::AttributionParameters.into()));
	});
}

#[test]
fn fast_track_takes_an_approval_and_uses_it_up() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		for who in [Alice, Bob] {
			earn(who.to_account_id(), OPEN);
		}
		let fast = || Origin::ContributorApproved.into();
		assert!(dispatch(fast()).is_err());
		let call_hash = BlakeTwo256::hash_of(&change());
		contributors_decide(&mut chain, pallet_voice::Call::approve { call_hash }.into());
		assert_ok!(dispatch(fast()));
		assert_eq!(ValidSplit::get(), new_split());
		assert!(dispatch(fast()).is_err());
	});
}

#[test]
fn contributors_origin_opens_nothing_else() {
	local().execute_with(|| {
		assert_noop!(
			crate::Parameters::set_parameter(
				Origin::Contributors.into(),
				match change() {
					RuntimeCall::Parameters(pallet_parameters::Call::set_parameter {
						key_value,
					}) => key_value,
					_ => unreachable!(),
				}
			),
			DispatchError::BadOrigin
		);
		assert_noop!(dispatch(Origin::Contributors.into()), DispatchError::BadOrigin);
		assert_noop!(dispatch(Origin::Parameters.into()), DispatchError::BadOrigin);
		assert!(change().encoded_size() < 128);
	});
}

#[test]
fn voice_halves_in_a_year() {
	local().execute_with(|| {
		System::set_block_number(1);
		earn(Alice.to_account_id(), 1_000 * OPEN);
		let now = Voice::weight_of(&Alice.to_account_id());
		assert!(now <= 1_000 * OPEN && now > 999 * OPEN);
		System::set_block_number(1 + 365 * 20);
		let later = Voice::weight_of(&Alice.to_account_id());
		assert!(later.abs_diff(now / 2) < OPEN, "{later}");
	});
}
