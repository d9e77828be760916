//! What was loaded and may be wanted again, within a bound on memory.

use std::{collections::HashMap, sync::Arc};

use openledger_primitives_core::Hash;

/// Values by hash; the least recently used goes first.
#[derive(Debug)]
pub struct Cache<V> {
	limit: u64,
	total: u64,
	clock: u64,
	entries: HashMap<Hash, Entry<V>>,
}

#[derive(Debug)]
struct Entry<V> {
	value: Arc<V>,
	size: u64,
	used: u64,
}

impl<V> Cache<V> {
	/// An empty cache for values of at most `limit` bytes together.
	pub fn new(limit: u64) -> Self {
		Self { limit, total: 0, clock: 0, entries: HashMap::new() }
	}

	/// The value under a hash.
	pub fn get(&mut self, hash: &Hash) -> Option<Arc<V>> {
		self.clock += 1;
		let entry = self.entries.get_mut(hash)?;
		entry.used = self.clock;
		Some(entry.value.clone())
	}

	/// Keeps a value of `size` bytes, at the cost of others; not at all where it alone is beyond
	/// the limit.
	pub fn insert(&mut self, hash: Hash, value: Arc<V>, size: u64) {
		self.remove(&hash);
		if size > self.limit {
			return;
		}
		while self.total.saturating_add(size) > self.limit {
			let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
			let Some(oldest) = oldest.map(|(hash, _)| *hash) else { break };
			self.remove(&oldest);
		}
		self.clock += 1;
		self.total = self.total.saturating_add(size);
		self.entries.insert(hash, Entry { value, size, used: self.clock });
	}

	fn remove(&mut self, hash: &Hash) {
		if let Some(entry) = self.entries.remove(hash) {
			self.total = self.total.saturating_sub(entry.size);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hash(byte: u8) -> Hash {
		Hash::repeat_byte(byte)
	}

	#[test]
	fn least_recently_used_value_goes_when_all_do_not_fit() {
		let mut cache = Cache::new(10);
		cache.insert(hash(1), Arc::new(1), 4);
		cache.insert(hash(2), Arc::new(2), 4);
		assert!(cache.get(&hash(1)).is_some());
		cache.insert(hash(3), Arc::new(3), 4);
		let left: Vec<_> = (1..=3).map(|byte| cache.get(&hash(byte)).is_some()).collect();
		assert_eq!(left, [true, false, true]);
	}

	#[test]
	fn value_is_not_kept_when_it_alone_is_too_large() {
		let mut cache = Cache::new(10);
		cache.insert(hash(1), Arc::new(1), 4);
		cache.insert(hash(2), Arc::new(2), 11);
		assert!(cache.get(&hash(2)).is_none());
		assert!(cache.get(&hash(1)).is_some());
	}

	#[test]
	fn value_counts_once_when_it_is_inserted_again() {
		let mut cache = Cache::new(10);
		for _ in 0..5 {
			cache.insert(hash(1), Arc::new(1), 5);
		}
		cache.insert(hash(2), Arc::new(2), 5);
		assert!(cache.get(&hash(1)).is_some() && cache.get(&hash(2)).is_some());
	}
}
