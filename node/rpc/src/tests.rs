//! The namespace over a mock of the runtime API.

mod claims;
mod mock;
mod sessions;

use crate::{Error, server::check_version};
use mock::{ALICE_SS58, BOB_SS58, BROKEN, Worker, module, refusal, result};
use serde_json::{Value, json};

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
	assert_eq!(model["arithmetic"], "canonical-2");
	assert_eq!(model["snapshots"], json!([{ "datanet": 0, "snapshot": 0 }]));
	assert_eq!(model["index"]["floorPpm"], 50_000);
	assert_eq!(model["parent"], 4);
	assert_eq!(model["standing"]["state"], "unaudited");
	assert_eq!(model["standing"]["reason"], "tooFewVerifiers");
	assert_eq!(model["standing"]["audit"], "model/5");
}

#[tokio::test]
async fn model_tells_what_finds_records_for_its_prompts() {
	let hash = |byte: &str| format!("0x{}", byte.repeat(32));
	let retrieval = json!({
		"most": 4, "dimension": 2_048, "partPpm": 300_000, "lens": hash("15"),
		"index": {
			"recordsRoot": hash("16"), "records": 2, "contributorsRoot": hash("17"),
			"contributors": 1, "floorPpm": 70_000, "file": hash("18"),
		},
	});
	let model = result("openledger_model", json!([5])).await;
	assert_eq!(model["retrieval"], retrieval);
	assert_eq!(result("openledger_models", json!([5])).await[0]["retrieval"], retrieval);
	for without in [
		result("openledger_model", json!([6])).await,
		result("openledger_models", json!([6])).await[0].clone(),
	] {
		assert_eq!(without.get("retrieval"), Some(&Value::Null), "{without}");
	}
	let typed: crate::Model = serde_json::from_value(model.clone()).unwrap();
	assert_eq!(serde_json::to_value(typed).unwrap(), model);
}

#[tokio::test]
async fn model_is_read_when_an_earlier_node_says_nothing_of_retrieval() {
	let mut model = result("openledger_model", json!([5])).await;
	model.as_object_mut().unwrap().remove("retrieval");
	let typed: crate::Model = serde_json::from_value(model).unwrap();
	assert_eq!(typed.retrieval, None);
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
	assert_eq!(trace["found"]["partPpm"], 300_000);
	assert_eq!(trace["found"]["paid"][0]["weight"], (1u64 << 60).to_string());
	assert_eq!(trace["found"]["evidence"][0]["datanet"], 2);
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
	assert_eq!(models[0].get("standing"), None, "5's and 6's are not 3's");
	let models = result("openledger_models", json!([6])).await;
	assert_eq!(models[0]["standing"]["asked"], 1);
	let operators = result("openledger_operators", json!([5])).await;
	assert_eq!((&operators[0]["agent"], &operators[0]["bond"]), (&json!(BOB_SS58), &json!("7")));
	assert_eq!(result("openledger_operator", json!([ALICE_SS58])).await, operators[0]);
	let quote = result("openledger_quote", json!([5, 10, 20])).await;
	assert_eq!(quote["fee"], "50");
	assert_eq!(quote["operators"], json!([ALICE_SS58]));
}

#[tokio::test]
async fn rewards_take_an_address_or_a_public_key() {
	let expected = json!({
		"accrued": u128::MAX.to_string(), "paid": "1", "payee": BOB_SS58, "open": true,
	});
	for account in [ALICE_SS58.to_string(), format!("0x{}", "01".repeat(32))] {
		assert_eq!(result("openledger_rewards", json!([account])).await, expected);
	}
	let expected = json!({ "accrued": "0", "paid": "1", "payee": null, "open": false });
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
