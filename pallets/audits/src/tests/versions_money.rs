use crate::{Audits, Examinations, HoldReason, Verdict, mock::*};
use frame_support::traits::fungible::Inspect;
use openledger_primitives_attribution::audit::Finding;
use openledger_primitives_core::model::Assurance;
use proptest::prelude::*;

fn free(n: u8) -> u128 {
	Balances::free_balance(account(n))
}

#[test]
fn fee_is_paid_to_those_who_agree_and_the_rest_goes_back() {
	chain(3, || {
		let before = free(OWNER);
		let committee = examined(2);
		assert_eq!(held(HoldReason::Examination, OWNER), 2 * 3 * SEAT);
		let findings: Vec<_> =
			committee.iter().zip([sound(1), sound(1), Finding::Withheld]).collect();
		let findings: Vec<_> = findings.into_iter().map(|(n, finding)| (*n, finding)).collect();
		find_in(VERSION, &findings);
		wait(WINDOW);
		let gained: Vec<_> = committee.iter().map(|n| free(*n) + BOND + deposit() - RICH).collect();
		assert_eq!(gained, [2 * SEAT, 2 * SEAT, 0]);
		assert_eq!(before - free(OWNER), 4 * SEAT);
		assert_eq!(held(HoldReason::Examination, OWNER), 0);
		assert!(Paid::get().is_empty(), "nothing comes out of claims' fees");
	});
}

/// What a verifier's entries hold.
fn deposit() -> u128 {
	held(HoldReason::VerifierDeposit, FIRST)
}

#[test]
fn seats_beyond_the_fee_are_paid_as_those_of_claims() {
	chain(14, || {
		let before = free(OWNER);
		let first = examined(1);
		let agreed = |committee: &[u8]| {
			let findings: Vec<_> = committee.iter().map(|n| (*n, sound(1))).collect();
			find_in(VERSION, &findings);
		};
		agreed(&first);
		Verification::appeal(signed(5), VERSION).unwrap();
		lots(2);
		Verification::advance(signed(9), VERSION).unwrap();
		let second = sitting_in(VERSION);
		agreed(&second);
		assert_eq!(before - free(OWNER), 3 * SEAT);
		assert!(first.iter().all(|n| paid(*n) == 0));
		assert!(second.iter().all(|n| paid(*n) == SEAT));
	});
}

#[derive(Clone, Debug)]
enum Step {
	Ask(u32),
	Lots(u32),
	Commit(u8, u8),
	Reveal(u8, u8),
	Appeal(u8),
	Advance,
	Resolve(u8),
	Leave(u8),
	Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
	prop_oneof![
		2 => (1u32..5).prop_map(Step::Ask),
		2 => any::<u32>().prop_map(Step::Lots),
		4 => (10u8..24, 0u8..5).prop_map(|(n, kind)| Step::Commit(n, kind)),
		4 => (10u8..24, 0u8..5).prop_map(|(n, kind)| Step::Reveal(n, kind)),
		1 => (1u8..10).prop_map(Step::Appeal),
		2 => Just(Step::Advance),
		1 => (0u8..5).prop_map(Step::Resolve),
		1 => (10u8..24).prop_map(Step::Leave),
		3 => (1u32..14).prop_map(Step::Wait),
	]
}

fn finding(kind: u8) -> Finding {
	match kind {
		0 | 1 => sound(1),
		2 => sound(2),
		3 => unsound(1),
		_ => Finding::Withheld,
	}
}

/// All that the accounts have, held or not.
fn wealth() -> u128 {
	(1..=29).chain([90]).map(|n| Balances::total_balance(&account(n))).sum()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn what_owners_put_up_goes_to_verifiers_or_back(
		steps in proptest::collection::vec(step(), 1..90),
		quick in any::<bool>(),
	) {
		chain(14, || {
			let all = wealth();
			for step in steps {
				let open = Audits::<Test>::contains_key(VERSION);
				let _ = frame_support::storage::with_storage_layer(|| {
					match step.clone() {
						Step::Ask(times) => ask(times)?,
						Step::Lots(n) => lots(n),
						// Everybody at once, or hardly any committee would come to a verdict.
						Step::Commit(_, kind) if open && quick => {
							let findings: Vec<_> =
								sitting_in(VERSION).into_iter().map(|n| (n, finding(kind))).collect();
							for (n, finding) in findings {
								// The last of an appeal's committee ends the audit.
								if !Audits::<Test>::contains_key(VERSION) {
									break;
								}
								let _ = commit_in(VERSION, n, &finding);
								let _ = reveal_in(VERSION, n, finding);
							}
						}
						Step::Reveal(_, kind) if open && quick => {
							for n in sitting_in(VERSION) {
								if !Audits::<Test>::contains_key(VERSION) {
									break;
								}
								let _ = reveal_in(VERSION, n, finding(kind));
							}
						}
						Step::Commit(n, kind) if open => commit_in(VERSION, n, &finding(kind))?,
						Step::Reveal(n, kind) if open => reveal_in(VERSION, n, finding(kind))?,
						Step::Commit(..) | Step::Reveal(..) => {}
						Step::Appeal(n) => Verification::appeal(signed(n), VERSION)?,
						Step::Advance => Verification::advance(signed(9), VERSION)?,
						Step::Resolve(kind) if open => {
							let verdict = Verdict::of(&finding(kind));
							Verification::resolve(RuntimeOrigin::root(), VERSION, verdict)?
						}
						Step::Resolve(_) => {}
						Step::Leave(n) => Verification::leave(signed(n))?,
						Step::Wait(blocks) => wait(blocks),
					}
					Ok::<_, sp_runtime::DispatchError>(())
				});
				check();
				assert_eq!(wealth(), all);
				let open = Audits::<Test>::contains_key(VERSION);
				assert_eq!(Examinations::<Test>::contains_key(MODEL), open);
				let waiting = Assured::get().get(&MODEL) == Some(&Assurance::Waiting);
				assert_eq!(waiting, open);
			}
		});
	}
}
