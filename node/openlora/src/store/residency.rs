//! Which adapters are in memory, and whose turn it is to be.
//!
//! A group of adapters is granted memory together, so that no two requests ever hold half of what they
//! need. Groups that have to wait do so in the order in which they came; a group that is in memory
//! already does not wait, unless those who do were passed too often.

use std::{
	collections::{HashMap, VecDeque},
	sync::Arc,
	time::{Duration, Instant},
};

use crate::engine::Packed;

/// How often those who wait are passed by groups that are in memory already.
const PASSES: usize = 64;

/// What is known of an adapter's use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
	/// Whether it is in memory now.
	pub resident: bool,
	/// Bytes that it takes there.
	pub bytes: u64,
	/// Requests that found it in memory.
	pub hits: u64,
	/// Requests that had to wait for it.
	pub misses: u64,
	/// How often it was read.
	pub loads: u64,
	/// How often it made room for another.
	pub evictions: u64,
	/// From each request that first missed it until it was in memory, added up.
	pub waited: Duration,
}

/// Names a group.
pub(super) type Ticket = u64;

struct Entry {
	usage: Usage,
	/// Groups that hold it.
	holders: usize,
	/// When it was last of use.
	used: u64,
	/// Since when it has been missed.
	missed: Option<Instant>,
	state: State,
}

enum State {
	Absent,
	Loading,
	Resident(Arc<Packed>),
}

struct Group {
	members: Vec<u64>,
	granted: bool,
	/// Why one of them could not be read.
	failed: Option<String>,
}

/// What became of a group.
pub(super) enum Outcome {
	/// Not all are in memory yet.
	Waiting,
	/// All are, in the order in which they were asked for.
	Ready(Vec<Arc<Packed>>),
	/// One could not be read.
	Failed(String),
}

/// The adapters of a store, by generation.
pub(super) struct Residency {
	budget: u64,
	used: u64,
	clock: u64,
	passed: usize,
	entries: HashMap<u64, Entry>,
	groups: HashMap<Ticket, Group>,
	waiting: VecDeque<Ticket>,
}

impl Residency {
	pub(super) fn new(budget: u64) -> Self {
		Self {
			budget,
			used: 0,
			clock: 0,
			passed: 0,
			entries: HashMap::new(),
			groups: HashMap::new(),
			waiting: VecDeque::new(),
		}
	}

	/// Bytes in memory, or on their way there.
	pub(super) fn used(&self) -> u64 {
		self.used
	}

	/// A new adapter of so many bytes, not in memory.
	pub(super) fn add(&mut self, generation: u64, bytes: u64) {
		let usage = Usage { bytes, ..Usage::default() };
		let entry = Entry { usage, holders: 0, used: 0, missed: None, state: State::Absent };
		self.entries.insert(generation, entry);
	}

	/// Forgets an adapter that no group holds or will ask for.
	pub(super) fn remove(&mut self, generation: u64) {
		if let Some(entry) = self.entries.remove(&generation)
			&& !matches!(entry.state, State::Absent)
		{
			self.used -= entry.usage.bytes;
		}
	}

	/// What is known of an adapter's use.
	pub(super) fn usage(&self, generation: u64) -> Usage {
		self.entries.get(&generation).map_or(Usage::default(), |entry| entry.usage)
	}

	/// Bytes that a group takes, each member counted once.
	pub(super) fn bytes(&self, members: &[u64]) -> u64 {
		let mut members = members.to_vec();
		members.sort_unstable();
		members.dedup();
		members.iter().filter_map(|one| self.entries.get(one)).map(|one| one.usage.bytes).sum()
	}

	/// Asks for adapters of this store, which the budget has room for, and says which have to be read.
	pub(super) fn ask(&mut self, members: Vec<u64>) -> (Ticket, Vec<u64>) {
		self.clock += 1;
		let ticket = self.clock;
		let is_resident = |one: &u64| {
			matches!(self.entries.get(one), Some(Entry { state: State::Resident(_), .. }))
		};
		let here = members.iter().all(is_resident);
		for one in &members {
			if let Some(entry) = self.entries.get_mut(one) {
				match entry.state {
					State::Resident(_) => entry.usage.hits += 1,
					_ => {
						entry.usage.misses += 1;
						entry.missed.get_or_insert_with(Instant::now);
					}
				}
			}
		}
		self.groups.insert(ticket, Group { members, granted: false, failed: None });
		if here && (self.waiting.is_empty() || self.passed < PASSES) {
			self.passed += usize::from(!self.waiting.is_empty());
			self.grant(ticket);
			return (ticket, Vec::new());
		}
		self.waiting.push_back(ticket);
		(ticket, self.advance())
	}

	/// Gives a group up, and says which adapters have to be read for those that waited.
	pub(super) fn release(&mut self, ticket: Ticket) -> Vec<u64> {
		let Some(group) = self.groups.remove(&ticket) else { return Vec::new() };
		if group.granted {
			self.clock += 1;
			for one in group.members {
				if let Some(entry) = self.entries.get_mut(&one) {
					entry.holders -= 1;
					entry.used = self.clock;
				}
			}
		} else {
			self.waiting.retain(|other| *other != ticket);
			for one in group.members {
				let wanted = self.groups.values().any(|other| other.members.contains(&one));
				if let Some(entry) = self.entries.get_mut(&one).filter(|_| !wanted) {
					entry.missed = None;
				}
			}
		}
		self.advance()
	}

	/// An adapter was read, or could not be; says which have to be read for those that waited.
	pub(super) fn loaded(&mut self, generation: u64, result: Result<Packed, String>) -> Vec<u64> {
		let Some(entry) = self.entries.get_mut(&generation) else {
			// It was forgotten meanwhile, and its room is free.
			return self.advance();
		};
		match result {
			Ok(packed) => {
				entry.usage.loads += 1;
				entry.usage.resident = true;
				entry.usage.waited += entry.missed.take().map_or(Duration::ZERO, |at| at.elapsed());
				entry.state = State::Resident(Arc::new(packed));
			}
			Err(reason) => {
				entry.state = State::Absent;
				entry.missed = None;
				self.used -= entry.usage.bytes;
				let concerned =
					|group: &&mut Group| group.granted && group.members.contains(&generation);
				for group in self.groups.values_mut().filter(concerned) {
					group.failed = Some(reason.clone());
				}
			}
		}
		self.advance()
	}

	/// What became of a group.
	pub(super) fn outcome(&self, ticket: Ticket) -> Outcome {
		let Some(group) = self.groups.get(&ticket) else { return Outcome::Waiting };
		if let Some(reason) = &group.failed {
			return Outcome::Failed(reason.clone());
		}
		if !group.granted {
			return Outcome::Waiting;
		}
		let packed = group.members.iter().map(|one| match &self.entries.get(one)?.state {
			State::Resident(packed) => Some(Arc::clone(packed)),
			_ => None,
		});
		packed.collect::<Option<_>>().map_or(Outcome::Waiting, Outcome::Ready)
	}

	/// Grants memory to those that wait, one after the other, for as long as there is room.
	fn advance(&mut self) -> Vec<u64> {
		let mut to_load = Vec::new();
		while let Some(&ticket) = self.waiting.front() {
			let Some(group) = self.groups.get(&ticket) else { break };
			let members = group.members.clone();
			let mut absent: Vec<u64> = members
				.iter()
				.copied()
				.filter(|one| {
					matches!(self.entries.get(one), Some(Entry { state: State::Absent, .. }))
				})
				.collect();
			absent.sort_unstable();
			absent.dedup();
			let needed = self.bytes(&absent);
			if !self.make_room(needed, &members) {
				break;
			}
			self.used += needed;
			for one in &absent {
				if let Some(entry) = self.entries.get_mut(one) {
					entry.state = State::Loading;
				}
			}
			to_load.extend(absent);
			self.waiting.pop_front();
			self.passed = 0;
			self.grant(ticket);
		}
		to_load
	}

	fn grant(&mut self, ticket: Ticket) {
		let Some(group) = self.groups.get_mut(&ticket) else { return };
		group.granted = true;
		for one in &group.members {
			if let Some(entry) = self.entries.get_mut(one) {
				entry.holders += 1;
				entry.used = self.clock;
			}
		}
	}

	/// Drops adapters that nobody holds and that are not `wanted`, the least recently used first, until
	/// there is room for so many bytes; none when that is not enough.
	fn make_room(&mut self, bytes: u64, wanted: &[u64]) -> bool {
		let missing = (self.used + bytes).saturating_sub(self.budget);
		if missing == 0 {
			return true;
		}
		let idle = |(generation, entry): &(&u64, &Entry)| {
			entry.holders == 0
				&& matches!(entry.state, State::Resident(_))
				&& !wanted.contains(generation)
		};
		let idle = self.entries.iter().filter(idle);
		let mut idle: Vec<(u64, u64, u64)> =
			idle.map(|(generation, entry)| (entry.used, *generation, entry.usage.bytes)).collect();
		idle.sort_unstable();
		let mut freed = 0;
		let enough = idle.iter().position(|(_, _, bytes)| {
			freed += bytes;
			freed >= missing
		});
		let Some(last) = enough else { return false };
		for (_, generation, bytes) in idle.into_iter().take(last + 1) {
			if let Some(entry) = self.entries.get_mut(&generation) {
				entry.state = State::Absent;
				entry.usage.resident = false;
				entry.usage.evictions += 1;
				self.used -= bytes;
			}
		}
		true
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn residency(budget: u64, sizes: &[u64]) -> Residency {
		let mut residency = Residency::new(budget);
		(1..).zip(sizes).for_each(|(generation, bytes)| residency.add(generation, *bytes));
		residency
	}

	/// Reads everything that is asked for at once.
	fn read(residency: &mut Residency, mut wanted: Vec<u64>) -> Vec<u64> {
		let all = wanted.clone();
		while let Some(one) = wanted.pop() {
			wanted.extend(residency.loaded(one, Ok(Packed::empty(0, []))));
		}
		all
	}

	fn ask(residency: &mut Residency, members: &[u64]) -> (Ticket, Vec<u64>) {
		let (ticket, wanted) = residency.ask(members.to_vec());
		(ticket, read(residency, wanted))
	}

	fn is_ready(residency: &Residency, ticket: Ticket) -> bool {
		matches!(residency.outcome(ticket), Outcome::Ready(_))
	}

	#[test]
	fn least_recently_used_adapter_makes_room_when_the_budget_is_used_up() {
		let mut residency = residency(2, &[1, 1, 1]);
		for one in [1, 2, 1] {
			let (ticket, _) = ask(&mut residency, &[one]);
			residency.release(ticket);
		}
		let (ticket, read) = ask(&mut residency, &[3]);
		assert!(is_ready(&residency, ticket) && read == [3]);
		let resident = [1, 2, 3].map(|one| residency.usage(one).resident);
		assert_eq!(resident, [true, false, true]);
		let Usage { hits, misses, loads, evictions, waited, .. } = residency.usage(1);
		assert_eq!((hits, misses, loads, evictions), (1, 1, 1, 0));
		assert!(waited > Duration::ZERO);
		assert_eq!(residency.usage(2).evictions, 1);
		assert_eq!(residency.used(), 2);
	}

	#[test]
	fn group_waits_when_what_is_in_memory_is_held() {
		let mut residency = residency(2, &[1, 1, 2]);
		let (first, _) = ask(&mut residency, &[1]);
		let (second, read_for_second) = ask(&mut residency, &[3]);
		assert!(is_ready(&residency, first) && !is_ready(&residency, second));
		assert!(read_for_second.is_empty());
		let wanted = residency.release(first);
		assert_eq!(read(&mut residency, wanted), [3]);
		assert!(is_ready(&residency, second));
		assert_eq!(residency.used(), 2);
	}

	#[test]
	fn groups_never_hold_half_when_they_need_more() {
		let mut residency = residency(3, &[1, 1, 1, 1]);
		let (first, _) = ask(&mut residency, &[1, 2]);
		let (second, wanted) = ask(&mut residency, &[3, 4]);
		assert!(wanted.is_empty() && !is_ready(&residency, second));
		let wanted = residency.release(first);
		assert_eq!(read(&mut residency, wanted), [3, 4]);
		assert!(is_ready(&residency, second));
	}

	#[test]
	fn waiting_group_is_not_passed_for_ever_when_others_are_in_memory() {
		let mut residency = residency(2, &[1, 2]);
		let (mut held, _) = ask(&mut residency, &[1]);
		let (large, _) = ask(&mut residency, &[2]);
		let mut passes = 0;
		// One holder always comes before the last goes.
		while !is_ready(&residency, large) {
			let (next, _) = ask(&mut residency, &[1]);
			passes += 1;
			assert!(passes <= PASSES + 1);
			let wanted = residency.release(held);
			read(&mut residency, wanted);
			held = next;
		}
		assert_eq!(passes, PASSES + 1);
		let wanted = residency.release(large);
		assert_eq!(read(&mut residency, wanted), [1]);
		assert!(is_ready(&residency, held));
	}

	#[test]
	fn waiting_group_gives_its_turn_up_when_it_is_released() {
		let mut residency = residency(2, &[2, 2, 1]);
		let (first, _) = ask(&mut residency, &[1]);
		let (second, _) = ask(&mut residency, &[2]);
		let (third, _) = ask(&mut residency, &[3]);
		assert!(residency.release(second).is_empty());
		let wanted = residency.release(first);
		assert_eq!(read(&mut residency, wanted), [3]);
		assert!(is_ready(&residency, third));
	}

	#[test]
	fn everyone_who_asked_hears_of_it_when_an_adapter_cannot_be_read() {
		let mut residency = residency(2, &[1, 1, 2]);
		let (first, wanted) = residency.ask(vec![1]);
		assert_eq!(wanted, [1]);
		let (second, wanted) = residency.ask(vec![2, 1]);
		assert_eq!(wanted, [2]);
		let (third, _) = residency.ask(vec![3]);
		assert!(residency.loaded(1, Err("damaged".into())).is_empty());
		for ticket in [first, second] {
			assert!(
				matches!(residency.outcome(ticket), Outcome::Failed(reason) if reason == "damaged")
			);
		}
		assert!(matches!(residency.outcome(third), Outcome::Waiting));
		residency.loaded(2, Ok(Packed::empty(0, [])));
		residency.release(first);
		let wanted = residency.release(second);
		assert_eq!(read(&mut residency, wanted), [3]);
		assert!(is_ready(&residency, third));
	}

	#[test]
	fn waiting_group_gets_the_room_of_one_that_is_forgotten_while_it_is_read() {
		let mut residency = residency(1, &[1, 1]);
		let (first, wanted) = residency.ask(vec![1]);
		assert_eq!(wanted, [1]);
		let (second, _) = residency.ask(vec![2]);
		assert!(residency.release(first).is_empty());
		residency.remove(1);
		let wanted = residency.loaded(1, Ok(Packed::empty(0, [])));
		assert_eq!(read(&mut residency, wanted), [2]);
		assert!(is_ready(&residency, second));
	}

	#[test]
	fn adapter_counts_once_when_a_group_names_it_twice() {
		let mut residency = residency(1, &[1]);
		assert_eq!(residency.bytes(&[1, 1]), 1);
		let (ticket, wanted) = ask(&mut residency, &[1, 1]);
		assert_eq!(wanted, [1]);
		assert!(is_ready(&residency, ticket));
		residency.release(ticket);
		residency.remove(1);
		assert_eq!(residency.used(), 0);
	}
}
