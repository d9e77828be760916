//! What went wrong and is not tried again before a pause is over.

use std::{
	collections::HashMap,
	time::{Duration, Instant},
};

use openledger_primitives_core::Hash;

use super::book::pause;

/// Things that are remembered; the one that is to be tried first makes room.
const CAPACITY: usize = 1_024;

struct Entry<T> {
	what: T,
	/// In a row.
	failures: u32,
	again: Instant,
}

/// What went wrong, by hash.
pub(super) struct Pauses<T> {
	/// The first pause; each following one is twice as long, up to five minutes.
	first: Duration,
	entries: HashMap<Hash, Entry<T>>,
}

impl<T: Clone> Pauses<T> {
	pub(super) fn new(first: Duration) -> Self {
		Self { first, entries: HashMap::new() }
	}

	/// What went wrong, while it is not to be tried again.
	pub(super) fn get(&self, key: &Hash, now: Instant) -> Option<T> {
		let entry = self.entries.get(key).filter(|entry| now < entry.again)?;
		Some(entry.what.clone())
	}

	/// Begins a pause.
	pub(super) fn add(&mut self, key: Hash, what: T, now: Instant) {
		let failures = self.entries.get(&key).map_or(0, |entry| entry.failures).saturating_add(1);
		if self.entries.len() >= CAPACITY && !self.entries.contains_key(&key) {
			let first = self.entries.iter().min_by_key(|(_, entry)| entry.again);
			if let Some(first) = first.map(|(key, _)| *key) {
				self.entries.remove(&first);
			}
		}
		let again = now + pause(self.first, failures);
		self.entries.insert(key, Entry { what, failures, again });
	}

	/// Forgets what went right.
	pub(super) fn remove(&mut self, key: &Hash) {
		self.entries.remove(key);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const FIRST: Duration = Duration::from_secs(6);

	#[test]
	fn pauses_double_until_it_goes_right() {
		let (mut pauses, key, mut now) = (Pauses::new(FIRST), Hash::zero(), Instant::now());
		for (at, length) in [FIRST, 2 * FIRST, 4 * FIRST].into_iter().enumerate() {
			assert_eq!(pauses.get(&key, now), None);
			pauses.add(key, at, now);
			assert_eq!(pauses.get(&key, now + length - Duration::from_millis(1)), Some(at));
			now += length;
		}
		pauses.remove(&key);
		pauses.add(key, 9, now);
		assert_eq!(pauses.get(&key, now + FIRST), None);
	}

	#[test]
	fn what_is_tried_again_first_makes_room() {
		let (mut pauses, start) = (Pauses::new(FIRST), Instant::now());
		let key = |at: usize| Hash::from_low_u64_be(at as u64);
		let at = |at: usize| start + Duration::from_millis(at as u64);
		(0..CAPACITY).for_each(|nth| pauses.add(key(nth), (), at(nth)));
		let now = at(CAPACITY);
		pauses.add(key(5), (), now);
		assert_eq!(pauses.get(&key(0), now), Some(()), "one that is known takes no room");
		pauses.add(key(CAPACITY), (), now);
		assert_eq!((pauses.get(&key(0), now), pauses.entries.len()), (None, CAPACITY));
		assert_eq!(pauses.get(&key(1), now), Some(()));
	}
}
