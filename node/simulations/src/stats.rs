//! Means and their intervals.

use serde::Serialize;

/// A mean with the interval that has the true one in 95 of 100 cases, by the normal approximation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
	/// The mean.
	pub mean: f64,
	/// The interval's lower end.
	pub low: f64,
	/// The interval's upper end.
	pub high: f64,
	/// How many values it is the mean of.
	pub count: usize,
}

/// Mean and squared standard error of the mean.
fn moments(values: &[f64]) -> (f64, f64) {
	let count = values.len() as f64;
	let mean = values.iter().sum::<f64>() / count;
	let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
	(mean, squares / (count - 1.0).max(1.0) / count)
}

/// The half width of an interval of 95 %, in standard errors.
const WIDTH: f64 = 1.959_964;

fn around(mean: f64, variance: f64, count: usize) -> Estimate {
	let half = WIDTH * variance.sqrt();
	Estimate { mean, low: mean - half, high: mean + half, count }
}

/// The mean of independent values; of none it is not a number.
pub fn mean(values: &[f64]) -> Estimate {
	let (mean, variance) = moments(values);
	around(mean, variance, values.len())
}

/// By how much the mean of `values` exceeds that of `others`.
pub fn difference(values: &[f64], others: &[f64]) -> Estimate {
	let (mean, variance) = moments(values);
	let (other, other_variance) = moments(others);
	around(mean - other, variance + other_variance, values.len())
}
