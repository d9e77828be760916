//! The regular expressions of PEFT configurations, which are Python's, for module names.
//!
//! Only what means the same in Python's `re` and in the `regex` crate is accepted; of that, whether a
//! name matches does not depend on how either searches. Names are ASCII, so that `\d` and `\w` agree.

use std::fmt;

use regex::bytes::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::error::{Error, Result};

/// Longest single expression, in bytes.
const MAX_LENGTH: usize = 1 << 14;
/// Most expressions of one table: more than seven for each layer of the deepest base.
const MAX_ENTRIES: usize = 1 << 13;
/// Bytes that a compiled expression may take, and each entry of a table beyond that.
const MAX_COMPILED: usize = 1 << 20;
const MAX_COMPILED_ENTRY: usize = 1 << 12;
/// Bytes that searching may use for its cache.
const MAX_CACHE: usize = 1 << 21;
/// Depth of groups within groups.
const MAX_NESTING: u32 = 32;

/// An expression that has to match the whole of a module's name.
#[derive(Clone)]
pub struct Pattern {
	text: String,
	regex: Regex,
}

impl Pattern {
	/// Compiles the value of the field `field`.
	///
	/// # Errors
	/// [`Error::UnsupportedPattern`] for what the two languages do not share, or beyond the bounds.
	pub fn new(field: &'static str, text: &str) -> Result<Self> {
		check(field, text)?;
		let regex = compile(field, text, &format!("^(?:{text})$"))?;
		Ok(Self { text: text.to_string(), regex })
	}

	/// As it stands in the configuration.
	pub fn as_str(&self) -> &str {
		&self.text
	}

	pub(super) fn matches(&self, name: &str) -> bool {
		self.regex.is_match(name.as_bytes())
	}
}

/// One entry of `layers_pattern`: what stands before the number of a layer.
#[derive(Clone)]
pub(super) struct LayerPattern {
	text: String,
	regex: Regex,
}

impl LayerPattern {
	const FIELD: &'static str = "layers_pattern";

	pub(super) fn new(text: &str) -> Result<Self> {
		check(Self::FIELD, text)?;
		// An alternation in the text splits the whole in PEFT, which does not put it in a group.
		let whole = format!(r"^(?:(?:^|.*?\.){text}\.(?P<idx>\d+)\.)");
		let regex = compile(Self::FIELD, text, &whole)?;
		Ok(Self { text: text.to_string(), regex })
	}

	pub(super) fn as_str(&self) -> &str {
		&self.text
	}

	/// The layer of a name; none within when the expression matches without naming one.
	pub(super) fn layer(&self, name: &str) -> Option<Option<usize>> {
		let number = |found: Captures<'_>| {
			let digits = found.name("idx")?;
			std::str::from_utf8(digits.as_bytes()).ok()?.parse().ok()
		};
		self.regex.captures(name.as_bytes()).map(number)
	}
}

/// Values for the modules whose names end in a match: the first entry that matches counts.
#[derive(Clone)]
pub struct PatternMap<T> {
	entries: Vec<(String, T)>,
	set: RegexSet,
}

impl<T> PatternMap<T> {
	/// Compiles the table `field`, in its order.
	///
	/// # Errors
	/// [`Error::UnsupportedPattern`] as [`Pattern::new`], [`Error::OversizedHeader`] for too many
	/// entries.
	pub fn new(field: &'static str, entries: Vec<(String, T)>) -> Result<Self> {
		if entries.len() > MAX_ENTRIES {
			let (found, limit) = (entries.len() as u64, MAX_ENTRIES as u64);
			return Err(Error::OversizedHeader { what: "number of patterns", found, limit });
		}
		let whole = entries.iter().map(|(text, _)| format!(r"^(?:.*\.)?(?:{text})$"));
		let set = RegexSetBuilder::new(whole)
			.unicode(false)
			.size_limit(MAX_COMPILED + MAX_COMPILED_ENTRY * entries.len())
			.dfa_size_limit(MAX_CACHE)
			.nest_limit(MAX_NESTING)
			.build()
			.map_err(|error| {
				let of = entries.iter().map(|(text, _)| text.as_str());
				refuse(field, &of.collect::<Vec<_>>().join(", "), brief(&error))
			})?;
		// Now that their sizes together are bounded.
		for (text, _) in &entries {
			check(field, text)?;
		}
		Ok(Self { entries, set })
	}

	/// The entries in their order.
	pub fn entries(&self) -> &[(String, T)] {
		&self.entries
	}

	/// Whether there is no entry.
	pub fn is_empty(&self) -> bool {
		self.entries.is_empty()
	}

	pub(super) fn get(&self, name: &str) -> Option<&T> {
		let first = self.set.matches(name.as_bytes()).iter().next()?;
		self.entries.get(first).map(|(_, value)| value)
	}
}

impl<T> Default for PatternMap<T> {
	fn default() -> Self {
		Self { entries: Vec::new(), set: RegexSet::empty() }
	}
}

impl<T: PartialEq> PartialEq for PatternMap<T> {
	fn eq(&self, other: &Self) -> bool {
		self.entries == other.entries
	}
}

impl<T: fmt::Debug> fmt::Debug for PatternMap<T> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_map().entries(self.entries.iter().map(|(text, value)| (text, value))).finish()
	}
}

macro_rules! as_text {
	($($kind:ty),*) => {$(
		impl PartialEq for $kind {
			fn eq(&self, other: &Self) -> bool {
				self.text == other.text
			}
		}

		impl fmt::Debug for $kind {
			fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
				self.text.fmt(f)
			}
		}
	)*};
}
as_text!(Pattern, LayerPattern);

fn compile(field: &'static str, text: &str, whole: &str) -> Result<Regex> {
	RegexBuilder::new(whole)
		.unicode(false)
		.size_limit(MAX_COMPILED)
		.dfa_size_limit(MAX_CACHE)
		.nest_limit(MAX_NESTING)
		.build()
		.map_err(|error| refuse(field, text, brief(&error)))
}

fn refuse(field: &'static str, text: &str, reason: impl Into<String>) -> Error {
	let pattern: String = text.chars().take(200).collect();
	Error::UnsupportedPattern { field, pattern, reason: reason.into() }
}

/// The last line of the message, without the drawing of where it is.
fn brief(error: &regex::Error) -> String {
	let text = error.to_string();
	text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string()
}

/// Refuses what the two languages read differently, or one alone reads.
fn check(field: &'static str, text: &str) -> Result<()> {
	if text.len() > MAX_LENGTH {
		return Err(refuse(field, text, format!("it is longer than {MAX_LENGTH} bytes")));
	}
	if let Some(reason) = disagreement(text) {
		return Err(refuse(field, text, reason));
	}
	// By itself: brackets that only the text around it closes would mean something else.
	compile(field, text, text).map(drop)
}

/// The first construct that does not mean the same in both languages.
fn disagreement(text: &str) -> Option<&'static str> {
	const ESCAPE: &str = "an escape that the two languages do not share";
	let mut rest = text.chars().peekable();
	// Whether what was just read is a quantifier, after which another changes its meaning.
	let mut quantified = false;
	if !text.is_ascii() {
		return Some("module names have ASCII characters alone");
	}
	while let Some(character) = rest.next() {
		let repeats = match character {
			'\\' => match rest.next() {
				Some('b' | 'B') if rest.peek() == Some(&'{') => return Some(ESCAPE),
				Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' | 'A') => false,
				Some('<' | '>') | None => return Some(ESCAPE),
				Some(other) if other.is_ascii_alphanumeric() || other.is_whitespace() => {
					return Some(ESCAPE);
				}
				Some(_) => false,
			},
			'(' if rest.peek() == Some(&'?') => {
				rest.next();
				match rest.next() {
					Some(':') => {}
					Some('P') if rest.peek() == Some(&'<') => {}
					_ => return Some("look-around, flags, conditions and back-references"),
				}
				false
			}
			'[' => {
				if let Some(reason) = class(&mut rest) {
					return Some(reason);
				}
				false
			}
			'*' | '+' | '?' | '{' => {
				if quantified {
					return Some("a quantifier of a quantifier");
				}
				if character == '{' && !bounds(&mut rest) {
					return Some("a brace that is not a number of repetitions");
				}
				// Lazy: it changes what is found first, not whether something is.
				rest.next_if_eq(&'?');
				true
			}
			_ => false,
		};
		quantified = repeats;
	}
	None
}

/// Reads the rest of a set of characters.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<&'static str> {
	const SETS: &str = "sets within sets of characters";
	rest.next_if_eq(&'^');
	rest.next_if_eq(&']');
	let mut last = ' ';
	while let Some(character) = rest.next() {
		match character {
			']' => return None,
			'[' => return Some(SETS),
			'&' | '~' | '-' | '|' if last == character => return Some(SETS),
			'\\' => match rest.next() {
				Some('d' | 'D' | 'w' | 'W' | 's' | 'S') => {}
				Some(other) if other.is_ascii_punctuation() && !matches!(other, '<' | '>') => {}
				_ => return Some("an escape that the two languages do not share"),
			},
			_ => {}
		}
		last = if character == '\\' { ' ' } else { character };
	}
	Some("a set of characters without an end")
}

/// Reads the rest of `{m}`, `{m,}` or `{m,n}`.
fn bounds(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
	let mut text = String::new();
	for character in rest.by_ref() {
		if character == '}' {
			let (least, most) = text.split_once(',').unwrap_or((&text, ""));
			let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
			return !least.is_empty() && digits(least) && digits(most);
		}
		text.push(character);
	}
	false
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn expression_matches_whole_names_when_alternatives_stand_at_its_top() {
		let pattern = Pattern::new("target_modules", r"a|.*\.b").unwrap();
		assert!(pattern.matches("a") && pattern.matches("x.b"));
		assert!(!pattern.matches("ab") && !pattern.matches("x.bc") && !pattern.matches("xa"));
	}

	#[test]
	fn table_gives_the_first_entry_when_several_match_the_end_of_a_name() {
		let entries = [(r"layers\.1\..*", 1), ("q_proj", 2), ("^model.*", 3), ("proj", 4)];
		let entries = entries.map(|(text, value)| (text.to_string(), value)).to_vec();
		let map = PatternMap::new("rank_pattern", entries).unwrap();
		assert_eq!(map.get("model.layers.1.self_attn.q_proj"), Some(&1));
		assert_eq!(map.get("model.layers.2.self_attn.q_proj"), Some(&2));
		assert_eq!(map.get("model.layers.2.self_attn.k_proj"), Some(&3));
		assert_eq!(map.get("other.layers.2.self_attn.k_proj"), None);
		assert_eq!(map.get("other.proj"), Some(&4));
	}

	#[test]
	fn layer_is_the_first_number_after_the_pattern() {
		let pattern = LayerPattern::new("layers").unwrap();
		assert_eq!(pattern.layer("model.layers.12.mlp.experts.3.up"), Some(Some(12)));
		assert_eq!(pattern.layer("model.blocks.12.mlp"), None);
		let split = LayerPattern::new("blocks|model").unwrap();
		assert_eq!(split.layer("model.layers.12.mlp"), None);
		let other = LayerPattern::new(r"model|x").unwrap();
		assert_eq!(other.layer("model.layers.12.mlp"), Some(None));
	}

	#[test]
	fn expression_is_refused_when_the_languages_differ() {
		for text in [
			r"(?=a)b",
			r"(?<!a)b",
			r"(?i)a",
			r"(?>a)",
			r"(a)\1",
			r"(?P=a)",
			r"a*+",
			r"a++b",
			r"a?+",
			r"a{2}{3}",
			r"a**",
			r"a{b}",
			r"a{,3}",
			r"\<a",
			r"\pL",
			r"\Z",
			r"\x41",
			r"\b{start}a",
			r"[a&&b]",
			r"[[:alpha:]]",
			r"[a--b]",
			r"[a",
			r"(a",
			r"a)|(b",
			"a\\",
			"*a",
			"(?P<x>a)(?P<x>b)",
			"é",
		] {
			for found in [
				Pattern::new("target_modules", text).map(drop),
				LayerPattern::new(text).map(drop),
				PatternMap::new("rank_pattern", vec![(text.into(), 1)]).map(drop),
			] {
				assert!(
					matches!(found, Err(Error::UnsupportedPattern { .. })),
					"{text}: {found:?}"
				);
			}
		}
	}

	#[test]
	fn expression_is_refused_when_it_would_take_too_much() {
		let refused = |text: &str| {
			let found = Pattern::new("target_modules", text);
			assert!(matches!(found, Err(Error::UnsupportedPattern { .. })), "{found:?}");
		};
		refused(&"a".repeat(MAX_LENGTH + 1));
		refused(r"(?:(?:(?:\w{100}){100}){100}){100}");
		refused(&format!("{}a{}", "(".repeat(40), ")".repeat(40)));
		let many = vec![("a".to_string(), 1); MAX_ENTRIES + 1];
		let found = PatternMap::new("rank_pattern", many);
		assert!(matches!(found, Err(Error::OversizedHeader { .. })));
	}
}
