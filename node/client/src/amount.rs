//! Amounts of OPEN as people write them: `2`, `0.5`, `1_000.25`, `15 units`.

use openledger_primitives_core::Balance;

/// Decimals of OPEN.
const DECIMALS: usize = 18;
/// Units in one OPEN.
pub const OPEN: Balance = 1_000_000_000_000_000_000;

/// Reads an amount of OPEN, or of the smallest unit where the text ends in `units`.
pub fn parse(text: &str) -> Result<Balance, String> {
	let wrong = || {
		format!(
			"'{text}' is no amount: write OPEN with at most {DECIMALS} decimals, such as 0.5, or whole units, such as 15units"
		)
	};
	let digits: String = text.trim().chars().filter(|c| *c != '_').collect();
	if let Some(units) = digits.strip_suffix("units") {
		return units.trim().parse().map_err(|_| wrong());
	}
	let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
	let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
	if whole.is_empty() && fraction.is_empty()
		|| !is_number(whole)
		|| !is_number(fraction)
		|| fraction.len() > DECIMALS
	{
		return Err(wrong());
	}
	let whole: Balance = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
	let fraction: Balance = format!("{fraction:0<DECIMALS$}").parse().map_err(|_| wrong())?;
	whole.checked_mul(OPEN).and_then(|units| units.checked_add(fraction)).ok_or_else(wrong)
}

/// Writes an amount in OPEN, without trailing zeros.
pub fn show(amount: Balance) -> String {
	let fraction = format!("{:0DECIMALS$}", amount % OPEN);
	let fraction = fraction.trim_end_matches('0');
	if fraction.is_empty() {
		format!("{} OPEN", amount / OPEN)
	} else {
		format!("{}.{fraction} OPEN", amount / OPEN)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_are_read_and_written_alike() {
		for (text, units) in [
			("2", 2 * OPEN),
			("0.5", OPEN / 2),
			(".25", OPEN / 4),
			("1_000", 1_000 * OPEN),
			("15units", 15),
			("0.000000000000000001", 1),
		] {
			assert_eq!(parse(text), Ok(units), "{text}");
		}
		assert_eq!(show(OPEN / 2), "0.5 OPEN");
		assert_eq!(show(3 * OPEN), "3 OPEN");
		assert_eq!(show(1), "0.000000000000000001 OPEN");
	}

	#[test]
	fn amounts_are_refused_when_malformed_or_too_large() {
		for text in ["", ".", "-1", "1e3", "1.2.3", "0.0000000000000000001", "x", "units"] {
			assert!(parse(text).is_err(), "{text}");
		}
		assert!(parse("999999999999999999999999999").is_err());
	}
}
