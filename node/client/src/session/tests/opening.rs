//! Finding a session, opening one, and adding to it.

use super::{chain::*, server::*};
use crate::session::{
	Patience,
	folder::Folder,
	open::{Desk, Wish},
};
use openledger_primitives_core::model::Price;
use openledger_sessions::purse::Deal;
use sp_core::{Pair, crypto::AccountId32};
use std::{path::Path, time::Duration};

fn desk<'a>(ledger: &'a Fake, data: &Path) -> Desk<'a, Fake> {
	let folder = Folder::new(data, GENESIS, &PAYER);
	Desk { ledger, folder, patience: patience() }
}

fn wish() -> Wish {
	Wish { model: MODEL, operator: None, usage: USAGE, escrow: None, blocks: 50, private: false }
}

fn quiet(_: String) {}

#[tokio::test]
async fn session_is_opened_once_and_used_from_then_on() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let desk = desk(&ledger, data.path());
	let ready = desk.find_or_open(&wish(), quiet).await.unwrap();
	assert!(ready.is_new);
	assert_eq!((ready.info.id, ready.info.escrow), (300, 50 * FEE));
	assert_eq!(ready.purse.status().session, Some(300));
	assert!(ready.place.path.ends_with("session-300.purse"));
	drop(ready);
	let again = desk.find_or_open(&wish(), quiet).await.unwrap();
	assert_eq!((again.info.id, again.is_new), (300, false));
	assert_eq!(ledger.0.lock().unwrap().opened, 1);
}

#[tokio::test]
async fn two_clients_at_once_open_one_session() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let (one, two) = (desk(&ledger, data.path()), desk(&ledger, data.path()));
	let use_it = async |desk: &Desk<'_, Fake>| {
		let ready = desk.find_or_open(&wish(), quiet).await.unwrap();
		tokio::time::sleep(Duration::from_millis(60)).await;
		(ready.info.id, ready.is_new)
	};
	let mut both: [_; 2] = tokio::join!(use_it(&one), use_it(&two)).into();
	both.sort_unstable();
	assert_eq!(both, [(300, false), (300, true)]);
	assert_eq!(ledger.0.lock().unwrap().opened, 1);
}

#[tokio::test]
async fn session_has_the_number_that_is_final() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	ledger.change(|state| state.opens = Opens::Moved);
	let ready = desk(&ledger, data.path()).find_or_open(&wish(), quiet).await.unwrap();
	assert_eq!((ready.info.id, ready.purse.status().session), (295, Some(295)));
}

#[tokio::test]
async fn opening_that_was_refused_leaves_nothing_and_says_why() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	ledger.change(|state| state.opens = Opens::Refused);
	let desk = desk(&ledger, data.path());
	let error = desk.find_or_open(&wish(), quiet).await.err().unwrap();
	assert!(error.to_string().contains("SwitchedOff"), "{error:#}");
	assert!(desk.folder.places().unwrap().is_empty());
}

#[tokio::test]
async fn opening_is_seen_to_its_end_when_the_node_or_the_client_went_away() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	ledger.change(|state| state.opens = Opens::Unheard);
	let desk = desk(&ledger, data.path());
	assert_eq!(desk.find_or_open(&wish(), quiet).await.unwrap().info.id, 300);

	// The client ends while the opening is not final.
	let impatient = Desk {
		patience: Patience { finality: Duration::ZERO, ..patience() },
		..self::desk(&ledger, data.path())
	};
	ledger.change(|state| state.opens = Opens::Well);
	let error = impatient.open(&wish(), quiet).await.err().unwrap();
	assert!(error.to_string().contains("not final yet"), "{error:#}");
	assert_eq!(desk.folder.places().unwrap().iter().filter(|p| p.session.is_none()).count(), 1);
	let ready = desk.open(&wish(), quiet).await.unwrap();
	assert_eq!(ready.info.id, 301);
	assert_eq!(ledger.0.lock().unwrap().opened, 2);
}

#[tokio::test]
async fn purse_whose_opening_never_came_into_a_block_is_dropped() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let desk = desk(&ledger, data.path());
	let lock = desk.folder.lock(&patience()).await.unwrap();
	let deal =
		Deal { genesis: GENESIS, agent: agent().public().into(), model: MODEL, price: PRICE };
	let (left, _) = desk.folder.create(&lock, &OPERATOR, 44, deal).unwrap();
	drop(lock);
	assert!(left.path.exists());
	let ready = desk.find_or_open(&wish(), quiet).await.unwrap();
	assert_eq!(ready.info.id, 300);
	assert!(!left.path.exists());
}

#[tokio::test]
async fn session_that_is_over_closing_or_elsewhere_is_passed_over() {
	let changes: [fn(&mut State); 4] = [
		|state| state.best[0].closing = true,
		|state| state.best[0].ended = true,
		|state| state.block = 145,
		|state| state.best.clear(),
	];
	for change in changes {
		let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
		let desk = desk(&ledger, data.path());
		drop(desk.find_or_open(&wish(), quiet).await.unwrap());
		ledger.change(change);
		assert_eq!(desk.find_or_open(&wish(), quiet).await.unwrap().info.id, 301);
	}
}

#[tokio::test]
async fn wish_that_cannot_be_met_is_refused_before_a_purse_is_made() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let desk = desk(&ledger, data.path());
	for (wish, told) in [
		(Wish { model: 9, ..wish() }, "no model 9"),
		(Wish { operator: Some(AccountId32::new([1; 32])), ..wish() }, "is no operator"),
	] {
		let error = desk.find_or_open(&wish, quiet).await.err().unwrap();
		assert!(error.to_string().contains(told), "{error:#}");
	}
	assert!(desk.folder.places().unwrap().is_empty());
}

#[tokio::test]
async fn session_at_a_price_above_the_quoted_one_is_not_used() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let desk = desk(&ledger, data.path());
	let dearer = Price { prompt: PRICE.prompt + 1, output: PRICE.output };
	let lock = desk.folder.lock(&patience()).await.unwrap();
	let deal =
		Deal { genesis: GENESIS, agent: agent().public().into(), model: MODEL, price: PRICE };
	let (_, purse) = desk.folder.create(&lock, &OPERATOR, 44, deal).unwrap();
	let mut info = session(60, purse.signer(), 1_000, 50);
	info.price = dearer;
	ledger.change(|state| state.best.push(info));
	drop((lock, purse));
	let error = desk.find_or_open(&wish(), quiet).await.err().unwrap();
	assert!(error.to_string().contains("openledger session close 60"), "{error:#}");
}

#[tokio::test]
async fn purse_of_another_payer_or_session_is_refused() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let desk = desk(&ledger, data.path());
	drop(desk.find_or_open(&wish(), quiet).await.unwrap());
	ledger.change(|state| state.best[0].signer = AccountId32::new([1; 32]));
	let error = desk.find(300).await.err().unwrap();
	assert!(error.to_string().contains("not this chain's"), "{error:#}");
}

#[tokio::test]
async fn escrow_that_was_added_counts_once_it_is_final() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let desk = desk(&ledger, data.path());
	let mut ready = desk.find_or_open(&wish(), quiet).await.unwrap();
	// A batch moved a part of it, which is no less put in.
	ledger.change(|state| {
		state.best[0].escrow -= 100;
		state.best[0].settled += 100;
	});
	let info = desk.top_up(&mut ready.purse, 25).await.unwrap();
	assert_eq!(info.escrow, 50 * FEE - 100 + 25);
	assert_eq!(ready.purse.status().escrow, 50 * FEE + 25);
}

#[tokio::test]
async fn private_question_is_not_asked_in_a_session_that_is_not() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let desk = desk(&ledger, data.path());
	let private = Wish { private: true, ..wish() };
	let public = desk.find_or_open(&wish(), quiet).await.unwrap();
	assert!(!public.info.private);
	drop(public);
	let ready = desk.find_or_open(&private, quiet).await.unwrap();
	assert_eq!((ready.info.id, ready.info.private, ready.is_new), (301, true, true));
	drop(ready);
	let again = desk.find_or_open(&private, quiet).await.unwrap();
	assert_eq!((again.info.id, again.is_new), (301, false));
}

#[tokio::test]
async fn opening_that_was_not_seen_to_its_end_is_taken_up_where_it_is_as_private_as_wished_for() {
	let (ledger, data) = (Fake::new(), tempfile::tempdir().unwrap());
	let impatient = Patience { finality: Duration::ZERO, ..patience() };
	let hasty = Desk { patience: impatient, ..desk(&ledger, data.path()) };
	assert!(hasty.open(&wish(), quiet).await.is_err());
	let private = Wish { private: true, ..wish() };
	let ready = desk(&ledger, data.path()).open(&private, quiet).await.unwrap();
	assert!(ready.info.private);
	assert_eq!(ledger.0.lock().unwrap().opened, 2);
}
