//! What the watcher knows of each look: bookkeeping without threads.

use std::{
	collections::{HashMap, VecDeque},
	time::{Duration, Instant},
};

use codec::Encode;
use openledger_primitives_core::{Hash, ModelId, RequestId, record::content_hash};
use openledger_primitives_inference::{
	Failure,
	watch::{Sighting, Watched},
};

use super::question;

/// Looks that may wait.
const CAPACITY: usize = 256;
/// Results that are kept; the oldest makes room.
const RESULTS: usize = 4_096;
/// The longest pause before what failed is tried again.
const LAST_PAUSE: Duration = Duration::from_secs(300);

/// The pause after so many failures in a row, `first` after one.
pub(super) fn pause(first: Duration, failures: u32) -> Duration {
	let doubled = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
	first.saturating_mul(doubled).min(LAST_PAUSE)
}

/// What is looked at. A claim has a number of its own, whatever model version it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
	Claim(RequestId),
	Leaf(ModelId, u32),
	Index(ModelId),
}

impl Key {
	fn of(watched: &Watched) -> Self {
		match (&watched.claim, watched.show) {
			(Some(claim), _) => Self::Claim(claim.request),
			(None, Some(position)) => Self::Leaf(watched.model, position),
			(None, None) => Self::Index(watched.model),
		}
	}
}

struct Entry {
	/// blake2b-256 of what was asked, by which it is recognised.
	digest: Hash,
	/// Different for each time that a key was entered.
	turn: u64,
	stage: Stage,
	failures: u32,
	/// Whether content was missing for the last look that was made, or not what was committed to.
	lacks: bool,
	/// When it was asked for last.
	asked: Instant,
}

enum Stage {
	Waiting(Box<Watched>),
	Running,
	Seen(Box<Sighting>),
	/// Failed, and not to be tried before then.
	Failed(Failure, Instant),
}

/// The looks that wait, are under way or were made.
pub(super) struct Book {
	/// The first pause before what failed is tried again.
	pause: Duration,
	entries: HashMap<Key, Entry>,
	/// Claims come first, and with them what is demanded: their windows close.
	claims: VecDeque<Key>,
	indexes: VecDeque<Key>,
	/// What was seen or failed, oldest first.
	done: VecDeque<(Key, u64)>,
	turns: u64,
}

impl Book {
	pub(super) fn new(pause: Duration) -> Self {
		Self {
			pause,
			entries: HashMap::new(),
			claims: VecDeque::new(),
			indexes: VecDeque::new(),
			done: VecDeque::new(),
			turns: 0,
		}
	}

	/// How far a look is. One that is not known, or is to be tried again, is put in line; `None` where
	/// there is no room.
	pub(super) fn ask(&mut self, watched: Watched, now: Instant) -> Option<Sighting> {
		let (key, digest) = (Key::of(&watched), digest(&watched));
		let known = self.entries.get_mut(&key).filter(|entry| entry.digest == digest);
		if let Some(entry) = known {
			entry.asked = now;
			match &entry.stage {
				Stage::Waiting(_) | Stage::Running => return Some(Sighting::Looking),
				Stage::Seen(seen) => return Some(seen.as_ref().clone()),
				Stage::Failed(failure, again) if now < *again => {
					return Some(Sighting::Failed(failure.clone()));
				}
				Stage::Failed(..) => {}
			}
		}
		let known = self.entries.get(&key).filter(|entry| entry.digest == digest);
		let (failures, lacks) = known.map_or((0, false), |entry| (entry.failures, entry.lacks));
		self.claims.retain(|other| *other != key);
		self.indexes.retain(|other| *other != key);
		if self.claims.len() + self.indexes.len() >= CAPACITY {
			return None;
		}
		self.turns += 1;
		let (turn, stage) = (self.turns, Stage::Waiting(Box::new(watched)));
		let entry = Entry { digest, turn, stage, failures, lacks, asked: now };
		self.entries.insert(key, entry);
		match key {
			Key::Claim(_) | Key::Leaf(..) => self.claims.push_back(key),
			Key::Index(_) => self.indexes.push_back(key),
		}
		Some(Sighting::Looking)
	}

	/// The next look, from now on under way.
	pub(super) fn next(&mut self) -> Option<(Watched, u64)> {
		let key = self.claims.pop_front().or_else(|| self.indexes.pop_front())?;
		let entry = self.entries.get_mut(&key)?;
		match std::mem::replace(&mut entry.stage, Stage::Running) {
			Stage::Waiting(watched) => Some((*watched, entry.turn)),
			other => {
				entry.stage = other;
				None
			}
		}
	}

	/// Keeps what was seen, unless the look was asked for anew since.
	pub(super) fn note(&mut self, watched: &Watched, turn: u64, seen: Sighting, now: Instant) {
		let key = Key::of(watched);
		let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.turn == turn) else {
			return;
		};
		entry.lacks =
			matches!(seen, Sighting::Failed(Failure::MissingContent(_) | Failure::BadContent(_)));
		entry.stage = match seen {
			Sighting::Failed(failure) => {
				entry.failures = entry.failures.saturating_add(1);
				Stage::Failed(failure, now + pause(self.pause, entry.failures))
			}
			seen => Stage::Seen(Box::new(seen)),
		};
		self.done.push_back((key, turn));
		while self.done.len() > RESULTS {
			let Some((oldest, turn)) = self.done.pop_front() else { break };
			if self.entries.get(&oldest).is_some_and(|entry| entry.turn == turn) {
				self.entries.remove(&oldest);
			}
		}
	}

	/// How many looks content is missing for, or not what was committed to. Those that nobody has asked for
	/// within [`LAST_PAUSE`] are over. One that is tried again counts until it is seen, or the count would
	/// fall with every try.
	pub(super) fn missing(&self, now: Instant) -> usize {
		let is_missing = |entry: &&Entry| entry.lacks && now < entry.asked + LAST_PAUSE;
		self.entries.values().filter(is_missing).count()
	}
}

/// What a look depends on, without the proofs that a node may have written down by the next time.
fn digest(watched: &Watched) -> Hash {
	let Watched { model, material, claim, show: _ } = watched;
	let claim = claim.as_ref().map(|claim| {
		// What was left out of a prompt is seen once the question is known.
		let is_known = question(claim).is_some();
		let found = claim.found.as_ref().map(|found| (&found.question, &found.paid, is_known));
		(&claim.payer, &claim.sketch, &claim.paid, found)
	});
	(model, material, claim).using_encoded(content_hash)
}
