//! What the users know and the chain does not: keys, salts, and what is behind a hash.

use super::{
	books::Book,
	claims::Index,
	duplicates::Said,
	users::{self, User},
};
use crate::{AccountId, Balance, Balances, OriginCaller, Runtime, RuntimeCall, System};
use frame_support::traits::{
	fungible::Inspect,
	tokens::{Fortitude, Preservation},
};
use openledger_primitives_attribution::{
	audit::Finding,
	challenge::{Fault, Target},
};
use openledger_primitives_core::{
	BlockNumber, DatanetId, Hash, ModelId, RequestId, SessionId, record::RecordEntry,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sp_core::Get;
use sp_runtime::BoundedVec;
use std::collections::BTreeMap;

/// What is remembered of each kind, at most.
const MEMORY: usize = 96;

/// Who makes a call.
#[derive(Clone, Debug)]
pub enum By {
	/// A user, by a signed transaction.
	User(AccountId),
	/// Governance: an act as referenda enact it.
	Governance(OriginCaller),
}

/// One thing that somebody tries.
#[derive(Clone, Debug)]
pub struct Attempt {
	/// Who.
	pub by: By,
	/// What.
	pub call: RuntimeCall,
}

/// Records behind a commitment.
#[derive(Clone)]
pub struct Batch {
	pub datanet: DatanetId,
	pub who: AccountId,
	pub records: Vec<RecordEntry>,
	pub salt: [u8; 32],
	pub commitment: Hash,
}

/// What is behind a challenge.
#[derive(Clone)]
pub struct Opening {
	pub target: Target,
	pub who: AccountId,
	pub fault: Fault<AccountId>,
	pub salt: [u8; 32],
	pub commitment: Hash,
}

/// What a verifier committed to.
#[derive(Clone)]
pub struct Found {
	pub claim: RequestId,
	pub verifier: AccountId,
	pub finding: Finding,
	pub salt: [u8; 32],
}

/// A call that several have to agree to.
#[derive(Clone)]
pub struct Shared {
	pub signatories: Vec<AccountId>,
	pub call: RuntimeCall,
}

/// All who take part, and their memory.
pub struct World {
	rng: ChaCha8Rng,
	/// Who takes part; the last one is the bank.
	pub users: Vec<User>,
	pub batches: Vec<Batch>,
	/// Contents that somebody has committed to.
	pub contents: Vec<Hash>,
	pub indexes: BTreeMap<ModelId, Index>,
	/// What was built to find records for their prompts.
	pub retrievals: BTreeMap<ModelId, Index>,
	pub openings: Vec<Opening>,
	pub findings: Vec<Found>,
	/// Challenges of duplicates.
	pub said: Vec<Said>,
	/// What both sides of each session keep off chain.
	pub books: BTreeMap<SessionId, Book>,
	/// Calls that contributors may have a say about.
	pub proposals: Vec<RuntimeCall>,
	pub shared: Vec<Shared>,
	/// Bytes noted as preimages.
	pub preimages: Vec<Vec<u8>>,
}

/// Remembers one more, and forgets the oldest where there are too many.
pub fn remember<T>(memory: &mut Vec<T>, one: T) {
	if memory.len() >= MEMORY {
		memory.remove(0);
	}
	memory.push(one);
}

/// Bytes as the chain bounds them.
pub fn bounded<S: Get<u32>>(text: &str) -> BoundedVec<u8, S> {
	BoundedVec::truncate_from(text.as_bytes().to_vec())
}

/// The block being built.
pub fn now() -> BlockNumber {
	System::block_number()
}

/// What an account can spend and stay alive.
pub fn spendable(who: &AccountId) -> Balance {
	Balances::reducible_balance(who, Preservation::Preserve, Fortitude::Polite)
}

impl World {
	/// What finds records for a version's prompts, where it has committed to that.
	pub fn retrieval(&self, model: ModelId) -> Option<&Index> {
		let committed = pallet_models::Models::<Rt>::get(model)?.retrieval?.index;
		self.retrievals.get(&model).filter(|index| index.commitment == committed)
	}

	pub fn new(seed: u64) -> Self {
		Self {
			rng: ChaCha8Rng::seed_from_u64(seed),
			users: users::everyone(),
			batches: Vec::new(),
			contents: Vec::new(),
			indexes: BTreeMap::new(),
			retrievals: BTreeMap::new(),
			openings: Vec::new(),
			findings: Vec::new(),
			said: Vec::new(),
			books: BTreeMap::new(),
			proposals: Vec::new(),
			shared: Vec::new(),
			preimages: Vec::new(),
		}
	}

	/// A number below `end`.
	pub fn below(&mut self, end: u32) -> u32 {
		self.rng.random_range(0..end.max(1))
	}

	/// A number from `low` up to and with `high`.
	pub fn between(&mut self, low: u32, high: u32) -> u32 {
		self.rng.random_range(low..=high)
	}

	/// True once in `many` times.
	pub fn odds(&mut self, many: u32) -> bool {
		self.below(many) == 0
	}

	pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
		let mut bytes = [0; N];
		self.rng.fill(&mut bytes[..]);
		bytes
	}

	pub fn hash(&mut self) -> Hash {
		self.bytes::<32>().into()
	}

	/// One of them.
	pub fn pick<T>(&mut self, from: Vec<T>) -> Option<T> {
		let at = self.below(from.len() as u32) as usize;
		from.into_iter().nth(at)
	}

	/// One of them.
	pub fn one_of<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
		from[self.below(N as u32) as usize]
	}

	/// A part of `whole`, of any order of magnitude; rarely a little more than there is.
	pub fn part(&mut self, whole: Balance) -> Balance {
		if self.odds(24) {
			return whole.saturating_add(u128::from(self.below(1_000)));
		}
		let order = self.below(24);
		let share = u128::from(self.between(500_000, 1_000_000));
		(whole >> order).saturating_mul(share) / 1_000_000
	}

	/// The account of somebody who takes part, but not of the bank.
	pub fn user(&mut self) -> AccountId {
		let at = self.below(self.users.len() as u32 - 1) as usize;
		self.users[at].account.clone()
	}

	/// A user of whom this holds.
	pub fn user_who(&mut self, which: impl Fn(&AccountId) -> bool) -> Option<AccountId> {
		let some: Vec<_> = self.accounts().into_iter().filter(which).collect();
		self.pick(some)
	}

	/// Everybody's account but the bank's.
	pub fn accounts(&self) -> Vec<AccountId> {
		self.users[..self.users.len() - 1].iter().map(|user| user.account.clone()).collect()
	}

	pub fn bank(&self) -> AccountId {
		self.users[self.users.len() - 1].account.clone()
	}

	/// So many different users.
	pub fn several(&mut self, count: u32) -> Vec<AccountId> {
		let mut accounts = self.accounts();
		while accounts.len() > count as usize {
			let at = self.below(accounts.len() as u32) as usize;
			accounts.remove(at);
		}
		accounts
	}

	pub fn user_of(&self, account: &AccountId) -> Option<&User> {
		self.users.iter().find(|user| user.account == *account)
	}

	/// That this account tries this call; nothing where nobody has its key.
	pub fn signed(&self, who: AccountId, call: impl Into<RuntimeCall>) -> Option<Attempt> {
		self.user_of(&who)?;
		Some(Attempt { by: By::User(who), call: call.into() })
	}
}

/// That governance makes this call with this origin.
pub fn act(origin: impl Into<OriginCaller>, call: impl Into<RuntimeCall>) -> Option<Attempt> {
	Some(Attempt { by: By::Governance(origin.into()), call: call.into() })
}

/// The value of a deposit's ticket, which is all that it encodes.
pub fn ticket(ticket: &impl codec::Encode) -> Balance {
	codec::Decode::decode(&mut &ticket.encode()[..]).unwrap_or_default()
}

/// A limit of the runtime's.
pub fn limit<G: Get<T>, T>() -> T {
	G::get()
}

/// The runtime, for short.
pub type Rt = Runtime;
