use super::{blocks::by, *};
use crate::{
	ConvictionVoting, Parameters, Referenda, Runtime, RuntimeCall, RuntimeOrigin,
	RuntimeParameters, Treasury,
	configs::parameters::{DEFAULT_SPLIT, ValidSplit, dynamic_params},
	governance::{ContributorTracks, Origin, SPEND_LIMITS, Tracks},
	presets,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Currency, Get, StorePreimage, schedule::DispatchTime},
};
use openledger_primitives_core::settlement::FeeSplit;
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_referenda::TracksInfo;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Eve};
use sp_runtime::{DispatchError, Perbill, Permill};

fn split(split: FeeSplit) -> RuntimeParameters {
	RuntimeParameters::Rewards(dynamic_params::rewards::Parameters::Split(
		dynamic_params::rewards::Split,
		Some(split),
	))
}

fn min_bond(amount: u128) -> RuntimeParameters {
	RuntimeParameters::Inference(dynamic_params::inference::Parameters::MinBond(
		dynamic_params::inference::MinBond,
		Some(amount),
	))
}

fn vetted() -> RuntimeOrigin {
	pallet_voice::Origin::Vetted.into()
}

#[test]
fn parameter_changes_when_root_or_its_track_sets_it() {
	local().execute_with(|| {
		assert_ok!(Parameters::set_parameter(RuntimeOrigin::root(), min_bond(7)));
		assert_eq!(dynamic_params::inference::MinBond::get(), 7);
		assert_ok!(Parameters::set_parameter(Origin::Parameters.into(), min_bond(8)));
		assert_eq!(dynamic_params::inference::MinBond::get(), 8);
	});
}

#[test]
fn split_changes_by_a_vetted_call_alone() {
	local().execute_with(|| {
		let changed = FeeSplit { owner: Permill::from_percent(22), ..DEFAULT_SPLIT };
		for origin in [
			RuntimeOrigin::root(),
			Origin::Parameters.into(),
			Origin::AttributionParameters.into(),
			by(Alice.to_account_id()),
		] {
			assert_noop!(
				Parameters::set_parameter(origin, split(changed)),
				DispatchError::BadOrigin
			);
		}
		assert_ok!(Parameters::set_parameter(vetted(), split(changed)));
		assert_eq!(ValidSplit::get(), changed);
		assert_noop!(Parameters::set_parameter(vetted(), min_bond(7)), DispatchError::BadOrigin);
	});
}

#[test]
fn split_is_not_followed_when_its_parts_exceed_the_whole() {
	local().execute_with(|| {
		assert!(DEFAULT_SPLIT.is_valid());
		let greedy = FeeSplit { contributors: Permill::from_percent(56), ..DEFAULT_SPLIT };
		assert_ok!(Parameters::set_parameter(vetted(), split(greedy)));
		assert_eq!(ValidSplit::get(), DEFAULT_SPLIT);
	});
}

#[test]
fn sudo_is_refused_when_preset_has_no_key() {
	local().execute_with(|| {
		let call = Box::new(RuntimeCall::from(frame_system::Call::remark { remark: Vec::new() }));
		for who in [Alice, Bob] {
			assert_noop!(
				crate::Sudo::sudo(by(who.to_account_id()), call.clone()),
				pallet_sudo::Error::<Runtime>::RequireSudo
			);
		}
	});
}

#[test]
fn sudo_acts_as_root_when_development_key_calls() {
	dev().execute_with(|| {
		let call = Box::new(frame_system::Call::set_storage { items: Vec::new() }.into());
		assert_ok!(crate::Sudo::sudo(by(Alice.to_account_id()), call));
	});
}

#[test]
fn every_origin_of_governance_has_one_track_and_every_track_ends() {
	local().execute_with(|| {
		Tracks::check_integrity().unwrap();
		ContributorTracks::check_integrity().unwrap();
		let mut seen = Vec::new();
		for origin in [
			frame_system::RawOrigin::Root.into(),
			Origin::WhitelistedCaller.into(),
			Origin::Parameters.into(),
			Origin::AttributionParameters.into(),
			Origin::ContributorApproved.into(),
			Origin::TreasurySmall.into(),
			Origin::TreasuryMedium.into(),
			Origin::TreasuryBig.into(),
			Origin::DatanetDisputes.into(),
			Origin::ReferendumCanceller.into(),
			Origin::ReferendumKiller.into(),
		] {
			seen.push(Tracks::track_for(&origin).unwrap());
		}
		assert_eq!(seen, Tracks::track_ids().collect::<Vec<_>>());
		assert!(Tracks::track_for(&Origin::Contributors.into()).is_err());
		assert_eq!(ContributorTracks::track_for(&Origin::Contributors.into()), Ok(0));
		assert!(Tracks::track_for(&pallet_voice::Origin::Vetted.into()).is_err());
		for track in Tracks::tracks().chain(ContributorTracks::tracks()) {
			let end = Perbill::one();
			// Reciprocal curves meet their floor to within a rounding.
			let half = Perbill::from_parts(499_999_000);
			assert!(track.info.min_approval.threshold(end) >= half, "{}", track.id);
			assert!(track.info.min_support.threshold(end) <= Perbill::from_percent(10));
			assert!(track.info.confirm_period <= track.info.decision_period);
		}
	});
}

/// Contributors need time to reject what the attribution track has approved.
#[test]
fn rejection_can_be_carried_before_what_it_rejects_is_enacted() {
	for name in presets::names() {
		started(name.as_ref()).execute_with(|| {
			let slow = Tracks::info(11).unwrap();
			let theirs = ContributorTracks::info(0).unwrap();
			let least = slow.prepare_period + slow.confirm_period + slow.min_enactment_period;
			let rejection =
				theirs.prepare_period + theirs.confirm_period + theirs.min_enactment_period;
			assert!(rejection < least, "{rejection} {least}");
		});
	}
}

#[test]
fn spending_is_refused_above_the_tracks_limit() {
	local().execute_with(|| {
		let to = Eve.to_account_id();
		for (origin, limit) in SPEND_LIMITS {
			let spend = |amount| {
				Treasury::spend(origin.into(), Box::new(()), amount, Box::new(to.clone()), None)
			};
			assert_noop!(
				spend(limit + 1),
				pallet_treasury::Error::<Runtime>::InsufficientPermission
			);
			assert_ok!(spend(limit));
		}
		assert_noop!(
			Treasury::spend(by(to.clone()), Box::new(()), 1, Box::new(to.clone()), None),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn tokens_that_vesting_locks_do_not_vote() {
	local().execute_with(|| {
		let call = RuntimeCall::from(frame_system::Call::remark { remark: vec![1] });
		assert_ok!(Referenda::submit(
			by(Alice.to_account_id()),
			Box::new(frame_system::RawOrigin::Root.into()),
			<crate::Preimage as StorePreimage>::bound(call).unwrap(),
			DispatchTime::After(1),
		));
		let vote = |who: crate::AccountId, balance| {
			let vote = Vote { aye: true, conviction: Conviction::None };
			ConvictionVoting::vote(by(who), 0, AccountVote::Standard { vote, balance })
		};
		let investors = crate::AccountId::new(presets::DEV_INVESTORS);
		assert!(crate::Balances::total_balance(&investors) > 100_000_000 * crate::OPEN);
		assert_noop!(
			vote(investors.clone(), crate::OPEN),
			pallet_conviction_voting::Error::<Runtime>::InsufficientFunds
		);
		assert_noop!(
			ConvictionVoting::delegate(
				by(investors.clone()),
				0,
				Alice.to_account_id().into(),
				Conviction::Locked1x,
				crate::OPEN,
			),
			pallet_conviction_voting::Error::<Runtime>::InsufficientFunds
		);
		assert_ok!(vote(Bob.to_account_id(), crate::OPEN));
		System::set_block_number(4 * 365 * 20 + 1);
		assert_ok!(vote(investors, crate::OPEN));
	});
}
