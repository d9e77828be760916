//! Why the binary ends, and under which exit code.

use openledger_worker::StartError;
use sc_service::error::Error as ServiceError;
use std::{error::Error, fmt, io, panic, path::Path, process, time::Duration};

/// What kind of thing failed; the number is the exit code. They are stable, and `docs/running.md`
/// lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
	/// Nothing of the below.
	Other = 1,
	/// The command line. It is clap's own code.
	Usage = 2,
	/// The chain's specification, or the genesis that it describes.
	ChainSpec = 3,
	/// The database.
	Database = 4,
	/// An address or a port to listen on.
	Address = 5,
	/// The disk: full, read-only, closed to this user, or no folder where one has to be.
	Storage = 6,
	/// A key, or the keystore.
	Keys = 7,
}

/// Why the binary ends.
#[derive(Debug)]
pub struct Failure {
	/// The kind.
	pub kind: Kind,
	/// What failed, and what to do about it.
	message: String,
}

impl Failure {
	/// A failure with a message that says what to do.
	pub fn new(kind: Kind, message: impl Into<String>) -> Self {
		Self { kind, message: message.into() }
	}

	/// A failure of something that names what the system said, if it said anything.
	fn caused(otherwise: Kind, error: &(dyn Error + 'static)) -> Self {
		Self::new(io_kind(error).and_then(kind_of).unwrap_or(otherwise), error.to_string())
	}

	/// The exit code.
	pub fn code(&self) -> u8 {
		self.kind as u8
	}
}

impl fmt::Display for Failure {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&self.message)
	}
}

impl Error for Failure {}

/// The kind of a failure that the system reports.
fn kind_of(kind: io::ErrorKind) -> Option<Kind> {
	use io::ErrorKind::*;
	match kind {
		AddrInUse | AddrNotAvailable => Some(Kind::Address),
		StorageFull | QuotaExceeded | ReadOnlyFilesystem | PermissionDenied => Some(Kind::Storage),
		_ => None,
	}
}

/// What the system reported below `error`. Much of the SDK keeps no more of it than the text.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
	let mut cause = Some(error);
	while let Some(error) = cause {
		if let Some(error) = error.downcast_ref::<io::Error>() {
			return Some(error.kind());
		}
		cause = error.source();
	}
	io_kind_in(&error.to_string())
}

/// As the standard library ends a message: `(os error 28)`.
fn io_kind_in(text: &str) -> Option<io::ErrorKind> {
	let (_, rest) = text.rsplit_once("(os error ")?;
	let (code, _) = rest.split_once(')')?;
	Some(io::Error::from_raw_os_error(code.parse().ok()?).kind())
}

impl From<sc_cli::Error> for Failure {
	fn from(error: sc_cli::Error) -> Self {
		use sc_cli::Error::*;
		match error {
			Application(error) => unpack(error),
			Service(error) => error.into(),
			Client(error) => error.into(),
			Io(error) => Self::caused(Kind::Other, &error),
			Cli(error) => Self::new(Kind::Usage, error.to_string()),
			Input(message) => Self::new(Kind::Usage, message),
			NetworkKeyNotFound(path) => Self::new(
				Kind::Keys,
				format!(
					"a validator needs a node key that stays the same, and {} does not exist. Make one \
					 with `openledger-node key generate-node-key --chain <chain> --base-path <folder>`, \
					 restore the old one from a backup, or name another file with --node-key-file",
					path.display()
				),
			),
			KeyAlreadyExistsInPath(path) => Self::new(
				Kind::Keys,
				format!(
					"there is a node key in {} already; it is left as it is. Delete the file first if \
					 the node is to get another identity",
					path.display()
				),
			),
			error @ (InvalidUri(_) | KeyFormatInvalid | KeyTypeInvalid | KeystoreOperation
			| KeyStorage(_)) => Self::caused(Kind::Keys, &error),
			error => Self::caused(Kind::Other, &error),
		}
	}
}

impl From<ServiceError> for Failure {
	fn from(error: ServiceError) -> Self {
		match error {
			ServiceError::Application(error) => unpack(error),
			ServiceError::Client(error) => error.into(),
			ServiceError::Io(error) => Self::caused(Kind::Other, &error),
			ServiceError::Other(message) => Self::new(Kind::Other, message),
			error @ ServiceError::Keystore(_) => Self::caused(Kind::Keys, &error),
			error => Self::caused(Kind::Other, &error),
		}
	}
}

impl From<sp_blockchain::Error> for Failure {
	fn from(error: sp_blockchain::Error) -> Self {
		use sp_blockchain::Error::*;
		match &error {
			Backend(text) if text.contains("Database file is in use") => Self::new(
				Kind::Database,
				"another process uses this database: stop it, or choose another folder with \
				 --base-path",
			),
			Backend(_) | StateDatabase(_) | Storage(_) => {
				let Self { kind, message } = Self::caused(Kind::Database, &error);
				match kind {
					Kind::Database => database(&message),
					kind => Self::new(kind, message),
				}
			}
			VersionInvalid(_) => Self::caused(Kind::ChainSpec, &error),
			_ => Self::caused(Kind::Other, &error),
		}
	}
}

impl From<Failure> for ServiceError {
	fn from(failure: Failure) -> Self {
		Self::Application(failure.into())
	}
}

impl From<Failure> for sc_cli::Error {
	fn from(failure: Failure) -> Self {
		Self::Application(failure.into())
	}
}

/// A failure that passed through the SDK in a box, or the kind of what else is in it.
fn unpack(error: Box<dyn Error + Send + Sync>) -> Failure {
	let error = match error.downcast::<Failure>() {
		Ok(failure) => return *failure,
		Err(error) => error,
	};
	let otherwise = match error.downcast_ref() {
		Some(StartError::Setting { .. } | StartError::Base { .. }) => Kind::Usage,
		Some(StartError::Listen { .. }) => Kind::Address,
		Some(StartError::Store(_) | StartError::Receipts(_)) => Kind::Storage,
		_ => Kind::Other,
	};
	Failure::caused(otherwise, error.as_ref())
}

/// A database that can't be read.
fn database(what: &str) -> Failure {
	Failure::new(
		Kind::Database,
		format!(
			"the database can't be used: {what}. Nothing was repaired. Restore the folder from a \
			 backup; or remove it with `openledger-node purge-chain` and sync again, which keeps the \
			 keys"
		),
	)
}

/// The node ended by itself: looks for the reason that its tasks could only log.
pub fn explain(failure: Failure, storage: impl FnOnce() -> Result<(), Failure>) -> Failure {
	if !failure.message.contains("Essential task failed") {
		return failure;
	}
	storage().err().unwrap_or_else(|| {
		Failure::new(
			failure.kind,
			"a task that the node can't do without has ended; the log's last lines say which and why",
		)
	})
}

/// Has a panic of the database reported as what it is: the SDK panics when the disk fails or fills
/// up under a write, since it must not go on.
pub fn report_database_panics() {
	let report = panic::take_hook();
	panic::set_hook(Box::new(move |panic| {
		let text = panic.payload_as_str().unwrap_or_default();
		match database_panic(panic.location().map_or("", |location| location.file()), text) {
			Some(failure) => end(&failure),
			None => report(panic),
		}
	}));
}

fn database_panic(file: &str, text: &str) -> Option<Failure> {
	let from_database = Path::new(file).components().any(|part| {
		let part = part.as_os_str().to_string_lossy();
		part.starts_with("parity-db-") || part.starts_with("sc-client-db-")
	});
	if !from_database && !text.contains("Critical database error") {
		return None;
	}
	let full = ["StorageFull", "No space left"].iter().any(|sign| text.contains(sign));
	Some(if full {
		Failure::new(
			Kind::Storage,
			"the disk is full, and the node stopped before it lost anything: free some space, and \
			 start it again",
		)
	} else {
		database(text)
	})
}

/// Ends the process if it hasn't ended by itself `limit` from now: the SDK waits for ever for tasks
/// of a node that failed while starting.
pub fn end_within(limit: Duration, failure: &Failure) {
	let failure = Failure::new(failure.kind, failure.message.clone());
	std::thread::spawn(move || {
		std::thread::sleep(limit);
		end(&failure)
	});
}

/// Says why, and ends the process.
fn end(failure: &Failure) -> ! {
	eprintln!("Error: {failure}");
	process::exit(failure.code().into())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn boxed(failure: Failure) -> Box<dyn Error + Send + Sync> {
		failure.into()
	}

	#[test]
	fn failure_is_the_same_when_it_passed_through_the_sdk() {
		let failure = Failure::new(Kind::Address, "port");
		let service = ServiceError::from(failure);
		let failure = Failure::from(sc_cli::Error::from(service));
		assert_eq!((failure.kind, failure.to_string()), (Kind::Address, "port".into()));
		let failure = Failure::from(sc_cli::Error::Application(boxed(failure)));
		assert_eq!(failure.code(), 5);
	}

	#[test]
	fn kind_is_the_systems_when_only_the_text_is_left() {
		for (text, kind) in [
			("IO Error: No space left on device (os error 28)", Kind::Storage),
			("IO Error: Read-only file system (os error 30)", Kind::Storage),
			("IO Error: Permission denied (os error 13)", Kind::Storage),
			("Corruption: Bad log", Kind::Database),
			(
				"Database file is in use. (Resource temporarily unavailable (os error 11))",
				Kind::Database,
			),
		] {
			let failure = Failure::from(sp_blockchain::Error::Backend(text.into()));
			assert_eq!(failure.kind, kind, "{text}");
		}
	}

	#[test]
	fn kind_is_address_when_a_port_is_taken() {
		let error = io::Error::from(io::ErrorKind::AddrInUse);
		assert_eq!(Failure::from(ServiceError::Io(error)).kind, Kind::Address);
		let error = Box::new(io::Error::from(io::ErrorKind::AddrInUse));
		assert_eq!(Failure::from(ServiceError::Application(error)).kind, Kind::Address);
	}

	#[test]
	fn kind_is_usage_when_an_operators_setting_cannot_be() {
		let error = StartError::Setting {
			setting: "--operator-queue",
			value: "0".into(),
			reason: "it has to be positive",
		};
		assert_eq!(Failure::from(sc_cli::Error::Application(error.into())).kind, Kind::Usage);
	}

	#[test]
	fn panic_is_a_failure_when_the_database_raised_it() {
		let of = |file, text| database_panic(file, text).map(|failure| failure.kind);
		let parity_db = "registry/src/index/parity-db-0.4.13/src/file.rs";
		assert_eq!(of(parity_db, "called `Option::unwrap()`"), Some(Kind::Database));
		let full = "Critical database error: Io(Os { code: 28, kind: StorageFull })";
		assert_eq!(of("src/lib.rs", full), Some(Kind::Storage));
		assert_eq!(of("runtime/src/lib.rs", "overflow"), None);
	}

	#[test]
	fn reason_is_the_disk_when_tasks_ended_over_it() {
		let ended = || Failure::from(ServiceError::Other("Essential task failed.".into()));
		let full = || Err(Failure::new(Kind::Storage, "full"));
		assert_eq!(explain(ended(), full).kind, Kind::Storage);
		assert!(explain(ended(), || Ok(())).to_string().contains("log"));
		let other = Failure::new(Kind::Keys, "key");
		assert_eq!(explain(other, full).kind, Kind::Keys);
	}
}
