//! The methods' implementation over the runtime API.

use crate::{
	Audit, Base, Batch, Claim, ClaimName, Contribution, Datanet, Error, Found, Model,
	OpenLedgerApiServer, Operator, Quote, Record, Retrieval, Rewards, Session, Standing, Trace,
	Verifier, claims::shown,
};
use jsonrpsee::core::RpcResult;
use openledger_primitives_api::{MAX_PAGE, ModelInfo, OpenLedgerApi, RewardsInfo, StandingInfo};
use openledger_primitives_core::{
	BaseId, BatchId, ContributionId, DatanetId, ModelId, RequestId, SessionId,
	draw::drawn,
	model::Usage,
	subject::{paired, versioned},
};
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_core::crypto::{AccountId32, Ss58Codec};
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// The entries of a page where no limit is given.
const PAGE: u32 = 64;
/// The version of the runtime API that most methods need.
const API_VERSION: u32 = 1;
/// The version whose model versions name their arithmetic.
const ARITHMETIC_VERSION: u32 = 2;
/// The version that knows audits, sessions and batches.
const AUDITS_VERSION: u32 = 3;
/// The version that knows what stands behind model versions.
const STANDINGS_VERSION: u32 = 4;
/// The version that knows whether rewards accounts are open.
const ACCOUNTS_VERSION: u32 = 5;
/// The version that knows of records in prompts.
const RETRIEVAL_VERSION: u32 = 5;

/// A worker that can say how it is.
pub trait OperatorStatus: Send + Sync + 'static {
	/// Its status as JSON, or why there is none.
	fn status(&self) -> Result<serde_json::Value, String>;
}

/// Serves the namespace.
pub struct OpenLedger<C, Block> {
	client: Arc<C>,
	operator: Option<Arc<dyn OperatorStatus>>,
	block: PhantomData<fn() -> Block>,
}

impl<C, Block> OpenLedger<C, Block> {
	/// Over a client's runtime, with the worker of this node if it has one.
	pub fn new(client: Arc<C>, operator: Option<Arc<dyn OperatorStatus>>) -> Self {
		Self { client, operator, block: PhantomData }
	}
}

impl<C, Block> OpenLedger<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	C::Api: OpenLedgerApi<Block, AccountId32>,
{
	/// Asks the runtime at a block.
	fn ask<T>(
		&self,
		at: Option<Block::Hash>,
		question: impl FnOnce(&C::Api, Block::Hash) -> Result<T, ApiError>,
	) -> Result<T, Error> {
		self.ask_from(API_VERSION, at, question)
	}

	/// Asks the runtime at a block what its API answers from version `needed` on.
	fn ask_from<T>(
		&self,
		needed: u32,
		at: Option<Block::Hash>,
		question: impl FnOnce(&C::Api, Block::Hash) -> Result<T, ApiError>,
	) -> Result<T, Error> {
		let at = match at {
			None => self.client.info().best_hash,
			Some(at) => match self.client.number(at) {
				Ok(Some(_)) => at,
				Ok(None) => return Err(Error::UnknownBlock(format!("{at:?}"))),
				Err(error) => return Err(Error::Runtime(error.to_string())),
			},
		};
		let api = self.client.runtime_api();
		let version = api
			.api_version::<dyn OpenLedgerApi<Block, AccountId32>>(at)
			.map_err(|error| Error::Runtime(error.to_string()))?;
		check_version(version, needed)?;
		question(&api, at).map_err(|error| Error::Runtime(error.to_string()))
	}

	/// Asks for a page, and converts its entries.
	fn page<T, U: From<T>>(
		&self,
		limit: Option<u32>,
		at: Option<Block::Hash>,
		question: impl FnOnce(&C::Api, Block::Hash, u32) -> Result<Vec<T>, ApiError>,
	) -> Result<Vec<U>, Error> {
		self.page_from(API_VERSION, limit, at, question)
	}

	/// Asks for a page of what the runtime's API lists from version `needed` on.
	fn page_from<T, U: From<T>>(
		&self,
		needed: u32,
		limit: Option<u32>,
		at: Option<Block::Hash>,
		question: impl FnOnce(&C::Api, Block::Hash, u32) -> Result<Vec<T>, ApiError>,
	) -> Result<Vec<U>, Error> {
		let limit = check_limit(limit)?;
		let entries = self.ask_from(needed, at, |api, at| question(api, at, limit))?;
		Ok(entries.into_iter().map(U::from).collect())
	}
}

/// Whether the runtime's API is of this version or a later one.
fn is_from<Block, Api>(version: u32, api: &Api, at: Block::Hash) -> Result<bool, ApiError>
where
	Block: BlockT,
	Api: OpenLedgerApi<Block, AccountId32> + ApiExt<Block>,
{
	let found = api.api_version::<dyn OpenLedgerApi<Block, AccountId32>>(at)?;
	Ok(check_version(found, version).is_ok())
}

fn models<Block, Api>(
	api: &Api,
	at: Block::Hash,
	start: ModelId,
	limit: u32,
) -> Result<Vec<ModelInfo<AccountId32>>, ApiError>
where
	Block: BlockT,
	Api: OpenLedgerApi<Block, AccountId32> + ApiExt<Block>,
{
	if is_from::<Block, _>(ARITHMETIC_VERSION, api, at)? {
		return api.models(at, start, limit);
	}
	#[expect(deprecated, reason = "that is how earlier versions are asked")]
	let old = api.models_before_version_2(at, start, limit)?;
	Ok(old.into_iter().map(ModelInfo::from).collect())
}

fn model<Block, Api>(
	api: &Api,
	at: Block::Hash,
	id: ModelId,
) -> Result<Option<ModelInfo<AccountId32>>, ApiError>
where
	Block: BlockT,
	Api: OpenLedgerApi<Block, AccountId32> + ApiExt<Block>,
{
	if is_from::<Block, _>(ARITHMETIC_VERSION, api, at)? {
		return api.model(at, id);
	}
	#[expect(deprecated, reason = "that is how earlier versions are asked")]
	let old = api.model_before_version_2(at, id)?;
	Ok(old.map(ModelInfo::from))
}

/// What stands behind the indexes of model versions; nothing from a runtime that does not say.
fn standings<Block, Api>(
	api: &Api,
	at: Block::Hash,
	start: ModelId,
	limit: u32,
) -> Result<Vec<StandingInfo>, ApiError>
where
	Block: BlockT,
	Api: OpenLedgerApi<Block, AccountId32> + ApiExt<Block>,
{
	match is_from::<Block, _>(STANDINGS_VERSION, api, at)? {
		true => api.standings(at, start, limit),
		false => Ok(Vec::new()),
	}
}

/// What finds records for the prompts of each of these model versions; nothing from a runtime that does not
/// say.
fn retrievals<Block, Api>(
	api: &Api,
	at: Block::Hash,
	models: impl IntoIterator<Item = ModelId>,
) -> Result<Vec<Option<Retrieval>>, ApiError>
where
	Block: BlockT,
	Api: OpenLedgerApi<Block, AccountId32> + ApiExt<Block>,
{
	let says = is_from::<Block, _>(RETRIEVAL_VERSION, api, at)?;
	let of = |model| match says {
		true => Ok(api.retrieval(at, model)?.map(Retrieval::from)),
		false => Ok(None),
	};
	models.into_iter().map(of).collect()
}

/// What was put into the prompt of the answer that a claim is on; nothing from a runtime that does not say.
fn found<Block, Api>(
	api: &Api,
	at: Block::Hash,
	claim: RequestId,
) -> Result<Option<Found>, ApiError>
where
	Block: BlockT,
	Api: OpenLedgerApi<Block, AccountId32> + ApiExt<Block>,
{
	match is_from::<Block, _>(RETRIEVAL_VERSION, api, at)? {
		true => Ok(api.found(at, claim)?.map(Found::from)),
		false => Ok(None),
	}
}

/// What an account has accrued.
fn rewards<Block, Api>(
	api: &Api,
	at: Block::Hash,
	who: AccountId32,
) -> Result<RewardsInfo<AccountId32>, ApiError>
where
	Block: BlockT,
	Api: OpenLedgerApi<Block, AccountId32> + ApiExt<Block>,
{
	if is_from::<Block, _>(ACCOUNTS_VERSION, api, at)? {
		return api.rewards(at, who);
	}
	#[expect(deprecated, reason = "that is how earlier versions are asked")]
	let old = api.rewards_before_version_5(at, who)?;
	Ok(old.into())
}

/// Whether the runtime's version of the API will do.
pub(crate) fn check_version(found: Option<u32>, needed: u32) -> Result<(), Error> {
	match found {
		Some(version) if version >= needed => Ok(()),
		found => Err(Error::ApiVersion { found, needed }),
	}
}

fn check_limit(limit: Option<u32>) -> Result<u32, Error> {
	match limit {
		None => Ok(PAGE),
		Some(limit @ 1..=MAX_PAGE) => Ok(limit),
		Some(limit) => Err(Error::Limit(limit)),
	}
}

fn account(text: String) -> Result<AccountId32, Error> {
	let parsed = match text.strip_prefix("0x") {
		Some(digits) => {
			let mut key = [0; 32];
			hex::decode_to_slice(digits, &mut key).ok().map(|()| AccountId32::new(key))
		}
		None => AccountId32::from_ss58check(&text).ok(),
	};
	parsed.ok_or(Error::Account(text))
}

fn missing(kind: &'static str, id: impl ToString, advice: &'static str) -> Error {
	Error::NotFound { kind, id: id.to_string(), advice }
}

fn no_datanet(id: DatanetId) -> Error {
	missing("Datanet", id, ": openledger_datanets lists those that there are")
}

fn no_model(id: ModelId) -> Error {
	missing("model", id, ": openledger_models lists those that there are")
}

fn no_audit(claim: RequestId) -> Error {
	if versioned(claim).is_some() {
		let advice = ": openledger_model shows what stands behind it";
		return missing("audit of", shown(claim), advice);
	}
	if paired(claim).is_some() {
		let advice =
			": there is no such challenge, or it is decided; its events say what came of it";
		return missing("audit of", shown(claim), advice);
	}
	let (kind, advice) = match drawn(claim) {
		None => ("audit of request", ": lots did not call it to one, or the request was pruned"),
		Some(_) => (
			"audit of draw",
			": lots did not call it to one, or it has no claim of its own; openledger_batch names the \
			 claim of each draw",
		),
	};
	missing(kind, shown(claim), advice)
}

fn no_claim(claim: RequestId) -> Error {
	let (kind, advice) = match drawn(claim) {
		None => (
			"claim of request",
			": it was not answered, or its payer pruned it; openledger_trace shows how far it is",
		),
		Some(_) => (
			"claim of draw",
			": its receipt was not shown, an earlier draw has it, or its batch was pruned; \
			 openledger_batch names the claim of each draw",
		),
	};
	missing(kind, shown(claim), advice)
}

impl<C, Block> OpenLedgerApiServer<Block::Hash> for OpenLedger<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + 'static,
	C: Send + Sync,
	C::Api: OpenLedgerApi<Block, AccountId32>,
{
	fn datanets(
		&self,
		start: Option<DatanetId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> RpcResult<Vec<Datanet>> {
		let start = start.unwrap_or(0);
		Ok(self.page(limit, at, |api, at, limit| api.datanets(at, start, limit))?)
	}

	fn datanet(&self, datanet: DatanetId, at: Option<Block::Hash>) -> RpcResult<Datanet> {
		let found = self.ask(at, |api, at| api.datanet(at, datanet))?;
		Ok(found.ok_or_else(|| no_datanet(datanet))?.into())
	}

	fn contributions(
		&self,
		datanet: DatanetId,
		start: Option<ContributionId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> RpcResult<Vec<Contribution>> {
		let start = start.unwrap_or(0);
		let page =
			self.page(limit, at, |api, at, limit| api.contributions(at, datanet, start, limit))?;
		if page.is_empty() && self.ask(at, |api, at| api.datanet(at, datanet))?.is_none() {
			return Err(no_datanet(datanet).into());
		}
		Ok(page)
	}

	fn records(
		&self,
		datanet: DatanetId,
		start: Option<u32>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> RpcResult<Vec<Record>> {
		let start = start.unwrap_or(0);
		let page = self.page(limit, at, |api, at, limit| api.records(at, datanet, start, limit))?;
		if page.is_empty() && self.ask(at, |api, at| api.datanet(at, datanet))?.is_none() {
			return Err(no_datanet(datanet).into());
		}
		Ok(page)
	}

	fn bases(
		&self,
		start: Option<BaseId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> RpcResult<Vec<Base>> {
		let start = start.unwrap_or(0);
		Ok(self.page(limit, at, |api, at, limit| api.bases(at, start, limit))?)
	}

	fn models(
		&self,
		start: Option<ModelId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> RpcResult<Vec<Model>> {
		let start = start.unwrap_or(0);
		let found: Vec<Model> =
			self.page(limit, at, |api, at, limit| models(api, at, start, limit))?;
		let limit = check_limit(limit)?;
		let standings = self.ask(at, |api, at| standings(api, at, start, limit))?;
		let ids = found.iter().map(|model| model.id);
		let retrievals = self.ask(at, |api, at| retrievals(api, at, ids))?;
		let of = |(model, retrieval): (Model, Option<Retrieval>)| {
			let standing = standings.iter().find(|standing| standing.model == model.id).cloned();
			Model { retrieval, standing: standing.map(Standing::from), ..model }
		};
		Ok(found.into_iter().zip(retrievals).map(of).collect())
	}

	fn model(&self, model: ModelId, at: Option<Block::Hash>) -> RpcResult<Model> {
		let found = self.ask(at, |api, at| self::model(api, at, model))?;
		let found: Model = found.ok_or_else(|| no_model(model))?.into();
		let mut standings = self.ask(at, |api, at| standings(api, at, model, 1))?;
		standings.retain(|standing| standing.model == model);
		let retrievals = self.ask(at, |api, at| retrievals(api, at, [model]))?;
		let retrieval = retrievals.into_iter().next().flatten();
		Ok(Model { retrieval, standing: standings.pop().map(Standing::from), ..found })
	}

	fn operators(&self, model: ModelId, at: Option<Block::Hash>) -> RpcResult<Vec<Operator>> {
		let found = self.ask(at, |api, at| api.operators(at, model))?;
		if found.is_empty() && self.ask(at, |api, at| self::model(api, at, model))?.is_none() {
			return Err(no_model(model).into());
		}
		Ok(found.into_iter().map(Operator::from).collect())
	}

	fn operator(&self, text: String, at: Option<Block::Hash>) -> RpcResult<Operator> {
		let who = account(text)?;
		let found = self.ask(at, |api, at| api.operator(at, who.clone()))?;
		let advice = ": openledger_operators lists those of a model";
		Ok(found.ok_or_else(|| missing("operator", &who, advice))?.into())
	}

	fn trace(&self, request: RequestId, at: Option<Block::Hash>) -> RpcResult<Trace> {
		let found = self.ask(at, |api, at| api.trace(at, request))?;
		let advice = ": it was never made, or its payer pruned it; ask at an earlier block";
		let told: Trace = found.ok_or_else(|| missing("request", request, advice))?.into();
		let found = self.ask(at, |api, at| self::found(api, at, request))?;
		Ok(Trace { found, ..told })
	}

	fn rewards(&self, text: String, at: Option<Block::Hash>) -> RpcResult<Rewards> {
		let who = account(text)?;
		Ok(self.ask(at, |api, at| rewards(api, at, who))?.into())
	}

	fn verifiers(&self, at: Option<Block::Hash>) -> RpcResult<Vec<Verifier>> {
		let found = self.ask_from(AUDITS_VERSION, at, |api, at| api.verifiers(at))?;
		Ok(found.into_iter().map(Verifier::from).collect())
	}

	fn verifier(&self, text: String, at: Option<Block::Hash>) -> RpcResult<Verifier> {
		let who = account(text)?;
		let found = self.ask_from(AUDITS_VERSION, at, |api, at| api.verifier(at, who.clone()))?;
		let advice = ": openledger_verifiers lists those that there are";
		Ok(found.ok_or_else(|| missing("verifier", &who, advice))?.into())
	}

	fn audit(&self, claim: ClaimName, at: Option<Block::Hash>) -> RpcResult<Audit> {
		let id = claim.id()?;
		let found = self.ask_from(AUDITS_VERSION, at, |api, at| api.audit(at, id))?;
		Ok(found.ok_or_else(|| no_audit(id))?.into())
	}

	fn claim(&self, claim: ClaimName, at: Option<Block::Hash>) -> RpcResult<Claim> {
		let id = claim.id()?;
		let found = self.ask_from(AUDITS_VERSION, at, |api, at| api.claim(at, id))?;
		let told: Claim = found.ok_or_else(|| no_claim(id))?.into();
		let found = self.ask_from(AUDITS_VERSION, at, |api, at| self::found(api, at, id))?;
		Ok(Claim { found, ..told })
	}

	fn sessions(
		&self,
		start: Option<SessionId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> RpcResult<Vec<Session>> {
		let start = start.unwrap_or(0);
		Ok(self.page_from(AUDITS_VERSION, limit, at, |api, at, limit| {
			api.sessions(at, start, limit)
		})?)
	}

	fn session(&self, session: SessionId, at: Option<Block::Hash>) -> RpcResult<Session> {
		let found = self.ask_from(AUDITS_VERSION, at, |api, at| api.session(at, session))?;
		let advice = ": openledger_sessions lists those that did not end; ask at an earlier block";
		Ok(found.ok_or_else(|| missing("session", session, advice))?.into())
	}

	fn batches(
		&self,
		start: Option<BatchId>,
		limit: Option<u32>,
		at: Option<Block::Hash>,
	) -> RpcResult<Vec<Batch>> {
		let start = start.unwrap_or(0);
		Ok(self
			.page_from(AUDITS_VERSION, limit, at, |api, at, limit| api.batches(at, start, limit))?)
	}

	fn batch(&self, batch: BatchId, at: Option<Block::Hash>) -> RpcResult<Batch> {
		let found = self.ask_from(AUDITS_VERSION, at, |api, at| api.batch(at, batch))?;
		let advice = ": openledger_batches lists those not pruned; ask at an earlier block";
		Ok(found.ok_or_else(|| missing("batch", batch, advice))?.into())
	}

	fn quote(
		&self,
		model: ModelId,
		prompt_tokens: u32,
		output_tokens: u32,
		at: Option<Block::Hash>,
	) -> RpcResult<Quote> {
		let usage = Usage { prompt: prompt_tokens, output: output_tokens };
		let found = self.ask(at, |api, at| api.quote(at, model, usage))?;
		let advice = " that answers requests: openledger_models shows each one's status";
		Ok(found.ok_or_else(|| missing("model", model, advice))?.into())
	}

	fn operator_status(&self) -> RpcResult<serde_json::Value> {
		let operator = self.operator.as_ref().ok_or(Error::NotAnOperator)?;
		Ok(operator.status().map_err(Error::Status)?)
	}
}
