//! `openledger model show`: a version, and what stands behind it.

use super::datanet::all;
use crate::{Context, amount, chain::Chain, output};
use anyhow::{Context as _, Result};
use openledger_primitives_api::{MAX_PAGE, ModelInfo, StandingInfo};
use openledger_primitives_core::model::{Assurance, ModelStatus, Unaudited};
use serde::Serialize;
use sp_core::crypto::AccountId32;

/// A version as the command shows it.
#[derive(Serialize)]
struct Shown {
	#[serde(flatten)]
	info: ModelInfo<AccountId32>,
	standing: Option<StandingInfo>,
}

/// Runs the command.
pub async fn run(model: u32, context: &Context) -> Result<()> {
	let chain = context.chain().await?;
	let info: Option<ModelInfo<AccountId32>> = chain.api("model", model).await?;
	let info = info.with_context(|| {
		format!("there is no model {model}: openledger model list lists those that there are")
	})?;
	let standing = standing(&chain, model).await?;
	context.output().show(&Shown { info, standing }, text);
	Ok(())
}

/// What stands behind a version, where it has an index.
pub async fn standing(chain: &Chain, model: u32) -> Result<Option<StandingInfo>> {
	chain.api("standing", model).await
}

/// What stands behind all versions that have an index.
pub async fn standings(chain: &Chain) -> Result<Vec<StandingInfo>> {
	all(|start| chain.api("standings", (start, MAX_PAGE)), |found: &StandingInfo| found.model).await
}

/// A version's status in a word.
pub fn status(status: ModelStatus) -> &'static str {
	match status {
		ModelStatus::Draft => "draft",
		ModelStatus::Indexed => "indexed",
		ModelStatus::Published => "published",
		ModelStatus::Deprecated => "deprecated",
		ModelStatus::Retired => "retired",
		ModelStatus::Condemned => "condemned",
	}
}

/// What stands behind a version in few words.
pub fn audited(assurance: Assurance) -> &'static str {
	match assurance {
		Assurance::Waiting => "being audited",
		Assurance::Audited => "audited",
		Assurance::Unaudited(Unaudited::Before) => "unaudited: from before audits",
		Assurance::Unaudited(Unaudited::Off) => "unaudited: switched off",
		Assurance::Unaudited(Unaudited::NotCalled) => "unaudited: not called by lots",
		Assurance::Unaudited(Unaudited::TooFewVerifiers) => "unaudited: too few verifiers",
		Assurance::Unaudited(Unaudited::Tolerant) => "unaudited: tolerant arithmetic",
		Assurance::Withheld => "withheld",
		Assurance::Refuted => "refuted",
	}
}

/// What the owner can do about it, if anything.
fn advice(standing: &StandingInfo) -> Option<String> {
	let model = standing.model;
	match standing.assurance {
		Assurance::Waiting => {
			Some(format!("openledger audit show model {model} shows how far its audit is"))
		}
		Assurance::Withheld => Some(format!(
			"the verifiers found adapter, index, manifest, records or checkpoints nowhere: store \
			 them with openledger model publish, then openledger model ask-audit {model}. Removing \
			 it as it is loses its bond"
		)),
		_ => None,
	}
}

/// The version, for people.
fn text(shown: &Shown) -> String {
	let Shown { info, standing } = shown;
	let mut out = format!(
		"model {}: {}, {}\nowner {}\n{} in, {} out for 1,000 tokens; {} answers, {} in fees, of which {} \
		 to contributors",
		info.id,
		info.name,
		status(info.status),
		output::brief(&info.owner),
		amount::show(info.price.prompt),
		amount::show(info.price.output),
		info.answers,
		amount::show(info.fees),
		amount::show(info.to_contributors),
	);
	if let Some(standing) = standing {
		out.push_str(&format!("\n{}", audited(standing.assurance)));
		if standing.asked > 1 {
			out.push_str(&format!(", asked for {} times", standing.asked));
		}
		if let Some(advice) = advice(standing) {
			out.push_str(&format!("; {advice}"));
		}
	}
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn owner_is_told_what_to_do_where_there_is_something_to_do() {
		let of =
			|assurance| advice(&StandingInfo { model: 7, assurance, asked: 1, training: None });
		assert!(of(Assurance::Waiting).unwrap().contains("audit show model 7"));
		assert!(of(Assurance::Withheld).unwrap().contains("ask-audit 7"));
		assert_eq!(of(Assurance::Audited), None);
	}
}
