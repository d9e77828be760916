//! More adapters than memory has room for.
//!
//! Every adapter is a file, as the kernels read it ([`file`] has the format). Those that are in use, and
//! as many of the others as a budget allows, are in memory too; the least recently used makes room first.
//! Files are read by a thread of the store's own, so that nobody who has what he needs waits for a disk.
//! They are read, not mapped: a mapped file that somebody shortens ends the process, and memory that is
//! counted can be bounded.

mod file;
mod residency;
#[cfg(test)]
mod tests;

use std::{
	collections::HashMap,
	fmt,
	path::{Path, PathBuf},
	sync::{
		Arc, Mutex, Weak,
		atomic::{AtomicBool, AtomicU64, Ordering},
		mpsc,
	},
	thread::{self, JoinHandle},
	time::Instant,
};

pub use residency::Usage;

use crate::{
	adapter::{Adapter, next_generation},
	config::Config,
	engine::Packed,
	error::{Error, Result},
	lock::lock,
};
use file::Table;
use residency::{Outcome, Residency, Ticket};

/// Names an adapter's content, such as a hash of it. The same key is the same adapter for ever.
pub type Key = [u8; 32];

/// What a store did since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
	/// Bytes in memory, or on their way there.
	pub resident_bytes: u64,
	/// Bytes that may be.
	pub budget: u64,
	/// Adapters that are known.
	pub adapters: usize,
	/// Files read.
	pub loads: u64,
	/// Files that could not be read when they were needed.
	pub failed_loads: u64,
	/// Seconds that reading took, to its end or to what was wrong.
	pub loading_seconds: f64,
}

/// A folder of adapters for one base, and those of them that are in memory.
pub struct Store {
	inner: Arc<Inner>,
	reader: Option<JoinHandle<()>>,
}

struct Inner {
	folder: PathBuf,
	base: Config,
	budget: u64,
	residency: Mutex<Residency>,
	known: Mutex<HashMap<Key, Weak<Stored>>>,
	/// What has to be read; none when the store is closed.
	orders: Mutex<Option<mpsc::Sender<Order>>>,
	/// Called after something was read.
	watchers: Mutex<Vec<Weak<dyn Fn() + Send + Sync>>>,
	loads: AtomicU64,
	failed_loads: AtomicU64,
	loading_nanos: AtomicU64,
}

struct Order {
	generation: u64,
	path: PathBuf,
	table: Arc<Table>,
}

/// An adapter of a store: immutable, and a generation of its own.
pub struct Stored {
	store: Arc<Inner>,
	key: Key,
	generation: u64,
	path: PathBuf,
	table: Arc<Table>,
	discarded: AtomicBool,
}

impl fmt::Debug for Stored {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Stored").field("path", &self.path).finish_non_exhaustive()
	}
}

impl Store {
	/// Opens a folder, which is made if it is not there, for adapters of a base of that shape. Of them
	/// `budget` bytes stay in memory.
	///
	/// # Errors
	/// [`Error::Io`] when the folder cannot be made, or the system has no thread to spare.
	pub fn open(folder: &Path, base: &Config, budget: u64) -> Result<Self> {
		std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
		let (sender, orders) = mpsc::channel();
		let inner = Arc::new(Inner {
			folder: folder.to_path_buf(),
			base: base.clone(),
			budget,
			residency: Mutex::new(Residency::new(budget)),
			known: Mutex::default(),
			orders: Mutex::new(Some(sender)),
			watchers: Mutex::default(),
			loads: AtomicU64::new(0),
			failed_loads: AtomicU64::new(0),
			loading_nanos: AtomicU64::new(0),
		});
		let reading = Arc::clone(&inner);
		let reader = thread::Builder::new().name("openlora-store".into());
		let reader = reader.spawn(move || orders.into_iter().for_each(|order| reading.read(order)));
		let reader = Some(reader.map_err(Error::io(Path::new("a thread")))?);
		Ok(Self { inner, reader })
	}

	/// Writes an adapter's file, unless the key is known, and returns it.
	///
	/// # Errors
	/// When the adapter does not fit the base, half precision does not reach one of its numbers, it is
	/// larger than the budget, or the file cannot be written.
	pub fn add(&self, key: Key, adapter: &Adapter) -> Result<Arc<Stored>> {
		let path = self.path_of(&key);
		match self.find(key) {
			Ok(Some(stored)) => return Ok(stored),
			Ok(None) => {}
			// The good one is at hand.
			Err(error) => log::warn!("{} is written anew: {error}", path.display()),
		}
		adapter.fits(&self.inner.base)?;
		let packed = adapter.pack()?;
		self.inner.check_size(packed.bytes().len() as u64)?;
		loop {
			let table = file::write(&path, &packed, self.inner.base.layers)?;
			if let Some(stored) = self.inner.register(key, &path, table) {
				return Ok(stored);
			}
		}
	}

	/// The adapter of a key, if its file is there.
	///
	/// # Errors
	/// When there is a file, but not of an adapter for this base that the budget has room for.
	pub fn find(&self, key: Key) -> Result<Option<Arc<Stored>>> {
		if let Some(stored) = lock(&self.inner.known).get(&key).and_then(Weak::upgrade) {
			stored.discarded.store(false, Ordering::Relaxed);
			return Ok(Some(stored));
		}
		let path = self.path_of(&key);
		if path.symlink_metadata().is_err() {
			return Ok(None);
		}
		let table = file::table(&path)?;
		table.fits(&self.inner.base)?;
		self.inner.check_size(table.data_bytes())?;
		Ok(self.inner.register(key, &path, table))
	}

	/// Where the file of a key is, or would be.
	pub fn path_of(&self, key: &Key) -> PathBuf {
		self.inner.folder.join(format!("{}.lora", hex::encode(key)))
	}

	/// What it did so far.
	pub fn totals(&self) -> Totals {
		let inner = &self.inner;
		Totals {
			resident_bytes: lock(&inner.residency).used(),
			budget: inner.budget,
			adapters: lock(&inner.known).values().filter(|one| one.strong_count() > 0).count(),
			loads: inner.loads.load(Ordering::Relaxed),
			failed_loads: inner.failed_loads.load(Ordering::Relaxed),
			loading_seconds: inner.loading_nanos.load(Ordering::Relaxed) as f64 / 1e9,
		}
	}
}

impl Drop for Store {
	fn drop(&mut self) {
		lock(&self.inner.orders).take();
		if let Some(reader) = self.reader.take() {
			// A panic of the thread has been printed.
			let _ = reader.join();
		}
	}
}

impl Inner {
	fn check_size(&self, bytes: u64) -> Result<()> {
		match bytes > self.budget {
			true => Err(Error::AdapterTooLarge { bytes, budget: self.budget }),
			false => Ok(()),
		}
	}

	/// None when the file has been discarded meanwhile.
	fn register(self: &Arc<Self>, key: Key, path: &Path, table: Table) -> Option<Arc<Stored>> {
		// Files are discarded behind this lock too.
		let mut known = lock(&self.known);
		// Another thread may have been faster.
		if let Some(stored) = known.get(&key).and_then(Weak::upgrade) {
			return Some(stored);
		}
		path.symlink_metadata().ok()?;
		let generation = next_generation();
		lock(&self.residency).add(generation, table.data_bytes());
		let stored = Arc::new(Stored {
			store: Arc::clone(self),
			key,
			generation,
			path: path.to_path_buf(),
			table: Arc::new(table),
			discarded: AtomicBool::new(false),
		});
		known.insert(key, Arc::downgrade(&stored));
		Some(stored)
	}

	/// Orders what has to be read.
	fn order(&self, wanted: Vec<u64>) {
		if wanted.is_empty() {
			return;
		}
		let known: Vec<Arc<Stored>> =
			lock(&self.known).values().filter_map(Weak::upgrade).collect();
		for generation in wanted {
			let stored = known.iter().find(|one| one.generation == generation);
			let order = stored.and_then(|one| {
				let order =
					Order { generation, path: one.path.clone(), table: Arc::clone(&one.table) };
				lock(&self.orders).as_ref()?.send(order).ok()
			});
			if order.is_none() {
				let closed = Err("the store is closed".to_string());
				let wanted = lock(&self.residency).loaded(generation, closed);
				self.order(wanted);
			}
		}
	}

	/// Reads a file, and tells who may wait for it.
	fn read(&self, order: Order) {
		let begun = Instant::now();
		let result = file::read(&order.path, &order.table);
		let nanos = begun.elapsed().as_nanos().min(u128::from(u64::MAX)) as u64;
		let count = if result.is_ok() { &self.loads } else { &self.failed_loads };
		count.fetch_add(1, Ordering::Relaxed);
		self.loading_nanos.fetch_add(nanos, Ordering::Relaxed);
		let result = result.map_err(|error| {
			log::warn!("{} cannot be read: {error}", order.path.display());
			// Where the store lies is nobody's business who asks for an adapter; errors of the system
			// may name it.
			match error {
				Error::Io { source, .. } => source.kind().to_string(),
				error => error.to_string(),
			}
		});
		let wanted = lock(&self.residency).loaded(order.generation, result);
		self.order(wanted);
		let watchers = lock(&self.watchers).clone();
		watchers.iter().filter_map(Weak::upgrade).for_each(|watcher| watcher());
	}

	/// Calls `watcher` after every file that was read, for as long as it lives.
	fn watch(&self, watcher: &Arc<dyn Fn() + Send + Sync>) {
		let mut watchers = lock(&self.watchers);
		watchers.retain(|one| one.strong_count() > 0);
		if !watchers.iter().any(|one| one.ptr_eq(&Arc::downgrade(watcher))) {
			watchers.push(Arc::downgrade(watcher));
		}
	}
}

impl Stored {
	/// The key.
	pub fn key(&self) -> Key {
		self.key
	}

	/// A number that no other adapter of this process has.
	pub fn generation(&self) -> u64 {
		self.generation
	}

	/// What is known of its use.
	pub fn usage(&self) -> Usage {
		lock(&self.store.residency).usage(self.generation)
	}

	/// Checks that it was made for a base of that shape.
	///
	/// # Errors
	/// [`Error::AdapterLayers`] or [`Error::AdapterShape`].
	pub fn fits(&self, base: &Config) -> Result<()> {
		self.table.fits(base)
	}

	/// Removes the file once nobody uses the adapter any more.
	pub fn discard(&self) {
		self.discarded.store(true, Ordering::Relaxed);
	}
}

impl Drop for Stored {
	fn drop(&mut self) {
		lock(&self.store.residency).remove(self.generation);
		let mut known = lock(&self.store.known);
		// The key may have a new generation by now.
		if known.get(&self.key).is_some_and(|one| one.strong_count() == 0) {
			known.remove(&self.key);
			if self.discarded.load(Ordering::Relaxed)
				&& let Err(error) = std::fs::remove_file(&self.path)
			{
				log::warn!("cannot remove {}: {error}", self.path.display());
			}
		}
	}
}

/// Memory that some adapters of a store have, or wait for. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
	members: Vec<Arc<Stored>>,
	ticket: Ticket,
}

impl Lease {
	/// Asks for adapters, which are of one store and together fit its budget; `watcher` is called when
	/// they may be there.
	///
	/// # Errors
	/// [`Error::AdapterTooLarge`], [`Error::Malformed`] when there are several stores.
	pub(crate) fn ask(
		members: Vec<Arc<Stored>>,
		watcher: &Arc<dyn Fn() + Send + Sync>,
	) -> Result<Option<Self>> {
		let Some(first) = members.first() else { return Ok(None) };
		let store = Arc::clone(&first.store);
		check(&members)?;
		store.watch(watcher);
		let generations = members.iter().map(|one| one.generation).collect();
		let (ticket, wanted) = lock(&store.residency).ask(generations);
		// From here on the lease gives back what it was granted, whatever happens.
		let lease = Self { members, ticket };
		store.order(wanted);
		Ok(Some(lease))
	}

	/// The adapters, in the order in which they were asked for, once all are in memory.
	///
	/// # Errors
	/// [`Error::AdapterUnreadable`].
	pub(crate) fn ready(&self) -> Result<Option<Vec<Arc<Packed>>>> {
		let Some(first) = self.members.first() else { return Ok(Some(Vec::new())) };
		match lock(&first.store.residency).outcome(self.ticket) {
			Outcome::Waiting => Ok(None),
			Outcome::Ready(packed) => Ok(Some(packed)),
			Outcome::Failed(reason) => Err(Error::AdapterUnreadable(reason)),
		}
	}
}

/// Checks that adapters are of one store and can be in memory together.
///
/// # Errors
/// [`Error::AdapterTooLarge`], [`Error::Malformed`] when there are several stores.
pub(crate) fn check(members: &[Arc<Stored>]) -> Result<()> {
	let Some(first) = members.first() else { return Ok(()) };
	if members.iter().any(|one| !Arc::ptr_eq(&one.store, &first.store)) {
		return Err(Error::malformed("request", "its adapters are of several stores"));
	}
	let generations: Vec<u64> = members.iter().map(|one| one.generation).collect();
	first.store.check_size(lock(&first.store.residency).bytes(&generations))
}

impl Drop for Lease {
	fn drop(&mut self) {
		if let Some(first) = self.members.first() {
			let wanted = lock(&first.store.residency).release(self.ticket);
			first.store.order(wanted);
		}
	}
}
