//! Ranking of leaves for a query, by the rule's own integers.
//!
//! Up to [`COARSE_ABOVE`] records every leaf is scored, on all cores and for any number of queries in
//! one reading of memory ([`sweep`]). Above, a coarse stage picks the leaves that are scored
//! ([`coarse`]). Either way what is found is ordered by the rule's scores, and nothing is found that
//! the rule would not pay or show.

mod coarse;
mod kernels;
mod rows;
mod sweep;
mod top;

use crate::{
	error::{Error, Result},
	index::{IndexFile, View},
};
use openledger_primitives_attribution::score;
use openlora::Isa;
use rayon::prelude::*;
use sp_core::crypto::AccountId32;

pub use coarse::{CANDIDATES, COARSE_ABOVE, Coarse};
pub use kernels::Probe;
pub use rows::Rows;
pub(crate) use rows::Scales;
pub use top::{Scored, merge};

/// A leaf's place with its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
	/// The leaf's position.
	pub position: u32,
	/// `scale · (query · sketch)`.
	pub score: i64,
	/// The score that it has to exceed to be paid.
	pub floor: i64,
}

impl Ranked {
	/// Whether the leaf is paid where it is among the best K.
	pub fn is_paid(&self) -> bool {
		score::excess(self.score, self.floor).is_some()
	}
}

/// How records are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Search {
	/// Exactly up to [`COARSE_ABOVE`] records, in two stages above.
	#[default]
	Auto,
	/// Every leaf is scored.
	Exact,
	/// In two stages: about one in a thousand of the best leaves is missed. A leaf that a claim leaves
	/// out can be shown by anyone, who then has part of what it would have been paid from the operator
	/// (an omission challenge), so this is for where an exact search takes longer than it is worth.
	TwoStage,
}

/// Which leaves count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
	/// Those that score above their floor.
	Paid,
	/// Those that score above zero.
	Positive,
	/// All.
	Any,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
	/// Whose records don't count.
	pub payer: Option<&'a AccountId32>,
	/// Which leaves count.
	pub wanted: Wanted,
	/// How many of the best are found.
	pub count: usize,
	/// How.
	pub search: Search,
}

/// All cluster heads but the payer's, best first: by score, then position.
pub fn records(index: &IndexFile, query: &[i8], payer: Option<&AccountId32>) -> Vec<Ranked> {
	let (view, rows) = (index.view(), index.view().rows());
	let payer = payer.and_then(|payer| view.number_of(payer));
	let heads = (0..rows.len()).into_par_iter().filter(|row| is_candidate(&view, payer, *row));
	sort(heads.map(|row| rank(&rows, query, row, view.header().floor_ppm)).collect())
}

/// For each query, the best cluster heads that count, best first: the head of [`records`] where
/// [`Wanted::Any`] is asked for and the search is exact.
///
/// # Errors
/// [`Error::Dimension`] where a query is of another dimension than the index.
pub fn best_records(index: &IndexFile, probes: &[Probe], ask: Ask) -> Result<Vec<Vec<Ranked>>> {
	let (view, rows) = (index.view(), index.view().rows());
	check(&rows, probes)?;
	let floor_ppm = view.header().floor_ppm;
	let payer = ask.payer.and_then(|payer| view.number_of(payer));
	let keep = |which: usize, row: usize, score: i64| {
		let probe: &Probe = &probes[which];
		counts(&rows, probe, row, score, ask.wanted, floor_ppm) && is_candidate(&view, payer, row)
	};
	let two_stage = match ask.search {
		Search::Auto => rows.len() > COARSE_ABOVE,
		Search::Exact => false,
		Search::TwoStage => true,
	};
	let found = if two_stage {
		let candidate = |row: usize| is_candidate(&view, payer, row);
		coarse::best(index.coarse(), &rows, probes, ask.count, candidate, keep)
	} else {
		sweep::best(Isa::best(), &rows, probes, ask.count, keep)
	};
	Ok(ranked(&rows, probes, found, floor_ppm))
}

/// For each query, the best contributor leaves that count, best first; every one is scored.
///
/// # Errors
/// As [`best_records`].
pub fn best_contributors(
	index: &IndexFile,
	probes: &[Probe],
	ask: Ask,
) -> Result<Vec<Vec<Ranked>>> {
	let (view, rows) = (index.view(), index.view().contributor_rows());
	check(&rows, probes)?;
	let floor_ppm = view.header().floor_ppm;
	let payer = ask.payer.and_then(|payer| view.number_of(payer));
	let keep = |which: usize, row: usize, score: i64| {
		let probe: &Probe = &probes[which];
		payer != Some(row as u32) && counts(&rows, probe, row, score, ask.wanted, floor_ppm)
	};
	let found = sweep::best(Isa::best(), &rows, probes, ask.count, keep);
	Ok(ranked(&rows, probes, found, floor_ppm))
}

/// The best cluster head of a contributor for a query, if it has any.
pub fn best_of(index: &IndexFile, probe: &Probe, contributor: u32) -> Option<Ranked> {
	let (view, rows) = (index.view(), index.view().rows());
	let best = view
		.members(contributor as usize)?
		.map(|position| position as usize)
		.filter(|row| *row < rows.len() && view.is_head(*row))
		.map(|row| Scored {
			position: row as u32,
			score: score::score(probe.sketch(), rows.scale(row), rows.sketch(row)),
		})
		.max()?;
	Some(rank(&rows, probe.sketch(), best.position as usize, view.header().floor_ppm))
}

/// For each query, the best rows of a shard, best first, by positions in the whole index. [`merge`]
/// joins those of several shards. `keep` is asked for a position and its score, where a yes would
/// matter.
///
/// # Errors
/// As [`best_records`].
pub fn best_rows(
	isa: Isa,
	rows: &Rows,
	probes: &[Probe],
	count: usize,
	keep: impl Fn(usize, u32, i64) -> bool + Sync + Send,
) -> Result<Vec<Vec<Scored>>> {
	check(rows, probes)?;
	let keep = |which: usize, row: usize, score| keep(which, rows.position(row), score);
	Ok(sweep::best(isa, rows, probes, count, keep))
}

/// As [`best_rows`] of all rows, in two stages ([`Search::TwoStage`]).
///
/// # Errors
/// As [`best_records`], or where `coarse` was made of other rows.
pub fn best_in_two_stages(
	coarse: &Coarse,
	rows: &Rows,
	probes: &[Probe],
	count: usize,
) -> Result<Vec<Vec<Scored>>> {
	check(rows, probes)?;
	if !coarse.is_of(rows) {
		return Err(Error::malformed("coarse stage", "it was made of other rows"));
	}
	Ok(coarse::best(coarse, rows, probes, count, |_| true, |_, _, _| true))
}

/// For each query, the largest share of |query|·|leaf| that any row scores ([`crate::floor::share`]):
/// one reading of the rows for all queries.
///
/// # Errors
/// As [`best_records`].
pub fn strongest(isa: Isa, rows: &Rows, probes: &[Probe]) -> Result<Vec<u32>> {
	check(rows, probes)?;
	Ok(sweep::strongest(isa, rows, probes))
}

fn check(rows: &Rows, probes: &[Probe]) -> Result<()> {
	let other = probes.iter().find(|probe| probe.dimension() != rows.dimension());
	other.map_or(Ok(()), |probe| {
		Err(Error::Dimension { expected: rows.dimension(), found: probe.dimension() })
	})
}

/// Whether a record is a cluster's head and not the payer's.
fn is_candidate(view: &View, payer: Option<u32>, row: usize) -> bool {
	view.is_head(row) && (payer.is_none() || view.contributor_of(row) != payer)
}

fn counts(
	rows: &Rows,
	probe: &Probe,
	row: usize,
	score: i64,
	wanted: Wanted,
	floor_ppm: u32,
) -> bool {
	match wanted {
		Wanted::Paid => rows.is_paid(probe, row, score, floor_ppm),
		Wanted::Positive => score > 0,
		Wanted::Any => true,
	}
}

fn ranked(
	rows: &Rows,
	probes: &[Probe],
	found: Vec<Vec<Scored>>,
	floor_ppm: u32,
) -> Vec<Vec<Ranked>> {
	let of = |probe: &Probe, found: Vec<Scored>| {
		let floor = |scored: &Scored| {
			rows.floor(probe, (scored.position - rows.first()) as usize, floor_ppm)
		};
		found
			.iter()
			.map(|scored| Ranked {
				position: scored.position,
				score: scored.score,
				floor: floor(scored),
			})
			.collect()
	};
	probes.iter().zip(found).map(|(probe, found)| of(probe, found)).collect()
}

fn rank(rows: &Rows, query: &[i8], row: usize, floor_ppm: u32) -> Ranked {
	let (scale, sketch) = (rows.scale(row), rows.sketch(row));
	Ranked {
		position: rows.position(row),
		score: score::score(query, scale, sketch),
		floor: score::floor(query, scale, sketch, floor_ppm),
	}
}

fn sort(mut ranked: Vec<Ranked>) -> Vec<Ranked> {
	ranked.sort_by_key(|leaf| (std::cmp::Reverse(leaf.score), leaf.position));
	ranked
}

#[cfg(test)]
mod tests;
