//! Chain specifications: the two that are built in, and those read from files.

use openledger_runtime::WASM_BINARY;
use sc_service::{ChainType, GenericChainSpec, NoExtension, Properties};
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use std::path::Path;

/// A chain's specification: its name, its boot nodes and its genesis state.
pub type ChainSpec =
	GenericChainSpec<NoExtension, openledger_primitives_inference::host::HostFunctions>;

/// The specification that `id` names: `dev`, `local` or a path.
pub fn load(id: &str) -> Result<ChainSpec, String> {
	match id {
		"dev" => {
			built_in("OpenLedger Development", "dev", ChainType::Development, DEV_RUNTIME_PRESET)
		}
		"local" => built_in(
			"OpenLedger Local Testnet",
			"local",
			ChainType::Local,
			LOCAL_TESTNET_RUNTIME_PRESET,
		),
		"" => {
			Err("no chain is chosen: use --dev for a development chain of one node, --chain local \
		           for a local network of Alice, Bob and Charlie, or --chain <file> for a chain's \
		           specification"
				.into())
		}
		path if !Path::new(path).exists() => Err(format!(
			"there is no chain `{path}`: known are `dev` and `local`, and no specification file has \
			 this path"
		)),
		path => ChainSpec::from_json_file(path.into())
			.map_err(|error| format!("{path} is not a chain specification: {error}")),
	}
}

fn built_in(
	name: &str,
	id: &str,
	chain_type: ChainType,
	preset: &str,
) -> Result<ChainSpec, String> {
	let code = WASM_BINARY.ok_or(
		"this binary was built without its runtime (SKIP_WASM_BUILD was set): build it again, or \
		 name a specification file with --chain",
	)?;
	Ok(ChainSpec::builder(code, None)
		.with_name(name)
		.with_id(id)
		.with_chain_type(chain_type)
		.with_properties(properties())
		.with_genesis_config_preset_name(preset)
		.build())
}

/// How wallets show amounts and addresses.
fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), "OPEN".into());
	properties.insert("tokenDecimals".into(), 18.into());
	properties.insert("ss58Format".into(), 42.into());
	properties
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn chain_is_refused_with_advice_when_none_is_chosen() {
		let error = load("").err().unwrap();
		assert!(error.contains("--dev") && error.contains("--chain local"), "{error}");
	}

	#[test]
	fn chain_is_refused_when_it_is_neither_known_nor_a_file() {
		let error = load("mainnet").err().unwrap();
		assert!(error.contains("`mainnet`") && error.contains("`local`"), "{error}");
	}

	#[test]
	fn chain_is_refused_when_file_is_no_specification() {
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), "{\"name\": 3}").unwrap();
		let error = load(file.path().to_str().unwrap()).err().unwrap();
		assert!(error.contains("not a chain specification"), "{error}");
	}
}
