use crate::{Audits, Disputes, HoldReason, Notes, Private, Verdict, mock::*};
use frame_support::{assert_ok, traits::fungible::Inspect};
use openledger_primitives_attribution::audit::Finding;
use openledger_primitives_core::Balance;
use proptest::prelude::*;

const PAYER: u8 = 5;

fn total(n: u8) -> Balance {
	Balances::total_balance(&account(n))
}

/// All that the accounts have, held or not.
fn wealth() -> Balance {
	(1..=29).chain([90]).map(total).sum()
}

/// Disputes a true claim of the operator and its payer, which is upheld by lots of `seed`.
fn harass(seed: u32, disputer: u8) {
	noted_privately(CLAIM, &truth());
	assert_ok!(Verification::dispute(signed(disputer), CLAIM));
	lots(seed);
	wait(2);
	find(&sitting().iter().map(|n| (*n, honest(&truth()))).collect::<Vec<_>>());
	wait(WINDOW);
	assert_eq!(crate::Verdicts::<Test>::take(CLAIM), Some(Verdict::Upheld));
}

#[test]
fn disputing_honest_claims_costs_who_does_it_and_nobody_else() {
	chain(3, || {
		for seed in 0..10 {
			harass(seed, 9);
		}
		assert_eq!(total(9), RICH - 10 * DISPUTE);
		assert_eq!((total(PAYER), total(90)), (RICH + 10 * 250, RICH + 10 * 251));
		assert_eq!((Slashed::get(), total(1)), (vec![], RICH));
		assert!((FIRST..FIRST + 3).all(|n| bond(n) == BOND));
	});
}

#[test]
fn payer_and_disputer_who_are_one_lose_by_disputing_what_is_true_with_every_seat() {
	chain(3, || {
		harass(1, PAYER);
		// Seats are paid the same as for any claim: what all of them are paid is far from making up for it.
		let seats: Balance = (FIRST..FIRST + 3).map(paid).sum();
		assert!(RICH - total(PAYER) > 10 * seats, "{seats}");
	});
}

#[derive(Clone, Debug)]
enum Step {
	Claim(bool, i32),
	Consent(u8),
	Dispute(u8),
	Look,
	Lots(u32),
	Find(u8),
	Commit(u8, u8),
	Reveal(u8, u8),
	Appeal(u8),
	Correct,
	Resolve(bool),
	Leave(u8),
	Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
	prop_oneof![
		2 => (any::<bool>(), prop_oneof![Just(100), Just(250)])
			.prop_map(|(private, gain)| Step::Claim(private, gain)),
		1 => (4u8..7).prop_map(Step::Consent),
		3 => prop_oneof![Just(PAYER), 1u8..14].prop_map(Step::Dispute),
		1 => Just(Step::Look),
		3 => any::<u32>().prop_map(Step::Lots),
		4 => (0u8..4).prop_map(Step::Find),
		2 => (10u8..24, 0u8..3).prop_map(|(n, kind)| Step::Commit(n, kind)),
		2 => (10u8..24, 0u8..3).prop_map(|(n, kind)| Step::Reveal(n, kind)),
		1 => (1u8..10).prop_map(Step::Appeal),
		1 => Just(Step::Correct),
		1 => any::<bool>().prop_map(Step::Resolve),
		1 => (10u8..24).prop_map(Step::Leave),
		4 => (1u32..12).prop_map(Step::Wait),
	]
}

fn finding(kind: u8, gain: i32) -> Finding {
	match kind {
		0 => honest(&claim(gain)),
		1 => colluding(&claim(gain)),
		_ => Finding::Withheld,
	}
}

/// What is at stake for the claim, of whoever has it at stake.
fn at_stake() -> Balance {
	(1..=29).map(|n| held(HoldReason::Dispute, n)).sum()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn deposits_of_disputes_go_back_to_the_payer_or_to_the_treasury(
		steps in proptest::collection::vec(step(), 1..80),
		deposit in prop_oneof![Just(0u128), 1u128..30, Just(DISPUTE), Just(RICH - 5)],
	) {
		chain(14, || {
			DisputeDeposit::set(deposit);
			let (all, mut gain) = (wealth(), 100);
			for step in steps {
				let open = Audits::<Test>::contains_key(CLAIM);
				let _ = frame_support::storage::with_storage_layer(|| {
					match step.clone() {
						Step::Claim(private, wanted) if !Notes::<Test>::contains_key(CLAIM) => {
							gain = wanted;
							crate::Verdicts::<Test>::remove(CLAIM);
							let make = if private { noted_privately } else { noted };
							make(CLAIM, &claim(gain));
						}
						Step::Claim(..) => {}
						Step::Consent(n) => Verification::consent(signed(n), CLAIM)?,
						Step::Dispute(n) => Verification::dispute(signed(n), CLAIM)?,
						Step::Look => drop(clearance(CLAIM)),
						Step::Lots(n) => {
							lots(n);
							wait(2);
						}
						// Everybody at once, or hardly any committee would come to a verdict.
						Step::Find(kind) if open => {
							let kinds = |n: u8| if kind == 3 { n % 3 } else { kind };
							for n in sitting() {
								let _ = commit(n, &finding(kinds(n), gain));
							}
							for n in sitting() {
								// The last of an appeal's committee may end the audit.
								if Audits::<Test>::contains_key(CLAIM) {
									let _ = reveal(n, finding(kinds(n), gain));
								}
							}
						}
						Step::Commit(n, kind) if open => commit(n, &finding(kind, gain))?,
						Step::Reveal(n, kind) if open => reveal(n, finding(kind, gain))?,
						Step::Find(_) | Step::Commit(..) | Step::Reveal(..) => {}
						Step::Appeal(n) => Verification::appeal(signed(n), CLAIM)?,
						Step::Correct => {
							Verification::correct(signed(9), CLAIM, Box::new(truth()))
								.map_err(|e| e.error)?;
						}
						Step::Resolve(upheld) => {
							let verdict = if upheld { Verdict::Upheld } else { Verdict::Withheld };
							Verification::resolve(RuntimeOrigin::root(), CLAIM, verdict)?
						}
						Step::Leave(n) => Verification::leave(signed(n))?,
						Step::Wait(blocks) => wait(blocks),
					}
					Ok::<_, sp_runtime::DispatchError>(())
				});
				check();
				// Fines go to the treasury, and rewards are not this runtime's to pay.
				assert_eq!(wealth(), all);
				let disputed = Disputes::<Test>::get(CLAIM).map_or(0, |dispute| dispute.deposit);
				assert_eq!(at_stake(), disputed);
				let private = Private::<Test>::contains_key(CLAIM);
				assert!(!private || !Audits::<Test>::contains_key(CLAIM));
			}
		});
	}
}
