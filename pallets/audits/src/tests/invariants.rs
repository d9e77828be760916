use crate::{Audits, Verdict, mock::*};
use openledger_primitives_attribution::audit::Finding;
use proptest::prelude::*;

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Step {
	Claim(i32),
	Lots(u32),
	Look,
	Commit(u8, u8),
	Reveal(u8, u8),
	Appeal(u8),
	Correct,
	Resolve(bool),
	Register(u8, u128),
	Leave(u8),
	Withdraw(u8),
	Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
	prop_oneof![
		prop_oneof![Just(100), Just(250)].prop_map(Step::Claim),
		any::<u32>().prop_map(Step::Lots),
		Just(Step::Look),
		(10u8..26, 0u8..3).prop_map(|(n, kind)| Step::Commit(n, kind)),
		(10u8..26, 0u8..3).prop_map(|(n, kind)| Step::Commit(n, kind)),
		(10u8..26, 0u8..3).prop_map(|(n, kind)| Step::Reveal(n, kind)),
		(10u8..26, 0u8..3).prop_map(|(n, kind)| Step::Reveal(n, kind)),
		(1u8..10).prop_map(Step::Appeal),
		Just(Step::Correct),
		any::<bool>().prop_map(Step::Resolve),
		(10u8..26, 50u128..5_000).prop_map(|(n, bond)| Step::Register(n, bond)),
		(10u8..26).prop_map(Step::Leave),
		(10u8..26).prop_map(Step::Withdraw),
		(1u32..12).prop_map(Step::Wait),
	]
}

fn finding(kind: u8, gain: i32) -> Finding {
	match kind {
		0 => honest(&claim(gain)),
		1 => colluding(&claim(gain)),
		_ => Finding::Withheld,
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn nothing_is_lost_in_any_sequence(steps in proptest::collection::vec(step(), 1..80)) {
		chain(14, || {
			let mut gain = 100;
			for step in steps {
				let open = Audits::<Test>::contains_key(CLAIM);
				// Refusals change nothing: the storage layer sees to it as in a block.
				let _ = frame_support::storage::with_storage_layer(|| {
					match step.clone() {
						Step::Claim(wanted) => {
							if !crate::Notes::<Test>::contains_key(CLAIM) {
								gain = wanted;
								crate::Verdicts::<Test>::remove(CLAIM);
								noted(CLAIM, &claim(gain));
							}
						}
						Step::Lots(n) => lots(n),
						Step::Look => drop(clearance(CLAIM)),
						Step::Commit(n, kind) if open => commit(n, &finding(kind, gain))?,
						Step::Reveal(n, kind) if open => reveal(n, finding(kind, gain))?,
						Step::Commit(..) | Step::Reveal(..) => {}
						Step::Appeal(n) => Verification::appeal(signed(n), CLAIM)?,
						Step::Correct => {
							Verification::correct(signed(9), CLAIM, Box::new(truth()))
								.map_err(|e| e.error)?;
						}
						Step::Resolve(upheld) => {
							let verdict = if upheld { Verdict::Upheld } else { Verdict::Withheld };
							Verification::resolve(RuntimeOrigin::root(), CLAIM, verdict)?
						}
						Step::Register(n, bond) => {
							Verification::register_verifier(signed(n), account(agent(n)), bond)?
						}
						Step::Leave(n) => Verification::leave(signed(n))?,
						Step::Withdraw(n) => Verification::withdraw_bond(signed(n))?,
						Step::Wait(blocks) => wait(blocks),
					}
					Ok::<_, sp_runtime::DispatchError>(())
				});
				check();
			}
		});
	}
}
