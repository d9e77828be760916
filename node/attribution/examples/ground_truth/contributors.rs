//! What contributors are paid against what leaving them out does, over random halves of them.
//!
//! A contributor's contribution to a family of queries is its coefficient in the regression of the retrained
//! adapters' log-probabilities on who was in: with random halves of a fixed size, an estimate of its Banzhaf
//! value (Wang and Jia 2023, arXiv:2205.15466).

use crate::{
	Failure,
	data::Data,
	runs::{COALITIONS, Run},
	stats::{mean, pick, regress, spearman},
	table::Table,
	training::CONTRIBUTORS,
};

/// The contributions of each contributor to each family.
pub struct Contributions {
	/// Who was in: `[coalition][contributor]`, zero or one.
	members: Vec<Vec<f64>>,
	/// The mean log-probability of a family's queries: `[family][coalition]`.
	outcomes: Vec<Vec<f64>>,
	/// The places of each family's queries among all.
	queries: Vec<Vec<usize>>,
}

impl Contributions {
	/// From the table, for queries at places of it; `family` says what each is about.
	pub fn new(data: &Data, table: &Table, places: &[usize]) -> Result<Self, Failure> {
		let family = |place: usize| &data.facts[place % data.facts.len()].family;
		let mut families: Vec<&String> = data.facts.iter().map(|fact| &fact.family).collect();
		families.sort();
		families.dedup();
		let queries: Vec<Vec<usize>> = families
			.iter()
			.map(|name| (0..places.len()).filter(|at| family(places[*at]) == *name).collect())
			.collect();
		let mut members = Vec::new();
		let mut outcomes = vec![Vec::new(); families.len()];
		for run in (0..COALITIONS).map(Run::Coalition) {
			let who = run.contributors().unwrap_or_default();
			let there = (0..CONTRIBUTORS).map(|number| f64::from(u8::from(who.contains(&number))));
			members.push(there.collect());
			let losses = table.losses(&run)?;
			for (outcomes, queries) in outcomes.iter_mut().zip(&queries) {
				let of: Vec<f64> =
					queries.iter().map(|at| -f64::from(losses[places[*at]])).collect();
				outcomes.push(mean(&of));
			}
		}
		Ok(Self { members, outcomes, queries })
	}

	/// How many families there are.
	pub fn families(&self) -> usize {
		self.queries.len()
	}

	/// The coefficients of a family, from some of the coalitions.
	fn coefficients(&self, family: usize, coalitions: &[usize]) -> Vec<f64> {
		let rows: Vec<Vec<f64>> = coalitions.iter().map(|at| self.members[*at].clone()).collect();
		regress(&rows, &pick(&self.outcomes[family], coalitions))
	}

	/// The reliability of a family's coefficients: the rank correlation of those from two random halves of
	/// the coalitions, stepped up to all of them (Spearman and Brown).
	fn reliability(&self, family: usize) -> f64 {
		let of = |parity: usize| -> Vec<usize> {
			(0..self.members.len()).filter(|at| at % 2 == parity).collect()
		};
		let half = spearman(&self.coefficients(family, &of(0)), &self.coefficients(family, &of(1)));
		(2.0 * half / (1.0 + half)).max(0.0)
	}

	/// The rank correlation of each family's coefficients with what `paid[query][contributor]` comes to over
	/// its queries, and the reliability of the coefficients.
	pub fn correlations(&self, paid: &[Vec<f64>]) -> Vec<Agreement> {
		let all: Vec<usize> = (0..self.members.len()).collect();
		(0..self.families())
			.map(|family| {
				let paid: Vec<f64> = (0..CONTRIBUTORS)
					.map(|who| {
						let of = self.queries[family].iter().map(|query| paid[*query][who]);
						mean(&of.collect::<Vec<_>>())
					})
					.collect();
				Agreement {
					correlation: spearman(&paid, &self.coefficients(family, &all)),
					reliability: self.reliability(family),
				}
			})
			.collect()
	}
}

/// How far pay and contributions agree, of one family.
#[derive(Debug, Clone, Copy)]
pub struct Agreement {
	/// Spearman's rank correlation over contributors.
	pub correlation: f64,
	/// The reliability of the contributions.
	pub reliability: f64,
}

/// The mean correlation over families at these places, corrected for the noise of the contributions alone:
/// divided by the root of their mean reliability (Spearman's correction for attenuation).
pub fn corrected(families: &[Agreement], places: &[usize]) -> f64 {
	let of = |value: fn(&Agreement) -> f64| {
		mean(&places.iter().map(|at| value(&families[*at])).collect::<Vec<_>>())
	};
	of(|family| family.correlation) / of(|family| family.reliability).max(f64::EPSILON).sqrt()
}
