use crate::{Challenges, Claims, Error, Event, Fault, Target, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::{Refusal, omission::Omission};
use sp_core::{H256, crypto::AccountId32};
use sp_runtime::TokenError;

type E = Error<Test>;

fn record_left_out(position: usize) -> Fault<AccountId32> {
	Fault::Omission(Omission::Record(shown(position)))
}

#[test]
fn omission_replaces_the_claim_and_operator_pays() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		let (challenger, treasury) =
			(Balances::free_balance(account(9)), Balances::free_balance(account(90)));
		challenge(9, target, &record_left_out(0));
		let record = Claims::<Test>::get(id).unwrap();
		assert_eq!(record.paid.iter().map(|c| c.position).collect::<Vec<_>>(), [0, 1]);
		assert_eq!(record.evidence.iter().map(|e| e.position).collect::<Vec<_>>(), [0, 1, 2]);
		assert_eq!(record.correction.unwrap().challenger, account(9));
		// 500 for contributors, of which 1,440 of 2,592 parts, to the largest remainder.
		let penalty = 278;
		assert_eq!(bond(), BOND - penalty);
		assert_eq!(Balances::free_balance(account(9)), challenger + penalty / 2);
		assert_eq!(Balances::free_balance(account(90)), treasury + penalty / 2);
		assert_eq!(held(9), 0);
		System::assert_last_event(
			Event::ClaimCorrected {
				request: id,
				challenger: account(9),
				position: 0,
				account: account(40),
				penalty,
				final_at: 12,
			}
			.into(),
		);
		go_to(20);
		assert!(accrued(40) > accrued(41));
		assert_eq!(accrued(42), 0);
	});
}

#[test]
fn omission_fills_a_claim_that_credits_too_few() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[])).unwrap();
		let target = Target::Claim(id);
		challenge(9, target, &record_left_out(2));
		challenge(10, target, &record_left_out(5));
		// Two are credited now: only what precedes the last counts.
		challenge(11, target, &record_left_out(1));
		let record = Claims::<Test>::get(id).unwrap();
		assert_eq!(record.paid.iter().map(|c| c.position).collect::<Vec<_>>(), [1, 2]);
		assert_eq!(record.correction.unwrap().challenger, account(11));
	});
}

#[test]
fn omitted_contributor_is_paid() {
	chain(|| {
		let id = answered(CONTRIBUTORS, claim(&[42, 41], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		challenge(9, target, &Fault::Omission(Omission::Contributor(credited(40), shown(0))));
		let record = Claims::<Test>::get(id).unwrap();
		let paid: Vec<_> = record.paid.iter().map(|c| c.account.clone()).collect();
		assert_eq!(paid, [account(40), account(42)]);
	});
}

#[test]
fn useless_challenge_loses_its_deposit() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let target = Target::Claim(id);
		let treasury = Balances::free_balance(account(90));
		let mut forged = shown(2);
		forged.credit.scale = 60_000;
		let cases = [
			(record_left_out(2), Refusal::NotBetter),
			(record_left_out(1), Refusal::AlreadyCredited),
			(record_left_out(3), Refusal::NotHead),
			(record_left_out(4), Refusal::BelowFloor),
			(record_left_out(6), Refusal::Payer),
			(Fault::Omission(Omission::Record(forged)), Refusal::NotInIndex),
			(Fault::Omission(Omission::Contributor(credited(42), shown(2))), Refusal::WrongMethod),
		];
		for (lost, (leaf, reason)) in (1..).zip(cases) {
			challenge(9, target, &leaf);
			failed(9, target, reason);
			assert_eq!(Balances::free_balance(account(90)), treasury + lost * DEPOSIT);
		}
		let record = Claims::<Test>::get(id).unwrap();
		assert_eq!((record.standing, record.correction), (0, None));
		assert_eq!(bond(), BOND);
	});
}

#[test]
fn challenge_that_another_correction_has_made_useless_is_refused_and_withdrawn() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[2, 5])).unwrap();
		let target = Target::Claim(id);
		for (n, position) in [(8, 0), (9, 1), (10, 0), (11, 2)] {
			assert_ok!(commit(n, target, &record_left_out(position)));
		}
		go_to(2);
		assert_ok!(reveal(8, target, &record_left_out(0)));
		assert_ok!(reveal(9, target, &record_left_out(1)));
		assert_noop!(reveal(10, target, &record_left_out(0)), E::AlreadyCredited);
		assert_noop!(reveal(11, target, &record_left_out(2)), E::NotBetter);
		for n in [10, 11] {
			assert_eq!(held(n), DEPOSIT);
			assert_ok!(Attribution::withdraw_challenge(signed(n), target));
			assert_eq!(Balances::free_balance(account(n)), RICH);
		}
		// What no correction can have changed loses its deposit as before.
		challenge(10, target, &record_left_out(4));
		failed(10, target, Refusal::BelowFloor);
	});
}

#[test]
fn stolen_challenge_is_refused() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		let leaf = record_left_out(0);
		assert_ok!(commit(9, target, &leaf));
		// The thief copies the commitment, and later the opening.
		let copied = Challenges::<Test>::get(target, account(9)).unwrap().commitment;
		assert_ok!(Attribution::commit_challenge(signed(10), target, copied));
		go_to(2);
		assert_noop!(reveal(10, target, &leaf), E::WrongOpening);
		assert_noop!(reveal(11, target, &leaf), E::NoChallenge);
		assert_ok!(reveal(9, target, &leaf));
		assert_ok!(Attribution::withdraw_challenge(signed(10), target));
	});
}

#[test]
fn what_a_challenge_takes_and_which_stand_is_told() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let told = |target| Attribution::challenges(target);
		let of_claim = told(Target::Claim(id)).unwrap();
		assert_eq!((of_claim.commit_before, of_claim.open_before), (Some(11), Some(16)));
		assert_eq!((of_claim.deposit, of_claim.at_stake, of_claim.is_over), (DEPOSIT, 500, false));
		assert!(of_claim.standing.is_empty());
		assert_ok!(commit(9, Target::Claim(id), &record_left_out(0)));
		let standing = told(Target::Claim(id)).unwrap().standing;
		let stored = Challenges::<Test>::get(Target::Claim(id), account(9)).unwrap();
		assert_eq!((&standing[0].challenger, standing[0].at), (&account(9), 1));
		assert_eq!((standing[0].commitment, standing[0].deposit), (stored.commitment, DEPOSIT));
		let of_model = told(Target::Model(RECORDS)).unwrap();
		assert_eq!((of_model.commit_before, of_model.open_before), (None, None));
		assert!(of_model.standing.is_empty() && !of_model.is_over);
		assert!(told(Target::Model(77)).is_none() && told(Target::Claim(77)).is_none());
		go_to(16);
		assert!(told(Target::Claim(id)).unwrap().is_over);
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Claim(id)));
	});
}

#[test]
fn opening_is_refused_when_it_differs_from_the_commitment() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		assert_ok!(commit(9, target, &record_left_out(0)));
		go_to(2);
		assert_noop!(reveal(9, target, &record_left_out(5)), E::WrongOpening);
		let boxed = Box::new(record_left_out(0));
		assert_noop!(
			Attribution::open_challenge(signed(9), target, boxed, [8; 32]),
			E::WrongOpening
		);
	});
}

#[test]
fn opening_is_refused_in_the_block_of_the_commitment() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		assert_ok!(commit(9, target, &record_left_out(0)));
		assert_noop!(reveal(9, target, &record_left_out(0)), E::TooEarly);
	});
}

#[test]
fn commitment_is_refused_when_window_is_over() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		System::set_block_number(11);
		assert_noop!(commit(9, target, &record_left_out(0)), E::WindowClosed);
		go_to(12);
		assert_noop!(commit(9, target, &record_left_out(0)), E::AlreadyFinal);
		assert_noop!(commit(9, Target::Claim(99), &record_left_out(0)), E::UnknownClaim);
	});
}

#[test]
fn commitment_is_refused_twice_and_without_funds() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		assert_ok!(commit(9, target, &record_left_out(0)));
		assert_noop!(commit(9, target, &record_left_out(0)), E::AlreadyChallenged);
		assert_noop!(commit(66, target, &record_left_out(0)), TokenError::FundsUnavailable);
	});
}

#[test]
fn challenge_of_the_last_block_can_be_opened_in_the_grace() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		go_to(10);
		assert_ok!(commit(9, target, &record_left_out(0)));
		go_to(15);
		assert_ok!(reveal(9, target, &record_left_out(0)));
		// It is open to challenge for another window.
		go_to(24);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, crate::Status::Open);
		go_to(25);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, crate::Status::Final);
		assert_eq!(accrued(42), 0);
	});
}

#[test]
fn one_challenger_corrects_all_that_a_claim_leaves_out() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[2, 5])).unwrap();
		let target = Target::Claim(id);
		for (position, paid, opened) in [(0, [0, 2], 15), (1, [0, 1], 25)] {
			// As late as can be each time.
			let record = Claims::<Test>::get(id).unwrap();
			go_to(u64::from(record.final_at) - 1);
			assert_ok!(commit(9, target, &record_left_out(position)));
			go_to(opened - 1);
			assert_ok!(reveal(9, target, &record_left_out(position)));
			let record = Claims::<Test>::get(id).unwrap();
			assert_eq!(record.paid.iter().map(|c| c.position).collect::<Vec<_>>(), paid);
			assert_eq!(u64::from(record.final_at), opened - 1 + 10);
		}
		go_to(33);
		assert_noop!(Attribution::finalize(signed(5), id), E::WindowOpen);
		go_to(34);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, crate::Status::Final);
		assert!(accrued(40) > 0 && accrued(41) > 0);
		assert_eq!((accrued(42), accrued(43)), (0, 0));
	});
}

#[test]
fn corrections_put_finality_off_by_no_more_windows_than_there_can_be_credits() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[2, 5])).unwrap();
		let target = Target::Claim(id);
		let last = 1 + 17 * 10;
		Claims::<Test>::mutate(id, |claim| claim.as_mut().unwrap().final_at = last - 3);
		System::set_block_number(u64::from(last) - 5);
		challenge(9, target, &record_left_out(1));
		assert_eq!(Claims::<Test>::get(id).unwrap().final_at, last);
		challenge(9, target, &record_left_out(0));
		assert_eq!(Claims::<Test>::get(id).unwrap().final_at, last);
		go_to(u64::from(last));
		assert_eq!(Claims::<Test>::get(id).unwrap().status, crate::Status::Final);
	});
}

#[test]
fn challenge_is_refused_after_the_grace_and_gets_its_deposit_back() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		assert_ok!(commit(9, target, &record_left_out(0)));
		System::set_block_number(16);
		assert_noop!(reveal(9, target, &record_left_out(0)), E::TooLate);
		go_to(17);
		assert_noop!(reveal(9, target, &record_left_out(0)), E::AlreadyFinal);
		assert_eq!(held(9), DEPOSIT);
		// Even once the claim is pruned.
		assert_ok!(Inference::prune(signed(5), id));
		assert_ok!(Attribution::withdraw_challenge(signed(9), target));
		assert_eq!(Balances::free_balance(account(9)), RICH);
		assert_noop!(Attribution::withdraw_challenge(signed(9), target), E::NoChallenge);
	});
}

#[test]
fn operator_that_challenges_itself_gains_nothing() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		let before = Balances::free_balance(account(1));
		challenge(1, target, &record_left_out(0));
		assert_eq!(Balances::free_balance(account(1)), before);
		assert_eq!(bond(), BOND - 278);
	});
}

#[test]
fn empty_commitment_opens_nothing() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		let target = Target::Claim(id);
		assert_ok!(Attribution::commit_challenge(signed(9), target, H256::zero()));
		go_to(2);
		assert_noop!(reveal(9, target, &record_left_out(0)), E::WrongOpening);
	});
}
