use crate::{Error, Event, HoldReason, Operators, Requests, Status, mock::*};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use openledger_primitives_core::model::{Price, Usage};
use sp_runtime::DispatchError;

type E = Error<Test>;

fn reply_with(
	agent: u8,
	id: u64,
	answer: &[u8],
	prompt: u32,
	output: u32,
) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let answer = answer.to_vec().try_into().unwrap();
	Inference::answer(signed(agent), id, answer, Usage { prompt, output }, Box::new(claim()))
}

#[test]
fn answer_is_free_and_releases_what_the_fee_leaves() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		let paid = reply(1, id).unwrap();
		assert_eq!(paid.pays_fee, Pays::No);
		assert_eq!(held(HoldReason::Escrow, 5), 320);
		assert_eq!(submitted(id), Some((320, account(5))));
		let request = Requests::<Test>::get(id).unwrap();
		assert_eq!(request.status, Status::Answered);
		assert_eq!(request.answered.unwrap().at, 1);
		assert_eq!(Operators::<Test>::get(account(1)).unwrap().operator.answered, 1);
		System::assert_last_event(
			Event::Answered {
				request: id,
				operator: account(1),
				fee: 320,
				usage: Usage { prompt: 20, output: 30 },
			}
			.into(),
		);
		// Room again.
		assert_ok!(ask(5));
	});
}

#[test]
fn answer_is_refused_when_agent_is_wrong() {
	chain(|| {
		operate(1, 1);
		operate(2, 1);
		let id = ask(5).unwrap();
		assert_noop!(reply_with(9, id, b"x", 1, 1), E::NotAgent);
		// The operator itself is not its agent.
		assert_noop!(reply_with(1, id, b"x", 1, 1), E::NotAgent);
		assert_noop!(reply_with(22, id, b"x", 1, 1), E::NotAssigned);
		assert_noop!(reply_with(21, 99, b"x", 1, 1), E::UnknownRequest);
	});
}

#[test]
fn answer_is_refused_when_given_twice() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		assert_ok!(reply(1, id));
		assert_noop!(reply(1, id), E::NotPending);
	});
}

#[test]
fn answer_is_taken_in_the_deadline_block_and_refused_after() {
	chain(|| {
		operate(1, 2);
		let id = ask(5).unwrap();
		let late = ask(5).unwrap();
		System::set_block_number(11);
		assert_ok!(reply(1, id));
		System::set_block_number(12);
		assert_noop!(reply(1, late), E::DeadlinePassed);
	});
}

#[test]
fn answer_is_refused_when_usage_is_out_of_range() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		// Twenty bytes of prompt, a hundred tokens of template.
		for (prompt, output) in [(0, 1), (1, 0), (1, 101), (121, 1), (u32::MAX, 1)] {
			assert_noop!(reply_with(21, id, b"x", prompt, output), E::UsageOutOfRange);
		}
		assert_ok!(reply_with(21, id, b"x", 120, 100));
	});
}

#[test]
fn answer_is_refused_when_not_utf8() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		assert_noop!(reply_with(21, id, &[0xff], 1, 1), E::InvalidAnswer);
	});
}

#[test]
fn answer_changes_nothing_when_claim_is_refused() {
	chain(|| {
		operate(1, 1);
		let id = ask(5).unwrap();
		Refuse::set(true);
		assert_noop!(reply(1, id), DispatchError::Other("refused"));
		Refuse::set(false);
		assert_ok!(reply(1, id));
	});
}

#[test]
fn fee_never_exceeds_the_highest_and_follows_the_price_of_the_request() {
	chain(|| {
		operate(1, 2);
		let capped = ask(5).unwrap();
		let old = ask(5).unwrap();
		Registry::mutate(|all| {
			all.get_mut(&1).unwrap().price = Price { prompt: u128::MAX, output: u128::MAX };
		});
		// 120 tokens of prompt and 100 of output are 1,120 at the price of the request's block.
		assert_ok!(reply_with(21, old, b"x", 120, 100));
		assert_eq!(submitted(old).unwrap().0, 1_120);
		Requests::<Test>::mutate(capped, |request| {
			request.as_mut().unwrap().price = Price { prompt: 0, output: u128::MAX };
		});
		crate::Exposed::<Test>::insert(account(1), 1_120 + 2_000);
		assert_ok!(reply_with(21, capped, b"x", 1, 100));
		assert_eq!(submitted(capped).unwrap().0, 2_000);
	});
}
