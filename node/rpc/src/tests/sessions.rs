//! Sessions and batches.

use super::mock::{ALICE_SS58, BOB_SS58, refusal, result};
use openledger_primitives_core::{Hash, draw::draw_id};
use serde_json::{Value, json};
use sp_core::crypto::{AccountId32, Ss58Codec};

fn ids(page: &Value) -> Vec<u64> {
	page.as_array().unwrap().iter().map(|entry| entry["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn session_is_camel_case_with_amounts_as_strings() {
	let most = u128::MAX.to_string();
	let session = result("openledger_session", json!([71])).await;
	assert_eq!(
		session,
		json!({
			"id": 71, "payer": BOB_SS58, "operator": ALICE_SS58, "model": 5,
			"signer": AccountId32::new([3; 32]).to_ss58check(),
			"price": { "prompt": "1", "output": most }, "escrow": most,
			"settled": "18446744073709551616", "receipts": 9, "expiresAt": 100, "leftUntil": 120,
			"closing": true, "ended": false, "batches": 2, "private": true,
		})
	);
	assert_eq!(result("openledger_sessions", json!([71, 1])).await, json!([session]));
}

#[tokio::test]
async fn batch_is_camel_case_with_amounts_as_strings() {
	let mut batch = result("openledger_batch", json!([7])).await;
	assert_eq!(result("openledger_batches", json!([7, 1])).await, json!([batch]));
	batch["draws"].take();
	assert_eq!(
		batch,
		json!({
			"id": 7, "operator": ALICE_SS58, "model": 5, "total": u128::MAX.to_string(),
			"held": "7", "returns": "0", "committedAt": 30, "round": 4,
			"seed": Hash::repeat_byte(14), "revealBy": 60, "concluded": false,
			"lines": [{
				"session": 70, "first": 2, "count": 9, "from": "1",
				"to": u128::MAX.to_string(), "root": Hash::repeat_byte(15),
			}],
			"draws": null,
		})
	);
}

#[tokio::test]
async fn draws_are_told_with_their_place_and_the_claim_that_decides_them() {
	let batch = result("openledger_batch", json!([7])).await;
	let share = u128::MAX.to_string();
	let unit = (1u128 << 70).to_string();
	let claim = |draw| draw_id(7, draw).to_string();
	let placed = |draw: u8, stage: &str, joined: Option<u8>, claim: Option<String>| {
		json!({
			"draw": draw, "stage": stage, "joined": joined, "claim": claim, "share": share,
			"session": 70, "unit": unit,
		})
	};
	assert_eq!(
		batch["draws"],
		json!([
			placed(0, "settled", None, Some(claim(0))),
			placed(1, "open", None, Some(claim(1))),
			placed(2, "joined", Some(1), Some(claim(1))),
			placed(3, "rejected", None, Some(claim(3))),
			placed(4, "pending", None, None),
			{
				"draw": 5, "stage": "missed", "joined": null, "claim": null, "share": share,
				"session": null, "unit": null,
			},
		])
	);
	let shown = result("openledger_claim", json!([batch["draws"][0]["claim"]])).await;
	assert_eq!((&shown["batch"], &shown["draw"]), (&json!(7), &json!(0)));
}

#[tokio::test]
async fn page_covers_numbers_of_which_not_all_are_there_still() {
	let first = result("openledger_sessions", json!([])).await;
	assert_eq!(first, json!([]));
	assert_eq!(ids(&result("openledger_sessions", json!([64])).await), [70, 71, 72]);
	assert_eq!(ids(&result("openledger_sessions", json!([65, 7])).await), [70, 71]);
	assert_eq!(ids(&result("openledger_batches", json!([])).await), [7]);
	assert_eq!(result("openledger_batches", json!([0, 7])).await, json!([]));
}

#[tokio::test]
async fn page_is_refused_when_limit_is_out_of_range() {
	for method in ["openledger_sessions", "openledger_batches"] {
		for limit in [0, 257] {
			let (code, message) = refusal(method, json!([0, limit])).await;
			assert!(code == -32602 && message.contains("1..=256"), "{method}: {message}");
		}
	}
}

#[tokio::test]
async fn unknown_number_is_refused_with_where_to_look() {
	for (method, number, named) in [
		("openledger_session", 69, "session 69"),
		("openledger_session", 73, "session 73"),
		("openledger_batch", 8, "batch 8"),
	] {
		let (code, message) = refusal(method, json!([number])).await;
		assert_eq!(code, 7003, "{method}");
		let plural =
			if method.ends_with("session") { "openledger_sessions" } else { "openledger_batches" };
		assert!(message.contains(named) && message.contains(plural), "{message}");
	}
}

#[tokio::test]
async fn number_is_refused_when_it_is_none() {
	for method in ["openledger_session", "openledger_batch"] {
		for number in [json!(-1), json!(1.5), json!("seven"), json!(null)] {
			let (code, _) = refusal(method, json!([number])).await;
			assert_eq!(code, -32602, "{method} {number}");
		}
	}
}
