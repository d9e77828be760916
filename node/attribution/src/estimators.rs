//! Attribution estimators side by side: what each makes of how much a training record moves an answer.
//!
//! They are judged against each other by retraining without records. `docs/estimators.md` has the
//! formulas, their sources and what they cost. Results have the same bits whatever the number of
//! threads.

pub mod bm25;

mod covariance;
mod datainf;
mod eigen;
mod ekfac;
mod embedding;
mod gradient;
mod gradients;
mod layout;
mod logra;
mod longest_match;
mod products;
mod random;
mod representation;
mod sketch;
mod tracin;

pub use bm25::Bm25;
pub use datainf::DataInf;
pub use ekfac::Curvature;
pub use embedding::Embedding;
pub use gradient::{Gradient, Layers, Length};
pub use logra::LoGra;
pub use longest_match::LongestMatch;
pub use random::Random;
pub use representation::Representation;
pub use sketch::{Rounding, Sketch};
pub use tracin::TracIn;

use crate::error::{Error, Result};
use openlora::{Adapter, Base, Objective};

/// One sequence: what is differentiated or compared.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
	/// Prompt and answer, as the model reads them.
	pub tokens: &'a [u32],
	/// The first token of the answer: at least 1, and below the number of tokens.
	pub answer_start: usize,
	/// What it says, for estimators that compare words.
	pub text: &'a str,
}

/// What was trained.
#[derive(Debug, Clone, Copy)]
pub struct Trained<'a> {
	/// The frozen base.
	pub base: &'a Base,
	/// The adapter at the end of training.
	pub adapter: &'a Adapter,
	/// Earlier states, in order, each with the learning rate of the step taken from it; may be empty.
	pub checkpoints: &'a [(Adapter, f32)],
}

/// Says how much each record moves each query.
pub trait Estimator {
	/// What a table calls it; different for different parameters.
	fn name(&self) -> String;

	/// `scores[q][r]`: larger means that having record `r` in training makes the answer of query `q`
	/// likelier. Units differ between estimators, and may differ between queries: within one query,
	/// scores can be compared and summed.
	///
	/// # Errors
	/// The engine's, wrapped with the position of the sequence that it refused, and
	/// [`Error::NonFinite`].
	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>>;
}

/// Every estimator with its defaults, and those that differ from one of them in what a table is to show.
pub fn all() -> Vec<Box<dyn Estimator>> {
	let root = Gradient { record: Objective::Root, ..Gradient::ekfac() };
	let unit = Gradient { length: Length::Unit, ..Gradient::ekfac() };
	let in_full = |of| Sketch { rounding: Rounding::None, ..Sketch::new(of, SKETCH) };
	vec![
		Box::new(Random::default()),
		Box::new(Bm25::default()),
		Box::new(LongestMatch),
		Box::new(Embedding),
		Box::new(Representation),
		Box::new(Gradient::dot()),
		Box::new(Gradient::cosine()),
		Box::new(Gradient::by_matrix()),
		Box::new(Gradient::paid()),
		Box::new(Sketch::new(Gradient::paid(), SKETCH)),
		Box::new(TracIn::default()),
		Box::new(DataInf::default()),
		Box::new(LoGra { curvature: None, ..LoGra::default() }),
		Box::new(LoGra::default()),
		Box::new(LoGra { rounding: Rounding::Bytes, ..LoGra::default() }),
		Box::new(Gradient::ekfac()),
		Box::new(root),
		Box::new(unit),
		Box::new(in_full(Gradient::ekfac())),
		Box::new(Sketch::new(Gradient::ekfac(), SKETCH)),
		Box::new(Sketch::new(root, SKETCH)),
		Box::new(Sketch::new(unit, SKETCH)),
	]
}

/// Components of a sketch: as many as may go on chain.
const SKETCH: usize = openledger_primitives_core::MAX_SKETCH as usize;

/// Items as the engine takes them.
fn sequences<'a>(items: &[Item<'a>]) -> Vec<(&'a [u32], usize)> {
	items.iter().map(|item| (item.tokens, item.answer_start)).collect()
}

/// Refuses numbers that are none.
fn check_finite(what: &str, values: &[f32]) -> Result<()> {
	match values.iter().all(|value| value.is_finite()) {
		true => Ok(()),
		false => Err(Error::NonFinite { what: what.into() }),
	}
}

/// Runs an operation of the engine that hands its results to a consumer with errors of this crate.
pub(crate) fn consumed<T>(
	mut consume: impl FnMut(usize, T) -> Result<()>,
	run: impl FnOnce(&mut dyn FnMut(usize, T) -> openlora::Result<()>) -> openlora::Result<()>,
) -> Result<()> {
	let mut failed = None;
	let done = run(&mut |at, result| {
		consume(at, result).map_err(|error| {
			failed = Some(error);
			openlora::Error::Cancelled
		})
	});
	match failed {
		Some(error) => Err(error),
		None => Ok(done?),
	}
}

#[cfg(test)]
mod tests;
