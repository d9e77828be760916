//! What the off-chain worker asks for, and what the keeper sees on chain.

use openledger_primitives_core::BatchId;
use openledger_primitives_inference::{Command, Failure, Response, receipts::Owed};
use openledger_sessions::StoreError;
use sp_core::Pair;

use super::world::*;
use crate::testing::{config, eventually, key};

#[tokio::test(flavor = "multi_thread")]
async fn batch_goes_from_what_is_owed_to_what_is_shown_and_dropped() {
	let mut world = World::new(scripted()).await;
	assert_eq!(world.command(Command::Owed(9)), Response::Owed(vec![]));
	for number in 0..3 {
		world.exchange(&question(number)).await;
	}
	world.pay().await;
	let vouchers = vec![world.purse.voucher().cloned().unwrap()];
	let owed = Owed { model: MODEL, vouchers: vouchers.clone() };
	assert_eq!(world.command(Command::Owed(9)), Response::Owed(vec![owed]));
	assert_eq!(world.command(Command::Owed(0)), Response::Owed(vec![]));
	let not_final = Response::Failed(Failure::NotFinal);
	assert_eq!(world.command(Command::Committed(0)), not_final);
	assert_eq!(world.command(Command::Show(0, 0)), not_final);
	world.chain.commit(0, &vouchers);
	world.said().batches.get_mut(&0).unwrap().1 = false;
	assert_eq!(world.command(Command::Committed(0)), not_final);
	world.said().batches.get_mut(&0).unwrap().1 = true;
	for _ in 0..2 {
		assert_eq!(world.command(Command::Committed(0)), Response::Noted);
	}
	assert_eq!(world.command(Command::Owed(9)), Response::Owed(vec![]));
	// Three units each: the fourth is the second receipt's.
	let Response::Shown(shown) = world.command(Command::Show(0, 4)) else { panic!("not shown") };
	assert_eq!(shown.receipt.position, 1);
	let committed = openledger_primitives_receipts::commitment::claim(
		&shown.claim.sketch,
		shown.claim.gain,
		&shown.claim.trace,
	);
	assert_eq!(shown.receipt.claim, committed);
	assert!(matches!(world.command(Command::Show(0, 9)), Response::Failed(Failure::Engine(_))));
	let sessions = world.operator.sessions().unwrap();
	assert!(sessions.store().contents(SESSION, 1).is_ok());
	assert_eq!(world.command(Command::Finalise(0)), Response::Noted);
	eventually("dropped", || {
		matches!(sessions.store().contents(SESSION, 1), Err(StoreError::Pruned { .. }))
	})
	.await;
	assert_eq!(world.command(Command::Finalise(0)), Response::Noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_is_shown_after_a_restart_without_being_told_again() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	world.pay().await;
	world.chain.commit(0, &[world.purse.voucher().cloned().unwrap()]);
	let world = world.restart(scripted()).await;
	assert!(matches!(world.command(Command::Show(0, 0)), Response::Shown(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_unavailable_when_there_are_no_sessions() {
	let folder = tempfile::tempdir().unwrap();
	let operator = start(config(folder.path()), scripted());
	for command in [
		Command::Owed(1),
		Command::Room(PAYER, 1),
		Command::Committed(0),
		Command::Show(0, 0),
		Command::Finalise(0),
	] {
		use openledger_primitives_inference::{Message, Reply};
		let Reply::V3(response) = operator.engine().exchange(Message::V3(command));
		assert_eq!(response, Response::Failed(Failure::Unavailable));
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_that_the_bond_has_no_room_for() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	let room = |name: &str, room| Command::Room(key(name).public().into(), room);
	assert_eq!(world.command(room("Alice", 3)), Response::Noted);
	assert_eq!(world.command(room("Bob", ESCROW)), Response::Noted);
	let asking = world.asking(&question(1));
	let (status, refused) = world.send(&asking, &question(1)).await;
	assert_eq!((status, code(&refused)), (503, "busy"));
	assert_eq!(world.command(room("Alice", ESCROW)), Response::Noted);
	assert_eq!(world.send(&asking, &question(1)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_is_shown_where_its_session_ended_before_the_store_was_told_of_it() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	world.pay().await;
	world.chain.commit(0, &[world.purse.voucher().cloned().unwrap()]);
	let sessions = world.operator.sessions().unwrap().clone();
	{
		let mut said = world.said();
		let session = &mut said.sessions.get_mut(&SESSION).unwrap().session;
		(session.ended, session.batches) = (true, 1);
	}
	sessions.look();
	sessions.prune();
	assert_eq!(world.command(Command::Committed(0)), Response::Noted);
	sessions.look();
	sessions.prune();
	assert!(matches!(world.command(Command::Show(0, 0)), Response::Shown(_)));
	assert_eq!(world.command(Command::Finalise(0)), Response::Noted);
	world.said().sessions.clear();
	sessions.look();
	sessions.prune();
	assert!(sessions.store().sessions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_is_shown_where_a_later_one_was_told_before_it() {
	let mut world = World::new(scripted()).await;
	for id in 0..2 {
		world.exchange(&question(id)).await;
		world.pay().await;
		world.chain.commit(id.into(), &[world.purse.voucher().cloned().unwrap()]);
	}
	for id in [1, 0] {
		assert_eq!(world.command(Command::Committed(id)), Response::Noted);
	}
	for id in [0, 1] {
		let Response::Shown(shown) = world.command(Command::Show(id, 0)) else { panic!("{id}") };
		assert_eq!(BatchId::from(shown.receipt.position), id);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_closed_topped_up_and_ended_as_the_chain_has_it() {
	let mut world = World::new(scripted()).await;
	world.exchange(&question(0)).await;
	let sessions = world.operator.sessions().unwrap().clone();
	world.said().sessions.get_mut(&SESSION).unwrap().session.escrow += 5;
	sessions.look();
	assert_eq!(sessions.store().terms(SESSION).unwrap().escrow, ESCROW + 5);
	world.exchange(&question(1)).await;
	world.said().height = 1_000;
	sessions.look();
	let asking = world.asking(&question(2));
	let (status, refused) = world.send(&asking, &question(2)).await;
	assert_eq!((status, code(&refused)), (409, "session_closed"));
	// Vouchers are still taken, and settled.
	assert_eq!(world.pay().await.0, 200);
	assert!(matches!(world.command(Command::Owed(1)), Response::Owed(owed) if owed.len() == 1));
	world.said().sessions.clear();
	sessions.look();
	assert_eq!(world.command(Command::Owed(1)), Response::Owed(vec![]));
	sessions.prune();
	assert!(sessions.store().sessions().is_empty());
}
