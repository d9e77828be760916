//! Timing a call of the runtime's WASM.

use crate::{
	Failure,
	blocks::{Chain, executor},
};
use codec::Decode;
use sc_executor::WasmExecutor;
use serde::Serialize;
use sp_core::{
	Blake2Hasher,
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
};
use sp_runtime::ApplyExtrinsicResult;
use sp_state_machine::{Ext, OverlayedChanges};
use std::time::Instant;

type HostFunctions = crate::blocks::HostFunctions;

/// Runs that go by before those that count: the first compiles the WASM.
const WARM: usize = 5;

/// How long applying one transaction takes: the whole call, from its bytes to its outcome.
#[derive(Clone, Debug, Serialize)]
pub struct Verifying {
	/// Milliseconds, the median.
	pub median_ms: f64,
	/// The least.
	pub least_ms: f64,
	/// 95 of 100 took no longer.
	pub p95_ms: f64,
	/// The median of a call that does nothing, which is in all of them.
	pub nothing_ms: f64,
	/// How many times it was applied.
	pub runs: usize,
}

fn times(
	executor: &WasmExecutor<HostFunctions>,
	code: &[u8],
	chain: &Chain,
	(method, data): (&str, &[u8]),
	runs: usize,
	check: impl Fn(&[u8]) -> Result<(), Failure>,
) -> Result<Vec<f64>, Failure> {
	let fetcher = WrappedRuntimeCode(code.into());
	let hash = sp_io::hashing::blake2_256(code).to_vec();
	let code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash };
	let mut taken = Vec::with_capacity(runs);
	for run in 0..WARM + runs {
		// Whatever the call changes is dropped, so that every run finds the same.
		let mut changes = OverlayedChanges::<Blake2Hasher>::default();
		let mut state = Ext::new(&mut changes, &chain.state.backend, None);
		let context = CallContext::Onchain { import: true };
		let started = Instant::now();
		let (outcome, _) = executor.call(&mut state, &code, method, data, context);
		let took = started.elapsed();
		check(&outcome?)?;
		if run >= WARM {
			taken.push(took.as_secs_f64() * 1e3);
		}
	}
	taken.sort_by(f64::total_cmp);
	Ok(taken)
}

/// Applies a transaction to the open block `runs` times, in the WASM of the runtime.
pub fn verify(
	code: &[u8],
	chain: &mut Chain,
	transaction: &[u8],
	runs: usize,
) -> Result<Verifying, Failure> {
	chain.state.commit_all()?;
	let executor = executor();
	let applied = |outcome: &[u8]| {
		ApplyExtrinsicResult::decode(&mut &outcome[..])?
			.map_err(|invalid| format!("a transaction is invalid: {invalid:?}"))?
			.map_err(|refused| format!("a call was refused: {refused:?}").into())
	};
	let call = ("BlockBuilder_apply_extrinsic", transaction);
	let taken = times(&executor, code, chain, call, runs, applied)?;
	let nothing = times(&executor, code, chain, ("Core_version", &[]), runs, |_| Ok(()))?;
	let at = |taken: &[f64], part: usize| {
		taken.get(taken.len() * part / 100).copied().unwrap_or(f64::NAN)
	};
	Ok(Verifying {
		median_ms: at(&taken, 50),
		least_ms: at(&taken, 0),
		p95_ms: at(&taken, 95),
		nothing_ms: at(&nothing, 50),
		runs,
	})
}
