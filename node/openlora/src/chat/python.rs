//! The Python methods and helpers that chat templates call.

use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::{
	Error, ErrorKind, State, Value,
	value::{ValueKind, from_args},
};

const MONTHS: [&str; 12] = [
	"January",
	"February",
	"March",
	"April",
	"May",
	"June",
	"July",
	"August",
	"September",
	"October",
	"November",
	"December",
];
const WEEKDAYS: [&str; 7] =
	["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// Methods of Python's strings and dictionaries that templates in the wild use.
pub(super) fn call_method(
	state: &State<'_, '_>,
	value: &Value,
	method: &str,
	args: &[Value],
) -> Result<Value, Error> {
	match (value.kind(), value.as_str()) {
		(_, Some(text)) => string_method(text, method, args),
		(ValueKind::Map, _) => match method {
			"items" | "keys" | "values" => {
				let () = from_args(args)?;
				let pairs = state.apply_filter("items", std::slice::from_ref(value))?;
				let part = match method {
					"items" => return Ok(pairs),
					"keys" => 0,
					_ => 1,
				};
				pairs.try_iter()?.map(|pair| pair.get_item_by_index(part)).collect()
			}
			"get" => {
				let (key, default): (Value, Option<Value>) = from_args(args)?;
				let found = value.get_item(&key)?;
				let absent = found.is_undefined();
				Ok(if absent { default.unwrap_or(Value::from(())) } else { found })
			}
			_ => Err(Error::from(ErrorKind::UnknownMethod)),
		},
		_ => Err(Error::from(ErrorKind::UnknownMethod)),
	}
}

fn string_method(text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
	let strip = |start: bool, end: bool| -> Result<Value, Error> {
		let (set,): (Option<String>,) = from_args(args)?;
		let strips = |c: char| match &set {
			Some(set) => set.contains(c),
			None => c.is_whitespace(),
		};
		let text = if start { text.trim_start_matches(strips) } else { text };
		Ok(Value::from(if end { text.trim_end_matches(strips) } else { text }))
	};
	match method {
		"strip" => strip(true, true),
		"lstrip" => strip(true, false),
		"rstrip" => strip(false, true),
		"startswith" | "endswith" => {
			let (affix,): (String,) = from_args(args)?;
			let starts = method == "startswith";
			Ok(Value::from(if starts { text.starts_with(&affix) } else { text.ends_with(&affix) }))
		}
		"lower" | "upper" => {
			let () = from_args(args)?;
			Ok(Value::from(if method == "lower" {
				text.to_lowercase()
			} else {
				text.to_uppercase()
			}))
		}
		"replace" => {
			let (old, new): (String, String) = from_args(args)?;
			Ok(Value::from(text.replace(&old, &new)))
		}
		"split" | "rsplit" => {
			let (separator, limit): (Option<String>, Option<i64>) = from_args(args)?;
			split(text, separator.as_deref(), limit, method == "rsplit")
		}
		"join" => {
			let (parts,): (Value,) = from_args(args)?;
			let parts: Vec<String> = parts.try_iter()?.map(|part| part.to_string()).collect();
			Ok(Value::from(parts.join(text)))
		}
		"removeprefix" | "removesuffix" => {
			let (affix,): (String,) = from_args(args)?;
			let rest = match method {
				"removeprefix" => text.strip_prefix(&affix),
				_ => text.strip_suffix(&affix),
			};
			Ok(Value::from(rest.unwrap_or(text)))
		}
		"capitalize" | "title" => {
			let () = from_args(args)?;
			Ok(Value::from(capitalised(text, method == "title")))
		}
		_ => Err(Error::from(ErrorKind::UnknownMethod)),
	}
}

/// Parts between separators, at most one more than the limit, which counts from the end if asked for.
fn split(
	text: &str,
	separator: Option<&str>,
	limit: Option<i64>,
	from_end: bool,
) -> Result<Value, Error> {
	let refusal = |message| Err(Error::new(ErrorKind::InvalidOperation, message));
	// As in Python, a negative limit is none.
	let limit = limit.and_then(|limit| usize::try_from(limit).ok());
	Ok(match (separator, limit) {
		(None, None) => text.split_whitespace().collect(),
		(None, Some(_)) => return refusal("a limit without a separator"),
		(Some(""), _) => return refusal("empty separator"),
		(Some(separator), None) => text.split(separator).collect(),
		(Some(separator), Some(limit)) if from_end => {
			let mut parts: Vec<&str> = text.rsplitn(limit.saturating_add(1), separator).collect();
			parts.reverse();
			parts.into_iter().collect()
		}
		(Some(separator), Some(limit)) => text.splitn(limit.saturating_add(1), separator).collect(),
	})
}

/// With the first letter, or that of every word, in upper case and the others in lower case.
fn capitalised(text: &str, every_word: bool) -> String {
	let mut result = String::with_capacity(text.len());
	let mut starts = true;
	for character in text.chars() {
		match starts {
			true => result.extend(character.to_uppercase()),
			false => result.extend(character.to_lowercase()),
		}
		starts = every_word && !character.is_alphabetic();
	}
	result
}

/// The current time in UTC by the common directives of `strftime`.
pub(super) fn strftime_now(format: &str) -> Result<String, Error> {
	let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
	strftime(now, format)
}

fn strftime(seconds: u64, format: &str) -> Result<String, Error> {
	let (days, time) = (seconds / 86_400, seconds % 86_400);
	let (year, month, day) = civil(days);
	let month_name = MONTHS[month as usize - 1];
	let weekday = WEEKDAYS[(days % 7) as usize];
	let mut text = String::new();
	let mut rest = format.chars();
	while let Some(next) = rest.next() {
		if next != '%' {
			text.push(next);
			continue;
		}
		match rest.next() {
			Some('Y') => text += &format!("{year:04}"),
			Some('m') => text += &format!("{month:02}"),
			Some('d') => text += &format!("{day:02}"),
			Some('H') => text += &format!("{:02}", time / 3_600),
			Some('M') => text += &format!("{:02}", time / 60 % 60),
			Some('S') => text += &format!("{:02}", time % 60),
			Some('B') => text += month_name,
			Some('b') => text += &month_name[..3],
			Some('A') => text += weekday,
			Some('a') => text += &weekday[..3],
			Some('%') => text.push('%'),
			other => {
				let directive = other.map(String::from).unwrap_or_default();
				let message = format!("strftime_now does not know %{directive}");
				return Err(Error::new(ErrorKind::InvalidOperation, message));
			}
		}
	}
	Ok(text)
}

/// Year, month and day of the Gregorian calendar, `days` after 1970-01-01
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
	let shifted = days + 719_468;
	let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
	let year_of_era =
		(day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
	let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	let shifted_month = (5 * day_of_year + 2) / 153;
	let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
	let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
	(year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn date_is_right_when_it_is_a_leap_day_or_a_turn_of_year() {
		let format = "%a %A %d %b %B %m %Y %H:%M:%S %%";
		assert_eq!(
			strftime(951_827_696, format).unwrap(),
			"Tue Tuesday 29 Feb February 02 2000 12:34:56 %"
		);
		assert_eq!(strftime(1_767_225_599, "%Y-%m-%d").unwrap(), "2025-12-31");
		assert_eq!(strftime(1_767_225_600, "%Y-%m-%d").unwrap(), "2026-01-01");
		assert_eq!(strftime(0, "%A %Y-%m-%d").unwrap(), "Thursday 1970-01-01");
	}

	#[test]
	fn date_is_refused_when_a_directive_is_unknown() {
		assert!(strftime(0, "%Q").is_err());
		assert!(strftime(0, "50%").is_err());
	}
}
