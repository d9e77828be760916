//! Workers that are nobody's peers: whoever is audited has had what its answer took, and is asked for it.
//!
//! Where they are is what they say of themselves, and they may gain from an execution that never ends. So none
//! is waited for long, and a transfer that takes longer goes on by itself: the next execution finds it done, or
//! waits for more of it. One that nobody waits for any more is given up.

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
use openledger_primitives_core::Hash;
use parking_lot::Mutex;
use tokio::{
	select,
	time::{Instant, sleep_until, timeout_at},
};
use url::Url;

use super::{Inner, Wanted};

/// The longest that one execution waits for such a worker, from the first thing that it asks it for. Content
/// that is missing is withheld where an execution says so in the last third of two minutes: together with what
/// else an operator can be slow at, one that fails has to fit into that.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a transfer goes on that nobody waits for. An execution that has failed begins again with the next
/// block, and fetches what was asked before it comes to this.
const PAUSE: Duration = Duration::from_secs(40);

/// A worker that one execution asks for what no peer has.
#[derive(Debug)]
pub struct Last {
	worker: Url,
	patience: Duration,
	until: OnceLock<Instant>,
}

impl Last {
	/// The worker at an address that nobody vouches for.
	pub fn new(worker: Url) -> Self {
		Self::with_patience(worker, PATIENCE)
	}

	pub(super) fn with_patience(worker: Url, patience: Duration) -> Self {
		Self { worker, patience, until: OnceLock::new() }
	}

	/// Until when it is waited for.
	fn until(&self) -> Instant {
		*self.until.get_or_init(|| Instant::now() + self.patience)
	}
}

/// What is fetched, how much of it at most, and where.
type Key = (Hash, u64, Url);

/// The transfers from such workers that are under way. One of the same content from another worker is another:
/// who is slow on purpose holds up nobody else's.
#[derive(Default)]
pub(super) struct Transfers(Mutex<HashMap<Key, Transfer>>);

#[derive(Clone)]
struct Transfer {
	/// Until when somebody waits for it.
	until: Arc<Mutex<Instant>>,
	path: Shared<BoxFuture<'static, Option<PathBuf>>>,
}

/// Strikes a transfer when it ends, by a panic too: what were left of it would pass for what nobody has.
struct UnderWay {
	inner: Arc<Inner>,
	key: Key,
}

impl Drop for UnderWay {
	fn drop(&mut self) {
		self.inner.transfers.0.lock().remove(&self.key);
	}
}

impl Inner {
	/// What the worker has given in time.
	pub(super) async fn fetch_last(
		self: &Arc<Self>,
		last: &Last,
		wanted: Wanted<'_>,
	) -> Option<PathBuf> {
		let until = last.until();
		let key = (*wanted.hash, wanted.most, last.worker.clone());
		let Transfer { until: waited, path } = {
			let mut transfers = self.transfers.0.lock();
			let begin = || self.begin(key.clone(), until);
			transfers.entry(key.clone()).or_insert_with(begin).clone()
		};
		{
			let mut waited = waited.lock();
			*waited = until.max(*waited);
		}
		timeout_at(until, path).await.ok().flatten()
	}

	fn begin(self: &Arc<Self>, key: Key, until: Instant) -> Transfer {
		let until = Arc::new(Mutex::new(until));
		let (waited, this) = (until.clone(), UnderWay { inner: self.clone(), key });
		let transfer = tokio::spawn(async move {
			let UnderWay { inner, key: (hash, most, worker) } = &this;
			let wanted = Wanted { hash, most: *most, last: None };
			select! {
				taken = inner.fetch_from(worker, wanted) => Inner::taken(worker, wanted, taken),
				() = given_up(&waited, PAUSE) => None,
			}
		});
		Transfer { until, path: transfer.map(|ended| ended.ok().flatten()).boxed().shared() }
	}
}

/// Returns once nobody has waited for so long.
async fn given_up(waited: &Mutex<Instant>, pause: Duration) {
	loop {
		let end = *waited.lock() + pause;
		if end <= Instant::now() {
			return;
		}
		sleep_until(end).await;
	}
}

#[cfg(test)]
mod tests;
