//! What the runtime API asks of this pallet.

use crate::{
	Audit, Audits, Config, Disputes, Notes, Pallet, Private, Stage, Verdict, Verdicts, VerifierOf,
	Verifiers,
};
use alloc::vec::Vec;
use openledger_primitives_api::{AuditInfo, AuditStage, AuditVerdict, SeatInfo, VerifierInfo};
use openledger_primitives_core::{BlockNumber, RequestId};

impl From<Verdict> for AuditVerdict {
	fn from(verdict: Verdict) -> Self {
		match verdict {
			Verdict::Upheld => Self::Upheld,
			Verdict::Refuted(execution) => Self::Refuted(execution),
			Verdict::Withheld => Self::Withheld,
			Verdict::Sound(_) => Self::Sound,
			Verdict::Unsound(found) => Self::Unsound(found),
			Verdict::Compared(overlap, _) => Self::Compared(overlap),
			Verdict::Unshown => Self::Unshown,
		}
	}
}

fn stage(stage: Stage) -> (AuditStage, Option<BlockNumber>, Option<AuditVerdict>) {
	match stage {
		Stage::Drawing { .. } => (AuditStage::Drawing, None, None),
		Stage::Committing { until } => (AuditStage::Committing, Some(until), None),
		Stage::Revealing { until } => (AuditStage::Revealing, Some(until), None),
		Stage::Decided { verdict, until } => {
			(AuditStage::Decided, Some(until), Some(verdict.into()))
		}
		Stage::Correcting { until, .. } => (AuditStage::Correcting, Some(until), None),
		Stage::Undecided => (AuditStage::Undecided, None, None),
		Stage::Restoring { truth, until } => {
			(AuditStage::Restoring, Some(until), Some(Verdict::Refuted(truth).into()))
		}
	}
}

impl<T: Config> Pallet<T> {
	fn verifier_info(account: T::AccountId, verifier: VerifierOf<T>) -> VerifierInfo<T::AccountId> {
		VerifierInfo {
			account,
			agent: verifier.agent,
			bond: verifier.bond,
			since: verifier.since,
			duties: verifier.duties,
			upheld: verifier.upheld,
			strikes: verifier.strikes,
			leaving: verifier.leaving.is_some(),
		}
	}

	/// All verifiers, in no order: never more than [`Config::MaxVerifiers`].
	pub fn verifiers() -> Vec<VerifierInfo<T::AccountId>> {
		Verifiers::<T>::iter().map(|(who, entry)| Self::verifier_info(who, entry)).collect()
	}

	/// One verifier.
	pub fn verifier(account: T::AccountId) -> Option<VerifierInfo<T::AccountId>> {
		let verifier = Verifiers::<T>::get(&account)?;
		Some(Self::verifier_info(account, verifier))
	}

	/// The audit of a claim: none where lots did not call it to one, or the claim is forgotten.
	pub fn audit_of(claim: RequestId) -> Option<AuditInfo<T::AccountId>> {
		let info = |stage, until, verdict| AuditInfo {
			claim,
			stage,
			until,
			verdict,
			seats: Vec::new(),
			appellant: None,
			private: false,
			disputer: None,
			dispute_deposit: 0,
		};
		if let Some(verdict) = Verdicts::<T>::get(claim) {
			return Some(info(AuditStage::Concluded, None, Some(verdict.into())));
		}
		let Some(Audit { stage: at, seats, appeal, .. }) = Audits::<T>::get(claim) else {
			let note = Notes::<T>::get(claim)?;
			return Some(AuditInfo {
				private: Private::<T>::contains_key(claim),
				dispute_deposit: match Self::is_called_anyway(claim, &note) {
					true => 0,
					false => Self::dispute_deposit(note.fee),
				},
				..info(AuditStage::Undrawn, None, None)
			});
		};
		let (at, until, verdict) = stage(at);
		let seats = seats
			.into_iter()
			.map(|seat| SeatInfo {
				verifier: seat.verifier,
				level: seat.level,
				committed: seat.commitment.is_some(),
				found: seat.finding.as_ref().map(|finding| Verdict::of(finding).into()),
			})
			.collect();
		let appellant = appeal.map(|appeal| appeal.appellant);
		let disputer = Disputes::<T>::get(claim).map(|dispute| dispute.disputer);
		Some(AuditInfo { seats, appellant, disputer, ..info(at, until, verdict) })
	}
}
