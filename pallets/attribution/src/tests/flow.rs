//! From a request to a payment, through all three pallets.

use crate::{Claims, Fault, Target, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_api::RequestState;
use openledger_primitives_attribution::omission::Omission;
use proptest::prelude::*;
use sp_runtime::Permill;

#[test]
fn answer_pays_the_people_whose_records_moved_it() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		go_to(11);
		let mut trace = Inference::trace(id).unwrap();
		Attribution::explain(&mut trace);
		trace.distribution = Rewards::settlement(id);
		assert_eq!(trace.state, RequestState::Settled);
		assert_eq!((trace.final_at, trace.gain, trace.earned_ppm), (Some(11), 100, 500_000));
		assert_eq!(trace.evidence[0].contributor, account(40));
		let told = Attribution::claim(id).unwrap();
		assert_eq!((told.claim, told.operator, told.payer), (id, account(1), account(5)));
		assert_eq!((told.final_at, told.gain, told.rejected), (11, 100, false));
		assert_eq!((&told.evidence, &told.paid), (&trace.evidence, &trace.paid));
		assert_eq!((Some(told.digest), Some(told.trace)), (trace.claim, trace.trace));
		let distribution = trace.distribution.unwrap();
		assert_eq!(distribution.total(), Some(1_000));
		assert_eq!(distribution.contributors[0].amount, 139);
		assert_eq!(Balances::free_balance(account(92)), ED + 20);

		assert_ok!(Rewards::claim_for(signed(9), account(40)));
		assert_eq!(Balances::free_balance(account(40)), 139);
		// All that is stored of it goes, with its deposit.
		assert_ok!(Inference::prune(signed(5), id));
		assert_eq!((Inference::trace(id), Rewards::settlement(id)), (None, None));
		assert!(!Claims::<Test>::contains_key(id));
		assert_eq!(Attribution::claim(id), None);
		assert_eq!(Balances::free_balance(account(5)), RICH - 1_000);
		assert_eq!(open(RECORDS), 0);
	});
}

#[test]
fn farming_ones_own_records_is_refused() {
	chain(|| {
		let id = ask(RECORDS);
		assert_noop!(answer(id, claim(&[], &[0, 6])), crate::Error::<Test>::Payer);
	});
}

#[test]
fn unanswered_request_is_paid_back_and_has_no_claim() {
	chain(|| {
		let id = ask(RECORDS);
		go_to(12);
		assert_eq!(Inference::trace(id).unwrap().state, RequestState::Refunded);
		assert!(!Claims::<Test>::contains_key(id));
		assert_ok!(Inference::prune(signed(5), id));
		assert_eq!(Balances::free_balance(account(5)), RICH);
	});
}

#[derive(Clone, Debug)]
enum Step {
	Ask(u32),
	Answer(u64, usize, bool),
	Commit(u8, Target, usize, bool),
	Open(u8, Target, usize, bool),
	Withdraw(u8, Target),
	Finalize(u64),
	Pass(u64),
	Claim(u8),
	Prune(u64),
}

/// The claims that steps choose from: complete, with omissions, empty.
fn claims(
	which: usize,
	by_contributor: bool,
) -> openledger_primitives_attribution::Claim<sp_core::crypto::AccountId32> {
	match (by_contributor, which % 4) {
		(false, 0) => claim(&[], &[0, 1]),
		(false, 1) => claim(&[], &[1, 2]),
		(false, 2) => claim(&[], &[2]),
		(true, 0) => claim(&[40, 42], &[0, 2]),
		(true, 1) => claim(&[42, 41], &[1, 2]),
		(true, 2) => claim(&[42], &[2]),
		_ => claim(&[], &[]),
	}
}

fn target() -> impl Strategy<Value = Target> {
	prop_oneof![
		8 => (0u64..8).prop_map(Target::Claim),
		1 => (RECORDS..=CONTRIBUTORS).prop_map(Target::Model),
	]
}

fn steps() -> impl Strategy<Value = Step> {
	let id = 0u64..8;
	prop_oneof![
		3 => (1u32..3).prop_map(Step::Ask),
		4 => (id.clone(), 0usize..4, any::<bool>()).prop_map(|(id, which, by)| Step::Answer(id, which, by)),
		3 => (8u8..11, target(), 0usize..7, any::<bool>())
			.prop_map(|(n, target, at, forged)| Step::Commit(n, target, at, forged)),
		3 => (8u8..11, target(), 0usize..7, any::<bool>())
			.prop_map(|(n, target, at, forged)| Step::Open(n, target, at, forged)),
		1 => (8u8..11, target()).prop_map(|(n, target)| Step::Withdraw(n, target)),
		1 => id.clone().prop_map(Step::Finalize),
		3 => (1u64..6).prop_map(Step::Pass),
		1 => (40u8..44).prop_map(Step::Claim),
		1 => id.prop_map(Step::Prune),
	]
}

fn carry_out(step: Step) -> sp_runtime::DispatchResult {
	let fault = |at, forged| match forged {
		true => Fault::Forgery(forgery(at)),
		false => Fault::Omission(Omission::Record(shown(at))),
	};
	match step {
		Step::Ask(model) => {
			let prompt = b"?".to_vec().try_into().unwrap();
			Inference::request(signed(5), model, None, prompt, 100, 2_000, 0, [7; 32], 10)
		}
		Step::Answer(id, which, by) => answer(id, claims(which, by)),
		Step::Commit(n, target, at, forged) => commit(n, target, &fault(at, forged)),
		Step::Open(n, target, at, forged) => reveal(n, target, &fault(at, forged)),
		Step::Withdraw(n, target) => Attribution::withdraw_challenge(signed(n), target),
		Step::Finalize(id) => Attribution::finalize(signed(9), id),
		Step::Pass(blocks) => {
			go_to(System::block_number() + blocks);
			Ok(())
		}
		Step::Claim(n) => Rewards::claim(signed(n)),
		Step::Prune(id) => Inference::prune(signed(5), id),
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]
	#[test]
	fn money_is_conserved_through_any_sequence(
		cuts in proptest::collection::vec(0u32..=1_000_000, 5),
		forged in proptest::option::of(0usize..7),
		steps in proptest::collection::vec(steps(), 1..60),
	) {
		chain(|| {
			Forged::set(forged.map(|at| (at, 49)));
			let mut cuts = cuts;
			cuts.sort_unstable();
			Split::mutate(|split| {
				split.contributors = Permill::from_parts(cuts[0]);
				split.owner = Permill::from_parts(cuts[1] - cuts[0]);
				split.operator = Permill::from_parts(cuts[2] - cuts[1]);
				split.verifiers = Permill::from_parts(cuts[3] - cuts[2]);
				split.validators = Permill::from_parts(cuts[4] - cuts[3]);
			});
			for step in steps {
				// Refusals are part of the sequence; what counts is what they leave behind.
				let _ = frame_support::storage::with_storage_layer(|| carry_out(step));
				check();
			}
			// However it went, everything ends and everyone gets out.
			go_to(System::block_number() + 60);
			for id in 0..pallet_inference::NextRequest::<Test>::get() {
				for n in 8..11 {
					let _ = Attribution::withdraw_challenge(signed(n), Target::Claim(id));
				}
				let _ = Inference::prune(signed(5), id);
				assert_eq!(Inference::trace(id), None);
			}
			for n in 8..11 {
				for model in [RECORDS, CONTRIBUTORS] {
					let _ = Attribution::withdraw_challenge(signed(n), Target::Model(model));
				}
			}
			assert_eq!(Claims::<Test>::iter().count(), 0);
			assert_eq!((open(RECORDS), open(CONTRIBUTORS)), (0, 0));
			for n in 8..11 {
				assert_eq!(held(n), 0);
			}
			Inference::leave(signed(1)).unwrap();
			go_to(System::block_number() + 20);
			Inference::withdraw_bond(signed(1)).unwrap();
		});
	}
}
