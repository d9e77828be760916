//! What each route refuses, and by which code.

use openledger_primitives_inference::Failure;
use openledger_sessions::protocol::{ACCESS, MOST as MOST_HEADER, Payment, SALT, VOUCHER};
use serde_json::json;
use sp_core::Pair;
use std::sync::Arc;

use super::world::*;
use crate::{
	sessions::asked::MOST_BYTES,
	testing::{Scripted, config, key},
};

#[tokio::test(flavor = "multi_thread")]
async fn request_is_refused_when_its_headers_let_it_into_no_session() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	let asking = world.asking(&question(1));
	let whole = asking.headers();
	let (status, refused) = world.post("/v1/chat/completions", &[], question(1)).await;
	assert_eq!((status, code(&refused)), (401, "session_needed"));
	assert!(refused["error"]["message"].as_str().unwrap().contains(ACCESS));
	for name in [ACCESS, SALT, MOST_HEADER, VOUCHER] {
		let mut headers = whole.clone();
		headers.iter_mut().find(|(other, _)| *other == name).unwrap().1 = "zz".into();
		let (status, refused) = world.post("/v1/chat/completions", &headers, question(1)).await;
		assert_eq!((status, code(&refused)), (400, "bad_header"), "{name}");
	}
	let mut stranger = asking.clone();
	stranger.access.signature = key("Bob").sign(b"something else").into();
	let (status, refused) = world.send(&stranger, &question(1)).await;
	assert_eq!((status, code(&refused)), (401, "session_access_denied"));
	let mut foreign = asking.clone();
	foreign.voucher.as_mut().unwrap().voucher.session += 1;
	let (status, refused) = world.send(&foreign, &question(1)).await;
	assert_eq!((status, code(&refused)), (400, "other_session"));
	let mut forged = asking.clone();
	forged.voucher.as_mut().unwrap().signature = key("Bob").sign(b"something else").into();
	let (status, refused) = world.send(&forged, &question(1)).await;
	assert_eq!((status, code(&refused)), (401, "voucher_signature"));
	assert_eq!(world.send(&asking, &question(1)).await.0, 200);
	let (status, refused) = world.send(&asking, &question(1)).await;
	assert_eq!((status, code(&refused)), (409, "request_repeated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn body_is_refused_when_it_is_not_one_that_is_answered() {
	let mut world = World::new(scripted()).await;
	let with = |name: &str, value: serde_json::Value| {
		let mut body: serde_json::Value = serde_json::from_slice(&question(0)).unwrap();
		body[name] = value;
		body.to_string().into_bytes()
	};
	let cases = [
		(b"{".to_vec(), 400, "not_json"),
		(with("stream", json!(true)), 400, "unsupported_parameter"),
		(with("max_tokens", json!(0)), 400, "bad_parameter"),
		(with("model", json!("6")), 400, "other_model"),
		(with("max_tokens", json!(2_000)), 400, "bad_parameter"),
		(with("max_tokens", json!(1_000)), 400, "too_dear"),
		(vec![b' '; MOST_BYTES + 1], 413, "too_large"),
	];
	for (body, expected, name) in cases {
		let asking = world.asking(&body);
		let (status, refused) = world.send(&asking, &body).await;
		assert_eq!((status, code(&refused)), (expected, name));
		world.purse.abandon(&asking.salt).unwrap();
	}
	// Nothing of it was kept, nor is anything under way.
	assert_eq!(world.missed(0).await.unwrap(), []);
	world.exchange(&question(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn question_is_refused_when_its_model_is_not_served_or_the_engine_fails() {
	let answerer = Arc::new(Scripted::default());
	let mut world = World::new(answerer.clone()).await;
	let asking = world.asking(&question(0));
	let material = world.said().material.take();
	let (status, refused) = world.send(&asking, &question(0)).await;
	assert_eq!((status, code(&refused)), (503, "model_not_served"));
	world.said().material = material;
	for (failure, expected) in [
		(Failure::MissingBase(GENESIS), "model_not_served"),
		(Failure::MissingContent(GENESIS), "not_answered"),
		(Failure::Engine("told to".into()), "not_answered"),
	] {
		*answerer.failure.lock() = Some(failure);
		let (status, refused) = world.send(&asking, &question(0)).await;
		assert_eq!((status, code(&refused)), (503, expected));
	}
	*answerer.failure.lock() = None;
	*answerer.panic.lock() = true;
	let (status, refused) = world.send(&asking, &question(0)).await;
	assert_eq!((status, code(&refused)), (500, "operator_fault"));
	*answerer.panic.lock() = false;
	assert_eq!(world.send(&asking, &question(0)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn vouchers_and_missed_receipts_are_refused_by_name() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	for path in ["/v1/session/voucher", "/v1/session/receipts"] {
		let (status, refused) = world.post(path, &[], b"{}".to_vec()).await;
		assert_eq!((status, code(&refused)), (401, "session_needed"), "{path}");
		for body in [b"{}".to_vec(), b"".to_vec(), b"[]".to_vec()] {
			let (status, refused) = world.post(path, &world.access(), body).await;
			assert_eq!((status, code(&refused)), (400, "not_json"), "{path}");
		}
		let long = vec![b' '; 10_000];
		let (status, refused) = world.post(path, &world.access(), long).await;
		assert_eq!((status, code(&refused)), (413, "too_large"), "{path}");
		let response = world.client.get(world.url(path)).send().await.unwrap();
		assert_eq!(response.status(), 405);
	}
	let mut voucher = world.purse.voucher().cloned().unwrap();
	voucher.voucher.count += 1;
	let body = serde_json::to_vec(&Payment { voucher }).unwrap();
	let (status, refused) = world.post("/v1/session/voucher", &world.access(), body).await;
	assert_eq!((status, code(&refused)), (409, "receipts_unknown"));
	let mut voucher = world.purse.voucher().cloned().unwrap();
	voucher.voucher.amount += 1;
	let body = serde_json::to_vec(&Payment { voucher }).unwrap();
	let (status, refused) = world.post("/v1/session/voucher", &world.access(), body).await;
	assert_eq!((status, code(&refused)), (409, "voucher_of_other_tree"));
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_sessions_says_so_and_serves_content() {
	let folder = tempfile::tempdir().unwrap();
	let operator = start(config(folder.path()), scripted());
	let mut world = World::new(scripted()).await;
	let asking = world.asking(&question(0));
	let url = |path: &str| format!("http://{}{path}", operator.address());
	let mut request = world.client.post(url("/v1/chat/completions")).body(question(0));
	for (name, value) in asking.headers() {
		request = request.header(name, value);
	}
	let response = request.send().await.unwrap();
	assert_eq!(response.status(), 503);
	assert_eq!(code(&response.json().await.unwrap()), "no_sessions");
	let health = world.client.get(url("/health")).send().await.unwrap();
	assert_eq!(health.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_receipts_are_counted() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	world.post("/v1/chat/completions", &[], question(1)).await;
	let metrics = world.operator.metrics();
	assert_eq!(metrics.receipts.get(), 1);
	assert_eq!(metrics.session_refusals.with_label_values(&["session_needed"]).get(), 1);
}
