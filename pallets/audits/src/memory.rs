//! What an agent's worker remembers between runs, in the off-chain database of its node.

use crate::{Audits, Config, Note, Notes, Pallet};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_attribution::{
	Claim,
	audit::{Finding, Level},
};
use openledger_primitives_core::{BlockNumber, Hash, RequestId, record::content_hash};
use sp_runtime::offchain::storage::StorageValueRef;

/// Where memories are that name what is audited.
const MEMORY: &[u8] = b"openledger/audits/memory/2";
/// Where those are that do not.
const BEFORE: &[u8] = b"openledger/audits/memory";

/// What an agent's worker remembers between runs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Memory<AccountId> {
	/// What was found, by audit, level and what was audited.
	pub found: Vec<Found<AccountId>>,
	/// The transaction that is under way, and the block until which that counts.
	pub in_flight: Option<(RequestId, Step, BlockNumber)>,
}

impl<AccountId> Default for Memory<AccountId> {
	fn default() -> Self {
		Self { found: Vec::new(), in_flight: None }
	}
}

/// What a finding is of. The same number has another audit once a version is audited again; and on another
/// branch of the chain it can be another claim's or other records', or lots have drawn another seed.
pub(crate) fn basis<AccountId: Encode>(note: &Note<AccountId>) -> Hash {
	let Note { operator, payer, model, subject, trace, execution, .. } = note;
	(operator, payer, model, subject, trace, execution).using_encoded(content_hash)
}

impl<AccountId: Encode> Memory<AccountId> {
	/// What was found at a level of an audit of what is noted.
	pub(crate) fn found(
		&self,
		claim: RequestId,
		level: Level,
		note: &Note<AccountId>,
	) -> Option<&Found<AccountId>> {
		let of = (claim, level, basis(note));
		self.found.iter().find(|found| (found.claim, found.level, found.of) == of)
	}

	/// Keeps a finding beside those of other levels and branches: a commitment that is on one of them can't be
	/// opened without.
	pub(crate) fn remember(&mut self, new: Found<AccountId>) {
		self.found.retain(|old| (old.claim, old.level, old.of) != (new.claim, new.level, new.of));
		self.found.push(new);
	}
}

/// What a transaction does for an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Step {
	Commit(Level),
	Reveal(Level),
	Correct,
	Appeal,
}

/// What was found in one audit.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Found<AccountId> {
	pub claim: RequestId,
	pub level: Level,
	/// What it was found of: [`basis`].
	pub of: Hash,
	pub finding: Finding,
	pub salt: [u8; 32],
	/// The true claim, where it is not the one on chain.
	pub truth: Option<Claim<AccountId>>,
}

/// A memory that does not name what is audited.
#[derive(Encode, Decode)]
pub(crate) struct Before<AccountId> {
	pub found: Vec<FoundBefore<AccountId>>,
	pub in_flight: Option<(RequestId, Step, BlockNumber)>,
}

#[derive(Encode, Decode)]
pub(crate) struct FoundBefore<AccountId> {
	pub claim: RequestId,
	pub level: Level,
	pub finding: Finding,
	pub salt: [u8; 32],
	pub truth: Option<Claim<AccountId>>,
}

/// The key of an agent's memory.
pub(crate) fn memory_key<AccountId: Encode>(agent: &AccountId) -> Vec<u8> {
	(MEMORY, agent).encode()
}

/// The key of an agent's memory that does not name what is audited.
pub(crate) fn key_before<AccountId: Encode>(agent: &AccountId) -> Vec<u8> {
	(BEFORE, agent).encode()
}

impl<T: Config> Pallet<T> {
	/// What an agent's worker remembers.
	pub(crate) fn recall(agent: &T::AccountId, store: &StorageValueRef) -> Memory<T::AccountId> {
		store.get().ok().flatten().unwrap_or_else(|| Self::recall_before(agent))
	}

	/// What a worker of before remembers of audits that go on: without it, what it has committed to could not
	/// be opened. What it found is of what is audited now.
	fn recall_before(agent: &T::AccountId) -> Memory<T::AccountId> {
		let key = key_before(agent);
		let store = StorageValueRef::persistent(&key);
		let Some(Before { found, in_flight }) = store.get().ok().flatten() else {
			return Memory::default();
		};
		let of = |old: FoundBefore<T::AccountId>| {
			let FoundBefore { claim, level, finding, salt, truth } = old;
			let of = basis(&Notes::<T>::get(claim)?);
			let goes_on = Audits::<T>::contains_key(claim);
			goes_on.then_some(Found { claim, level, of, finding, salt, truth })
		};
		Memory { found: found.into_iter().filter_map(of).collect(), in_flight }
	}
}
