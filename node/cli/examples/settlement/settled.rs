//! What settling took.

use crate::blocks::{Bytes, Taken};
use serde::Serialize;

/// What one stage of a batch took.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
	/// Its name.
	pub stage: &'static str,
	/// How many transactions, or blocks in which hooks did it.
	pub count: u32,
	/// Their weight in picoseconds, with what every transaction takes.
	pub time_ps: u64,
	/// Bytes of the transactions; hooks have none.
	pub bytes: usize,
	/// Whether hooks do it.
	pub hook: bool,
}

impl Cost {
	/// What transactions took.
	pub fn of(stage: &'static str, taken: &[Taken]) -> Self {
		Self {
			stage,
			count: taken.len() as u32,
			time_ps: taken.iter().map(|one| one.time_ps).sum(),
			bytes: taken.iter().map(|one| one.bytes).sum(),
			hook: false,
		}
	}
}

/// A batch that was settled.
#[derive(Clone, Debug, Serialize)]
pub struct Settled {
	/// Its answers.
	pub answers: u32,
	/// Its draws.
	pub draws: u32,
	/// Receipts that they fell into, each shown once.
	pub shown: u32,
	/// Blocks from its commitment to its conclusion.
	pub blocks: u32,
	/// What it took.
	pub stages: Vec<Cost>,
	/// What opening its sessions and ending them took, which serves other batches too.
	pub sessions: Vec<Cost>,
	/// Bytes of keys and values that the state has more, by pallet, after pruning and with its sessions
	/// ended, than where nothing was settled.
	pub left: Bytes,
}

impl Settled {
	/// The weight of all stages.
	pub fn weight_ps(&self) -> u64 {
		self.stages.iter().map(|stage| stage.time_ps).sum()
	}

	/// Adds what hooks took in a block.
	pub fn hooked(&mut self, stage: &'static str, time_ps: u64) {
		match self.stages.iter_mut().find(|one| one.hook && one.stage == stage) {
			Some(one) => {
				one.count += 1;
				one.time_ps += time_ps;
			}
			None => self.stages.push(Cost { stage, count: 1, time_ps, bytes: 0, hook: true }),
		}
	}

	/// All bytes that are left.
	pub fn bytes_left(&self) -> i64 {
		self.left.values().sum()
	}

	/// The bytes of all transactions.
	pub fn bytes(&self) -> usize {
		self.stages.iter().map(|stage| stage.bytes).sum()
	}
}

/// Batches settled one after the other on one chain.
pub struct Life {
	pub batches: Vec<Settled>,
	/// The mean weight of a block in which nothing is settled, in picoseconds.
	pub empty_ps: u64,
}
