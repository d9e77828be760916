//! The openledger-node binary.

use std::process::ExitCode;

fn main() -> ExitCode {
	// SAFETY: no other thread runs yet.
	unsafe { openlora::leave_candle_single_threaded() };
	match openledger_node::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(failure) => {
			eprintln!("Error: {failure}");
			ExitCode::from(failure.code())
		}
	}
}
