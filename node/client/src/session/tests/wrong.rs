//! What is not right is not paid.

use super::server::*;
use crate::session::question::Question;
use openledger_primitives_core::{Hash, model::Usage};
use openledger_sessions::{protocol::Given, purse::PurseError};
use sp_core::{Pair, sr25519};

/// Signs the receipt again after it was changed, as a dishonest operator does.
fn sign(given: &mut Given) {
	let signature = Pair::sign(&agent(), &given.signed.receipt.payload(&GENESIS));
	given.signed.signature = signature.into();
}

#[tokio::test]
async fn receipt_that_is_wrong_is_never_paid() {
	type Case = (&'static str, Change, fn(&PurseError) -> bool);
	let cases: [Case; 8] = [
		(
			"price",
			|given, _| {
				given.signed.receipt.fee += 1;
				sign(given);
			},
			|error| matches!(error, PurseError::WrongFee { .. }),
		),
		(
			"tokens",
			|given, _| {
				given.signed.receipt.usage = Usage { prompt: 4, output: 3_000 };
				given.signed.receipt.fee = 6_004;
				sign(given);
			},
			|error| matches!(error, PurseError::TooDear { .. }),
		),
		(
			"question",
			|given, _| {
				given.signed.receipt.input = Hash::zero();
				sign(given);
			},
			|error| matches!(error, PurseError::NotAsked),
		),
		(
			"position before",
			|given, _| {
				given.signed.receipt.position = 0;
				sign(given);
			},
			|error| matches!(error, PurseError::Paid { .. }),
		),
		(
			"session",
			|given, _| {
				given.signed.receipt.session = 4;
				sign(given);
			},
			|error| matches!(error, PurseError::OtherSession { .. }),
		),
		(
			"model",
			|given, _| {
				given.signed.receipt.model = 4;
				sign(given);
			},
			|error| matches!(error, PurseError::OtherModel { .. }),
		),
		(
			"signature",
			|given, _| given.signed.receipt.claim = Hash::zero(),
			|error| matches!(error, PurseError::OtherClaim | PurseError::BadSignature),
		),
		(
			"signer",
			|given, _| {
				let other = sr25519::Pair::from_seed(&[2; 32]);
				let payload = given.signed.receipt.payload(&GENESIS);
				given.signed.signature = Pair::sign(&other, &payload).into();
			},
			|error| matches!(error, PurseError::BadSignature),
		),
	];
	for (name, change, is_it) in cases {
		let world = World::new().await;
		let mut client = world.client();
		client.ask(&question("first")).await.unwrap();
		// As changed the second time as it was the first.
		*world.shared.resent.lock().unwrap() = Some(change);
		world.fail([Fault::Changed(change)]);
		let error = client.ask(&question("why?")).await.unwrap_err();
		let told = format!("{error:#}");
		let found = error.downcast_ref::<PurseError>();
		assert!(found.is_some_and(is_it), "{name}: {told}");
		assert!(told.contains("openledger session close 3"), "{name}: {told}");
		let status = client.purse.status();
		assert_eq!((status.receipts, status.spent, status.asked), (1, FEE, 1), "{name}");
		assert_eq!(client.purse.voucher().unwrap().voucher.count, 1, "{name}");
	}
}

#[tokio::test]
async fn tokens_of_records_are_paid_as_far_as_the_model_may_put_records_into_prompts() {
	let change: Change = |given, _| {
		given.signed.receipt.usage = Usage { prompt: 900, output: 3 };
		given.signed.receipt.fee = 906;
		sign(given);
	};
	for (quoted, is_paid) in [(900, true), (0, false)] {
		let world = World::new().await;
		let mut client = world.client();
		*world.shared.resent.lock().unwrap() = Some(change);
		world.fail([Fault::Changed(change)]);
		let asked = client.ask(&Question { quoted, ..question("why?") }).await;
		match asked {
			Ok(answered) => assert_eq!((answered.paid.usage.prompt, is_paid), (900, true)),
			Err(error) => {
				let found = error.downcast_ref::<PurseError>();
				assert!(matches!(found, Some(PurseError::TooDear { .. })), "{error:#}");
				assert!(!is_paid);
			}
		}
	}
}

#[tokio::test]
async fn answer_that_was_garbled_on_its_way_is_got_again() {
	let changes: [Change; 3] = [
		|_, text| text.push('!'),
		|given, _| given.claim.gain += 1,
		|given, _| {
			given.signed.receipt.position += 1;
			sign(given);
		},
	];
	for change in changes {
		let world = World::new().await;
		world.fail([Fault::Changed(change)]);
		let paid = world.client().ask(&question("why?")).await.unwrap().paid;
		assert_eq!((paid.answer.as_str(), paid.gain), ("an answer to why?", 41));
		assert_eq!((world.receipts(), world.asked()), ((1, 0), 1));
	}
}

#[tokio::test]
async fn server_that_answers_rubbish_is_paid_nothing() {
	for (status, reply, kept, told) in [
		(200, "<html>welcome</html>", 1, "no JSON"),
		(200, r#"{"choices":[{"message":{"content":"free"}}]}"#, 1, "no field \"openledger\""),
		(404, "not here", 0, "HTTP 404 without a reason"),
		(302, "", 0, "HTTP 302 without a reason"),
		(400, r#"{"error":{"message":"odd","type":"t","code":"too_dear"}}"#, 0, "odd (too_dear"),
	] {
		let world = World::new().await;
		world.fail([Fault::Refused(status, reply)]);
		let mut client = world.client();
		let error = format!("{:#}", client.ask(&question("why?")).await.unwrap_err());
		assert!(error.contains(told), "{error}");
		let status = client.purse.status();
		assert_eq!((status.receipts, status.asked), (0, kept), "{reply}");
		assert!(client.purse.voucher().is_none());
	}
}

#[tokio::test]
async fn receipts_for_what_was_not_asked_are_not_paid() {
	let world = World::new().await;
	let mut client = world.client();
	client.ask(&question("first")).await.unwrap();
	let store = world.shared.store();
	let body = question("not asked").body().unwrap();
	let admission = store.admit(SESSION, [9; 32], body.clone(), 1_000).unwrap();
	drop(admission);
	let access = client.purse.access().unwrap();
	world.make_with(access, [9; 32], &question("not asked"));
	let stepped = client.get_in_step().await.unwrap();
	assert!(matches!(stepped.refused, Some(PurseError::NotAsked)));
	assert!(client.refuse(stepped.refused).unwrap_err().to_string().contains("session close 3"));
	assert_eq!(client.purse.status().receipts, 1);
}

#[tokio::test]
async fn operator_may_change_its_agent_on_chain_and_no_other_way() {
	let world = World::new().await;
	world.client().ask(&question("1")).await.unwrap();
	// One by the old agent is still on its way when the new one takes over.
	world.fail([Fault::CutUnderWay(std::time::Duration::ZERO)]);
	let mut client = world.client();
	let two = question("2");
	let asking = client.purse.ask(&two.body().unwrap(), two.longest()).unwrap();
	world.shared.faults.lock().unwrap().clear();
	world.make(&asking, &two);
	drop(client);
	let new = sr25519::Pair::from_seed(&[2; 32]);
	*world.shared.agent.lock().unwrap() = new.clone();
	world.shared.restart();
	let error = world.client().ask(&question("3")).await.unwrap_err();
	assert!(matches!(error.downcast_ref(), Some(PurseError::BadSignature)), "{error:#}");
	let mut client = world.client_of(new.public().into(), patience());
	let answered = client.ask(&question("4")).await.unwrap();
	assert_eq!(answered.earlier.len(), 1);
	assert_eq!(answered.paid.receipt, 3);
	assert_eq!(world.receipts(), (4, 0));
}

#[tokio::test]
async fn old_copy_of_the_operators_store_is_told_as_such() {
	let world = World::new().await;
	let mut client = world.client();
	client.ask(&question("1")).await.unwrap();
	let copy = world.copy();
	client.ask(&question("2")).await.unwrap();
	world.put_back(copy);
	let error = client.get_in_step().await.unwrap_err().to_string();
	assert!(error.contains("old copy of its store"), "{error}");
}
