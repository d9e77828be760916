//! `openledger rewards`: what was earned, and getting it.

use crate::{Context, amount, chain, keys};
use anyhow::{Result, bail};
use clap::Subcommand;
use openledger_primitives_api::RewardsInfo;
use serde_json::json;
use sp_core::crypto::Ss58Codec;

/// See and claim what your records, models or operators earned.
#[derive(Subcommand)]
pub enum Command {
	/// Show what an account has accrued; your own without an address.
	Show {
		/// Whose rewards.
		address: Option<String>,
	},
	/// Pay out what has accrued; your own without an address.
	Claim {
		/// To whom: anyone may pay another account what it has accrued.
		address: Option<String>,
	},
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let output = context.output();
		let node = context.chain().await?;
		match self {
			Self::Show { address } => {
				let account = match address {
					Some(address) => keys::account(&address)?,
					None => context.signer()?.account(),
				};
				let info: RewardsInfo = node.api("rewards", &account).await?;
				let address = account.to_ss58check();
				let result = json!({
					"account": address,
					"accrued": info.accrued.to_string(),
					"paid": info.paid.to_string(),
				});
				output.show(&result, |_| {
					format!(
						"{address}\naccrued {}\npaid    {}",
						amount::show(info.accrued),
						amount::show(info.paid)
					)
				});
			}
			Self::Claim { address } => {
				let signer = context.signer()?;
				let account = match &address {
					Some(address) => keys::account(address)?,
					None => signer.account(),
				};
				let info: RewardsInfo = node.api("rewards", &account).await?;
				if info.accrued == 0 {
					bail!("nothing has accrued to {}", account.to_ss58check());
				}
				if account == signer.account() {
					node.submit(&signer, "Rewards", "claim", vec![]).await?;
				} else {
					let arguments = vec![("account", chain::account(&account))];
					node.submit(&signer, "Rewards", "claim_for", arguments).await?;
				}
				let result = json!({
					"account": account.to_ss58check(), "claimed": info.accrued.to_string(),
				});
				output.show(&result, |_| format!("claimed {}", amount::show(info.accrued)));
			}
		}
		Ok(())
	}
}
