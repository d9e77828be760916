//! What the worker looks up on chain.

use openledger_primitives_api::{BatchInfo, SessionInfo};
use openledger_primitives_core::{BatchId, BlockNumber, Hash, ModelId, RequestId, SessionId};
use openledger_primitives_inference::Material;
use sp_core::crypto::AccountId32;

/// The state that a look-up reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
	/// That of the last block that is final.
	Finalised,
	/// That of the best block, which another one may replace.
	Best,
}

/// A session, and whose key its operator's worker signs with now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnChain {
	/// The session.
	pub session: SessionInfo<AccountId32>,
	/// The agent of its operator; `None` where that is no operator any more.
	pub agent: Option<AccountId32>,
}

/// Why the chain does not tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
	/// The runtime is older than sessions.
	#[error("the chain's runtime has no sessions: wait for its upgrade")]
	Unsupported,
	/// The state could not be read.
	#[error("the chain's state could not be read: {0}")]
	Unreadable(String),
}

/// The chain, as the node beside the worker has it. Each call reads the state, which takes about a
/// millisecond of the thread.
pub trait Chain: Send + Sync + 'static {
	/// The hash of its first block.
	fn genesis(&self) -> Hash;

	/// The height of the best block.
	///
	/// # Errors
	/// [`ChainError`].
	fn height(&self) -> Result<BlockNumber, ChainError>;

	/// A session in final state; `None` where there is none, or it ended and nothing is left of it.
	///
	/// # Errors
	/// [`ChainError`].
	fn session(&self, session: SessionId) -> Result<Option<OnChain>, ChainError>;

	/// What a model version computes with, in final state; `None` where it can't be served.
	///
	/// # Errors
	/// [`ChainError`].
	fn material(&self, model: ModelId) -> Result<Option<Material>, ChainError>;

	/// The agent of an operator, in the state of the best block: one may have registered a moment ago; `None`
	/// where the account is no operator's.
	///
	/// # Errors
	/// [`ChainError`].
	fn agent(&self, operator: &AccountId32) -> Result<Option<AccountId32>, ChainError>;

	/// A batch; `None` where there is none, or it was pruned.
	///
	/// # Errors
	/// [`ChainError`].
	fn batch(&self, batch: BatchId, at: At) -> Result<Option<BatchInfo<AccountId32>>, ChainError>;

	/// Whether an agent's verifier has a seat in the audit of a claim, in the state of the best block:
	/// a committee has no time to wait for finality.
	///
	/// # Errors
	/// [`ChainError`].
	fn sits(&self, claim: RequestId, agent: &AccountId32) -> Result<bool, ChainError>;
}
