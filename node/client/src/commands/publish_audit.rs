//! What `openledger model publish` waits for once an index is committed: what the version's audit comes to.

use super::{audit, model_show};
use crate::{chain::Chain, output::Output};
use anyhow::{Result, bail};
use openledger_primitives_api::AuditInfo;
use openledger_primitives_core::{ModelId, model::Assurance, subject::version_id};
use sp_core::crypto::AccountId32;
use std::time::Duration;

/// How often the audit is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(6);

/// Waits until a version may be published: it was audited, or does not have to be.
pub async fn wait(chain: &Chain, model: ModelId, output: Output) -> Result<()> {
	let mut told = None;
	loop {
		let standing = model_show::standing(chain, model).await?;
		let Some(assurance) = standing.map(|standing| standing.assurance) else { return Ok(()) };
		match assurance {
			Assurance::Waiting => {
				let info: Option<AuditInfo<AccountId32>> =
					chain.api("audit", version_id(model)).await?;
				let stage = info.as_ref().map(audit::text);
				if stage != told {
					output.say(stage.clone().unwrap_or_else(|| "waiting for its audit".into()));
					told = stage;
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
