//! The linear datamodelling score (Park et al. 2023, arXiv:2303.14186, section 2): over retrainings on
//! random halves, the rank correlation between the sum of a half's scores and what the retrained adapter
//! makes of the query.

use crate::{
	Failure,
	data::Data,
	runs::{AGAIN, HALVES, Run},
	stats::spearman,
	table::Table,
};

/// The halves, with what their adapters made of the queries.
pub struct Halves {
	/// Which records each half has.
	members: Vec<Vec<usize>>,
	/// How likely each retrained adapter finds each query: `[query][half]`, larger is likelier.
	outcomes: Vec<Vec<f64>>,
	/// The same with the second seed, of the first halves.
	again: Vec<Vec<f64>>,
}

impl Halves {
	/// Those of a table, for the queries at these places.
	pub fn new(data: &Data, table: &Table, queries: &[usize]) -> Result<Self, Failure> {
		let runs = |count: usize, seed: u64| -> Result<Vec<Vec<f64>>, Failure> {
			let losses: Vec<&[f32]> = (0..count)
				.map(|number| table.losses(&Run::Half(number, seed)))
				.collect::<Result<_, _>>()?;
			let of_query =
				|query: &usize| losses.iter().map(|run| -f64::from(run[*query])).collect();
			Ok(queries.iter().map(of_query).collect())
		};
		Ok(Self {
			members: (0..HALVES).map(|number| Run::Half(number, 0).members(data)).collect(),
			outcomes: runs(HALVES, 0)?,
			again: runs(AGAIN, 1)?,
		})
	}

	/// The score of each query for `scores[query][record]`.
	pub fn lds(&self, scores: &[Vec<f32>]) -> Vec<f64> {
		let of_query = |(scores, outcomes): (&Vec<f32>, &Vec<f64>)| {
			let sum = |half: &Vec<usize>| half.iter().map(|at| f64::from(scores[*at])).sum();
			let predicted: Vec<f64> = self.members.iter().map(sum).collect();
			spearman(&predicted, outcomes)
		};
		scores.iter().zip(&self.outcomes).map(of_query).collect()
	}

	/// How well one seed's outcomes predict another's, for each query.
	pub fn ceiling(&self) -> Vec<f64> {
		let of_query = |(first, second): (&Vec<f64>, &Vec<f64>)| spearman(&first[..AGAIN], second);
		self.outcomes.iter().zip(&self.again).map(of_query).collect()
	}
}
