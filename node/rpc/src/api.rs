//! The methods.

use crate::{
	Audit, Base, Batch, Claim, ClaimName, Contribution, Datanet, Model, Operator, Quote, Record,
	Rewards, Session, Trace, Verifier,
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use openledger_primitives_core::{
	BaseId, BatchId, ContributionId, DatanetId, ModelId, RequestId, SessionId,
};

/// The namespace. Listings start at `start`, zero without it, and hold at most `limit` entries, 64
/// without it and 256 at most; where a method says nothing else, ask again from the last id plus one.
#[rpc(client, server, namespace = "openledger")]
pub trait OpenLedgerApi<Hash> {
	/// Datanets, in ascending order.
	#[method(name = "datanets", blocking)]
	fn datanets(
		&self,
		start: Option<DatanetId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> RpcResult<Vec<Datanet>>;

	/// One Datanet.
	#[method(name = "datanet", blocking)]
	fn datanet(&self, datanet: DatanetId, at: Option<Hash>) -> RpcResult<Datanet>;

	/// Contributions to a Datanet.
	#[method(name = "contributions", blocking)]
	fn contributions(
		&self,
		datanet: DatanetId,
		start: Option<ContributionId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> RpcResult<Vec<Contribution>>;

	/// Record leaves of a Datanet, in the tree's order.
	#[method(name = "records", blocking)]
	fn records(
		&self,
		datanet: DatanetId,
		start: Option<u32>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> RpcResult<Vec<Record>>;

	/// Registered bases.
	#[method(name = "bases", blocking)]
	fn bases(
		&self,
		start: Option<BaseId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> RpcResult<Vec<Base>>;

	/// Model versions.
	#[method(name = "models", blocking)]
	fn models(
		&self,
		start: Option<ModelId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> RpcResult<Vec<Model>>;

	/// One model version.
	#[method(name = "model", blocking)]
	fn model(&self, model: ModelId, at: Option<Hash>) -> RpcResult<Model>;

	/// The operators that serve a model version.
	#[method(name = "operators", blocking)]
	fn operators(&self, model: ModelId, at: Option<Hash>) -> RpcResult<Vec<Operator>>;

	/// One operator, by its account.
	#[method(name = "operator", blocking)]
	fn operator(&self, account: String, at: Option<Hash>) -> RpcResult<Operator>;

	/// From an answer to its records, contributors and amounts.
	#[method(name = "trace", blocking)]
	fn trace(&self, request: RequestId, at: Option<Hash>) -> RpcResult<Trace>;

	/// What an account has accrued, what was paid of it, to whom it is paid, and whether it is open.
	#[method(name = "rewards", blocking)]
	fn rewards(&self, account: String, at: Option<Hash>) -> RpcResult<Rewards>;

	/// All verifiers.
	#[method(name = "verifiers", blocking)]
	fn verifiers(&self, at: Option<Hash>) -> RpcResult<Vec<Verifier>>;

	/// One verifier, by its account.
	#[method(name = "verifier", blocking)]
	fn verifier(&self, account: String, at: Option<Hash>) -> RpcResult<Verifier>;

	/// The audit of a claim.
	#[method(name = "audit", blocking)]
	fn audit(&self, claim: ClaimName, at: Option<Hash>) -> RpcResult<Audit>;

	/// The claim of a request, or of a draw whose receipt was shown.
	#[method(name = "claim", blocking)]
	fn claim(&self, claim: ClaimName, at: Option<Hash>) -> RpcResult<Claim>;

	/// Those of the `limit` numbers from `start` on that are sessions still: ask again from `start`
	/// plus `limit`. A page can be empty before the last session; `receipts.nextSession` in the
	/// chain's storage is the number after it.
	#[method(name = "sessions", blocking)]
	fn sessions(
		&self,
		start: Option<SessionId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> RpcResult<Vec<Session>>;

	/// One session, until it ended and its batches are concluded.
	#[method(name = "session", blocking)]
	fn session(&self, session: SessionId, at: Option<Hash>) -> RpcResult<Session>;

	/// Those of the `limit` numbers from `start` on that are batches still, in pages as those of
	/// sessions are; `receipts.nextBatch` is the number after the last one.
	#[method(name = "batches", blocking)]
	fn batches(
		&self,
		start: Option<BatchId>,
		limit: Option<u32>,
		at: Option<Hash>,
	) -> RpcResult<Vec<Batch>>;

	/// One batch with its draws, until pruned.
	#[method(name = "batch", blocking)]
	fn batch(&self, batch: BatchId, at: Option<Hash>) -> RpcResult<Batch>;

	/// What an answer of so many tokens costs, and who would give it.
	#[method(name = "quote", blocking)]
	fn quote(
		&self,
		model: ModelId,
		prompt_tokens: u32,
		output_tokens: u32,
		at: Option<Hash>,
	) -> RpcResult<Quote>;

	/// How this node's worker is: bases, queue, content, work done.
	#[method(name = "operatorStatus", blocking)]
	fn operator_status(&self) -> RpcResult<serde_json::Value>;
}
