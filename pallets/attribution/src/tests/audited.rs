use crate::{Claims, Due, Error, Event, Status, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::audit::digest;
use openledger_primitives_core::{
	draw::draw_id,
	model::{Arithmetic, Usage},
	traits::{AnsweredRequest, Attribution as _, Claims as _},
};
use sp_runtime::Permill;

type E = Error<Test>;

#[test]
fn claim_is_noted_for_audits_and_forgotten_with_its_request() {
	chain(|| {
		let claim = claim(&[], &[0, 1]);
		let id = answered(RECORDS, claim.clone()).unwrap();
		assert_eq!(Noted::get()[&id], (digest(&claim), claim.trace));
		go_to(11);
		assert_ok!(Inference::prune(signed(5), id));
		assert!(Noted::get().is_empty());
		assert!(Attribution::footprint() > 7);
	});
}

#[test]
fn claim_that_nobody_can_execute_again_is_not_noted() {
	chain(|| {
		Computed::set(Arithmetic::Tolerant);
		answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		assert!(Noted::get().is_empty());
	});
}

#[test]
fn drawn_claim_is_noted_as_one_on_a_request_is() {
	chain(|| {
		let drawn = AnsweredRequest {
			request: draw_id(3, 1),
			model: RECORDS,
			payer: account(5),
			operator: account(1),
			usage: Usage { prompt: 1, output: 1 },
			answer: Default::default(),
			subject: Default::default(),
			fee: 1_000,
			private: true,
		};
		frame_support::storage::with_transaction(|| {
			assert_ok!(Attribution::submit(drawn, claim(&[], &[0, 1])));
			assert!(Noted::get().contains_key(&draw_id(3, 1)));
			sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(()))
		})
		.unwrap();
		Noted::mutate(|noted| noted.clear());
	});
}

#[test]
fn claim_is_paid_when_it_is_cleared_and_not_before() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		ClearFrom::set(20);
		go_to(15);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Open);
		assert_noop!(Attribution::finalize(signed(9), id), E::NotCleared);
		go_to(19);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Open);
		go_to(20);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
		assert_eq!((accrued(40), accrued(41)), (139, 111));
	});
}

#[test]
fn clearance_that_is_due_now_is_asked_for_again_later() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		// A gate that names a block in the past would otherwise be asked for ever.
		ClearFrom::set(12);
		go_to(11);
		assert_eq!(crate::Due::<Test>::get(12).into_inner(), [id]);
		go_to(12);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
	});
}

#[test]
fn replaced_claim_is_paid_by_the_true_one() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		assert!(Attribution::is_open(id));
		let mut truth = claim(&[], &[0, 1]);
		truth.gain = 200;
		assert_ok!(Attribution::replace(id, truth));
		let stored = Claims::<Test>::get(id).unwrap();
		assert_eq!((stored.gain, stored.earned), (200, Permill::one()));
		System::assert_last_event(
			Event::ClaimReplaced { request: id, credits: 2, earned: Permill::one() }.into(),
		);
		go_to(11);
		assert_eq!((accrued(40), accrued(41), accrued(42)), (278, 222, 0));
		assert_noop!(Attribution::replace(id, claim(&[], &[0, 1])), E::AlreadyFinal);
		assert!(!Attribution::is_open(id));
	});
}

#[test]
fn true_claim_has_to_verify_too() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		assert_noop!(Attribution::replace(id, claim(&[], &[1, 0])), E::Unordered);
		assert_noop!(Attribution::replace(99, claim(&[], &[0])), E::UnknownClaim);
	});
}

#[test]
fn discredited_claim_pays_no_contributor_and_loses_nothing() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		assert_ok!(Attribution::discredit(id));
		go_to(11);
		assert_eq!((accrued(40), accrued(41)), (0, 0));
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
		let paid = pallet_rewards::Settlements::<Test>::get(id).unwrap();
		assert_eq!((paid.total(), paid.contributed()), (Some(1_000), 0));
	});
}

#[test]
fn rejected_claim_refunds_its_payer_and_can_be_pruned() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let free = Balances::free_balance(account(5));
		assert_eq!(Attribution::reject(id), Ok(1_000));
		assert_eq!(Balances::free_balance(account(5)), free + 1_000);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Rejected);
		assert_noop!(Attribution::reject(id), E::AlreadyFinal);
		assert_noop!(Attribution::finalize(signed(9), id), E::AlreadyFinal);
		go_to(12);
		assert_eq!(pallet_rewards::TotalAccrued::<Test>::get(), 0);
		assert_ok!(Inference::prune(signed(5), id));
		assert_eq!(Claims::<Test>::get(id), None);
	});
}

#[test]
fn claim_is_looked_at_first_when_its_clearance_can_be_known() {
	chain(|| {
		NotedUntil::set(30);
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		NotedUntil::set(0);
		let stored = Claims::<Test>::get(id).unwrap();
		assert_eq!(stored.final_at, 11, "windows are what they are without audits");
		assert_eq!(Due::<Test>::get(30).to_vec(), [id]);
		go_to(29);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Open);
		go_to(30);
		assert_eq!(Claims::<Test>::get(id).unwrap().status, Status::Final);
	});
}
