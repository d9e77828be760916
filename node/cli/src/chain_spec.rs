//! Chain specifications: the two that are built in, and those read from files.

use crate::failure::{Failure, Kind};
use openledger_runtime::WASM_BINARY;
use sc_service::{ChainType, GenericChainSpec, NoExtension, Properties};
use serde::de::IgnoredAny;
use sp_core::storage::Storage;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use std::{collections::BTreeMap, fs::File, io::BufReader, path::Path};

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
		           for a local network of four, or --chain <file> for a chain's \
		           specification"
				.into())
		}
		path if !Path::new(path).exists() => Err(format!(
			"there is no chain `{path}`: known are `dev` and `local`, and no specification file has \
			 this path"
		)),
		path => {
			from_file(path).map_err(|why| format!("{path} is not a chain specification: {why}"))
		}
	}
}

fn from_file(path: &str) -> Result<ChainSpec, String> {
	if Path::new(path).is_dir() {
		return Err("it is a folder".into());
	}
	let spec = ChainSpec::from_json_file(path.into())?;
	check_id(spec.id())?;
	for field in unknown_fields(path)? {
		// The log is not up yet.
		eprintln!(
			"Warning: {path} has a field `{field}`, which this node does not know: it is ignored"
		);
	}
	Ok(spec)
}

/// The id names a folder of the base path: `..` would lead out of it.
fn check_id(id: &str) -> Result<(), String> {
	let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
	if !id.is_empty() && id.len() <= 64 && !id.starts_with('.') && id.bytes().all(plain) {
		return Ok(());
	}
	Err(format!(
		"its id `{}` can't name a folder: 1 to 64 letters, digits, `-`, `_` and `.` can, with no `.` \
		 first",
		id.escape_debug()
	))
}

/// The fields that no chain specification has; often a name that was mistyped.
fn unknown_fields(path: &str) -> Result<Vec<String>, String> {
	const KNOWN: [&str; 11] = [
		"name",
		"id",
		"chainType",
		"bootNodes",
		"telemetryEndpoints",
		"protocolId",
		"forkId",
		"properties",
		"consensusEngine",
		"genesis",
		"codeSubstitutes",
	];
	let file = File::open(path).map_err(|error| error.to_string())?;
	let fields: BTreeMap<String, IgnoredAny> =
		serde_json::from_reader(BufReader::new(file)).map_err(|error| error.to_string())?;
	Ok(fields.into_keys().filter(|field| !KNOWN.contains(&field.as_str())).collect())
}

/// What a specification says its genesis is.
///
/// # Errors
/// [`Kind::ChainSpec`] with the reason of whoever refused it: often the runtime in it.
pub fn genesis(spec: &dyn sc_service::ChainSpec) -> Result<Storage, Failure> {
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

	fn refusal(content: &[u8]) -> String {
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), content).unwrap();
		load(file.path().to_str().unwrap()).err().unwrap()
	}

	fn spec(id: &str) -> String {
		format!(
			r#"{{"name": "Test", "id": "{id}", "bootNodes": [], "bootnodes": [], "genesis": {{
				"raw": {{ "top": {{}}, "childrenDefault": {{}} }}
			}}}}"#
		)
	}

	#[test]
	fn chain_is_refused_when_file_is_no_specification() {
		let truncated = spec("test");
		for content in [
			&b""[..],
			b"hello",
			b"[1, 2]",
			b"{\"name\": 3}",
			b"\xff\xfe\x00",
			&truncated.as_bytes()[..40],
		] {
			let error = refusal(content);
			assert!(error.contains("not a chain specification"), "{error}");
		}
	}

	#[test]
	fn chain_is_refused_when_it_is_a_folder() {
		let folder = tempfile::tempdir().unwrap();
		let error = load(folder.path().to_str().unwrap()).err().unwrap();
		assert!(error.contains("a folder"), "{error}");
	}

	#[test]
	fn chain_is_refused_when_its_id_leads_out_of_the_base_path() {
		for id in ["", "..", "../evil", "a/b", ".hidden", "a b", &"x".repeat(65)] {
			assert!(refusal(spec(id).as_bytes()).contains("id"), "{id}");
		}
	}

	#[test]
	fn field_is_named_when_no_specification_has_it() {
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), spec("test-1.0_x")).unwrap();
		let path = file.path().to_str().unwrap();
		assert!(load(path).is_ok());
		assert_eq!(unknown_fields(path).unwrap(), ["bootnodes"]);
	}

	#[test]
	fn reason_is_one_line_when_the_runtime_refuses() {
		let blob = "Invalid JSON blob: unknown field `x` for blob:\n{\n}";
		assert_eq!(brief(blob), "Invalid JSON blob: unknown field `x`");
		let trap = "wasm call error: trap\nWASM backtrace:\n0: 0x27";
		assert!(!brief(trap).contains("0x27"));
		assert_eq!(brief(&"x".repeat(1_000)).len(), 400);
	}
}
