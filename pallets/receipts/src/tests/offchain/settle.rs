//! When an operator's worker commits, and which vouchers.

use super::*;
use crate::{Sessions, offchain::Step};

impl Node {
	/// What of the sent batches is in each: the sessions' numbers.
	fn batches(&self) -> Vec<Vec<u64>> {
		let sessions = |call| match call {
			RuntimeCall::Receipts(Call::commit_batch { vouchers, .. }) => {
				vouchers.iter().map(|signed| signed.voucher.session).collect()
			}
			other => panic!("{other:?}"),
		};
		self.sent().into_iter().map(sessions).collect()
	}

	/// Runs until nothing more is sent. In how many blocks something was.
	fn settle(&mut self) -> u32 {
		let mut blocks = 0;
		loop {
			self.run();
			if self.include() == 0 {
				return blocks;
			}
			blocks += 1;
		}
	}
}

/// A session about a model version with one answer.
fn owing(model: ModelId, payer: u8, fee: u128) -> Book {
	let mut book = session_on(model, payer, fee);
	book.answer(0, fee);
	book
}

fn is_settled(book: &Book) -> bool {
	let settled = Sessions::<Test>::get(book.session).unwrap();
	settled.count as usize == book.receipts.len()
}

#[test]
fn what_is_owed_is_committed_once_a_period() {
	node(|mut node| {
		let (mut one, two) = answered();
		node.keep(&[&one, &two]);
		node.run();
		node.after(19);
		assert!(node.sent().is_empty(), "the period is not over");
		node.after(1);
		let [RuntimeCall::Receipts(Call::commit_batch { model: MODEL, vouchers })] =
			&node.sent()[..]
		else {
			panic!("{:?}", node.sent())
		};
		assert_eq!(vouchers.len(), 2);
		node.include();
		node.after(19);
		assert!(node.sent().is_empty(), "nothing new is owed");
		one.answer(0, 50);
		node.keep(&[&one, &two]);
		node.after(19);
		assert!(node.sent().is_empty(), "the period began anew");
		node.after(1);
		assert_eq!(node.batches(), [[one.session]]);
	});
}

#[test]
fn what_is_owed_on_every_version_is_committed_within_a_few_blocks() {
	node(|mut node| {
		let books: Vec<Book> = (1..=VERSIONS).map(|model| owing(model, 3, 100)).collect();
		node.keep(&books.iter().collect::<Vec<_>>());
		node.run();
		node.after(20);
		assert_eq!(node.sent().len(), 4);
		assert_eq!(node.settle(), 2);
		assert!(books.iter().all(is_settled));
	});
}

#[test]
fn every_session_of_a_version_is_committed_however_little_it_owes() {
	node(|mut node| {
		MaxDue::set(64);
		// A deposit for each draw is more than the operator has.
		Draws::set(1);
		let books: Vec<Book> = (0..150).map(|n| owing(MODEL, 3 + n % 4, 10 + n as u128)).collect();
		node.keep(&books.iter().collect::<Vec<_>>());
		node.run();
		node.after(20);
		assert!(node.settle() < 40);
		assert!(books.iter().all(is_settled));
	});
}

#[test]
fn what_was_refused_is_committed_in_the_next_block_and_what_was_lost_soon() {
	node(|mut node| {
		let (one, two) = answered();
		node.keep(&[&one, &two]);
		node.run();
		node.refuses.store(true, Ordering::Relaxed);
		node.after(20);
		assert!(node.memory().in_flight.is_empty());
		node.refuses.store(false, Ordering::Relaxed);
		node.after(1);
		let [(Step::Commit(..), until)] = node.memory().in_flight[..] else { panic!() };
		assert_eq!(u64::from(until), System::block_number() + 5);
		node.after(4);
		assert_eq!(node.sent().len(), 1);
		// The pool lost it.
		node.included = 1;
		node.after(1);
		assert_eq!(node.include(), 1);
		assert!(is_settled(&one) && is_settled(&two));
	});
}

#[test]
fn session_that_ends_before_the_next_time_is_committed_at_once_and_without_others() {
	node(|mut node| {
		let (one, two) = answered();
		node.keep(&[&one, &two]);
		node.run();
		assert!(node.sent().is_empty());
		Receipts::close_session(signed(3), one.session).unwrap();
		node.run();
		assert_eq!(node.batches(), [[one.session]]);
		node.include();
		assert!(is_settled(&one) && !is_settled(&two));
	});
}

#[test]
fn session_that_owes_less_than_a_draw_goes_with_the_one_that_owes_most() {
	node(|mut node| {
		let books = [owing(MODEL, 3, 24), owing(MODEL, 4, 30), owing(MODEL, 5, 40)];
		node.keep(&books.each_ref());
		node.run();
		Receipts::close_session(signed(3), books[0].session).unwrap();
		node.run();
		assert_eq!(node.batches(), [[books[0].session, books[2].session]]);
		node.include();
	});
}

#[test]
fn session_that_nears_its_end_is_committed_once_until_it_is_over() {
	node(|mut node| {
		let mut book = session(3, 9_000);
		book.answer(0, 100);
		node.keep(&[&book]);
		let ends = Sessions::<Test>::get(book.session).unwrap().expires_at + 5;
		go_to(u64::from(ends) - 22);
		node.run();
		assert!(node.sent().is_empty());
		node.after(2);
		assert_eq!(node.include(), 1);
		book.answer(0, 100);
		node.keep(&[&book]);
		node.run();
		assert!(node.sent().is_empty(), "it goes on");
		go_to(u64::from(ends) - 5);
		node.run();
		assert_eq!(node.include(), 1);
		assert!(is_settled(&book));
	});
}

#[test]
fn shown_receipts_leave_room_for_a_commitment() {
	node(|mut node| {
		Draws::set(60);
		let mut book = session(3, 90_000);
		for at in 0..400 {
			book.answer(at % 4, 50);
		}
		committed(&mut node, &[&book]);
		let other = owing(OTHER, 4, 200);
		node.keep(&[&book, &other]);
		Receipts::close_session(signed(4), other.session).unwrap();
		spin(Hash::repeat_byte(5));
		node.run();
		let sent = node.sent();
		let commits = |call: &RuntimeCall| {
			matches!(call, RuntimeCall::Receipts(Call::commit_batch { model: OTHER, .. }))
		};
		assert_eq!((sent.len(), sent.iter().filter(|call| commits(call)).count()), (4, 1));
	});
}

#[test]
fn what_nears_the_bonds_room_is_committed_before_its_time() {
	node(|mut node| {
		let mut book = session(3, 90_000);
		book.answer(0, 24_999);
		node.keep(&[&book]);
		node.run();
		assert_eq!(*node.engine.room.lock().unwrap(), 50_000);
		assert!(node.sent().is_empty());
		book.answer(0, 1);
		node.keep(&[&book]);
		node.run();
		assert_eq!(node.include(), 1);
		node.run();
		assert_eq!(*node.engine.room.lock().unwrap(), 25_000);
	});
}

#[test]
fn voucher_beyond_the_bond_keeps_no_other_waiting() {
	node(|mut node| {
		let mut books = [owing(MODEL, 3, 50_001), owing(MODEL, 4, 1_000), owing(MODEL, 5, 1_000)];
		node.keep(&books.each_ref());
		node.run();
		assert_eq!(node.batches(), [[books[1].session, books[2].session]]);
		node.settle();
		assert!(!is_settled(&books[0]) && is_settled(&books[1]) && is_settled(&books[2]));
		Receipts::add_escrow(signed(4), books[1].session, 1_000).unwrap();
		books[1].answer(0, 1_000);
		node.keep(&books.each_ref());
		node.after(40);
		assert_eq!(node.batches(), [[books[1].session]], "its next time came");
		node.include();
	});
}

#[test]
fn batches_of_one_run_share_the_bonds_room() {
	node(|mut node| {
		let books = [owing(MODEL, 3, 40_000), owing(OTHER, 4, 40_000)];
		node.keep(&books.each_ref());
		node.run();
		assert_eq!(node.batches(), [[books[0].session]]);
		node.settle();
		assert!(!is_settled(&books[1]));
	});
}

#[test]
fn voucher_that_the_chain_refuses_keeps_no_other_out() {
	node(|mut node| {
		let (one, two) = answered();
		let forged = Book { signer: 5, ..one.clone() };
		node.keep(&[&forged, &two]);
		node.run();
		node.after(20);
		assert_eq!(node.batches(), [[two.session]]);
		node.include();
	});
}
