use crate::{Claims, Due, Error, Event, NextDue, Status, Target, WeightInfo, mock::*};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, Hooks},
	weights::{RuntimeDbWeight, Weight},
};
use openledger_primitives_core::traits::Audits;
use sp_core::H256;
use sp_runtime::Permill;

type E = Error<Test>;
type Weights = <Test as crate::Config>::WeightInfo;

fn status(id: u64) -> Status {
	Claims::<Test>::get(id).unwrap().status
}

#[test]
fn claim_is_final_and_paid_by_itself_after_its_window() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		go_to(10);
		assert_eq!(status(id), Status::Open);
		go_to(11);
		assert_eq!(status(id), Status::Final);
		// Half of 500 is earned: 1,440 and 1,152 of 2,592 parts.
		assert_eq!((accrued(40), accrued(41)), (139, 111));
		System::assert_last_event(Event::ClaimFinalized { request: id, contributors: 250 }.into());
		assert_eq!(Due::<Test>::iter().count(), 0);
	});
}

#[test]
fn finalize_is_refused_before_its_time_and_twice() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		assert_noop!(Attribution::finalize(signed(9), 99), E::UnknownClaim);
		System::set_block_number(10);
		assert_noop!(Attribution::finalize(signed(9), id), E::WindowOpen);
		System::set_block_number(11);
		assert_ok!(Attribution::finalize(signed(9), id));
		assert_noop!(Attribution::finalize(signed(9), id), E::AlreadyFinal);
		// The queue finds nothing left to do.
		go_to(12);
		assert_eq!(Due::<Test>::iter().count(), 0);
	});
}

#[test]
fn finality_waits_for_a_standing_challenge_until_it_can_be_opened_no_more() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		assert_ok!(Attribution::commit_challenge(signed(9), Target::Claim(id), H256::zero()));
		go_to(15);
		assert_noop!(Attribution::finalize(signed(9), id), E::ChallengeStanding);
		assert_eq!(status(id), Status::Open);
		go_to(16);
		assert_eq!(status(id), Status::Final);
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Claim(id)));
	});
}

#[test]
fn finality_waits_no_longer_when_the_challenge_is_withdrawn() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		assert_ok!(Attribution::commit_challenge(signed(9), Target::Claim(id), H256::zero()));
		go_to(12);
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Claim(id)));
		assert_ok!(Attribution::finalize(signed(10), id));
	});
}

#[test]
fn claim_stays_open_when_its_fee_cannot_be_paid_and_is_paid_later() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let split = Split::get();
		Split::mutate(|split| split.owner = Permill::one());
		go_to(11);
		assert_eq!(status(id), Status::Open);
		let error = pallet_rewards::Error::<Test>::InvalidSplit.into();
		System::assert_last_event(Event::SettlementFailed { request: id, error }.into());
		assert_noop!(
			Attribution::finalize(signed(9), id),
			pallet_rewards::Error::<Test>::InvalidSplit
		);
		Split::set(split);
		assert_ok!(Attribution::finalize(signed(9), id));
		assert_eq!(status(id), Status::Final);
	});
}

#[test]
fn idle_work_stays_within_its_weight_and_goes_on_later() {
	chain(|| {
		for _ in 0..6 {
			answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		}
		System::set_block_number(40);
		assert_eq!(Attribution::on_idle(40, Weight::zero()), Weight::zero());
		let limit = Weights::finalize().saturating_add(Weight::from_parts(4_000_000_000, 0));
		let mut rounds = 0;
		while Claims::<Test>::iter_values().any(|claim| claim.status == Status::Open) {
			assert!(Attribution::on_idle(40, limit).all_lte(limit));
			check();
			rounds += 1;
			assert!(rounds < 50);
		}
		assert!(rounds > 1);
		Attribution::on_idle(40, Weight::MAX);
		assert_eq!(NextDue::<Test>::get(), 41);
	});
}

#[test]
fn claims_that_pay_the_same_are_charged_for_what_is_their_own() {
	let charged = |count: u32, other: bool| {
		let mut charged = Weight::zero();
		chain(|| {
			for nth in 0..count {
				let shown: &[usize] = if other && nth > 0 { &[1, 2] } else { &[0, 1] };
				answered(RECORDS, claim(&[], shown)).unwrap();
			}
			System::set_block_number(40);
			charged = Attribution::on_idle(40, Weight::MAX);
			assert!(Claims::<Test>::iter_values().all(|claim| claim.status == Status::Final));
		});
		charged
	};
	let own = Weights::finalize_due(1, 0)
		.saturating_sub(Weights::finalize_due(0, 0))
		.saturating_add(<Gate as Audits<_>>::weight());
	let alone = charged(1, false);
	assert_eq!(charged(6, false), alone.saturating_add(own.saturating_mul(5)));
	assert!(charged(2, false).all_lt(alone.saturating_mul(2)));
	let account = Weights::finalize_due(0, 1).saturating_sub(Weights::finalize_due(0, 0));
	let database: RuntimeDbWeight = <Test as frame_system::Config>::DbWeight::get();
	let record = database.reads(1);
	let other = account.saturating_add(record);
	assert_eq!(charged(3, true), alone.saturating_add(own.saturating_mul(2)).saturating_add(other));
}

#[test]
fn nothing_is_earned_when_adapter_changed_nothing() {
	chain(|| {
		let mut unmoved = claim(&[], &[0, 1]);
		unmoved.gain = 0;
		let id = answered(RECORDS, unmoved).unwrap();
		go_to(11);
		assert_eq!((accrued(40), accrued(41)), (0, 0));
		assert_eq!(Rewards::settlement(id).unwrap().contributed(), 0);
	});
}
