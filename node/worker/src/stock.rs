//! The records that go into prompts: an operator holds all of those that a model version can put there before it
//! says that it serves the version, so that no question meets one that it lacks.
//!
//! What is here stays here: no store drops content that is sound. So a version is looked through once in the life
//! of the process, when it is first asked for, and again after a pause where a record was nowhere to be had, or
//! is gone all the same, as after a disk's failure.

use std::{
	collections::BTreeMap,
	panic::{AssertUnwindSafe, catch_unwind},
	sync::Arc,
	time::{Duration, Instant},
};

use codec::Encode;
use openledger_primitives_core::{Hash, ModelId, record::content_hash};
use openledger_primitives_inference::{Failure, Material};
use parking_lot::{Condvar, Mutex};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{content::hash::name, queue::Answerer};

/// Versions that are known of; those that are done with make room.
const MOST_KNOWN: usize = 256;
/// The pause before what was missing is looked for again.
pub(crate) const PAUSE: Duration = Duration::from_secs(30);
/// How often the log tells how far fetching is.
const TELL: Duration = Duration::from_secs(10);

/// How many of the records that can be put into a version's prompts are here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
	/// How many there are.
	pub records: u32,
	/// How many of them are here, as far as was looked.
	pub here: u32,
	/// Some of those that are nowhere to be had.
	pub missing: Vec<Hash>,
}

/// How far a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
	/// Records are looked for and fetched.
	Fetching(Held),
	/// All are here.
	Complete(Held),
	/// Some are neither here nor at a peer.
	Lacking(Held),
	/// Nobody can say which they are.
	Failed(Failure),
}

struct Entry {
	standing: Standing,
	/// When it came to that, or was begun.
	since: Instant,
}

/// What an operator holds of the versions that it was asked for.
pub struct Stock {
	answerer: Arc<dyn Answerer>,
	runtime: Handle,
	shutdown: CancellationToken,
	/// By everything that prompts follow from.
	known: Mutex<BTreeMap<Hash, Entry>>,
	/// Told of every standing that is final.
	settled: Condvar,
}

impl Stock {
	/// What `answerer` finds and fetches, until `shutdown`.
	pub fn new(answerer: Arc<dyn Answerer>, runtime: Handle, shutdown: CancellationToken) -> Self {
		Self { answerer, runtime, shutdown, known: Mutex::default(), settled: Condvar::new() }
	}

	/// How far a version is. One that is not known begins, and one that lacks records begins anew after a
	/// while. A version that puts none into prompts is complete.
	pub fn ask(self: &Arc<Self>, model: ModelId, material: &Material) -> Standing {
		if material.retrieval.is_none() {
			return Standing::Complete(Held::default());
		}
		let (key, now) = (material.using_encoded(content_hash), Instant::now());
		let mut known = self.known.lock();
		if let Some(entry) = known.get(&key) {
			let is_over = matches!(entry.standing, Standing::Lacking(_) | Standing::Failed(_))
				&& now.saturating_duration_since(entry.since) >= PAUSE;
			if !is_over {
				return entry.standing.clone();
			}
		}
		if known.len() >= MOST_KNOWN {
			known.retain(|_, entry| matches!(entry.standing, Standing::Fetching(_)));
		}
		let standing = Standing::Fetching(Held::default());
		known.insert(key, Entry { standing: standing.clone(), since: now });
		drop(known);
		let (this, material) = (self.clone(), material.clone());
		self.runtime.spawn_blocking(move || this.fill(model, key, &material));
		standing
	}

	/// As [`Stock::ask`], once it is known whether all is here, or `patience` after that was first asked: whoever
	/// comes while much is fetched does not wait. Blocks the thread.
	pub fn wait(
		self: &Arc<Self>,
		model: ModelId,
		material: &Material,
		patience: Duration,
	) -> Standing {
		let standing = self.ask(model, material);
		if !matches!(standing, Standing::Fetching(_)) {
			return standing;
		}
		let key = material.using_encoded(content_hash);
		let mut known = self.known.lock();
		loop {
			let Some(entry) = known.get(&key) else { return standing };
			let (now, end) = (entry.standing.clone(), entry.since + patience);
			if !matches!(now, Standing::Fetching(_)) || Instant::now() >= end {
				return now;
			}
			self.settled.wait_until(&mut known, end);
		}
	}

	/// Fetches what is not here.
	fn fill(&self, model: ModelId, key: Hash, material: &Material) {
		let mut told = Instant::now();
		let mut tell = |held: &Held| {
			self.note(key, Standing::Fetching(held.clone()));
			if told.elapsed() >= TELL {
				told = Instant::now();
				let Held { here, records, .. } = held;
				log::info!(
					"model version {model}: {here} of {records} records for prompts are here"
				);
			}
		};
		let work = || self.answerer.stock(material, &mut tell, &self.shutdown);
		let found = catch_unwind(AssertUnwindSafe(work))
			.unwrap_or_else(|_| Err(Failure::Engine("looking for records panicked".into())));
		let standing = match found {
			Ok(held) if held.missing.is_empty() => {
				let records = held.records;
				log::info!("model version {model}: all {records} records for prompts are here");
				Standing::Complete(held)
			}
			Ok(held) => {
				let missing: Vec<String> = held.missing.iter().map(name).collect();
				log::warn!(
					"model version {model} is not answered in sessions: records for its prompts are neither here \
					 nor at a peer, among them {}",
					missing.join(", ")
				);
				Standing::Lacking(held)
			}
			Err(failure) => {
				log::warn!("model version {model}: its records can't be looked for: {failure:?}");
				Standing::Failed(failure)
			}
		};
		self.note(key, standing);
		self.settled.notify_all();
	}

	/// Takes back that all is here where `failure` says that a record was neither here nor at a peer when a
	/// prompt needed it. What else is missing is found when it is looked for again. Returns whether it says that.
	pub fn lost(&self, model: ModelId, material: &Material, failure: &Failure) -> bool {
		let (Some(retrieval), Failure::MissingContent(missing)) = (&material.retrieval, failure)
		else {
			return false;
		};
		let files = [material.adapter, material.index.file, retrieval.index.file, retrieval.lens];
		if files.contains(missing) {
			return false;
		}
		let mut known = self.known.lock();
		if let Some(entry) = known.get_mut(&material.using_encoded(content_hash))
			&& let Standing::Complete(Held { records, here, .. }) = entry.standing
		{
			log::warn!("model version {model}: record {} for prompts is gone", name(missing));
			let (here, missing) = (here.saturating_sub(1), vec![*missing]);
			let standing = Standing::Lacking(Held { records, here, missing });
			*entry = Entry { standing, since: Instant::now() };
		}
		true
	}

	/// Acts as if `time` were over.
	#[cfg(test)]
	pub(crate) fn pass(&self, time: Duration) {
		for entry in self.known.lock().values_mut() {
			entry.since -= time;
		}
	}

	fn note(&self, key: Hash, standing: Standing) {
		if let Some(entry) = self.known.lock().get_mut(&key) {
			if !matches!(standing, Standing::Fetching(_)) {
				entry.since = Instant::now();
			}
			entry.standing = standing;
		}
	}
}

#[cfg(test)]
mod tests;
