use crate::{Error, Event, HoldReason, Private, Sessions, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	Hash,
	model::{Arithmetic, LATEST_ARITHMETIC, ModelStatus},
};

type E = Error<Test>;

#[test]
fn opening_holds_escrow_and_deposit_and_fixes_price_and_signer() {
	chain(|| {
		let before = free(3);
		assert_ok!(Receipts::open_session(
			signed(3),
			account(OPERATOR),
			MODEL,
			Some(account(60)),
			5_000,
			20,
			false
		));
		let session = Sessions::<Test>::get(0).unwrap();
		assert_eq!((session.payer, session.signer), (account(3), account(60)));
		assert_eq!((session.escrow, session.settled, session.count), (5_000, 0, 0));
		assert_eq!((session.price.prompt, session.price.output), (1_000, 10_000));
		assert_eq!(session.expires_at, 21);
		let deposit = deposit(HoldReason::SessionDeposit, 3);
		assert!(deposit > 0);
		assert_eq!((held(3), free(3)), (5_000, before - 5_000 - deposit));
		assert_eq!(open(MODEL), 1);
		System::assert_last_event(
			Event::SessionOpened {
				session: 0,
				payer: account(3),
				operator: account(OPERATOR),
				model: MODEL,
				signer: account(60),
				escrow: 5_000,
				expires_at: 21,
				private: false,
			}
			.into(),
		);
	});
}

#[test]
fn nothing_is_opened_while_governance_has_it_switched_off() {
	chain(|| {
		let try_open =
			|| Receipts::open_session(signed(3), account(OPERATOR), MODEL, None, 10, 10, false);
		Open::set(false);
		assert_noop!(try_open(), E::SwitchedOff);
		Open::set(true);
		assert_ok!(try_open());
	});
}

#[test]
fn opening_is_refused_when_terms_are_bad() {
	chain(|| {
		let try_open = |payer, operator, model, escrow, blocks| {
			Receipts::open_session(
				signed(payer),
				account(operator),
				model,
				None,
				escrow,
				blocks,
				false,
			)
		};
		assert_noop!(try_open(OPERATOR, OPERATOR, MODEL, 10, 10), E::OwnSession);
		assert_noop!(try_open(3, OPERATOR, MODEL, 0, 10), E::NoEscrow);
		assert_noop!(try_open(3, OPERATOR, MODEL, 10, 0), E::DurationOutOfRange);
		assert_noop!(try_open(3, OPERATOR, MODEL, 10, 1_001), E::DurationOutOfRange);
		assert_noop!(try_open(3, OPERATOR, 9, 10, 10), E::UnknownModel);
		assert_noop!(try_open(3, 4, MODEL, 10, 10), E::NotServing);
		for status in
			[ModelStatus::Draft, ModelStatus::Indexed, ModelStatus::Retired, ModelStatus::Condemned]
		{
			Status::set(status);
			assert_noop!(try_open(3, OPERATOR, MODEL, 10, 10), E::ModelNotServing);
		}
		Status::set(ModelStatus::Deprecated);
		Computed::set(Arithmetic::Canonical(LATEST_ARITHMETIC - 1));
		assert_noop!(try_open(3, OPERATOR, MODEL, 10, 10), E::ModelNotServing);
		Computed::set(Arithmetic::Canonical(LATEST_ARITHMETIC));
		assert_ok!(try_open(3, OPERATOR, MODEL, 10, 10));
		assert!(try_open(3, OPERATOR, MODEL, RICH, 10).is_err());
		Inference::leave(signed(OPERATOR)).unwrap();
		assert_noop!(try_open(3, OPERATOR, MODEL, 10, 10), E::NotServing);
	});
}

#[test]
fn adding_escrow_is_the_payers_while_the_session_lasts() {
	chain(|| {
		session(3, 100);
		assert_noop!(Receipts::add_escrow(signed(4), 0, 50), E::NotPayer);
		assert_noop!(Receipts::add_escrow(signed(3), 0, 0), E::NoEscrow);
		assert_noop!(Receipts::add_escrow(signed(3), 1, 50), E::UnknownSession);
		assert_ok!(Receipts::add_escrow(signed(3), 0, 50));
		System::assert_last_event(Event::EscrowAdded { session: 0, amount: 50 }.into());
		assert_eq!((held(3), Sessions::<Test>::get(0).unwrap().escrow), (150, 150));
		go_to(501);
		assert_ok!(Receipts::add_escrow(signed(3), 0, 1));
		go_to(502);
		assert_noop!(Receipts::add_escrow(signed(3), 0, 1), E::SessionOver);
		session(3, 100);
		assert_ok!(Receipts::close_session(signed(3), 1));
		assert_noop!(Receipts::add_escrow(signed(3), 1, 1), E::SessionOver);
	});
}

#[test]
fn operator_or_its_agent_ends_a_session_at_once() {
	chain(|| {
		let before = free(3);
		for who in [OPERATOR, AGENT] {
			let book = session(3, 100);
			assert_noop!(Receipts::close_session(signed(RIVAL), book.session), E::NotParty);
			assert_noop!(Receipts::close_session(signed(RIVALS_AGENT), book.session), E::NotParty);
			assert_ok!(Receipts::close_session(signed(who), book.session));
			System::assert_last_event(
				Event::SessionEnded { session: book.session, returned: 100 }.into(),
			);
			assert!(!Sessions::<Test>::contains_key(book.session));
		}
		assert_eq!((free(3), held(3), open(MODEL)), (before, 0, 0));
		assert_noop!(Receipts::close_session(signed(OPERATOR), 0), E::UnknownSession);
	});
}

#[test]
fn payer_that_closes_leaves_the_operator_time() {
	chain(|| {
		let before = free(3);
		session(3, 100);
		assert_noop!(Receipts::finish_session(signed(9), 0), E::OperatorsTime);
		assert_ok!(Receipts::close_session(signed(3), 0));
		System::assert_last_event(Event::SessionClosing { session: 0, until: 6 }.into());
		go_to(3);
		assert_noop!(Receipts::close_session(signed(3), 0), E::AlreadyClosing);
		go_to(6);
		assert_noop!(Receipts::finish_session(signed(9), 0), E::OperatorsTime);
		go_to(7);
		assert_ok!(Receipts::finish_session(signed(9), 0));
		assert_eq!((free(3), held(3), open(MODEL)), (before, 0, 0));
		assert_noop!(Receipts::finish_session(signed(9), 0), E::UnknownSession);
	});
}

#[test]
fn expired_session_leaves_the_operator_time_and_anyone_finishes_it() {
	chain(|| {
		session(3, 100);
		go_to(506);
		assert_noop!(Receipts::finish_session(signed(9), 0), E::OperatorsTime);
		// Closing what is expired does not start the time anew.
		assert_ok!(Receipts::close_session(signed(3), 0));
		go_to(507);
		assert_ok!(Receipts::finish_session(signed(9), 0));
		assert_eq!(held(3), 0);
	});
}

#[test]
fn payer_that_closes_early_cannot_take_what_its_vouchers_promised() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 400);
		assert_ok!(Receipts::close_session(signed(3), 0));
		go_to(6);
		assert_ok!(commit(&[&book]));
		assert_eq!((held(3), held(OPERATOR)), (600, 400));
		go_to(7);
		assert_ok!(Receipts::finish_session(signed(3), 0));
		assert_eq!((held(3), held(OPERATOR)), (0, 400));
		book.answer(0, 400);
		assert_noop!(commit(&[&book]), E::AlreadyEnded);
	});
}

#[test]
fn ended_session_stays_until_its_batch_is_concluded() {
	chain(|| {
		let before = free(3);
		let mut book = session(3, 1_000);
		book.answer(0, 400);
		let batch = commit(&[&book]).unwrap();
		assert_ok!(Receipts::close_session(signed(AGENT), 0));
		let session = Sessions::<Test>::get(0).unwrap();
		assert!(session.ended && session.escrow == 0);
		assert!(deposit(HoldReason::SessionDeposit, 3) > 0);
		assert_noop!(Receipts::close_session(signed(AGENT), 0), E::AlreadyEnded);
		assert_noop!(Receipts::finish_session(signed(3), 0), E::AlreadyEnded);
		assert_noop!(Receipts::add_escrow(signed(3), 0, 1), E::SessionOver);
		spin(Default::default());
		assert_ok!(book.show(batch, 0, 1));
		skip(12);
		assert!(!Sessions::<Test>::contains_key(0));
		assert_eq!(free(3), before - 400);
	});
}

#[test]
fn a_second_session_has_an_escrow_of_its_own() {
	chain(|| {
		// The same money can't be promised twice: what one session holds the other has not.
		let (mut one, mut two) = (session(3, 300), session(3, 200));
		one.answer(0, 300);
		two.answer(0, 300);
		assert_noop!(commit(&[&one, &two]), E::EscrowExceeded);
		assert_ok!(commit(&[&one]));
		assert_noop!(commit(&[&two]), E::EscrowExceeded);
		assert_eq!((held(3), held(OPERATOR)), (200, 300));
	});
}

#[test]
fn private_session_says_so_until_nothing_is_left_of_it() {
	chain(|| {
		let before = free(4);
		let public = session(3, 1_000);
		let mut private = private_session(4, 1_000);
		let told = |book: &Book| Receipts::session(book.session).unwrap().private;
		assert_eq!((told(&public), told(&private)), (false, true));
		// Its mark is stored, and paid for.
		let deposit_of = |n| deposit(HoldReason::SessionDeposit, n);
		assert!(deposit_of(4) > deposit_of(3));

		private.answer(0, 200);
		commit(&[&private]).unwrap();
		assert_ok!(Receipts::close_session(signed(OPERATOR), private.session));
		assert!(told(&private), "a batch of it is open");
		spin(Hash::zero());
		skip(20);
		assert_eq!(Sessions::<Test>::get(private.session), None);
		assert_eq!(Private::<Test>::iter().count(), 0);
		assert_eq!(deposit_of(4), 0);
		assert_eq!(free(4), before, "nothing was shown, so all of it came back");
		assert_ok!(Receipts::close_session(signed(OPERATOR), public.session));
	});
}
