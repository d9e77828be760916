//! Claims as they came with their answers, for nodes that keep what the runtime writes for off-chain
//! workers: the chain itself keeps no proofs, and those of a claim are all that is to be had of an
//! index that its owner withholds.

use crate::{ClaimRecord, Config, Pallet};
use alloc::vec::Vec;
use codec::Encode;
use openledger_primitives_attribution::{Claim, claim::v1};
use openledger_primitives_core::{Hash, RequestId};
use sp_io::offchain_index;
use sp_runtime::offchain::storage::StorageValueRef;

const SUBMITTED: &[u8] = b"openledger/claims";

/// Where a claim lies in the off-chain database. After a re-organisation the same request can have
/// another claim, so that its digest is part of it.
fn key(request: RequestId, digest: Hash) -> Vec<u8> {
	(SUBMITTED, request, digest).encode()
}

impl<T: Config> Pallet<T> {
	/// Writes a claim down, on nodes that index.
	pub(crate) fn write_down(request: RequestId, digest: Hash, claim: &Claim<T::AccountId>) {
		offchain_index::set(&key(request, digest), &claim.encode());
	}

	/// Forgets a claim that is pruned.
	pub(crate) fn strike(request: RequestId, claim: &ClaimRecord<T::AccountId>) {
		offchain_index::clear(&key(request, claim.digest));
	}

	/// A claim as it was submitted, where this node wrote it down. For off-chain workers alone.
	pub(crate) fn submitted(
		request: RequestId,
		claim: &ClaimRecord<T::AccountId>,
	) -> Option<Claim<T::AccountId>> {
		let key = key(request, claim.digest);
		let kept = StorageValueRef::persistent(&key);
		let before = || kept.get::<v1::Claim<T::AccountId>>().ok().flatten().map(Claim::from);
		kept.get().ok().flatten().or_else(before)
	}
}
