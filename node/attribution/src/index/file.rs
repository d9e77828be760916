//! The index file, version 2. Numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `OLINDEX` and a zero byte |
//! | 4 | version |
//! | 4 | number of sections, 4 |
//! | 4 × 8 | length of each section, in bytes |
//! | … | the sections, one after the other |
//! | 32 | blake2b-256 of everything before |
//!
//! Sections, with k the dimension and n the number of records: header (SCALE); leaves (n × head u32,
//! scale u16, k signed bytes); records (n × contributor 32, content hash 32, size u32, committed at
//! u32); contributors (each account 32, scale u32, k signed bytes).

use super::parts::{Header, Leaf, Parts};
use crate::error::{Error, Result};
use codec::{DecodeAll, Encode};
use openledger_primitives_attribution::ContributorLeaf;
use openledger_primitives_core::{Hash, Sketch, record::RecordLeaf};
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;

/// The version of the format.
pub const VERSION: u32 = 2;

const MAGIC: [u8; 8] = *b"OLINDEX\0";
const SECTIONS: [&str; 4] = ["header", "leaves", "records", "contributors"];
const TABLE: usize = MAGIC.len() + 4 + 4 + SECTIONS.len() * 8;
const CHECKSUM: usize = 32;
const RECORD: usize = 32 + 32 + 4 + 4;

pub(super) fn encode(parts: &Parts, contributors: &[ContributorLeaf<AccountId32>]) -> Vec<u8> {
	let mut leaves = Vec::new();
	for leaf in &parts.leaves {
		leaves.extend_from_slice(&leaf.head.to_le_bytes());
		leaves.extend_from_slice(&leaf.scale.to_le_bytes());
		leaves.extend(leaf.sketch.iter().map(|component| *component as u8));
	}
	let mut records = Vec::with_capacity(parts.records.len() * RECORD);
	for record in &parts.records {
		records.extend_from_slice(record.contributor.as_ref());
		records.extend_from_slice(record.content.as_bytes());
		records.extend_from_slice(&record.size.to_le_bytes());
		records.extend_from_slice(&record.committed_at.to_le_bytes());
	}
	let mut sums = Vec::new();
	for leaf in contributors {
		sums.extend_from_slice(leaf.account.as_ref());
		sums.extend_from_slice(&leaf.scale.to_le_bytes());
		sums.extend(leaf.sketch.iter().map(|component| *component as u8));
	}
	let sections = [parts.header.encode(), leaves, records, sums];

	let mut bytes = MAGIC.to_vec();
	bytes.extend_from_slice(&VERSION.to_le_bytes());
	bytes.extend_from_slice(&(SECTIONS.len() as u32).to_le_bytes());
	for section in &sections {
		bytes.extend_from_slice(&(section.len() as u64).to_le_bytes());
	}
	sections.iter().for_each(|section| bytes.extend_from_slice(section));
	let checksum = blake2_256(&bytes);
	bytes.extend_from_slice(&checksum);
	bytes
}

pub(super) fn decode(bytes: &[u8]) -> Result<(Parts, Vec<ContributorLeaf<AccountId32>>)> {
	let sections = sections(bytes)?;
	let [header, leaves, records, sums] = sections;
	let header = Header::decode_all(&mut &header[..])
		.map_err(|error| Error::malformed("index header", error))?;
	let counted = header.check()? as usize;
	let dimension = usize::from(header.method.dimension);
	let leaves = rows("leaves", leaves, 4 + 2 + dimension, Some(counted))?
		.map(|mut row| {
			Ok(Leaf {
				head: u32::from_le_bytes(take(&mut row)?),
				scale: u16::from_le_bytes(take(&mut row)?),
				sketch: sketch(row)?,
			})
		})
		.collect::<Result<_>>()?;
	let places = header
		.snapshots
		.iter()
		.flat_map(|(datanet, snapshot)| (0..snapshot.count).map(move |index| (*datanet, index)));
	let records = rows("records", records, RECORD, Some(counted))?
		.zip(places)
		.map(|(mut row, (datanet, index))| {
			Ok(RecordLeaf {
				datanet,
				index,
				contributor: AccountId32::new(take(&mut row)?),
				content: Hash(take(&mut row)?),
				size: u32::from_le_bytes(take(&mut row)?),
				committed_at: u32::from_le_bytes(take(&mut row)?),
			})
		})
		.collect::<Result<_>>()?;
	let contributors = rows("contributors", sums, 32 + 4 + dimension, None)?
		.map(|mut row| {
			Ok(ContributorLeaf {
				account: AccountId32::new(take(&mut row)?),
				scale: u32::from_le_bytes(take(&mut row)?),
				sketch: sketch(row)?,
			})
		})
		.collect::<Result<_>>()?;
	Ok((Parts { header, leaves, records }, contributors))
}

/// The sections' bytes, once magic, version, lengths and checksum hold.
fn sections(bytes: &[u8]) -> Result<[&[u8]; SECTIONS.len()]> {
	if !bytes.starts_with(&MAGIC) {
		return Err(Error::NotAnIndex(bytes.iter().take(MAGIC.len()).copied().collect()));
	}
	let truncated = |section, expected: usize| Error::SectionLength {
		section,
		expected: expected as u64,
		found: bytes.len() as u64,
	};
	let mut table = bytes.get(MAGIC.len()..TABLE).ok_or(truncated("table", TABLE))?;
	let version = u32::from_le_bytes(take(&mut table)?);
	if version != VERSION {
		return Err(Error::UnsupportedVersion { found: version, expected: VERSION });
	}
	let count = u32::from_le_bytes(take(&mut table)?);
	if count as usize != SECTIONS.len() {
		return Err(Error::malformed("index", format!("{count} sections")));
	}
	let mut rest = &bytes[TABLE..];
	let mut found = [&[][..]; SECTIONS.len()];
	for (name, section) in SECTIONS.into_iter().zip(&mut found) {
		let expected = u64::from_le_bytes(take(&mut table)?);
		let short = || Error::SectionLength { section: name, expected, found: rest.len() as u64 };
		let length = usize::try_from(expected).map_err(|_| short())?;
		(*section, rest) = rest.split_at_checked(length).ok_or_else(short)?;
	}
	if rest.len() != CHECKSUM {
		return Err(Error::SectionLength {
			section: "checksum",
			expected: CHECKSUM as u64,
			found: rest.len() as u64,
		});
	}
	if blake2_256(&bytes[..bytes.len() - CHECKSUM])[..] != *rest {
		return Err(Error::Checksum);
	}
	Ok(found)
}

/// The rows of a section, of which there have to be `count` where that is known.
fn rows<'a>(
	section: &'static str,
	bytes: &'a [u8],
	width: usize,
	count: Option<usize>,
) -> Result<std::slice::ChunksExact<'a, u8>> {
	let expected = count.unwrap_or(bytes.len() / width).saturating_mul(width);
	if bytes.len() != expected {
		let (expected, found) = (expected as u64, bytes.len() as u64);
		return Err(Error::SectionLength { section, expected, found });
	}
	Ok(bytes.chunks_exact(width))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
	let (first, rest) = bytes
		.split_first_chunk::<N>()
		.ok_or_else(|| Error::malformed("index", "a row ends too early"))?;
	*bytes = rest;
	Ok(*first)
}

fn sketch(bytes: &[u8]) -> Result<Sketch> {
	let components: Vec<i8> = bytes.iter().map(|byte| *byte as i8).collect();
	Sketch::try_from(components).map_err(|_| Error::malformed("index", "a sketch is too long"))
}
