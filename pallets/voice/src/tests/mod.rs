mod dispatch;
mod earn;
mod index;
mod migrations;
mod threats;
mod verdict;
mod vote;

use crate::{Error, Event, index::UNIT, mock::*};
use codec::Encode;
use frame_support::{assert_noop, assert_ok, traits::VoteTally};
use openledger_primitives_core::Balance;
use sp_core::H256;
use sp_runtime::{DispatchError, DispatchResult, traits::Hash};

/// What setting the guarded value to `value` is, and its hash.
fn set(value: u32) -> (RuntimeCall, H256) {
	let call = RuntimeCall::Guarded(guarded::Call::set { value });
	let hash = <Test as frame_system::Config>::Hashing::hash_of(&call);
	(call, hash)
}

/// The event that the last call ended with.
fn last_event() -> RuntimeEvent {
	System::events().pop().unwrap().event
}
