//! `openledger load`: a load generator for test chains.

use super::{
	load_calls::Mix,
	load_report,
	load_run::{self, Settings},
};
use crate::{Context, keys};
use anyhow::{Result, bail};

/// Fill a test chain's blocks and see how it takes it. For test chains alone.
///
/// Makes throw-away accounts out of the key it is given (//load//0, //load//1, ...), gives them
/// what they will need, signs everything ahead of time, sends it at the rate asked for, and says
/// what was taken, refused and included, how full the blocks were and how long it took. With
/// --overload it then sends that many times as much, measures how long the node takes to answer
/// other requests meanwhile, and whether its pool empties afterwards.
///
/// It pays real fees and leaves what it gave in the accounts, so it refuses to run on a chain that
/// is not a development or local one.
#[derive(clap::Args)]
pub struct Load {
	/// Transactions a second.
	#[arg(long, value_name = "TX_PER_S", value_parser = clap::value_parser!(u32).range(1..=100_000))]
	rate: u32,
	/// For how many seconds; as many again with --overload.
	#[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3_600))]
	seconds: u32,
	/// Accounts that send.
	#[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..=10_000))]
	accounts: u32,
	/// What to send.
	#[arg(long, value_enum, default_value = "transfers")]
	mix: Mix,
	/// Then send this many times the rate.
	#[arg(long, value_name = "FACTOR", value_parser = clap::value_parser!(u32).range(2..=1_000))]
	overload: Option<u32>,
	/// Websocket connections to send over.
	#[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
	connections: u32,
	/// The key that pays: a key file, or an account such as //Alice; --key where it is not given.
	#[arg(long, value_name = "KEY")]
	from: Option<String>,
	/// Run on a chain that others use.
	#[arg(long)]
	i_know_what_this_costs: bool,
}

impl Load {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let signer = match &self.from {
			Some(key) => keys::Signer::find(Some(key))?,
			None => context.signer()?,
		};
		let chain = context.chain().await?;
		let (name, for_tests) = chain.kind().await?;
		if !for_tests && !self.i_know_what_this_costs {
			bail!(
				"{name} is neither a development nor a local chain: this would pay real fees and take room from others (--i-know-what-this-costs runs it all the same)"
			);
		}
		let settings = Settings {
			rate: self.rate,
			seconds: self.seconds,
			accounts: self.accounts,
			mix: self.mix,
			overload: self.overload,
			connections: self.connections,
		};
		let output = context.output();
		let report = load_run::run(chain, name, signer, &settings, output).await?;
		output.show(&report, load_report::text);
		Ok(())
	}
}
