use crate::mock::*;
use openledger_primitives_api::DrawStage;
use openledger_primitives_core::Hash;

#[test]
fn session_is_told_as_it_stands() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 400);
		commit(&[&book]).unwrap();
		let told = Receipts::session(0).unwrap();
		assert_eq!((told.payer, told.operator, told.signer), (account(3), account(1), account(3)));
		assert_eq!((told.escrow, told.settled, told.receipts, told.batches), (600, 400, 1, 1));
		assert_eq!((told.expires_at, told.left_until, told.closing), (501, 506, false));
		Receipts::close_session(signed(3), 0).unwrap();
		let told = Receipts::session(0).unwrap();
		assert_eq!((told.left_until, told.closing, told.ended), (6, true, false));
		assert_eq!(Receipts::session(1), None);
	});
}

#[test]
fn batch_tells_what_its_draws_fall_into_and_how_far_they_are() {
	chain(|| {
		let (mut one, mut two) = (session(3, 1_000), session(4, 1_000));
		one.answer(0, 100).answer(1, 200);
		two.answer(2, 300);
		let id = commit(&[&one, &two]).unwrap();
		let told = Receipts::batch(id).unwrap();
		assert_eq!((told.total, told.seed, told.round), (600, None, 7));
		assert!(told.draws.iter().all(|draw| draw.session.is_none()));
		assert_eq!(told.draws.iter().map(|draw| draw.share).sum::<u128>(), 600);
		assert_eq!((told.lines[0].to, told.lines[1].session), (300, 1));

		spin(Hash::repeat_byte(3));
		Receipts::conclude(signed(9), id).unwrap();
		let told = Receipts::batch(id).unwrap();
		assert_eq!(told.seed, Some(Hash::repeat_byte(3)));
		for draw in told.draws {
			let book = if draw.session == Some(0) { &one } else { &two };
			// What the batch says is what it takes.
			let position = u32::from(draw.session == Some(0) && draw.unit >= 100);
			let shown = book.show(id, position, book.receipts.len());
			let stage = Receipts::batch(id).unwrap().draws[usize::from(draw.draw)].stage;
			assert!(shown.is_ok() || matches!(stage, DrawStage::Joined(_)), "{draw:?}");
		}
		assert!(
			Receipts::batch(id).unwrap().draws.iter().all(|draw| draw.stage != DrawStage::Pending)
		);
		skip(12);
		let told = Receipts::batch(id).unwrap();
		assert!(told.concluded && told.lines.is_empty() && told.held == 0);
	});
}

#[test]
fn listings_skip_what_is_gone() {
	chain(|| {
		for payer in [3, 4, 5] {
			let mut book = session(payer, 1_000);
			book.answer(0, 100);
			if payer == 5 {
				commit(&[&book]).unwrap();
			}
		}
		Receipts::close_session(signed(OPERATOR), 1).unwrap();
		let ids = |start, limit| -> Vec<u64> {
			Receipts::sessions(start, limit).into_iter().map(|session| session.id).collect()
		};
		assert_eq!(ids(0, 10), [0, 2]);
		assert_eq!(ids(1, 10), [2]);
		assert_eq!(ids(0, 1), [0]);
		assert_eq!(ids(9, 10), [0u64; 0]);
		assert_eq!(Receipts::batches(0, 5).len(), 1);
		assert_eq!(Receipts::batches(1, 5).len(), 0);
	});
}
