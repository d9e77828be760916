//! The rule's own product, for processors without anything else.

use super::Probe;
use openledger_primitives_attribution::score;

/// As [`super::dots`].
pub(super) fn dots(probe: &Probe, rows: &[i8], dots: &mut [i32]) {
	for (row, dot) in rows.chunks_exact(probe.dimension).zip(dots) {
		// A product stays below 2²⁵.
		*dot = score::dot(probe.sketch(), row) as i32;
	}
}
