use crate::{Batches, Error, Event, Shown, Stage, mock::*};
use frame_support::{assert_noop, assert_ok, storage::with_storage_layer};
use openledger_primitives_attribution::{
	challenge::{Fault, Target, commitment},
	omission::Omission,
};
use openledger_primitives_core::{
	Hash,
	draw::draw_id,
	model::ModelStatus,
	traits::{Claims, Rewards as _, Settlement},
};
use openledger_primitives_receipts::{Receipt, SumNode, prove::prove_slice};
use sp_runtime::Permill;

type E = Error<Test>;

#[test]
fn drawn_receipt_is_claimed_final_and_paid_to_everyone() {
	chain(|| {
		let before = free(3);
		let operators = free(OPERATOR);
		let mut book = session(3, 5_000);
		book.answer(0, 1_000);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		assert_ok!(book.show(batch, 0, 1));
		let id = draw_id(batch, 0);
		assert_eq!(Receipts::at_stake(id), Some((1_000, Rewards::pool(1_000))));
		assert_eq!(Receipts::at_stake(draw_id(batch, 1)), None);
		go_to(11);
		// Half to the record's contributor; the owner's fifth less a tenth of it for the base.
		assert_eq!(accrued(40), 500);
		assert_eq!((accrued(80), accrued(81), accrued(OPERATOR)), (180, 20, 200));
		assert_eq!((accrued(91), free(92) - ED, accrued(90)), (50, 20, 30));
		assert_eq!(Receipts::at_stake(id), None);
		let stored = Batches::<Test>::get(batch).unwrap();
		assert_eq!((stored.stage(0), stored.held), (Some(Stage::Settled), 0));
		go_to(12);
		assert!(Batches::<Test>::get(batch).unwrap().concluded);
		System::assert_last_event(Event::BatchConcluded { batch, returned: 0 }.into());
		assert_ok!(Receipts::close_session(signed(OPERATOR), 0));
		assert_ok!(Receipts::prune_batch(signed(OPERATOR), batch));
		assert_eq!((free(3), free(OPERATOR)), (before - 1_000, operators));
		assert_eq!((held(3), held(OPERATOR)), (0, 0));
	});
}

#[test]
fn draws_are_settled_one_by_one_with_their_shares() {
	chain_of(3, 1, || {
		let mut book = session(3, 5_000);
		for _ in 0..200 {
			book.answer(1, 5);
		}
		book.answer(2, 1);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		assert_eq!(show_all(batch, &[&book]), 3);
		// 1,001 in three: the first draws have what does not divide.
		let fees: Vec<_> =
			(0..3).map(|draw| Receipts::at_stake(draw_id(batch, draw)).unwrap().0).collect();
		assert_eq!(fees, [334, 334, 333]);
		go_to(11);
		for (draw, fee) in (0..3).zip(fees) {
			assert_eq!(Rewards::settlement(draw_id(batch, draw)).unwrap().fee, fee);
		}
		assert_eq!(held(OPERATOR), 0);
	});
}

#[test]
fn false_answers_fee_goes_back_to_the_payers_by_their_lines() {
	chain(|| {
		let (mut one, mut two) = (session(3, 1_000), session(4, 1_000));
		one.answer(0, 301);
		two.answer(1, 100);
		let batch = commit(&[&one, &two]).unwrap();
		spin(Hash::zero());
		show_all(batch, &[&one, &two]);
		let (before, others) = (free(3), free(4));
		let mut back = 0;
		for draw in 0..4 {
			let id = draw_id(batch, draw);
			if Receipts::at_stake(id).is_some() {
				back += <Attribution as Claims<_>>::reject(id).unwrap();
				assert_noop!(Receipts::refund(id), E::NotOpen);
				assert_noop!(Receipts::settle(id, &[], Permill::one()), E::NotOpen);
			}
		}
		assert_eq!(back, 401);
		assert_eq!(Batches::<Test>::get(batch).unwrap().returns, 401);
		skip(1);
		assert_eq!((free(3) - before, free(4) - others), (301, 100));
		assert_eq!(held(OPERATOR), 0);
		assert!(Batches::<Test>::get(batch).unwrap().concluded);
	});
}

#[test]
fn refund_goes_to_the_treasury_when_the_payer_can_hold_nothing() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 400);
		commit(&[&book]).unwrap();
		let treasury = free(90);
		let undone = sp_runtime::DispatchError::Other("undone");
		let outcome = with_storage_layer(|| {
			// Nine units are less than an account is opened with.
			Receipts::give_back(&account(OPERATOR), &account(99), 9)?;
			assert_eq!((held(OPERATOR), free(90)), (391, treasury + 9));
			Receipts::give_back(&account(OPERATOR), &account(99), 10)?;
			assert_eq!((held(OPERATOR), free(99)), (381, 10));
			Err::<(), _>(undone)
		});
		assert_eq!(outcome, Err(undone));
	});
}

#[test]
fn unknown_numbers_have_nothing_at_stake() {
	chain(|| {
		for id in [0, draw_id(0, 0), u64::MAX] {
			assert_eq!(Receipts::at_stake(id), None);
			assert_noop!(Receipts::refund(id), E::UnknownBatch);
			assert_noop!(Receipts::settle(id, &[], Permill::one()), E::UnknownBatch);
		}
	});
}

#[test]
fn forged_leaf_shown_against_a_drawn_receipt_pays_no_contributor_and_ends_the_batch() {
	chain(|| {
		Forged::set(Some(0));
		let mut book = session(3, 5_000);
		book.answer(0, 1_000);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		book.show(batch, 0, 1).unwrap();

		let target = Target::Claim(draw_id(batch, 0));
		let (fault, salt) = (Fault::Forgery(forgery(0)), [7; 32]);
		let commitment = commitment(target, &fault, &account(6), &salt);
		assert_ok!(Attribution::commit_challenge(signed(6), target, commitment));
		skip(1);
		assert_ok!(Attribution::open_challenge(signed(6), target, Box::new(fault), salt));
		assert_eq!(Status::get(), ModelStatus::Condemned);
		// The operator claimed what the index says, and is paid for its work.
		assert_eq!(bond(OPERATOR), BOND);
		go_to(12);
		assert_eq!((accrued(40), accrued(49)), (0, 0));
		assert!(accrued(OPERATOR) > 0);
		assert_eq!(Receipts::at_stake(draw_id(batch, 0)), None);
	});
}

#[test]
fn omission_shown_against_a_drawn_receipt_corrects_it_at_the_operators_cost() {
	chain(|| {
		let mut book = session(3, 5_000);
		book.answer(0, 1_000);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		let leaves: Vec<SumNode> = book.receipts.iter().map(Receipt::leaf).collect();
		let proof = prove_slice(&leaves, 0).unwrap();
		let receipt = book.receipts[0].clone();
		assert_ok!(reveal(batch, [Shown { receipt, proof, claim: silent(0) }], AGENT));

		let id = draw_id(batch, 0);
		let (target, fault) = (Target::Claim(id), Fault::Omission(Omission::Record(shown(0))));
		let salt = [7; 32];
		let commitment = commitment(target, &fault, &account(6), &salt);
		assert_ok!(Attribution::commit_challenge(signed(6), target, commitment));
		skip(1);
		let (challenger, treasury) = (free(6), free(90));
		assert_ok!(Attribution::open_challenge(signed(6), target, Box::new(fault), salt));
		// The whole pool was left out: half of it to who showed so, beside the deposit.
		assert_eq!(bond(OPERATOR), BOND - 500);
		assert_eq!((free(6) - challenger, free(90) - treasury), (500 + 250, 250));
		go_to(12);
		assert_eq!(accrued(40), 500);
	});
}
