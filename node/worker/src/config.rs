//! How the worker is set up.

use std::{
	net::{Ipv4Addr, SocketAddr},
	path::{Path, PathBuf},
	time::Duration,
};

use openledger_primitives_core::Balance;
use openledger_sessions::store::Settings;
use sp_core::crypto::AccountId32;
use url::Url;

use crate::{canaries::CanarySettings, error::StartError};

/// The port that the worker listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 9955;
/// The jobs that fit the queue unless told otherwise.
pub const DEFAULT_QUEUE: usize = 64;
/// The jobs that are answered at once unless told otherwise.
pub const DEFAULT_PARALLEL: usize = 4;

/// The receipts of one session that may be unpaid or under way unless told otherwise.
pub const DEFAULT_UNPAID_RECEIPTS: u32 = 16;
/// What they may cost unless told otherwise, in the smallest unit of OPEN: one OPEN.
pub const DEFAULT_UNPAID_AMOUNT: Balance = 1_000_000_000_000_000_000;
/// Memory for pages of the store of receipts, in bytes.
const RECEIPTS_CACHE: usize = 64 << 20;

/// Where content is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
	/// A folder of this machine.
	Folder(PathBuf),
	/// An object store; credentials come from its usual environment variables (`AWS_…`,
	/// `GOOGLE_…`, `AZURE_…`).
	Remote(Url),
}

impl StoreLocation {
	/// Reads a path, or a URL such as `s3://bucket/prefix`, `gs://…` or `az://…`.
	///
	/// # Errors
	/// [`StartError::Setting`] for what looks like a URL and is none.
	pub fn parse(text: &str) -> Result<Self, StartError> {
		if !text.contains("://") {
			return Ok(Self::Folder(PathBuf::from(text)));
		}
		let refuse = |reason| StartError::Setting {
			setting: "--operator-store",
			value: text.to_string(),
			reason,
		};
		let url = Url::parse(text).map_err(|_| refuse("it is neither a path nor a URL"))?;
		if url.scheme() != "file" {
			return Ok(Self::Remote(url));
		}
		url.to_file_path().map(Self::Folder).map_err(|()| refuse("a file URL needs a whole path"))
	}
}

impl std::fmt::Display for StoreLocation {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Folder(path) => path.display().fmt(f),
			// A URL may carry credentials.
			Self::Remote(url) => {
				write!(f, "{}://{}{}", url.scheme(), url.host_str().unwrap_or(""), url.path())
			}
		}
	}
}

/// How much of everything the worker takes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
	/// The largest blob, in bytes.
	pub blob: u64,
	/// The most that one account may store, in bytes.
	pub quota: u64,
	/// The most that all accounts together may store, in bytes.
	pub capacity: u64,
	/// The most that copies of remote content take on this machine, in bytes.
	pub copies: u64,
	/// The most memory for adapters that are kept loaded, as much again for indexes, and for lenses, in bytes.
	pub loaded: u64,
	/// The most that is under way at once from operators that are audited, in bytes.
	pub audited: u64,
	/// Uploads received at the same time.
	pub uploads: usize,
	/// HTTP connections open at the same time.
	pub connections: usize,
	/// The longest silence of a peer or client while bytes are due, the head of a request included.
	pub silence: Duration,
	/// The slowest transfer that is waited for, in bytes per second.
	pub rate: u64,
}

impl Default for Limits {
	fn default() -> Self {
		Self {
			blob: 512 << 20,
			quota: 4 << 30,
			capacity: 64 << 30,
			copies: 8 << 30,
			loaded: 1 << 30,
			// As many of the largest blobs as a verifier sits in committees at most: less would let operators who
			// withhold content keep a verifier from that of others.
			audited: 8 << 30,
			uploads: 16,
			connections: 256,
			silence: Duration::from_secs(30),
			rate: 16 << 10,
		}
	}
}

impl Limits {
	/// The longest that a transfer of `size` bytes may take.
	pub fn patience(&self, size: u64) -> Duration {
		self.silence.saturating_add(Duration::from_secs(size.div_ceil(self.rate.max(1))))
	}
}

/// Everything that `--operator` and the flags beside it set.
#[derive(Clone, Debug)]
pub struct OperatorConfig {
	/// GGUF files or Hugging Face folders of the bases to serve.
	pub bases: Vec<PathBuf>,
	/// Where content is kept.
	pub store: StoreLocation,
	/// The folder for what has to be on this machine: uploads under way, the ledger of quotas, and
	/// copies of remote content.
	pub folder: PathBuf,
	/// Where HTTP is served.
	pub listen: SocketAddr,
	/// Jobs that may wait or run; as many questions in sessions may besides.
	pub queue: usize,
	/// Jobs that are answered at once, in one batch; as many questions in sessions are besides.
	pub parallel: usize,
	/// Workers to fetch missing content from, in this order.
	pub peers: Vec<Url>,
	/// Threads to compute with.
	pub threads: usize,
	/// The agent whose key signs receipts, where the node has keys of several.
	pub agent: Option<AccountId32>,
	/// How far the payers of sessions are trusted.
	pub trust: Settings,
	/// Which claims become canaries.
	pub canaries: CanarySettings,
	/// Limits on everything else.
	pub limits: Limits,
}

impl OperatorConfig {
	/// The defaults for a node whose data lies under `base_path`: a local store, no base yet.
	pub fn new(base_path: &Path) -> Self {
		let folder = base_path.join("content");
		Self {
			bases: Vec::new(),
			store: StoreLocation::Folder(folder.clone()),
			folder,
			listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
			queue: DEFAULT_QUEUE,
			parallel: DEFAULT_PARALLEL,
			peers: Vec::new(),
			threads: default_threads(),
			agent: None,
			trust: Settings {
				receipts: DEFAULT_UNPAID_RECEIPTS,
				amount: DEFAULT_UNPAID_AMOUNT,
				cache: RECEIPTS_CACHE,
			},
			canaries: CanarySettings { file: base_path.join("canaries"), part: 0.0 },
			limits: Limits::default(),
		}
	}

	/// Checks what can be checked without touching anything.
	///
	/// # Errors
	/// [`StartError::Setting`] naming the first setting out of range.
	pub fn validate(&self) -> Result<(), StartError> {
		let refuse =
			|setting, value: String, reason| Err(StartError::Setting { setting, value, reason });
		if self.queue == 0 || self.queue > 65_536 {
			return refuse("--operator-queue", self.queue.to_string(), "it has to be in 1..=65536");
		}
		if self.parallel == 0 || self.parallel > 256 {
			let value = self.parallel.to_string();
			return refuse("--operator-parallel", value, "it has to be in 1..=256");
		}
		if self.threads == 0 || self.threads > 1_024 {
			return refuse(
				"--operator-threads",
				self.threads.to_string(),
				"it has to be in 1..=1024",
			);
		}
		if self.trust.receipts == 0 {
			let value = self.trust.receipts.to_string();
			return refuse("--operator-unpaid-receipts", value, "it has to be at least 1");
		}
		if !(0.0..=1.0).contains(&self.canaries.part) {
			let value = self.canaries.part.to_string();
			return refuse("--operator-canaries", value, "it has to be in 0..=1");
		}
		for peer in &self.peers {
			if !matches!(peer.scheme(), "http" | "https") || peer.host_str().is_none() {
				let reason = "a peer is named by an http or https URL";
				return refuse("--operator-peer", peer.to_string(), reason);
			}
		}
		let limits = &self.limits;
		if limits.blob == 0 || limits.uploads == 0 || limits.connections == 0 {
			return refuse("limits", format!("{limits:?}"), "none of them can be zero");
		}
		Ok(())
	}
}

/// All processors but one, which is left to authoring blocks; at least one.
pub fn default_threads() -> usize {
	std::thread::available_parallelism().map_or(1, |all| all.get().saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn location_is_folder_when_it_is_a_path_or_file_url() {
		for text in ["content", "/srv/content", "./a b"] {
			assert_eq!(StoreLocation::parse(text).unwrap(), StoreLocation::Folder(text.into()));
		}
		let folder = StoreLocation::parse("file:///srv/content").unwrap();
		assert_eq!(folder, StoreLocation::Folder("/srv/content".into()));
	}

	#[test]
	fn location_is_refused_when_url_is_malformed() {
		for text in ["s3://[", "://bucket", "file://host/share"] {
			assert!(
				matches!(StoreLocation::parse(text), Err(StartError::Setting { .. })),
				"{text} was taken"
			);
		}
	}

	#[test]
	fn location_hides_credentials_when_it_is_shown() {
		let remote = StoreLocation::parse("s3://user:secret@bucket/prefix?token=secret").unwrap();
		assert_eq!(remote.to_string(), "s3://bucket/prefix");
	}

	#[test]
	fn config_is_refused_when_a_setting_is_out_of_range() {
		let good = OperatorConfig::new(Path::new("data"));
		good.validate().unwrap();
		type Change = fn(&mut OperatorConfig);
		let changes: [(&str, Change); 11] = [
			("--operator-queue", |c| c.queue = 0),
			("--operator-queue", |c| c.queue = 1 << 20),
			("--operator-parallel", |c| c.parallel = 0),
			("--operator-parallel", |c| c.parallel = 257),
			("--operator-threads", |c| c.threads = 0),
			("--operator-unpaid-receipts", |c| c.trust.receipts = 0),
			("--operator-canaries", |c| c.canaries.part = -0.1),
			("--operator-canaries", |c| c.canaries.part = 1.1),
			("--operator-canaries", |c| c.canaries.part = f64::NAN),
			("--operator-peer", |c| c.peers = vec![Url::parse("ftp://host").unwrap()]),
			("limits", |c| c.limits.blob = 0),
		];
		for (name, change) in changes {
			let mut config = good.clone();
			change(&mut config);
			match config.validate() {
				Err(StartError::Setting { setting, .. }) => assert_eq!(setting, name),
				other => panic!("{name}: {other:?}"),
			}
		}
	}
}
