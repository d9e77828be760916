//! Making a store, and opening one.

use super::{
	Agent, Settings, Store, StoreError,
	error::disk,
	seal::Sealer,
	session::{Live, Record},
	tables::{BATCHES, CONTENTS, LAYOUT, META, NODES, RECEIPTS, SESSIONS, Snapshot},
	writer::Writer,
};
use crate::files;
use openledger_primitives_core::{Balance, Hash};
use parking_lot::{Mutex, RwLock};
use redb::{
	Database, DatabaseError, ReadableDatabase, StorageBackend, TableError, backends::FileBackend,
};
use std::{
	collections::HashMap,
	fs::{self, File},
	io,
	panic::{AssertUnwindSafe, catch_unwind},
	path::Path,
	sync::Arc,
};

impl Store {
	/// Opens or creates the store at `path`, with its key beside it in `path.key`, for the chain with
	/// this genesis. Receipts are signed by `agent`. Blocks the thread on the disk; after a crash it
	/// reads the whole file.
	///
	/// # Errors
	/// [`StoreError`].
	pub fn open(
		path: &Path,
		genesis: Hash,
		agent: impl Agent + 'static,
		settings: Settings,
	) -> Result<Self, StoreError> {
		let failed = |error| StoreError::File { path: path.to_owned(), error: Arc::new(error) };
		let in_use = || StoreError::InUse(path.to_owned());
		if !path.try_exists().map_err(failed)? {
			let _lock = files::lock(path).map_err(failed)?.ok_or_else(in_use)?;
			// Another process may have made it before the lock was this one's.
			if !path.try_exists().map_err(failed)? {
				create(path, &genesis, failed)?;
			}
		}
		let file = File::options().read(true).write(true).open(path).map_err(failed)?;
		let file = FileBackend::new(file).map_err(|error| match error {
			DatabaseError::DatabaseAlreadyOpen => in_use(),
			error => disk(error),
		})?;
		Self::open_on(file, path, genesis, agent, settings)
	}

	/// [`Store::open`] on whatever keeps bytes and was prepared; `path` names the key's file.
	pub(crate) fn open_on(
		backend: impl StorageBackend,
		path: &Path,
		genesis: Hash,
		agent: impl Agent + 'static,
		settings: Settings,
	) -> Result<Self, StoreError> {
		// The database asserts, where it could refuse, that its file is as long as the file says.
		let opened = catch_unwind(AssertUnwindSafe(|| {
			Database::builder()
				.set_cache_size(settings.cache)
				.set_repair_callback(|repair| {
					let done = repair.progress() * 100.0;
					log::warn!("receipts were not closed: {done:.0} % checked");
				})
				.create_with_backend(backend)
		}));
		let database = opened
			.map_err(|_| StoreError::Damaged("its file is cut short, or not a database's"))?
			.map_err(disk)?;
		let (found, made) =
			layout(&database)?.ok_or_else(|| StoreError::NoStore(path.to_owned()))?;
		if found != LAYOUT {
			return Err(StoreError::OtherLayout { path: path.to_owned(), found });
		}
		if made != genesis.0 {
			return Err(StoreError::OtherChain(path.to_owned()));
		}
		let sealer = Sealer::open(&files::beside(path, ".key"), false)?;
		let database = Arc::new(database);
		let snapshot = Snapshot::of(&database)?;
		let mut sessions = HashMap::new();
		for (id, record) in snapshot.sessions::<Record>()? {
			sessions.insert(id, Arc::new(Mutex::new(Live::load(id, record, &snapshot)?)));
		}
		let batches = snapshot.batches()?.into_iter().collect();
		drop(snapshot);
		let writer = Writer::start(database.clone())
			.map_err(|error| StoreError::File { path: path.to_owned(), error: Arc::new(error) })?;
		Ok(Self {
			writer,
			database,
			sealer,
			agent: Box::new(agent),
			genesis,
			settings,
			sessions: RwLock::new(sessions),
			batches: Mutex::new(batches),
			room: Mutex::new(Balance::MAX),
		})
	}

	/// An empty store on `backend`, and its key beside `path`.
	pub(crate) fn prepare(
		backend: impl StorageBackend,
		path: &Path,
		genesis: &Hash,
	) -> Result<(), StoreError> {
		// On disk before the first byte that needs it.
		Sealer::open(&files::beside(path, ".key"), true)?;
		let database = Database::builder().create_with_backend(backend).map_err(disk)?;
		let transaction = database.begin_write().map_err(disk)?;
		{
			let mut meta = transaction.open_table(META).map_err(disk)?;
			meta.insert((), (LAYOUT, genesis.0)).map_err(disk)?;
			transaction.open_table(SESSIONS).map_err(disk)?;
			transaction.open_table(NODES).map_err(disk)?;
			transaction.open_table(RECEIPTS).map_err(disk)?;
			transaction.open_table(CONTENTS).map_err(disk)?;
			transaction.open_table(BATCHES).map_err(disk)?;
		}
		transaction.commit().map_err(disk)
	}
}

/// Makes the store under another name first: a database that is half made can't be opened.
fn create(
	path: &Path,
	genesis: &Hash,
	failed: impl Fn(io::Error) -> StoreError,
) -> Result<(), StoreError> {
	let draft = files::beside(path, ".new");
	let mut options = File::options();
	let file = options.read(true).write(true).create(true).truncate(true).open(&draft);
	Store::prepare(FileBackend::new(file.map_err(&failed)?).map_err(disk)?, path, genesis)?;
	fs::rename(&draft, path).map_err(&failed)?;
	files::sync_folder(path).map_err(failed)
}

/// The layout and genesis that the file was made with; `None` where it is no store.
fn layout(database: &Database) -> Result<Option<(u32, [u8; 32])>, StoreError> {
	let transaction = database.begin_read().map_err(disk)?;
	let table = match transaction.open_table(META) {
		Ok(table) => table,
		Err(TableError::TableDoesNotExist(_)) => return Ok(None),
		Err(error) => return Err(disk(error)),
	};
	let found = table.get(()).map_err(disk)?;
	Ok(found.map(|entry| entry.value()))
}
