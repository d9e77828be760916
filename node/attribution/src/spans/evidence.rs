//! Which matches are evidence of where an answer came from, and of which record.

use super::{
	Occurrence, SpanError, SpanIndex,
	surprise::{Surprise, millinats},
};
use crate::error::Result;
use openledger_primitives_core::BlockNumber;
use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

/// What a match has to be to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
	/// The fewest tokens of a span.
	pub min_tokens: u32,
	/// The most clusters of near-duplicates that a span may occur in.
	pub max_clusters: u32,
	/// The most occurrences that are looked at. What occurs more often counts as common, however
	/// few records have it, so that no record can make a query slow.
	pub max_occurrences: u32,
	/// What a token has to say on average, in thousandths of a nat: a span says more.
	pub likely: u32,
	/// How often, of a million answers of the base without any training, one may have a span by
	/// chance.
	pub chance_ppm: u32,
}

impl Default for Rule {
	/// `likely` is ln 2: a text each of whose tokens is on average likelier than not is one that the
	/// base gives by itself whenever it gives the likeliest. `chance_ppm` is one in a hundred, what
	/// the floor of the sketches allows too. `min_tokens`, `max_clusters` and `max_occurrences` are
	/// chosen, not measured: a word or two is nobody's, what more than eight records share is common
	/// property, and 4,096 occurrences take about a millisecond.
	fn default() -> Self {
		Self {
			min_tokens: 4,
			max_clusters: 8,
			max_occurrences: 4_096,
			likely: 693,
			chance_ppm: 10_000,
		}
	}
}

impl Rule {
	/// What a span has to say in all, in thousandths of a nat: ln(N · n / chance), rounded up, for an
	/// index of N tokens and an answer of n.
	///
	/// By the union bound this keeps the chance: from each of the n places of an answer of the base
	/// alone, the runs of tokens that are the first to be as unlikely as p are no beginnings of each
	/// other, at most N of them are in the index, so that the answer goes on with one of those with a
	/// chance of at most N · p.
	fn needed(&self, index_tokens: u64, answer_tokens: usize) -> u64 {
		let chances = 1e6 / f64::from(self.chance_ppm.clamp(1, 1_000_000));
		let places = index_tokens.max(1) as f64 * answer_tokens.max(1) as f64;
		millinats(places * chances).ceil() as u64
	}
}

/// What is known of the records besides their tokens, by position.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
	/// Each one's cluster head ([`crate::cluster::heads`]).
	pub heads: &'a [u32],
	/// The block that each was committed at.
	pub committed_at: &'a [BlockNumber],
}

impl Records<'_> {
	fn check(&self, count: u32) -> Result<(), SpanError> {
		let expected = count as usize;
		for (what, found) in
			[("cluster heads", self.heads.len()), ("blocks", self.committed_at.len())]
		{
			if found != expected {
				return Err(SpanError::Count { what, expected, found });
			}
		}
		match self.heads.iter().position(|head| *head >= count) {
			Some(record) => {
				Err(SpanError::BadHead { record: record as u32, head: self.heads[record] })
			}
			None => Ok(()),
		}
	}
}

/// A run of an answer's tokens that a record has word for word and that the base would not have said
/// by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanEvidence {
	/// Where it starts, in tokens of the answer.
	pub start: u32,
	/// Its tokens.
	pub tokens: u32,
	/// The sum of its tokens' [`Surprise`], in thousandths of a nat.
	pub surprise: u64,
	/// The earliest committed record that has it, and where first.
	pub source: Occurrence,
	/// How many clusters have it.
	pub clusters: u32,
}

/// The spans of an answer, from left to right; none is within another.
///
/// Of each match that no other contains, the parts count that say more than [`Rule::likely`] a token,
/// so that a rare sentence is neither lost in boilerplate around it nor makes that count. Each has to
/// be unlikely in all ([`Rule::chance_ppm`]) and to occur in few clusters. Only heads of clusters
/// count as records.
///
/// The source is the earliest committed of them, so that nobody gains by copying a passage out of
/// another's record into one of their own.
///
/// # Errors
/// [`SpanError::Count`] unless `surprise` has a value for each token of the answer, and `records` for
/// each of the index; [`SpanError::BadHead`].
pub fn evidence(
	index: &SpanIndex,
	answer: &[u32],
	surprise: &Surprise,
	records: &Records,
	rule: &Rule,
) -> Result<Vec<SpanEvidence>> {
	records.check(index.records())?;
	let (expected, found) = (answer.len(), surprise.tokens().len());
	if expected != found {
		return Err(SpanError::Count { what: "log-probabilities", expected, found }.into());
	}
	let needed = rule.needed(index.tokens(), answer.len());
	let least = rule.min_tokens.max(1) as usize;
	let mut found: Vec<(Range<usize>, u64)> = Vec::new();
	for of_match in index.matches(answer, least) {
		let of_match = of_match.start..of_match.start + of_match.tokens;
		for part in unlikely(&surprise.tokens()[of_match.clone()], rule.likely) {
			let part = of_match.start + part.start..of_match.start + part.end;
			let total = surprise.tokens()[part.clone()].iter().map(|token| u64::from(*token)).sum();
			if part.len() >= least && total >= needed {
				found.push((part, total));
			}
		}
	}
	// Matches overlap, and so a part of one may lie within a part of another.
	found.sort_by_key(|(part, _)| (part.start, Reverse(part.end)));
	let mut reached = 0;
	found.retain(|(part, _)| {
		let further = part.end > reached;
		reached = reached.max(part.end);
		further
	});
	let evidence = found.into_iter().filter_map(|(part, surprise)| {
		let (source, clusters) = source(index, &answer[part.clone()], records, rule)?;
		let (start, tokens) = (part.start as u32, part.len() as u32);
		Some(SpanEvidence { start, tokens, surprise, source, clusters })
	});
	Ok(evidence.collect())
}

/// The parts of a match that say more than `likely` a token, each such that nothing can be added to
/// or taken from it that would raise its excess: the maximal scoring subsequences of Ruzzo and Tompa
/// 1999 (ISMB 7, 234–241). Any part with that property is within one of them, so cutting a match
/// into pieces never finds more than the whole had.
fn unlikely(surprise: &[u32], likely: u32) -> Vec<Range<usize>> {
	// Each part with the excess of all tokens before it, and up to its end.
	let mut parts: Vec<(Range<usize>, i64, i64)> = Vec::new();
	let mut sum = 0;
	for (place, token) in surprise.iter().enumerate() {
		let before = sum;
		sum += i64::from(*token) - i64::from(likely);
		if sum <= before {
			continue;
		}
		let (mut start, mut before) = (place, before);
		while let Some(at) = parts.iter().rposition(|(_, left, _)| *left < before)
			&& parts[at].2 < sum
		{
			(start, before) = (parts[at].0.start, parts[at].1);
			parts.truncate(at);
		}
		parts.push((start..place + 1, before, sum));
	}
	parts.into_iter().map(|(part, ..)| part).collect()
}

/// The earliest committed head that has a sequence of tokens, with how many have it; none where it is
/// common or no head has it.
fn source(
	index: &SpanIndex,
	tokens: &[u32],
	records: &Records,
	rule: &Rule,
) -> Option<(Occurrence, u32)> {
	let entries = index.find(tokens);
	if entries.len() > rule.max_occurrences as usize {
		return None;
	}
	let mut firsts: BTreeMap<u32, u32> = BTreeMap::new();
	for Occurrence { record, offset } in index.occurrences(entries) {
		if records.heads.get(record as usize) != Some(&record) {
			continue;
		}
		let first = firsts.entry(record).or_insert(offset);
		*first = offset.min(*first);
		if firsts.len() > rule.max_clusters as usize {
			return None;
		}
	}
	let committed = |record: u32| records.committed_at.get(record as usize);
	let (record, offset) =
		firsts.iter().min_by_key(|(record, _)| (committed(**record), **record))?;
	Some((Occurrence { record: *record, offset: *offset }, firsts.len() as u32))
}
