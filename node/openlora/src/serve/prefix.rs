//! Keys and values of prompts that begin as others did.

use std::collections::{HashMap, HashSet};

use crate::kernels::kv::{PAGE, Pool};

/// What keys and values depend on besides the tokens: generations of adapters, and the bits of their
/// factors.
pub(super) type Adapters = Vec<(u64, u32)>;

/// A full page by what came before it and the tokens in it: exact, so that no other's is ever taken.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
	/// The page before, or the adapters' root.
	parent: u64,
	tokens: [u32; PAGE],
}

struct Entry {
	/// What its successors name as their parent.
	id: u64,
	page: u32,
	/// When it was last of use.
	used: u64,
}

/// Full pages, kept until their room is needed.
#[derive(Default)]
pub(super) struct Prefixes {
	roots: HashMap<Adapters, u64>,
	entries: HashMap<Key, Entry>,
	next: u64,
	clock: u64,
}

impl Prefixes {
	/// The pages of the longest known beginning of `tokens` that leaves at least one to run.
	pub(super) fn find(&mut self, adapters: &Adapters, tokens: &[u32]) -> Vec<u32> {
		let mut pages = Vec::new();
		let Some(mut parent) = self.roots.get(adapters).copied() else { return pages };
		let whole = tokens.len().saturating_sub(1) / PAGE;
		let mut path = Vec::new();
		for tokens in tokens.as_chunks::<PAGE>().0.iter().take(whole) {
			let key = Key { parent, tokens: *tokens };
			let Some(entry) = self.entries.get(&key) else { break };
			pages.push(entry.page);
			parent = entry.id;
			path.push(key);
		}
		self.touch(path);
		pages
	}

	/// Keeps the full pages of a sequence whose first tokens are `tokens`.
	pub(super) fn keep(
		&mut self,
		pool: &mut Pool,
		adapters: &Adapters,
		tokens: &[u32],
		pages: &[u32],
	) {
		if tokens.len() < PAGE {
			return;
		}
		self.next += 1;
		let root = self.next;
		let mut parent = *self.roots.entry(adapters.clone()).or_insert(root);
		let mut path = Vec::new();
		for (tokens, page) in tokens.as_chunks::<PAGE>().0.iter().zip(pages) {
			let key = Key { parent, tokens: *tokens };
			self.next += 1;
			let (id, page) = (self.next, *page);
			let entry = self.entries.entry(key.clone()).or_insert_with(|| {
				pool.keep(page);
				Entry { id, page, used: 0 }
			});
			parent = entry.id;
			path.push(key);
		}
		self.touch(path);
	}

	/// Marks pages as used now, later ones as less so: without its beginning a page is of no use.
	fn touch(&mut self, path: Vec<Key>) {
		for key in path.into_iter().rev() {
			self.clock += 1;
			if let Some(entry) = self.entries.get_mut(&key) {
				entry.used = self.clock;
			}
		}
	}

	/// Pages that nothing but this keeps.
	pub(super) fn idle(&self, pool: &Pool) -> usize {
		self.entries.values().filter(|entry| pool.users(entry.page) == 1).count()
	}

	/// Gives up to `count` idle pages back, the least recently used first.
	pub(super) fn evict(&mut self, pool: &mut Pool, count: usize) {
		if count == 0 {
			return;
		}
		let idle = self.entries.iter().filter(|(_, entry)| pool.users(entry.page) == 1);
		let mut idle: Vec<_> = idle.map(|(key, entry)| (entry.used, key.clone())).collect();
		idle.sort_unstable_by_key(|(used, _)| *used);
		for (_, key) in idle.into_iter().take(count) {
			if let Some(entry) = self.entries.remove(&key) {
				pool.release(entry.page);
			}
		}
		// Every weight of a mixture has a root of its own.
		if self.roots.len() > self.entries.len() {
			let parents: HashSet<u64> = self.entries.keys().map(|key| key.parent).collect();
			self.roots.retain(|_, root| parents.contains(root));
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{kernels::kv::Sequence, testing};

	fn tokens(count: u32) -> Vec<u32> {
		(0..count).collect()
	}

	fn filled(pool: &mut Pool, count: usize) -> Sequence {
		let mut sequence = Sequence::default();
		pool.reserve(&mut sequence, count).unwrap();
		sequence.advance(count);
		sequence
	}

	#[test]
	fn beginning_is_found_when_adapters_and_tokens_are_the_same() {
		let mut pool = Pool::new(&testing::tiny_config(), 10);
		let mut prefixes = Prefixes::default();
		let sequence = filled(&mut pool, 50);
		let own = vec![(3, 0)];
		prefixes.keep(&mut pool, &own, &tokens(50), sequence.pages());
		assert_eq!(prefixes.find(&own, &tokens(50)), sequence.pages()[..3]);
		assert_eq!(prefixes.find(&own, &tokens(48)), sequence.pages()[..2]);
		assert!(prefixes.find(&own, &tokens(16)).is_empty());
		assert!(prefixes.find(&vec![(4, 0)], &tokens(50)).is_empty());
		assert!(prefixes.find(&vec![], &tokens(50)).is_empty());
		let mut other = tokens(50);
		other[20] = 99;
		assert_eq!(prefixes.find(&own, &other), sequence.pages()[..1]);
	}

	#[test]
	fn pages_stay_when_their_sequence_ends_and_go_when_room_is_needed() {
		let mut pool = Pool::new(&testing::tiny_config(), 4);
		let mut prefixes = Prefixes::default();
		let mut sequence = filled(&mut pool, 40);
		prefixes.keep(&mut pool, &vec![], &tokens(40), sequence.pages());
		assert_eq!(prefixes.idle(&pool), 0);
		pool.truncate(&mut sequence, 0);
		assert_eq!((prefixes.idle(&pool), pool.available()), (2, 2));
		let pages = prefixes.find(&vec![], &tokens(40));
		let mut shared = pool.shared(pages);
		assert_eq!((prefixes.idle(&pool), shared.len()), (0, 32));
		prefixes.evict(&mut pool, 9);
		assert_eq!(pool.available(), 2);
		pool.truncate(&mut shared, 0);
		prefixes.evict(&mut pool, 1);
		// The later page went: the earlier one is of use by itself.
		assert_eq!(prefixes.find(&vec![], &tokens(40)).len(), 1);
		prefixes.evict(&mut pool, 1);
		assert_eq!(pool.available(), 4);
	}
}
