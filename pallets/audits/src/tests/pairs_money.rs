use crate::{Audits, Verdict, mock::*};
use frame_support::traits::fungible::Inspect;
use openledger_primitives_attribution::audit::Finding;
use openledger_primitives_core::{record::Pair, subject::pair_id};
use proptest::prelude::*;

fn total(n: u8) -> u128 {
	Balances::total_balance(&account(n))
}

fn agreed(finding: impl Fn() -> Finding) -> Vec<u8> {
	let committee = sitting_in(PAIR);
	find_in(PAIR, &committee.iter().map(|n| (*n, finding())).collect::<Vec<_>>());
	wait(WINDOW);
	Burned::set(30 * RICH - Balances::total_issuance());
	committee
}

#[test]
fn duplicate_costs_its_contributor_half_to_the_challenger_half_burned() {
	chain(3, || {
		compared();
		let committee = agreed(|| common(95));
		let lost = RICH - total(COPYIST);
		assert_eq!((lost - lost / 2, total(CHALLENGER)), (Burned::get(), RICH + lost / 2));
		assert_eq!(total(AUTHOR), RICH);
		// Out of the verifiers' part of fees, and no more in all than was burned.
		let each = (Burned::get() / 3).min(SEAT);
		assert!(each > 0 && committee.iter().all(|n| paid(*n) == each));
	});
}

#[test]
fn proving_ones_own_duplicate_brings_less_than_it_costs_even_with_every_seat() {
	chain(3, || {
		compared();
		let committee = agreed(|| common(95));
		let gained: u128 = committee.iter().map(|n| paid(*n)).sum();
		let lost = RICH - total(COPYIST) - (total(CHALLENGER) - RICH);
		assert!(gained <= lost, "{gained} of {lost}");
	});
}

#[test]
fn withheld_record_rewards_nobody_who_challenges_it() {
	chain(3, || {
		compared();
		agreed(|| Finding::Withheld);
		assert_eq!(total(CHALLENGER), RICH);
		assert_eq!(RICH - total(COPYIST), Burned::get());
	});
}

#[test]
fn wrong_challenge_pays_its_committee_and_the_contributor() {
	chain(4, || {
		compared();
		let before = total(COPYIST);
		let committee = agreed(|| common(10));
		assert_eq!(total(CHALLENGER), RICH - CHALLENGE);
		assert_eq!(total(COPYIST), before + CHALLENGE - 3 * SEAT);
		assert!(committee.iter().all(|n| total(*n) == RICH + SEAT));
		assert!(Paid::get().is_empty(), "nothing comes out of claims' fees");
		assert_eq!(Burned::get(), 0);
	});
}

#[test]
fn second_proof_of_a_duplicate_brings_its_challenger_and_committee_nothing() {
	chain(6, || {
		let pair = contributed();
		challenge(CHALLENGER, pair).unwrap();
		challenge(7, pair).unwrap();
		let second = pair_id(1);
		lots(1);
		for id in [PAIR, second] {
			Verification::advance(signed(9), id).unwrap();
		}
		let late = sitting_in(second);
		find_in(second, &late.iter().map(|n| (*n, common_in(second, 95))).collect::<Vec<_>>());
		let committee = sitting_in(PAIR);
		find_in(PAIR, &committee.iter().map(|n| (*n, common(95))).collect::<Vec<_>>());
		// Whichever is concluded first excludes the record.
		let end = |id| {
			wait(WINDOW);
			Verification::advance(signed(9), id).unwrap_or_default();
			Burned::set(30 * RICH - Balances::total_issuance());
		};
		end(PAIR);
		end(second);
		assert!(!Audits::<Test>::contains_key(PAIR) && !Audits::<Test>::contains_key(second));
		let lost = RICH - total(COPYIST);
		let rewards: Vec<_> = [CHALLENGER, 7].map(|n| total(n) - RICH).into();
		assert!(rewards.contains(&(lost / 2)) && rewards.contains(&0), "{rewards:?}");
		assert_eq!(Burned::get(), lost - lost / 2);
		let paid: u128 = (FIRST..FIRST + 6).map(paid).sum();
		assert!(paid > 0 && paid <= Burned::get());
	});
}

#[test]
fn nobody_is_paid_for_saying_that_content_is_nowhere() {
	for finding in [Finding::Withheld, Finding::Unshown] {
		chain(4, || {
			compared();
			let (before, treasury) = (total(COPYIST), total(90));
			let committee = agreed(|| finding.clone());
			assert!(!Audits::<Test>::contains_key(PAIR));
			assert!(Paid::get().is_empty());
			assert!(committee.iter().all(|n| total(*n) == RICH && bond(*n) == BOND));
			// Nor is who was challenged, which could be the challenger's own other account.
			assert!(total(COPYIST) <= before);
			let lost = if finding == Finding::Unshown { CHALLENGE } else { 0 };
			assert_eq!((RICH - total(CHALLENGER), total(90) - treasury), (lost, lost));
		});
	}
}

#[derive(Clone, Debug)]
enum Step {
	Challenge(u8, bool),
	Open(u8, bool),
	Withdraw(u8, bool),
	Lots(u32),
	Find(u8),
	Appeal(u8),
	Advance,
	Resolve(u8),
	Leave(u8),
	Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
	prop_oneof![
		2 => (5u8..8, any::<bool>()).prop_map(|(n, swapped)| Step::Challenge(n, swapped)),
		3 => (5u8..8, any::<bool>()).prop_map(|(n, swapped)| Step::Open(n, swapped)),
		1 => (5u8..8, any::<bool>()).prop_map(|(n, swapped)| Step::Withdraw(n, swapped)),
		2 => any::<u32>().prop_map(Step::Lots),
		6 => (0u8..6).prop_map(Step::Find),
		1 => (3u8..10).prop_map(Step::Appeal),
		2 => Just(Step::Advance),
		1 => (0u8..6).prop_map(Step::Resolve),
		1 => (10u8..24).prop_map(Step::Leave),
		3 => (1u32..14).prop_map(Step::Wait),
	]
}

fn finding(kind: u8) -> Finding {
	match kind {
		0 | 1 => common(95),
		2 | 3 => common(20),
		4 => Finding::Withheld,
		_ => Finding::Unshown,
	}
}

/// All that the accounts have, held or not.
fn wealth() -> u128 {
	(1..=29).chain([90]).map(total).sum()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn what_challenges_put_up_goes_to_verifiers_contributors_or_back(
		steps in proptest::collection::vec(step(), 1..60),
	) {
		chain(14, || {
			let pair = contributed();
			let swapped = Pair { later: pair.earlier, earlier: pair.later };
			let of = |is_swapped| if is_swapped { swapped } else { pair };
			let all = wealth();
			for step in steps {
				let open = Audits::<Test>::contains_key(PAIR);
				let _ = frame_support::storage::with_storage_layer(|| {
					match step.clone() {
						Step::Challenge(n, swapped) => {
							let commitment = of(swapped).commitment(&account(n), &[n; 32]);
							Duplicates::commit(signed(n), commitment)?
						}
						Step::Open(n, swapped) => Duplicates::open(signed(n), of(swapped), [n; 32])?,
						Step::Withdraw(n, swapped) => {
							let commitment = of(swapped).commitment(&account(n), &[n; 32]);
							Duplicates::withdraw(signed(n), commitment)?
						}
						Step::Lots(n) => lots(n),
						// Two of three agree on something now and then.
						Step::Find(kind) if open => {
							let sits = sitting_in(PAIR);
							let kinds = (0..).map(|at: u8| if at % 3 == 2 { kind + 1 } else { kind });
							let findings: Vec<_> =
								sits.into_iter().zip(kinds).map(|(n, kind)| (n, finding(kind))).collect();
							for (n, finding) in &findings {
								let _ = commit_in(PAIR, *n, finding);
							}
							for (n, finding) in findings {
								let _ = reveal_in(PAIR, n, finding);
							}
						}
						Step::Appeal(n) => Verification::appeal(signed(n), PAIR)?,
						Step::Advance => Verification::advance(signed(9), PAIR)?,
						Step::Resolve(kind) if open => {
							let verdict = Verdict::of(&finding(kind));
							Verification::resolve(RuntimeOrigin::root(), PAIR, verdict)?
						}
						Step::Find(_) | Step::Resolve(_) => {}
						Step::Leave(n) => Verification::leave(signed(n))?,
						Step::Wait(blocks) => wait(blocks),
					}
					Ok::<_, sp_runtime::DispatchError>(())
				});
				Burned::set(30 * RICH - Balances::total_issuance());
				check();
				assert_eq!(wealth() + Burned::get(), all);
				// Only what an excluded record lost is burned.
				let excluded = Datanets::excluded(1, 0, 9).len();
				assert_eq!(Burned::get() > 0, excluded == 1);
				assert!(Datanets::excluded(0, 0, 9).is_empty(), "the author's record stays");
			}
		});
	}
}
