//! What `openledger model publish` waits for once an index is committed: what the version's audit comes to.

use super::{audit, model_show};
use crate::{
	chain::{Chain, number},
	keys::Signer,
	output::Output,
};
use anyhow::{Context as _, Result, bail};
use openledger_primitives_api::{AuditInfo, AuditStage, AuditVerdict};
use openledger_primitives_core::{ModelId, model::Assurance, subject::version_id};
use sp_core::crypto::AccountId32;
use std::time::Duration;

/// How often the audit is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(6);

/// Waits until a version may be published: it was audited, or does not have to be. With `appeals`, a verdict
/// that finds it false is appealed against for the signer.
pub async fn wait(
	chain: &Chain,
	signer: &Signer,
	model: ModelId,
	appeals: bool,
	output: Output,
) -> Result<()> {
	let mut told = None;
	let mut appealed = false;
	loop {
		let standing = model_show::standing(chain, model).await?;
		let Some(assurance) = standing.map(|standing| standing.assurance) else { return Ok(()) };
		match assurance {
			Assurance::Waiting => {
				let info: Option<AuditInfo<AccountId32>> =
					chain.api("audit", version_id(model)).await?;
				let stage = info.as_ref().map(|info| told_of(info, model, appeals));
				if stage != told {
					output.say(stage.clone().unwrap_or_else(|| "waiting for its audit".into()));
					told = stage;
				}
				if appeals && !appealed && info.as_ref().is_some_and(is_appealable) {
					let call = vec![("claim", number(version_id(model)))];
					let sent = chain.submit(signer, "Audits", "appeal", call).await;
					sent.context("the appeal failed")?;
					appealed = true;
				}
				tokio::time::sleep(LOOK_AGAIN).await;
			}
			Assurance::Audited => return Ok(()),
			Assurance::Unaudited(_) => {
				output.say(format!("model {model} is {}", model_show::audited(assurance)));
				return Ok(());
			}
			Assurance::Withheld => bail!(
				"the verifiers found what model {model} is made of nowhere: see that their workers reach \
				 this one's store, then openledger model ask-audit {model} and publish again. Removing it \
				 as it is loses its bond"
			),
			Assurance::Refuted => bail!("the audit found model {model} false: it is condemned"),
		}
	}
}

/// Whether a verdict costs the owner its bond unless somebody appeals. After an appeal there is no other.
fn is_appealable(info: &AuditInfo<AccountId32>) -> bool {
	let unsound = matches!(info.verdict, Some(AuditVerdict::Unsound(_)));
	info.stage == AuditStage::Decided && unsound
}

/// Where the audit stands, and what its owner can do about it.
fn told_of(info: &AuditInfo<AccountId32>, model: ModelId, appeals: bool) -> String {
	let text = audit::text(info);
	let Some(until) = info.until.filter(|_| is_appealable(info) && !appeals) else { return text };
	format!(
		"{text}\nnobody appeals for you: if it is not false, openledger audit appeal model {model} before \
		 block {until}, or it is condemned and its bond lost"
	)
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_attribution::audit::Recomputed;
	use openledger_primitives_core::Hash;

	fn info(stage: AuditStage, verdict: Option<AuditVerdict>) -> AuditInfo<AccountId32> {
		let claim = version_id(7);
		AuditInfo {
			claim,
			stage,
			until: Some(900),
			verdict,
			seats: Vec::new(),
			appellant: None,
			private: false,
			disputer: None,
			dispute_deposit: 0,
		}
	}

	fn unsound() -> AuditVerdict {
		AuditVerdict::Unsound(Recomputed {
			leaves: Hash::zero(),
			state: Hash::zero(),
			floor_ppm: 1,
		})
	}

	#[test]
	fn owner_is_told_how_and_until_when_to_appeal_where_its_version_is_found_false() {
		let decided = info(AuditStage::Decided, Some(unsound()));
		let told = told_of(&decided, 7, false);
		assert!(told.contains("openledger audit appeal model 7"), "{told}");
		assert!(told.contains("before block 900"), "{told}");
		assert!(is_appealable(&decided));
		assert!(!told_of(&decided, 7, true).contains("audit appeal"), "it is done for the owner");
	}

	#[test]
	fn nothing_is_appealed_against_that_costs_no_bond_or_is_not_decided() {
		for other in [
			info(AuditStage::Decided, Some(AuditVerdict::Sound)),
			info(AuditStage::Decided, Some(AuditVerdict::Withheld)),
			info(AuditStage::Drawing, None),
			info(AuditStage::Undecided, Some(unsound())),
		] {
			assert!(!is_appealable(&other), "{other:?}");
			assert_eq!(told_of(&other, 7, false), audit::text(&other));
		}
	}
}
