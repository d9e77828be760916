//! What is looked at before a node starts, so that what can't work is refused with a reason and
//! before anything is written.

use crate::failure::{Failure, Kind};
use sc_network::{
	Multiaddr,
	config::{NodeKeyConfig, Secret},
	multiaddr::Protocol,
};
use sc_service::{Configuration, config::KeystoreConfig};
use std::{
	fs::{self, OpenOptions},
	io::{self, Write},
	net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
	path::{Path, PathBuf},
	process,
};

/// The layouts of ParityDB that this binary reads.
const DATABASE_VERSIONS: std::ops::RangeInclusive<u32> = 4..=8;
/// The columns that the SDK's client keeps in it.
const DATABASE_COLUMNS: usize = 13;

/// Looks at everything that a node needs.
///
/// # Errors
/// The first thing that it can't have.
pub fn check(config: &Configuration, min_free_mib: u64) -> Result<(), Failure> {
	Folders::of(config).check(min_free_mib)?;
	database(config)?;
	addresses(config)?;
	node_key(&config.network.node_key)
}

/// Where a node writes.
pub struct Folders {
	/// Each with the flag that moves it.
	folders: Vec<(PathBuf, &'static str)>,
	/// Where space has to be free.
	database: PathBuf,
}

impl Folders {
	/// Those of a configuration.
	pub fn of(config: &Configuration) -> Self {
		let base = config.base_path.path();
		let database = config.database.path().unwrap_or(base);
		let keystore = match &config.keystore {
			KeystoreConfig::Path { path, .. } => Some((path.clone(), "--keystore-path")),
			KeystoreConfig::InMemory => None,
		};
		let below = [base, &config.data_path, database].map(|path| (path.into(), "--base-path"));
		Self { folders: below.into_iter().chain(keystore).collect(), database: database.into() }
	}

	/// That they can be written to, and that there is space left where the database is.
	///
	/// # Errors
	/// [`Kind::Storage`] naming the folder.
	pub fn check(&self, min_free_mib: u64) -> Result<(), Failure> {
		for (folder, flag) in &self.folders {
			writable(folder).map_err(|error| {
				let advice = match error.kind() {
					io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
					_ => "it has to be a folder in which this user may write",
				};
				let folder = folder.display();
				Failure::new(
					Kind::Storage,
					format!(
						"can't write to {folder}: {error}; {advice}, or choose another with {flag}"
					),
				)
			})?;
		}
		free_space(&self.database, min_free_mib)
	}
}

/// Creates `folder` if it is not there, and a file in it for a moment.
fn writable(folder: &Path) -> io::Result<()> {
	fs::create_dir_all(folder)?;
	let probe = folder.join(format!(".openledger-probe-{}", process::id()));
	let written = OpenOptions::new()
		.write(true)
		.create_new(true)
		.open(&probe)
		.and_then(|mut file| file.write_all(&[0; 4096]));
	let removed = fs::remove_file(&probe);
	written.and(removed)
}

fn free_space(folder: &Path, min_mib: u64) -> Result<(), Failure> {
	if min_mib == 0 {
		return Ok(());
	}
	let free = fs4::available_space(folder).map_err(|error| {
		Failure::new(
			Kind::Storage,
			format!("can't tell how much space is free at {}: {error}", folder.display()),
		)
	})? / (1024 * 1024);
	if free >= min_mib {
		return Ok(());
	}
	Err(Failure::new(
		Kind::Storage,
		format!(
			"{free} MiB are free at {}, and the node keeps {min_mib} MiB free: make room, choose \
			 another disk with --base-path, or set another limit with --db-storage-threshold <MiB>",
			folder.display()
		),
	))
}

/// That the database is none of a newer version's, nor parts of one.
///
/// ParityDB itself opens a newer layout as if it were its own, and where its `metadata` is missing
/// it begins a new database over the old tables.
///
/// # Errors
/// [`Kind::Database`] saying what is wrong.
pub fn database(config: &Configuration) -> Result<(), Failure> {
	config.database.path().map_or(Ok(()), database_at)
}

fn database_at(folder: &Path) -> Result<(), Failure> {
	let refused = |what: String, advice: &str| {
		Err(Failure::new(
			Kind::Database,
			format!("the database in {} {what}: {advice}", folder.display()),
		))
	};
	const RESTORE: &str = "restore it from a backup; or remove it with `openledger-node purge-chain` \
	                       and sync again, which keeps the keys";
	let layout = match fs::read(folder.join("metadata")) {
		Ok(bytes) => Layout::parse(&String::from_utf8_lossy(&bytes)),
		Err(error) if error.kind() == io::ErrorKind::NotFound => {
			return if has_tables(folder) {
				refused("has lost its file `metadata`".into(), RESTORE)
			} else {
				Ok(())
			};
		}
		Err(error) => return refused(format!("can't be read ({error})"), RESTORE),
	};
	let Some(Layout { version, columns }) = layout else {
		return refused("has a damaged file `metadata`".into(), RESTORE);
	};
	if version > *DATABASE_VERSIONS.end() || columns > DATABASE_COLUMNS {
		return refused(
			format!("was written by a newer version of the node (layout {version}.{columns})"),
			"use that version, or choose another folder with --base-path",
		);
	}
	if version < *DATABASE_VERSIONS.start() {
		return refused(format!("is of a version that is too old (layout {version})"), RESTORE);
	}
	Ok(())
}

fn has_tables(folder: &Path) -> bool {
	let is_table = |entry: fs::DirEntry| {
		let name = entry.file_name();
		let name = name.to_string_lossy();
		name.starts_with("table_") || name.starts_with("index_")
	};
	fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(is_table))
}

/// What ParityDB's `metadata` tells.
struct Layout {
	version: u32,
	columns: usize,
}

impl Layout {
	fn parse(metadata: &str) -> Option<Self> {
		let fields: Vec<(&str, &str)> =
			metadata.lines().map(|line| line.split_once('=')).collect::<Option<_>>()?;
		let field = |name| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
		let salt = field("salt")?;
		if salt.len() != 64 || !salt.bytes().all(|digit| digit.is_ascii_hexdigit()) {
			return None;
		}
		Some(Self {
			version: field("version")?.parse().ok()?,
			columns: fields.iter().filter(|(key, _)| key.starts_with("col")).count(),
		})
	}
}

/// That everything that listens can.
///
/// Without this, the SDK takes a port at random for the RPC, shares the one for peers with the
/// process that has it, and goes on without metrics.
fn addresses(config: &Configuration) -> Result<(), Failure> {
	for endpoint in config.rpc.addr.iter().flatten() {
		// An optional one is that of IPv6, which a machine may lack.
		if !endpoint.retry_random_port {
			free_tcp(endpoint.listen_addr, "RPC", "--rpc-port", endpoint.is_optional)?;
		}
	}
	if let Some(prometheus) = &config.prometheus_config {
		free_tcp(prometheus.port, "metrics", "--prometheus-port", false)?;
	}
	for address in &config.network.listen_addresses {
		free_for_peers(address)?;
	}
	Ok(())
}

fn free_tcp(address: SocketAddr, what: &str, flag: &str, optional: bool) -> Result<(), Failure> {
	match TcpListener::bind(address) {
		Ok(_) => Ok(()),
		Err(error) if optional && error.kind() != io::ErrorKind::AddrInUse => Ok(()),
		Err(error) => Err(taken(&address.to_string(), what, flag, &error)),
	}
}

fn free_for_peers(address: &Multiaddr) -> Result<(), Failure> {
	const WHAT: &str = "peers";
	const FLAG: &str = "--port or --listen-addr";
	let mut parts = address.iter();
	let ip = match parts.next() {
		Some(Protocol::Ip4(ip)) => Some(IpAddr::from(ip)),
		Some(Protocol::Ip6(ip)) => Some(IpAddr::from(ip)),
		_ => None,
	};
	match (ip, parts.next(), parts.next()) {
		(
			Some(ip),
			Some(Protocol::Tcp(port)),
			None | Some(Protocol::Ws(_) | Protocol::Wss(_) | Protocol::P2p(_)),
		) => free_tcp((ip, port).into(), WHAT, FLAG, ip.is_ipv6()),
		(Some(ip), Some(Protocol::Udp(port)), Some(Protocol::WebRTCDirect)) => {
			match UdpSocket::bind((ip, port)) {
				Err(error) if !ip.is_ipv6() || error.kind() == io::ErrorKind::AddrInUse => {
					Err(taken(&address.to_string(), WHAT, FLAG, &error))
				}
				_ => Ok(()),
			}
		}
		_ => Err(Failure::new(
			Kind::Usage,
			format!(
				"{address} is no address to listen on: give --listen-addr one such as \
				 /ip4/0.0.0.0/tcp/30333, /ip6/::/tcp/30333 or /ip4/0.0.0.0/tcp/30334/ws"
			),
		)),
	}
}

fn taken(address: &str, what: &str, flag: &str, error: &io::Error) -> Failure {
	let advice = match error.kind() {
		io::ErrorKind::AddrInUse => {
			"another process listens there, perhaps another node: stop it, or choose"
		}
		io::ErrorKind::AddrNotAvailable => "this machine has no such address: choose",
		io::ErrorKind::PermissionDenied => "this user may not listen there: choose",
		_ => "choose",
	};
	Failure::new(
		Kind::Address,
		format!("can't listen on {address} for {what} ({error}): {advice} another with {flag}"),
	)
}

/// That the node key can be read, or written where there is none yet.
fn node_key(key: &NodeKeyConfig) -> Result<(), Failure> {
	let NodeKeyConfig::Ed25519(Secret::File(file)) = key else { return Ok(()) };
	let existed = file.exists();
	let Err(error) = key.clone().into_keypair() else { return Ok(()) };
	if !existed {
		// What a full disk left of it would pass for a key that is damaged.
		let _ = fs::remove_file(file);
		return Err(Failure::new(
			Kind::Storage,
			format!("can't write a node key to {}: {error}", file.display()),
		));
	}
	Err(Failure::new(
		Kind::Keys,
		format!(
			"the node key in {} can't be used ({error}): it has to be 32 bytes, or 64 hexadecimal \
			 digits. Restore it from a backup; or delete it and make another with `openledger-node key \
			 generate-node-key`, under which other nodes won't know this one",
			file.display()
		),
	))
}

#[cfg(test)]
mod tests {
	use super::*;
	use tempfile::{TempDir, tempdir};

	const SALT: &str = "2074be1d1eb0f3bca20d0eeb6dbd23fcdbb955f5f4ef319a2ef735fa2c833bd5";

	fn with_metadata(metadata: &str) -> TempDir {
		let folder = tempdir().unwrap();
		fs::write(folder.path().join("metadata"), metadata).unwrap();
		folder
	}

	fn refusal(metadata: &str) -> String {
		let failure = database_at(with_metadata(metadata).path()).unwrap_err();
		assert_eq!(failure.kind, Kind::Database, "{metadata}");
		failure.to_string()
	}

	#[test]
	fn database_is_accepted_when_parity_db_of_this_binary_made_it() {
		let folder = tempdir().unwrap();
		let options = parity_db::Options::with_columns(folder.path(), DATABASE_COLUMNS as u8);
		options.write_metadata(folder.path(), &[7; 32]).unwrap();
		let metadata = fs::read_to_string(folder.path().join("metadata")).unwrap();
		let layout = Layout::parse(&metadata).unwrap();
		assert_eq!((layout.version, layout.columns), (*DATABASE_VERSIONS.end(), DATABASE_COLUMNS));
		assert!(database_at(folder.path()).is_ok());
	}

	#[test]
	fn database_is_accepted_when_there_is_none() {
		let folder = tempdir().unwrap();
		assert!(database_at(folder.path()).is_ok());
		assert!(database_at(&folder.path().join("missing")).is_ok());
	}

	#[test]
	fn database_is_refused_when_it_is_newer() {
		assert!(refusal(&format!("version=9\nsalt={SALT}\ncol0=x")).contains("newer"));
		let columns: String = (0..=DATABASE_COLUMNS).map(|i| format!("\ncol{i}=x")).collect();
		assert!(refusal(&format!("version=8\nsalt={SALT}{columns}")).contains("newer"));
	}

	#[test]
	fn database_is_refused_when_it_is_too_old() {
		assert!(refusal(&format!("version=3\nsalt={SALT}")).contains("too old"));
	}

	#[test]
	fn database_is_refused_when_metadata_is_damaged() {
		for metadata in [
			String::new(),
			"\u{1}\u{2}".into(),
			format!("version=x\nsalt={SALT}"),
			format!("salt={SALT}"),
			"version=8".into(),
			format!("version=8\nsalt={}", &SALT[1..]),
			format!("version=8\nsalt=x{}", &SALT[1..]),
		] {
			assert!(refusal(&metadata).contains("damaged"), "{metadata}");
		}
	}

	#[test]
	fn database_is_refused_when_metadata_is_lost() {
		let folder = tempdir().unwrap();
		fs::write(folder.path().join("table_00_17"), "x").unwrap();
		let failure = database_at(folder.path()).unwrap_err();
		assert!(failure.to_string().contains("lost"), "{failure}");
	}

	#[test]
	fn folder_is_created_and_left_empty_when_it_is_probed() {
		let folder = tempdir().unwrap();
		let inner = folder.path().join("a/b");
		writable(&inner).unwrap();
		assert_eq!(fs::read_dir(inner).unwrap().count(), 0);
	}

	#[test]
	fn folder_is_refused_when_it_is_a_file() {
		let file = tempfile::NamedTempFile::new().unwrap();
		assert!(writable(file.path()).is_err());
		assert!(writable(&file.path().join("inside")).is_err());
	}

	#[test]
	fn space_is_refused_when_it_is_below_the_limit() {
		let folder = tempdir().unwrap();
		assert!(free_space(folder.path(), 0).is_ok());
		assert!(free_space(folder.path(), 1).is_ok());
		let failure = free_space(folder.path(), u64::MAX).unwrap_err();
		assert_eq!(failure.kind, Kind::Storage);
		assert!(failure.to_string().contains("--db-storage-threshold"), "{failure}");
	}

	#[test]
	fn port_is_refused_when_it_is_taken() {
		let listener = TcpListener::bind("127.0.0.1:0").unwrap();
		let address = listener.local_addr().unwrap();
		let peers: Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", address.port()).parse().unwrap();
		for failure in [
			free_tcp(address, "RPC", "--rpc-port", false).unwrap_err(),
			free_tcp(address, "RPC", "--rpc-port", true).unwrap_err(),
			free_for_peers(&peers).unwrap_err(),
		] {
			assert_eq!(failure.kind, Kind::Address);
			assert!(failure.to_string().contains("another process"), "{failure}");
		}
		drop(listener);
		assert!(free_for_peers(&peers).is_ok());
	}

	#[test]
	fn address_is_refused_when_this_machine_lacks_it() {
		let address = "192.0.2.250:0".parse().unwrap();
		let failure = free_tcp(address, "metrics", "--prometheus-port", false).unwrap_err();
		assert!(failure.to_string().contains("no such address"), "{failure}");
		assert!(free_tcp(address, "RPC", "--rpc-port", true).is_ok());
	}

	#[test]
	fn address_is_refused_when_nothing_could_listen_on_it() {
		for address in ["/ip4/127.0.0.1/udp/30333", "/dns/localhost/tcp/1", "/memory/1"] {
			let failure = free_for_peers(&address.parse().unwrap()).unwrap_err();
			assert_eq!(failure.kind, Kind::Usage, "{address}");
		}
	}

	#[test]
	fn node_key_is_refused_and_kept_when_it_is_damaged() {
		let file = tempfile::NamedTempFile::new().unwrap();
		let key = NodeKeyConfig::Ed25519(Secret::File(file.path().into()));
		for content in ["", "garbage"] {
			fs::write(file.path(), content).unwrap();
			let failure = node_key(&key).unwrap_err();
			assert_eq!(failure.kind, Kind::Keys);
			assert_eq!(fs::read_to_string(file.path()).unwrap(), content);
		}
	}

	#[test]
	fn node_key_is_made_when_there_is_none() {
		let folder = tempdir().unwrap();
		let file = folder.path().join("network/secret_ed25519");
		let key = NodeKeyConfig::Ed25519(Secret::File(file.clone()));
		node_key(&key).unwrap();
		assert_eq!(fs::read(file).unwrap().len(), 32);
		node_key(&key).unwrap();
	}
}
