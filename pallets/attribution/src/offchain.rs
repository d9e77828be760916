//! The off-chain worker of a watcher: has claims and indexes looked at, and challenges what is wrong
//! with them. An operator's agent shows what is demanded of the indexes of versions that it serves.
//!
//! Every run starts from the chain's state. What a challenge commits to can't be had from there, so it
//! is remembered in the off-chain database before the commitment is sent. Where that is lost all the
//! same, the challenge is withdrawn.

mod act;
mod look;

use crate::{
	Challenge, Challenges, Claims, Config, Demands, Fault, Pallet, Target, commitment, judge::judge,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{Decode, Encode};
use frame_support::traits::Get;
use frame_system::offchain::{Account, Signer};
use openledger_primitives_attribution::{Credit, IndexLeaf, omission::Omission};
use openledger_primitives_core::{
	BlockNumber, Hash, ModelId, RequestId,
	merkle::Proof,
	model::ModelStatus,
	traits::{Models, Operators},
};
use openledger_primitives_inference::{Command, host::exchange, pending, watch::Deed};
use sp_runtime::offchain::{
	storage::StorageValueRef,
	storage_lock::{StorageLock, Time},
};

const TARGET: &str = "runtime::attribution";
const LOCK: &[u8] = b"openledger/attribution/lock";
const MEMORY: &[u8] = b"openledger/attribution/memory";
const OPENED: &[u8] = b"openledger/attribution/opened";
const BEGUN: &[u8] = b"openledger/attribution/begun";

/// Blocks for which a transaction counts as under way. Windows are short, and sent again it has the
/// nonce that it had, so that it can't be included twice.
const UNDER_WAY: BlockNumber = 4;

/// What a watcher's worker remembers between runs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Memory<AccountId> {
	/// What was found and is not over yet: one thing for each target at most.
	pub found: Vec<Found<AccountId>>,
	/// The claims in which nothing was found, with the digest of what they credited then.
	pub clean: Vec<(RequestId, Hash)>,
	/// The claim that is looked at next, or the first after it.
	pub claim: RequestId,
	/// The model versions whose indexes need no look any more.
	pub models: look::Done,
	/// The demanded position that is looked for next, or the first after it.
	pub demand: (ModelId, u32),
	/// Transactions that are under way, and the block until which that counts.
	pub in_flight: Vec<(Target, Step, BlockNumber)>,
}

impl<AccountId> Default for Memory<AccountId> {
	fn default() -> Self {
		Self {
			found: Vec::new(),
			clean: Vec::new(),
			claim: 0,
			models: look::Done::default(),
			demand: (0, 0),
			in_flight: Vec::new(),
		}
	}
}

/// What was found against a target.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Found<AccountId> {
	pub target: Target,
	pub fault: Fault<AccountId>,
	pub salt: [u8; 32],
	/// Whether the challenge was seen on chain.
	pub committed: bool,
}

/// What was opened, each with the block until which it is remembered. Kept apart from the rest, which is
/// written before transactions are sent.
pub(crate) type Opened<AccountId> = Vec<(Found<AccountId>, BlockNumber)>;

/// What a transaction does about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Step {
	Commit,
	Open,
	Withdraw,
	/// Shows the leaf at a demanded position.
	Show(u32),
}

/// The key of a watcher's memory.
pub(crate) fn memory_key<AccountId: Encode>(watcher: &AccountId) -> Vec<u8> {
	(MEMORY, watcher).encode()
}

/// The key of what a watcher has opened.
pub(crate) fn opened_key<AccountId: Encode>(watcher: &AccountId) -> Vec<u8> {
	(OPENED, watcher).encode()
}

/// The key of the claims that a watcher has asked its engine about and has no answer for.
pub(crate) fn begun_key<AccountId: Encode>(watcher: &AccountId) -> Vec<u8> {
	(BEGUN, watcher).encode()
}

fn read<Value: Decode + Default>(store: &StorageValueRef) -> Value {
	store.get().ok().flatten().unwrap_or_default()
}

/// Whose key a run signs with.
enum Role<AccountId> {
	/// A watcher's, who does everything.
	Watcher,
	/// An operator's agent's, who shows what is demanded.
	Agent { operator: AccountId },
}

/// One run for one watcher.
struct Run<'a, T: Config> {
	role: Role<T::AccountId>,
	watcher: &'a Account<T>,
	store: StorageValueRef<'a>,
	memory: Memory<T::AccountId>,
	/// As it was written last.
	saved: Memory<T::AccountId>,
	/// What was opened, and the block until which a re-organisation may take that back.
	opened: Opened<T::AccountId>,
	/// Claims that were asked about, without an answer until now.
	begun: BTreeSet<RequestId>,
	/// Demanded leaves that can be shown.
	leaves: Vec<(ModelId, IndexLeaf, Proof)>,
	sent: usize,
}

impl<T: Config> Pallet<T> {
	/// One run, for every watcher and every operator's agent whose key is in the keystore.
	pub(crate) fn work() {
		let mut lock = StorageLock::<Time>::new(LOCK);
		let Ok(_guard) = lock.try_lock() else {
			log::debug!(target: TARGET, "another run is under way");
			return;
		};
		for watcher in Signer::<T, T::WatcherId>::keystore_accounts() {
			Self::work_for(&watcher, Role::Watcher);
		}
		for agent in Signer::<T, T::AuthorityId>::keystore_accounts() {
			if let Some(operator) = T::Operators::of_agent(&agent.id) {
				Self::work_for(&agent, Role::Agent { operator });
			}
		}
	}

	fn work_for(watcher: &Account<T>, role: Role<T::AccountId>) {
		let key = memory_key(&watcher.id);
		let store = StorageValueRef::persistent(&key);
		let saved: Memory<T::AccountId> = read(&store);
		let memory = saved.clone();
		let opened_key = opened_key(&watcher.id);
		let opened_store = StorageValueRef::persistent(&opened_key);
		let opened_before: Opened<T::AccountId> = read(&opened_store);
		let opened = opened_before.clone();
		let begun_key = begun_key(&watcher.id);
		let begun_store = StorageValueRef::persistent(&begun_key);
		let begun_before: BTreeSet<RequestId> = read(&begun_store);
		let begun = begun_before.clone();
		let (leaves, sent) = (Vec::new(), 0);
		let mut run = Run { role, watcher, store, memory, saved, opened, begun, leaves, sent };
		run.go();
		if run.opened != opened_before {
			opened_store.set(&run.opened);
		}
		if run.begun != begun_before {
			begun_store.set(&run.begun);
		}
		run.save();
	}

	/// The first block that can include what a worker sends now.
	fn next() -> BlockNumber {
		Self::now().saturating_add(1)
	}

	/// Whether a challenge to a target can be committed in the next block.
	fn takes_challenges(target: Target) -> bool {
		match target {
			Target::Claim(request) => {
				Self::open_claim(request).is_ok_and(|claim| Self::next() < claim.final_at)
			}
			Target::Model(model) => T::Models::condemned(model) == Some(false),
		}
	}

	/// Whether a challenge that were opened in the next block would show its fault. That opening it succeeds is not
	/// enough: what shows nothing costs the deposit.
	fn would_show(target: Target, fault: &Fault<T::AccountId>) -> bool {
		let claim = match target {
			Target::Claim(request) => match Self::open_claim(request) {
				Ok(claim) if Self::next() < Self::closes_at(&claim) => Some(claim),
				_ => return false,
			},
			Target::Model(_) => None,
		};
		let model = match (&claim, target) {
			(None, Target::Model(model)) => model,
			(Some(claim), _) => claim.model,
			_ => return false,
		};
		let served = T::Models::served(model);
		let Some(served) = served.filter(|served| served.status != ModelStatus::Condemned) else {
			return false;
		};
		let Ok(terms) = Self::terms(&served) else { return false };
		Self::can_have(target, fault) && judge(&terms, claim.as_ref(), fault).is_ok()
	}

	/// Whether a challenge of `who` that was opened has shown its fault.
	fn has_shown(target: Target, fault: &Fault<T::AccountId>, who: &T::AccountId) -> bool {
		let claim = match target {
			Target::Claim(request) => Claims::<T>::get(request),
			Target::Model(_) => None,
		};
		let (claim, position, paid): (_, _, &[Credit<T::AccountId>]) = match (&claim, fault) {
			(Some(claim), Fault::Omission(omission)) => {
				let position = match omission {
					Omission::Record(shown) => shown.credit.position,
					Omission::Contributor(shown, _) => shown.credit.position,
				};
				(claim, position, &claim.paid)
			}
			(Some(claim), Fault::Relevance { shown, .. }) => {
				let paid = claim.found.as_ref().map_or(&[][..], |found| &found.paid);
				(claim, shown.credit.position, paid)
			}
			(None, Fault::Omission(_) | Fault::Relevance { .. }) => return false,
			(claim, Fault::Forgery(_) | Fault::ForgedRelevance(_)) => {
				let model = match (claim, target) {
					(Some(claim), _) => Some(claim.model),
					(None, Target::Model(model)) => Some(model),
					(None, Target::Claim(_)) => None,
				};
				return model.and_then(T::Models::condemned) == Some(true);
			}
		};
		// Another's correction by another leaf may have come after.
		let is_others = claim
			.correction
			.as_ref()
			.is_none_or(|last| last.omitted == position && last.challenger != *who);
		!is_others && paid.iter().any(|credit| credit.position == position)
	}

	/// Whether a position is demanded still.
	fn is_demanded(target: Target, position: u32) -> bool {
		let Target::Model(model) = target else { return false };
		Demands::<T>::get(model).iter().any(|demand| demand.position == position)
	}
}

fn count(deed: Deed) {
	exchange(Command::Count(deed));
}

impl<T: Config> Run<'_, T> {
	fn go(&mut self) {
		let waits = self.waits();
		self.settle(waits);
		match self.role {
			Role::Watcher => {
				self.look();
				// Accounts' nonces are those of the block: a second transaction would have the same one.
				if self.memory.in_flight.is_empty() {
					// No crash while transactions are sent loses a salt.
					self.save();
					// There is more time to open than to commit.
					self.commit_found();
					self.end_standing();
					self.show_leaves();
				}
			}
			Role::Agent { .. } => {
				// What else an agent sends has deadlines that are nearer.
				if self.memory.in_flight.is_empty() && !waits {
					self.look_at_demands();
					self.show_leaves();
				}
			}
		}
	}

	/// Whether transactions that were signed with the key wait for a block.
	fn waits(&self) -> bool {
		let nonce = frame_system::Pallet::<T>::account_nonce(&self.watcher.id);
		pending::waits(&self.watcher.id, nonce, Pallet::<T>::now())
	}

	fn save(&mut self) {
		if self.memory != self.saved {
			self.store.set(&self.memory);
			self.saved = self.memory.clone();
		}
	}

	fn commitment(&self, found: &Found<T::AccountId>) -> Hash {
		commitment(found.target, &found.fault, &self.watcher.id, &found.salt)
	}

	/// The challenge of this watcher that stands against a target.
	fn standing(&self, target: Target) -> Option<Challenge> {
		Challenges::<T>::get(target, &self.watcher.id)
	}

	/// Learns from the chain what became of what was sent. What a watcher sent is under way no more once its
	/// account's nonce says that all is in a block, also what was refused there: or each challenge that another
	/// was faster with would put all others off. An agent that can't pay for a transaction waits all the same.
	fn settle(&mut self, waits: bool) {
		let now = Pallet::<T>::now();
		let waits = waits || matches!(self.role, Role::Agent { .. });
		for (target, step, until) in core::mem::take(&mut self.memory.in_flight) {
			let stands = self.standing(target).is_some();
			match step {
				Step::Show(position) if !Pallet::<T>::is_demanded(target, position) => {
					count(Deed::Shown);
				}
				// Seen below.
				Step::Commit if stands => {}
				Step::Open if !stands => {
					let place = self.memory.found.iter().position(|found| found.target == target);
					let Some(place) = place else { continue };
					let found = self.memory.found.swap_remove(place);
					let shown = Pallet::<T>::has_shown(target, &found.fault, &self.watcher.id);
					count(if shown { Deed::Won } else { Deed::Lost });
					let until = now.saturating_add(T::SubmissionPeriod::get());
					self.opened.push((found, until));
				}
				Step::Withdraw if !stands => {
					self.memory.found.retain(|found| found.target != target);
					count(Deed::Withdrawn);
				}
				_ if waits && now < until => self.memory.in_flight.push((target, step, until)),
				_ => {}
			}
		}
		self.take_back();
		let mut all = core::mem::take(&mut self.memory.found);
		for found in &mut all {
			let commitment = self.commitment(found);
			let stands = self.standing(found.target).is_some_and(|it| it.commitment == commitment);
			if stands && !found.committed {
				count(Deed::Committed);
			}
			// A re-organisation can take a commitment back.
			found.committed = stands;
		}
		self.memory.found = all;
	}

	/// Has what was opened be found still where a re-organisation took the opening back. What was found
	/// since against the same target is what the opening had left.
	fn take_back(&mut self) {
		let now = Pallet::<T>::now();
		for (found, until) in core::mem::take(&mut self.opened) {
			let commitment = self.commitment(&found);
			if self.standing(found.target).is_some_and(|it| it.commitment == commitment) {
				self.memory.found.retain(|other| other.target != found.target);
				self.memory.found.push(found);
			} else if now < until {
				self.opened.push((found, until));
			}
		}
	}
}
