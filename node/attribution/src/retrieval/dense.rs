//! The dense half: what the base, without any adapter, makes of a text.
//!
//! The residual stream a sixth of the way up is averaged over the text's tokens but the first, which
//! attention uses as a place to look at when it looks at nothing. Directions that all records share would
//! drown what tells them apart: each component is brought to mean zero and deviation one over the records,
//! and the rest is whitened by the inverse Cholesky factor of their covariance, with a ridge. Inner products
//! of what comes out are those by the inverse covariance, as with any other root of it, and the
//! factor takes nothing but sums, products, quotients and roots in one order: every machine finds the
//! same bits.

use crate::{
	error::{Error, Result},
	estimators::consumed,
	projection::Projection,
};
use codec::{Decode, Encode};
use openledger_primitives_core::Hash;
use openlora::{Base, residuals};
use rayon::prelude::*;

/// Tokens of a text that are read.
pub(crate) const TOKENS: usize = 256;
/// Bytes of a text that are made into tokens: enough for [`TOKENS`] of nearly every text, and few enough
/// that nobody's record makes reading it slow.
const BYTES: usize = 8 * TOKENS;
/// Records that mean, deviations and covariance are taken of: the first ones.
pub(super) const SAMPLE: usize = 1 << 14;
/// What is added to the covariance's diagonal, as a multiple of it. One of 0.2 finds as much where records are
/// many; where they are fewer than components a covariance says little, and this weighs as much as it.
const RIDGE: f64 = 1.0;
/// The least of a diagonal: below it a component says nothing.
const LEAST: f64 = 1e-6;
/// The least of what a root is taken of. With the ridge it is reached by rounding alone.
const PIVOT: f64 = 1e-12;

/// The layer whose input is read.
pub(super) fn layer(base: &Base) -> usize {
	base.config.layers.div_ceil(6)
}

/// The mean state of each text, handed to `each` in order; none of a text without tokens.
///
/// # Errors
/// The tokenizer's and the engine's; whatever `each` returns, which ends the work.
pub(super) fn means(
	base: &Base,
	texts: &[&str],
	mut each: impl FnMut(usize, Option<Vec<f32>>) -> Result<()>,
) -> Result<()> {
	let limit = TOKENS.min(base.config.context);
	let tokens = texts
		.par_iter()
		.map(|text| {
			let mut tokens = base.tokenizer.encode(beginning(text), true)?;
			tokens.truncate(limit);
			Ok(tokens)
		})
		.collect::<Result<Vec<Vec<u32>>>>()?;
	let given: Vec<usize> = (0..texts.len()).filter(|at| !tokens[*at].is_empty()).collect();
	let sequences: Vec<&[u32]> = given.iter().map(|at| &tokens[*at][..]).collect();
	let (width, mut next) = (base.config.hidden, 0);
	let found = |which: usize, states: Vec<f32>| {
		let at: usize = given[which];
		(next..at).try_for_each(|at| each(at, None))?;
		next = at + 1;
		each(at, Some(mean(&states, width)))
	};
	consumed(found, |consume| residuals(base, &sequences, layer(base), consume))?;
	(next..texts.len()).try_for_each(|at| each(at, None))
}

/// As many whole characters as fit.
fn beginning(text: &str) -> &str {
	&text[..text.floor_char_boundary(BYTES)]
}

/// The mean of all rows but the first, or of the only one.
fn mean(states: &[f32], width: usize) -> Vec<f32> {
	let rows = states.len() / width;
	let skipped = usize::from(rows > 1);
	let mut sums = vec![0f64; width];
	for row in states.chunks_exact(width).skip(skipped) {
		sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
	}
	let count = (rows - skipped).max(1) as f64;
	sums.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// How states become components, learnt of the records'.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(super) struct Whitening {
	/// The records' mean state.
	mean: Vec<f32>,
	/// One over the deviation of each component; zero for one that is the same in all.
	inverse: Vec<f32>,
	/// The lower triangle of the covariance's Cholesky factor, row after row.
	factor: Vec<f32>,
}

/// A projection of states to fewer components, where they have more than there is room for.
fn projection(seed: &Hash, width: usize, components: usize) -> Option<Projection> {
	(width > components).then(|| Projection::new(seed, components, width))
}

/// Values of a lower triangle with so many rows.
fn triangle(rows: usize) -> usize {
	rows * (rows + 1) / 2
}

impl Whitening {
	/// Learnt of these states of `width` components each, to become `components`.
	///
	/// # Errors
	/// [`Error::NonFinite`].
	pub(super) fn learn(
		states: &[&[f32]],
		width: usize,
		seed: &Hash,
		components: usize,
	) -> Result<Self> {
		let states = &states[..states.len().min(SAMPLE)];
		let count = states.len().max(1) as f64;
		let over = |of: &(dyn Fn(usize, f64) -> f64 + Sync)| -> Vec<f64> {
			let sum =
				|at: usize| states.iter().map(|state| of(at, f64::from(state[at]))).sum::<f64>();
			(0..width).into_par_iter().map(|at| sum(at) / count).collect()
		};
		let mean = over(&|_, value| value);
		let variance = over(&|at, value| (value - mean[at]) * (value - mean[at]));
		let inverse = |variance: &f64| if *variance > 0.0 { 1.0 / variance.sqrt() } else { 0.0 };
		let mut whitening = Self {
			mean: mean.iter().map(|value| *value as f32).collect(),
			inverse: variance.iter().map(|value| inverse(value) as f32).collect(),
			factor: Vec::new(),
		};
		let projection = projection(seed, width, components);
		let standard: Vec<Vec<f64>> =
			states.par_iter().map(|state| whitening.standard(state, projection.as_ref())).collect();
		whitening.factor = cholesky(covariance(&standard, width.min(components)));
		let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
		match [&whitening.mean, &whitening.inverse, &whitening.factor].iter().all(|v| finite(v)) {
			true => Ok(whitening),
			false => Err(Error::NonFinite { what: "the spread of the records' states".into() }),
		}
	}

	/// Whether it takes states of `width` components to at most `components`.
	///
	/// # Errors
	/// [`Error::Malformed`].
	pub(super) fn check(&self, width: usize, components: usize) -> Result<()> {
		let refuse = |reason: &str| Err(Error::malformed("lens", reason));
		let rows = width.min(components);
		if (self.mean.len(), self.inverse.len()) != (width, width) {
			return refuse("its means are of another base");
		}
		if self.factor.len() != triangle(rows) {
			return refuse("its factor is of another size");
		}
		if self.inverse.iter().any(|value| *value < 0.0) {
			return refuse("a deviation is negative");
		}
		if (0..rows).any(|row| self.factor[triangle(row) + row] <= 0.0) {
			return refuse("its factor is of no covariance");
		}
		let all = [&self.mean, &self.inverse, &self.factor];
		match all.iter().all(|values| values.iter().all(|value| value.is_finite())) {
			true => Ok(()),
			false => refuse("it is not finite"),
		}
	}

	/// A state with mean zero and deviation one, projected where it is too long.
	fn standard(&self, state: &[f32], projection: Option<&Projection>) -> Vec<f64> {
		let parts = state.iter().zip(&self.mean).zip(&self.inverse);
		let parts =
			parts.map(|((state, mean), inverse)| (f64::from(*state) - f64::from(*mean), inverse));
		let standard = parts.map(|(value, inverse)| value * f64::from(*inverse));
		match projection {
			None => standard.collect(),
			Some(projection) => {
				let narrow: Vec<f32> = standard.map(|value| value as f32).collect();
				projection.apply(&narrow).into_iter().map(f64::from).collect()
			}
		}
	}

	/// The components of a state.
	pub(super) fn apply(&self, state: &[f32], seed: &Hash, components: usize) -> Vec<f64> {
		self.apply_with(state, projection(seed, self.mean.len(), components).as_ref())
	}

	/// The components of many states, one projection being drawn for all.
	pub(super) fn apply_all(
		&self,
		states: &[Option<Vec<f32>>],
		seed: &Hash,
		components: usize,
	) -> Vec<Option<Vec<f64>>> {
		let projection = projection(seed, self.mean.len(), components);
		let of = |state: &Vec<f32>| self.apply_with(state, projection.as_ref());
		states.par_iter().map(|state| state.as_ref().map(of)).collect()
	}

	fn apply_with(&self, state: &[f32], projection: Option<&Projection>) -> Vec<f64> {
		let mut solved = self.standard(state, projection);
		let mut start = 0;
		for row in 0..solved.len() {
			let Some((diagonal, before)) =
				self.factor.get(start..=start + row).and_then(<[f32]>::split_last)
			else {
				break;
			};
			let known = before.iter().zip(&solved).map(|(factor, of)| f64::from(*factor) * of);
			let known: f64 = known.sum();
			solved[row] = (solved[row] - known) / f64::from(*diagonal);
			start += row + 1;
		}
		solved
	}
}

/// The lower triangle of the mean product of components, with the ridge on its diagonal.
fn covariance(states: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
	let count = states.len().max(1) as f64;
	(0..width)
		.into_par_iter()
		.map(|row| {
			let mut sums = vec![0.0; row + 1];
			for state in states {
				let own = state[row];
				sums.iter_mut().zip(state).for_each(|(sum, other)| *sum += own * other);
			}
			sums.iter_mut().for_each(|sum| *sum /= count);
			sums[row] += RIDGE * sums[row].max(LEAST);
			sums
		})
		.collect()
}

/// The factor of a positive definite matrix, both as lower triangles.
fn cholesky(mut matrix: Vec<Vec<f64>>) -> Vec<f32> {
	for row in 0..matrix.len() {
		let (above, rest) = matrix.split_at_mut(row);
		let Some(own) = rest.first_mut() else { break };
		for column in 0..=row {
			let other = above.get(column).map(|other| other.as_slice());
			let product = |other: &[f64], own: &[f64]| -> f64 {
				own[..column].iter().zip(other).map(|(own, other)| own * other).sum()
			};
			own[column] = match other {
				Some(other) => (own[column] - product(other, own)) / other[column],
				None => (own[row] - product(own, own)).max(PIVOT).sqrt(),
			};
		}
	}
	matrix.into_iter().flatten().map(|value| value as f32).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use openlora::testing::tiny_base;

	fn wave(count: usize, width: usize) -> Vec<Vec<f32>> {
		let value = |row: usize, at: usize| ((row * 31 + at * 17 + row * at * 7) % 23) as f32 - 9.0;
		(0..count).map(|row| (0..width).map(|at| value(row, at)).collect()).collect()
	}

	fn learn(states: &[Vec<f32>], components: usize) -> Whitening {
		let states: Vec<&[f32]> = states.iter().map(Vec::as_slice).collect();
		Whitening::learn(&states, states[0].len(), &Hash::zero(), components).unwrap()
	}

	#[test]
	fn factor_times_itself_is_the_covariance_with_its_ridge() {
		let states = wave(40, 6);
		let whitening = learn(&states, 16);
		whitening.check(6, 16).unwrap();
		let standard: Vec<Vec<f64>> =
			states.iter().map(|state| whitening.standard(state, None)).collect();
		let expected = covariance(&standard, 6);
		let factor =
			|row: usize, column: usize| f64::from(whitening.factor[triangle(row) + column]);
		for (row, expected) in expected.iter().enumerate() {
			for (column, expected) in expected.iter().enumerate() {
				let found: f64 = (0..=column).map(|at| factor(row, at) * factor(column, at)).sum();
				assert!((found - expected).abs() < 1e-5, "{found} {expected}");
			}
		}
	}

	#[test]
	fn whitened_states_solve_the_factor_s_equations() {
		let states = wave(40, 6);
		let whitening = learn(&states, 16);
		let solved = whitening.apply(&states[3], &Hash::zero(), 16);
		let standard = whitening.standard(&states[3], None);
		for (row, expected) in standard.iter().enumerate() {
			let factor = &whitening.factor[triangle(row)..][..=row];
			let found: f64 = factor.iter().zip(&solved).map(|(f, s)| f64::from(*f) * s).sum();
			assert!((found - expected).abs() < 1e-9);
		}
	}

	#[test]
	fn states_are_projected_when_there_is_less_room() {
		let states = wave(40, 48);
		let whitening = learn(&states, 16);
		whitening.check(48, 16).unwrap();
		assert_eq!(whitening.apply(&states[0], &Hash::zero(), 16).len(), 16);
		let all: Vec<_> = states.iter().cloned().map(Some).collect();
		let found = whitening.apply_all(&all, &Hash::zero(), 16);
		assert_eq!(found[0], Some(whitening.apply(&states[0], &Hash::zero(), 16)));
	}

	#[test]
	fn components_that_are_the_same_in_all_records_say_nothing() {
		let states = vec![vec![1.0f32, 2.0, 3.0]; 5];
		let whitening = learn(&states, 8);
		whitening.check(3, 8).unwrap();
		assert_eq!(whitening.apply(&[7.0, -2.0, 3.0], &Hash::zero(), 8), [0.0; 3]);
		let one = learn(&states[..1], 8);
		assert_eq!(one.apply(&states[0], &Hash::zero(), 8), [0.0; 3]);
	}

	#[test]
	fn whitening_is_the_same_on_any_number_of_threads() {
		let states = wave(90, 40);
		let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
		let of = |threads| pool(threads).install(|| learn(&states, 16));
		assert_eq!(of(1), of(3));
	}

	#[test]
	fn whitening_is_refused_when_sizes_or_numbers_are_wrong() {
		let good = learn(&wave(40, 6), 16);
		assert!(good.check(7, 16).is_err() && good.check(6, 5).is_err());
		let changes: [fn(&mut Whitening); 5] = [
			|w| w.mean[0] = f32::NAN,
			|w| w.inverse[2] = -1.0,
			|w| w.factor[2] = 0.0,
			|w| w.factor[1] = f32::INFINITY,
			|w| w.factor.truncate(20),
		];
		for change in changes {
			let mut changed = good.clone();
			change(&mut changed);
			assert!(matches!(changed.check(6, 16), Err(Error::Malformed { .. })));
		}
	}

	#[test]
	fn means_are_in_order_whatever_texts_are_empty_or_long() {
		let base = tiny_base(5);
		let long = "é".repeat(1 << 16);
		let texts = ["", "one two", &long, "", "é", ""];
		let mut found = Vec::new();
		means(&base, &texts, |at, mean| {
			assert_eq!(at, found.len());
			found.push(mean);
			Ok(())
		})
		.unwrap();
		let empty: Vec<bool> = found.iter().map(Option::is_none).collect();
		assert_eq!(empty, [true, false, false, true, false, true]);
		means(&base, &texts[1..2], |_, mean| {
			assert_eq!(mean, found[1]);
			Ok(())
		})
		.unwrap();
		let failed = means(&base, &texts, |_, _| Err(Error::Cancelled));
		assert!(matches!(failed, Err(Error::Cancelled)));
	}

	#[test]
	fn mean_leaves_the_first_token_out_unless_it_is_the_only_one() {
		assert_eq!(mean(&[9.0, 9.0, 1.0, 2.0, 3.0, 4.0], 2), [2.0, 3.0]);
		assert_eq!(mean(&[9.0, 8.0], 2), [9.0, 8.0]);
	}
}
