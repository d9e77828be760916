//! A client whose runtime knows a few things, and the namespace over it.

use crate::{OpenLedger, OpenLedgerApiServer, OperatorStatus};
use jsonrpsee::RpcModule;
use openledger_primitives_api::{
	AuditInfo, AuditStage, AuditVerdict, BaseInfo, BatchInfo, ClaimInfo, ContributionInfo,
	DatanetInfo, DrawInfo, DrawStage, DuplicateInfo, DuplicateTerms, FoundInfo, LineInfo,
	ModelInfo, OpenLedgerApi, OperatorInfo, Quote as QuoteInfo, RequestState, RewardsInfo,
	SeatInfo, SessionInfo, StandingInfo, Trace as TraceInfo, VerifierInfo,
};
use openledger_primitives_attribution::{
	Credit, Evidence,
	audit::{Execution, Level},
	duplicate::{Overlap, Shared},
};
use openledger_primitives_core::{
	Hash,
	draw::draw_id,
	model::{
		Arithmetic, Assurance, IndexCommitment, LATEST_ARITHMETIC, Method, ModelSpec, ModelStatus,
		PayBy, Price, Retrieval, Unaudited, Usage,
	},
	record::{RecordEntry, RecordLeaf, Snapshot, SnapshotRef},
	settlement::{Distribution, Payment},
	subject::pair_id,
};
use openledger_primitives_inference::Material;
use serde_json::{Value, json};
use sp_api::{ApiRef, ProvideRuntimeApi, mock_impl_runtime_apis};
use sp_blockchain::{BlockStatus, HeaderBackend, Info};
use sp_core::crypto::AccountId32;
use sp_runtime::{
	OpaqueExtrinsic, Permill,
	generic::{self, Header},
	traits::BlakeTwo256,
};
use std::sync::Arc;

pub(super) type Block = generic::Block<Header<u32, BlakeTwo256>, OpaqueExtrinsic>;

const ALICE: AccountId32 = AccountId32::new([1; 32]);
const BOB: AccountId32 = AccountId32::new([2; 32]);
pub(super) const ALICE_SS58: &str = "5C62Ck4UrFPiBtoCmeSrgF7x9yv9mn38446dhCpsi2mLHiFT";
pub(super) const BOB_SS58: &str = "5C7LYpP2ZH3tpKbvVvwiVe54AapxErdPBbvkYhe6y9ZBkqWt";
const BEST: Hash = Hash::repeat_byte(0xbe);
pub(super) const BROKEN: Hash = Hash::repeat_byte(0xb0);
/// Of sessions, those before this one are no more.
const FIRST_SESSION: u64 = 70;
const LAST_SESSION: u64 = 72;
/// The one batch that there is.
const BATCH: u32 = 7;

#[derive(Clone)]
pub(super) struct Api;

fn datanet(id: u32) -> DatanetInfo<AccountId32> {
	DatanetInfo {
		id,
		owner: ALICE,
		name: "weaknesses".into(),
		description: "of software".into(),
		kind: "text".into(),
		terms: "free".into(),
		policy: "curators".into(),
		curators: vec![BOB],
		closed: false,
		root: Hash::repeat_byte(3),
		records: 2,
		contributions: 1,
		snapshots: vec![(0, Snapshot { root: Hash::repeat_byte(3), count: 2, frozen_at: 9 })],
	}
}

fn model(id: u32) -> ModelInfo<AccountId32> {
	ModelInfo {
		id,
		owner: ALICE,
		name: "advisor".into(),
		spec: ModelSpec {
			base: 0,
			parent: Some(4),
			adapter: Hash::repeat_byte(5),
			rank: 8,
			manifest: Hash::repeat_byte(6),
			snapshots: vec![SnapshotRef { datanet: 0, snapshot: 0 }].try_into().unwrap(),
			method: Method { pay_by: PayBy::Contributors, credits: 8, dimension: 512 },
			arithmetic: Arithmetic::Canonical(LATEST_ARITHMETIC),
		},
		status: ModelStatus::Published,
		price: Price { prompt: 1, output: u128::MAX },
		projection: Hash::repeat_byte(7),
		index: Some(IndexCommitment {
			records_root: Hash::repeat_byte(8),
			records: 2,
			contributors_root: Hash::repeat_byte(9),
			contributors: 1,
			floor_ppm: 50_000,
			file: Hash::repeat_byte(10),
		}),
		answers: 3,
		fees: 1_000_000_000_000_000_000,
		to_contributors: 5,
	}
}

fn operator() -> OperatorInfo<AccountId32> {
	OperatorInfo {
		account: ALICE,
		agent: BOB,
		endpoint: "http://host:9955".into(),
		bond: 7,
		capacity: 4,
		open: 1,
		answered: 12,
		missed: 0,
		leaving: false,
		models: vec![5],
	}
}

fn trace(request: u64) -> TraceInfo<AccountId32> {
	TraceInfo {
		request,
		state: RequestState::Settled,
		model: 5,
		payer: BOB,
		operator: ALICE,
		prompt: "why?".into(),
		answer: Some("because".into()),
		usage: Usage { prompt: 3, output: 2 },
		requested_at: 10,
		deadline: 20,
		answered_at: Some(12),
		final_at: Some(22),
		fee: 100,
		gain: -3,
		earned_ppm: 500_000,
		claim: Some(Hash::repeat_byte(11)),
		trace: Some(Hash::repeat_byte(12)),
		sketch: vec![-127, 0, 127],
		paid: vec![Credit { position: 0, account: ALICE, score: i64::MAX, weight: u64::MAX }],
		evidence: vec![Evidence {
			position: 1,
			datanet: 0,
			index: 1,
			contributor: ALICE,
			content: Hash::repeat_byte(13),
			score: i64::MIN,
		}],
		challenger: Some(BOB),
		distribution: Some(distribution()),
	}
}

fn distribution() -> Distribution<AccountId32> {
	Distribution {
		fee: 100,
		contributors: vec![Payment { account: ALICE, amount: 50 }].try_into().unwrap(),
		owner: Payment { account: ALICE, amount: 20 },
		royalty: Payment { account: BOB, amount: 0 },
		operator: Payment { account: ALICE, amount: 20 },
		verifiers: 5,
		validators: 2,
		treasury: 3,
	}
}

fn claim(id: u64) -> ClaimInfo<AccountId32> {
	ClaimInfo {
		claim: id,
		model: 5,
		operator: ALICE,
		payer: BOB,
		submitted_at: 12,
		final_at: 22,
		gain: -3,
		earned_ppm: 500_000,
		digest: Hash::repeat_byte(11),
		trace: Hash::repeat_byte(12),
		sketch: vec![-127, 0, 127],
		paid: vec![Credit { position: 0, account: ALICE, score: i64::MIN, weight: u64::MAX }],
		evidence: vec![Evidence {
			position: 1,
			datanet: 2,
			index: 3,
			contributor: BOB,
			content: Hash::repeat_byte(13),
			score: i64::MAX,
		}],
		challenger: Some(BOB),
		rejected: false,
		distribution: Some(distribution()),
	}
}

fn session(id: u64) -> SessionInfo<AccountId32> {
	SessionInfo {
		id,
		payer: BOB,
		operator: ALICE,
		model: 5,
		signer: AccountId32::new([3; 32]),
		price: Price { prompt: 1, output: u128::MAX },
		escrow: u128::MAX,
		settled: 1 << 64,
		receipts: 9,
		expires_at: 100,
		left_until: 120,
		closing: true,
		ended: false,
		batches: 2,
		private: id % 2 == 1,
	}
}

/// With a draw at every stage; the third one fell into the receipt of the second.
fn batch(id: u32) -> BatchInfo<AccountId32> {
	let stages = [
		DrawStage::Settled,
		DrawStage::Open,
		DrawStage::Joined(1),
		DrawStage::Rejected,
		DrawStage::Pending,
		DrawStage::Missed,
	];
	let draw = |(draw, stage)| DrawInfo {
		draw,
		stage,
		share: u128::MAX,
		session: (stage != DrawStage::Missed).then_some(FIRST_SESSION),
		unit: if stage == DrawStage::Missed { 0 } else { 1 << 70 },
	};
	BatchInfo {
		id,
		operator: ALICE,
		model: 5,
		total: u128::MAX,
		held: 7,
		returns: 0,
		committed_at: 30,
		round: 4,
		seed: Some(Hash::repeat_byte(14)),
		reveal_by: Some(60),
		concluded: false,
		lines: vec![LineInfo {
			session: FIRST_SESSION,
			first: 2,
			count: 9,
			from: 1,
			to: u128::MAX,
			root: Hash::repeat_byte(15),
		}],
		draws: (0..).zip(stages).map(draw).collect(),
	}
}

mock_impl_runtime_apis! {
	impl OpenLedgerApi<Block, AccountId32> for Api {
		#[advanced]
		fn datanets(
			at: Hash,
			start: u32,
			limit: u32,
		) -> Result<Vec<DatanetInfo<AccountId32>>, sp_api::ApiError> {
			if at == BROKEN {
				return Err(sp_api::ApiError::StateBackendIsNotTrie);
			}
			Ok((start..100).take(limit as usize).map(datanet).collect())
		}
		fn datanet(id: u32) -> Option<DatanetInfo<AccountId32>> {
			(id < 100).then(|| datanet(id))
		}
		fn contributions(
			id: u32,
			start: u32,
			limit: u32,
		) -> Vec<ContributionInfo<AccountId32>> {
			let one = ContributionInfo {
				id: start,
				contributor: BOB,
				committed_at: 7,
				status: "pending".into(),
				acceptable_at: 13,
				first_index: None,
				records: vec![RecordEntry { content: Hash::repeat_byte(4), size: 31 }],
			};
			(id == 0 && limit > 0).then_some(one).into_iter().collect()
		}
		fn records(id: u32, start: u32, _limit: u32) -> Vec<RecordLeaf<AccountId32>> {
			let leaf = RecordLeaf {
				datanet: id,
				index: start,
				contributor: BOB,
				content: Hash::repeat_byte(4),
				size: 31,
				committed_at: 7,
			};
			(id == 0).then_some(leaf).into_iter().collect()
		}
		fn bases(start: u32, _limit: u32) -> Vec<BaseInfo<AccountId32>> {
			vec![BaseInfo {
				id: start,
				owner: ALICE,
				name: "SmolLM2-135M".into(),
				architecture: "llama".into(),
				weights: Hash::repeat_byte(1),
				tokenizer: Hash::repeat_byte(2),
				royalty_ppm: 100_000,
			}]
		}
		fn models(start: u32, _limit: u32) -> Vec<ModelInfo<AccountId32>> {
			vec![model(start)]
		}
		fn model(id: u32) -> Option<ModelInfo<AccountId32>> {
			[5, 6].contains(&id).then(|| model(id))
		}
		fn operators(id: u32) -> Vec<OperatorInfo<AccountId32>> {
			(id == 5).then(operator).into_iter().collect()
		}
		fn operator(who: AccountId32) -> Option<OperatorInfo<AccountId32>> {
			(who == ALICE).then(operator)
		}
		fn quote(id: u32, usage: Usage) -> Option<QuoteInfo<AccountId32>> {
			let price = Price { prompt: 1_000, output: 2_000 };
			(id == 5).then(|| QuoteInfo {
				fee: price.fee(usage).unwrap(),
				price,
				operators: vec![ALICE],
			})
		}
		fn trace(request: u64) -> Option<TraceInfo<AccountId32>> {
			(request == 9).then(|| trace(request))
		}
		fn rewards(who: AccountId32) -> RewardsInfo<AccountId32> {
			let known = who == ALICE;
			RewardsInfo {
				accrued: if known { u128::MAX } else { 0 },
				paid: 1,
				payee: known.then_some(BOB),
				open: known,
			}
		}

		fn sessions(start: u64, limit: u32) -> Vec<SessionInfo<AccountId32>> {
			let end = start.saturating_add(limit.into()).min(LAST_SESSION + 1);
			(start..end).filter(|id| *id >= FIRST_SESSION).map(session).collect()
		}

		fn session(id: u64) -> Option<SessionInfo<AccountId32>> {
			(FIRST_SESSION..=LAST_SESSION).contains(&id).then(|| session(id))
		}

		fn batches(start: u32, limit: u32) -> Vec<BatchInfo<AccountId32>> {
			let end = start.saturating_add(limit);
			(start..end).filter(|id| *id == BATCH).map(batch).collect()
		}

		fn batch(id: u32) -> Option<BatchInfo<AccountId32>> {
			(id == BATCH).then(|| batch(id))
		}

		fn material(_: u32) -> Option<Material> {
			None
		}

		fn standings(start: u32, limit: u32) -> Vec<StandingInfo> {
			(start..7).filter(|id| [5, 6].contains(id)).map(standing).take(limit as usize).collect()
		}

		fn standing(model: u32) -> Option<StandingInfo> {
			[5, 6].contains(&model).then(|| standing(model))
		}

		fn duplicate_terms(_: AccountId32) -> DuplicateTerms {
			DuplicateTerms { is_enabled: true, deposit: 2, sealed: Vec::new() }
		}

		fn duplicates(_: u32, _: u32) -> Vec<DuplicateInfo<AccountId32>> {
			Vec::new()
		}

		fn excluded(_: u32, _: u32, _: u32) -> Vec<u32> {
			Vec::new()
		}

		fn retrieval(id: u32) -> Option<Retrieval> {
			(id == 5).then(retrieval)
		}

		fn found(id: u64) -> Option<FoundInfo<AccountId32>> {
			[9, draw_id(BATCH, 0)].contains(&id).then(found)
		}

		fn claim(id: u64) -> Option<ClaimInfo<AccountId32>> {
			[3, draw_id(BATCH, 0)].contains(&id).then(|| claim(id))
		}

		fn verifiers() -> Vec<VerifierInfo<AccountId32>> {
			vec![verifier()]
		}

		fn verifier(who: AccountId32) -> Option<VerifierInfo<AccountId32>> {
			(who == ALICE).then(verifier)
		}

		fn audit(claim: u64) -> Option<AuditInfo<AccountId32>> {
			if claim == pair_id(3) {
				return Some(compared(claim));
			}
			[3, draw_id(BATCH, 0)].contains(&claim).then(|| AuditInfo {
				claim,
				stage: AuditStage::Revealing,
				until: Some(40),
				verdict: None,
				seats: vec![SeatInfo {
					verifier: ALICE,
					level: Level::First,
					committed: true,
					found: Some(AuditVerdict::Refuted(Execution {
						answer: Hash::repeat_byte(1),
						usage: Usage { prompt: 5, output: 6 },
						claim: Hash::repeat_byte(2),
					})),
				}],
				appellant: None,
				private: false,
				disputer: (claim != 3).then_some(BOB),
				dispute_deposit: 1 << 64,
			})
		}
	}
}

fn retrieval() -> Retrieval {
	Retrieval {
		most: 4,
		dimension: 2_048,
		part: Permill::from_percent(30),
		lens: Hash::repeat_byte(21),
		index: IndexCommitment {
			records_root: Hash::repeat_byte(22),
			records: 2,
			contributors_root: Hash::repeat_byte(23),
			contributors: 1,
			floor_ppm: 70_000,
			file: Hash::repeat_byte(24),
		},
	}
}

fn found() -> FoundInfo<AccountId32> {
	FoundInfo {
		part_ppm: 300_000,
		question: Hash::repeat_byte(25),
		paid: vec![Credit { position: 1, account: BOB, score: 9, weight: 1 << 60 }],
		evidence: vec![Evidence {
			position: 1,
			datanet: 2,
			index: 3,
			contributor: BOB,
			content: Hash::repeat_byte(13),
			score: 9,
		}],
	}
}

fn compared(claim: u64) -> AuditInfo<AccountId32> {
	let whole = Shared { one: 100, other: 90, common: 90 };
	let learnt = Shared { one: 2, other: 9, common: 2 };
	AuditInfo {
		claim,
		stage: AuditStage::Decided,
		until: Some(40),
		verdict: Some(AuditVerdict::Compared(Overlap { whole, learnt })),
		seats: Vec::new(),
		appellant: None,
		private: false,
		disputer: None,
		dispute_deposit: 0,
	}
}

fn standing(model: u32) -> StandingInfo {
	let assurance = Assurance::Unaudited(Unaudited::TooFewVerifiers);
	StandingInfo { model, assurance, asked: 1, training: Some(Hash::repeat_byte(7)) }
}

fn verifier() -> VerifierInfo<AccountId32> {
	VerifierInfo {
		account: ALICE,
		agent: BOB,
		bond: u128::MAX,
		since: 4,
		duties: 1,
		upheld: 9,
		strikes: 0,
		leaving: false,
	}
}

pub(super) struct Client;

impl ProvideRuntimeApi<Block> for Client {
	type Api = Api;
	fn runtime_api(&self) -> ApiRef<'_, Api> {
		Api.into()
	}
}

impl HeaderBackend<Block> for Client {
	fn header(&self, _: Hash) -> sp_blockchain::Result<Option<Header<u32, BlakeTwo256>>> {
		Ok(None)
	}
	fn info(&self) -> Info<Block> {
		Info {
			best_hash: BEST,
			best_number: 1,
			genesis_hash: Hash::zero(),
			finalized_hash: BEST,
			finalized_number: 1,
			finalized_state: None,
			number_leaves: 1,
			block_gap: None,
		}
	}
	fn status(&self, _: Hash) -> sp_blockchain::Result<BlockStatus> {
		Ok(BlockStatus::Unknown)
	}
	fn number(&self, hash: Hash) -> sp_blockchain::Result<Option<u32>> {
		Ok([BEST, BROKEN].contains(&hash).then_some(1))
	}
	fn hash(&self, _: u32) -> sp_blockchain::Result<Option<Hash>> {
		Ok(None)
	}
}

pub(super) struct Worker(pub(super) Result<Value, String>);

impl OperatorStatus for Worker {
	fn status(&self) -> Result<Value, String> {
		self.0.clone()
	}
}

pub(super) fn module(operator: Option<Worker>) -> RpcModule<OpenLedger<Client, Block>> {
	let operator = operator.map(|worker| Arc::new(worker) as Arc<dyn OperatorStatus>);
	OpenLedger::<_, Block>::new(Arc::new(Client), operator).into_rpc()
}

/// The whole response, as it goes over the wire.
async fn call(method: &str, params: Value) -> Value {
	let request = json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params });
	let (response, _) = module(None).raw_json_request(&request.to_string(), 1).await.unwrap();
	serde_json::from_str(&response.to_string()).unwrap()
}

pub(super) async fn result(method: &str, params: Value) -> Value {
	let response = call(method, params).await;
	assert!(response.get("error").is_none(), "{method}: {response}");
	response["result"].clone()
}

pub(super) async fn refusal(method: &str, params: Value) -> (i64, String) {
	let response = call(method, params).await;
	let error = &response["error"];
	(
		error["code"].as_i64().unwrap_or_else(|| panic!("{method} was answered: {response}")),
		error["message"].as_str().unwrap().into(),
	)
}
