//! The lines of an export.

use super::world::*;
use serde_json::Value;

#[test]
fn export_adds_up_and_holds_no_texts() {
	let world = World::with_paid(5);
	let mut chain = Chain::default();
	world.commit(&mut chain);
	let mut world = world;
	world.exchange(5);
	let mut out = Vec::new();
	world.store.export(&mut out).unwrap();
	let text_out = String::from_utf8(out).unwrap();
	assert!(!text_out.contains("the answer to") && !text_out.contains("question"));
	let lines: Vec<Value> =
		text_out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
	let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
	let amount = |value: &Value| value.as_str().unwrap().parse::<u128>().unwrap();
	let (sessions, batches, receipts) = (of("session"), of("batch"), of("receipt"));
	assert_eq!((sessions.len(), batches.len(), receipts.len()), (1, 1, 6));
	let owed: u128 = receipts.iter().map(|receipt| amount(&receipt["fee"])).sum();
	assert_eq!(amount(&sessions[0]["owed"]), owed);
	assert_eq!(owed, world.purse.status().spent);
	assert_eq!(amount(&sessions[0]["settled"]), amount(&batches[0]["total"]));
	assert_eq!(amount(&sessions[0]["settled"]), chain.total());
	let places: Vec<_> = receipts.iter().map(|receipt| receipt["position"].clone()).collect();
	assert_eq!(places, (0..6).map(Value::from).collect::<Vec<_>>());
}
