//! What travels comes out as it went in.

use super::world::*;
use crate::{
	StoreError,
	protocol::{
		ACCESS, Again, Asking, BadHeader, Failure, Given, MOST as MOST_HEADER, Opened, Payment,
		SALT, VOUCHER,
	},
};
use openledger_primitives_attribution::{Claim, Found, RecordCredit};
use openledger_primitives_core::{Hash, Sketch, record::RecordLeaf};
use serde_json::{Value, json};
use sp_core::crypto::AccountId32;
use std::collections::BTreeMap;

#[test]
fn headers_come_out_as_they_went_in() {
	let mut world = World::new();
	for number in 0..2 {
		let asking = world.ask(number);
		assert_eq!(asking.voucher.is_some(), number > 0);
		let headers: BTreeMap<_, _> = asking.headers().into_iter().collect();
		let read = Asking::read(|name| headers.get(name).map(String::as_str));
		assert_eq!(read, Ok(Some(asking.clone())));
		let signed = answer(&world.store, &asking, number).unwrap();
		let checked = world.purse.check(&given(signed, number), &text(number)).unwrap();
		world.purse.pay(checked).unwrap();
	}
}

#[test]
fn headers_that_are_missing_or_malformed_are_named() {
	let mut world = World::new();
	world.exchange(0);
	let asking = world.ask(1);
	let whole: BTreeMap<_, _> = asking.headers().into_iter().collect();
	let read = |headers: &BTreeMap<&'static str, String>| {
		Asking::read(|name| headers.get(name).map(String::as_str))
	};
	for name in [SALT, MOST_HEADER] {
		let mut headers = whole.clone();
		headers.remove(name);
		assert_eq!(read(&headers), Err(BadHeader::Missing(name)));
	}
	for name in [ACCESS, SALT, MOST_HEADER, VOUCHER] {
		for bad in ["", "zz", "-1", "00"] {
			let mut headers = whole.clone();
			headers.insert(name, bad.into());
			if (name, bad) != (MOST_HEADER, "00") {
				assert_eq!(read(&headers), Err(BadHeader::Malformed(name)), "{name}: {bad}");
			}
		}
	}
	let mut headers = whole;
	headers.remove(ACCESS);
	assert_eq!(read(&headers), Ok(None));
}

#[test]
fn receipts_and_vouchers_in_json_keep_their_signatures() {
	let mut world = World::new();
	let asking = world.ask(3);
	let signed = answer(&world.store, &asking, 3).unwrap();
	let given = given(signed, 3);
	let value = serde_json::to_value(&given).unwrap();
	assert_eq!(value["receipt"]["position"], 0);
	assert_eq!(value["receipt"]["fee"], json!(given.signed.receipt.fee.to_string()));
	assert_eq!(value["claim"]["sketch"], "0302fd");
	let back: Given = serde_json::from_value(value).unwrap();
	assert_eq!(back, given);
	let voucher = world.purse.pay(world.purse.check(&back, &text(3)).unwrap()).unwrap();
	let payment = Payment { voucher };
	let value = serde_json::to_value(&payment).unwrap();
	assert_eq!(value["voucher"]["count"], 1);
	let back: Payment = serde_json::from_value(value).unwrap();
	assert!(world.store.accept(back.voucher).unwrap().wait().unwrap().advanced);
	let kept = world.store.receipts(SESSION, 0, 1).unwrap().remove(0);
	let again = Again::try_from(kept).unwrap();
	let value = serde_json::to_value(&again).unwrap();
	assert_eq!(
		(&value["receipt"]["session"], &value["answered"]),
		(&json!(SESSION), &json!("the answer to 3"))
	);
	assert_eq!(serde_json::from_value::<Again>(value).unwrap(), again);
	assert_eq!(again.given, given);
}

#[test]
fn refusals_have_the_shape_of_openai_and_faults_tell_no_particulars() {
	let failure = Failure::from(&StoreError::Unpaid { receipts: 8, amount: 77 });
	assert_eq!(failure.status, 402);
	let value = serde_json::to_value(&failure).unwrap();
	assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), ["error"]);
	assert_eq!(value["error"]["code"], "voucher_needed");
	assert_eq!(value["error"]["type"], "insufficient_quota");
	assert!(value["error"]["message"].as_str().unwrap().contains("77"));
	let fault = Failure::from(&StoreError::NoKey("/secret/place".into()));
	assert_eq!(fault.status, 500);
	assert!(!Value::to_string(&serde_json::to_value(&fault).unwrap()).contains("secret"));
	let header = Failure::from(&BadHeader::Missing(SALT));
	assert_eq!((header.status, header.error.code.as_str()), (400, "bad_header"));
}

#[test]
fn payer_is_told_which_records_were_put_into_the_prompt() {
	let record = |position: u32| RecordCredit {
		position,
		head: position,
		scale: 1,
		sketch: Sketch::truncate_from(vec![1; 16]),
		record: RecordLeaf {
			datanet: 3,
			index: position,
			contributor: AccountId32::new([position as u8; 32]),
			content: Hash::repeat_byte(position as u8),
			size: 1,
			committed_at: 1,
		},
	};
	let found = Found {
		sketch: Sketch::truncate_from(vec![2; 16]),
		records: vec![record(7), record(4)].try_into().unwrap(),
		proof: Default::default(),
	};
	let opened = Opened::from(&Claim { found: Some(found), ..claim(1) });
	let positions: Vec<u32> = opened.found.iter().map(|of| of.position).collect();
	assert_eq!(positions, [7, 4], "as they are numbered in the prompt");
	let value = serde_json::to_value(&opened).unwrap();
	assert_eq!(value["found"][0]["contributor"], json!(AccountId32::new([7; 32])));
	assert_eq!(serde_json::from_value::<Opened>(value).unwrap(), opened);
	// Operators of before, and models that put nothing there, don't say.
	let without = Opened::from(&claim(1));
	let value = serde_json::to_value(&without).unwrap();
	assert!(value.get("found").is_none());
	assert_eq!(serde_json::from_value::<Opened>(value).unwrap(), without);
}
