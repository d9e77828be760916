use super::{
	blocks::{Chain, assert_invariants, by},
	*,
};
use crate::{
	Pauses, RuntimeCall, RuntimeOrigin, SafeMode, TechnicalCommittee, TxPause,
	governance::EmergencyPeriod,
};
use codec::Encode;
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo, traits::Get};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Eve};
use sp_runtime::{
	DispatchError,
	traits::{BlakeTwo256, Dispatchable, Hash as _},
};

/// Has two of three members of the committee carry a call.
fn committee(call: RuntimeCall) {
	let length = call.encoded_size() as u32;
	let weight = call.get_dispatch_info().call_weight;
	let hash = BlakeTwo256::hash_of(&call);
	let index =
		pallet_collective::ProposalCount::<crate::Runtime, pallet_collective::Instance1>::get();
	assert_ok!(TechnicalCommittee::propose(by(Alice.to_account_id()), 2, Box::new(call), length));
	for member in [Alice, Bob] {
		assert_ok!(TechnicalCommittee::vote(by(member.to_account_id()), hash, index, true));
	}
	assert_ok!(TechnicalCommittee::close(by(Alice.to_account_id()), hash, index, weight, length));
}

fn transfer() -> RuntimeCall {
	pallet_balances::Call::transfer_keep_alive {
		dest: Bob.to_account_id().into(),
		value: crate::OPEN,
	}
	.into()
}

#[test]
fn safe_mode_stops_traffic_but_not_governance_and_ends_by_itself() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		committee(pallet_safe_mode::Call::force_enter {}.into());
		assert!(SafeMode::is_entered());
		let filtered = frame_system::Error::<crate::Runtime>::CallFiltered;
		assert_noop!(transfer().dispatch(by(Eve.to_account_id())), filtered);
		let call = RuntimeCall::from(pallet_preimage::Call::note_preimage { bytes: vec![1] });
		assert_ok!(call.dispatch(by(Eve.to_account_id())));
		let period: u32 = EmergencyPeriod::get();
		chain.blocks(period + 1);
		assert!(!SafeMode::is_entered());
		assert_ok!(transfer().dispatch(by(Eve.to_account_id())));
	});
}

#[test]
fn committee_cannot_prolong_its_own_emergency() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		committee(pallet_safe_mode::Call::force_enter {}.into());
		let until = pallet_safe_mode::EnteredUntil::<crate::Runtime>::get();
		committee(pallet_safe_mode::Call::force_extend {}.into());
		assert_eq!(pallet_safe_mode::EnteredUntil::<crate::Runtime>::get(), until);
		assert_ok!(SafeMode::force_extend(RuntimeOrigin::root()));
		assert!(pallet_safe_mode::EnteredUntil::<crate::Runtime>::get() > until);
	});
}

#[test]
fn safe_mode_is_refused_to_everyone_else() {
	local().execute_with(|| {
		let eve = || by(Eve.to_account_id());
		assert_noop!(SafeMode::force_enter(eve()), DispatchError::BadOrigin);
		assert_noop!(
			SafeMode::enter(eve()),
			pallet_safe_mode::Error::<crate::Runtime>::NotConfigured
		);
	});
}

#[test]
fn pause_ends_by_itself_and_never_stops_what_lifts_it() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let name = |pallet: &str, call: &str| {
			let bounded = |text: &str| text.as_bytes().to_vec().try_into().unwrap();
			(bounded(pallet), bounded(call))
		};
		let transfers = name("Balances", "transfer_keep_alive");
		let period: u32 = EmergencyPeriod::get();
		let pause = |blocks| pallet_pauses::Call::pause { name: transfers.clone(), blocks };
		committee(pause(period + 1).into());
		assert!(!TxPause::is_paused(&transfers), "the committee pauses for a day at most");
		committee(pause(period).into());
		let refused = frame_system::Error::<crate::Runtime>::CallFiltered;
		assert_noop!(transfer().dispatch(by(Charlie.to_account_id())), refused);
		let longer = pallet_pauses::Call::prolong { name: transfers.clone(), blocks: 2 * period };
		committee(longer.into());
		chain.blocks(period + 1);
		assert_ok!(transfer().dispatch(by(Charlie.to_account_id())));

		let vital = ["Pauses", "TxPause", "Referenda", "Voice"];
		for (pallet, call) in vital.into_iter().zip(["resume", "unpause", "submit", "vote"]) {
			assert_noop!(
				Pauses::pause(RuntimeOrigin::root(), name(pallet, call), 1),
				pallet_pauses::Error::<crate::Runtime>::Unpausable
			);
		}
		assert_noop!(
			TxPause::pause(RuntimeOrigin::root(), transfers.clone()),
			DispatchError::BadOrigin
		);
		assert_ok!(Pauses::pause(RuntimeOrigin::root(), transfers.clone(), 28 * period));
		committee(pallet_pauses::Call::resume { name: transfers }.into());
		assert_ok!(transfer().dispatch(by(Charlie.to_account_id())));
		assert_invariants();
	});
}
