//! The `openledger` command: contribute records, train and publish models, ask, trace, get paid.

mod amount;
mod chain;
mod commands;
mod content;
mod explain;
mod html;
mod input;
mod keys;
mod output;
mod session;

use clap::{Parser, Subcommand};
use commands::{
	account, ask, attribute, audit, challenge, datanet, economics, load, model, operator, retrieve,
	rewards, session as sessions, trace, verifier,
};
use output::Output;

/// Contribute records to Datanets, train and publish models on them, ask, and follow every payment
/// back to the records that earned it.
///
/// Amounts are in OPEN (0.5) or in its smallest unit (500units). Commands that sign take the key
/// from --key, else from the environment variable OPENLEDGER_KEY.
#[derive(Parser)]
#[command(name = "openledger", version, propagate_version = true)]
struct Cli {
	#[command(flatten)]
	context: Context,
	#[command(subcommand)]
	command: Command,
}

/// What every command needs to know.
#[derive(clap::Args)]
pub struct Context {
	/// The node's WebSocket address.
	#[arg(long, global = true, env = "OPENLEDGER_URL", default_value = "ws://127.0.0.1:9944")]
	pub url: String,
	/// The operator's worker, where content is stored and fetched.
	#[arg(long, global = true, env = "OPENLEDGER_WORKER", default_value = "http://127.0.0.1:9955")]
	pub worker: String,
	/// The key that signs: a key file, or on development chains an account such as //Alice.
	#[arg(long, global = true)]
	pub key: Option<String>,
	/// The folder for what is kept between runs, such as the purses of sessions (default:
	/// $XDG_DATA_HOME/openledger, else ~/.local/share/openledger).
	#[arg(long = "data-folder", global = true, env = "OPENLEDGER_DATA", value_name = "FOLDER")]
	pub data: Option<std::path::PathBuf>,
	/// Print one JSON value instead of text.
	#[arg(long, global = true)]
	pub json: bool,
}

impl Context {
	/// Connects to the node.
	pub async fn chain(&self) -> anyhow::Result<chain::Chain> {
		chain::Chain::connect(&self.url).await
	}

	/// The worker's content store.
	pub fn content(&self) -> anyhow::Result<content::Content> {
		content::Content::at(&self.worker)
	}

	/// The key to sign with.
	pub fn signer(&self) -> anyhow::Result<keys::Signer> {
		keys::Signer::find(self.key.as_deref())
	}

	/// The folder for what is kept between runs.
	pub fn data(&self) -> std::path::PathBuf {
		self.data.clone().unwrap_or_else(keys::data_folder)
	}

	/// How to print.
	pub fn output(&self) -> Output {
		Output { json: self.json }
	}
}

#[derive(Subcommand)]
enum Command {
	/// Make keys, see balances, send OPEN.
	#[command(subcommand)]
	Account(account::Command),
	/// Create Datanets, contribute to them, curate and freeze them.
	#[command(subcommand)]
	Datanet(datanet::Command),
	/// Train adapters on Datanets and publish them as models.
	#[command(subcommand)]
	Model(Box<model::Command>),
	// Without a comment here, the one of the arguments is the help, all of it.
	Ask(ask::Ask),
	#[command(subcommand)]
	Session(sessions::Command),
	Trace(trace::Trace),
	// Without a comment here, the one of the arguments is the help, all of it.
	Attribute(Box<attribute::Attribute>),
	#[command(subcommand)]
	Retrieve(retrieve::Command),
	/// See and claim what your records, models or operators earned.
	#[command(subcommand)]
	Rewards(rewards::Command),
	/// Register as an operator and say which models you serve.
	#[command(subcommand)]
	Operator(operator::Command),
	// Without a comment here, the one of the arguments is the help, all of it.
	#[command(subcommand)]
	Verifier(verifier::Command),
	#[command(subcommand)]
	Audit(audit::Command),
	#[command(subcommand)]
	Challenge(challenge::Command),
	// Without a comment here, the one of the arguments is the help, all of it.
	Economics(economics::Economics),
	Load(load::Load),
}

fn main() -> std::process::ExitCode {
	// SAFETY: no other thread runs yet.
	unsafe { openlora::leave_candle_single_threaded() };
	let cli = Cli::parse();
	match tokio::runtime::Runtime::new() {
		Ok(runtime) => runtime.block_on(run(cli)),
		Err(error) => {
			eprintln!("openledger: can't start: {error}");
			std::process::ExitCode::FAILURE
		}
	}
}

async fn run(cli: Cli) -> std::process::ExitCode {
	let context = &cli.context;
	let result = match cli.command {
		Command::Account(command) => command.run(context).await,
		Command::Datanet(command) => command.run(context).await,
		Command::Model(command) => command.run(context).await,
		Command::Ask(command) => command.run(context).await,
		Command::Session(command) => command.run(context).await,
		Command::Trace(command) => command.run(context).await,
		Command::Attribute(command) => command.run(context),
		Command::Retrieve(command) => command.run(context),
		Command::Rewards(command) => command.run(context).await,
		Command::Operator(command) => command.run(context).await,
		Command::Verifier(command) => command.run(context).await,
		Command::Audit(command) => command.run(context).await,
		Command::Challenge(command) => command.run(context).await,
		Command::Economics(command) => command.run(context).await,
		Command::Load(command) => command.run(context).await,
	};
	match result {
		Ok(()) => std::process::ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("openledger: {error:#}");
			std::process::ExitCode::FAILURE
		}
	}
}

#[cfg(test)]
mod tests {
	use clap::{CommandFactory, Parser};

	#[test]
	fn command_line_is_consistent() {
		super::Cli::command().debug_assert();
	}

	#[test]
	fn payee_is_refused_when_neither_or_both_of_naming_and_removing_are_asked() {
		let parsed = |options: &[&str]| {
			let command = ["openledger", "rewards", "payee"].iter().chain(options);
			super::Cli::try_parse_from(command).is_ok()
		};
		assert!(parsed(&["--to", "//Bob"]));
		assert!(parsed(&["--remove"]));
		assert!(!parsed(&[]));
		assert!(!parsed(&["--to", "//Bob", "--remove"]));
	}

	fn parses(line: &[&str]) -> bool {
		super::Cli::try_parse_from(["openledger"].iter().chain(line)).is_ok()
	}

	#[test]
	fn what_belongs_to_sessions_is_refused_without_one_and_the_other_way_round() {
		let ask = |options: &[&str]| parses(&[&["ask", "1", "why?"], options].concat());
		assert!(ask(&[]) && ask(&["--session"]) && ask(&["--settle"]));
		assert!(ask(&["--session", "--escrow", "2", "--blocks", "9", "--top-up", "0.5"]));
		for option in [["--escrow", "2"], ["--blocks", "9"], ["--top-up", "2"]] {
			assert!(!ask(&option), "{option:?}");
		}
		for option in [&["--detach"][..], &["--settle"], &["--max-fee", "1"], &["--deadline", "9"]]
		{
			assert!(!ask(&[&["--session"], option].concat()), "{option:?}");
		}
	}

	#[test]
	fn trace_takes_a_request_a_receipt_or_a_batch() {
		let trace = |options: &[&str]| parses(&[&["trace"], options].concat());
		assert!(trace(&["3"]) && trace(&["--session", "3", "--receipt", "0"]));
		assert!(trace(&["--batch", "2"]) && trace(&["--batch", "2", "--draw", "1"]));
		for options in [
			&[][..],
			&["--session", "3"],
			&["--receipt", "0"],
			&["--draw", "1"],
			&["3", "--session", "3", "--receipt", "0"],
			&["3", "--batch", "2"],
			&["--batch", "2", "--explain"],
		] {
			assert!(!trace(options), "{options:?}");
		}
	}
}
