//! Exact ranking of leaves for a query: every leaf is scored, by the rule's own integers.

use crate::index::IndexFile;
use openledger_primitives_attribution::score;
use rayon::prelude::*;
use sp_core::crypto::AccountId32;

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

/// All cluster heads but the payer's, best first: by score, then position.
pub fn records(index: &IndexFile, query: &[i8], payer: Option<&AccountId32>) -> Vec<Ranked> {
	let floor_ppm = index.header().floor_ppm;
	let leaves = index.leaves().par_iter().zip(index.records()).enumerate();
	let ranked = leaves
		.filter(|(position, (leaf, record))| {
			leaf.head as usize == *position && payer != Some(&record.contributor)
		})
		.map(|(position, (leaf, _))| {
			rank(query, position, u32::from(leaf.scale), &leaf.sketch, floor_ppm)
		})
		.collect();
	sort(ranked)
}

/// All contributor leaves but the payer's, best first: by score, then position.
pub fn contributors(index: &IndexFile, query: &[i8], payer: Option<&AccountId32>) -> Vec<Ranked> {
	let floor_ppm = index.header().floor_ppm;
	let ranked = index
		.contributors()
		.par_iter()
		.enumerate()
		.filter(|(_, leaf)| payer != Some(&leaf.account))
		.map(|(position, leaf)| rank(query, position, leaf.scale, &leaf.sketch, floor_ppm))
		.collect();
	sort(ranked)
}

fn rank(query: &[i8], position: usize, scale: u32, sketch: &[i8], floor_ppm: u32) -> Ranked {
	Ranked {
		position: position as u32,
		score: score::score(query, scale, sketch),
		floor: score::floor(query, scale, sketch, floor_ppm),
	}
}

fn sort(mut ranked: Vec<Ranked>) -> Vec<Ranked> {
	ranked.sort_by_key(|leaf| (std::cmp::Reverse(leaf.score), leaf.position));
	ranked
}
