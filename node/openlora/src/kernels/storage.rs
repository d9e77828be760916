//! Memory that begins where a cache line does.

use memmap2::MmapMut;

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// Bytes of a cache line.
pub(crate) const LINE: usize = 64;
/// Bytes from which on the system is asked for large pages: with small ones, finding a page takes about
/// as long as reading what is in it.
const LARGE: usize = 2 << 20;

/// A number of bytes.
#[derive(Debug)]
pub(crate) struct Bytes {
	memory: Memory,
	len: usize,
}

#[derive(Debug)]
enum Memory {
	Small(Vec<Line>),
	Large(MmapMut),
}

impl Bytes {
	/// So many zeros.
	pub(crate) fn zeroed(len: usize) -> Self {
		let memory = match Self::large(len) {
			Some(map) => Memory::Large(map),
			None => Memory::Small(vec![Line([0; LINE]); len.div_ceil(LINE)]),
		};
		Self { memory, len }
	}

	/// Memory of the system, if it is much and there is any: else the allocator says what is wrong.
	fn large(len: usize) -> Option<MmapMut> {
		if len < LARGE {
			return None;
		}
		let map = MmapMut::map_anon(len).ok()?;
		#[cfg(target_os = "linux")]
		if let Err(error) = map.advise(memmap2::Advice::HugePage) {
			log::debug!("no large pages: {error}");
		}
		Some(map)
	}
}

impl Clone for Bytes {
	fn clone(&self) -> Self {
		let mut copy = Self::zeroed(self.len);
		copy.copy_from_slice(self);
		copy
	}
}

impl std::ops::Deref for Bytes {
	type Target = [u8];

	fn deref(&self) -> &[u8] {
		match &self.memory {
			// SAFETY: the lines follow each other without gaps, and have at least `len` bytes.
			Memory::Small(lines) => unsafe {
				std::slice::from_raw_parts(lines.as_ptr().cast(), self.len)
			},
			Memory::Large(map) => map,
		}
	}
}

impl std::ops::DerefMut for Bytes {
	fn deref_mut(&mut self) -> &mut [u8] {
		match &mut self.memory {
			// SAFETY: as above, and borrowed exclusively.
			Memory::Small(lines) => unsafe {
				std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), self.len)
			},
			Memory::Large(map) => map,
		}
	}
}

/// Numbers of a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Numbers([f32; LINE / 4]);

/// Single-precision numbers that begin where a cache line does, so that no vector of them lies in two.
#[derive(Debug)]
pub(crate) struct Floats {
	lines: Vec<Numbers>,
	len: usize,
}

impl Floats {
	/// So many zeros.
	pub(crate) fn zeroed(len: usize) -> Self {
		Self { lines: vec![Numbers([0.0; LINE / 4]); len.div_ceil(LINE / 4)], len }
	}
}

impl std::ops::Deref for Floats {
	type Target = [f32];

	fn deref(&self) -> &[f32] {
		// SAFETY: the lines follow each other without gaps, and have at least `len` numbers.
		unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
	}
}

impl std::ops::DerefMut for Floats {
	fn deref_mut(&mut self) -> &mut [f32] {
		// SAFETY: as above, and borrowed exclusively.
		unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
	}
}
