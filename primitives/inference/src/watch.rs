//! Watching: what the off-chain worker has claims and indexes looked at for, and what is found.

use crate::{Failure, Material};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_attribution::{Claim, Credit, IndexLeaf, challenge::Fault};
use openledger_primitives_core::{Balance, Hash, ModelId, RequestId, Sketch, merkle::Proof};
use sp_core::crypto::AccountId32;

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Watched {
	/// The model version.
	pub model: ModelId,
	/// What its answers are attributed with.
	pub material: Material,
	/// The claim; where there is none, the model version's index itself.
	pub claim: Option<WatchedClaim>,
	/// The position of the index that is to be shown, and nothing to be looked for.
	pub show: Option<u32>,
}

/// A claim that can still be challenged, as it stands on chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WatchedClaim {
	/// The request or draw that it is on.
	pub request: RequestId,
	/// Who pays; its own records are not credited.
	pub payer: AccountId32,
	/// The query sketch.
	pub sketch: Sketch,
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId32>>,
	/// The contributors' part of the fee, before the lift, in the smallest unit.
	pub at_stake: Balance,
	/// The claim as it came with its answer, where the node wrote that down.
	pub submitted: Option<Claim<AccountId32>>,
	/// What was put into the prompt, where the model version puts records there.
	pub found: Option<WatchedFound>,
}

/// What was put into a prompt, as the chain has it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WatchedFound {
	/// The hash of the question's sketch, which the claim came with
	/// ([`openledger_primitives_attribution::found::question`]).
	pub question: Hash,
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId32>>,
	/// What those records have of the contributors' part of the fee, in the smallest unit.
	pub at_stake: Balance,
}

/// How far a look is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant, reason = "a response lives as long as one exchange")]
pub enum Sighting {
	/// It waits for its turn, or is under way.
	Looking,
	/// There is nothing to challenge.
	Clean,
	/// This can be shown.
	Found(Fault<AccountId32>),
	/// The leaf that is to be shown, with its membership in the index.
	Leaf(IndexLeaf, Proof),
	/// It could not be looked at. Asked again later, it is tried again: content that is missing, less
	/// and less often.
	Failed(Failure),
}

/// What became of a challenge of this node, or of its answer to a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Deed {
	/// It is committed.
	Committed,
	/// It was opened, and showed what it was for.
	Won,
	/// It was opened, and showed nothing any more: its deposit is lost.
	Lost,
	/// It was withdrawn, and its deposit freed.
	Withdrawn,
	/// A demanded position that it answered for is shown: by it, or by another who was faster.
	Shown,
}
