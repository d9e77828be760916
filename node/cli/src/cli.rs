//! The command line.

use crate::operator::OperatorParams;
use clap::Parser;
use sc_cli::RunCmd;

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
}

/// What the binary does besides running a node.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
	/// Make and inspect keys, and put them into the keystore.
	///
	/// An operator's agent key goes in with
	/// `key insert --key-type oper --scheme sr25519 --suri <secret>`.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

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
