//! Which inputs of a low-rank update are left out of a training step.
//!
//! The draw of an element follows from where it is alone, so it is the same in the way forth and
//! the way back, whatever else runs and on whichever thread.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::adapter::Module;

/// A step's draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dropout {
	/// Of the run.
	pub(crate) seed: u64,
	/// Counted from 0.
	pub(crate) step: u64,
	/// The share of elements that is left out, within 0..1.
	pub(crate) rate: f64,
}

/// Where a row of activations belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
	/// The record's number in the training set.
	pub(crate) record: u64,
	/// Its position in the record.
	pub(crate) position: u64,
}

impl Dropout {
	/// What one row of an update's input is multiplied by, element by element: zero with the chance
	/// `rate`, else `1 / (1 − rate)`.
	///
	/// The key of ChaCha8 is seed, step, record, and layer · 7 + module, each in eight bytes, little
	/// end first; the stream is the position; word i is element i's, which is left out when the word is
	/// below ⌊rate · 2³²⌋.
	pub(crate) fn factors(&self, layer: usize, module: Module, row: Row, width: usize) -> Vec<f32> {
		let place = (layer * Module::ALL.len() + module as usize) as u64;
		let mut key = [0; 32];
		let parts = [self.seed, self.step, row.record, place];
		for (bytes, part) in key.chunks_exact_mut(8).zip(parts) {
			bytes.copy_from_slice(&part.to_le_bytes());
		}
		let mut words = ChaCha8Rng::from_seed(key);
		words.set_stream(row.position);
		let bound = (self.rate * 4_294_967_296.0) as u64;
		let kept = (1.0 / (1.0 - self.rate)) as f32;
		(0..width).map(|_| if u64::from(words.next_u32()) < bound { 0.0 } else { kept }).collect()
	}
}

/// Dropout of the rows of one pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped<'a> {
	pub(crate) rule: Dropout,
	/// One for each row of the pass.
	pub(crate) rows: &'a [Row],
}

impl Dropped<'_> {
	/// Multiplies rows of an update's input, of which `first` is the number of the first, by their
	/// factors. Zero is +0, whatever the sign of what was there.
	pub(crate) fn apply(
		&self,
		layer: usize,
		module: Module,
		first: usize,
		x: &mut [f32],
		width: usize,
	) {
		for (row, x) in self.rows[first..].iter().zip(x.chunks_exact_mut(width)) {
			let factors = self.rule.factors(layer, module, *row, width);
			for (x, factor) in x.iter_mut().zip(factors) {
				*x = if factor == 0.0 { 0.0 } else { *x * factor };
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const RULE: Dropout = Dropout { seed: 3, step: 5, rate: 0.25 };
	const ROW: Row = Row { record: 7, position: 11 };

	#[test]
	fn share_left_out_is_the_rate_and_the_mean_stays_one() {
		let factors = RULE.factors(1, Module::V, ROW, 40_000);
		let out = factors.iter().filter(|factor| **factor == 0.0).count() as f64 / 40_000.0;
		assert!((out - 0.25).abs() < 0.01, "{out}");
		assert!(factors.iter().all(|factor| *factor == 0.0 || *factor == 4.0f32 / 3.0));
	}

	#[test]
	fn draws_differ_when_anything_that_they_are_keyed_by_differs() {
		let of = |rule: Dropout, layer, module, row| rule.factors(layer, module, row, 256);
		let known = of(RULE, 1, Module::V, ROW);
		assert_eq!(known, of(RULE, 1, Module::V, ROW));
		for other in [
			of(Dropout { seed: 4, ..RULE }, 1, Module::V, ROW),
			of(Dropout { step: 6, ..RULE }, 1, Module::V, ROW),
			of(RULE, 2, Module::V, ROW),
			of(RULE, 1, Module::K, ROW),
			of(RULE, 1, Module::V, Row { record: 8, ..ROW }),
			of(RULE, 1, Module::V, Row { position: 12, ..ROW }),
		] {
			assert_ne!(other, known);
		}
	}

	#[test]
	fn draws_of_a_row_begin_the_same_however_wide_it_is() {
		assert_eq!(RULE.factors(0, Module::Q, ROW, 64)[..9], RULE.factors(0, Module::Q, ROW, 9));
	}

	#[test]
	fn nothing_is_left_out_when_the_rate_is_zero() {
		let rule = Dropout { rate: 0.0, ..RULE };
		assert_eq!(rule.factors(0, Module::Q, ROW, 99), vec![1.0; 99]);
	}
}
