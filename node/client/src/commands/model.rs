//! `openledger model`: bases, training, publishing.

use super::{
	adapter,
	datanet::all,
	model_show,
	publish::{self, Publish},
	serve::{self, Serve},
	train::{self, Train},
	verify_training::{self, VerifyTraining},
};
use crate::{Context, amount, chain::number, output};
use anyhow::Result;
use clap::Subcommand;
use openledger_primitives_api::{BaseInfo, MAX_PAGE, ModelInfo};
use openledger_primitives_core::model::Assurance;
use serde::Serialize;
use serde_json::json;
use sp_core::crypto::AccountId32;
use tabled::Tabled;

/// Train adapters on Datanets and publish them as models.
#[derive(Subcommand)]
pub enum Command {
	// Without a comment here, the one of the arguments is the help, all of it.
	Train(Box<Train>),
	VerifyTraining(VerifyTraining),
	/// Publish a trained adapter as a model: register it, build its attribution index, commit to
	/// it. Interrupted, the same command goes on where it stopped.
	Publish(Publish),
	// Without a comment here, the one of the arguments is the help, all of it.
	Serve(Serve),
	/// Look at adapters, bring them from and to other tools, merge them into their base.
	#[command(subcommand)]
	Adapter(adapter::Command),
	/// List model versions.
	List,
	/// Show a version: its terms, and whether it was audited.
	Show {
		/// The model version's number.
		model: u32,
	},
	/// Have a version audited again whose content the last audit found withheld.
	AskAudit {
		/// The model version's number.
		model: u32,
	},
	/// List bases.
	Bases,
	/// Tell a version's users to move on; it still answers.
	Deprecate {
		/// The model version's number.
		model: u32,
	},
	/// End a version for good.
	Retire {
		/// The model version's number.
		model: u32,
	},
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let output = context.output();
		let (call, model) = match self {
			Self::Train(arguments) => return train::run(*arguments, context).await,
			Self::VerifyTraining(arguments) => {
				return verify_training::run(arguments, context).await;
			}
			Self::Publish(arguments) => return publish::run(arguments, context).await,
			Self::Serve(arguments) => return serve::run(arguments, context).await,
			Self::Adapter(command) => return command.run(context.output()).await,
			Self::List => {
				let chain = context.chain().await?;
				let models = all(
					|start| chain.api("models", (start, MAX_PAGE)),
					|found: &ModelInfo<AccountId32>| found.id,
				)
				.await?;
				let standings = model_show::standings(&chain).await?;
				let of = |id| standings.iter().find(|standing| standing.model == id);
				let listed: Vec<Listed<'_>> = models
					.iter()
					.map(|info| Listed { info, audit: of(info.id).map(|found| found.assurance) })
					.collect();
				output.show(&listed, |listed| {
					output::table(listed.iter().map(Row::from), "There are no models yet.")
				});
				return Ok(());
			}
			Self::Show { model } => return model_show::run(model, context).await,
			Self::AskAudit { model } => ("ask_audit", model),
			Self::Bases => {
				let chain = context.chain().await?;
				let bases = all(
					|start| chain.api("bases", (start, MAX_PAGE)),
					|found: &BaseInfo<AccountId32>| found.id,
				)
				.await?;
				output.show(&bases, |bases| {
					output::table(bases.iter().map(BaseRow::from), "There are no bases yet.")
				});
				return Ok(());
			}
			Self::Deprecate { model } => ("deprecate", model),
			Self::Retire { model } => ("retire", model),
		};
		let arguments = vec![("model", number(model))];
		context.chain().await?.submit(&context.signer()?, "Models", call, arguments).await?;
		output.show(&json!({ "model": model, "done": call }), |_| format!("done: {call} {model}"));
		Ok(())
	}
}

/// A version with what stands behind it.
#[derive(Serialize)]
struct Listed<'a> {
	#[serde(flatten)]
	info: &'a ModelInfo<AccountId32>,
	audit: Option<Assurance>,
}

#[derive(Tabled)]
struct Row {
	id: u32,
	name: String,
	status: String,
	audit: &'static str,
	base: u32,
	snapshots: String,
	price: String,
	answers: u64,
	fees: String,
	owner: String,
}

impl From<&Listed<'_>> for Row {
	fn from(Listed { info, audit }: &Listed<'_>) -> Self {
		let snapshots: Vec<_> = info
			.spec
			.snapshots
			.iter()
			.map(|reference| format!("{}:{}", reference.datanet, reference.snapshot))
			.collect();
		Self {
			id: info.id,
			name: info.name.clone(),
			status: model_show::status(info.status).into(),
			audit: audit.map_or("", model_show::audited),
			base: info.spec.base,
			snapshots: snapshots.join(", "),
			price: format!(
				"{} in, {} out",
				amount::show(info.price.prompt),
				amount::show(info.price.output)
			),
			answers: info.answers,
			fees: amount::show(info.fees),
			owner: output::brief(&info.owner),
		}
	}
}

#[derive(Tabled)]
struct BaseRow {
	id: u32,
	name: String,
	architecture: String,
	royalty: String,
	weights: String,
}

impl From<&BaseInfo<AccountId32>> for BaseRow {
	fn from(info: &BaseInfo<AccountId32>) -> Self {
		Self {
			id: info.id,
			name: info.name.clone(),
			architecture: info.architecture.clone(),
			royalty: format!("{:.2} %", f64::from(info.royalty_ppm) / 10_000.0),
			weights: output::hex(&info.weights),
		}
	}
}
