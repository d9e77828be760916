//! `openledger operator`: bond, serve, leave.

use super::operator_stock;
use crate::{
	Context, amount,
	chain::{account, bytes, list, number},
	keys,
};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use openledger_primitives_api::OperatorInfo;
use serde_json::json;
use sp_core::crypto::{AccountId32, Ss58Codec};

/// Register as an operator and say which models you serve.
#[derive(Subcommand)]
pub enum Command {
	/// Bond OPEN and name the agent key that your node's worker signs with.
	Register {
		/// The agent's address. Its secret belongs into the node's keystore, type `oper`; a
		/// --dev node has //Alice//operator there.
		#[arg(long)]
		agent: String,
		/// What you put at stake.
		#[arg(long, value_parser = amount::parse)]
		bond: u128,
		/// Where others reach your worker over HTTP.
		#[arg(long, default_value = "http://127.0.0.1:9955")]
		endpoint: String,
		/// How many requests you take on at once.
		#[arg(long, default_value_t = 16)]
		capacity: u32,
	},
	/// Serve these models. Of one that puts records into prompts your worker fetches all of those first.
	Serve {
		/// Numbers of model versions.
		#[arg(required = true)]
		models: Vec<u32>,
	},
	/// Serve a model no more.
	Unserve {
		/// The model version's number.
		model: u32,
	},
	/// Take on no new requests; the bond can be withdrawn once nothing depends on it.
	Leave,
	/// Take the bond back after leaving.
	Withdraw,
	/// Show an operator; yourself without an address.
	Status {
		/// Whose status.
		address: Option<String>,
	},
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let output = context.output();
		let (call, arguments) = match self {
			Self::Register { agent, bond, endpoint, capacity } => {
				let agent = keys::account(&agent)?;
				(
					"register_operator",
					vec![
						("agent", account(&agent)),
						("bond", number(bond)),
						("endpoint", bytes(endpoint)),
						("capacity", number(capacity)),
					],
				)
			}
			Self::Serve { models } => {
				let (worker, signer) = (context.content()?, context.signer()?);
				operator_stock::fetch(&chain, &worker, &signer, &models, output).await?;
				("serve", vec![("models", list(models.into_iter().map(number)))])
			}
			Self::Unserve { model } => ("unserve", vec![("model", number(model))]),
			Self::Leave => ("leave", vec![]),
			Self::Withdraw => ("withdraw_bond", vec![]),
			Self::Status { address } => {
				let account = match address {
					Some(address) => keys::account(&address)?,
					None => context.signer()?.account(),
				};
				let info: Option<OperatorInfo<AccountId32>> =
					chain.api("operator", &account).await?;
				let Some(info) = info else { bail!("{} is no operator", account.to_ss58check()) };
				output.show(&info, text);
				return Ok(());
			}
		};
		chain
			.submit(&context.signer()?, "Inference", call, arguments)
			.await
			.with_context(|| format!("operator {call} failed"))?;
		output.show(&json!({ "done": call }), |_| format!("done: {call}"));
		Ok(())
	}
}

fn text(info: &OperatorInfo<AccountId32>) -> String {
	let models: Vec<_> = info.models.iter().map(u32::to_string).collect();
	format!(
		"operator {}\nagent    {}\nendpoint {}\nbond     {}\nrequests {} open of {}, {} answered, {} missed\nmodels   {}{}",
		info.account.to_ss58check(),
		info.agent.to_ss58check(),
		info.endpoint,
		amount::show(info.bond),
		info.open,
		info.capacity,
		info.answered,
		info.missed,
		if models.is_empty() { "none".into() } else { models.join(", ") },
		if info.leaving { "\nleaving" } else { "" },
	)
}
