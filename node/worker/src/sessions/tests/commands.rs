//! What the off-chain worker asks for, and what the keeper sees on chain.

use openledger_primitives_inference::{Command, Failure, Response, receipts::Owed};
use openledger_sessions::StoreError;

use super::world::*;
use crate::testing::{config, eventually};

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
	for command in
		[Command::Owed(1), Command::Committed(0), Command::Show(0, 0), Command::Finalise(0)]
	{
		use openledger_primitives_inference::{Message, Reply};
		let Reply::V3(response) = operator.engine().exchange(Message::V3(command));
		assert_eq!(response, Response::Failed(Failure::Unavailable));
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
