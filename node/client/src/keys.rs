//! Where the signing key comes from: a keystore file, an environment variable, or, on development
//! chains alone, a well-known account such as `//Alice`.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sp_core::{
	Pair,
	crypto::{AccountId32, Ss58Codec},
	sr25519,
};
use std::{
	io::Write,
	path::{Path, PathBuf},
	str::FromStr,
};
use subxt_signer::{SecretUri, sr25519::Keypair};

/// The environment variable that holds a secret phrase or URI.
pub const VARIABLE: &str = "OPENLEDGER_KEY";

/// A key that signs extrinsics and uploads.
pub struct Signer {
	/// For extrinsics.
	pub keypair: Keypair,
	/// For uploads to workers.
	pub pair: sr25519::Pair,
	/// Whether everybody knows the key.
	pub well_known: bool,
}

/// A keystore file.
#[derive(Serialize, Deserialize)]
struct KeyFile {
	address: String,
	phrase: String,
}

impl Signer {
	/// The key named by `--key`, else by the environment.
	pub fn find(named: Option<&str>) -> Result<Self> {
		match named.map(str::to_owned).or_else(|| std::env::var(VARIABLE).ok()) {
			Some(named) if named.starts_with("//") => Self::from_secret(&named, true),
			Some(named) if Path::new(&named).is_file() => Self::from_file(Path::new(&named)),
			Some(named) if named.contains(' ') || named.starts_with("0x") => {
				Self::from_secret(&named, false)
			}
			Some(named) => bail!(
				"there is no key file '{named}': make one with 'openledger account new --file {named}'"
			),
			None => bail!(
				"this needs a key: pass --key FILE, set {VARIABLE}, or on a development chain pass --key //Alice"
			),
		}
	}

	fn from_secret(secret: &str, well_known: bool) -> Result<Self> {
		let malformed = "the key is neither a secret phrase, a 0x-hex seed nor a // path";
		let uri = SecretUri::from_str(secret).ok().context(malformed)?;
		let keypair = Keypair::from_uri(&uri).ok().context(malformed)?;
		let pair = sr25519::Pair::from_string(secret, None).ok().context(malformed)?;
		Ok(Self { keypair, pair, well_known })
	}

	fn from_file(path: &Path) -> Result<Self> {
		let text = std::fs::read_to_string(path)
			.with_context(|| format!("can't read the key file {}", path.display()))?;
		let file: KeyFile = serde_json::from_str(&text)
			.with_context(|| format!("{} is no key file of openledger", path.display()))?;
		Self::from_secret(&file.phrase, false)
	}

	/// The account.
	pub fn account(&self) -> AccountId32 {
		self.pair.public().into()
	}

	/// The account's address.
	pub fn address(&self) -> String {
		self.account().to_ss58check()
	}

	/// A signature over `message`.
	pub fn sign(&self, message: &[u8]) -> sr25519::Signature {
		self.pair.sign(message)
	}
}

/// Makes a new key file, readable by its owner alone. An existing file is never overwritten.
pub fn create(path: &Path) -> Result<String> {
	let (pair, phrase, _) = sr25519::Pair::generate_with_phrase(None);
	let address = AccountId32::from(pair.public()).to_ss58check();
	let mut options = std::fs::OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
		std::fs::create_dir_all(folder)
			.with_context(|| format!("can't make the folder {}", folder.display()))?;
	}
	let mut file = options.open(path).with_context(|| {
		format!("can't make {} (a key file is never overwritten)", path.display())
	})?;
	let text = serde_json::to_string_pretty(&KeyFile { address: address.clone(), phrase })?;
	file.write_all(text.as_bytes())?;
	file.sync_all()?;
	Ok(address)
}

/// Reads an account from its address, its public key in hex, or a development path.
pub fn account(text: &str) -> Result<AccountId32> {
	if text.starts_with("//") {
		return Ok(Signer::from_secret(text, true)?.account());
	}
	if let Some(bytes) = text.strip_prefix("0x").and_then(|text| hex::decode(text).ok())
		&& let Ok(bytes) = <[u8; 32]>::try_from(bytes)
	{
		return Ok(bytes.into());
	}
	AccountId32::from_ss58check(text).map_err(|_| {
		anyhow::anyhow!("'{text}' is no account: give its SS58 address or 0x public key")
	})
}

/// The folder for what the client keeps between runs.
pub fn data_folder() -> PathBuf {
	let home = || std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
	std::env::var_os("XDG_DATA_HOME")
		.map_or_else(|| home().join(".local/share"), PathBuf::from)
		.join("openledger")
}

/// The folder for what can be made again.
pub fn cache_folder() -> PathBuf {
	let home = || std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
	std::env::var_os("XDG_CACHE_HOME")
		.map_or_else(|| home().join(".cache"), PathBuf::from)
		.join("openledger")
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

	#[test]
	fn both_key_pairs_are_the_same_account() {
		let signer = Signer::find(Some("//Alice")).unwrap();
		assert_eq!(signer.address(), ALICE);
		assert_eq!(signer.keypair.public_key().0, signer.pair.public().0);
		assert!(signer.well_known);
	}

	#[test]
	fn key_file_is_read_back_and_never_overwritten() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("sub/key.json");
		let address = create(&path).unwrap();
		let signer = Signer::find(path.to_str()).unwrap();
		assert_eq!(signer.address(), address);
		assert!(!signer.well_known);
		assert!(create(&path).is_err());
	}

	#[test]
	fn key_is_refused_when_file_is_missing_or_another() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("key.json");
		assert!(Signer::find(path.to_str()).is_err());
		std::fs::write(&path, "{}").unwrap();
		assert!(Signer::find(path.to_str()).is_err());
		assert!(Signer::find(Some("not twelve words of a phrase")).is_err());
	}

	#[test]
	fn accounts_are_read_in_every_notation() {
		let alice = account("//Alice").unwrap();
		assert_eq!(account(ALICE).unwrap(), alice);
		assert_eq!(account(&format!("0x{}", hex::encode(alice.clone()))).unwrap(), alice);
		assert!(account("5Grwva").is_err());
		assert!(account("0x12").is_err());
	}
}
