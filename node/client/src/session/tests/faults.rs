//! What is lost on the way is got again, and paid once.

use super::server::*;
use crate::session::Patience;
use openledger_sessions::store::Settings;
use sp_core::Pair;
use std::time::Duration;

const NEEDED: &str =
	r#"{"error":{"message":"pay","type":"insufficient_quota","code":"voucher_needed"}}"#;
const UNKNOWN: &str =
	r#"{"error":{"message":"wait","type":"invalid_request_error","code":"session_not_found"}}"#;
const FETCHING: &str =
	r#"{"error":{"message":"wait","type":"server_error","code":"records_missing"}}"#;
const BROKEN: &str =
	r#"{"error":{"message":"broken","type":"server_error","code":"operator_fault"}}"#;

#[tokio::test]
async fn answer_is_got_again_when_the_connection_was_cut_after_it_was_made() {
	let world = World::new().await;
	world.fail([Fault::CutAfter]);
	let answered = world.client().ask(&question("why?")).await.unwrap();
	assert_eq!((answered.paid.receipt, answered.paid.answer.as_str()), (0, "an answer to why?"));
	assert_eq!(answered.paid.question.as_deref(), Some("why?"));
	assert_eq!((world.receipts(), world.asked()), ((1, 0), 1));
}

#[tokio::test]
async fn question_is_sent_again_when_the_connection_was_cut_before_it_was_taken_on() {
	let world = World::new().await;
	world.fail([Fault::CutBefore, Fault::CutBefore]);
	world.client().ask(&question("why?")).await.unwrap();
	assert_eq!((world.receipts(), world.asked()), ((1, 0), 3));
}

#[tokio::test]
async fn answer_that_is_under_way_is_waited_for_and_made_once() {
	let world = World::new().await;
	world.fail([Fault::CutUnderWay(Duration::from_millis(900))]);
	// Longer than trouble is put up with.
	let answered = world.client().ask(&question("why?")).await.unwrap();
	assert_eq!(answered.paid.receipt, 0);
	assert_eq!(world.receipts(), (1, 0));
}

#[tokio::test]
async fn answer_that_came_after_the_client_ended_is_paid_at_the_next_question() {
	let world = World::new().await;
	world.fail([Fault::CutUnderWay(Duration::from_millis(200))]);
	let mut client = world.client();
	let one = question("one");
	// Ctrl-C, as soon as the question is on its way.
	let asked = tokio::time::timeout(Duration::from_millis(60), client.ask(&one)).await;
	assert!(asked.is_err());
	assert_eq!(client.purse.status().asked, 1);
	drop(client);
	tokio::time::sleep(Duration::from_millis(400)).await;
	let answered = world.client().ask(&question("two")).await.unwrap();
	let earlier: Vec<_> =
		answered.earlier.iter().map(|paid| (paid.receipt, paid.question.as_deref())).collect();
	assert_eq!(earlier, [(0, Some("one"))]);
	assert_eq!(answered.paid.receipt, 1);
	assert_eq!(world.receipts(), (2, 0));
}

#[tokio::test]
async fn question_that_overtook_an_unfinished_one_waits_for_its_receipt() {
	let world = World::new().await;
	let mut client = world.client();
	// An earlier one is under way all the time that this one takes.
	let one = question("one");
	let asking = client.purse.ask(&one.body().unwrap(), one.longest()).unwrap();
	let store = world.shared.store();
	let admission = store.admit(SESSION, asking.salt, one.body().unwrap(), asking.most).unwrap();
	client.patience.forgotten = Duration::MAX;
	client.journal.asked(asking.salt, "one").unwrap();
	assert_eq!(client.ask(&question("two")).await.unwrap().paid.receipt, 0);
	drop(admission);
	// It was never answered after all: too long ago, it is let go of, and its money is free again.
	client.patience.forgotten = Duration::ZERO;
	tokio::time::sleep(Duration::from_millis(1_100)).await;
	assert_eq!(client.purse.status().asked, 1);
	client.ask(&question("three")).await.unwrap();
	assert_eq!(client.purse.status().asked, 0);
	assert_eq!(world.receipts(), (2, 0));
}

#[tokio::test]
async fn operator_that_wants_a_voucher_gets_it_once() {
	let world = World::with(Settings { receipts: 2, amount: 10_000, cache: 1 << 20 }).await;
	world.fail([Fault::Refused(402, NEEDED)]);
	let mut client = world.client();
	client.ask(&question("why?")).await.unwrap();
	assert_eq!(world.asked(), 2);
	world.fail([Fault::Refused(402, NEEDED), Fault::Refused(402, NEEDED)]);
	let error = format!("{:#}", client.ask(&question("why?")).await.unwrap_err());
	assert!(error.contains("voucher_needed") && error.contains("nothing was paid"), "{error}");
	assert_eq!(client.purse.status().asked, 0);
	client.ask(&question("why?")).await.unwrap();
	assert_eq!(world.receipts(), (2, 0));
}

#[tokio::test]
async fn operator_behind_the_chain_is_waited_for_within_reason() {
	let world = World::new().await;
	let unknown = || Fault::Refused(404, UNKNOWN);
	world.fail([unknown(), unknown(), unknown()]);
	let mut client = world.client();
	client.ask(&question("why?")).await.unwrap();
	assert_eq!(world.asked(), 4);
	world.fail((0..200).map(|_| unknown()));
	let error = format!("{:#}", client.ask(&question("why?")).await.unwrap_err());
	assert!(error.contains("session_not_found"), "{error}");
	assert_eq!(client.purse.status().asked, 0);
}

#[tokio::test]
async fn operator_that_fetches_records_is_waited_for_and_has_answered_nothing() {
	let world = World::new().await;
	let fetching = || Fault::Refused(503, FETCHING);
	world.fail([fetching(), fetching()]);
	let mut client = world.client();
	client.ask(&question("why?")).await.unwrap();
	assert_eq!(world.asked(), 3);
	world.fail((0..200).map(|_| fetching()));
	let error = format!("{:#}", client.ask(&question("why?")).await.unwrap_err());
	assert!(error.contains("records_missing"), "{error}");
	assert_eq!(client.purse.status().asked, 0);
}

#[tokio::test]
async fn operator_that_failed_may_have_answered() {
	let world = World::new().await;
	world.fail([
		Fault::Instead(500, BROKEN),
		Fault::Instead(502, "<html>"),
		Fault::Refused(500, BROKEN),
	]);
	let mut client = world.client();
	client.ask(&question("1")).await.unwrap();
	client.ask(&question("2")).await.unwrap();
	client.ask(&question("3")).await.unwrap();
	assert_eq!((world.receipts(), world.asked()), ((3, 0), 4));
}

#[tokio::test]
async fn operator_that_stays_away_costs_nothing_and_the_question_is_kept() {
	let world = World::new().await;
	world.fail((0..500).map(|_| Fault::CutBefore));
	let mut client = world.client();
	let error = format!("{:#}", client.ask(&question("why?")).await.unwrap_err());
	assert!(error.contains("session resync 3") && error.contains("was lost"), "{error}");
	let status = client.purse.status();
	assert_eq!((status.receipts, status.asked), (0, 1));
}

#[tokio::test]
async fn operator_out_of_reach_is_told_at_once_and_nothing_is_left_over() {
	let world = World::new().await;
	let mut away = World::new().await;
	away.shared = world.shared.clone();
	away.url = "http://127.0.0.1:1".into();
	let mut client = away.client_of(agent().public().into(), patience());
	let error = format!("{:#}", client.ask(&question("why?")).await.unwrap_err());
	assert!(error.contains("no operator answers at"), "{error}");
	assert_eq!(client.purse.status().asked, 0);
}

#[tokio::test]
async fn operator_that_starts_again_between_question_and_answer_is_caught_up_with() {
	let world = World::new().await;
	let shared = world.shared.clone();
	world.fail([Fault::CutAfter]);
	let client = tokio::spawn({
		let mut client = world.client_of(
			agent().public().into(),
			Patience { trouble: Duration::from_secs(5), ..patience() },
		);
		async move { client.ask(&question("why?")).await.unwrap() }
	});
	tokio::task::spawn_blocking(move || shared.restart()).await.unwrap();
	assert_eq!(client.await.unwrap().paid.receipt, 0);
	assert_eq!(world.receipts(), (1, 0));
}

#[tokio::test]
async fn voucher_that_did_not_arrive_goes_with_the_next_question() {
	let world = World::new().await;
	let mut client = world.client();
	let one = question("one");
	client.ask(&one).await.unwrap();
	// Paid by the purse, and the process ended before the voucher left.
	let asking = client.purse.ask(&one.body().unwrap(), one.longest()).unwrap();
	let (given, text) = world.make(&asking, &one);
	let checked = client.purse.check(&given, text.as_bytes()).unwrap();
	client.purse.pay(checked).unwrap();
	assert_eq!(world.receipts(), (2, 1));
	drop(client);
	let answered = world.client().ask(&question("two")).await.unwrap();
	assert_eq!((answered.paid.receipt, answered.earlier.len()), (2, 0));
	assert_eq!(world.receipts(), (3, 0));
}

#[tokio::test]
async fn question_that_the_journal_lacks_counts_from_when_it_is_found() {
	let world = World::new().await;
	let mut client = world.client();
	let one = question("one");
	client.purse.ask(&one.body().unwrap(), one.longest()).unwrap();
	client.patience.forgotten = Duration::ZERO;
	assert_eq!(client.let_go(false).unwrap(), 0);
	tokio::time::sleep(Duration::from_millis(1_100)).await;
	assert_eq!(client.let_go(false).unwrap(), 1);
	client.purse.ask(&one.body().unwrap(), one.longest()).unwrap();
	assert_eq!((client.let_go(true).unwrap(), client.purse.status().asked), (1, 0));
}
