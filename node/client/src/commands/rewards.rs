//! `openledger rewards`: what was earned, and getting it.

use crate::{Context, amount, chain, keys};
use anyhow::{Result, bail};
use clap::Subcommand;
use openledger_primitives_api::RewardsInfo;
use serde_json::json;
use sp_core::crypto::{AccountId32, Ss58Codec};

/// See and claim what your records, models or operators earned.
#[derive(Subcommand)]
pub enum Command {
	/// Show what an account has accrued, who is paid it, and whether it is open; your own without an address.
	Show {
		/// Whose rewards.
		address: Option<String>,
	},
	/// Pay out what has accrued; your own without an address.
	Claim {
		/// Whose: anyone may have another account's rewards paid, to that account or to its payee.
		address: Option<String>,
	},
	/// Name who is paid what you accrue, from the next claim on: a key that you keep cold, say. A
	/// deposit is held from you until you remove it again.
	Payee {
		/// Who is paid in your place; whom that account has named in turn doesn't count.
		#[arg(long, required_unless_present = "remove", conflicts_with = "remove")]
		to: Option<String>,
		/// Be paid yourself again, and get the deposit back.
		#[arg(long)]
		remove: bool,
	},
	/// Have a deposit held from you, for which the entry of what you accrue stays when it is paid out.
	/// Contributing to a Datanet does so by itself.
	Open,
	/// Get that deposit back, once nothing is accrued. What you earn afterwards still accrues; your next
	/// contribution opens your account again.
	Close,
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
				let info = rewards(&node, &account).await?;
				let address = account.to_ss58check();
				let payee = info.payee.as_ref().map(Ss58Codec::to_ss58check);
				let result = json!({
					"account": address,
					"accrued": info.accrued.to_string(),
					"paid": info.paid.to_string(),
					"payee": payee,
					"open": info.open,
				});
				output.show(&result, |_| {
					format!(
						"{address}\naccrued {}\npaid    {}\npayee   {}\nopen    {}",
						amount::show(info.accrued),
						amount::show(info.paid),
						payee.as_deref().unwrap_or("none"),
						if info.open { "yes" } else { "no" },
					)
				});
			}
			Self::Claim { address } => {
				let signer = context.signer()?;
				let account = match &address {
					Some(address) => keys::account(address)?,
					None => signer.account(),
				};
				let info = rewards(&node, &account).await?;
				if info.accrued == 0 {
					bail!("nothing has accrued to {}", account.to_ss58check());
				}
				if account == signer.account() {
					node.submit(&signer, "Rewards", "claim", vec![]).await?;
				} else {
					let arguments = vec![("account", chain::account(&account))];
					node.submit(&signer, "Rewards", "claim_for", arguments).await?;
				}
				let payee = info.payee.as_ref().unwrap_or(&account).to_ss58check();
				let result = json!({
					"account": account.to_ss58check(),
					"payee": payee,
					"claimed": info.accrued.to_string(),
				});
				output.show(&result, |_| {
					format!("claimed {}, paid to {payee}", amount::show(info.accrued))
				});
			}
			Self::Payee { to, remove: _ } => {
				let signer = context.signer()?;
				let account = signer.account();
				let payee = to.map(|to| keys::account(&to)).transpose()?;
				if payee.as_ref() == Some(&account) {
					bail!("that is the account itself: to be paid to it again, use --remove");
				}
				if payee.is_none() && rewards(&node, &account).await?.payee.is_none() {
					bail!("{} has no payee", account.to_ss58check());
				}
				let argument = chain::option(payee.as_ref().map(chain::address));
				node.submit(&signer, "Rewards", "set_payee", vec![("payee", argument)]).await?;
				let payee = payee.as_ref().map(Ss58Codec::to_ss58check);
				let result = json!({ "account": account.to_ss58check(), "payee": payee });
				output.show(&result, |_| match &payee {
					Some(payee) => format!("what you accrue is paid to {payee}"),
					None => "what you accrue is paid to yourself".into(),
				});
			}
			Self::Open => {
				let signer = context.signer()?;
				node.submit(&signer, "Rewards", "open_account", vec![]).await?;
				let result = json!({ "account": signer.account().to_ss58check(), "open": true });
				output.show(&result, |_| "your rewards account is open".into());
			}
			Self::Close => {
				let signer = context.signer()?;
				node.submit(&signer, "Rewards", "close_account", vec![]).await?;
				let result = json!({ "account": signer.account().to_ss58check(), "open": false });
				output.show(&result, |_| {
					"your rewards account is closed, its deposit is back".into()
				});
			}
		}
		Ok(())
	}
}

/// What an account has accrued, and who is paid it.
async fn rewards(node: &chain::Chain, account: &AccountId32) -> Result<RewardsInfo<AccountId32>> {
	node.api("rewards", account).await
}
