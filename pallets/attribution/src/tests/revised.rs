use crate::{
	Claims, Error, Fault, Revision, Revisions, Status, Target,
	mock::{
		finding::{Finding, left_out, with},
		*,
	},
};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::{Claim, Refusal, omission::Omission};
use openledger_primitives_core::{RequestId, Sketch, traits::Claims as _};
use sp_core::crypto::AccountId32;

type E = Error<Test>;

fn record_left_out(position: usize) -> Fault<AccountId32> {
	Fault::Omission(Omission::Record(shown(position)))
}

/// The claim of an answer that the fifth record alone moved.
fn of_the_fifth() -> Claim<AccountId32> {
	Claim { sketch: Sketch::truncate_from(vec![-1; 16]), ..claim(&[], &[4]) }
}

fn next_block() {
	go_to(System::block_number() + 1);
}

fn places(id: RequestId) -> Vec<u32> {
	Claims::<Test>::get(id).unwrap().paid.iter().map(|credit| credit.position).collect()
}

/// Opening is refused, changes nothing, and the deposit comes back by withdrawing.
fn refused_and_withdrawn(n: u8, target: Target, fault: &Fault<AccountId32>) {
	assert_noop!(reveal(n, target, fault), E::Superseded);
	assert_eq!(held(n), DEPOSIT);
	assert_ok!(Attribution::withdraw_challenge(signed(n), target));
	assert_eq!((held(n), Balances::free_balance(account(n))), (0, RICH));
}

#[test]
fn challenge_that_was_right_is_refused_and_withdrawn_when_an_audit_replaced_the_claim() {
	// What was claimed, what it left out, the truth, and what that would be refused for.
	let cases = [
		(claim(&[], &[1, 2]), 0, claim(&[], &[0, 1]), Refusal::AlreadyCredited),
		(claim(&[], &[0]), 2, claim(&[], &[0, 1]), Refusal::NotBetter),
		(claim(&[], &[1, 2]), 0, of_the_fifth(), Refusal::BelowFloor),
	];
	for (claimed, position, truth, reason) in cases {
		chain(|| {
			let id = answered(RECORDS, claimed).unwrap();
			let (target, fault) = (Target::Claim(id), record_left_out(position));
			assert_ok!(commit(9, target, &fault));
			next_block();
			assert_ok!(Attribution::replace(id, truth));
			let expected = places(id);
			refused_and_withdrawn(9, target, &fault);
			assert_eq!((places(id), bond()), (expected, BOND));
			// Whoever commits to what was true of the claim before has seen that it is not any more.
			next_block();
			challenge(9, target, &fault);
			failed(9, target, reason);
		});
	}
}

#[test]
fn challenge_of_a_prompt_is_refused_and_withdrawn_when_the_question_was_another_one() {
	Finding::set(true);
	chain(|| {
		let id = answered(RECORDS, with(claim(&[], &[0, 1]), &[5, 0])).unwrap();
		let target = Target::Claim(id);
		assert_ok!(commit(9, target, &left_out(1)));
		next_block();
		let mut truth = with(claim(&[], &[0, 1]), &[1, 5]);
		truth.found.as_mut().unwrap().sketch = Sketch::truncate_from(vec![2; 16]);
		assert_ok!(Attribution::replace(id, truth));
		refused_and_withdrawn(9, target, &left_out(1));
		next_block();
		challenge(9, target, &left_out(1));
		failed(9, target, Refusal::OtherQuestion);
	});
	Finding::set(false);
}

#[test]
fn challenge_of_the_block_of_the_replacement_is_refused_and_one_of_the_next_loses_its_deposit() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let (target, fault) = (Target::Claim(id), record_left_out(0));
		next_block();
		assert_ok!(Attribution::replace(id, claim(&[], &[0, 1])));
		assert_ok!(commit(9, target, &fault));
		next_block();
		assert_ok!(commit(10, target, &fault));
		refused_and_withdrawn(9, target, &fault);
		next_block();
		assert_ok!(reveal(10, target, &fault));
		failed(10, target, Refusal::AlreadyCredited);
	});
}

#[test]
fn what_no_audit_can_have_changed_loses_its_deposit_all_the_same() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		let mut forged = shown(2);
		forged.credit.scale = 60_000;
		let cases = [
			(record_left_out(3), Refusal::NotHead),
			(record_left_out(6), Refusal::Payer),
			(Fault::Omission(Omission::Record(forged)), Refusal::NotInIndex),
			(Fault::Omission(Omission::Contributor(credited(42), shown(2))), Refusal::WrongMethod),
			(left_out(1), Refusal::Retrieval),
			(Fault::Forgery(forgery(1)), Refusal::TrueLeaf),
		];
		for (n, (fault, _)) in (6..).zip(&cases) {
			assert_ok!(commit(n, target, fault));
		}
		next_block();
		assert_ok!(Attribution::replace(id, claim(&[], &[0, 1])));
		let treasury = Balances::free_balance(account(90));
		for (n, (fault, reason)) in (6..).zip(cases) {
			assert_ok!(reveal(n, target, &fault));
			failed(n, target, reason);
		}
		assert_eq!(Balances::free_balance(account(90)), treasury + 6 * DEPOSIT);
	});
}

#[test]
fn what_the_true_claim_leaves_out_too_corrects_it() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[2, 5])).unwrap();
		let (target, fault) = (Target::Claim(id), record_left_out(0));
		assert_ok!(commit(9, target, &fault));
		next_block();
		assert_ok!(Attribution::replace(id, claim(&[], &[1, 2])));
		assert_ok!(reveal(9, target, &fault));
		assert_eq!((places(id), held(9)), (vec![0, 1], 0));
		assert!(bond() < BOND);
	});
}

#[test]
fn nobody_is_credited_again_by_a_claim_that_credits_nobody() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let (target, fault) = (Target::Claim(id), record_left_out(0));
		assert_ok!(commit(9, target, &fault));
		next_block();
		assert_ok!(Attribution::discredit(id));
		assert_ok!(commit(10, target, &fault));
		next_block();
		for n in [9, 10] {
			refused_and_withdrawn(n, target, &fault);
		}
		assert_eq!((places(id), bond()), (vec![], BOND));
		go_to(20);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
		assert_eq!([40, 41, 42].map(accrued), [0; 3]);
	});
}

#[test]
fn forged_leaf_is_shown_against_a_claim_that_credits_nobody() {
	chain(|| {
		Forged::set(Some((1, 49)));
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		assert_ok!(Attribution::discredit(id));
		challenge(9, Target::Claim(id), &Fault::Forgery(forgery(1)));
		assert_eq!(
			<Registered as openledger_primitives_core::traits::Models<_>>::condemned(RECORDS),
			Some(true)
		);
		Forged::set(None);
	});
}

#[test]
fn revision_is_kept_until_the_request_is_pruned() {
	chain(|| {
		let ids = [0, 1, 2].map(|_| answered(RECORDS, claim(&[], &[1, 2])).unwrap());
		assert_ok!(Attribution::replace(ids[0], claim(&[], &[0, 1])));
		assert_ok!(Attribution::discredit(ids[1]));
		let kept = || ids.map(Revisions::<Test>::get);
		assert_eq!(kept(), [Some(Revision::Replaced { at: 1 }), Some(Revision::Discredited), None]);
		go_to(20);
		for id in ids {
			assert_ok!(Inference::prune(signed(5), id));
		}
		assert_eq!(kept(), [None; 3]);
	});
}
