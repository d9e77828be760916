//! Versions that put records into prompts: what is asked before all records are there, and who has them fetched.

use std::{
	sync::{Arc, atomic::Ordering},
	time::Duration,
};

use openledger_primitives_core::{Hash, ModelId};
use openledger_primitives_inference::Failure;
use openledger_sessions::protocol::stock::{self, Progress, Standing};
use serde_json::{Value, json};
use sp_core::{Pair, crypto::AccountId32};

use super::world::*;
use crate::{
	http,
	stock::{Held, PAUSE},
	testing::{Scripted, eventually, key, retrieval::RETRIEVING},
};

/// A world whose model version puts records into prompts, and what answers in it.
async fn quoting(scripted: Scripted, records: Held) -> (World, Arc<Scripted>) {
	*scripted.records.lock() = records;
	let scripted = Arc::new(scripted);
	let world = World::new(scripted.clone()).await;
	world.said().material = Some(RETRIEVING.material());
	let operator: AccountId32 = key("Charlie").public().into();
	world.said().agents.insert(operator, agent().public().into());
	(world, scripted)
}

fn held(here: u32, missing: &[Hash]) -> Held {
	Held { records: 6, here, missing: missing.to_vec() }
}

fn looks(scripted: &Scripted) -> u32 {
	scripted.looks.load(Ordering::SeqCst)
}

impl World {
	/// What `name` is told who signs that it wants `signed` held.
	async fn stock_of(&self, model: ModelId, name: &str, signed: ModelId) -> (u16, Value) {
		let pair = key(name);
		let signature = pair.sign(&stock::payload(&GENESIS, signed));
		let headers = [
			(http::ACCOUNT_HEADER, format!("0x{}", hex::encode(pair.public().0))),
			(http::SIGNATURE_HEADER, hex::encode(signature.0)),
		];
		self.post(&stock::path(model), &headers, Vec::new()).await
	}

	async fn stock(&self) -> Standing {
		let (status, told) = self.stock_of(MODEL, "Charlie", MODEL).await;
		assert_eq!(status, 200, "{told}");
		serde_json::from_value(told).unwrap()
	}

	/// What its operator is told once it is no longer that records are fetched.
	async fn settled(&self) -> (u16, Value) {
		for _ in 0..5_000 {
			let told = self.stock_of(MODEL, "Charlie", MODEL).await;
			if told.1["progress"] != json!(Progress::Fetching) {
				return told;
			}
			tokio::time::sleep(Duration::from_millis(2)).await;
		}
		panic!("it is fetched for ever");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn question_is_not_answered_while_a_record_is_nowhere_and_is_once_all_are_here() {
	let (mut world, scripted) =
		quoting(Scripted::default(), held(5, &[Hash::repeat_byte(1)])).await;
	let asking = world.asking(&question(0));
	let (status, refused) = world.send(&asking, &question(0)).await;
	assert_eq!((status, code(&refused)), (503, "records_missing"));
	assert!(scripted.started.lock().is_empty(), "nothing is begun");
	*scripted.records.lock() = held(6, &[]);
	world.operator.stock().pass(PAUSE);
	world.exchange(&question(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_is_gone_stops_questions_until_it_is_here_again() {
	let (mut world, scripted) = quoting(Scripted::default(), held(6, &[])).await;
	world.exchange(&question(0)).await;
	*scripted.failure.lock() = Some(Failure::MissingContent(Hash::repeat_byte(1)));
	for (number, priced) in [(1, 2), (2, 2)] {
		let asking = world.asking(&question(number));
		let (status, refused) = world.send(&asking, &question(number)).await;
		assert_eq!((status, code(&refused)), (503, "records_missing"));
		assert_eq!(scripted.priced.load(Ordering::SeqCst), priced, "the next one is not begun");
	}
	*scripted.failure.lock() = None;
	world.operator.stock().pass(PAUSE);
	world.exchange(&question(3)).await;
	assert_eq!(looks(&scripted), 2);
	// What is gone is no record: the next question may be of one that is answered.
	let adapter = RETRIEVING.material().adapter;
	*scripted.failure.lock() = Some(Failure::MissingContent(adapter));
	let asking = world.asking(&question(4));
	let (status, refused) = world.send(&asking, &question(4)).await;
	assert_eq!((status, code(&refused)), (503, "not_answered"));
	assert_eq!(world.stock().await.progress, Progress::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn question_that_is_too_dear_without_records_is_refused_before_any_are_looked_for() {
	let (mut world, scripted) = quoting(Scripted::default(), held(6, &[])).await;
	let messages = json!([{ "role": "user", "content": "Who?" }]);
	let body = json!({ "model": MODEL.to_string(), "messages": messages, "max_tokens": 900 });
	let body = body.to_string().into_bytes();
	let asking = world.asking(&body);
	let (status, refused) = world.send(&asking, &body).await;
	assert_eq!((status, code(&refused)), (400, "too_dear"));
	assert_eq!((looks(&scripted), scripted.priced.load(Ordering::SeqCst)), (0, 0));
	world.exchange(&question(0)).await;
	assert_eq!((looks(&scripted), scripted.priced.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_has_its_worker_fetch_and_is_told_how_far_it_is() {
	let (world, scripted) = quoting(Scripted::held(), held(2, &[])).await;
	let first = world.stock().await;
	assert_eq!((first.progress, first.records), (Progress::Fetching, 0));
	eventually("it is under way", || looks(&scripted) == 1).await;
	let second = world.stock().await;
	assert_eq!((second.progress, second.here, second.records), (Progress::Fetching, 2, 6));
	*scripted.records.lock() = held(6, &[]);
	*scripted.hold.lock() = false;
	let told: Standing = serde_json::from_value(world.settled().await.1).unwrap();
	assert_eq!((told.progress, told.here, told.records), (Progress::Complete, 6, 6));
	let nowhere = Hash::repeat_byte(7);
	let (world, _) = quoting(Scripted::default(), held(5, &[nowhere])).await;
	let told: Standing = serde_json::from_value(world.settled().await.1).unwrap();
	assert_eq!((told.progress, told.missing), (Progress::Lacking, vec![nowhere]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_operator_has_anything_fetched() {
	let (world, scripted) = quoting(Scripted::default(), held(6, &[])).await;
	for (model, name, signed, expected) in [
		(MODEL, "Dave", MODEL, (403, "other_operator")),
		(MODEL, "Charlie", MODEL + 1, (401, "bad_signature")),
		(MODEL + 1, "Charlie", MODEL + 1, (503, "model_not_served")),
	] {
		let (status, refused) = world.stock_of(model, name, signed).await;
		assert_eq!((status, code(&refused)), expected);
	}
	let (status, refused) = world.post(&stock::path(MODEL), &[], Vec::new()).await;
	assert_eq!((status, code(&refused)), (401, "unsigned"));
	let (status, refused) = world.post("/v1/stock/five", &[], Vec::new()).await;
	assert_eq!((status, code(&refused)), (400, "bad_model"));
	// The agent's key is not its operator's.
	let (status, _) = world.stock_of(MODEL, "Alice", MODEL).await;
	assert_eq!((status, looks(&scripted)), (403, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_is_told_why_records_can_not_be_looked_for() {
	let scripted = Scripted::default();
	*scripted.failure.lock() = Some(Failure::MissingContent(Hash::repeat_byte(0xab)));
	let (world, _) = quoting(scripted, held(0, &[])).await;
	let (status, refused) = world.settled().await;
	assert_eq!((status, code(&refused)), (422, "not_stocked"));
	assert!(refused["error"]["message"].as_str().unwrap().contains("abab"), "{refused}");
}
