//! `openledger model`: bases, training, publishing.

use super::{
	adapter,
	datanet::all,
	publish::{self, Publish},
	serve::{self, Serve},
	train::{self, Train},
	verify_training::{self, VerifyTraining},
};
use crate::{Context, amount, chain::number, output};
use anyhow::Result;
use clap::Subcommand;
use openledger_primitives_api::{BaseInfo, MAX_PAGE, ModelInfo};
use openledger_primitives_core::model::ModelStatus;
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
				output.show(&models, |models| {
					output::table(models.iter().map(Row::from), "There are no models yet.")
				});
				return Ok(());
			}
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

#[derive(Tabled)]
struct Row {
	id: u32,
	name: String,
	status: String,
	base: u32,
	snapshots: String,
	price: String,
	answers: u64,
	fees: String,
	owner: String,
}

impl From<&ModelInfo<AccountId32>> for Row {
	fn from(info: &ModelInfo<AccountId32>) -> Self {
		let snapshots: Vec<_> = info
			.spec
			.snapshots
			.iter()
			.map(|reference| format!("{}:{}", reference.datanet, reference.snapshot))
			.collect();
		let status = match info.status {
			ModelStatus::Draft => "draft",
			ModelStatus::Indexed => "indexed",
			ModelStatus::Published => "published",
			ModelStatus::Deprecated => "deprecated",
			ModelStatus::Retired => "retired",
			ModelStatus::Condemned => "condemned",
		};
		Self {
			id: info.id,
			name: info.name.clone(),
			status: status.into(),
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
