//! Keys that are put into the keystore: none that the node could never use.

use crate::{
	cli::Cli,
	failure::{Failure, Kind},
};
use clap::{ArgMatches, Args, FromArgMatches};
use openledger_primitives_inference::{OPERATOR_KEY_TYPE, WATCHER_KEY_TYPE};
use openledger_runtime::SessionKeys;
use sc_cli::{CryptoScheme, KeySubcommand, KeystoreParams, SharedParams, SubstrateCli};
use sc_keystore::LocalKeystore;
use sc_service::{BasePath, config::KeystoreConfig};
use sp_core::{
	Pair,
	crypto::{ByteArray, ExposeSecret, KeyTypeId, SecretString, SecretStringError, key_types},
	ecdsa, ed25519, sr25519,
};
use sp_keystore::{Error as KeystoreError, Keystore, KeystorePtr};
use sp_runtime::traits::OpaqueKeys;

const INSERT: &str = "insert";

/// The `key` commands: the SDK's, with another `insert`.
#[derive(Debug)]
pub enum KeyCommand {
	/// Puts a key into the keystore.
	Insert(InsertKey),
	/// What the SDK does.
	Sdk(KeySubcommand),
}

impl KeyCommand {
	/// Does what it says.
	pub fn run(&self, cli: &Cli) -> Result<(), Failure> {
		match self {
			Self::Insert(command) => command.run(cli),
			Self::Sdk(command) => command.run(cli).map_err(|error| cli.failure(error)),
		}
	}
}

impl clap::Subcommand for KeyCommand {
	fn augment_subcommands(command: clap::Command) -> clap::Command {
		KeySubcommand::augment_subcommands(command)
			.mut_subcommand(INSERT, |_| InsertKey::augment_args(clap::Command::new(INSERT)))
	}

	fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
		Self::augment_subcommands(command)
	}

	fn has_subcommand(name: &str) -> bool {
		KeySubcommand::has_subcommand(name)
	}
}

impl FromArgMatches for KeyCommand {
	fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
		match matches.subcommand() {
			Some((INSERT, matches)) => InsertKey::from_arg_matches(matches).map(Self::Insert),
			_ => KeySubcommand::from_arg_matches(matches).map(Self::Sdk),
		}
	}

	fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
		*self = Self::from_arg_matches(matches)?;
		Ok(())
	}
}

/// Puts a key into the keystore.
#[derive(Debug, clap::Args)]
pub struct InsertKey {
	/// The secret: a phrase, a seed as 0x and 64 digits, or a file that holds either.
	///
	/// Without it, it is asked for.
	#[arg(long, value_name = "SECRET")]
	suri: Option<String>,

	/// What the key is for: `babe` makes blocks, `gran` finalises them, `oper` is an operator's agent,
	/// `watc` is a watcher.
	#[arg(long, value_name = "TYPE", value_parser = parse_key_type)]
	key_type: KeyTypeId,

	/// The signature scheme. It follows from the type.
	#[arg(long, value_name = "SCHEME", value_enum, ignore_case = true)]
	scheme: Option<CryptoScheme>,

	#[clap(flatten)]
	shared_params: SharedParams,

	#[clap(flatten)]
	keystore_params: KeystoreParams,
}

impl InsertKey {
	fn run(&self, cli: &Cli) -> Result<(), Failure> {
		let scheme = scheme_of(self.key_type).map_err(|why| Failure::new(Kind::Usage, why))?;
		if let Some(given) = self.scheme.filter(|given| *given != scheme) {
			return Err(Failure::new(
				Kind::Usage,
				format!("a key of type {} is {scheme:?}, not {given:?}", name(self.key_type)),
			));
		}
		let base_path = self
			.shared_params
			.base_path()?
			.unwrap_or_else(|| BasePath::from_project("", "", &Cli::executable_name()));
		let chain = self.shared_params.chain_id(self.shared_params.is_dev());
		let spec = cli.load_spec(&chain).map_err(|why| Failure::new(Kind::ChainSpec, why))?;
		let config = self.keystore_params.keystore_config(&base_path.config_dir(spec.id()))?;
		let KeystoreConfig::Path { path, password } = config else {
			return Err(Failure::new(Kind::Keys, "this keystore is in memory alone"));
		};
		let secret = sc_cli::utils::read_uri(self.suri.as_ref())?;
		let public = public(scheme, &secret, password.as_ref())
			.map_err(|error| Failure::new(Kind::Keys, unusable(&error)))?;
		let refused = |what: &dyn std::fmt::Display| {
			Failure::new(Kind::Keys, format!("the keystore in {}: {what}", path.display()))
		};
		let keystore =
			LocalKeystore::open(path.clone(), password).map_err(|error| refused(&error))?;
		keystore
			.insert(self.key_type, &secret, &public)
			.map_err(|()| refused(&"the key could not be written"))
	}
}

/// The keystore behind the RPC: refuses to store what is no key of this node's chain, or not the one
/// that it is said to be. The SDK's stores any text under any name.
pub struct Checked {
	keystore: KeystorePtr,
	password: Option<SecretString>,
}

impl Checked {
	/// Checks what goes into `keystore`, which is configured so.
	pub fn new(keystore: KeystorePtr, config: &KeystoreConfig) -> Self {
		let password = match config {
			KeystoreConfig::Path { password, .. } => password.clone(),
			KeystoreConfig::InMemory => None,
		};
		Self { keystore, password }
	}

	fn check(&self, key_type: KeyTypeId, secret: &str, public_key: &[u8]) -> Result<(), String> {
		let scheme = scheme_of(key_type)?;
		let public =
			public(scheme, secret, self.password.as_ref()).map_err(|error| unusable(&error))?;
		if public != public_key {
			return Err(format!("the {scheme:?} key of this secret is another than the one given"));
		}
		Ok(())
	}
}

/// The types of the keys that off-chain workers sign with.
const OWN_TYPES: [KeyTypeId; 2] = [OPERATOR_KEY_TYPE, WATCHER_KEY_TYPE];

fn parse_key_type(text: &str) -> Result<KeyTypeId, String> {
	let key_type = KeyTypeId::try_from(text).map_err(|()| known_types())?;
	scheme_of(key_type).map(|_| key_type)
}

/// The scheme of the keys of a type that the chain or this node has.
fn scheme_of(key_type: KeyTypeId) -> Result<CryptoScheme, String> {
	let known = OWN_TYPES.contains(&key_type) || SessionKeys::key_ids().contains(&key_type);
	known.then(|| scheme(key_type)).flatten().ok_or_else(known_types)
}

fn scheme(key_type: KeyTypeId) -> Option<CryptoScheme> {
	match key_type {
		OPERATOR_KEY_TYPE
		| WATCHER_KEY_TYPE
		| key_types::BABE
		| key_types::IM_ONLINE
		| key_types::AUTHORITY_DISCOVERY => Some(CryptoScheme::Sr25519),
		key_types::GRANDPA => Some(CryptoScheme::Ed25519),
		_ => None,
	}
}

fn known_types() -> String {
	let types = SessionKeys::key_ids().iter().chain(&OWN_TYPES);
	let names: Vec<String> = types.map(|key_type| name(*key_type)).collect();
	format!("the key types of this node are {}", names.join(", "))
}

fn name(key_type: KeyTypeId) -> String {
	String::from_utf8_lossy(&key_type.0).into_owned()
}

fn unusable(error: &SecretStringError) -> String {
	format!(
		"this is no secret ({error}): give a phrase of 12 to 24 words, or a seed as 0x and 64 \
		 digits, each perhaps with a derivation path"
	)
}

fn public(
	scheme: CryptoScheme,
	secret: &str,
	password: Option<&SecretString>,
) -> Result<Vec<u8>, SecretStringError> {
	fn of<P: Pair>(secret: &str, password: Option<&str>) -> Result<Vec<u8>, SecretStringError> {
		P::from_string(secret, password).map(|pair| pair.public().to_raw_vec())
	}
	let password = password.map(|password| password.expose_secret().as_str());
	match scheme {
		CryptoScheme::Sr25519 => of::<sr25519::Pair>(secret, password),
		CryptoScheme::Ed25519 => of::<ed25519::Pair>(secret, password),
		CryptoScheme::Ecdsa => of::<ecdsa::Pair>(secret, password),
	}
}

/// Passes a method on to the keystore behind.
macro_rules! pass_on {
	($(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty;)*) => {
		$(fn $name(&self $(, $argument: $type)*) -> $result {
			self.keystore.$name($($argument),*)
		})*
	};
}

impl Keystore for Checked {
	fn insert(&self, key_type: KeyTypeId, suri: &str, public: &[u8]) -> Result<(), ()> {
		self.check(key_type, suri, public).map_err(|why| {
			// The RPC tells its caller no more than that the keystore refused.
			log::error!("A key of type {} was not stored: {why}", name(key_type));
		})?;
		self.keystore.insert(key_type, suri, public)
	}

	pass_on! {
		fn sr25519_public_keys(&self, key_type: KeyTypeId) -> Vec<sr25519::Public>;
		fn sr25519_generate_new(
			&self, key_type: KeyTypeId, seed: Option<&str>
		) -> Result<sr25519::Public, KeystoreError>;
		fn sr25519_sign(
			&self, key_type: KeyTypeId, public: &sr25519::Public, message: &[u8]
		) -> Result<Option<sr25519::Signature>, KeystoreError>;
		fn sr25519_vrf_sign(
			&self, key_type: KeyTypeId, public: &sr25519::Public, data: &sr25519::vrf::VrfSignData
		) -> Result<Option<sr25519::vrf::VrfSignature>, KeystoreError>;
		fn sr25519_vrf_pre_output(
			&self, key_type: KeyTypeId, public: &sr25519::Public, input: &sr25519::vrf::VrfInput
		) -> Result<Option<sr25519::vrf::VrfPreOutput>, KeystoreError>;
		fn ed25519_public_keys(&self, key_type: KeyTypeId) -> Vec<ed25519::Public>;
		fn ed25519_generate_new(
			&self, key_type: KeyTypeId, seed: Option<&str>
		) -> Result<ed25519::Public, KeystoreError>;
		fn ed25519_sign(
			&self, key_type: KeyTypeId, public: &ed25519::Public, message: &[u8]
		) -> Result<Option<ed25519::Signature>, KeystoreError>;
		fn ecdsa_public_keys(&self, key_type: KeyTypeId) -> Vec<ecdsa::Public>;
		fn ecdsa_generate_new(
			&self, key_type: KeyTypeId, seed: Option<&str>
		) -> Result<ecdsa::Public, KeystoreError>;
		fn ecdsa_sign(
			&self, key_type: KeyTypeId, public: &ecdsa::Public, message: &[u8]
		) -> Result<Option<ecdsa::Signature>, KeystoreError>;
		fn ecdsa_sign_prehashed(
			&self, key_type: KeyTypeId, public: &ecdsa::Public, message: &[u8; 32]
		) -> Result<Option<ecdsa::Signature>, KeystoreError>;
		fn keys(&self, key_type: KeyTypeId) -> Result<Vec<Vec<u8>>, KeystoreError>;
		fn has_keys(&self, public_keys: &[(Vec<u8>, KeyTypeId)]) -> bool;
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::Parser;
	use std::sync::Arc;
	use tempfile::TempDir;

	const ALICE: &str = "//Alice";

	/// A keystore in a folder that goes with the first part.
	fn checked(password: Option<SecretString>) -> (TempDir, Checked) {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().to_path_buf();
		let keystore = LocalKeystore::open(path.clone(), password.clone()).unwrap();
		let config = KeystoreConfig::Path { path, password };
		(folder, Checked::new(Arc::new(keystore), &config))
	}

	fn key(scheme: CryptoScheme) -> Vec<u8> {
		public(scheme, ALICE, None).unwrap()
	}

	#[test]
	fn session_keys_have_a_scheme_when_the_runtime_names_them() {
		for key_type in SessionKeys::key_ids() {
			assert!(scheme_of(*key_type).is_ok(), "{}", name(*key_type));
		}
	}

	#[test]
	fn key_is_stored_when_it_is_that_of_the_secret() {
		let (_folder, keystore) = checked(None);
		for (key_type, scheme) in [
			(key_types::BABE, CryptoScheme::Sr25519),
			(key_types::GRANDPA, CryptoScheme::Ed25519),
			(OPERATOR_KEY_TYPE, CryptoScheme::Sr25519),
		] {
			assert_eq!(keystore.insert(key_type, ALICE, &key(scheme)), Ok(()));
			assert_eq!(keystore.keys(key_type).unwrap(), [key(scheme)]);
		}
	}

	#[test]
	fn key_is_refused_when_it_is_malformed() {
		let (_folder, keystore) = checked(None);
		let sr25519 = key(CryptoScheme::Sr25519);
		for (key_type, secret, public) in [
			(key_types::BABE, "garbage seed words", &sr25519[..]),
			(key_types::BABE, "", &sr25519),
			(key_types::BABE, "0x1234", &sr25519),
			(key_types::BABE, ALICE, &[]),
			(key_types::BABE, ALICE, &sr25519[1..]),
			(key_types::BABE, "//Bob", &sr25519),
			(key_types::GRANDPA, ALICE, &sr25519),
			(KeyTypeId(*b"zzzz"), ALICE, &sr25519),
		] {
			assert_eq!(keystore.insert(key_type, secret, public), Err(()), "{secret}");
			assert_eq!(keystore.keys(key_type).unwrap(), Vec::<Vec<u8>>::new());
		}
	}

	#[test]
	fn key_is_checked_with_the_password_when_the_keystore_has_one() {
		let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
		let password: SecretString = "secret".parse().unwrap();
		let (_folder, keystore) = checked(Some(password.clone()));
		let with = public(CryptoScheme::Sr25519, phrase, Some(&password)).unwrap();
		let without = public(CryptoScheme::Sr25519, phrase, None).unwrap();
		assert_eq!(keystore.insert(key_types::BABE, phrase, &without), Err(()));
		assert_eq!(keystore.insert(key_types::BABE, phrase, &with), Ok(()));
	}

	fn insert(args: &[&str]) -> Result<(), Failure> {
		let line = [&["openledger-node", "key", "insert"], args].concat();
		let cli = Cli::try_parse_from(line)
			.map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
		match &cli.subcommand {
			Some(crate::cli::Subcommand::Key(command)) => command.run(&cli),
			_ => panic!("another command"),
		}
	}

	#[test]
	fn command_is_refused_when_type_or_scheme_is_wrong() {
		for args in [
			["--key-type", "ba", "--suri", ALICE, "--scheme", "sr25519"],
			["--key-type", "zzzz", "--suri", ALICE, "--scheme", "sr25519"],
			["--key-type", "gran", "--suri", ALICE, "--scheme", "sr25519"],
			["--key-type", "babe", "--suri", ALICE, "--scheme", "rsa"],
		] {
			assert_eq!(insert(&args).unwrap_err().kind, Kind::Usage, "{args:?}");
		}
	}

	#[test]
	fn command_is_refused_when_the_secret_is_none() {
		if openledger_runtime::WASM_BINARY.is_none() {
			return;
		}
		let folder = tempfile::tempdir().unwrap();
		let base = ["--chain", "dev", "--base-path", folder.path().to_str().unwrap()];
		let with =
			|secret| insert(&[&["--key-type", "babe", "--suri", secret][..], &base].concat());
		let failure = with("garbage seed words").unwrap_err();
		assert_eq!(failure.kind, Kind::Keys);
		assert!(!failure.to_string().contains("garbage"), "{failure}");
		assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
		with(ALICE).unwrap();
		let stored = folder.path().join("chains/dev/keystore");
		assert_eq!(std::fs::read_dir(stored).unwrap().count(), 1);
	}
}
