use crate::{
	Audits, Disputes, Error, Event, HoldReason, Notes, Private, Stage, Verdict, Verdicts, mock::*,
};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::audit::{Finding, Level};
use openledger_primitives_core::traits::Clearance;
use sp_runtime::{DispatchError, Permill};

type E = Error<Test>;

const PAYER: u8 = 5;
const DISPUTER: u8 = 9;

/// `CLAIM` is disputed before lots say anything, and its committee drawn; returns it.
fn disputed(
	claimed: &openledger_primitives_attribution::Claim<sp_core::crypto::AccountId32>,
) -> Vec<u8> {
	noted_privately(CLAIM, claimed);
	assert_ok!(Verification::dispute(signed(DISPUTER), CLAIM));
	lots(1);
	wait(2);
	sitting()
}

fn agreed(committee: &[u8], finding: impl Fn() -> Finding) {
	find(&committee.iter().map(|n| (*n, finding())).collect::<Vec<_>>());
}

fn free(n: u8) -> u128 {
	Balances::free_balance(account(n))
}

#[test]
fn private_claim_that_lots_call_is_paid_unaudited() {
	chain(3, || {
		noted_privately(CLAIM, &claim(250));
		assert_eq!(clearance(CLAIM), Clearance::Until(3));
		lots(1);
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		System::assert_last_event(Event::KeptPrivate { claim: CLAIM }.into());
		assert_eq!((Audits::<Test>::iter().count(), Notes::<Test>::iter().count()), (0, 0));
		assert!(!Private::<Test>::contains_key(CLAIM));
		assert_noop!(Verification::consent(signed(PAYER), CLAIM), E::NotPrivate);
		assert_noop!(Verification::dispute(signed(DISPUTER), CLAIM), E::UnknownClaim);
	});
}

#[test]
fn private_claim_that_lots_do_not_call_is_cleared_as_any_other() {
	chain(3, || {
		Rate::set(Permill::zero());
		noted_privately(CLAIM, &truth());
		lots(1);
		let told = System::event_count();
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		assert!(!Private::<Test>::contains_key(CLAIM));
		assert_eq!(System::event_count(), told, "lots had nothing to do with it");
	});
}

#[test]
fn consent_is_the_payers_and_leaves_the_claim_to_lots() {
	chain(3, || {
		noted_privately(CLAIM, &truth());
		for other in [1, DISPUTER, 10] {
			assert_noop!(Verification::consent(signed(other), CLAIM), E::NotPayer);
		}
		assert_ok!(Verification::consent(signed(PAYER), CLAIM));
		System::assert_last_event(Event::Consented { claim: CLAIM }.into());
		assert_noop!(Verification::consent(signed(PAYER), CLAIM), E::NotPrivate);
		assert!(!Audits::<Test>::contains_key(CLAIM), "it is lots that call it");
		lots(1);
		assert_ok!(drawn(CLAIM));
		assert_eq!(sitting().len(), 3);
	});
	chain(3, || {
		noted(CLAIM, &truth());
		assert_noop!(Verification::consent(signed(PAYER), CLAIM), E::NotPrivate);
		assert_noop!(Verification::consent(signed(PAYER), 99), E::NotPrivate);
	});
}

#[test]
fn dispute_opens_an_audit_whatever_lots_say() {
	for private in [false, true] {
		chain(3, || {
			Rate::set(Permill::zero());
			if private {
				noted_privately(CLAIM, &truth());
			} else {
				noted(CLAIM, &truth());
			}
			assert_ok!(Verification::dispute(signed(DISPUTER), CLAIM));
			let disputer = account(DISPUTER);
			System::assert_last_event(
				Event::Disputed { claim: CLAIM, disputer: disputer.clone(), deposit: DISPUTE }
					.into(),
			);
			assert_eq!(held(HoldReason::Dispute, DISPUTER), DISPUTE);
			assert_noop!(Verification::dispute(signed(8), CLAIM), E::UnderAudit);
			assert_noop!(Verification::consent(signed(PAYER), CLAIM), E::NotPrivate);
			assert!(matches!(clearance(CLAIM), Clearance::Until(_)));
			lots(1);
			wait(2);
			assert!(matches!(stage(), Stage::Committing { .. }));
			let told = Verification::audit_of(CLAIM).unwrap();
			assert_eq!((told.disputer, told.dispute_deposit), (Some(disputer), 0));
			assert_eq!(sitting().len(), 3);
		});
	}
}

#[test]
fn committee_of_a_dispute_is_drawn_by_lots_that_nobody_knew() {
	chain(9, || {
		Rate::set(Permill::zero());
		noted(CLAIM, &truth());
		// The lots that decide about the claim are out: who disputes it has seen whom they would draw.
		lots(1);
		let round = Round::get();
		assert_ok!(Verification::dispute(signed(DISPUTER), CLAIM));
		assert_eq!(stage(), Stage::Drawing { round });
		wait(6);
		assert_eq!(stage(), Stage::Drawing { round }, "its own lots are not there yet");
		lots(2);
		wait(2);
		assert!(matches!(stage(), Stage::Committing { .. }));
	});
}

#[test]
fn claim_that_lots_have_called_gets_no_other_committee_by_a_dispute() {
	chain(9, || {
		noted(CLAIM, &claim(250));
		lots(1);
		assert_noop!(Verification::dispute(signed(DISPUTER), CLAIM), E::CalledAnyway);
		assert_eq!(Verification::audit_of(CLAIM).unwrap().dispute_deposit, 0);
	});
	// Lots can't call a private one until its payer consents.
	chain(9, || {
		noted_privately(CLAIM, &claim(250));
		lots(1);
		assert_eq!(Verification::audit_of(CLAIM).unwrap().dispute_deposit, DISPUTE);
		assert_ok!(Verification::consent(signed(PAYER), CLAIM));
		assert_noop!(Verification::dispute(signed(DISPUTER), CLAIM), E::CalledAnyway);
	});
	chain(9, || {
		noted_privately(CLAIM, &claim(250));
		lots(1);
		assert_ok!(Verification::dispute(signed(DISPUTER), CLAIM));
	});
}

#[test]
fn disputer_payer_and_operator_have_no_seat() {
	chain(3, || {
		for party in [1, PAYER, DISPUTER] {
			register(party, 500_000);
		}
		let mut committee = disputed(&truth());
		committee.sort();
		assert_eq!(committee, [10, 11, 12]);
	});
}

#[test]
fn dispute_of_a_false_claim_is_rewarded_as_an_appeal_is() {
	chain(3, || {
		let claimed = claim(250);
		let committee = disputed(&claimed);
		agreed(&committee, || honest(&claimed));
		assert_eq!(held(HoldReason::Dispute, DISPUTER), DISPUTE, "it can be appealed against");
		wait(WINDOW);
		assert!(matches!(stage(), Stage::Correcting { .. }));
		assert_eq!((held(HoldReason::Dispute, DISPUTER), free(DISPUTER)), (0, RICH));
		let (operator, _, rewarded) = Slashed::get().remove(0);
		let expected: Vec<_> = committee.iter().chain(&[DISPUTER]).map(|n| account(*n)).collect();
		assert_eq!((operator, rewarded), (account(1), expected));
		assert_ok!(Verification::correct(signed(8), CLAIM, Box::new(truth())));
		assert_eq!((free(PAYER), Disputes::<Test>::iter().count()), (RICH, 0));
	});
}

#[test]
fn dispute_of_a_withheld_question_is_rewarded() {
	chain(3, || {
		let committee = disputed(&truth());
		agreed(&committee, || Finding::Withheld);
		wait(WINDOW);
		assert_eq!(state(), State::Rejected);
		assert_eq!((held(HoldReason::Dispute, DISPUTER), free(DISPUTER)), (0, RICH));
		assert!(Slashed::get()[0].2.contains(&account(DISPUTER)));
	});
}

#[test]
fn dispute_of_a_true_claim_pays_the_payer_and_the_treasury() {
	chain(3, || {
		let committee = disputed(&truth());
		agreed(&committee, || honest(&truth()));
		wait(WINDOW);
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Upheld));
		assert_eq!((Slashed::get(), state()), (vec![], State::Open));
		assert_eq!(free(DISPUTER), RICH - DISPUTE);
		assert_eq!((free(PAYER), free(90)), (RICH + 250, RICH + 251));
		System::assert_has_event(
			Event::DisputeEnded {
				claim: CLAIM,
				disputer: account(DISPUTER),
				returned: 0,
				paid: 250,
			}
			.into(),
		);
		assert!(committee.iter().all(|n| paid(*n) == SEAT));
		assert_eq!(clearance(CLAIM), Clearance::Clear);
		assert_noop!(Verification::dispute(signed(DISPUTER), CLAIM), E::UnknownClaim);
	});
}

#[test]
fn payer_that_disputes_a_true_claim_loses_the_treasurys_half() {
	chain(3, || {
		noted_privately(CLAIM, &truth());
		assert_ok!(Verification::dispute(signed(PAYER), CLAIM));
		lots(1);
		wait(2);
		agreed(&sitting(), || honest(&truth()));
		wait(WINDOW);
		assert_eq!((free(PAYER), free(90)), (RICH - 251, RICH + 251));
	});
}

#[test]
fn what_a_payer_can_not_hold_goes_to_the_treasury() {
	chain(3, || {
		use frame_support::traits::{fungible::Mutate, tokens::Preservation};
		let committee = disputed(&truth());
		let (payer, other) = (account(PAYER), account(8));
		<Balances as Mutate<_>>::transfer(&payer, &other, RICH, Preservation::Expendable).unwrap();
		// Half of it is less than an account can begin with.
		Disputes::<Test>::mutate(CLAIM, |dispute| dispute.as_mut().unwrap().deposit = 19);
		let reason = HoldReason::Dispute.into();
		use frame_support::traits::{fungible::hold::Mutate as _, tokens::Precision};
		Balances::release(&reason, &account(DISPUTER), DISPUTE - 19, Precision::Exact).unwrap();
		agreed(&committee, || honest(&truth()));
		wait(WINDOW);
		assert_eq!((free(PAYER), free(DISPUTER), free(90)), (0, RICH - 19, RICH + 19));
	});
}

#[test]
fn disputed_verdict_can_be_appealed_and_the_last_one_counts() {
	chain(14, || {
		let claimed = claim(250);
		let first = disputed(&claimed);
		// A captured committee upholds the lie: the dispute is not lost yet.
		agreed(&first, || colluding(&claimed));
		assert_eq!(held(HoldReason::Dispute, DISPUTER), DISPUTE);
		assert_ok!(Verification::appeal(signed(DISPUTER), CLAIM));
		lots(2);
		wait(2);
		assert_eq!(level(), Level::Appeal);
		agreed(&sitting(), || honest(&claimed));
		assert_eq!((held(HoldReason::Dispute, DISPUTER), free(DISPUTER)), (0, RICH));
		let rewarded = Slashed::get().remove(0).2;
		assert_eq!(rewarded.iter().filter(|who| **who == account(DISPUTER)).count(), 2);
	});
}

#[test]
fn dispute_that_no_committee_decides_comes_back_and_governance_rewards_nobody_for_it() {
	chain(6, || {
		let claimed = claim(250);
		let committee = disputed(&claimed);
		let split = |committee: &[u8]| {
			let findings = [honest(&claimed), Finding::Withheld, colluding(&claimed)];
			find(&committee.iter().copied().zip(findings).collect::<Vec<_>>());
		};
		split(&committee);
		assert_eq!(held(HoldReason::Dispute, DISPUTER), DISPUTE);
		lots(2);
		wait(2);
		split(&sitting());
		assert_eq!(stage(), Stage::Undecided);
		assert_eq!((held(HoldReason::Dispute, DISPUTER), free(DISPUTER)), (0, RICH));
		assert_ok!(Verification::resolve(RuntimeOrigin::root(), CLAIM, Verdict::Withheld));
		assert!(!Slashed::get()[0].2.contains(&account(DISPUTER)));
	});
}

#[test]
fn dispute_is_refused_without_verifiers_for_it() {
	chain(2, || {
		noted_privately(CLAIM, &truth());
		assert_noop!(Verification::dispute(signed(DISPUTER), CLAIM), E::TooFewVerifiers);
		// There are enough, but for those who gain or lose by it.
		register(PAYER, BOND);
		assert_noop!(Verification::dispute(signed(DISPUTER), CLAIM), E::TooFewVerifiers);
		register(8, BOND);
		assert_noop!(Verification::dispute(signed(8), CLAIM), E::TooFewVerifiers);
		assert_ok!(Verification::dispute(signed(DISPUTER), CLAIM));
	});
}

#[test]
fn disputed_claim_that_nobody_can_judge_is_left_to_lots_again() {
	for private in [false, true] {
		chain(2, || {
			let make = if private { noted_privately } else { noted };
			make(CLAIM, &claim(250));
			// Who joins in a later round is counted, and can't be drawn.
			Round::set(5);
			register(12, BOND);
			Round::set(4);
			assert_ok!(Verification::dispute(signed(DISPUTER), CLAIM));
			lots(1);
			wait(2);
			assert_eq!((held(HoldReason::Dispute, DISPUTER), free(DISPUTER)), (0, RICH));
			assert!(!Audits::<Test>::contains_key(CLAIM));
			let told = Verification::audit_of(CLAIM).unwrap();
			assert_eq!(told.private, private, "it is not cleared, nor opened by that");
		});
	}
}

#[test]
fn dispute_is_refused_without_its_deposit_or_a_claim() {
	chain(3, || {
		assert_noop!(Verification::dispute(signed(DISPUTER), 99), E::UnknownClaim);
		noted(CLAIM, &truth());
		// An account that has nothing.
		assert!(Verification::dispute(signed(60), CLAIM).is_err());
		assert!(!Audits::<Test>::contains_key(CLAIM));
		// What is audited anyway is disputed by no one.
		ask(1).unwrap();
		assert_noop!(Verification::dispute(signed(DISPUTER), VERSION), E::UnderAudit);
		compared();
		assert_noop!(Verification::dispute(signed(DISPUTER), PAIR), E::UnderAudit);
		lots(1);
		assert_ok!(drawn(CLAIM));
		assert_noop!(Verification::dispute(signed(DISPUTER), CLAIM), E::UnderAudit);
	});
}

#[test]
fn dispute_puts_as_much_at_stake_as_an_appeal_where_that_is_more() {
	chain(3, || {
		for (least, expected) in [(DISPUTE, DISPUTE), (DEPOSIT + 1, DEPOSIT + 1), (0, DEPOSIT)] {
			DisputeDeposit::set(least);
			noted(CLAIM, &truth());
			assert_eq!(Verification::audit_of(CLAIM).unwrap().dispute_deposit, expected);
		}
		assert_ok!(Verification::dispute(signed(DISPUTER), CLAIM));
		assert_eq!(held(HoldReason::Dispute, DISPUTER), DEPOSIT);
		// What governance changes meanwhile changes nothing about it.
		DisputeDeposit::set(7 * DISPUTE);
	});
}

#[test]
fn no_dispute_is_opened_that_no_block_has_room_for() {
	chain(3, || {
		for block in 0..100 {
			crate::Due::<Test>::insert(block, frame_support::BoundedVec::truncate_from(vec![1, 2]));
		}
		noted_privately(CLAIM, &truth());
		let full: DispatchError = E::QueueFull.into();
		assert_eq!(dispatched(CLAIM), Err(full));
		assert!(Private::<Test>::contains_key(CLAIM) && !Audits::<Test>::contains_key(CLAIM));
		assert_eq!(held(HoldReason::Dispute, DISPUTER), 0);
		let _ = crate::Due::<Test>::clear(u32::MAX, None);
	});
}

/// Disputes as a transaction does: nothing is kept of a call that fails.
fn dispatched(claim: openledger_primitives_core::RequestId) -> Result<(), DispatchError> {
	frame_support::storage::with_storage_layer(|| Verification::dispute(signed(DISPUTER), claim))
}
