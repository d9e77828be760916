//! Bytes in memory that begin where a cache line does.

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

const LINE: usize = 64;

/// A growing number of bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bytes {
	lines: Vec<Line>,
	len: usize,
}

impl Bytes {
	/// Nothing yet, with room for so many.
	pub(crate) fn with_capacity(len: usize) -> Self {
		Self { lines: Vec::with_capacity(len.div_ceil(LINE)), len: 0 }
	}

	/// Adds them at the end.
	pub(crate) fn extend(&mut self, bytes: &[u8]) {
		let len = self.len + bytes.len();
		self.lines.resize(len.div_ceil(LINE), Line([0; LINE]));
		let from = std::mem::replace(&mut self.len, len);
		self[from..].copy_from_slice(bytes);
	}
}

impl std::ops::Deref for Bytes {
	type Target = [u8];

	fn deref(&self) -> &[u8] {
		// SAFETY: the lines follow each other without gaps, and have at least `len` bytes.
		unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
	}
}

impl std::ops::DerefMut for Bytes {
	fn deref_mut(&mut self) -> &mut [u8] {
		// SAFETY: as above, and borrowed exclusively.
		unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
	}
}
