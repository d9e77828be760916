//! Questions that are answered and paid.

use super::server::*;
use crate::session::journal::Journal;
use openledger_sessions::{Purse, purse::PurseError};

#[tokio::test]
async fn answer_is_paid_and_its_voucher_is_with_the_operator() {
	let world = World::new().await;
	let mut client = world.client();
	let answered = client.ask(&question("why?")).await.unwrap();
	let paid = &answered.paid;
	assert_eq!((paid.session, paid.receipt, paid.fee, paid.from), (SESSION, 0, FEE, 0));
	assert_eq!(paid.answer, "an answer to why?");
	assert_eq!(paid.question.as_deref(), Some("why?"));
	assert_eq!((paid.usage, paid.gain, &paid.records), (USAGE, 41, &vec![record()]));
	assert!(answered.earlier.is_empty() && answered.unsent.is_none());
	let second = client.ask(&question("who?")).await.unwrap().paid;
	assert_eq!((second.receipt, second.from), (1, FEE));
	assert_eq!(world.receipts(), (2, 0));
	let status = client.purse.status();
	assert_eq!((status.spent, status.asked), (2 * FEE, 0));
	let journal = Journal::at(&world.folder.path().join("journal"));
	assert_eq!(journal.all_paid().unwrap(), [answered.paid, second]);
}

#[tokio::test]
async fn session_goes_on_after_either_side_starts_again() {
	let world = World::new().await;
	world.client().ask(&question("1")).await.unwrap();
	world.shared.restart();
	world.client().ask(&question("2")).await.unwrap();
	let mut client = world.client();
	world.shared.restart();
	assert_eq!(client.ask(&question("3")).await.unwrap().paid.receipt, 2);
	assert_eq!(world.receipts(), (3, 0));
}

#[tokio::test]
async fn question_beyond_the_escrow_is_not_sent() {
	let world = World::new().await;
	let mut client = world.client();
	let mut dear = question("why?");
	dear.max_tokens = 5_000;
	let error = client.ask(&dear).await.unwrap_err();
	assert!(matches!(
		error.downcast_ref::<PurseError>(),
		Some(PurseError::EscrowSpent { left: ESCROW, .. })
	));
	assert_eq!((world.asked(), client.purse.status().asked), (0, 0));
}

#[tokio::test]
async fn second_client_is_kept_from_a_purse_in_use() {
	let world = World::new().await;
	let mut first = world.client();
	let path = world.folder.path().join("purse");
	assert!(matches!(Purse::open(&path), Err(PurseError::InUse(_))));
	first.ask(&question("why?")).await.unwrap();
	drop(first);
	assert_eq!(Purse::open(&path).unwrap().status().receipts, 1);
}
