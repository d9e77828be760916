use crate::{Error, Event, Stage, mock::*};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use openledger_primitives_attribution::audit::{Execution, Finding, Level, commitment};
use openledger_primitives_core::Hash;

type E = Error<Test>;

#[test]
fn committee_reveals_once_all_have_committed() {
	chain(5, || {
		let committee = called(&truth());
		assert_eq!(committee.len(), 3);
		let finding = honest(&truth());
		for n in &committee {
			assert_noop!(reveal(*n, finding.clone()), E::NotRevealing);
			assert_ok!(commit(*n, &finding));
		}
		assert_eq!(stage(), Stage::Revealing { until: 1 + REVEAL });
		System::assert_last_event(
			Event::FindingCommitted { claim: CLAIM, verifier: account(committee[2]) }.into(),
		);
		assert_noop!(commit(committee[0], &finding), E::NotCommitting);
		for n in &committee {
			assert_ok!(reveal(*n, finding.clone()));
		}
		assert!(matches!(stage(), Stage::Decided { .. }));
	});
}

#[test]
fn committing_and_revealing_are_free() {
	chain(3, || {
		let committee = called(&truth());
		let finding = honest(&truth());
		for n in &committee {
			let commitment = commitment(CLAIM, Level::First, &finding, &account(*n), &[*n; 32]);
			let done = Verification::commit(signed(agent(*n)), CLAIM, commitment).unwrap();
			assert_eq!(done.pays_fee, Pays::No);
		}
		let n = committee[0];
		let done = Verification::reveal(signed(agent(n)), CLAIM, finding, [n; 32]).unwrap();
		assert_eq!(done.pays_fee, Pays::No);
	});
}

#[test]
fn finding_is_refused_without_a_seat_twice_and_too_late() {
	chain(4, || {
		let committee = called(&truth());
		let finding = honest(&truth());
		let outsider = (10..14).find(|n| !committee.contains(n)).unwrap();
		assert_noop!(commit(outsider, &finding), E::NoSeat);
		assert_noop!(Verification::commit(signed(9), CLAIM, Hash::zero()), E::NotAgent);
		assert_noop!(
			Verification::commit(signed(agent(committee[0])), 99, Hash::zero()),
			E::UnknownAudit
		);
		assert_ok!(commit(committee[0], &finding));
		assert_noop!(commit(committee[0], &finding), E::AlreadyCommitted);
		System::set_block_number(u64::from(1 + COMMIT));
		assert_noop!(commit(committee[1], &finding), E::TooLate);
		Verification::advance(signed(9), CLAIM).unwrap();
		assert_noop!(reveal(committee[1], finding.clone()), E::WrongOpening);
		System::set_block_number(u64::from(1 + COMMIT + REVEAL));
		assert_noop!(reveal(committee[0], finding), E::TooLate);
	});
}

#[test]
fn revealed_is_what_was_committed() {
	chain(3, || {
		let committee = called(&truth());
		let finding = honest(&truth());
		for n in &committee {
			commit(*n, &finding).unwrap();
		}
		assert_noop!(reveal(committee[0], Finding::Withheld), E::WrongOpening);
		assert_noop!(
			Verification::reveal(signed(agent(committee[0])), CLAIM, finding.clone(), [99; 32]),
			E::WrongOpening
		);
		assert_ok!(reveal(committee[0], finding.clone()));
		assert_noop!(reveal(committee[0], finding), E::AlreadyRevealed);
	});
}

#[test]
fn who_has_not_executed_cannot_uphold() {
	chain(3, || {
		let claimed = truth();
		let committee = called(&claimed);
		let Finding::Upheld { seals, .. } = honest(&claimed) else { panic!("upheld") };
		// Everything that the chain knows, and nothing of the execution.
		let copied = Finding::Upheld { trace: claimed.trace, seals };
		for n in &committee {
			commit(*n, &copied).unwrap();
		}
		assert_noop!(reveal(committee[0], copied), E::NotExecuted);
	});
}

#[test]
fn nothing_is_refuted_by_what_is_claimed() {
	chain(3, || {
		let committee = called(&truth());
		let same = Finding::Refuted(Execution {
			answer: answer(CLAIM).answer,
			usage: answer(CLAIM).usage,
			claim: openledger_primitives_attribution::audit::digest(&truth()),
		});
		for n in &committee {
			commit(*n, &same).unwrap();
		}
		assert_noop!(reveal(committee[0], same), E::NothingRefuted);
	});
}
