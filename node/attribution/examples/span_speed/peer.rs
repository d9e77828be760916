//! The same records and queries, for infini-gram.

use std::{
	fs::{self, File},
	io::{self, BufWriter, Write},
	path::Path,
};

/// Writes `peer/tokenized.0` and `peer/offset.0`, which its indexer takes in place of texts that it
/// would tokenize itself (each token in two bytes, 0xffff before each record; where each begins, in
/// bytes), and `queries.json`, the queries with their counts. Without the former two where a token
/// does not fit two bytes.
pub fn write(work: &Path, records: &[Vec<u32>], counts: &[(Vec<u32>, usize)]) -> io::Result<()> {
	let queries: Vec<&Vec<u32>> = counts.iter().map(|(query, _)| query).collect();
	let found: Vec<usize> = counts.iter().map(|(_, found)| *found).collect();
	let asked = serde_json::json!({ "queries": queries, "counts": found });
	fs::write(work.join("queries.json"), asked.to_string())?;
	if records.iter().flatten().any(|token| *token >= u32::from(u16::MAX)) {
		return Ok(());
	}
	let folder = work.join("peer");
	fs::create_dir_all(&folder)?;
	let mut tokens = BufWriter::new(File::create(folder.join("tokenized.0"))?);
	let mut offsets = BufWriter::new(File::create(folder.join("offset.0"))?);
	let mut offset = 0u64;
	for record in records {
		offsets.write_all(&offset.to_le_bytes())?;
		tokens.write_all(&[0xff; 2])?;
		for token in record {
			tokens.write_all(&(*token as u16).to_le_bytes())?;
		}
		offset += 2 * (record.len() as u64 + 1);
	}
	tokens.flush()?;
	offsets.flush()
}
