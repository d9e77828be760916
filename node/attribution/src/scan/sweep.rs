//! One reading of all rows for any number of queries: each block of rows meets every query while it is
//! in the processor's nearest cache.

use super::{Probe, Rows, Scored, kernels::dots, top::Top};
use crate::floor;
use openlora::Isa;
use rayon::prelude::*;

/// Bytes of sketches in a block, half of the smallest nearest cache there is.
const BLOCK_BYTES: usize = 16 << 10;
/// The most rows in a block.
const BLOCK_ROWS: usize = 256;
/// Bytes of sketches that a thread takes at a time.
const TASK_BYTES: usize = 1 << 20;

/// Folds over all products of queries and rows: `visit` gets the state of its thread, a query's
/// number, the first of some rows and the products with them. How rows are divided among threads is
/// not fixed, so `merge` must be commutative and associative.
fn fold<S: Send>(
	isa: Isa,
	rows: &Rows,
	probes: &[Probe],
	new: impl Fn() -> S + Sync + Send,
	visit: impl Fn(&mut S, usize, usize, &[i32]) + Sync + Send,
	merge: impl Fn(S, S) -> S + Sync + Send,
) -> S {
	let block = (BLOCK_BYTES / rows.dimension()).clamp(1, BLOCK_ROWS);
	let task = (TASK_BYTES / rows.dimension()).max(1).next_multiple_of(block);
	(0..rows.len().div_ceil(task))
		.into_par_iter()
		.fold(
			|| (new(), vec![0i32; block]),
			|(mut state, mut products), at| {
				let end = ((at + 1) * task).min(rows.len());
				for first in (at * task..end).step_by(block) {
					let count = block.min(end - first);
					let sketches = rows.sketches(first, count);
					for (which, probe) in probes.iter().enumerate() {
						dots(isa, probe, sketches, &mut products[..count]);
						visit(&mut state, which, first, &products[..count]);
					}
				}
				(state, products)
			},
		)
		.map(|(state, _)| state)
		.reduce(&new, merge)
}

/// The best `count` rows for each query, of those that `keep` says yes to, best first. `keep` gets the
/// query's number, the row and its score, and is asked only where a yes would matter.
///
/// # Panics
/// Where a query is of another dimension than the rows.
pub(super) fn best(
	isa: Isa,
	rows: &Rows,
	probes: &[Probe],
	count: usize,
	keep: impl Fn(usize, usize, i64) -> bool + Sync + Send,
) -> Vec<Vec<Scored>> {
	let tops = fold(
		isa,
		rows,
		probes,
		|| vec![Top::new(count); probes.len()],
		|tops, which, first, products| {
			let top = &mut tops[which];
			for (row, dot) in (first..).zip(products) {
				let score = i64::from(rows.scale(row)) * i64::from(*dot);
				let scored = Scored { position: rows.position(row), score };
				if top.admits(scored) && keep(which, row, score) {
					top.push(scored);
				}
			}
		},
		|a, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect(),
	);
	tops.into_iter().map(Top::into_sorted).collect()
}

/// For each query, the most that any row scores as a share of |query|·|leaf| ([`floor::share`]).
///
/// # Panics
/// Where a query is of another dimension than the rows.
pub(super) fn strongest(isa: Isa, rows: &Rows, probes: &[Probe]) -> Vec<u32> {
	fold(
		isa,
		rows,
		probes,
		|| vec![0u32; probes.len()],
		|most, which, first, products| {
			let (probe, most) = (&probes[which], &mut most[which]);
			for (row, dot) in (first..).zip(products) {
				// The rule rounds the norms' product down by less than one. An estimate that errs by
				// less than its margin tells most rows, the rule the others.
				let least = (rows.norms(probe, row) - 1.0) * f64::from(*most) * (1.0 - 1e-9);
				if *dot > 0 && f64::from(*dot) * 1e6 > least {
					let share = floor::share(probe.sketch(), rows.scale(row), rows.sketch(row));
					*most = share.max(*most);
				}
			}
		},
		|a, b| a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect(),
	)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing;
	use openledger_primitives_attribution::score;
	use proptest::prelude::*;

	/// Columns with ties and duplicates.
	struct Columns {
		sketches: Vec<i8>,
		scales: Vec<[u8; 2]>,
		squares: Vec<[u8; 4]>,
		dimension: usize,
	}

	impl Columns {
		fn new(count: usize, dimension: usize, seed: u64) -> Self {
			let sketches: Vec<i8> = (0..count as u64)
				.flat_map(|row| testing::sketch(seed + row % 50, dimension).into_inner())
				.collect();
			let scales = (0..count as u64).map(|row| ((row * 7 % 13 * 100) as u16).to_le_bytes());
			let squares = sketches
				.chunks_exact(dimension)
				.map(|row| (score::dot(row, row) as u32).to_le_bytes())
				.collect();
			Self { scales: scales.collect(), squares, dimension, sketches }
		}

		fn rows(&self) -> Rows<'_> {
			let Self { sketches, scales, squares, dimension } = self;
			Rows::of_columns(sketches, scales, squares, *dimension, 0).unwrap()
		}
	}

	fn everything(rows: &Rows, probe: &Probe) -> Vec<Scored> {
		let mut all: Vec<Scored> = (0..rows.len())
			.map(|row| Scored {
				position: rows.position(row),
				score: score::score(probe.sketch(), rows.scale(row), rows.sketch(row)),
			})
			.collect();
		all.sort_by_key(|scored| (std::cmp::Reverse(scored.score), scored.position));
		all
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(24))]

		#[test]
		fn best_rows_are_the_head_of_everything_sorted(
			count in 0usize..700,
			dimension in 16usize..80,
			queries in 0u64..4,
			wanted in 0usize..40,
			seed in 0u64..1_000,
			cut in any::<proptest::sample::Index>(),
		) {
			let columns = Columns::new(count, dimension, seed);
			let rows = columns.rows();
			let probes: Vec<Probe> = (0..queries)
				.map(|query| Probe::new(&testing::sketch(seed + query * 40, dimension)).unwrap())
				.collect();
			let keep = |_, row: usize, _| row % 3 != 1;
			let expected: Vec<Vec<Scored>> = probes
				.iter()
				.map(|probe| {
					let all = everything(&rows, probe).into_iter();
					all.filter(|scored| keep(0, scored.position as usize, 0)).take(wanted).collect()
				})
				.collect();
			for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
				prop_assert_eq!(&best(isa, &rows, &probes, wanted, keep), &expected);
			}
			// Two shards, merged.
			let cut = cut.index(count + 1);
			let shards = [rows.shard(0..cut).unwrap(), rows.shard(cut..count).unwrap()];
			let found = shards.map(|shard| {
				let keep = |which, row: usize, score| {
					keep(which, row + shard.first() as usize, score)
				};
				best(Isa::best(), &shard, &probes, wanted, keep)
			});
			for (which, expected) in expected.iter().enumerate() {
				let merged = super::super::merge(found.iter().map(|of| of[which].clone()), wanted);
				prop_assert_eq!(&merged, expected);
			}
		}

		#[test]
		fn what_is_paid_and_how_strongly_is_as_the_rule_says(
			count in 1usize..300,
			dimension in 16usize..48,
			seed in 0u64..1_000,
			floor_ppm in prop_oneof![Just(0u32), Just(1_000_000), 0u32..400_000],
		) {
			let columns = Columns::new(count, dimension, seed);
			let rows = columns.rows();
			let probe = Probe::new(&testing::sketch(seed + 3, dimension)).unwrap();
			for scored in everything(&rows, &probe) {
				let row = scored.position as usize;
				let floor =
					score::floor(probe.sketch(), rows.scale(row), rows.sketch(row), floor_ppm);
				for score in [scored.score, floor, floor + 1] {
					let expected = score::excess(score, floor).is_some();
					prop_assert_eq!(rows.is_paid(&probe, row, score, floor_ppm), expected);
				}
			}
			let leaves = (0..count).map(|row| (rows.scale(row), rows.sketch(row)));
			let shares = leaves.map(|(scale, sketch)| floor::share(probe.sketch(), scale, sketch));
			let expected = shares.max().unwrap_or(0);
			for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
				let found = strongest(isa, &rows, std::slice::from_ref(&probe));
				prop_assert_eq!(found, vec![expected]);
			}
		}
	}
}
