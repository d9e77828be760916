use crate::{Batches, Due, Error, Event, HoldReason, Lines, NextBatch, Sessions, Stage, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::Hash;
use openledger_primitives_receipts::SignedVoucher;
use sp_core::Pair;

type E = Error<Test>;

fn try_commit(
	by: u8,
	model: u32,
	vouchers: Vec<SignedVoucher>,
) -> frame_support::dispatch::DispatchResult {
	Receipts::commit_batch(signed(by), model, vouchers.try_into().unwrap())
}

#[test]
fn committing_moves_what_vouchers_owe_to_the_operators_hold() {
	chain(|| {
		let (mut one, mut two) = (session(3, 500), session(4, 900));
		one.answer(0, 100).answer(1, 150);
		two.answer(2, 300);
		let free_before = free(OPERATOR);
		let batch = commit(&[&one, &two]).unwrap();
		System::assert_last_event(
			Event::BatchCommitted {
				batch,
				operator: account(OPERATOR),
				model: MODEL,
				total: 550,
				vouchers: 2,
				round: 7,
			}
			.into(),
		);
		assert_eq!((held(3), held(4), held(OPERATOR)), (250, 600, 550));
		let stored = Batches::<Test>::get(batch).unwrap();
		assert_eq!((stored.total, stored.held, stored.round), (550, 550, 7));
		assert_eq!(stored.stages.to_vec(), [Stage::Pending; 4]);
		let sessions: Vec<_> = [0, 1].map(|id| Sessions::<Test>::get(id).unwrap()).into();
		assert_eq!((sessions[0].settled, sessions[0].count, sessions[0].batches), (250, 2, 1));
		assert_eq!((sessions[1].settled, sessions[1].escrow), (300, 600));
		let deposit = deposit(HoldReason::BatchDeposit, OPERATOR);
		assert!(deposit > 0);
		assert_eq!(free(OPERATOR), free_before - deposit);
	});
}

#[test]
fn operator_that_pays_another_keeps_escrow_and_fees_apart() {
	chain(|| {
		let call =
			|by| Receipts::open_session(signed(by), account(RIVAL), MODEL, None, 300, 50, false);
		assert_ok!(call(OPERATOR));
		let mut book = session(3, 500);
		book.answer(0, 200);
		commit(&[&book]).unwrap();
		assert_eq!(held(OPERATOR), 300 + 200);
		check();
		// Nothing but the batch's own fees goes back when it fails, nor but the escrow at an end.
		spin(Hash::zero());
		skip(13);
		assert_eq!(held(OPERATOR), 300);
		check();
		assert_ok!(Receipts::close_session(signed(RIVALS_AGENT), 0));
		assert_eq!(held(OPERATOR), 0);
	});
}

#[test]
fn later_batch_takes_only_what_is_new() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 100).answer(1, 150);
		commit(&[&book]).unwrap();
		book.answer(2, 250);
		let second = commit(&[&book]).unwrap();
		let line = Lines::<Test>::get(second)[0];
		assert_eq!((line.from, line.to, line.first, line.count), (250, 500, 2, 3));
		assert_eq!((held(3), held(OPERATOR)), (500, 500));
		assert_eq!(Sessions::<Test>::get(0).unwrap().batches, 2);
	});
}

#[test]
fn vouchers_are_refused_when_committed_again_or_owing_no_more() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 100);
		let older = book.clone();
		book.answer(1, 150);
		commit(&[&book]).unwrap();
		assert_noop!(commit(&[&book]), E::NothingNew);
		assert_noop!(commit(&[&older]), E::NothingNew);
		let genesis = Receipts::genesis();
		for (amount, count) in [(400, 2), (250, 3), (100, 3)] {
			let mut voucher = book.voucher();
			(voucher.amount, voucher.count) = (amount, count);
			assert_noop!(try_commit(AGENT, MODEL, vec![sign(voucher, 3, &genesis)]), E::NothingNew);
		}
	});
}

#[test]
fn vouchers_of_other_sessions_models_and_operators_are_refused() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 100);
		let mut unknown = book.clone();
		unknown.session = 9;
		assert_noop!(commit(&[&unknown]), E::UnknownSession);
		assert_noop!(try_commit(RIVALS_AGENT, MODEL, vec![book.signed()]), E::ForeignSession);
		assert_noop!(try_commit(AGENT, OTHER, vec![book.signed()]), E::WrongModel);
		// Only the agent commits.
		assert_noop!(try_commit(OPERATOR, MODEL, vec![book.signed()]), E::NotAgent);
		assert_noop!(try_commit(AGENT, MODEL, vec![]), E::NoVouchers);
	});
}

#[test]
fn one_session_stands_once_in_a_batch() {
	chain(|| {
		let (mut one, mut two) = (session(3, 1_000), session(4, 1_000));
		one.answer(0, 100);
		two.answer(0, 100);
		let older = one.clone();
		one.answer(0, 100);
		assert_noop!(commit(&[&older, &one]), E::Unordered);
		assert_noop!(commit(&[&one, &one]), E::Unordered);
		assert_noop!(commit(&[&two, &one]), E::Unordered);
		assert_ok!(commit(&[&one, &two]));
	});
}

#[test]
fn voucher_owes_no_more_than_the_escrow_has() {
	chain(|| {
		let mut book = session(3, 300);
		book.answer(0, 301);
		assert_noop!(commit(&[&book]), E::EscrowExceeded);
		Receipts::add_escrow(signed(3), 0, 1).unwrap();
		assert_ok!(commit(&[&book]));
		assert_eq!((held(3), held(OPERATOR)), (0, 301));
		book.answer(0, 100);
		assert_noop!(commit(&[&book]), E::EscrowExceeded);
	});
}

#[test]
fn signatures_are_the_sessions_signers_for_this_chain() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 100);
		let voucher = book.voucher();
		let genesis = Receipts::genesis();
		assert_ne!(genesis, Hash::zero());
		let wrapped = [b"<Bytes>", voucher.payload(&genesis).as_slice(), b"</Bytes>"].concat();
		let bad = [
			sign(voucher, 4, &genesis),
			sign(voucher, AGENT, &genesis),
			sign(voucher, 3, &Hash::zero()),
			SignedVoucher { voucher, signature: pair(3).sign(&wrapped).into() },
		];
		for signed in bad {
			assert_noop!(try_commit(AGENT, MODEL, vec![signed]), E::BadSignature);
		}
		let mut more = book.signed();
		more.voucher.amount += 1;
		assert_noop!(try_commit(AGENT, MODEL, vec![more]), E::BadSignature);
		assert_ok!(try_commit(AGENT, MODEL, vec![book.signed()]));
	});
}

#[test]
fn signer_named_at_opening_signs_instead_of_the_payer() {
	chain(|| {
		let call = |signer| {
			Receipts::open_session(signed(3), account(OPERATOR), MODEL, signer, 500, 50, false)
		};
		assert_ok!(call(Some(account(60))));
		let mut book = Book::new(0, 3);
		book.answer(0, 100);
		assert_noop!(commit(&[&book]), E::BadSignature);
		book.signer = 60;
		assert_ok!(commit(&[&book]));
		assert_eq!(held(3), 400);
	});
}

#[test]
fn one_bad_voucher_refuses_the_batch() {
	chain(|| {
		let (mut one, mut two) = (session(3, 500), session(4, 500));
		one.answer(0, 100);
		two.answer(0, 100);
		two.signer = 3;
		assert_noop!(commit(&[&one, &two]), E::BadSignature);
	});
}

#[test]
fn batch_has_as_many_draws_as_it_is_worth() {
	chain(|| {
		let mut book = session(3, 5_000);
		let mut draws = |fee| {
			book.answer(0, fee);
			let committed = commit(&[&book]);
			if committed.is_err() {
				book.receipts.pop();
			}
			let batch = committed?;
			Ok::<_, sp_runtime::DispatchError>(Batches::<Test>::get(batch).unwrap().draws())
		};
		assert_eq!(draws(24), Err(E::BatchTooSmall.into()));
		for (fee, expected) in [(25, 1), (49, 1), (50, 2), (99, 3), (100, 4), (1_000, 4)] {
			assert_eq!(draws(fee), Ok(expected), "{fee}");
		}
		// No draw may be left without a unit, however little it has to decide.
		MinDraw::set(0);
		Draws::set(100);
		assert_eq!(draws(99), Ok(99));
		Draws::set(0);
		assert_eq!(draws(5), Ok(1));
	});
}

#[test]
fn bond_stands_behind_what_is_unsettled() {
	chain(|| {
		let mut book = session(3, 60_000);
		book.answer(0, BOND / 2);
		commit(&[&book]).unwrap();
		book.answer(0, 100);
		assert_noop!(commit(&[&book]), pallet_inference::Error::<Test>::Overexposed);
		Inference::leave(signed(OPERATOR)).unwrap();
		skip(30);
		assert_noop!(
			Inference::withdraw_bond(signed(OPERATOR)),
			pallet_inference::Error::<Test>::UnsettledRequests
		);
	});
}

#[test]
fn operator_that_leaves_still_commits_what_it_holds() {
	chain(|| {
		let mut book = session(3, 500);
		book.answer(0, 100);
		Inference::leave(signed(OPERATOR)).unwrap();
		assert_ok!(commit(&[&book]));
	});
}

#[test]
fn batch_is_refused_when_too_many_are_looked_at_at_that_time() {
	chain(|| {
		let mut book = session(3, 10_000);
		for _ in 0..34 {
			book.answer(0, 100);
			assert_ok!(commit(&[&book]));
		}
		book.answer(0, 100);
		assert_noop!(commit(&[&book]), E::QueueFull);
		skip(1);
		assert_ok!(commit(&[&book]));
	});
}

#[test]
fn batches_that_fill_their_lists_leave_room_for_later_ones() {
	chain(|| {
		let mut book = session(3, 10_000);
		for _ in 0..34 {
			book.answer(0, 100);
			assert_ok!(commit(&[&book]));
		}
		book.answer(0, 100);
		assert_noop!(commit(&[&book]), E::QueueFull);
		NextBatch::<Test>::put(32 * 32);
		let batch = commit(&[&book]).unwrap();
		let look = System::block_number() + 2 + 32;
		assert_eq!(Due::<Test>::get(look as u32).to_vec(), [batch]);
		// Its operator need not wait for that.
		spin(Hash::repeat_byte(5));
		skip(1);
		assert!(show_all(batch, &[&book]) > 0);
		assert!(Batches::<Test>::get(batch).unwrap().drawn.is_some());
	});
}
