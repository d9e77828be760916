//! The runtime as composed: presets, money, consensus, limits.

mod accounts;
mod blocks;
mod chain;
mod emergency;
mod fuzz;
mod genesis;
mod governance;
mod life;
mod limits;
mod money;
mod soak;
mod staking;
mod state;
mod validators;
mod voice;
mod worker;

use crate::{RuntimeGenesisConfig, System};
use serde_json::Value;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET, PresetId};
use sp_runtime::BuildStorage;

/// Merges a patch into a document as RFC 7386 has it.
fn merge(document: &mut Value, patch: Value) {
	match (document, patch) {
		(Value::Object(document), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(document.entry(key).or_insert(Value::Null), value);
			}
		}
		(document, patch) => *document = patch,
	}
}

/// The state that the named preset starts a chain with, at block 1.
fn started(preset: &str) -> sp_io::TestExternalities {
	let mut document = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
	let patch = crate::presets::get(&PresetId::from(preset)).unwrap();
	merge(&mut document, serde_json::from_slice(&patch).unwrap());
	let config: RuntimeGenesisConfig = serde_json::from_value(document).unwrap();
	let mut ext = sp_io::TestExternalities::new(config.build_storage().unwrap());
	ext.execute_with(|| System::set_block_number(1));
	ext
}

fn dev() -> sp_io::TestExternalities {
	started(DEV_RUNTIME_PRESET)
}

fn local() -> sp_io::TestExternalities {
	started(LOCAL_TESTNET_RUNTIME_PRESET)
}
