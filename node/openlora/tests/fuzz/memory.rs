//! How much memory readers ask for.

use std::{
	alloc::{GlobalAlloc, Layout, System},
	sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

static LARGEST: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static START: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting.
pub struct Counting;

fn count(size: usize) {
	LARGEST.fetch_max(size, Relaxed);
	let live = LIVE.fetch_add(size, Relaxed) + size;
	PEAK.fetch_max(live, Relaxed);
}

// SAFETY: every request is handed on as it came.
unsafe impl GlobalAlloc for Counting {
	unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
		count(layout.size());
		// SAFETY: the caller's promises.
		unsafe { System.alloc(layout) }
	}

	unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
		count(layout.size());
		// SAFETY: the caller's promises.
		unsafe { System.alloc_zeroed(layout) }
	}

	unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
		LIVE.fetch_sub(layout.size(), Relaxed);
		count(size);
		// SAFETY: the caller's promises.
		unsafe { System.realloc(pointer, layout, size) }
	}

	unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
		LIVE.fetch_sub(layout.size(), Relaxed);
		// SAFETY: the caller's promises.
		unsafe { System.dealloc(pointer, layout) }
	}
}

/// Begins to count anew.
pub fn reset() {
	let live = LIVE.load(Relaxed);
	START.store(live, Relaxed);
	PEAK.store(live, Relaxed);
	LARGEST.store(0, Relaxed);
}

/// The largest allocation since then, and the most memory that was in use beyond what was then.
pub fn largest_and_peak() -> (usize, usize) {
	(LARGEST.load(Relaxed), PEAK.load(Relaxed).saturating_sub(START.load(Relaxed)))
}
