//! What members of committees find, commit to and reveal.

use super::*;
use openledger_primitives_attribution::audit::{Execution, Finding};

/// What a verifier finds who executes.
pub fn honest(claimed: &Claim<AccountId32>) -> Finding {
	let execution = Execution {
		answer: answer(CLAIM).answer,
		usage: answer(CLAIM).usage,
		claim: audit::digest(&truth()),
	};
	if *claimed == truth() {
		let seals = audit::seals(&subject(), &traces(100));
		Finding::Upheld { trace: traces(100)[level() as usize], seals }
	} else {
		Finding::Refuted(execution)
	}
}

/// What a verifier says who has the false claim's traces from its operator.
pub fn colluding(claimed: &Claim<AccountId32>) -> Finding {
	let seals = audit::seals(&subject(), &traces(claimed.gain));
	Finding::Upheld { trace: traces(claimed.gain)[level() as usize], seals }
}

/// What verifiers find who all compute `seen` of the version again.
pub fn sound(seen: u8) -> Finding {
	let note = crate::Notes::<Test>::get(VERSION).unwrap();
	let traces = audit::traces(&(note.subject, seen));
	let seals = audit::seals(&note.subject, &traces);
	Finding::Sound { trace: traces[level_of(VERSION) as usize], seals }
}

pub fn unsound(seen: u8) -> Finding {
	let (leaves, state) = (Hash::repeat_byte(seen), Hash::repeat_byte(seen));
	Finding::Unsound(audit::Recomputed { leaves, state, floor_ppm: seen.into() })
}

pub fn commit(n: u8, finding: &Finding) -> DispatchResult {
	commit_in(CLAIM, n, finding)
}

pub fn commit_in(id: RequestId, n: u8, finding: &Finding) -> DispatchResult {
	let commitment = audit::commitment(id, level_of(id), finding, &account(n), &[n; 32]);
	Verification::commit(signed(agent(n)), id, commitment).map(|_| ()).map_err(|e| e.error)
}

pub fn reveal(n: u8, finding: Finding) -> DispatchResult {
	reveal_in(CLAIM, n, finding)
}

pub fn reveal_in(id: RequestId, n: u8, finding: Finding) -> DispatchResult {
	frame_support::storage::with_storage_layer(|| {
		Verification::reveal(signed(agent(n)), id, finding, [n; 32])
			.map(|_| ())
			.map_err(|e| e.error)
	})
}

/// Every member commits to and reveals what it finds.
pub fn find(findings: &[(u8, Finding)]) {
	find_in(CLAIM, findings);
}

pub fn find_in(id: RequestId, findings: &[(u8, Finding)]) {
	for (n, finding) in findings {
		commit_in(id, *n, finding).unwrap();
	}
	for (n, finding) in findings {
		reveal_in(id, *n, finding.clone()).unwrap();
	}
}
