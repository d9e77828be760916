//! What was sent, and which blocks it came into.

use super::load_report;
use crate::chain::load::{Body, Weighed};
use std::{
	collections::{BTreeMap, HashMap},
	time::Instant,
};
use subxt::utils::H256;

/// An extrinsic's hash.
pub type Hash = [u8; 32];

/// Stretches that are told apart.
pub const PHASES: usize = 3;
/// Before and after.
pub const ASIDE: usize = 0;
/// The rate asked for.
pub const STEADY: usize = 1;
/// Many times as much.
pub const OVERLOAD: usize = 2;

/// An extrinsic that was sent and not refused.
struct Sent {
	phase: usize,
	transfer: bool,
	at: Instant,
	accepted: bool,
	included: bool,
	/// Nobody waits for it any more.
	given_up: bool,
}

/// A block of the best chain.
struct Seen {
	hash: H256,
	at: Instant,
	extrinsics: usize,
	bytes: usize,
	/// The load's extrinsics, with their places.
	own: Vec<(u32, Hash)>,
	weighed: Option<Weighed>,
}

/// Follows extrinsics into blocks.
#[derive(Default)]
pub struct Tracker {
	sent: HashMap<Hash, Sent>,
	blocks: BTreeMap<u32, Seen>,
	outstanding: u64,
	/// The most outstanding in each stretch.
	most: [u64; PHASES],
	/// Seconds from sending to the block, for each stretch.
	waited: [Vec<f64>; PHASES],
}

/// What became of what was sent in one stretch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fate {
	/// Included in the best chain.
	pub best: u64,
	/// Included up to the finalised block.
	pub finalised: u64,
	/// Included, and failed.
	pub failed: u64,
	/// Taken by the pool and not included.
	pub lost: u64,
}

impl Tracker {
	/// An extrinsic is on its way.
	pub fn sent(&mut self, hash: Hash, phase: usize, transfer: bool) {
		let sent = Sent {
			phase,
			transfer,
			at: Instant::now(),
			accepted: false,
			included: false,
			given_up: false,
		};
		let before = self.sent.insert(hash, sent);
		if before.is_none_or(|before| before.included || before.given_up) {
			self.outstanding += 1;
		}
		self.most[phase] = self.most[phase].max(self.outstanding);
	}

	/// The pool took it.
	pub fn accepted(&mut self, hash: &Hash) {
		if let Some(sent) = self.sent.get_mut(hash) {
			sent.accepted = true;
		}
	}

	/// The pool refused it. Where a block holds it all the same, it counts as included.
	pub fn refused(&mut self, hash: &Hash) {
		if self.sent.get(hash).is_some_and(|sent| !sent.included)
			&& let Some(sent) = self.sent.remove(hash)
			&& !sent.given_up
		{
			self.outstanding = self.outstanding.saturating_sub(1);
		}
	}

	/// The pool is empty: what is in no block will not be in one.
	pub fn give_up(&mut self) {
		for sent in self.sent.values_mut().filter(|sent| !sent.included) {
			sent.given_up = true;
		}
		self.outstanding = 0;
	}

	/// How many are neither refused nor in a block.
	pub fn outstanding(&self) -> u64 {
		self.outstanding
	}

	/// The most of them in a stretch.
	pub fn most_outstanding(&self, phase: usize) -> u64 {
		self.most[phase]
	}

	/// Whether a block holds the extrinsic.
	pub fn is_included(&self, hash: &Hash) -> bool {
		self.sent.get(hash).is_some_and(|sent| sent.included)
	}

	/// The hash of the best chain's block with this number, as far as it was seen.
	pub fn hash(&self, number: u32) -> Option<H256> {
		self.blocks.get(&number).map(|seen| seen.hash)
	}

	/// The blocks that hold some of the load.
	pub fn holding(&self) -> Vec<(u32, H256)> {
		let holding = self.blocks.iter().filter(|(_, seen)| !seen.own.is_empty());
		holding.map(|(number, seen)| (*number, seen.hash)).collect()
	}

	/// A block joined the best chain, in place of all that were at its height and above.
	pub fn block(&mut self, number: u32, hash: H256, body: Body, at: Instant) {
		for (_, gone) in self.blocks.split_off(&number) {
			for (_, hash) in gone.own {
				if let Some(sent) = self.sent.get_mut(&hash)
					&& std::mem::take(&mut sent.included)
				{
					sent.given_up = false;
					self.outstanding += 1;
				}
			}
		}
		let mut own = Vec::new();
		let extrinsics = body.hashes.len();
		for (index, hash) in body.hashes.into_iter().enumerate() {
			let Some(sent) = self.sent.get_mut(&hash) else { continue };
			own.push((index as u32, hash));
			if !std::mem::replace(&mut sent.included, true) {
				if !sent.given_up {
					self.outstanding = self.outstanding.saturating_sub(1);
				}
				self.waited[sent.phase].push(at.duration_since(sent.at).as_secs_f64());
			}
		}
		let seen = Seen { hash, at, extrinsics, bytes: body.bytes, own, weighed: None };
		self.blocks.insert(number, seen);
	}

	/// What a block's state says came in.
	pub fn weighed(&mut self, number: u32, hash: H256, weighed: Weighed) {
		if let Some(seen) = self.blocks.get_mut(&number).filter(|seen| seen.hash == hash) {
			seen.weighed = Some(weighed);
		}
	}

	/// Seconds from sending to the block, of one stretch.
	pub fn waited(&self, phase: usize) -> Vec<f64> {
		self.waited[phase].clone()
	}

	/// What became of one stretch, where the chain is final up to block `finalised`.
	pub fn fate(&self, phase: usize, finalised: u32) -> Fate {
		let mut fate = Fate::default();
		for (number, seen) in &self.blocks {
			for (index, hash) in &seen.own {
				if self.sent.get(hash).is_none_or(|sent| sent.phase != phase) {
					continue;
				}
				let failed = seen.weighed.as_ref().is_some_and(|w| w.failed.contains(index));
				fate.best += 1;
				fate.finalised += u64::from(*number <= finalised);
				fate.failed += u64::from(failed);
			}
		}
		let lost = |sent: &&Sent| sent.phase == phase && sent.accepted && !sent.included;
		fate.lost = self.sent.values().filter(lost).count() as u64;
		fate
	}

	/// The blocks seen in a stretch of time, as seconds since `start`.
	pub fn blocks(
		&self,
		start: Instant,
		from: Instant,
		to: Instant,
		limit: u64,
	) -> Vec<load_report::Block> {
		self.blocks
			.iter()
			.filter(|(_, seen)| seen.at >= from && seen.at <= to)
			.map(|(number, seen)| {
				let own = |index: &u32| seen.own.iter().any(|(place, _)| place == index);
				let weighed = seen.weighed.as_ref();
				load_report::Block {
					number: *number,
					at: load_report::round(seen.at.duration_since(start).as_secs_f64()),
					extrinsics: seen.extrinsics,
					sent_by_load: seen.own.len(),
					transfers: self.transfers(seen),
					failed: weighed.map_or(0, |w| w.failed.iter().filter(|i| own(i)).count()),
					bytes: seen.bytes,
					fill: weighed.map(|w| load_report::round(w.used as f64 / limit as f64)),
				}
			})
			.collect()
	}

	fn transfers(&self, seen: &Seen) -> usize {
		let is_transfer = |hash| self.sent.get(hash).is_some_and(|sent| sent.transfer);
		seen.own.iter().filter(|(_, hash)| is_transfer(hash)).count()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hash(byte: u8) -> Hash {
		[byte; 32]
	}

	fn body(bytes: &[u8]) -> Body {
		Body { hashes: bytes.iter().map(|byte| hash(*byte)).collect(), bytes: 100 }
	}

	fn tracker(sent: &[u8]) -> Tracker {
		let mut tracker = Tracker::default();
		for byte in sent {
			tracker.sent(hash(*byte), STEADY, true);
			tracker.accepted(&hash(*byte));
		}
		tracker
	}

	fn block(tracker: &mut Tracker, number: u32, id: u8, holds: &[u8]) {
		tracker.block(number, H256([id; 32]), body(holds), Instant::now());
	}

	#[test]
	fn extrinsics_are_found_in_blocks_among_others() {
		let mut tracker = tracker(&[1, 2, 3]);
		block(&mut tracker, 5, 50, &[99, 1, 2]);
		assert_eq!((tracker.outstanding(), tracker.most_outstanding(STEADY)), (1, 3));
		let failed = Weighed { used: 30, failed: vec![0, 2] };
		tracker.weighed(5, H256([50; 32]), failed);
		// The first of them is not the load's.
		assert_eq!(tracker.fate(STEADY, 4), Fate { best: 2, finalised: 0, failed: 1, lost: 1 });
		assert_eq!(tracker.fate(STEADY, 5).finalised, 2);
		assert_eq!(tracker.fate(2, 5), Fate::default());
		assert_eq!(tracker.waited(STEADY).len(), 2);
		let long_ago = Instant::now() - std::time::Duration::from_secs(60);
		let shown = tracker.blocks(long_ago, long_ago, Instant::now(), 120);
		assert_eq!((shown[0].sent_by_load, shown[0].transfers, shown[0].failed), (2, 2, 1));
		assert_eq!((shown[0].extrinsics, shown[0].fill), (3, Some(0.25)));
	}

	#[test]
	fn refused_extrinsics_are_forgotten_unless_a_block_holds_them() {
		let mut tracker = tracker(&[1, 2]);
		block(&mut tracker, 5, 50, &[1]);
		tracker.refused(&hash(1));
		tracker.refused(&hash(2));
		tracker.refused(&hash(3));
		assert_eq!(tracker.outstanding(), 0);
		assert!(tracker.is_included(&hash(1)));
		assert_eq!(tracker.fate(STEADY, 9), Fate { best: 1, finalised: 1, failed: 0, lost: 0 });
	}

	#[test]
	fn blocks_that_leave_the_best_chain_take_their_extrinsics_back() {
		let mut tracker = tracker(&[1, 2]);
		block(&mut tracker, 5, 50, &[1]);
		block(&mut tracker, 6, 60, &[2]);
		assert_eq!(tracker.outstanding(), 0);
		block(&mut tracker, 5, 51, &[2]);
		assert_eq!(tracker.outstanding(), 1);
		assert!(!tracker.is_included(&hash(1)) && tracker.is_included(&hash(2)));
		assert_eq!(tracker.hash(6), None);
		// What is said late of a block that is gone is not believed.
		tracker.weighed(5, H256([50; 32]), Weighed { used: 1, failed: vec![0] });
		assert_eq!(tracker.fate(STEADY, 9).failed, 0);
	}

	#[test]
	fn extrinsics_that_were_given_up_are_lost_unless_a_block_holds_them_after_all() {
		let mut tracker = tracker(&[1, 2]);
		tracker.give_up();
		tracker.sent(hash(3), STEADY, true);
		assert_eq!((tracker.outstanding(), tracker.fate(STEADY, 9).lost), (1, 2));
		block(&mut tracker, 5, 50, &[1]);
		assert_eq!((tracker.outstanding(), tracker.fate(STEADY, 9).lost), (1, 1));
	}

	#[test]
	fn extrinsic_that_is_sent_again_is_outstanding_once() {
		let mut tracker = tracker(&[1]);
		tracker.sent(hash(1), STEADY, true);
		assert_eq!(tracker.outstanding(), 1);
	}
}
