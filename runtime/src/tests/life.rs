//! The local preset's whole life by votes alone.

use super::{
	blocks::{Chain, assert_invariants, by},
	*,
};
use crate::{
	AccountId, Balances, ConvictionVoting, OPEN, OriginCaller, Preimage, Referenda, Runtime,
	RuntimeCall, RuntimeParameters, TechnicalCommittee, Treasury, TreasuryAccount, VERSION,
	configs::{parameters::dynamic_params, tokens::SUPPLY},
	governance::Origin,
	presets,
};
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::GetDispatchInfo,
	traits::{Currency, Get, StorePreimage, schedule::DispatchTime},
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_referenda::{ReferendumInfo, ReferendumInfoFor, TracksInfo};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

type Info = pallet_referenda::ReferendumInfoOf<Runtime, ()>;

/// Submits a referendum that this call be made with this origin, and pays for its decision.
fn propose(who: Sr25519Keyring, origin: OriginCaller, call: RuntimeCall) -> u32 {
	let index = pallet_referenda::ReferendumCount::<Runtime>::get();
	let call = <Preimage as StorePreimage>::bound(call).unwrap();
	assert_ok!(Referenda::submit(
		by(who.to_account_id()),
		Box::new(origin),
		call,
		DispatchTime::After(1)
	));
	assert_ok!(Referenda::place_decision_deposit(by(who.to_account_id()), index));
	index
}

fn vote(who: impl Into<AccountId>, index: u32, aye: bool, balance: u128) {
	let vote = Vote { aye, conviction: Conviction::Locked1x };
	assert_ok!(ConvictionVoting::vote(by(who), index, AccountVote::Standard { vote, balance }));
}

/// Has everyone who can vote for it.
fn support(index: u32) {
	for who in [Alice, Bob, Charlie, Dave, Eve, Ferdie] {
		vote(who.to_account_id(), index, true, 8_000_000 * OPEN);
	}
	vote(presets::DEV_LIQUIDITY, index, true, 50_000_000 * OPEN);
}

fn info(index: u32) -> Info {
	ReferendumInfoFor::<Runtime>::get(index).unwrap()
}

/// Lets the chain grow until the referendum is over and what it decided has run.
fn decided(chain: &mut Chain, index: u32) -> Info {
	for _ in 0..2_000 {
		if !matches!(info(index), ReferendumInfo::Ongoing(_)) {
			chain.blocks(200);
			return info(index);
		}
		chain.block();
	}
	panic!("referendum {index} is never decided: {:?}", info(index));
}

fn approved(chain: &mut Chain, origin: OriginCaller, call: RuntimeCall) {
	let index = propose(Alice, origin, call);
	support(index);
	let info = decided(chain, index);
	assert!(matches!(info, ReferendumInfo::Approved(..)), "{info:?}");
}

#[test]
fn parameter_is_changed_by_a_vote() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let parameter =
			RuntimeParameters::Inference(dynamic_params::inference::Parameters::MinBond(
				dynamic_params::inference::MinBond,
				Some(2_000 * OPEN),
			));
		let call = pallet_parameters::Call::set_parameter { key_value: parameter };
		approved(&mut chain, Origin::Parameters.into(), call.into());
		assert_eq!(dynamic_params::inference::MinBond::get(), 2_000 * OPEN);
		assert_invariants();
	});
}

#[test]
fn treasury_pays_what_a_vote_granted_once_it_is_claimed() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let amount = 9_000 * OPEN;
		let to = AccountId::new([7; 32]);
		let call = pallet_treasury::Call::spend {
			asset_kind: Box::new(()),
			amount,
			beneficiary: Box::new(to.clone()),
			valid_from: None,
		};
		approved(&mut chain, Origin::TreasurySmall.into(), call.into());
		assert_eq!(Balances::free_balance(&to), 0);
		let treasury = Balances::free_balance(TreasuryAccount::get());
		assert_ok!(Treasury::payout(by(Ferdie.to_account_id()), 0));
		assert_eq!(Balances::free_balance(&to), amount);
		assert_eq!(treasury - Balances::free_balance(TreasuryAccount::get()), amount);
		assert_noop!(
			Treasury::payout(by(Ferdie.to_account_id()), 0),
			pallet_treasury::Error::<Runtime>::AlreadyAttempted
		);
		assert_invariants();
	});
}

#[test]
fn proposal_does_not_pass_by_its_proposer_alone() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let call = RuntimeCall::from(pallet_balances::Call::force_set_balance {
			who: Alice.to_account_id().into(),
			new_free: SUPPLY,
		});
		let index = propose(Alice, frame_system::RawOrigin::Root.into(), call);
		vote(Alice.to_account_id(), index, true, 8_000_000 * OPEN);
		vote(Bob.to_account_id(), index, false, 8_000_000 * OPEN);
		vote(Charlie.to_account_id(), index, false, 8_000_000 * OPEN);
		let info = decided(&mut chain, index);
		assert!(matches!(info, ReferendumInfo::Rejected(..)), "{info:?}");
		assert!(Balances::total_issuance() < 2 * SUPPLY);
	});
}

#[test]
fn malicious_referendum_is_killed_before_it_is_decided() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let call = RuntimeCall::from(frame_system::Call::kill_prefix {
			prefix: vec![],
			subkeys: u32::MAX,
		});
		let bad = propose(Eve, frame_system::RawOrigin::Root.into(), call);
		vote(Eve.to_account_id(), bad, true, 8_000_000 * OPEN);
		let had = Balances::total_balance(&Eve.to_account_id());
		let kill = pallet_referenda::Call::<Runtime>::kill { index: bad };
		approved(&mut chain, Origin::ReferendumKiller.into(), kill.into());
		assert!(matches!(info(bad), ReferendumInfo::Killed(_)));
		let lost = had - Balances::total_balance(&Eve.to_account_id());
		let deposit = crate::governance::Tracks::info(0).unwrap().decision_deposit;
		assert_eq!(lost, deposit + 100 * OPEN, "both deposits are slashed");
		assert_invariants();
	});
}

#[test]
fn mistaken_referendum_is_cancelled_and_its_deposit_returned() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let call = RuntimeCall::from(frame_system::Call::set_heap_pages { pages: 1 });
		let bad = propose(Eve, frame_system::RawOrigin::Root.into(), call);
		let had = Balances::total_balance(&Eve.to_account_id());
		let cancel = pallet_referenda::Call::<Runtime>::cancel { index: bad };
		approved(&mut chain, Origin::ReferendumCanceller.into(), cancel.into());
		assert!(matches!(info(bad), ReferendumInfo::Cancelled(..)));
		let eve = || by(Eve.to_account_id());
		assert_ok!(Referenda::refund_decision_deposit(eve(), bad));
		assert_ok!(Referenda::refund_submission_deposit(eve(), bad));
		assert_eq!(Balances::total_balance(&Eve.to_account_id()), had);
		assert_eq!(Balances::reserved_balance(Eve.to_account_id()), 0);
	});
}

/// Reads any code as the next version of this runtime: what is under test is who may replace the
/// code, not the executor that reads a version out of it.
struct NextVersion;

impl sp_core::traits::ReadRuntimeVersion for NextVersion {
	fn read_runtime_version(
		&self,
		_: &[u8],
		_: &mut dyn sp_externalities::Externalities,
	) -> Result<Vec<u8>, String> {
		let next = sp_version::RuntimeVersion { spec_version: VERSION.spec_version + 1, ..VERSION };
		Ok(next.encode())
	}
}

#[test]
fn code_is_replaced_by_a_vote_and_only_by_the_code_voted_for() {
	let mut ext = local();
	ext.register_extension(sp_core::traits::ReadRuntimeVersionExt::new(NextVersion));
	ext.execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let code = vec![1, 2, 3];
		let code_hash = BlakeTwo256::hash(&code);
		let call = frame_system::Call::authorize_upgrade { code_hash };
		approved(&mut chain, frame_system::RawOrigin::Root.into(), call.into());
		assert_noop!(
			System::apply_authorized_upgrade(by(Eve.to_account_id()), vec![3, 2, 1]),
			frame_system::Error::<Runtime>::Unauthorized
		);
		assert_ok!(System::apply_authorized_upgrade(by(Eve.to_account_id()), code.clone()));
		let key = sp_core::storage::well_known_keys::CODE;
		assert_eq!(frame_support::storage::unhashed::get_raw(key), Some(code));
	});
}

#[test]
fn whitelisted_call_goes_faster_and_still_takes_a_vote() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let urgent = RuntimeCall::from(frame_system::Call::set_storage {
			items: vec![(b"urgent".to_vec(), b"yes".to_vec())],
		});
		let call_hash = BlakeTwo256::hash_of(&urgent);
		let listing = RuntimeCall::from(pallet_whitelist::Call::whitelist_call { call_hash });
		let length = listing.encoded_size() as u32;
		let weight = listing.get_dispatch_info().call_weight;
		let proposal = BlakeTwo256::hash_of(&listing);
		let member = |key: Sr25519Keyring| by(key.to_account_id());
		assert_ok!(TechnicalCommittee::propose(member(Alice), 2, Box::new(listing), length));
		assert_ok!(TechnicalCommittee::vote(member(Alice), proposal, 0, true));
		assert_ok!(TechnicalCommittee::vote(member(Bob), proposal, 0, true));
		assert_ok!(TechnicalCommittee::close(member(Alice), proposal, 0, weight, length));

		let unlisted = RuntimeCall::from(frame_system::Call::set_heap_pages { pages: 1 });
		assert_ok!(crate::Whitelist::dispatch_whitelisted_call_with_preimage(
			Origin::WhitelistedCaller.into(),
			Box::new(unlisted),
		));
		let pages = sp_core::storage::well_known_keys::HEAP_PAGES;
		assert!(!frame_support::storage::unhashed::exists(pages), "put off until it is listed");
		let call = pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage {
			call: Box::new(urgent),
		};
		let begun = chain.number();
		approved(&mut chain, Origin::WhitelistedCaller.into(), call.into());
		assert_eq!(frame_support::storage::unhashed::get_raw(b"urgent"), Some(b"yes".to_vec()));
		let slowest = crate::governance::Tracks::info(0).unwrap().decision_period;
		assert!(chain.number() - begun < slowest, "{}", chain.number() - begun);
	});
}
