//! The index file, version 3: where everything is. Numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `OLINDEX` and a zero byte |
//! | 4 | version |
//! | 4 | number of sections, 15 |
//! | 15 × 48 | of each section: offset u64, length u64 in bytes, checksum 32 |
//! | 32 | blake2b-256 of everything before |
//! | … | the sections in order, each at the next multiple of 64, zeros between them |
//!
//! Sections, with k the dimension, n the number of records and c that of contributors. Columns lie
//! apart, so that a scan reads what it compares and nothing else.
//!
//! | section | what |
//! |---|---|
//! | header | [`Header`](super::Header), SCALE |
//! | heads | n × u32, the position of each record's cluster head |
//! | scales | n × u16, the units of the sketches |
//! | squares | n × u32, the sketches' squared norms |
//! | sketches | n × k signed bytes, none of them −128 |
//! | records | n × (contributor's number u32, content hash 32, size u32, committed at u32) |
//! | members | n × u32, positions by contributor, each one's in ascending order |
//! | accounts | c × 32, the contributors in ascending order |
//! | starts | c × u32, where each contributor's members begin |
//! | sum scales, sum squares, sums | c × u32, c × u32, c × k: the contributor leaves, as above |
//! | record nodes | the tree of each snapshot's record leaves, 32 bytes a node ([`crate::tree`]) |
//! | leaf nodes | the tree of index leaves |
//! | sum nodes | the tree of contributor leaves |
//!
//! Offsets and lengths follow from the header and c, so there is one file for one index. A checksum is
//! the blake2b-256 of the blake2b-256 hashes of the section's pieces of 1 MiB, so that any number of
//! processors can share the work.

use super::Header;
use crate::{
	error::{Error, Result},
	tree::{Node, node_count},
};
use rayon::prelude::*;
use sp_io::hashing::blake2_256;
use std::ops::Range;

/// The version of the format.
pub const VERSION: u32 = 3;

const MAGIC: [u8; 8] = *b"OLINDEX\0";
/// Sections begin at multiples of it: a line of the processor's caches.
const ALIGNMENT: usize = 64;
/// Bytes of a section that are hashed in one piece.
const PIECE: usize = 1 << 20;
const ENTRY: usize = 8 + 8 + 32;
/// Bytes of the table: everything before the first section, without what fills it up.
const TABLE: usize = MAGIC.len() + 4 + 4 + Section::ALL.len() * ENTRY + 32;

/// Bytes of a record's row.
pub(super) const RECORD: usize = 4 + 32 + 4 + 4;

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
	Header,
	Heads,
	Scales,
	Squares,
	Sketches,
	Records,
	Members,
	Accounts,
	Starts,
	SumScales,
	SumSquares,
	Sums,
	RecordNodes,
	LeafNodes,
	SumNodes,
}

impl Section {
	pub(super) const ALL: [Self; 15] = [
		Self::Header,
		Self::Heads,
		Self::Scales,
		Self::Squares,
		Self::Sketches,
		Self::Records,
		Self::Members,
		Self::Accounts,
		Self::Starts,
		Self::SumScales,
		Self::SumSquares,
		Self::Sums,
		Self::RecordNodes,
		Self::LeafNodes,
		Self::SumNodes,
	];

	pub(super) fn name(self) -> &'static str {
		match self {
			Self::Header => "header",
			Self::Heads => "heads",
			Self::Scales => "scales",
			Self::Squares => "squares",
			Self::Sketches => "sketches",
			Self::Records => "records",
			Self::Members => "members",
			Self::Accounts => "accounts",
			Self::Starts => "starts",
			Self::SumScales => "sum scales",
			Self::SumSquares => "sum squares",
			Self::Sums => "sums",
			Self::RecordNodes => "record nodes",
			Self::LeafNodes => "leaf nodes",
			Self::SumNodes => "sum nodes",
		}
	}
}

/// Where an index's sections are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
	ranges: [Range<usize>; Section::ALL.len()],
	/// Records.
	pub(super) records: usize,
	/// Contributors.
	pub(super) contributors: usize,
	/// Components of a sketch.
	pub(super) dimension: usize,
}

impl Layout {
	/// The layout of an index with this header, `header_bytes` long, and so many contributors.
	///
	/// # Errors
	/// As [`Header::check`], or [`Error::Malformed`] where this machine can't address as much.
	pub(super) fn new(header: &Header, header_bytes: usize, contributors: usize) -> Result<Self> {
		let records = header.check()? as usize;
		let dimension = usize::from(header.method.dimension);
		let record_nodes: usize =
			header.snapshots.iter().map(|(_, s)| node_count(s.count as usize)).sum();
		const NODE: usize = size_of::<Node>();
		let mut end = TABLE;
		let mut too_large = false;
		let ranges = Section::ALL.map(|section| {
			let (rows, width) = match section {
				Section::Header => (header_bytes, 1),
				Section::Heads | Section::Squares | Section::Members => (records, 4),
				Section::Scales => (records, 2),
				Section::Sketches => (records, dimension),
				Section::Records => (records, RECORD),
				Section::Accounts => (contributors, 32),
				Section::Starts | Section::SumScales | Section::SumSquares => (contributors, 4),
				Section::Sums => (contributors, dimension),
				Section::RecordNodes => (record_nodes, NODE),
				Section::LeafNodes => (node_count(records), NODE),
				Section::SumNodes => (node_count(contributors), NODE),
			};
			let placed = end
				.checked_next_multiple_of(ALIGNMENT)
				.and_then(|start| Some(start..start.checked_add(rows.checked_mul(width)?)?));
			too_large |= placed.is_none();
			let range = placed.unwrap_or(end..end);
			end = range.end;
			range
		});
		match too_large {
			true => Err(Error::malformed("index", "it is larger than this machine's addresses")),
			false => Ok(Self { ranges, records, contributors, dimension }),
		}
	}

	/// Where a section is.
	pub(super) fn range(&self, section: Section) -> Range<usize> {
		self.ranges[section as usize].clone()
	}

	/// Bytes of the whole file.
	pub(super) fn length(&self) -> usize {
		self.range(Section::SumNodes).end
	}

	/// A section's bytes in a file that is as long as [`Layout::length`].
	pub(super) fn section<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
		&bytes[self.range(section)]
	}

	/// The table over sections that are all written.
	pub(super) fn table(&self, bytes: &[u8]) -> Vec<u8> {
		let mut table = MAGIC.to_vec();
		table.extend_from_slice(&VERSION.to_le_bytes());
		table.extend_from_slice(&(Section::ALL.len() as u32).to_le_bytes());
		for section in Section::ALL {
			let range = self.range(section);
			table.extend_from_slice(&(range.start as u64).to_le_bytes());
			table.extend_from_slice(&(range.len() as u64).to_le_bytes());
			table.extend_from_slice(&checksum(&bytes[range]));
		}
		let hash = blake2_256(&table);
		table.extend_from_slice(&hash);
		table
	}

	/// The table over sections of which only the header differs from those that `old` was made over.
	pub(super) fn table_with_header(&self, old: &[u8], header: &[u8]) -> Vec<u8> {
		let mut table = old[..TABLE - 32].to_vec();
		let at = MAGIC.len() + 4 + 4 + 16;
		table[at..at + 32].copy_from_slice(&checksum(header));
		let hash = blake2_256(&table);
		table.extend_from_slice(&hash);
		table
	}

	/// Whether what lies between the sections is zeros, as in the one encoding of an index.
	pub(super) fn gaps_are_zero(&self, bytes: &[u8]) -> bool {
		let mut end = TABLE;
		self.ranges.iter().all(|range| {
			let gap = &bytes[end..range.start];
			end = range.end;
			gap.iter().all(|byte| *byte == 0)
		})
	}
}

/// The checksum of a section.
fn checksum(bytes: &[u8]) -> [u8; 32] {
	let pieces: Vec<[u8; 32]> = bytes.par_chunks(PIECE).map(blake2_256).collect();
	blake2_256(pieces.as_flattened())
}

/// A file's table, as read: each section's place and checksum.
pub(super) struct Table {
	entries: [(Range<usize>, [u8; 32]); Section::ALL.len()],
}

impl Table {
	/// Reads the table of `bytes` and checks it, and that the sections it names are there.
	///
	/// # Errors
	/// [`Error::NotAnIndex`], [`Error::UnsupportedVersion`], [`Error::SectionLength`] for bytes that
	/// end too early or too late, [`Error::Checksum`] for a damaged table.
	pub(super) fn read(bytes: &[u8]) -> Result<Self> {
		if !bytes.starts_with(&MAGIC) {
			return Err(Error::NotAnIndex(bytes.iter().take(MAGIC.len()).copied().collect()));
		}
		let length = |section, expected, found: usize| Error::SectionLength {
			section,
			expected,
			found: found as u64,
		};
		let version = bytes.get(MAGIC.len()..).and_then(|rest| rest.first_chunk::<4>());
		let short = || length("table", TABLE as u64, bytes.len());
		let version = u32::from_le_bytes(*version.ok_or_else(short)?);
		if version != VERSION {
			return Err(Error::UnsupportedVersion { found: version, expected: VERSION });
		}
		let (table, hash) = bytes
			.get(..TABLE)
			.and_then(|table| table.split_last_chunk::<32>())
			.ok_or_else(short)?;
		if blake2_256(table) != *hash {
			return Err(Error::Checksum("table"));
		}
		let count = u32::from_le_bytes(*table[12..].first_chunk::<4>().ok_or_else(short)?);
		if count as usize != Section::ALL.len() {
			return Err(Error::malformed("index", format!("{count} sections")));
		}
		let mut rows = table[16..].chunks_exact(ENTRY);
		let mut ends = TABLE;
		let mut read = |section: Section| {
			let row = rows.next().and_then(|row| row.as_chunks::<8>().0.split_first_chunk::<2>());
			let ([start, long], hash) = row.ok_or_else(short)?;
			let (start, long) = (u64::from_le_bytes(*start), u64::from_le_bytes(*long));
			let there = usize::try_from(start).ok().zip(usize::try_from(long).ok());
			let range = there
				.and_then(|(start, long)| Some(start..start.checked_add(long)?))
				.filter(|range| range.end <= bytes.len());
			let found = bytes.len().saturating_sub(usize::try_from(start).unwrap_or(usize::MAX));
			let range = range.ok_or_else(|| length(section.name(), long, found))?;
			ends = ends.max(range.end);
			let mut checksum = [0; 32];
			checksum.copy_from_slice(hash.as_flattened());
			Ok::<_, Error>((range, checksum))
		};
		let mut entries = Section::ALL.map(|_| (0..0, [0; 32]));
		for (entry, section) in entries.iter_mut().zip(Section::ALL) {
			*entry = read(section)?;
		}
		match bytes.len() == ends {
			true => Ok(Self { entries }),
			false => Err(length("end", ends as u64, bytes.len())),
		}
	}

	/// Where a section is said to be.
	pub(super) fn range(&self, section: Section) -> Range<usize> {
		self.entries[section as usize].0.clone()
	}

	/// Whether all sections are where the layout has them.
	///
	/// # Errors
	/// [`Error::SectionLength`] for one of another length, [`Error::Malformed`] for one elsewhere.
	pub(super) fn fits(&self, layout: &Layout) -> Result<()> {
		for section in Section::ALL {
			let (found, expected) = (self.range(section), layout.range(section));
			if found.len() != expected.len() {
				return Err(Error::SectionLength {
					section: section.name(),
					expected: expected.len() as u64,
					found: found.len() as u64,
				});
			}
			if found != expected {
				let reason = format!("its section {} lies elsewhere", section.name());
				return Err(Error::malformed("index", reason));
			}
		}
		Ok(())
	}

	/// Whether a section's bytes are those that its checksum was made over.
	///
	/// # Errors
	/// [`Error::Checksum`].
	pub(super) fn check(&self, bytes: &[u8], section: Section) -> Result<()> {
		let (range, expected) = &self.entries[section as usize];
		match checksum(&bytes[range.clone()]) == *expected {
			true => Ok(()),
			false => Err(Error::Checksum(section.name())),
		}
	}
}
