//! `openledger verifier`: bond, leave, and what verifiers there are.

use crate::{
	Context, amount,
	chain::{account, number},
	keys, output,
};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use openledger_primitives_api::VerifierInfo;
use serde_json::json;
use sp_core::crypto::{AccountId32, Ss58Codec};
use tabled::Tabled;

/// Register as a verifier, who executes answers again that lots call to audit.
///
/// A verifier's node needs the bases of the models that it may be drawn for, as an operator's does
/// (openledger-node --operator --operator-base FILE), and the agent's key in its keystore. It
/// executes, commits and reveals by itself.
#[derive(Subcommand)]
pub enum Command {
	/// Bond OPEN and name the agent key that your node's worker signs with. The chance to be drawn
	/// is in proportion to the bond.
	Register {
		/// The agent's address. Its secret belongs into the node's keystore, type `oper`. Not an
		/// operator's agent: two workers would share its nonces. It needs some OPEN for appeals.
		#[arg(long)]
		agent: String,
		/// What you put at stake.
		#[arg(long, value_parser = amount::parse)]
		bond: u128,
	},
	/// Add to your bond. You are drawn for claims made from now on.
	Bond {
		/// How much.
		#[arg(value_parser = amount::parse)]
		amount: u128,
	},
	/// Be drawn no more; the bond can be withdrawn once every audit is concluded.
	Leave,
	/// Take the bond back after leaving.
	Withdraw,
	/// Show a verifier; yourself without an address.
	Status {
		/// Whose status.
		address: Option<String>,
	},
	/// List all verifiers.
	List,
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let printer = context.output();
		let (call, arguments) = match self {
			Self::Register { agent, bond } => {
				let agent = keys::account(&agent)?;
				("register_verifier", vec![("agent", account(&agent)), ("bond", number(bond))])
			}
			Self::Bond { amount } => ("bond_extra", vec![("amount", number(amount))]),
			Self::Leave => ("leave", vec![]),
			Self::Withdraw => ("withdraw_bond", vec![]),
			Self::Status { address } => {
				let account = match address {
					Some(address) => keys::account(&address)?,
					None => context.signer()?.account(),
				};
				let info: Option<VerifierInfo<AccountId32>> =
					chain.api("verifier", &account).await?;
				let Some(info) = info else { bail!("{} is no verifier", account.to_ss58check()) };
				printer.show(&info, text);
				return Ok(());
			}
			Self::List => {
				let all: Vec<VerifierInfo<AccountId32>> = chain.api("verifiers", ()).await?;
				let rows = |all: &Vec<VerifierInfo<AccountId32>>| {
					output::table(all.iter().map(Row::from), "There are no verifiers.")
				};
				printer.show(&all, rows);
				return Ok(());
			}
		};
		chain
			.submit(&context.signer()?, "Audits", call, arguments)
			.await
			.with_context(|| format!("verifier {call} failed"))?;
		printer.show(&json!({ "done": call }), |_| format!("done: {call}"));
		Ok(())
	}
}

#[derive(Tabled)]
struct Row {
	verifier: String,
	bond: String,
	audits: u32,
	upheld: u64,
	strikes: u8,
	drawn: &'static str,
}

impl From<&VerifierInfo<AccountId32>> for Row {
	fn from(info: &VerifierInfo<AccountId32>) -> Self {
		Self {
			verifier: info.account.to_ss58check(),
			bond: amount::show(info.bond),
			audits: info.duties,
			upheld: info.upheld,
			strikes: info.strikes,
			drawn: if info.leaving { "no more" } else { "yes" },
		}
	}
}

fn text(info: &VerifierInfo<AccountId32>) -> String {
	format!(
		"verifier {}\nagent    {}\nbond     {}\naudits   {} now, {} agreed with their verdicts, {} strikes\ndrawn    {}",
		info.account.to_ss58check(),
		info.agent.to_ss58check(),
		amount::show(info.bond),
		info.duties,
		info.upheld,
		info.strikes,
		if info.leaving { "no more".to_string() } else { format!("since round {}", info.since) },
	)
}
