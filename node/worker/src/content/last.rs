//! Workers that are nobody's peers: whoever is audited has had what its answer took, and is asked for it.
//!
//! Where they are is what they say of themselves, and they may gain from an execution that never ends. So none
//! is waited for long, and a transfer that takes longer goes on by itself: the next execution finds it done, or
//! waits for more of it. One that nobody waits for any more is given up.
//!
//! What they send is as large as they say until all of it has come. So an audit has one transfer of a content:
//! whoever moves its worker has the one that was begun elsewhere given up. And all together are bounded.

use std::{
	collections::HashMap,
	path::PathBuf,
	sync::{Arc, OnceLock},
	time::Duration,
};

use futures::{
	FutureExt,
	future::{BoxFuture, Shared},
};
use openledger_primitives_core::{Hash, RequestId};
use parking_lot::Mutex;
use tokio::{
	select,
	sync::{Semaphore, SemaphorePermit},
	time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{ContentError, Inner, Wanted};

/// The longest that one execution waits for such a worker, from the first thing that it asks it for. Content
/// that is missing is withheld where an execution says so in the last third of two minutes: together with what
/// else an operator can be slow at, one that fails has to fit into that.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a transfer goes on that nobody waits for. An execution that has failed begins again with the next
/// block, and fetches what was asked before it comes to this.
const PAUSE: Duration = Duration::from_secs(40);
/// What room is counted in, in bytes: as many of them as a semaphore takes are more than any disk has.
const UNIT: u64 = 1 << 10;

/// A worker that one execution asks for what no peer has.
#[derive(Debug)]
pub struct Last {
	worker: Url,
	audit: RequestId,
	patience: Duration,
	until: OnceLock<Instant>,
}

impl Last {
	/// The worker at an address that nobody vouches for, and the claim whose audit asks it.
	pub fn new(worker: Url, audit: RequestId) -> Self {
		Self::with_patience(worker, audit, PATIENCE)
	}

	pub(super) fn with_patience(worker: Url, audit: RequestId, patience: Duration) -> Self {
		Self { worker, audit, patience, until: OnceLock::new() }
	}

	/// Until when it is waited for.
	fn until(&self) -> Instant {
		*self.until.get_or_init(|| Instant::now() + self.patience)
	}
}

/// What is fetched, how much of it at most, and where.
type Key = (Hash, u64, Url);
/// What becomes of a transfer: none where the worker does not hand out what is wanted, and an error where it is
/// not the worker's fault.
type Ended = Result<Option<PathBuf>, Arc<ContentError>>;

/// The transfers from such workers that are under way. One of the same content from another worker is another:
/// who is slow on purpose holds up nobody else's.
pub(super) struct Transfers {
	under_way: Mutex<HashMap<Key, Transfer>>,
	/// In units, as is all that there is.
	room: Semaphore,
	all: u32,
}

#[derive(Clone)]
struct Transfer {
	/// The audits that it is for, and until when each of them waits for it.
	waited: Arc<Mutex<HashMap<RequestId, Instant>>>,
	/// Says that it is for none any more.
	unwanted: CancellationToken,
	ended: Shared<BoxFuture<'static, Ended>>,
}

impl Transfers {
	/// None, with room for so many bytes.
	pub(super) fn new(bytes: u64) -> Self {
		let all = units(bytes);
		let room = Semaphore::new(usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS));
		Self { under_way: Mutex::default(), room, all }
	}

	/// Room for what a worker says that it sends.
	fn reserve(&self, bytes: u64) -> Result<SemaphorePermit<'_>, ContentError> {
		// One that is larger than all of the room comes by itself.
		let units = units(bytes).min(self.all);
		self.room.try_acquire_many(units).map_err(|_| ContentError::Busy)
	}
}

fn units(bytes: u64) -> u32 {
	u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// Strikes a transfer when it ends, by a panic too: what were left of it would pass for what nobody has.
struct UnderWay {
	inner: Arc<Inner>,
	key: Key,
	waited: Arc<Mutex<HashMap<RequestId, Instant>>>,
}

impl Drop for UnderWay {
	fn drop(&mut self) {
		let mut transfers = self.inner.transfers.under_way.lock();
		// One that became unwanted may have a successor there.
		let is_own = |transfer: &Transfer| Arc::ptr_eq(&transfer.waited, &self.waited);
		if transfers.get(&self.key).is_some_and(is_own) {
			transfers.remove(&self.key);
		}
	}
}

impl Inner {
	/// What the worker has given in time.
	///
	/// # Errors
	/// What is not the worker's fault, [`ContentError::Busy`] among it.
	pub(super) async fn fetch_last(
		self: &Arc<Self>,
		last: &Last,
		wanted: Wanted<'_>,
	) -> Result<Option<PathBuf>, ContentError> {
		let until = last.until();
		let ended = self.under_way(last, wanted, until);
		match timeout_at(until, ended).await {
			Ok(ended) => Ok(ended?),
			Err(_) => Ok(None),
		}
	}

	/// The transfer that an audit waits for from now on, and no other of the same content.
	fn under_way(
		self: &Arc<Self>,
		last: &Last,
		wanted: Wanted<'_>,
		until: Instant,
	) -> Shared<BoxFuture<'static, Ended>> {
		let key = (*wanted.hash, wanted.most, last.worker.clone());
		let mut transfers = self.transfers.under_way.lock();
		transfers.retain(|other, transfer| {
			let mut waited = transfer.waited.lock();
			let is_moved = other.0 == key.0 && *other != key;
			let is_unwanted = is_moved && waited.remove(&last.audit).is_some() && waited.is_empty();
			if is_unwanted {
				transfer.unwanted.cancel();
			}
			!is_unwanted
		});
		let begin = || self.begin(key.clone(), last.audit, until);
		let transfer = transfers.entry(key.clone()).or_insert_with(begin);
		let mut waited = transfer.waited.lock();
		let known = waited.entry(last.audit).or_insert(until);
		*known = until.max(*known);
		transfer.ended.clone()
	}

	fn begin(self: &Arc<Self>, key: Key, audit: RequestId, until: Instant) -> Transfer {
		let waited = Arc::new(Mutex::new(HashMap::from([(audit, until)])));
		let unwanted = CancellationToken::new();
		let moved = unwanted.clone();
		let this = UnderWay { inner: self.clone(), key, waited: waited.clone() };
		let transfer = tokio::spawn(async move {
			let UnderWay { inner, key: (hash, most, worker), waited } = &this;
			let wanted = Wanted { hash, most: *most, last: None };
			select! {
				taken = inner.fetch_audited(worker, wanted) => {
					Inner::taken(worker, wanted, taken).map_err(Arc::new)
				}
				() = given_up(waited, PAUSE) => Ok(None),
				() = moved.cancelled() => Ok(None),
			}
		});
		let ended = transfer.map(|ended| match ended {
			Ok(ended) => ended,
			Err(_) => Err(Arc::new(ContentError::Stopped)),
		});
		Transfer { waited, unwanted, ended: ended.boxed().shared() }
	}

	/// Stores what such a worker has under the name, where there is room for it; `None` where it has nothing.
	async fn fetch_audited(
		self: &Arc<Self>,
		worker: &Url,
		wanted: Wanted<'_>,
	) -> Result<Option<PathBuf>, ContentError> {
		let Some(blob) = self.peers.ask(worker, wanted).await? else { return Ok(None) };
		let _room = self.transfers.reserve(blob.size)?;
		self.fetched(wanted, blob).await.map(Some)
	}
}

/// Returns once nobody has waited for so long.
async fn given_up(waited: &Mutex<HashMap<RequestId, Instant>>, pause: Duration) {
	loop {
		let latest = waited.lock().values().max().copied();
		let Some(end) = latest.map(|until| until + pause) else { return };
		if end <= Instant::now() {
			return;
		}
		sleep_until(end).await;
	}
}

#[cfg(test)]
mod tests;
