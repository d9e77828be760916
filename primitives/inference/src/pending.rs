//! What waits in the pool of transactions that several off-chain workers sign with one key.
//!
//! A worker takes its nonce from the block that it runs on. What another sent on an earlier block has the same
//! one until it is included, and of two the pool keeps the one of higher priority. A worker whose transaction
//! can wait looks here first, and all of them say here what they have sent.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_core::BlockNumber;
use sp_runtime::offchain::storage::StorageValueRef;

const KEY: &[u8] = b"openledger/pending";

fn key(account: &impl Encode) -> Vec<u8> {
	(KEY, account).encode()
}

/// Remembers that transactions of `account` were sent, after which its next nonce is `next`, and that they are in
/// a block or lost at `until`.
pub fn note<N: Encode>(account: &impl Encode, next: N, until: BlockNumber) {
	StorageValueRef::persistent(&key(account)).set(&(next, until));
}

/// Whether a transaction of `account` waits for a block after `now`, where its next nonce is `nonce`.
pub fn waits<N: Decode + PartialOrd>(account: &impl Encode, nonce: N, now: BlockNumber) -> bool {
	let noted = StorageValueRef::persistent(&key(account)).get::<(N, BlockNumber)>();
	noted.ok().flatten().is_some_and(|(next, until)| nonce < next && now < until)
}
