//! The best few of many, exactly: by score, then position.

use std::{cmp::Reverse, collections::BinaryHeap};

/// A leaf's place with its score. What comes first in the rule's order is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scored {
	/// The leaf's position.
	pub position: u32,
	/// `scale · (query · sketch)`.
	pub score: i64,
}

impl Ord for Scored {
	fn cmp(&self, other: &Self) -> std::cmp::Ordering {
		self.score.cmp(&other.score).then(other.position.cmp(&self.position))
	}
}

impl PartialOrd for Scored {
	fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
		Some(self.cmp(other))
	}
}

/// The best `count` of what was pushed, whatever the order of pushing and merging.
#[derive(Debug, Clone)]
pub(super) struct Top {
	count: usize,
	kept: BinaryHeap<Reverse<Scored>>,
}

impl Top {
	pub(super) fn new(count: usize) -> Self {
		Self { count, kept: BinaryHeap::new() }
	}

	/// Whether pushing would change anything.
	#[inline]
	pub(super) fn admits(&self, scored: Scored) -> bool {
		if self.kept.len() < self.count {
			return true;
		}
		self.kept.peek().is_some_and(|Reverse(worst)| scored > *worst)
	}

	pub(super) fn push(&mut self, scored: Scored) {
		if self.admits(scored) {
			if self.kept.len() == self.count {
				self.kept.pop();
			}
			self.kept.push(Reverse(scored));
		}
	}

	pub(super) fn merge(mut self, other: Self) -> Self {
		other.kept.into_iter().for_each(|Reverse(scored)| self.push(scored));
		self
	}

	/// What was kept, best first.
	pub(super) fn into_sorted(self) -> Vec<Scored> {
		self.kept.into_sorted_vec().into_iter().map(|Reverse(scored)| scored).collect()
	}
}

/// As [`Top`] for thousands: what is kept is thinned out only when it is twice as many.
#[derive(Debug, Clone)]
pub(super) struct Pool {
	count: usize,
	kept: Vec<Scored>,
	/// No better than `count` of what was pushed.
	worst: Option<Scored>,
}

impl Pool {
	pub(super) fn new(count: usize) -> Self {
		Self { count, kept: Vec::new(), worst: None }
	}

	/// Whether pushing could change anything.
	#[inline]
	pub(super) fn admits(&self, scored: Scored) -> bool {
		self.worst.is_none_or(|worst| scored > worst)
	}

	pub(super) fn push(&mut self, scored: Scored) {
		self.kept.push(scored);
		if self.kept.len() >= 2 * self.count.max(1) {
			self.thin();
		}
	}

	fn thin(&mut self) {
		if let Some(last) = self.count.checked_sub(1).filter(|_| self.kept.len() > self.count) {
			let (_, worst, _) = self.kept.select_nth_unstable_by(last, |a, b| b.cmp(a));
			self.worst = Some(*worst);
		}
		self.kept.truncate(self.count);
	}

	pub(super) fn merge(mut self, other: Self) -> Self {
		self.kept.extend(other.kept);
		self.thin();
		self
	}

	/// The best, in ascending order of position.
	pub(super) fn into_positions(mut self) -> Vec<u32> {
		self.thin();
		let mut positions: Vec<u32> = self.kept.iter().map(|scored| scored.position).collect();
		positions.sort_unstable();
		positions
	}
}

/// The best `count` over several shards, given each one's best `count`, best first: what one scan over
/// all of them finds, where positions are those of the whole index.
pub fn merge(shards: impl IntoIterator<Item = Vec<Scored>>, count: usize) -> Vec<Scored> {
	let mut top = Top::new(count);
	shards.into_iter().flatten().for_each(|scored| top.push(scored));
	top.into_sorted()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn top_is_the_head_of_everything_sorted_however_it_is_split(
			scores in proptest::collection::vec(-4i64..4, 0..60),
			count in 0usize..20,
			cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
		) {
			let all: Vec<Scored> = scores
				.iter()
				.enumerate()
				.map(|(position, score)| Scored { position: position as u32, score: *score })
				.collect();
			let mut sorted = all.clone();
			sorted.sort_by_key(|scored| (Reverse(scored.score), scored.position));
			sorted.truncate(count);
			let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
			bounds.extend([0, all.len()]);
			bounds.sort_unstable();
			let shards = bounds.windows(2).rev().map(|bound| {
				let mut top = Top::new(count);
				all[bound[0]..bound[1]].iter().rev().for_each(|scored| top.push(*scored));
				top.into_sorted()
			});
			let pool = bounds.windows(2).rev().fold(Pool::new(count), |pool, bound| {
				let mut part = Pool::new(count);
				for scored in &all[bound[0]..bound[1]] {
					if part.admits(*scored) {
						part.push(*scored);
					}
				}
				pool.merge(part)
			});
			let mut positions: Vec<u32> = sorted.iter().map(|scored| scored.position).collect();
			positions.sort_unstable();
			prop_assert_eq!(pool.into_positions(), positions);
			prop_assert_eq!(merge(shards, count), sorted);
		}
	}
}
