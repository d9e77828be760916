//! Jobs, results, and the seam between the off-chain worker in the runtime and the engine in the
//! node: one opaque host function, SCALE in and SCALE out, so that nodes survive runtime upgrades:
//! those that don't know what a runtime asks say so, and answer again once they are of its release.
//!
//! The extension behind it is registered for off-chain contexts alone. Every node has the
//! function; a node without an engine answers [`Failure::Unavailable`].

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

extern crate alloc;

pub mod comparison;
pub mod examination;
pub mod host;
pub mod job;
pub mod operator;
pub mod pending;
pub mod receipts;
pub mod watch;

pub use job::{
	Capabilities, Command, Failure, Job, Material, Message, Outcome, Progress, Reply, Response,
};

use sp_core::crypto::KeyTypeId;

/// The keystore type of an operator's agent key, with which its off-chain worker signs.
pub const OPERATOR_KEY_TYPE: KeyTypeId = KeyTypeId(*b"oper");

/// The keystore type of a watcher's key, which challenges are signed with and deposits are held from.
/// Not the agent's: a watcher has to be registered as nothing, and two keys' transactions don't get into
/// each other's way.
pub const WATCHER_KEY_TYPE: KeyTypeId = KeyTypeId(*b"watc");

/// The sampling seed of an on-chain request: `blake2b-256("openledger/seed" ‖ SCALE(request,
/// payer, nonce))`, so that nobody but the payer chooses it, and before the request has a number.
pub fn sampling_seed<AccountId: codec::Encode>(
	request: openledger_primitives_core::RequestId,
	payer: &AccountId,
	nonce: &[u8; 32],
) -> [u8; 32] {
	use codec::Encode;
	(b"openledger/seed", request, payer, nonce).using_encoded(sp_io::hashing::blake2_256)
}
