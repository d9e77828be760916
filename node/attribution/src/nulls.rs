//! Null queries: questions and answers that no specialised Datanet is about, to calibrate the floor
//! on.

use crate::format::Record;
use openledger_primitives_core::Hash;
use sp_io::hashing::blake2_256;

const LINES: &str = include_str!("nulls.jsonl");

/// The null queries, one record a line.
pub fn lines() -> impl Iterator<Item = &'static [u8]> {
	LINES.lines().map(str::as_bytes)
}

/// blake2b-256 of all of them, as an index names them.
pub fn hash() -> Hash {
	blake2_256(LINES.as_bytes()).into()
}

/// The null queries that read as records, with the hash of each one's bytes.
pub(crate) fn records() -> Vec<(Hash, Record)> {
	lines().filter_map(|line| Some((blake2_256(line).into(), Record::parse(line).ok()?))).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::BTreeSet;

	#[test]
	fn null_queries_are_distinct_records_and_enough_for_one_in_a_hundred() {
		let records = records();
		assert_eq!(records.len(), lines().count());
		assert!(records.len() >= 100);
		let hashes: BTreeSet<Hash> = records.iter().map(|(hash, _)| *hash).collect();
		assert_eq!(hashes.len(), records.len());
	}
}
