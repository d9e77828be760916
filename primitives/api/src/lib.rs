//! Runtime APIs of OpenLedger, versioned, and the types they return. The node's JSON-RPC and the
//! workers read the chain through these and nothing else.

#![cfg_attr(not(feature = "std"), no_std)]
#![allow(clippy::multiple_bound_locations, reason = "the macro writes the bounds twice")]

extern crate alloc;

pub mod audit;
pub mod challenge;
pub mod duplicate;
pub mod info;
pub mod receipts;
pub mod v1;

pub use audit::*;
pub use challenge::*;
pub use duplicate::*;
pub use info::*;
pub use receipts::*;

use alloc::vec::Vec;
use openledger_primitives_attribution::challenge::Target;
use openledger_primitives_core::{
	BaseId, BatchId, ChallengeId, DatanetId, ModelId, RequestId, SessionId,
	model::{Retrieval, Usage},
	record::RecordLeaf,
};
use openledger_primitives_inference::Material;

/// The most entries that one page of a listing holds; larger limits are cut to it.
pub const MAX_PAGE: u32 = 256;

sp_api::decl_runtime_apis! {
	/// What OpenLedger's pallets know. Listings start at an id and hold at most [`MAX_PAGE`]
	/// entries; ask again from the last id plus one. From `verifiers` to
	/// `material` it is version 3 that brought them, from `challenges` on version 4 where it says no other.
	#[api_version(5)]
	pub trait OpenLedgerApi<AccountId: codec::Codec> {
		/// Datanets from `start` on, in ascending order.
		fn datanets(start: DatanetId, limit: u32) -> Vec<DatanetInfo<AccountId>>;
		/// One Datanet.
		fn datanet(datanet: DatanetId) -> Option<DatanetInfo<AccountId>>;
		/// Contributions to a Datanet from `start` on.
		fn contributions(datanet: DatanetId, start: u32, limit: u32) -> Vec<ContributionInfo<AccountId>>;
		/// Record leaves of a Datanet from `start` on, in the tree's order.
		fn records(datanet: DatanetId, start: u32, limit: u32) -> Vec<RecordLeaf<AccountId>>;
		/// Registered bases from `start` on.
		fn bases(start: BaseId, limit: u32) -> Vec<BaseInfo<AccountId>>;
		/// Model versions from `start` on.
		fn models(start: ModelId, limit: u32) -> Vec<ModelInfo<AccountId>>;
		/// Before versions named their arithmetic.
		#[changed_in(2)]
		fn models(start: ModelId, limit: u32) -> Vec<v1::ModelInfo<AccountId>>;
		/// One model version.
		fn model(model: ModelId) -> Option<ModelInfo<AccountId>>;
		/// Before versions named their arithmetic.
		#[changed_in(2)]
		fn model(model: ModelId) -> Option<v1::ModelInfo<AccountId>>;
		/// Operators that serve a model version.
		fn operators(model: ModelId) -> Vec<OperatorInfo<AccountId>>;
		/// One operator.
		fn operator(operator: AccountId) -> Option<OperatorInfo<AccountId>>;
		/// What an answer of this usage costs, and who would give it.
		fn quote(model: ModelId, usage: Usage) -> Option<Quote<AccountId>>;
		/// From an answer to its records, contributors and amounts.
		fn trace(request: RequestId) -> Option<Trace<AccountId>>;
		/// What an account has accrued, who is paid it, and whether the account is open.
		fn rewards(account: AccountId) -> RewardsInfo<AccountId>;
		/// Before accounts were opened.
		#[changed_in(5)]
		fn rewards(account: AccountId) -> v1::RewardsInfo<AccountId>;
		/// All verifiers: never more than [`MAX_PAGE`].
		fn verifiers() -> Vec<VerifierInfo<AccountId>>;
		/// One verifier.
		fn verifier(verifier: AccountId) -> Option<VerifierInfo<AccountId>>;
		/// The audit of a claim, where lots have called it to one or not decided yet.
		fn audit(claim: RequestId) -> Option<AuditInfo<AccountId>>;
		/// The claim of an answered request or of a draw that was shown, until pruned.
		fn claim(claim: RequestId) -> Option<ClaimInfo<AccountId>>;
		/// Sessions from `start` on.
		fn sessions(start: SessionId, limit: u32) -> Vec<SessionInfo<AccountId>>;
		/// One session, until it ended and its batches are concluded.
		fn session(session: SessionId) -> Option<SessionInfo<AccountId>>;
		/// Batches from `start` on.
		fn batches(start: BatchId, limit: u32) -> Vec<BatchInfo<AccountId>>;
		/// One batch with its draws, until pruned.
		fn batch(batch: BatchId) -> Option<BatchInfo<AccountId>>;
		/// What a model version computes with: none where engines of this runtime can't. Before version 5
		/// it said nothing of records in prompts, and was another type.
		fn material(model: ModelId) -> Option<Material>;
		/// What challenging takes, and which challenges stand: none where there is no such claim, no such
		/// model version, or no index of it.
		fn challenges(target: Target) -> Option<ChallengesInfo<AccountId>>;
		/// What stands behind the indexes of model versions from `start` on, in ascending order.
		fn standings(start: ModelId, limit: u32) -> Vec<StandingInfo>;
		/// What stands behind the index of one model version, where it has one.
		fn standing(model: ModelId) -> Option<StandingInfo>;
		/// What it takes to say that one record duplicates another, and what this account has committed to
		/// and not opened.
		fn duplicate_terms(challenger: AccountId) -> DuplicateTerms;
		/// Challenges of duplicates that are not decided, from `start` on, in ascending order.
		fn duplicates(start: ChallengeId, limit: u32) -> Vec<DuplicateInfo<AccountId>>;
		/// The places of a Datanet's records that earn nothing any more, from `start` on, in ascending order.
		fn excluded(datanet: DatanetId, start: u32, limit: u32) -> Vec<u32>;
		/// What finds records for a model version's prompts, where any are put there.
		#[api_version(5)]
		fn retrieval(model: ModelId) -> Option<Retrieval>;
		/// What was put into the prompt of an answered request or of a draw that was shown, until pruned;
		/// none where the model version puts no records there.
		#[api_version(5)]
		fn found(claim: RequestId) -> Option<FoundInfo<AccountId>>;
	}
}
