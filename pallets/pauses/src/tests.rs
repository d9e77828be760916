use crate::{Error, Event, Pallet, migrations::EndEveryPause, mock::*};
use frame_support::{assert_noop, assert_ok, traits::OnRuntimeUpgrade};
use pallet_tx_pause::{PausedCalls, RuntimeCallNameOf};
use sp_runtime::{DispatchError, traits::Dispatchable};

type Name = RuntimeCallNameOf<Test>;

fn name(pallet: &str, call: &str) -> Name {
	let bounded = |text: &str| text.as_bytes().to_vec().try_into().unwrap();
	(bounded(pallet), bounded(call))
}

fn burns() -> Name {
	name("Balances", "burn")
}

/// Whether the call gets past the filter.
fn can_burn() -> bool {
	let call = RuntimeCall::from(pallet_balances::Call::burn { value: 1, keep_alive: true });
	let filtered = frame_system::Error::<Test>::CallFiltered.into();
	call.dispatch(RuntimeOrigin::signed(1)).map_err(|refused| refused.error) != Err(filtered)
}

/// Leaves the scheduler no room in a block.
fn fill_agenda(block: u64) {
	for _ in 0..8 {
		let call = frame_system::Call::remark { remark: vec![] };
		assert_ok!(Scheduler::schedule(
			RuntimeOrigin::root(),
			block,
			None,
			0,
			Box::new(call.into())
		));
	}
}

fn committee() -> RuntimeOrigin {
	RuntimeOrigin::signed(COMMITTEE)
}

#[test]
fn pause_ends_by_itself() {
	chain(|| {
		assert_ok!(Pauses::pause(committee(), burns(), COMMITTEES));
		System::assert_last_event(Event::Paused { call: burns(), until: 11 }.into());
		assert!(!can_burn());
		go_to(10);
		assert!(!can_burn());
		go_to(11);
		assert!(can_burn());
		assert_eq!(Pallet::<Test>::end_of(&burns()), None);
	});
}

#[test]
fn pause_is_refused_for_no_time_and_for_too_long() {
	chain(|| {
		let refused = || Error::<Test>::WrongLength;
		assert_noop!(Pauses::pause(committee(), burns(), 0), refused());
		assert_noop!(Pauses::pause(committee(), burns(), COMMITTEES + 1), refused());
		assert_noop!(Pauses::pause(RuntimeOrigin::root(), burns(), LONGEST + 1), refused());
		assert_noop!(Pauses::prolong(RuntimeOrigin::root(), burns(), LONGEST + 1), refused());
		assert_ok!(Pauses::pause(RuntimeOrigin::root(), burns(), LONGEST));
	});
}

#[test]
fn pause_is_refused_to_strangers_and_of_what_does_not_exist_or_must_go_on() {
	chain(|| {
		let stranger = || RuntimeOrigin::signed(1);
		assert_noop!(Pauses::pause(stranger(), burns(), 1), DispatchError::BadOrigin);
		assert_noop!(Pauses::prolong(committee(), burns(), 1), DispatchError::BadOrigin);
		assert_noop!(Pauses::resume(stranger(), burns()), DispatchError::BadOrigin);
		for unknown in [name("Balances", "bourn"), name("Balance", "burn"), name("", "")] {
			assert_noop!(Pauses::pause(committee(), unknown, 1), Error::<Test>::UnknownCall);
		}
		for vital in [name("Scheduler", "cancel"), name("TxPause", "unpause")] {
			assert_noop!(Pauses::pause(committee(), vital, 1), Error::<Test>::Unpausable);
		}
	});
}

#[test]
fn second_pause_is_refused_and_only_a_vote_prolongs() {
	chain(|| {
		assert_noop!(Pauses::prolong(RuntimeOrigin::root(), burns(), 5), Error::<Test>::NotPaused);
		assert_ok!(Pauses::pause(committee(), burns(), 5));
		assert_noop!(Pauses::pause(committee(), burns(), 5), Error::<Test>::AlreadyPaused);
		assert_ok!(Pauses::prolong(RuntimeOrigin::root(), burns(), 50));
		go_to(50);
		assert!(!can_burn());
		assert_ok!(Pauses::prolong(RuntimeOrigin::root(), burns(), 1));
		go_to(51);
		assert!(can_burn());
	});
}

#[test]
fn resumed_call_can_be_paused_again_for_its_whole_time() {
	chain(|| {
		assert_noop!(Pauses::resume(committee(), burns()), Error::<Test>::NotPaused);
		assert_ok!(Pauses::pause(committee(), burns(), 5));
		assert_ok!(Pauses::resume(committee(), burns()));
		assert!(can_burn());
		assert_ok!(Pauses::pause(committee(), burns(), 9));
		// A pause lifted past this pallet leaves its end behind, which the next one replaces.
		assert_ok!(TxPause::unpause(RuntimeOrigin::root(), burns()));
		assert_ok!(Pauses::pause(committee(), burns(), 10));
		go_to(10);
		assert!(!can_burn());
		go_to(11);
		assert!(can_burn());
	});
}

#[test]
fn pause_without_room_for_its_end_is_refused() {
	chain(|| {
		fill_agenda(6);
		assert!(Pauses::pause(committee(), burns(), 5).is_err());
		assert_ok!(Pauses::pause(committee(), burns(), 6));
	});
}

#[test]
fn migration_ends_every_pause_and_changes_nothing_the_second_time() {
	chain(|| {
		let ended = name("Balances", "transfer_all");
		assert_ok!(Pauses::pause(committee(), ended.clone(), 5));
		PausedCalls::<Test>::insert(burns(), ());
		assert!(Pauses::do_try_state().is_err());
		EndEveryPause::<Test>::on_runtime_upgrade();
		System::assert_last_event(Event::EndAdded { call: burns(), until: 1 + LONGEST }.into());
		assert_eq!(Pallet::<Test>::end_of(&ended), Some(6));
		let root = sp_io::storage::root(Default::default());
		EndEveryPause::<Test>::on_runtime_upgrade();
		assert_eq!(sp_io::storage::root(Default::default()), root);
		go_to(1 + LONGEST);
		assert!(can_burn());
	});
}

#[test]
fn migration_lifts_a_pause_whose_end_finds_no_room() {
	chain(|| {
		fill_agenda(1 + LONGEST);
		PausedCalls::<Test>::insert(burns(), ());
		EndEveryPause::<Test>::on_runtime_upgrade();
		assert!(can_burn());
	});
}
