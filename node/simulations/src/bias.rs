//! How far authors can bias a draw of lots.
//!
//! Two models. In the **plain** one each slot has one author, which is of the coalition with
//! probability `f`, and makes its block or doesn't. In **BABE's**, each slot has primary authors, as
//! many as its lottery has it, each of `n` validators with probability `1 − (1 − c)^(1/n)`, and one
//! secondary, drawn evenly; a primary's block wins over a secondary's. There the coalition is taken
//! to win every tie, to have many members, and to see the honest block of a slot before it shows its
//! own.

use crate::odds::choose;
use rand::Rng;

/// How likely a claim that is to be audited with probability `audit` still is, in the plain model,
/// where the coalition withholds blocks at a round's end only: `a·(1 − f) / (1 − f·a)`. With
/// probability `1 − f` the last block is another's; otherwise the coalition makes it if the seed suits
/// it, and leaves the same choice to the next slot's author where it does not.
pub fn last_block(audit: f64, coalition: f64) -> f64 {
	audit * (1.0 - coalition) / (1.0 - coalition * audit)
}

/// How likely a slot has no block unless the coalition makes one, in BABE's model: its secondary
/// author is the coalition's, and no other validator is a primary one: `f·(1 − c)^(1 − f)`.
pub fn slot_is_theirs(coalition: f64, primaries: f64) -> f64 {
	coalition * (1.0 - primaries).powf(1.0 - coalition)
}

/// How likely a slot's output can be one that the coalition knew ahead, in BABE's model: it has a
/// primary author in it, or the slot is its own.
pub fn slot_is_foreseen(coalition: f64, primaries: f64) -> f64 {
	1.0 - (1.0 - primaries).powf(coalition) + coalition * (1.0 - primaries)
}

/// As [`last_block`], in BABE's model: `a·g·(1 − e) / (1 − a·g·e)`, where `e` is
/// [`slot_is_theirs`] and `g = (1 − c)^(f·(1 − a))`. Each primary of the coalition is one more seed to
/// choose from: their number is Poisson's with mean `−f·ln(1 − c)`, and `g` the expectation of `a` to
/// its power.
pub fn last_block_babe(audit: f64, coalition: f64, primaries: f64) -> f64 {
	let more = (1.0 - primaries).powf(coalition * (1.0 - audit));
	let theirs = slot_is_theirs(coalition, primaries);
	audit * more * (1.0 - theirs) / (1.0 - audit * more * theirs)
}

/// A coalition that plays as well as can be in the plain model: it knows its own slots ahead, and so
/// how many follow one another, and withholds any of its blocks in a round, not only the last.
pub struct Steering {
	audit: f64,
	coalition: f64,
	/// By the number of blocks that a round lacks, how likely the claim is audited, just after an
	/// honest block.
	values: Vec<f64>,
}

/// Runs of slots longer than this are as good as impossible.
const LONGEST_RUN: usize = 200;

impl Steering {
	/// The best play in rounds of `length` blocks.
	///
	/// With `m` blocks lacking and `n` slots of its own ahead, of which the next after them is
	/// another's, the coalition has `C(n, m)` ways to end the round by itself, each with a seed that
	/// it can compute, and ends it if one of them suits. Otherwise it makes so many of its blocks that
	/// it comes off best after the honest block that follows.
	pub fn new(audit: f64, coalition: f64, length: usize) -> Self {
		let mut play = Self { audit, coalition, values: vec![audit] };
		for lacking in 1..=length {
			let value = (0..LONGEST_RUN)
				.map(|run| {
					let odds = (1.0 - coalition) * coalition.powi(run as i32);
					let unsuited = audit.powf(Self::ways(run, lacking));
					odds * unsuited * play.values[play.after(run, lacking)]
				})
				.sum();
			play.values.push(value);
		}
		play
	}

	/// In how many ways a run of own slots can end the round. None leaves `audit` to the power of
	/// zero: what can't be done does not keep the claim from an audit.
	fn ways(run: usize, lacking: usize) -> f64 {
		choose(run, lacking)
	}

	/// How many blocks it is best to lack after the run and the honest block behind it.
	fn after(&self, run: usize, lacking: usize) -> usize {
		let fewest = lacking - 1 - run.min(lacking - 1);
		(fewest..lacking)
			.min_by(|a, b| self.values[*a].total_cmp(&self.values[*b]))
			.unwrap_or(lacking - 1)
	}

	/// How likely the claim is audited, from the round's beginning.
	pub fn audited(&self) -> f64 {
		self.values[self.values.len() - 1]
	}

	/// Plays one round slot by slot. Returns whether the claim is audited.
	pub fn play(&self, rng: &mut impl Rng) -> bool {
		let mut lacking = self.values.len() - 1;
		while lacking > 0 {
			let mut run = 0;
			while rng.random::<f64>() < self.coalition {
				run += 1;
			}
			let ways = Self::ways(run, lacking);
			// Beyond a million seeds one suits for certain, whatever the rate.
			if ways > 1e6 || (0..ways as u64).any(|_| rng.random::<f64>() >= self.audit) {
				return false;
			}
			lacking = self.after(run, lacking);
		}
		rng.random::<f64>() < self.audit
	}
}

/// Plays the end of one round in BABE's model, slot by slot, with `members` of `validators` in the
/// coalition. Returns whether the claim is audited.
pub fn play_babe(
	audit: f64,
	members: usize,
	validators: usize,
	primaries: f64,
	rng: &mut impl Rng,
) -> bool {
	let odds = 1.0 - (1.0 - primaries).powf(1.0 / validators as f64);
	loop {
		let mut own = 0;
		let mut others = false;
		for validator in 0..validators {
			if rng.random::<f64>() < odds {
				if validator < members {
					own += 1;
				} else {
					others = true;
				}
			}
		}
		let secondary_is_own = rng.random_range(0..validators) < members;
		let theirs = secondary_is_own && !others;
		// Beside its primaries there is one more output: its secondary's, or that of the honest
		// block, which it lets stand if it suits.
		if (0..own + 1).any(|_| rng.random::<f64>() >= audit) {
			return false;
		}
		if !theirs {
			return true;
		}
	}
}
