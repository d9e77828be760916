//! The command line.

use crate::{
	failure::{Failure, Kind},
	keys::KeyCommand,
	operator::OperatorParams,
	watch::WatchParams,
};
use clap::Parser;
use sc_cli::RunCmd;
use sc_storage_monitor::StorageMonitorParams;
use std::cell::RefCell;

/// The command line of the node.
#[derive(Debug, Parser)]
pub struct Cli {
	/// What to do instead of running a node.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	#[clap(flatten)]
	pub run: RunCmd,

	#[clap(flatten)]
	pub operator: OperatorParams,

	#[clap(flatten)]
	pub watch: WatchParams,

	#[clap(flatten)]
	pub storage: StorageMonitorParams,

	/// Why the specification that the command line names was refused. The SDK keeps no more than a
	/// text of it, under which it files other things as well.
	#[clap(skip)]
	pub refused_spec: RefCell<Option<String>>,
}

impl Cli {
	/// What an error of the SDK's was about.
	pub fn failure(&self, error: sc_cli::Error) -> Failure {
		match self.refused_spec.take() {
			Some(why) => Failure::new(Kind::ChainSpec, why),
			None => error.into(),
		}
	}
}

/// What the binary does besides running a node.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
	/// Make and inspect keys, and put them into the keystore.
	///
	/// An operator's agent key goes in with
	/// `key insert --chain <chain> --key-type oper --suri <secret>`, a watcher's as type `watc`.
	#[command(subcommand)]
	Key(KeyCommand),

	/// Write a chain's specification to the standard output.
	#[deprecated(
		note = "build-spec command will be removed after 1/04/2026. Use export-chain-spec command instead"
	)]
	BuildSpec(sc_cli::BuildSpecCmd),

	/// Write a chain's specification to a file or the standard output.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Validate a block again.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Export blocks.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Export the state at a block into a chain specification.
	ExportState(sc_cli::ExportStateCmd),

	/// Import blocks.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Remove all of a chain's data.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Revert the chain to an earlier block.
	Revert(sc_cli::RevertCmd),

	/// Show the database's best and finalised blocks.
	ChainInfo(sc_cli::ChainInfoCmd),
}
