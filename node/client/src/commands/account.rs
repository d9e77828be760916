//! `openledger account`: keys, balances, transfers.

use crate::{
	Context, amount,
	chain::{address, call, number},
	keys,
};
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use sp_core::crypto::Ss58Codec;
use std::path::PathBuf;

/// Make keys, see balances, send OPEN.
#[derive(Subcommand)]
pub enum Command {
	/// Make a new key file, readable by you alone. Back it up: it can't be made again.
	New {
		/// Where to write it.
		#[arg(long, default_value_os_t = keys::data_folder().join("key.json"))]
		file: PathBuf,
	},
	/// Show an account's balance; your own without an address.
	Show {
		/// An SS58 address, a 0x public key, or on development chains a path such as //Alice.
		address: Option<String>,
	},
	/// Send OPEN, to several accounts in one extrinsic if need be.
	Send {
		/// How much to each, such as 0.5.
		#[arg(value_parser = amount::parse)]
		amount: u128,
		/// To whom.
		#[arg(required = true)]
		to: Vec<String>,
	},
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let output = context.output();
		match self {
			Self::New { file } => {
				let address = keys::create(&file)?;
				output.show(&json!({ "address": address, "file": file }), |_| {
					format!("{address}\nThe key is in {}. Keep a copy of it.", file.display())
				});
			}
			Self::Show { address } => {
				let account = match address {
					Some(address) => keys::account(&address)?,
					None => context.signer()?.account(),
				};
				let (free, held) = context.chain().await?.balance(&account).await?;
				let address = account.to_ss58check();
				let result = json!({
					"address": address, "free": free.to_string(), "held": held.to_string(),
				});
				output.show(&result, |_| {
					format!("{address}\nfree {}\nheld {}", amount::show(free), amount::show(held))
				});
			}
			Self::Send { amount, to } => {
				let accounts = to.iter().map(|to| keys::account(to)).collect::<Result<Vec<_>>>()?;
				let calls = accounts
					.iter()
					.map(|to| {
						let arguments = [("dest", address(to)), ("value", number(amount))];
						call("Balances", "transfer_keep_alive", arguments)
					})
					.collect();
				context.chain().await?.submit_all(&context.signer()?, calls).await?;
				let to: Vec<_> = accounts.iter().map(Ss58Codec::to_ss58check).collect();
				output.show(&json!({ "to": to, "amount": amount.to_string() }), |_| {
					format!("sent {} to {}", amount::show(amount), to.join(", "))
				});
			}
		}
		Ok(())
	}
}
