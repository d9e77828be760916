//! The namespace over a mock of the runtime API.

use crate::{Error, OpenLedger, OpenLedgerApiServer, OperatorStatus, server::check_version};
use jsonrpsee::RpcModule;
use openledger_primitives_api::{
	AuditInfo, AuditStage, AuditVerdict, BaseInfo, BatchInfo, ClaimInfo, ContributionInfo, DatanetInfo,
	ModelInfo, OpenLedgerApi, OperatorInfo, Quote as QuoteInfo, RequestState, RewardsInfo,
	SeatInfo, SessionInfo, Trace as TraceInfo, VerifierInfo,
};
use openledger_primitives_attribution::{
	Credit, Evidence,
	audit::{Execution, Level},
};
use openledger_primitives_core::{
	Hash,
	model::{
		Arithmetic, IndexCommitment, LATEST_ARITHMETIC, Method, ModelSpec, ModelStatus, PayBy,
		Price, Usage,
	},
	record::{RecordEntry, RecordLeaf, Snapshot, SnapshotRef},
	settlement::{Distribution, Payment},
};
use openledger_primitives_inference::Material;
use serde_json::{Value, json};
use sp_api::{ApiRef, ProvideRuntimeApi, mock_impl_runtime_apis};
use sp_blockchain::{BlockStatus, HeaderBackend, Info};
use sp_core::crypto::AccountId32;
use sp_runtime::{
	OpaqueExtrinsic,
	generic::{self, Header},
	traits::BlakeTwo256,
};
use std::sync::Arc;

type Block = generic::Block<Header<u32, BlakeTwo256>, OpaqueExtrinsic>;

const ALICE: AccountId32 = AccountId32::new([1; 32]);
const BOB: AccountId32 = AccountId32::new([2; 32]);
const ALICE_SS58: &str = "5C62Ck4UrFPiBtoCmeSrgF7x9yv9mn38446dhCpsi2mLHiFT";
const BOB_SS58: &str = "5C7LYpP2ZH3tpKbvVvwiVe54AapxErdPBbvkYhe6y9ZBkqWt";
const BEST: Hash = Hash::repeat_byte(0xbe);
const BROKEN: Hash = Hash::repeat_byte(0xb0);

#[derive(Clone)]
struct Api;

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
		distribution: Some(Distribution {
			fee: 100,
			contributors: vec![Payment { account: ALICE, amount: 50 }].try_into().unwrap(),
			owner: Payment { account: ALICE, amount: 20 },
			royalty: Payment { account: BOB, amount: 0 },
			operator: Payment { account: ALICE, amount: 20 },
			verifiers: 5,
			validators: 2,
			treasury: 3,
		}),
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
			}
		}

		fn sessions(_: u64, _: u32) -> Vec<SessionInfo<AccountId32>> {
			Vec::new()
		}

		fn session(_: u64) -> Option<SessionInfo<AccountId32>> {
			None
		}

		fn batches(_: u32, _: u32) -> Vec<BatchInfo<AccountId32>> {
			Vec::new()
		}

		fn batch(_: u32) -> Option<BatchInfo<AccountId32>> {
			None
		}

		fn material(_: u32) -> Option<Material> {
			None
		}

		fn claim(_: u64) -> Option<ClaimInfo<AccountId32>> {
			None
		}

		fn verifiers() -> Vec<VerifierInfo<AccountId32>> {
			vec![verifier()]
		}

		fn verifier(who: AccountId32) -> Option<VerifierInfo<AccountId32>> {
			(who == ALICE).then(verifier)
		}

		fn audit(claim: u64) -> Option<AuditInfo<AccountId32>> {
			(claim == 3).then(|| AuditInfo {
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
			})
		}
	}
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

struct Client;

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

struct Worker(Result<Value, String>);

impl OperatorStatus for Worker {
	fn status(&self) -> Result<Value, String> {
		self.0.clone()
	}
}

fn module(operator: Option<Worker>) -> RpcModule<OpenLedger<Client, Block>> {
	let operator = operator.map(|worker| Arc::new(worker) as Arc<dyn OperatorStatus>);
	OpenLedger::<_, Block>::new(Arc::new(Client), operator).into_rpc()
}

/// The whole response, as it goes over the wire.
async fn call(method: &str, params: Value) -> Value {
	let request = json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params });
	let (response, _) = module(None).raw_json_request(&request.to_string(), 1).await.unwrap();
	serde_json::from_str(&response.to_string()).unwrap()
}

async fn result(method: &str, params: Value) -> Value {
	let response = call(method, params).await;
	assert!(response.get("error").is_none(), "{method}: {response}");
	response["result"].clone()
}

async fn refusal(method: &str, params: Value) -> (i64, String) {
	let response = call(method, params).await;
	let error = &response["error"];
	(
		error["code"].as_i64().unwrap_or_else(|| panic!("{method} was answered: {response}")),
		error["message"].as_str().unwrap().into(),
	)
}

#[tokio::test]
async fn datanet_is_camel_case_with_addresses_and_hex() {
	assert_eq!(
		result("openledger_datanet", json!([7])).await,
		json!({
			"id": 7,
			"owner": ALICE_SS58,
			"name": "weaknesses",
			"description": "of software",
			"kind": "text",
			"terms": "free",
			"policy": "curators",
			"curators": [BOB_SS58],
			"closed": false,
			"root": format!("0x{}", "03".repeat(32)),
			"records": 2,
			"contributions": 1,
			"snapshots": [{
				"id": 0,
				"root": format!("0x{}", "03".repeat(32)),
				"count": 2,
				"frozenAt": 9,
			}],
		})
	);
}

#[tokio::test]
async fn model_is_flat_with_amounts_as_strings() {
	let model = result("openledger_model", json!({ "model": 5 })).await;
	assert_eq!(model["status"], "published");
	assert_eq!(model["price"], json!({ "prompt": "1", "output": u128::MAX.to_string() }));
	assert_eq!(model["fees"], "1000000000000000000");
	assert_eq!(model["toContributors"], "5");
	assert_eq!(model["method"], json!({ "payBy": "contributors", "credits": 8, "dimension": 512 }));
	assert_eq!(model["arithmetic"], "canonical-1");
	assert_eq!(model["snapshots"], json!([{ "datanet": 0, "snapshot": 0 }]));
	assert_eq!(model["index"]["floorPpm"], 50_000);
	assert_eq!(model["parent"], 4);
}

#[tokio::test]
async fn trace_keeps_what_a_json_number_would_round() {
	let trace = result("openledger_trace", json!([9])).await;
	assert_eq!(trace["state"], "settled");
	assert_eq!(trace["gain"], -3);
	assert_eq!(trace["sketch"], json!([-127, 0, 127]));
	assert_eq!(trace["paid"][0]["score"], i64::MAX.to_string());
	assert_eq!(trace["paid"][0]["weight"], u64::MAX.to_string());
	assert_eq!(trace["evidence"][0]["score"], i64::MIN.to_string());
	assert_eq!(trace["usage"], json!({ "prompt": 3, "output": 2 }));
	assert_eq!(trace["distribution"]["owner"], json!({ "account": ALICE_SS58, "amount": "20" }));
	assert_eq!(trace["distribution"]["validators"], "2");
	assert_eq!(trace["distribution"]["treasury"], "3");
	assert_eq!(trace["challenger"], BOB_SS58);
}

#[tokio::test]
async fn remaining_answers_have_their_shapes() {
	let contribution = result("openledger_contributions", json!([0])).await[0].clone();
	assert_eq!(contribution["acceptableAt"], 13);
	assert_eq!(contribution["firstIndex"], Value::Null);
	assert_eq!(contribution["records"][0]["size"], 31);
	let record = result("openledger_records", json!([0, 1])).await[0].clone();
	assert_eq!((&record["index"], &record["committedAt"]), (&json!(1), &json!(7)));
	let base = result("openledger_bases", json!([])).await[0].clone();
	assert_eq!(base["royaltyPpm"], 100_000);
	let models = result("openledger_models", json!([3])).await;
	assert_eq!(models[0]["id"], 3);
	let operators = result("openledger_operators", json!([5])).await;
	assert_eq!((&operators[0]["agent"], &operators[0]["bond"]), (&json!(BOB_SS58), &json!("7")));
	assert_eq!(result("openledger_operator", json!([ALICE_SS58])).await, operators[0]);
	let quote = result("openledger_quote", json!([5, 10, 20])).await;
	assert_eq!(quote["fee"], "50");
	assert_eq!(quote["operators"], json!([ALICE_SS58]));
}

#[tokio::test]
async fn rewards_take_an_address_or_a_public_key() {
	let expected = json!({ "accrued": u128::MAX.to_string(), "paid": "1", "payee": BOB_SS58 });
	for account in [ALICE_SS58.to_string(), format!("0x{}", "01".repeat(32))] {
		assert_eq!(result("openledger_rewards", json!([account])).await, expected);
	}
	let expected = json!({ "accrued": "0", "paid": "1", "payee": null });
	assert_eq!(result("openledger_rewards", json!([BOB_SS58])).await, expected);
}

#[tokio::test]
async fn listing_holds_a_page_when_no_limit_is_given() {
	let ids = |page: Value| -> Vec<u64> {
		page.as_array().unwrap().iter().map(|entry| entry["id"].as_u64().unwrap()).collect()
	};
	let first = ids(result("openledger_datanets", json!([])).await);
	assert_eq!(first, (0..64).collect::<Vec<_>>());
	let rest = ids(result("openledger_datanets", json!([64])).await);
	assert_eq!(rest, (64..100).collect::<Vec<_>>());
	let two = ids(result("openledger_datanets", json!([10, 2])).await);
	assert_eq!(two, [10, 11]);
}

#[tokio::test]
async fn listing_is_refused_when_limit_is_out_of_range() {
	for limit in [0, 257] {
		let (code, message) = refusal("openledger_datanets", json!([0, limit])).await;
		assert_eq!(code, -32602);
		assert!(message.contains("1..=256"), "{message}");
	}
}

#[tokio::test]
async fn unknown_id_is_refused_with_where_to_look() {
	for (method, params, named) in [
		("openledger_datanet", json!([100]), "Datanet 100"),
		("openledger_contributions", json!([100]), "Datanet 100"),
		("openledger_records", json!([100]), "Datanet 100"),
		("openledger_model", json!([8]), "model 8"),
		("openledger_operators", json!([8]), "model 8"),
		("openledger_quote", json!([8, 1, 1]), "model 8"),
		("openledger_trace", json!([1]), "request 1"),
		("openledger_operator", json!([BOB_SS58]), BOB_SS58),
	] {
		let (code, message) = refusal(method, params).await;
		assert_eq!(code, 7003, "{method}");
		assert!(message.contains(named), "{method}: {message}");
	}
}

#[tokio::test]
async fn operators_are_none_when_nobody_serves_a_known_model() {
	assert_eq!(result("openledger_operators", json!([6])).await, json!([]));
}

#[tokio::test]
async fn account_is_refused_when_it_is_malformed() {
	for account in ["", "Alice", "0x01", &ALICE_SS58[1..]] {
		let (code, message) = refusal("openledger_rewards", json!([account])).await;
		assert_eq!(code, -32602);
		assert!(message.contains("SS58"), "{message}");
	}
}

#[tokio::test]
async fn block_is_refused_when_it_is_unknown() {
	let at = format!("0x{}", "00".repeat(32));
	let (code, message) = refusal("openledger_model", json!([5, at])).await;
	assert_eq!(code, 7001);
	assert!(message.contains("not known"), "{message}");
}

#[tokio::test]
async fn failure_of_the_runtime_is_reported() {
	let (code, message) = refusal("openledger_datanets", json!([0, 1, BROKEN])).await;
	assert_eq!(code, 7005);
	assert!(message.contains("archive"), "{message}");
}

#[test]
fn version_is_refused_when_api_is_missing_or_old() {
	assert_eq!(check_version(Some(1), 1), Ok(()));
	assert_eq!(check_version(Some(2), 1), Ok(()));
	for (found, needed) in [(None, 1), (Some(0), 1), (Some(2), 3)] {
		let error = check_version(found, needed).unwrap_err();
		assert_eq!(error, Error::ApiVersion { found, needed });
		assert_eq!(error.code(), 7002);
	}
}

#[tokio::test]
async fn audits_and_verifiers_have_their_shapes() {
	let shown = json!({
		"account": ALICE_SS58, "agent": BOB_SS58, "bond": u128::MAX.to_string(), "since": 4,
		"duties": 1, "upheld": 9, "strikes": 0, "leaving": false,
	});
	assert_eq!(result("openledger_verifiers", json!([])).await, json!([shown]));
	assert_eq!(result("openledger_verifier", json!([ALICE_SS58])).await, shown);
	let audit = result("openledger_audit", json!([3])).await;
	assert_eq!((&audit["stage"], &audit["until"]), (&json!("revealing"), &json!(40)));
	let seat = &audit["seats"][0];
	assert_eq!((&seat["verifier"], &seat["committee"]), (&json!(ALICE_SS58), &json!("first")));
	assert_eq!(
		seat["found"],
		json!({
			"kind": "refuted", "answer": Hash::repeat_byte(1), "promptTokens": 5,
			"outputTokens": 6, "claim": Hash::repeat_byte(2),
		})
	);
	let (code, message) = refusal("openledger_audit", json!([4])).await;
	assert!(code == 7003 && message.contains("lots did not call it"), "{message}");
	let (code, message) = refusal("openledger_verifier", json!([BOB_SS58])).await;
	assert!(code == 7003 && message.contains("openledger_verifiers"), "{message}");
}

#[tokio::test]
async fn status_is_refused_when_node_is_no_operator() {
	let (code, message) = refusal("openledger_operatorStatus", json!([])).await;
	assert_eq!(code, 7004);
	assert!(message.contains("--operator"), "{message}");
}

#[tokio::test]
async fn status_is_the_workers_own() {
	let status = json!({ "queue": { "waiting": 2 } });
	let answer: Value = module(Some(Worker(Ok(status.clone()))))
		.call("openledger_operatorStatus", Vec::<u8>::new())
		.await
		.unwrap();
	assert_eq!(answer, status);
	let failed = module(Some(Worker(Err("disk".into()))))
		.call::<_, Value>("openledger_operatorStatus", Vec::<u8>::new())
		.await;
	assert!(failed.unwrap_err().to_string().contains("disk"));
}
