//! Who is handed what was asked.

use openledger_primitives_core::{Hash, RequestId, draw::draw_id};
use openledger_primitives_inference::receipts::Pass;
use openledger_primitives_receipts::commitment;
use openledger_sessions::protocol::audit::{self, AGENT, Content};
use serde_json::Value;
use sp_core::Pair;

use super::world::*;
use crate::testing::key;

async fn ask(world: &World, claim: RequestId, pass: &Pass) -> (u16, Value) {
	let mut request = world.client.get(world.url(&audit::path(claim)));
	for (name, value) in audit::headers(&pass.agent, &pass.signature) {
		request = request.header(name, value);
	}
	let response = request.send().await.unwrap();
	(response.status().as_u16(), response.json().await.unwrap())
}

/// A world with two receipts in a batch whose draws are decided, and a verifier that sits in the audit
/// of its first draw.
async fn drawn() -> (World, RequestId) {
	let mut world = World::new(scripted()).await;
	for number in 0..2 {
		world.exchange(&question(number)).await;
	}
	world.pay().await;
	world.chain.commit(0, &[world.purse.voucher().cloned().unwrap()]);
	let claim = draw_id(0, 0);
	let mut said = world.said();
	said.batches.get_mut(&0).unwrap().0.seed = Some(Hash::repeat_byte(7));
	said.seats.push((claim, key("Bob").public().into()));
	drop(said);
	(world, claim)
}

#[tokio::test(flavor = "multi_thread")]
async fn drawn_verifier_is_handed_what_the_receipt_commits_to() {
	let (world, claim) = drawn().await;
	let (status, found) = ask(&world, claim, &pass("Bob", claim)).await;
	assert_eq!(status, 200, "{found}");
	let content: Content = serde_json::from_value(found).unwrap();
	let receipt = &content.receipt.receipt;
	assert_eq!(commitment::input(&content.salt, &content.asked), receipt.input);
	assert_eq!(content.asked, question(receipt.position));
	assert!(content.receipt.verify(&GENESIS, &agent().public().into()));
	assert_eq!(world.operator.metrics().audits_served.get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_handed_anything() {
	let (world, claim) = drawn().await;
	let other = draw_id(0, 1);
	let cases = [
		(claim, pass("Charlie", claim), 403, "not_seated"),
		(other, pass("Bob", other), 403, "not_seated"),
		(claim, pass("Bob", other), 401, "pass_signature"),
		(
			claim,
			Pass { agent: pass("Bob", claim).agent, ..pass("Charlie", claim) },
			401,
			"pass_signature",
		),
		(17, pass("Bob", 17), 404, "claim_not_found"),
	];
	for (claim, pass, expected, name) in cases {
		let (status, refused) = ask(&world, claim, &pass).await;
		assert_eq!((status, code(&refused)), (expected, name));
	}
	let response = world.client.get(world.url(&audit::path(claim))).send().await.unwrap();
	assert_eq!(response.status(), 401);
	assert_eq!(code(&response.json().await.unwrap()), "pass_needed");
	for path in ["/v1/audits/x", "/v1/audits/-1", "/v1/audits/99999999999999999999"] {
		let response = world.client.get(world.url(path)).header(AGENT, "x").send().await.unwrap();
		assert_eq!(response.status(), 400, "{path}");
		assert_eq!(code(&response.json().await.unwrap()), "bad_claim", "{path}");
	}
	assert_eq!(world.operator.metrics().audits_served.get(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn seated_verifier_is_refused_when_there_is_nothing_to_show_yet_or_too_often() {
	let (world, claim) = drawn().await;
	let pass = pass("Bob", claim);
	let (found, _) = world.said().batches.remove(&0).unwrap();
	let refused = ask(&world, claim, &pass).await;
	assert_eq!((refused.0, code(&refused.1)), (404, "claim_not_found"));
	for change in [
		|info: &mut openledger_primitives_api::BatchInfo<_>, _: &mut bool| info.seed = None,
		|_: &mut openledger_primitives_api::BatchInfo<_>, is_final: &mut bool| *is_final = false,
	] {
		let (mut info, mut is_final) = (found.clone(), true);
		change(&mut info, &mut is_final);
		world.said().batches.insert(0, (info, is_final));
		let refused = ask(&world, claim, &pass).await;
		assert_eq!((refused.0, code(&refused.1)), (404, "claim_not_found"));
	}
	world.said().batches.insert(0, (found, true));
	for _ in 3..16 {
		assert_eq!(ask(&world, claim, &pass).await.0, 200);
	}
	let (status, refused) = ask(&world, claim, &pass).await;
	assert_eq!((status, code(&refused)), (429, "too_often"));
}
