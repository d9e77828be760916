//! Questions that are answered, and what becomes of them when something fails.

use std::{
	sync::{Arc, atomic::Ordering},
	time::{Duration, Instant},
};

use openledger_primitives_inference::Command;
use openledger_sessions::protocol::Given;
use serde_json::json;

use super::world::*;
use crate::testing::{Scripted, eventually, job};

#[tokio::test(flavor = "multi_thread")]
async fn answer_has_openais_shape_and_a_receipt_that_the_payer_takes() {
	let mut world = World::new(scripted()).await;
	let (answer, given) = world.exchange(&question(0)).await;
	assert_eq!(answer["object"], "chat.completion");
	assert_eq!(answer["model"], MODEL.to_string());
	assert_eq!(answer["choices"][0]["finish_reason"], "stop");
	assert_eq!(answer["choices"][0]["message"]["role"], "assistant");
	let usage = json!({ "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 });
	assert_eq!(answer["usage"], usage);
	assert_eq!((given.signed.receipt.position, given.signed.receipt.fee), (0, 3));
	// The second question brings the voucher for the first answer.
	let (_, given) = world.exchange(&question(1)).await;
	assert_eq!(given.signed.receipt.position, 1);
	assert_eq!(world.pay().await, (200, json!({ "receipts": 0, "amount": "0" })));
	assert_eq!(world.said().lookups, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn payer_is_served_again_once_it_pays_and_once_it_adds_to_the_escrow() {
	let mut world = World::with(scripted(), |config| config.trust.receipts = 1).await;
	let asking = world.asking(&question(0));
	let (status, answer) = world.send(&asking, &question(0)).await;
	assert_eq!(status, 200);
	let unpaid = world.asking(&question(1));
	let (status, refused) = world.send(&unpaid, &question(1)).await;
	assert_eq!((status, code(&refused)), (402, "voucher_needed"));
	let given: Given = serde_json::from_value(answer["openledger"].clone()).unwrap();
	let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
	let checked = world.purse.check(&given, text.as_bytes()).unwrap();
	world.purse.pay(checked).unwrap();
	assert_eq!(world.pay().await.0, 200);
	assert_eq!(world.send(&unpaid, &question(1)).await.0, 200);
	let again = world.missed(1).await.unwrap();
	world.purse.catch_up(again).unwrap();
	assert_eq!(world.pay().await.0, 200);
	// What the payer agrees to is most of what it put in.
	let mut greedy = world.asking(&question(2));
	greedy.most = ESCROW;
	let (status, refused) = world.send(&greedy, &question(2)).await;
	assert_eq!((status, code(&refused)), (402, "escrow_spent"));
	world.said().sessions.get_mut(&SESSION).unwrap().session.escrow += ESCROW;
	assert_eq!(world.send(&greedy, &question(2)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_entered_once_it_is_final_on_chain() {
	let mut world = World::new(scripted()).await;
	let opened = world.said().sessions.remove(&SESSION).unwrap();
	let asking = world.asking(&question(0));
	let (status, refused) = world.send(&asking, &question(0)).await;
	assert_eq!((status, code(&refused)), (404, "session_not_found"));
	let mut others = opened.clone();
	others.agent = Some(PAYER);
	world.said().sessions.insert(SESSION, others);
	let (status, refused) = world.send(&asking, &question(0)).await;
	assert_eq!((status, code(&refused)), (404, "session_not_found"));
	let mut lost = opened.clone();
	lost.session.receipts = 2;
	world.said().sessions.insert(SESSION, lost);
	let (status, refused) = world.send(&asking, &question(0)).await;
	assert_eq!((status, code(&refused)), (409, "receipts_unknown"));
	let mut closing = opened.clone();
	closing.session.closing = true;
	world.said().sessions.insert(SESSION, closing);
	let (status, refused) = world.send(&asking, &question(0)).await;
	assert_eq!((status, code(&refused)), (409, "session_closed"));
	world.said().sessions.insert(SESSION, opened);
	assert_eq!(world.send(&asking, &question(0)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipt_is_there_when_the_operator_restarts_between_answer_and_voucher() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	let asking = world.asking(&question(1));
	assert_eq!(world.send(&asking, &question(1)).await.0, 200);
	// The payer did not see the answer.
	let mut world = world.restart(scripted()).await;
	let again = world.asking(&question(2));
	let (status, _) = world.send(&again, &question(2)).await;
	assert_eq!(status, 200, "the first voucher is taken after the restart");
	let missed = world.missed(1).await.unwrap();
	assert_eq!(missed.len(), 2);
	let caught = world.purse.catch_up(missed).unwrap();
	assert!(caught.refused.is_none());
	assert_eq!(caught.answers.len(), 2);
	assert_eq!(world.pay().await, (200, json!({ "receipts": 0, "amount": "0" })));
	let (status, refused) = world.missed(9).await.unwrap_err();
	assert_eq!((status, code(&refused)), (409, "receipts_unknown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn question_is_given_up_when_its_client_goes_away() {
	let answerer = Arc::new(Scripted::held());
	let mut world = World::new(answerer.clone()).await;
	let body = question(0);
	let asking = world.asking(&body);
	let sending = world.begin(&asking, &body);
	eventually("it runs", || answerer.started.lock().len() == 1).await;
	sending.abort();
	eventually("given up", || answerer.cancelled.load(Ordering::SeqCst) == 1).await;
	assert_eq!(world.missed(0).await.unwrap(), []);
	*answerer.hold.lock() = false;
	// Nothing was issued, so the same request can be sent again.
	let start = Instant::now();
	loop {
		match world.send(&asking, &question(0)).await {
			(200, _) => break,
			(409, refused) if start.elapsed() < Duration::from_secs(5) => {
				assert_eq!(code(&refused), "request_repeated");
			}
			other => panic!("{other:?}"),
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn payer_who_goes_away_from_answers_that_are_begun_is_not_served_for_long() {
	let answerer = Arc::new(Scripted::held());
	let mut world = World::with(answerer.clone(), |config| config.trust.receipts = 2).await;
	for number in 0..2 {
		let body = question(number);
		let asking = world.asking(&body);
		let sending = world.begin(&asking, &body);
		let given_up = usize::try_from(number).unwrap() + 1;
		eventually("it runs", || answerer.started.lock().len() == given_up).await;
		sending.abort();
		eventually("given up", || answerer.cancelled.load(Ordering::SeqCst) as usize == given_up)
			.await;
	}
	*answerer.hold.lock() = false;
	let start = Instant::now();
	let asking = world.asking(&question(2));
	let sessions = world.operator.sessions().unwrap().clone();
	// The last one is under way until its thread has ended, and counts no less.
	while start.elapsed() < Duration::from_millis(200) {
		let (status, refused) = world.send(&asking, &question(2)).await;
		assert_eq!((status, code(&refused)), (402, "voucher_needed"));
	}
	assert_eq!(sessions.store().unpaid(SESSION).unwrap().receipts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn crowd_is_told_to_wait_and_holds_up_no_job_of_the_chain() {
	let answerer = Arc::new(Scripted::held());
	let mut world = World::with(answerer.clone(), |config| {
		config.queue = 2;
		config.parallel = 1;
	})
	.await;
	let (first, second, third) =
		(world.asking(&question(0)), world.asking(&question(1)), world.asking(&question(2)));
	let one = world.begin(&first, &question(0));
	eventually("the first runs", || answerer.started.lock().len() == 1).await;
	// Whichever of these comes later finds no place.
	let (refused, _, mut waiting) = futures::future::select_all(
		[(&second, 1), (&third, 2)].map(|(asking, number)| world.begin(asking, &question(number))),
	)
	.await;
	let refused = refused.unwrap().unwrap();
	assert_eq!(refused.status(), 503);
	assert_eq!(code(&refused.json().await.unwrap()), "busy");
	world.command(Command::Enqueue(job(77)));
	eventually("the job runs", || answerer.started.lock().contains(&77)).await;
	*answerer.hold.lock() = false;
	waiting.push(one);
	for sent in waiting {
		assert_eq!(sent.await.unwrap().unwrap().status(), 200);
	}
}
