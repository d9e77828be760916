//! Runs benchmarks of a runtime: the SDK's `benchmark pallet`, with the host functions that
//! OpenLedger's runtime imports. `scripts/weights` calls it.

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use openledger_primitives_inference::host::HostFunctions;
use sp_runtime::traits::BlakeTwo256;

fn main() -> sc_cli::Result<()> {
	PalletCmd::parse().run_with_spec::<BlakeTwo256, HostFunctions>(None)
}
