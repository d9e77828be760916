//! Scores, norms and the floor (specification: The rule, 1 and 4).

/// `query · sketch`. Exact: at most 2,048 components of at most 127 each stay far below `i64`'s
/// range. Components beyond the shorter of the two count as zero.
pub fn dot(query: &[i8], sketch: &[i8]) -> i64 {
	// Blocks of 64 products of at most 2¹⁴ fit an i32, which vectorises twice as wide as i64.
	query
		.chunks(64)
		.zip(sketch.chunks(64))
		.map(|(query, sketch)| {
			let block = query.iter().zip(sketch).fold(0i32, |sum, (q, s)| {
				sum.wrapping_add(i32::from(*q).wrapping_mul(i32::from(*s)))
			});
			i64::from(block)
		})
		.fold(0, i64::wrapping_add)
}

/// `scale · (query · sketch)`.
pub fn score(query: &[i8], scale: u32, sketch: &[i8]) -> i64 {
	i64::from(scale).saturating_mul(dot(query, sketch))
}

/// The score that a leaf has to exceed to be paid: `floor_ppm / 10⁶ · |query| · |leaf|`, where
/// `|leaf| = scale · |sketch|`, rounded down.
pub fn floor(query: &[i8], scale: u32, sketch: &[i8], floor_ppm: u32) -> i64 {
	let squares =
		dot(query, query).unsigned_abs().saturating_mul(dot(sketch, sketch).unsigned_abs());
	let norms = u128::from(squares.isqrt()).saturating_mul(u128::from(scale));
	let floor = norms.saturating_mul(u128::from(floor_ppm)).checked_div(1_000_000).unwrap_or(0);
	i64::try_from(floor).unwrap_or(i64::MAX)
}

/// The score above the floor, where it is above.
pub fn excess(score: i64, floor: i64) -> Option<u64> {
	let excess = i128::from(score).saturating_sub(i128::from(floor));
	u64::try_from(excess).ok().filter(|excess| *excess > 0)
}

/// Whether every component is within −127…127.
pub fn is_symmetric(sketch: &[i8]) -> bool {
	!sketch.contains(&i8::MIN)
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::MAX_SKETCH;
	use proptest::prelude::*;

	#[test]
	fn floor_is_share_of_both_norms() {
		let query = [3i8, 4, 0];
		let sketch = [0i8, 4, 3];
		// Norms are 5 and 2·5, the score 2·16.
		assert_eq!(score(&query, 2, &sketch), 32);
		assert_eq!(floor(&query, 2, &sketch, 1_000_000), 50);
		assert_eq!(floor(&query, 2, &sketch, 100_000), 5);
		assert_eq!(excess(32, 5), Some(27));
	}

	#[test]
	fn excess_is_none_when_score_is_at_or_below_floor() {
		assert_eq!(excess(5, 5), None);
		assert_eq!(excess(-1, 0), None);
		assert_eq!(excess(i64::MAX, i64::MIN), Some(u64::MAX));
	}

	#[test]
	fn extremes_stay_exact() {
		let most = [127i8; MAX_SKETCH as usize];
		assert_eq!(dot(&most, &most), 127 * 127 * i64::from(MAX_SKETCH));
		assert_eq!(
			score(&most, u32::MAX, &most),
			127 * 127 * i64::from(MAX_SKETCH) * i64::from(u32::MAX)
		);
		assert_eq!(floor(&most, u32::MAX, &most, 1_000_000), score(&most, u32::MAX, &most));
	}

	proptest! {
		#[test]
		fn dot_equals_plain_sum(pairs in proptest::collection::vec((-127i8..=127, -127i8..=127), 0..2_048)) {
			let (query, sketch): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
			let plain: i64 = pairs.iter().map(|(q, s)| i64::from(*q) * i64::from(*s)).sum();
			prop_assert_eq!(dot(&query, &sketch), plain);
		}

		#[test]
		fn score_never_exceeds_whole_floor_by_rounding(
			query in proptest::collection::vec(-127i8..=127, 64),
			sketch in proptest::collection::vec(-127i8..=127, 64),
			scale in 0u32..70_000,
		) {
			// Cauchy–Schwarz, up to the rounding of the integer square root.
			let bound = floor(&query, scale, &sketch, 1_000_000) + i64::from(scale);
			prop_assert!(score(&query, scale, &sketch) <= bound);
		}
	}
}
