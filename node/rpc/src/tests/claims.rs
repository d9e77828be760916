//! Claims, their audits and verifiers, and how claims are named.

use super::mock::{ALICE_SS58, BOB_SS58, refusal, result};
use openledger_primitives_core::{Hash, draw::draw_id, subject::pair_id};
use serde_json::{Value, json};

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
	let (code, message) = refusal("openledger_verifier", json!([BOB_SS58])).await;
	assert!(code == 7003 && message.contains("openledger_verifiers"), "{message}");
}

#[tokio::test]
async fn claim_is_told_with_what_it_pays_and_why() {
	let claim = result("openledger_claim", json!(["7/0"])).await;
	assert_eq!(
		claim,
		json!({
			"claim": draw_id(7, 0).to_string(), "request": null, "batch": 7, "draw": 0,
			"model": 5, "operator": ALICE_SS58, "payer": BOB_SS58, "submittedAt": 12,
			"finalAt": 22, "gain": -3, "earnedPpm": 500_000, "digest": Hash::repeat_byte(11),
			"trace": Hash::repeat_byte(12), "sketch": [-127, 0, 127],
			"paid": [{
				"position": 0, "account": ALICE_SS58, "score": i64::MIN.to_string(),
				"weight": u64::MAX.to_string(),
			}],
			"evidence": [{
				"position": 1, "datanet": 2, "index": 3, "contributor": BOB_SS58,
				"content": Hash::repeat_byte(13), "score": i64::MAX.to_string(),
			}],
			"found": {
				"partPpm": 300_000, "question": Hash::repeat_byte(25),
				"paid": [{
					"position": 1, "account": BOB_SS58, "score": "9",
					"weight": (1u64 << 60).to_string(),
				}],
				"evidence": [{
					"position": 1, "datanet": 2, "index": 3, "contributor": BOB_SS58,
					"content": Hash::repeat_byte(13), "score": "9",
				}],
			},
			"challenger": BOB_SS58, "rejected": false,
			"distribution": {
				"fee": "100", "contributors": [{ "account": ALICE_SS58, "amount": "50" }],
				"owner": { "account": ALICE_SS58, "amount": "20" },
				"royalty": { "account": BOB_SS58, "amount": "0" },
				"operator": { "account": ALICE_SS58, "amount": "20" },
				"verifiers": "5", "validators": "2", "treasury": "3",
			},
		})
	);
	let typed: crate::Claim = serde_json::from_value(claim.clone()).unwrap();
	assert_eq!(serde_json::to_value(typed).unwrap(), claim);
	// Where the version puts nothing into prompts.
	assert_eq!(result("openledger_claim", json!([3])).await.get("found"), Some(&Value::Null));
}

#[tokio::test]
async fn every_name_of_a_claim_leads_to_it_and_so_does_the_one_it_is_told_by() {
	let number = draw_id(7, 0).to_string();
	let request = json!({ "claim": "3", "request": 3, "batch": null, "draw": null });
	let draw = json!({ "claim": number, "request": null, "batch": 7, "draw": 0 });
	for method in ["openledger_claim", "openledger_audit"] {
		for (name, told) in [
			(json!(3), &request),
			(json!("3"), &request),
			(json!("7/0"), &draw),
			(json!(number), &draw),
		] {
			for params in [json!([name]), json!({ "claim": name })] {
				let found = result(method, params).await;
				for (field, value) in told.as_object().unwrap() {
					assert_eq!(&found[field], value, "{method} {name}: {field}");
				}
				assert_eq!(result(method, json!([found["claim"]])).await, found);
			}
		}
	}
}

#[tokio::test]
async fn audit_of_two_records_is_told_by_its_challenge_and_with_what_they_share() {
	let by_number = pair_id(3).to_string();
	for name in ["duplicate/3", &by_number] {
		let found = result("openledger_audit", json!([name])).await;
		assert_eq!((&found["duplicate"], &found["request"]), (&json!(3), &json!(null)));
		assert_eq!(found["claim"], json!(by_number));
		let expected = json!({
			"kind": "compared",
			"whole": { "later": 100, "earlier": 90, "common": 90, "jaccardPpm": 900_000 },
			"learnt": { "later": 2, "earlier": 9, "common": 2, "jaccardPpm": 222_222 },
			"duplicate": true,
		});
		assert_eq!(found["verdict"], expected);
	}
}

#[tokio::test]
async fn claim_is_refused_when_its_name_is_malformed() {
	let beyond = (draw_id(u32::MAX, u8::MAX) + 1).to_string();
	let names = [
		json!(null),
		json!(true),
		json!([3]),
		json!({ "batch": 7, "draw": 0 }),
		json!(-1),
		json!(3.5),
		json!(1e30),
		json!(""),
		json!("three"),
		json!("+3"),
		json!("-3"),
		json!(" 3"),
		json!("0x3"),
		json!("3.0"),
		json!("18446744073709551616"),
		json!(beyond),
		json!("/"),
		json!("7/"),
		json!("/0"),
		json!("7/0/0"),
		json!("7/+0"),
		json!("7/256"),
		json!("4294967296/0"),
	];
	for method in ["openledger_claim", "openledger_audit"] {
		for name in &names {
			let (code, message) = refusal(method, json!([name])).await;
			assert_eq!(code, -32602, "{method} {name}");
			assert!(message.contains("BATCH/DRAW"), "{method} {name}: {message}");
			assert!(message.starts_with(&name.to_string()), "{method} {name}: {message}");
		}
	}
}

#[tokio::test]
async fn number_that_javascript_may_have_rounded_is_refused() {
	// What JavaScript makes of the number of draw 7/0, which is another draw's.
	let rounded: Value = serde_json::from_str("9223372036854778000").unwrap();
	for number in [rounded, json!(draw_id(7, 0)), json!(1u64 << 53)] {
		let (code, message) = refusal("openledger_claim", json!([number])).await;
		assert!(code == -32602 && message.contains("2^53"), "{message}");
	}
	let (code, message) = refusal("openledger_claim", json!([(1u64 << 53) - 1])).await;
	assert_eq!(code, 7003, "{message}");
	// It can still be asked for as a string.
	let (code, message) = refusal("openledger_claim", json!(["9007199254740993"])).await;
	assert!(code == 7003 && message.contains("9007199254740993"), "{message}");
}

#[tokio::test]
async fn unknown_claim_is_refused_with_where_to_look() {
	let unshown = draw_id(7, 1).to_string();
	for (method, name, named, advice) in [
		("openledger_audit", "4", "audit of request 4", "lots did not call it"),
		("openledger_audit", "7/1", "audit of draw 7/1", "openledger_batch"),
		("openledger_audit", "duplicate/4", "audit of duplicate/4", "events"),
		("openledger_audit", &unshown, "audit of draw 7/1", "openledger_batch"),
		("openledger_claim", "4", "claim of request 4", "openledger_trace"),
		("openledger_claim", "7/1", "claim of draw 7/1", "openledger_batch"),
		("openledger_claim", &unshown, "claim of draw 7/1", "openledger_batch"),
	] {
		let (code, message) = refusal(method, json!([name])).await;
		assert_eq!(code, 7003, "{method} {name}");
		assert!(message.contains(named) && message.contains(advice), "{method}: {message}");
	}
}
