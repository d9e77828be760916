//! Whose request is next.
//!
//! Each payer, and each adapter, has a counter of the tokens that it was served; the next request is
//! of the payer that got least, and of its requests the one whose adapter got least, the oldest of
//! equals. One who comes back after a pause begins with the least that anybody who is here has, so
//! that nobody saves up (Sheng et al. 2024, arXiv:2401.00588).

use std::collections::{HashMap, VecDeque};

/// Requests that wait, in the order in which they came.
pub(super) struct Fair<T> {
	waiting: VecDeque<(Owner, T)>,
	payers: Counters,
	adapters: Counters,
}

/// Whom a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
	pub(super) payer: u64,
	pub(super) adapter: u64,
}

/// Tokens served, of those who have a request here.
#[derive(Default)]
struct Counters {
	served: HashMap<u64, (u64, usize)>,
}

impl Counters {
	fn enter(&mut self, who: u64) {
		let least = self.served.values().map(|(tokens, _)| *tokens).min().unwrap_or_default();
		self.served.entry(who).or_insert((least, 0)).1 += 1;
	}

	fn leave(&mut self, who: u64) {
		if let Some((_, requests)) = self.served.get_mut(&who) {
			*requests -= 1;
			if *requests == 0 {
				self.served.remove(&who);
			}
		}
	}

	fn add(&mut self, who: u64, count: u64) {
		if let Some((tokens, _)) = self.served.get_mut(&who) {
			*tokens += count;
		}
	}

	fn of(&self, who: u64) -> u64 {
		self.served.get(&who).map_or(0, |(tokens, _)| *tokens)
	}
}

impl<T> Fair<T> {
	pub(super) fn new() -> Self {
		Self {
			waiting: VecDeque::new(),
			payers: Counters::default(),
			adapters: Counters::default(),
		}
	}

	/// Requests that wait.
	pub(super) fn len(&self) -> usize {
		self.waiting.len()
	}

	/// Adds a request, whose owner counts as here until [`Fair::done`].
	pub(super) fn push(&mut self, owner: Owner, request: T) {
		self.payers.enter(owner.payer);
		self.adapters.enter(owner.adapter);
		self.waiting.push_back((owner, request));
	}

	/// All requests that wait.
	pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
		self.waiting.iter_mut().map(|(_, request)| request)
	}

	/// The next so many requests in turn, of those that are ready.
	pub(super) fn first(
		&mut self,
		count: usize,
		ready: impl Fn(&T) -> bool,
	) -> impl Iterator<Item = &mut T> {
		let Self { waiting, payers, adapters } = self;
		let mut order: Vec<_> = waiting.iter_mut().filter(|(_, request)| ready(request)).collect();
		// The oldest of equals stays first.
		order.sort_by_key(|(owner, _)| (payers.of(owner.payer), adapters.of(owner.adapter)));
		order.into_iter().take(count).map(|(_, request)| request)
	}

	/// Takes the next of the requests that are ready, if it fits: a large one is not passed by smaller
	/// ones for ever.
	pub(super) fn pop(
		&mut self,
		ready: impl Fn(&T) -> bool,
		fits: impl FnOnce(&T) -> bool,
	) -> Option<(Owner, T)> {
		let turn = |(owner, _): &(Owner, T)| {
			(self.payers.of(owner.payer), self.adapters.of(owner.adapter))
		};
		let candidates = self.waiting.iter().enumerate().filter(|(_, (_, request))| ready(request));
		let (index, (_, request)) = candidates.min_by_key(|(index, one)| (turn(one), *index))?;
		if fits(request) { self.waiting.remove(index) } else { None }
	}

	/// Takes out every request that is no longer wanted.
	pub(super) fn remove(&mut self, unwanted: impl Fn(&T) -> bool) -> Vec<T> {
		let (gone, stay) = std::mem::take(&mut self.waiting)
			.into_iter()
			.partition::<Vec<_>, _>(|(_, request)| unwanted(request));
		self.waiting = stay.into();
		gone.into_iter()
			.map(|(owner, request)| {
				self.done(owner);
				request
			})
			.collect()
	}

	/// Counts tokens that were run for an owner.
	pub(super) fn served(&mut self, owner: Owner, tokens: usize) {
		self.payers.add(owner.payer, tokens as u64);
		self.adapters.add(owner.adapter, tokens as u64);
	}

	/// A request that was taken has ended.
	pub(super) fn done(&mut self, owner: Owner) {
		self.payers.leave(owner.payer);
		self.adapters.leave(owner.adapter);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn owner(payer: u64, adapter: u64) -> Owner {
		Owner { payer, adapter }
	}

	fn next(fair: &mut Fair<u32>) -> Option<u32> {
		let (owner, request) = fair.pop(|_| true, |_| true)?;
		fair.served(owner, 10);
		Some(request)
	}

	#[test]
	fn payers_take_turns_when_one_has_many_requests() {
		let mut fair = Fair::new();
		(0..4).for_each(|request| fair.push(owner(1, 1), request));
		(10..12).for_each(|request| fair.push(owner(2, 1), request));
		let order: Vec<u32> = std::iter::from_fn(|| next(&mut fair)).collect();
		assert_eq!(order, [0, 10, 1, 11, 2, 3]);
	}

	#[test]
	fn adapters_take_turns_when_a_payer_asks_several() {
		let mut fair = Fair::new();
		(0..3).for_each(|request| fair.push(owner(1, 1), request));
		fair.push(owner(1, 2), 10);
		let order: Vec<u32> = std::iter::from_fn(|| next(&mut fair)).collect();
		assert_eq!(order, [0, 10, 1, 2]);
	}

	#[test]
	fn nobody_saves_up_when_away() {
		let mut fair = Fair::new();
		fair.push(owner(1, 1), 0);
		for _ in 0..5 {
			fair.push(owner(1, 1), 1);
			next(&mut fair);
		}
		fair.push(owner(2, 1), 10);
		fair.push(owner(2, 1), 11);
		let order: Vec<u32> = std::iter::from_fn(|| next(&mut fair)).take(3).collect();
		assert_eq!(order, [1, 10, 11]);
	}

	#[test]
	fn large_request_is_waited_for_when_it_is_its_turn_and_ready() {
		let mut fair = Fair::new();
		fair.push(owner(1, 1), 100);
		fair.push(owner(2, 1), 1);
		assert!(fair.pop(|_| true, |size| *size < 50).is_none());
		assert_eq!(fair.len(), 2);
		assert_eq!(fair.first(2, |_| true).map(|size| *size).collect::<Vec<_>>(), [100, 1]);
		assert_eq!(fair.first(1, |size| *size < 50).map(|size| *size).collect::<Vec<_>>(), [1]);
		assert_eq!(fair.pop(|size| *size < 50, |_| true).unwrap().1, 1);
		assert_eq!(fair.pop(|_| true, |_| true).unwrap().1, 100);
	}

	#[test]
	fn requests_are_gone_when_nobody_wants_them() {
		let mut fair = Fair::new();
		(0..6u32).for_each(|request| fair.push(owner(u64::from(request % 2), 1), request));
		assert_eq!(fair.remove(|request| request % 2 == 0), [0, 2, 4]);
		assert_eq!(fair.len(), 3);
		assert_eq!(fair.payers.served.len(), 1);
	}
}
