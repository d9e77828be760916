//! The genesis that the specification describes, and whether the database begins with it.

use crate::failure::{Failure, Kind};
use codec::Decode;
use openledger_runtime::{Hash, opaque::Block};
use sc_client_api::{Backend, BlockImportOperation, HeaderBackend};
use sc_executor::RuntimeVersion;
use sc_service::{ChainSpec, TFullBackend};
use sp_core::{
	storage::{Storage, well_known_keys::CODE},
	traits::ReadRuntimeVersion,
};
use sp_state_machine::BasicExternalities;

/// What a specification says its genesis is.
///
/// # Errors
/// [`Kind::ChainSpec`] with the reason of whoever refused it: often the runtime in it.
pub fn build(spec: &dyn ChainSpec) -> Result<Storage, Failure> {
	spec.as_storage_builder().build_storage().map_err(|why| {
		Failure::new(
			Kind::ChainSpec,
			format!("the genesis of chain `{}` can't be built: {}", spec.id(), brief(&why)),
		)
	})
}

/// A reason without the specification and the backtrace that follow it.
fn brief(why: &str) -> String {
	let why = why.split(" for blob:").next().unwrap_or_default();
	match why.split_once("\nWASM backtrace") {
		Some((trap, _)) => format!("the runtime refuses it, for the reason in the log ({trap})"),
		None => why.chars().take(400).collect(),
	}
}

/// That the database, if it holds a chain, holds the one that begins with `genesis`. The SDK goes on
/// with whatever is there.
///
/// # Errors
/// [`Kind::Database`] with the two hashes.
pub fn check(
	backend: &TFullBackend<Block>,
	genesis: Storage,
	executor: &dyn ReadRuntimeVersion,
) -> Result<(), Failure> {
	let found = backend.blockchain().info().genesis_hash;
	if found == Hash::zero() {
		return Ok(());
	}
	let expected = hash(backend, genesis, executor)?;
	if found == expected {
		return Ok(());
	}
	Err(Failure::new(
		Kind::Database,
		format!(
			"the database is another chain's: it begins with {found:?}, and the chain that was chosen \
			 with {expected:?}. Choose the chain that the database was begun with, another folder \
			 with --base-path, or remove the database with `openledger-node purge-chain`. The \
			 built-in chains `dev` and `local` begin with the runtime of the binary: after building \
			 another one they are other chains"
		),
	))
}

/// The hash of the block that a genesis makes. The runtime in it is not compiled: on a chain that has
/// been upgraded, nothing else would need it.
fn hash(
	backend: &TFullBackend<Block>,
	genesis: Storage,
	executor: &dyn ReadRuntimeVersion,
) -> Result<Hash, Failure> {
	let refused = |why: String| Failure::new(Kind::ChainSpec, format!("the genesis: {why}"));
	let code = genesis.top.get(CODE).ok_or_else(|| refused("it has no runtime".into()))?;
	let version = executor
		.read_runtime_version(code, &mut BasicExternalities::new_empty())
		.map_err(|why| refused(brief(&why)))?;
	let state_version = RuntimeVersion::decode(&mut &version[..])
		.map_err(|error| refused(error.to_string()))?
		.state_version();
	let mut operation = backend.begin_operation()?;
	let root = operation.set_genesis_state(genesis, false, state_version)?;
	Ok(sc_service::construct_genesis_block::<Block>(root, state_version).hash())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn reason_is_one_line_when_the_runtime_refuses() {
		let blob = "Invalid JSON blob: unknown field `x` for blob:\n{\n}";
		assert_eq!(brief(blob), "Invalid JSON blob: unknown field `x`");
		let trap = "wasm call error: trap\nWASM backtrace:\n0: 0x27";
		assert!(!brief(trap).contains("0x27"));
		assert_eq!(brief(&"x".repeat(1_000)).len(), 400);
	}
}
