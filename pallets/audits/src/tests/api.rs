use crate::mock::*;
use frame_support::assert_ok;
use openledger_primitives_api::{AuditStage, AuditVerdict};

#[test]
fn verifiers_are_shown_as_they_are() {
	chain(2, || {
		assert_ok!(Verification::leave(signed(11)));
		let all = Verification::verifiers();
		assert_eq!(all.len(), 2);
		let one = Verification::verifier(account(11)).unwrap();
		assert!(all.contains(&one));
		assert_eq!((one.bond, one.since, one.leaving), (BOND, 4, true));
		assert_eq!(one.agent, account(111));
		assert_eq!(Verification::verifier(account(12)), None);
	});
}

#[test]
fn audit_is_shown_from_its_note_to_its_verdict() {
	chain(3, || {
		assert_eq!(Verification::audit_of(CLAIM), None);
		noted(CLAIM, &truth());
		let stage = || Verification::audit_of(CLAIM).unwrap().stage;
		assert_eq!(stage(), AuditStage::Undrawn);
		lots(1);
		drawn(CLAIM).unwrap();
		let info = Verification::audit_of(CLAIM).unwrap();
		assert_eq!((info.stage, info.until), (AuditStage::Committing, Some(1 + COMMIT)));
		let committee = sitting();
		let finding = honest(&truth());
		for n in &committee {
			commit(*n, &finding).unwrap();
		}
		reveal(committee[0], finding.clone()).unwrap();
		let info = Verification::audit_of(CLAIM).unwrap();
		assert_eq!(info.stage, AuditStage::Revealing);
		assert!(info.seats.iter().all(|seat| seat.committed));
		let found: Vec<_> = info.seats.iter().filter_map(|seat| seat.found).collect();
		assert_eq!(found, [AuditVerdict::Upheld]);
		for n in &committee[1..] {
			reveal(*n, finding.clone()).unwrap();
		}
		let info = Verification::audit_of(CLAIM).unwrap();
		assert_eq!((info.stage, info.verdict), (AuditStage::Decided, Some(AuditVerdict::Upheld)));
		wait(WINDOW);
		let info = Verification::audit_of(CLAIM).unwrap();
		assert_eq!((info.stage, info.verdict), (AuditStage::Concluded, Some(AuditVerdict::Upheld)));
	});
}
