//! Where something changes from one answer to the other.

/// Halvings of a range: after so many, f64 holds no number between what is left.
const HALVINGS: u32 = 70;

/// The least of `low` to `high` from which on `holds`, where it does not below it and does above.
pub(crate) fn from(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
	let halve = |(low, high): (f64, f64), _| {
		let middle = (low + high) / 2.0;
		if holds(middle) { (low, middle) } else { (middle, high) }
	};
	(0..HALVINGS).fold((low, high), halve).1
}

/// The most of `low` to `high` up to which `holds`, where it does below it and does not above.
pub(crate) fn up_to(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
	from(low, high, |at| !holds(at))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn change_is_found_wherever_it_is() {
		for at in [0.0, 1e-9, 0.3, 0.999, 1.0] {
			assert!((from(0.0, 1.0, |x| x >= at) - at).abs() < 1e-15, "{at}");
			assert!((up_to(0.0, 1.0, |x| x < at) - at).abs() < 1e-15, "{at}");
		}
		assert!((up_to(0.0, 1e6, |x| x < 123_456.75) - 123_456.75).abs() < 1e-9);
	}
}
