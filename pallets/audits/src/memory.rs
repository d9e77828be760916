//! What an agent's worker remembers between runs, in the off-chain database of its node.

use crate::{Audits, Config, Note, Notes, Pallet};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_attribution::{
	Claim,
	audit::{Finding, Level},
	claim::v1,
};
use openledger_primitives_core::{BlockNumber, Hash, RequestId, record::content_hash};
use sp_runtime::offchain::storage::StorageValueRef;

/// Where memories are whose claims say what was put into prompts.
const MEMORY: &[u8] = b"openledger/audits/memory/3";
/// Where those are whose claims do not.
const SECOND: &[u8] = b"openledger/audits/memory/2";
/// Where those are that do not name what is audited.
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
	Advance,
	Unveil,
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

/// A memory whose claims say nothing of prompts.
#[derive(Encode, Decode)]
pub(crate) struct Second<AccountId> {
	pub found: Vec<FoundSecond<AccountId>>,
	pub in_flight: Option<(RequestId, Step, BlockNumber)>,
}

#[derive(Encode, Decode)]
pub(crate) struct FoundSecond<AccountId> {
	pub claim: RequestId,
	pub level: Level,
	pub of: Hash,
	pub finding: Finding,
	pub salt: [u8; 32],
	pub truth: Option<v1::Claim<AccountId>>,
}

impl<AccountId> From<Second<AccountId>> for Memory<AccountId> {
	fn from(old: Second<AccountId>) -> Self {
		let found = |old: FoundSecond<AccountId>| {
			let FoundSecond { claim, level, of, finding, salt, truth } = old;
			Found { claim, level, of, finding, salt, truth: truth.map(Claim::from) }
		};
		Self { found: old.found.into_iter().map(found).collect(), in_flight: old.in_flight }
	}
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
	pub truth: Option<v1::Claim<AccountId>>,
}

/// The key of an agent's memory.
pub(crate) fn memory_key<AccountId: Encode>(agent: &AccountId) -> Vec<u8> {
	(MEMORY, agent).encode()
}

/// The key of an agent's memory whose claims say nothing of prompts.
pub(crate) fn second_key<AccountId: Encode>(agent: &AccountId) -> Vec<u8> {
	(SECOND, agent).encode()
}

/// The key of an agent's memory that does not name what is audited.
pub(crate) fn key_before<AccountId: Encode>(agent: &AccountId) -> Vec<u8> {
	(BEFORE, agent).encode()
}

impl<T: Config> Pallet<T> {
	/// What an agent's worker remembers.
	pub(crate) fn recall(agent: &T::AccountId, store: &StorageValueRef) -> Memory<T::AccountId> {
		let second = || {
			let key = second_key(agent);
			let store = StorageValueRef::persistent(&key);
			store.get::<Second<T::AccountId>>().ok().flatten().map(Memory::from)
		};
		let known = store.get().ok().flatten().or_else(second);
		known.unwrap_or_else(|| Self::recall_before(agent))
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
			let truth = truth.map(Claim::from);
			goes_on.then_some(Found { claim, level, of, finding, salt, truth })
		};
		Memory { found: found.into_iter().filter_map(of).collect(), in_flight }
	}
}
