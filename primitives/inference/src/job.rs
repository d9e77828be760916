//! What the off-chain worker asks of an engine, and what it gets back.

use crate::{
	comparison::Comparison,
	examination::{Examination, Examined},
	receipts::{Drawn, Owed, Recomputed, Shown},
	watch::{Deed, Sighting, Watched},
};
use alloc::{string::String, vec::Vec};
use codec::{Decode, Encode};
use openledger_primitives_attribution::{
	Claim, Terms,
	audit::{Secret, Traces},
	duplicate::Overlap,
};
use openledger_primitives_core::{
	Answer, Balance, BatchId, BlockNumber, DatanetId, Endpoint, Hash, ModelId, Prompt, RequestId,
	model::{IndexCommitment, Method, Retrieval, Usage},
	record::Snapshot,
};
use scale_info::TypeInfo;
use sp_core::crypto::AccountId32;

/// A message to the engine. Later versions are later variants: a node that does not know one
/// answers [`Failure::Unsupported`]. The first version knew nothing of records in
/// prompts, and the second one was of engines that compute another arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Message {
	/// The third version.
	#[codec(index = 2)]
	V3(Command),
}

/// The engine's reply, in the version of the message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
	/// The third version.
	#[codec(index = 2)]
	V3(Response),
}

/// What the off-chain worker can ask for. No command waits for inference.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant, reason = "a command lives as long as one exchange")]
pub enum Command {
	/// What the engine can serve.
	Capabilities,
	/// Take on a job, and say how far it is. A job that is known changes nothing; one of the same
	/// number that differs, as after a re-organisation of the chain, replaces the other.
	Enqueue(Job),
	/// How far a job is.
	Poll(RequestId),
	/// Drop a job and its result: it is settled, expired or no longer wanted.
	Forget(RequestId),
	/// Execute what another operator has answered, and say how far that is. As
	/// [`Command::Enqueue`], apart from the jobs that are to be answered; what nobody can have answered is
	/// [`Failure::BadContent`].
	Execute(Job),
	/// Drop an execution and its result.
	ForgetExecution(RequestId),
	/// As [`Command::Execute`], where the operator has to hand out what was asked.
	ExecuteDrawn(Drawn),
	/// Which vouchers the operator's receipts store has that owe more than batches settled, at most so
	/// many for each model version.
	Owed(u32),
	/// Write down that a batch of this operator is on chain. The engine looks it up in finalised
	/// state.
	Committed(BatchId),
	/// Show the receipt that a unit of a batch lies in.
	Show(BatchId, Balance),
	/// A batch has nothing left to pay and none of its claims can be audited any more: its receipts can
	/// be dropped. One that is not known changes nothing.
	Finalise(BatchId),
	/// Look for what can be challenged, and say how far that is. What was looked at is known; a claim
	/// that credits others since is looked at again.
	Look(Watched),
	/// Count what became of a challenge of this node.
	Count(Deed),
	/// Compute drawn parts of a model version again, and say how far that is. As [`Command::Execute`], in
	/// a line of its own: it takes minutes.
	Examine(Examination),
	/// Compare two records, and say how far that is. As [`Command::Execute`]; content that is nowhere to be
	/// had, or not what it is known by, is [`Failure::MissingContent`] of that record.
	Compare(Comparison),
	/// As [`Command::Execute`], with where the worker of the operator is reached who has answered: it is asked
	/// for what nobody else has of the content that executing it takes.
	ExecuteFrom(Job, Endpoint),
	/// The bond of the operator that this agent answers for can stand behind so much more, in the smallest unit
	/// of OPEN: what one of its sessions owes beyond that could not be settled.
	Room(AccountId32, Balance),
	/// Say what is known of the canary that was, or would have been, made of the claim on what was asked here, by
	/// the hash that its traces are sealed with.
	Canary(Hash),
}

/// The engine's answers to commands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Response {
	/// To [`Command::Capabilities`].
	Capabilities(Capabilities),
	/// To [`Command::Enqueue`] and [`Command::Poll`].
	Progress(Progress),
	/// To [`Command::Forget`] and [`Command::ForgetExecution`].
	Forgotten,
	/// The command could not be carried out.
	Failed(Failure),
	/// To [`Command::Execute`], [`Command::ExecuteDrawn`], [`Command::Examine`], [`Command::Compare`] and
	/// [`Command::ExecuteFrom`].
	Executed(Executed),
	/// To [`Command::Owed`].
	Owed(Vec<Owed>),
	/// To [`Command::Committed`] and [`Command::Finalise`]: it is on disk, or will be before anything that
	/// follows from it. To [`Command::Count`]: it is counted. To [`Command::Room`]: it is minded.
	Noted,
	/// To [`Command::Show`].
	Shown(Shown),
	/// To [`Command::Look`].
	Sighted(Sighting),
	/// To [`Command::Canary`]; none where this engine makes none.
	Canary(Option<Canary>),
}

/// What an engine knows of a canary.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Canary {
	/// What it is sealed by, if a claim on this question is one.
	pub secret: Secret,
	/// The true claim in whose place it is, if one is and it is still kept.
	pub truth: Option<Claim<AccountId32>>,
}

/// What an engine can serve.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Capabilities {
	/// blake2b-256 of each loaded base's weights file.
	pub bases: Vec<Hash>,
	/// Jobs that still fit the queue.
	pub free: u32,
}

/// What a model version's answers are computed and attributed with, as the chain has it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Material {
	/// blake2b-256 of the base's weights file.
	pub base: Hash,
	/// blake2b-256 of the adapter blob.
	pub adapter: Hash,
	/// How answers are attributed.
	pub method: Method,
	/// The committed index.
	pub index: IndexCommitment,
	/// The seed that the chain drew for the index's projection.
	pub projection: Hash,
	/// The snapshots trained on, in the manifest's order.
	pub snapshots: Vec<(DatanetId, Snapshot)>,
	/// What finds records for prompts, where any are put there.
	pub retrieval: Option<Retrieval>,
}

impl Material {
	/// What its claims are verified against.
	pub fn terms(&self) -> Terms<'_> {
		let Self { method, index, snapshots, retrieval, .. } = self;
		Terms { method: *method, index: *index, snapshots, retrieval: *retrieval }
	}
}

/// An on-chain request, with everything of the chain's state that answering it takes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Job {
	/// The request.
	pub request: RequestId,
	/// The model version.
	pub model: ModelId,
	/// Who pays; its own records are not credited.
	pub payer: AccountId32,
	/// The user's message, UTF-8; the engine applies the base's chat template.
	pub prompt: Prompt,
	/// The most tokens to generate.
	pub max_tokens: u32,
	/// Sampling temperature in thousandths; zero is greedy.
	pub temperature: u16,
	/// The sampling seed.
	pub seed: [u8; 32],
	/// The block by which the answer has to be included.
	pub deadline: BlockNumber,
	/// What the model version computes and is attributed with.
	pub material: Material,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant, reason = "a response lives as long as one exchange")]
pub enum Progress {
	/// Waiting for its turn.
	Queued,
	/// Being answered.
	Running,
	/// Answered and attributed.
	Done(Outcome),
	/// Given up.
	Failed(Failure),
}

/// How far an execution is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant, reason = "a response lives as long as one exchange")]
pub enum Executed {
	/// Waiting for its turn.
	Queued,
	/// Under way.
	Running,
	/// Done: what it came to, and its traces.
	Done(Outcome, Traces),
	/// Given up.
	Failed(Failure),
	/// Done, of a drawn receipt.
	Drawn(Recomputed, Traces),
	/// Done, of a model version.
	Examined(Examined, Traces),
	/// Done, of two records: what they have in common, the later one's sets first.
	Compared(Overlap, Traces),
}

/// Where everything is that executing an answer takes, as audits need it.
pub trait Jobs<AccountId> {
	/// The job of a request that was answered: none where it is not kept on chain, or this runtime's
	/// engines do not compute its model version's arithmetic.
	fn job(request: RequestId) -> Option<Job>;
	/// What a model version computes with, and where an operator's worker is reached: none where the
	/// model version is unknown or has no index, the operator is unknown, or this runtime's engines do
	/// not compute the model version's arithmetic.
	fn material(model: ModelId, operator: &AccountId) -> Option<(Material, Endpoint)>;
	/// What a model version computes with, whoever serves it: none where [`Jobs::material`] has none for
	/// reasons of the model version.
	fn version(model: ModelId) -> Option<Material>;
}

/// An answer with its claim.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Outcome {
	/// The answer, UTF-8.
	pub answer: Answer,
	/// The tokens it took.
	pub usage: Usage,
	/// Which records moved it.
	pub claim: Claim<AccountId32>,
}

/// Why an engine can't do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Failure {
	/// This node runs no engine, or not the part that is asked: start it with `--operator`, or to
	/// watch with `--watch`.
	Unavailable,
	/// The message's version, or its encoding, is unknown to this node.
	Unsupported,
	/// The queue is full.
	Busy,
	/// No such job.
	Unknown,
	/// The base is not loaded here.
	MissingBase(Hash),
	/// The content is neither here nor at a known peer: adapter or index, or a record of the prompt, which the
	/// operator does not hand out either whose answer is audited.
	MissingContent(Hash),
	/// The content is here, and not what the model version committed to.
	BadContent(String),
	/// The prompt leaves no room in the model's context.
	PromptTooLong,
	/// Inference failed.
	Engine(String),
	/// What was asked about is not in finalised state yet, or not any more.
	NotFinal,
}
