//! What the runtime APIs return.

use alloc::{string::String, vec::Vec};
use codec::{Decode, Encode};
use openledger_primitives_attribution::{Credit, Evidence};
use openledger_primitives_core::{
	Balance, BaseId, BlockNumber, ContributionId, DatanetId, Hash, ModelId, RequestId,
	model::{IndexCommitment, ModelSpec, ModelStatus, Price, Usage},
	record::{RecordEntry, Snapshot},
	settlement::Distribution,
};
use scale_info::TypeInfo;

/// A Datanet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DatanetInfo<AccountId> {
	/// Its number.
	pub id: DatanetId,
	/// Its owner.
	pub owner: AccountId,
	/// Its name.
	pub name: String,
	/// What it holds.
	pub description: String,
	/// The kind of records: text, question-answer, image or row.
	pub kind: String,
	/// The terms that contributors agree to.
	pub terms: String,
	/// Who accepts contributions: open, owner or curators.
	pub policy: String,
	/// The curators.
	pub curators: Vec<AccountId>,
	/// Whether it takes contributions no more.
	pub closed: bool,
	/// Root over its record leaves as they stand.
	pub root: Hash,
	/// How many records it holds.
	pub records: u32,
	/// How many contributions it has seen.
	pub contributions: u32,
	/// Its snapshots.
	pub snapshots: Vec<(u32, Snapshot)>,
}

/// A contribution to a Datanet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ContributionInfo<AccountId> {
	/// Its number.
	pub id: ContributionId,
	/// Who made it.
	pub contributor: AccountId,
	/// The block of its first step.
	pub committed_at: BlockNumber,
	/// pending, accepted, rejected or withdrawn.
	pub status: String,
	/// From which block on it can be accepted.
	pub acceptable_at: BlockNumber,
	/// Where its records start in the tree, once accepted.
	pub first_index: Option<u32>,
	/// Its records.
	pub records: Vec<RecordEntry>,
}

/// A base model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct BaseInfo<AccountId> {
	/// Its number.
	pub id: BaseId,
	/// Who earns its royalty.
	pub owner: AccountId,
	/// Its name.
	pub name: String,
	/// Its architecture.
	pub architecture: String,
	/// blake2b-256 of its weights file.
	pub weights: Hash,
	/// blake2b-256 of its tokenizer file; of the weights file where that holds the tokenizer.
	pub tokenizer: Hash,
	/// Its royalty in millionths of the owner's part.
	pub royalty_ppm: u32,
}

/// A model version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ModelInfo<AccountId> {
	/// Its number.
	pub id: ModelId,
	/// Its owner.
	pub owner: AccountId,
	/// Its name.
	pub name: String,
	/// What was registered.
	pub spec: ModelSpec,
	/// Whether it answers.
	pub status: ModelStatus,
	/// What an answer costs.
	pub price: Price,
	/// The seed that the chain drew for its index's projection.
	pub projection: Hash,
	/// Its committed index.
	pub index: Option<IndexCommitment>,
	/// Settled answers.
	pub answers: u64,
	/// Fees settled.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub fees: Balance,
	/// Of these, what its contributors were paid.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub to_contributors: Balance,
}

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct OperatorInfo<AccountId> {
	/// The operator.
	pub account: AccountId,
	/// The hot key its worker signs with.
	pub agent: AccountId,
	/// Where its worker is reached over HTTP.
	pub endpoint: String,
	/// What it has at stake.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub bond: Balance,
	/// The most requests it takes on at once.
	pub capacity: u32,
	/// Requests it has to answer now.
	pub open: u32,
	/// Requests answered.
	pub answered: u64,
	/// Requests let expire since its last penalty.
	pub missed: u32,
	/// Whether it takes no new requests.
	pub leaving: bool,
	/// The model versions it serves.
	pub models: Vec<ModelId>,
}

/// What an answer would cost.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Quote<AccountId> {
	/// The fee, in the smallest unit.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub fee: Balance,
	/// The price it follows from.
	pub price: Price,
	/// Operators with room for it now, the least busy first.
	pub operators: Vec<AccountId>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "lowercase"))]
pub enum RequestState {
	/// Waiting for its answer.
	Pending,
	/// Answered; its claim can be challenged.
	Answered,
	/// Final and paid.
	Settled,
	/// Not answered by its deadline, and paid back.
	Refunded,
}

/// From an answer to its records, contributors and amounts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Trace<AccountId> {
	/// The request.
	pub request: RequestId,
	/// How far it is.
	pub state: RequestState,
	/// The model version asked.
	pub model: ModelId,
	/// Who asked and pays.
	pub payer: AccountId,
	/// Who answers.
	pub operator: AccountId,
	/// The question.
	pub prompt: String,
	/// The answer.
	pub answer: Option<String>,
	/// The tokens it took.
	pub usage: Usage,
	/// The block of the request.
	pub requested_at: BlockNumber,
	/// The block by which it had to be answered.
	pub deadline: BlockNumber,
	/// The block of the answer.
	pub answered_at: Option<BlockNumber>,
	/// From which block on the claim is final.
	pub final_at: Option<BlockNumber>,
	/// The fee; before the answer, the most it may be.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub fee: Balance,
	/// Mean gain in log-probability under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The share of the contributors' part that the gain earned, in millionths.
	pub earned_ppm: u32,
	/// blake2b-256 of the claim as it was submitted.
	pub claim: Option<Hash>,
	/// The salted hash of the execution trace.
	pub trace: Option<Hash>,
	/// The query sketch.
	pub sketch: Vec<i8>,
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId>>,
	/// The records that explain it.
	pub evidence: Vec<Evidence<AccountId>>,
	/// Who corrected the claim, if anyone did.
	pub challenger: Option<AccountId>,
	/// Who was paid what, once settled.
	pub distribution: Option<Distribution<AccountId>>,
}

/// A claim, as verified and, where it was challenged, corrected.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ClaimInfo<AccountId> {
	/// The request, or draw, whose claim it is.
	pub claim: RequestId,
	/// The model version that answered.
	pub model: ModelId,
	/// Who answered.
	pub operator: AccountId,
	/// Who asked and pays.
	pub payer: AccountId,
	/// The block of the claim.
	pub submitted_at: BlockNumber,
	/// From which block on it is final.
	pub final_at: BlockNumber,
	/// Mean gain in log-probability under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The share of the contributors' part that the gain earned, in millionths.
	pub earned_ppm: u32,
	/// blake2b-256 of the claim as it was submitted.
	pub digest: Hash,
	/// The salted hash of the execution trace.
	pub trace: Hash,
	/// The query sketch.
	pub sketch: Vec<i8>,
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId>>,
	/// The records that explain it.
	pub evidence: Vec<Evidence<AccountId>>,
	/// Who corrected it, if anyone did.
	pub challenger: Option<AccountId>,
	/// Whether its answer was found false.
	pub rejected: bool,
	/// Who was paid what, once settled.
	pub distribution: Option<Distribution<AccountId>>,
}

/// What was put into an answer's prompt, as verified and, where it was challenged, corrected.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct FoundInfo<AccountId> {
	/// What these records have of the contributors' part, in millionths, where there are any.
	pub part_ppm: u32,
	/// What the question's sketch is told from others by.
	pub question: Hash,
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId>>,
	/// The same records, as they explain the answer.
	pub evidence: Vec<Evidence<AccountId>>,
}

/// What an account has accrued, and who is paid it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RewardsInfo<AccountId> {
	/// Accrued and not yet paid out.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub accrued: Balance,
	/// Paid out so far of what it had accrued, to whomever.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub paid: Balance,
	/// Who is paid in its place, where it named somebody.
	pub payee: Option<AccountId>,
	/// Whether a deposit is held from it, for which its entry stays when it is paid out.
	pub open: bool,
}
