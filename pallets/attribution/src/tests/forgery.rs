use crate::{Challenges, Claims, Error, Event, Fault, Status, Target, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::{Refusal, omission::Omission};
use openledger_primitives_core::traits::{Claims as _, Models as _};
use sp_core::{H256, crypto::AccountId32};

type E = Error<Test>;

/// Whom the forged index names in the place of 40.
const FRIEND: u8 = 49;

fn forged(position: usize) -> Fault<AccountId32> {
	Fault::Forgery(forgery(position))
}

/// A request whose claim pays the friend, from an index that is forged at the best record.
fn from_a_forged_index() -> u64 {
	Forged::set(Some((0, FRIEND)));
	answered(RECORDS, claim(&[], &[0, 1])).unwrap()
}

/// Whether the models' owner paid, half of it to account `n`.
fn condemned_by(n: u8, before: [u128; 3]) {
	let after = [n, 90, PURSE].map(|who| Balances::free_balance(account(who)));
	assert_eq!(after[0] + held(n), before[0] + STAKE / 2);
	assert_eq!(after[1], before[1] + STAKE - STAKE / 2);
	assert_eq!(after[2], before[2] - STAKE);
	assert_eq!(Registered::condemned(RECORDS), Some(true));
}

fn before(n: u8) -> [u128; 3] {
	[n, 90, PURSE].map(|who| Balances::free_balance(account(who)))
}

#[test]
fn forged_leaf_goes_unnoticed_and_pays_whom_it_names_when_nobody_challenges() {
	chain(|| {
		from_a_forged_index();
		go_to(11);
		assert_eq!((accrued(FRIEND), accrued(40)), (139, 0));
	});
}

#[test]
fn forged_leaf_of_a_claim_condemns_the_model_and_pays_nobody_it_names() {
	chain(|| {
		let id = from_a_forged_index();
		let before = before(9);
		challenge(9, Target::Claim(id), &forged(0));
		condemned_by(9, before);
		assert_eq!(held(9), 0);
		System::assert_last_event(
			Event::ForgeryShown {
				model: RECORDS,
				challenger: account(9),
				position: 0,
				penalty: STAKE,
			}
			.into(),
		);
		// The operator claimed what the committed index says.
		assert_eq!(bond(), BOND);
		go_to(11);
		System::assert_has_event(Event::ClaimDiscredited { request: id }.into());
		let claim = Claims::<Test>::get(id).unwrap();
		assert_eq!((claim.status, claim.standing), (Status::Final, 0));
		assert!(claim.paid.is_empty() && claim.evidence.is_empty());
		for nobody in [FRIEND, 40, 41, 80, 81] {
			assert_eq!(accrued(nobody), 0, "{nobody}");
		}
		// A fifth is the operator's; half, another fifth and the rest are the treasury's.
		assert_eq!((accrued(1), accrued(90)), (200, 730));
		assert_ok!(Inference::prune(signed(5), id));
	});
}

#[test]
fn forged_leaf_is_shown_against_the_model_without_any_claim() {
	chain(|| {
		Forged::set(Some((5, FRIEND)));
		let before = before(9);
		challenge(9, Target::Model(RECORDS), &forged(5));
		condemned_by(9, before);
		assert_eq!(Challenges::<Test>::iter().count(), 0);
	});
}

#[test]
fn every_claim_on_a_condemned_model_ends_and_those_of_others_are_paid() {
	chain(|| {
		Forged::set(Some((0, FRIEND)));
		let ids: Vec<_> = (0..4)
			.map(|_| answered(RECORDS, claim(&[], &[0, 1])).unwrap())
			.chain([answered(RECORDS, claim(&[], &[2])).unwrap()])
			.collect();
		let other = answered(CONTRIBUTORS, claim(&[42], &[2])).unwrap();
		let unanswered = ask(RECORDS);
		challenge(9, Target::Model(RECORDS), &forged(0));
		// What was asked before is answered still, and pays no contributor either.
		assert_ok!(answer(unanswered, claim(&[], &[0, 1])));
		go_to(20);
		for id in ids.into_iter().chain([unanswered]) {
			assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
			assert_eq!(Rewards::settlement(id).unwrap().contributed(), 0);
			assert_ok!(Inference::prune(signed(5), id));
		}
		assert_eq!(open(RECORDS), 0);
		assert_eq!(Rewards::settlement(other).unwrap().contributed(), 250);
	});
}

#[test]
fn claim_that_was_final_before_stays_paid() {
	chain(|| {
		let id = from_a_forged_index();
		go_to(11);
		challenge(9, Target::Model(RECORDS), &forged(0));
		assert_eq!(accrued(FRIEND), 139);
		assert_noop!(commit(9, Target::Claim(id), &forged(0)), E::AlreadyFinal);
	});
}

#[test]
fn true_leaves_cannot_be_challenged_with_success_and_cost_the_deposit() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let treasury = Balances::free_balance(account(90));
		let mut lost = 0;
		for target in [Target::Claim(id), Target::Model(RECORDS)] {
			let mut made_up = forgery(0);
			made_up.record = H256::repeat_byte(3);
			let mut another = forgery(0);
			another.record = forgery(1).record;
			another.membership = forgery(1).membership;
			let mut other_leaf = forgery(0);
			other_leaf.leaf.record = H256::repeat_byte(3);
			let mut beyond = forgery(0);
			beyond.leaf.position = 7;
			for (forgery, reason) in [
				(forgery(0), Refusal::TrueLeaf),
				(forgery(6), Refusal::TrueLeaf),
				(made_up, Refusal::NotInSnapshot),
				(another, Refusal::NotInSnapshot),
				(other_leaf, Refusal::NotInIndex),
				(beyond, Refusal::WrongPosition),
			] {
				challenge(9, target, &Fault::Forgery(forgery));
				failed(9, target, reason);
				lost += DEPOSIT;
				assert_eq!(Balances::free_balance(account(90)), treasury + lost);
				check();
			}
		}
		assert_eq!(Registered::condemned(RECORDS), Some(false));
		go_to(30);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
		assert_eq!(accrued(40), 139);
	});
}

#[test]
fn omission_is_refused_against_a_model() {
	chain(|| {
		let target = Target::Model(RECORDS);
		let fault = Fault::Omission(Omission::Record(shown(0)));
		assert_ok!(commit(9, target, &fault));
		go_to(2);
		assert_noop!(reveal(9, target, &fault), E::WrongTarget);
		assert_ok!(Attribution::withdraw_challenge(signed(9), target));
		assert_eq!(Balances::free_balance(account(9)), RICH);
	});
}

#[test]
fn challenge_of_a_model_is_refused_when_it_is_unknown_or_unindexed() {
	chain(|| {
		assert_noop!(commit(9, Target::Model(77), &forged(0)), E::UnknownModel);
		Unindexed::set(true);
		assert_noop!(commit(9, Target::Model(RECORDS), &forged(0)), E::UnknownModel);
	});
}

#[test]
fn opening_copied_from_the_pool_gets_nothing() {
	chain(|| {
		let id = from_a_forged_index();
		for target in [Target::Claim(id), Target::Model(RECORDS)] {
			assert_ok!(commit(9, target, &forged(0)));
			// The thief copies the commitment, which is worth nothing to it.
			let copied = Challenges::<Test>::get(target, account(9)).unwrap().commitment;
			assert_ok!(Attribution::commit_challenge(signed(10), target, copied));
		}
		go_to(2);
		let before = before(9);
		for target in [Target::Claim(id), Target::Model(RECORDS)] {
			assert_noop!(reveal(10, target, &forged(0)), E::WrongOpening);
			assert_noop!(reveal(11, target, &forged(0)), E::NoChallenge);
		}
		// Who sees the opening and commits to it has to wait for a block, and is late by then.
		let target = Target::Model(RECORDS);
		assert_ok!(commit(11, target, &forged(0)));
		assert_noop!(reveal(11, target, &forged(0)), E::TooEarly);
		assert_ok!(reveal(9, Target::Claim(id), &forged(0)));
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Model(RECORDS)));
		condemned_by(9, [before[0] + 2 * DEPOSIT, before[1], before[2]]);
		go_to(3);
		assert_noop!(reveal(11, target, &forged(0)), E::AlreadyCondemned);
		assert_ok!(Attribution::withdraw_challenge(signed(11), target));
		assert_eq!(Balances::free_balance(account(11)), RICH);
		assert_noop!(reveal(10, Target::Claim(id), &forged(0)), E::WrongOpening);
		for target in [Target::Claim(id), Target::Model(RECORDS)] {
			assert_ok!(Attribution::withdraw_challenge(signed(10), target));
		}
		assert_eq!(Balances::free_balance(account(10)), RICH);
	});
}

#[test]
fn commitment_to_a_claim_opens_nothing_against_its_model() {
	chain(|| {
		let id = from_a_forged_index();
		assert_ok!(commit(9, Target::Claim(id), &forged(0)));
		let copied = Challenges::<Test>::get(Target::Claim(id), account(9)).unwrap().commitment;
		assert_ok!(Attribution::commit_challenge(signed(9), Target::Model(RECORDS), copied));
		go_to(2);
		assert_noop!(reveal(9, Target::Model(RECORDS), &forged(0)), E::WrongOpening);
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Model(RECORDS)));
	});
}

#[test]
fn second_challenger_gets_its_deposit_back_and_no_more() {
	chain(|| {
		let id = from_a_forged_index();
		let purse = Balances::free_balance(account(PURSE));
		assert_ok!(commit(9, Target::Claim(id), &forged(0)));
		assert_ok!(commit(10, Target::Claim(id), &forged(0)));
		assert_ok!(commit(11, Target::Model(RECORDS), &forged(0)));
		go_to(2);
		assert_ok!(reveal(10, Target::Claim(id), &forged(0)));
		for (late, target) in [(9, Target::Claim(id)), (11, Target::Model(RECORDS))] {
			assert_noop!(reveal(late, target, &forged(0)), E::AlreadyCondemned);
			assert_ok!(Attribution::withdraw_challenge(signed(late), target));
			assert_eq!(Balances::free_balance(account(late)), RICH);
		}
		assert_eq!(Balances::free_balance(account(PURSE)), purse - STAKE);
	});
}

#[test]
fn challenger_is_rewarded_once() {
	chain(|| {
		let id = from_a_forged_index();
		let other = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		assert_ok!(commit(9, Target::Claim(id), &forged(0)));
		assert_noop!(commit(9, Target::Claim(id), &forged(0)), E::AlreadyChallenged);
		assert_ok!(commit(9, Target::Claim(other), &forged(0)));
		go_to(2);
		assert_ok!(reveal(9, Target::Claim(id), &forged(0)));
		assert_noop!(reveal(9, Target::Claim(id), &forged(0)), E::NoChallenge);
		assert_noop!(reveal(9, Target::Claim(other), &forged(0)), E::AlreadyCondemned);
		assert_noop!(commit(9, Target::Model(RECORDS), &forged(0)), E::AlreadyCondemned);
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Claim(other)));
		assert_eq!(Balances::free_balance(account(9)), RICH + STAKE / 2);
	});
}

#[test]
fn challenge_of_the_last_block_holds_the_claim_until_it_is_opened() {
	chain(|| {
		let id = from_a_forged_index();
		go_to(10);
		assert_ok!(commit(9, Target::Claim(id), &forged(0)));
		go_to(15);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Open);
		assert_ok!(reveal(9, Target::Claim(id), &forged(0)));
		go_to(16);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
		assert_eq!(accrued(FRIEND), 0);
	});
}

#[test]
fn challenge_is_too_late_after_the_grace_and_the_model_is_condemned_without_the_claim() {
	chain(|| {
		let id = from_a_forged_index();
		System::set_block_number(11);
		assert_noop!(commit(9, Target::Claim(id), &forged(0)), E::WindowClosed);
		System::set_block_number(10);
		assert_ok!(commit(9, Target::Claim(id), &forged(0)));
		System::set_block_number(16);
		assert_noop!(reveal(9, Target::Claim(id), &forged(0)), E::TooLate);
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Claim(id)));
		challenge(9, Target::Model(RECORDS), &forged(0));
		assert_eq!(Registered::condemned(RECORDS), Some(true));
	});
}

#[test]
fn claim_against_the_model_does_not_hold_claims_up() {
	chain(|| {
		let id = from_a_forged_index();
		go_to(10);
		assert_ok!(commit(9, Target::Model(RECORDS), &forged(0)));
		go_to(11);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
		assert_ok!(reveal(9, Target::Model(RECORDS), &forged(0)));
	});
}

#[test]
fn omission_is_not_held_against_the_operator_of_a_condemned_model() {
	chain(|| {
		Forged::set(Some((0, FRIEND)));
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let left_out = Fault::Omission(Omission::Record(shown(5)));
		assert_ok!(commit(10, Target::Claim(id), &left_out));
		challenge(9, Target::Model(RECORDS), &forged(0));
		assert_noop!(reveal(10, Target::Claim(id), &left_out), E::AlreadyCondemned);
		assert_ok!(Attribution::withdraw_challenge(signed(10), Target::Claim(id)));
		assert_eq!(bond(), BOND);
	});
}

#[test]
fn omitted_record_has_to_be_the_snapshots_own() {
	chain(|| {
		Forged::set(Some((0, FRIEND)));
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let left_out = Fault::Omission(Omission::Record(shown(0)));
		challenge(9, Target::Claim(id), &left_out);
		failed(9, Target::Claim(id), Refusal::NotInSnapshot);
		assert_eq!(bond(), BOND);
	});
}

#[test]
fn audits_change_nothing_of_what_a_condemned_model_pays() {
	chain(|| {
		let replaced = from_a_forged_index();
		let rejected = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		challenge(9, Target::Model(RECORDS), &forged(0));
		assert_ok!(Attribution::replace(replaced, claim(&[], &[0, 2])));
		assert_eq!(Attribution::reject(rejected), Ok(1_000));
		go_to(11);
		assert_eq!((accrued(FRIEND), accrued(42)), (0, 0));
		assert_eq!(Claims::<Test>::get(replaced).unwrap().status, Status::Final);
		assert_eq!(Claims::<Test>::get(rejected).unwrap().status, Status::Rejected);
	});
}
