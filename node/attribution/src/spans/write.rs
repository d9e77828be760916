//! Writing a span index: its sections one after the other, then the head, which has their checksums.

use super::{
	layout::{Checksum, HEAD, Header, SAMPLING, SECTIONS, encode_head, finish, hasher},
	place::{Place, pack},
	search::beginning,
};
use std::{
	fs::File,
	io::{self, Seek, SeekFrom, Write},
};

/// What is packed, hashed and written at once: few enough bytes to stay in a cache from one to the next.
const BLOCK: usize = 1 << 16;

/// Writes the text behind the place of the head, as far as the disk: sorting it takes longer.
pub(super) fn text(file: &mut File, text: &[u8]) -> io::Result<Checksum> {
	file.write_all(&[0; HEAD])?;
	let checksum = section(file, text, |bytes, block| block.extend_from_slice(bytes))?;
	file.sync_data()?;
	Ok(checksum)
}

/// Writes what follows the text: the array, the starts and the samples.
pub(super) fn places(
	file: &mut File,
	header: &Header,
	text: &[u8],
	array: &[impl Place],
	starts: &[u64],
) -> io::Result<[Checksum; 3]> {
	let (token, entry) = (header.token_width(), header.entry_width());
	let checksums = [
		section(file, array, |places, block| pack(places, entry, block))?,
		section(file, starts, |places, block| pack(places, entry, block))?,
		// A block has a multiple of the entries between samples.
		section(file, array, |places, block| {
			for place in places.iter().step_by(SAMPLING) {
				// An array that is wrong is found to be so beside this.
				let at = place.index().checked_mul(token);
				let suffix = at.and_then(|at| text.get(at..)).unwrap_or_default();
				block.extend_from_slice(&beginning(suffix, 0).to_le_bytes());
			}
		})?,
	];
	file.sync_data()?;
	Ok(checksums)
}

/// Writes the head.
pub(super) fn head(
	file: &mut File,
	header: &Header,
	checksums: &[Checksum; SECTIONS.len()],
) -> io::Result<()> {
	file.seek(SeekFrom::Start(0))?;
	file.write_all(&encode_head(header, checksums))
}

/// Writes a section of what `pack` makes of its items, and gives its checksum.
fn section<T>(
	file: &mut File,
	items: &[T],
	pack: impl Fn(&[T], &mut Vec<u8>),
) -> io::Result<Checksum> {
	let mut state = hasher();
	let mut block = Vec::new();
	for items in items.chunks(BLOCK) {
		block.clear();
		pack(items, &mut block);
		state.update(&block);
		file.write_all(&block)?;
	}
	Ok(finish(&state))
}
