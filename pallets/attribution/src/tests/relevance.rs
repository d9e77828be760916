use crate::{
	Claims, Error, Event, Fault, Prompted, Target,
	mock::{
		finding::{Finding, forgery, left_out, question, with},
		*,
	},
};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::{Claim, Refusal, omission::Omission};
use openledger_primitives_core::{RequestId, Sketch, record::RecordRef, traits};
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;

type E = Error<Test>;

/// A test where models put records into prompts.
fn finding(test: impl FnOnce()) {
	Finding::set(true);
	chain(test);
	Finding::set(false);
}

fn found(id: RequestId) -> Prompted<AccountId32> {
	Claims::<Test>::get(id).unwrap().found.unwrap()
}

fn places(id: RequestId) -> Vec<u32> {
	let Prompted { paid, evidence, .. } = found(id);
	let places: Vec<u32> = paid.iter().map(|credit| credit.position).collect();
	assert!(evidence.iter().map(|shown| shown.position).eq(places.clone()));
	places
}

/// The claim that the rule makes.
fn honest() -> Claim<AccountId32> {
	with(claim(&[], &[0, 1]), &[1, 5])
}

#[test]
fn records_in_the_prompt_are_paid_their_part_beside_what_moved_the_answer() {
	finding(|| {
		let id = answered(RECORDS, honest()).unwrap();
		assert_eq!(places(id), [1, 5]);
		assert_eq!(found(id).part, Permill::from_percent(40));
		go_to(20);
		// Of 500 two fifths by 9 and 5, and half of the rest, which the gain earned, by 10 and 8.
		assert_eq!([40, 41, 43].map(accrued), [83, 195, 72]);
	});
}

#[test]
fn all_is_for_what_moved_the_answer_when_nothing_is_found() {
	let paid = |claim: &dyn Fn() -> Claim<AccountId32>| {
		let mut paid = [0; 3];
		chain(|| {
			answered(RECORDS, claim()).unwrap();
			go_to(20);
			paid = [40, 41, 43].map(accrued);
		});
		paid
	};
	let without = paid(&|| claim(&[], &[0, 1]));
	Finding::set(true);
	let nothing = paid(&|| with(claim(&[], &[0, 1]), &[]));
	Finding::set(false);
	assert_eq!(nothing, without);
}

#[test]
fn found_records_are_paid_when_the_answer_gained_nothing() {
	finding(|| {
		let claim = Claim { gain: 0, ..honest() };
		answered(RECORDS, claim).unwrap();
		go_to(20);
		assert_eq!([40, 41, 43].map(accrued), [0, 129, 71]);
	});
}

#[test]
fn claim_is_refused_when_it_says_nothing_of_the_prompt_or_something_false() {
	finding(|| {
		let refused = |claim, error: E| {
			assert_eq!(answered(RECORDS, claim), Err(error.into()));
		};
		refused(claim(&[], &[0, 1]), E::Retrieval);
		refused(with(claim(&[], &[0, 1]), &[5, 1]), E::Unordered);
		refused(with(claim(&[], &[0, 1]), &[1, 4]), E::BelowFloor);
		refused(with(claim(&[], &[0, 1]), &[1, 6]), E::Payer);
		refused(with(claim(&[], &[0, 1]), &[1, 3]), E::NotHead);
		refused(with(claim(&[], &[0, 1]), &[1, 5, 0]), E::TooManyCredits);
		let mut raised = honest();
		raised.found.as_mut().unwrap().records[1].scale += 1;
		refused(raised, E::NotInIndex);
		Finding::set(false);
		refused(honest(), E::Retrieval);
		Finding::set(true);
	});
}

#[test]
fn record_left_out_of_the_prompt_takes_its_place_and_operator_pays() {
	finding(|| {
		let id = answered(RECORDS, with(claim(&[], &[0, 1]), &[5, 0])).unwrap();
		let target = Target::Claim(id);
		let challenger = Balances::free_balance(account(9));
		challenge(9, target, &left_out(1));
		assert_eq!(places(id), [1, 5]);
		// 200 for what is in the prompt, of which 9 of 14 parts, to the largest remainder.
		let penalty = 129;
		assert_eq!(bond(), BOND - penalty);
		assert_eq!(Balances::free_balance(account(9)), challenger + penalty / 2);
		assert_eq!(held(9), 0);
		System::assert_last_event(
			Event::RelevanceCorrected {
				request: id,
				challenger: account(9),
				position: 1,
				account: account(41),
				penalty,
				final_at: 12,
			}
			.into(),
		);
		// What moved the answer is as it was.
		let record = Claims::<Test>::get(id).unwrap();
		assert_eq!(record.paid.iter().map(|credit| credit.position).collect::<Vec<_>>(), [0, 1]);
		go_to(20);
		assert_eq!([40, 41, 43].map(accrued), [83, 195, 72]);
	});
}

#[test]
fn leaf_that_is_left_out_loses_nothing_of_what_is_for_the_prompt() {
	finding(|| {
		let id = answered(RECORDS, with(claim(&[], &[1, 2]), &[1, 5])).unwrap();
		challenge(9, Target::Claim(id), &Fault::Omission(Omission::Record(shown(0))));
		// Three fifths of 500, of which 10 of 18 parts, to the largest remainder.
		assert_eq!(bond(), BOND - 167);
		let empty = answered(RECORDS, with(claim(&[], &[1, 2]), &[])).unwrap();
		challenge(9, Target::Claim(empty), &Fault::Omission(Omission::Record(shown(0))));
		assert_eq!(bond(), BOND - 167 - 278);
	});
}

#[test]
fn prompt_said_to_be_empty_is_filled_by_challenges() {
	finding(|| {
		let id = answered(RECORDS, with(claim(&[], &[0, 1]), &[])).unwrap();
		let target = Target::Claim(id);
		challenge(9, target, &left_out(2));
		challenge(10, target, &left_out(5));
		challenge(11, target, &left_out(1));
		assert_eq!(places(id), [1, 5]);
	});
}

#[test]
fn useless_challenge_of_a_prompt_loses_its_deposit() {
	finding(|| {
		let id = answered(RECORDS, honest()).unwrap();
		let target = Target::Claim(id);
		let treasury = Balances::free_balance(account(90));
		let other = |fault: Fault<AccountId32>| match fault {
			Fault::Relevance { shown, .. } => {
				Fault::Relevance { question: Sketch::truncate_from(vec![2; 16]), shown }
			}
			other => other,
		};
		let cases = [
			(left_out(0), Refusal::NotBetter),
			(left_out(1), Refusal::AlreadyCredited),
			(left_out(3), Refusal::NotHead),
			(left_out(4), Refusal::BelowFloor),
			(left_out(6), Refusal::Payer),
			// Whoever brings another question could find whatever it likes.
			(other(left_out(0)), Refusal::OtherQuestion),
			// A leaf of one index is none of the other.
			(Fault::Omission(Omission::Record(shown(2))), Refusal::NotBetter),
			(forgery(1), Refusal::TrueLeaf),
		];
		for (lost, (fault, reason)) in (1..).zip(cases) {
			challenge(9, target, &fault);
			failed(9, target, reason);
			assert_eq!(Balances::free_balance(account(90)), treasury + lost * DEPOSIT);
		}
		assert_eq!(places(id), [1, 5]);
		assert_eq!(bond(), BOND);
	});
}

#[test]
fn nothing_is_shown_of_prompts_that_hold_no_records() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let target = Target::Claim(id);
		challenge(9, target, &left_out(1));
		failed(9, target, Refusal::Retrieval);
		challenge(9, target, &forgery(1));
		failed(9, target, Refusal::Retrieval);
		assert_ok!(commit(9, Target::Model(RECORDS), &left_out(1)));
		go_to(System::block_number() + 1);
		assert_noop!(reveal(9, Target::Model(RECORDS), &left_out(1)), E::WrongTarget);
	});
}

#[test]
fn challenge_of_a_prompt_that_another_was_faster_with_is_refused_and_withdrawn() {
	finding(|| {
		let id = answered(RECORDS, with(claim(&[], &[0, 1]), &[0])).unwrap();
		let target = Target::Claim(id);
		for (n, position) in [(8, 1), (9, 1), (10, 5), (11, 2)] {
			assert_ok!(commit(n, target, &left_out(position)));
		}
		go_to(System::block_number() + 1);
		assert_ok!(reveal(8, target, &left_out(1)));
		assert_noop!(reveal(9, target, &left_out(1)), E::AlreadyCredited);
		assert_ok!(reveal(10, target, &left_out(5)));
		assert_noop!(reveal(11, target, &left_out(2)), E::NotBetter);
		for n in [9, 11] {
			assert_ok!(crate::Pallet::<Test>::withdraw_challenge(signed(n), target));
			assert_eq!(held(n), 0);
		}
		assert_eq!(places(id), [1, 5]);
	});
}

#[test]
fn forged_leaf_of_a_retrieval_condemns_the_version_and_its_prompts_pay_nobody() {
	finding(|| {
		Forged::set(Some((5, 49)));
		let id = answered(RECORDS, with(claim(&[], &[0, 1]), &[1, 5])).unwrap();
		assert_eq!(found(id).paid[1].account, account(49));
		challenge(9, Target::Model(RECORDS), &forgery(5));
		assert_eq!(<Registered as traits::Models<_>>::condemned(RECORDS), Some(true));
		go_to(20);
		assert_eq!(found(id).paid.len() + found(id).evidence.len(), 0);
		assert_eq!([40, 41, 43, 49].map(accrued), [0; 4]);
		Forged::set(None);
	});
}

#[test]
fn excluded_record_in_a_prompt_pays_the_treasury_and_nobody_more() {
	let paid = |excluded: &[RecordRef]| {
		let mut paid = [0; 4];
		finding(|| {
			let id = answered(RECORDS, honest()).unwrap();
			Excluded::set(excluded.iter().copied().collect());
			go_to(20);
			assert_eq!(places(id), [1, 5]);
			paid = [40, 41, 43, 90].map(accrued);
			Excluded::set(Default::default());
		});
		paid
	};
	let record = record(5);
	let before = paid(&[]);
	let after = paid(&[RecordRef { datanet: record.datanet, index: record.index }]);
	assert_eq!(after[..3], [before[0], before[1], 0]);
	assert_eq!(after[3], before[3] + before[2]);
}

#[test]
fn question_is_kept_as_its_hash() {
	finding(|| {
		let id = answered(RECORDS, honest()).unwrap();
		let expected = openledger_primitives_attribution::found::question(&question());
		assert_eq!(found(id).question, expected);
		let shown = Attribution::found(id).unwrap();
		assert_eq!((shown.part_ppm, shown.question), (400_000, expected));
		assert_eq!(shown.paid.len(), 2);
	});
}
