//! The statistics that the judgement is made of.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Draws behind an interval.
const DRAWS: usize = 2_000;

/// The arithmetic mean; not a number without values.
pub fn mean(values: &[f64]) -> f64 {
	values.iter().sum::<f64>() / values.len() as f64
}

/// Ranks from zero, equal values sharing the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
	let mut order: Vec<usize> = (0..values.len()).collect();
	order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
	let mut ranks = vec![0.0; values.len()];
	let mut from = 0;
	while from < order.len() {
		let same = order[from..].iter().take_while(|at| values[**at] == values[order[from]]);
		let to = from + same.count();
		for at in &order[from..to] {
			ranks[*at] = (from + to - 1) as f64 / 2.0;
		}
		from = to;
	}
	ranks
}

/// Pearson's correlation; zero where one side is constant.
pub fn pearson(a: &[f64], b: &[f64]) -> f64 {
	let (mean_a, mean_b) = (mean(a), mean(b));
	let covariance: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
	let spread = |values: &[f64], mean: f64| values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
	let spreads = spread(a, mean_a) * spread(b, mean_b);
	if spreads > 0.0 { covariance / spreads.sqrt() } else { 0.0 }
}

/// Spearman's rank correlation; zero where one side is constant.
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
	pearson(&ranks(a), &ranks(b))
}

/// The probability that a value of `positive` exceeds one of `negative`, ties counting half.
pub fn auc(positive: &[f64], negative: &[f64]) -> f64 {
	let all = ranks(&[positive, negative].concat());
	let (p, n) = (positive.len() as f64, negative.len() as f64);
	let sum: f64 = all[..positive.len()].iter().sum();
	(sum - p * (p - 1.0) / 2.0) / (p * n)
}

/// The middle 95 % of what `statistic` gives over resamples of `0..of`.
pub fn interval(of: usize, statistic: impl Fn(&[usize]) -> f64) -> [f64; 2] {
	let mut rng = ChaCha8Rng::seed_from_u64(95);
	let mut found: Vec<f64> = (0..DRAWS)
		.map(|_| {
			let drawn: Vec<usize> =
				(0..of).map(|_| rng.random_range(0..of as u64) as usize).collect();
			statistic(&drawn)
		})
		.collect();
	found.sort_by(f64::total_cmp);
	[found[DRAWS / 40], found[DRAWS - 1 - DRAWS / 40]]
}

/// A mean with its interval over the values.
pub fn with_interval(values: &[f64]) -> Value {
	let ci = interval(values.len(), |drawn| mean(&pick(values, drawn)));
	json!({ "mean": mean(values), "ci": ci })
}

/// The values at places.
pub fn pick(values: &[f64], places: &[usize]) -> Vec<f64> {
	places.iter().map(|at| values[*at]).collect()
}

/// Coefficients of the least-squares fit of `targets` on `rows` and a constant, which is left out of the
/// result: normal equations, with a ridge of 10⁻⁶ against collinear columns (halves of a fixed size add
/// up to a constant), by Gaussian elimination with pivots.
pub fn regress(rows: &[Vec<f64>], targets: &[f64]) -> Vec<f64> {
	let columns = rows.first().map_or(0, Vec::len);
	let means: Vec<f64> = (0..columns)
		.map(|c| rows.iter().map(|row| row[c]).sum::<f64>() / rows.len() as f64)
		.collect();
	let target = mean(targets);
	let mut system = vec![vec![0.0; columns + 1]; columns];
	for (row, value) in rows.iter().zip(targets) {
		for i in 0..columns {
			let x = row[i] - means[i];
			for j in 0..columns {
				system[i][j] += x * (row[j] - means[j]);
			}
			system[i][columns] += x * (value - target);
		}
	}
	for (i, equation) in system.iter_mut().enumerate() {
		equation[i] += 1e-6 * rows.len() as f64;
	}
	for pivot in 0..columns {
		let best = (pivot..columns)
			.max_by(|a, b| system[*a][pivot].abs().total_cmp(&system[*b][pivot].abs()))
			.unwrap_or(pivot);
		system.swap(pivot, best);
		let by = system[pivot].clone();
		for (_, equation) in system.iter_mut().enumerate().filter(|(at, _)| *at != pivot) {
			let factor = equation[pivot] / by[pivot];
			for (value, of) in equation.iter_mut().zip(&by).skip(pivot) {
				*value -= factor * of;
			}
		}
	}
	(0..columns).map(|i| system[i][columns] / system[i][i]).collect()
}
