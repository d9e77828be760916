//! Null queries: questions and answers that no specialised Datanet is about, to calibrate the floor
//! on.

use crate::{
	error::{Error, Result},
	format::Record,
};
use openledger_primitives_core::Hash;
use openlora::{Base, Example};
use sp_io::hashing::blake2_256;

const LINES: &str = include_str!("nulls.jsonl");
/// The most tokens of a null query; more than any of them has in a vocabulary of words.
const LONGEST: usize = 256;

/// The null queries, one record a line.
pub fn lines() -> impl Iterator<Item = &'static [u8]> {
	LINES.lines().map(str::as_bytes)
}

/// blake2b-256 of all of them, as an index names them.
pub fn hash() -> Hash {
	blake2_256(LINES.as_bytes()).into()
}

/// The null queries as a base reads them, with the hash of each one's bytes; those too long for its context
/// are left out.
///
/// # Errors
/// The engine's.
pub fn examples(base: &Base) -> Result<Vec<(Hash, Example)>> {
	let mut examples = Vec::new();
	for (hash, record) in records() {
		match record.encode(base, LONGEST.min(base.config.context)) {
			Ok((tokens, answer_start)) => examples.push((hash, Example::new(tokens, answer_start))),
			Err(Error::Format(_)) => {}
			Err(error) => return Err(error),
		}
	}
	Ok(examples)
}

/// What the null queries ask, to calibrate a floor for questions: the question, or all of a text.
pub(crate) fn questions() -> Vec<String> {
	let of = |record| match record {
		Record::QuestionAnswer { question, .. } => question,
		Record::Text(text) => text,
	};
	records().map(|(_, record)| of(record)).collect()
}

/// The null queries that read as records, with the hash of each one's bytes.
fn records() -> impl Iterator<Item = (Hash, Record)> {
	lines().filter_map(|line| Some((blake2_256(line).into(), Record::parse(line).ok()?)))
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::BTreeSet;

	#[test]
	fn null_queries_are_distinct_records_and_enough_for_one_in_a_hundred() {
		let records: Vec<_> = records().collect();
		assert_eq!(records.len(), lines().count());
		assert!(records.len() >= 1_000);
		let hashes: BTreeSet<Hash> = records.iter().map(|(hash, _)| *hash).collect();
		assert_eq!(hashes.len(), records.len());
	}
}
