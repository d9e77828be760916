//! Whose word a claim is, once an audit had its say.

use openledger_primitives_api::{AuditInfo, AuditStage, AuditVerdict};
use serde::Serialize;
use sp_core::crypto::AccountId32;

/// Whose a claim is: its gain, its records, and the sketch of the question that records for the prompt were
/// found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Whose {
	/// The operator's, as verified and, where it was challenged, corrected.
	Operator,
	/// The verifiers': an audit found the operator's false, and the true one took its place.
	Verifiers,
	/// An audit found the operator's false, and nobody is credited.
	Nobody,
}

impl Whose {
	/// Of a claim with this audit, whose fee went back or did not, and which credits anybody or nobody. A claim
	/// whose fee went back stays as its operator made it.
	pub(super) fn of(
		audit: Option<&AuditInfo<AccountId32>>,
		paid_back: bool,
		credits: bool,
	) -> Self {
		let refuted = audit.is_some_and(|info| {
			info.stage == AuditStage::Concluded
				&& matches!(info.verdict, Some(AuditVerdict::Refuted(_)))
		});
		match (refuted && !paid_back, credits) {
			(false, _) => Self::Operator,
			(true, true) => Self::Verifiers,
			(true, false) => Self::Nobody,
		}
	}

	/// The same for people, with a line's end; nothing where a claim is its operator's. The version puts records
	/// into prompts or does not.
	pub(super) fn text(self, retrieving: bool) -> &'static str {
		match (self, retrieving) {
			(Self::Operator, _) => "",
			(Self::Verifiers, false) => {
				"The operator's claim was found false: gain and records are the verifiers'.\n"
			}
			(Self::Verifiers, true) => {
				"The operator's claim was found false: gain and records are the verifiers', and so is the sketch of \
				 the question that the records in the prompt are the most relevant for.\n"
			}
			(Self::Nobody, _) => "The operator's claim was found false, and credits nobody.\n",
		}
	}
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use openledger_primitives_attribution::audit::Execution;
	use openledger_primitives_core::{Hash, model::Usage};

	/// An audit that stands there.
	pub(crate) fn audit(
		stage: AuditStage,
		verdict: Option<AuditVerdict>,
	) -> AuditInfo<AccountId32> {
		AuditInfo {
			claim: 3,
			stage,
			until: None,
			verdict,
			seats: Vec::new(),
			appellant: None,
			private: false,
			disputer: None,
			dispute_deposit: 0,
		}
	}

	pub(crate) fn refuted() -> AuditVerdict {
		AuditVerdict::Refuted(Execution {
			answer: Hash::repeat_byte(1),
			claim: Hash::repeat_byte(2),
			usage: Usage { prompt: 1, output: 1 },
		})
	}

	#[test]
	fn claim_is_the_verifiers_once_the_true_one_took_its_place() {
		let concluded = audit(AuditStage::Concluded, Some(refuted()));
		assert_eq!(Whose::of(Some(&concluded), false, true), Whose::Verifiers);
		assert_eq!(Whose::of(Some(&concluded), false, false), Whose::Nobody);
		// The fee went back, and the false claim stayed as it was.
		assert_eq!(Whose::of(Some(&concluded), true, true), Whose::Operator);
		let upheld = audit(AuditStage::Concluded, Some(AuditVerdict::Upheld));
		let waiting = audit(AuditStage::Correcting, None);
		let decided = audit(AuditStage::Decided, Some(refuted()));
		for other in [None, Some(&upheld), Some(&waiting), Some(&decided)] {
			assert_eq!(Whose::of(other, false, true), Whose::Operator);
		}
	}

	#[test]
	fn people_are_told_of_the_question_where_records_are_put_into_prompts() {
		assert!(Whose::Verifiers.text(true).contains("sketch of the question"));
		assert!(!Whose::Verifiers.text(false).contains("question"));
		assert!(Whose::Nobody.text(true).contains("credits nobody"));
		assert_eq!(Whose::Operator.text(true), "");
	}
}
