//! What a word is, by tables that belong to the rule and not to the compiler.
//!
//! Words decide which records are near-duplicates ([`crate::cluster`]) and what a question is looked up by
//! ([`crate::retrieval`]), and whoever finds them otherwise than the verifiers loses a bond.
//! `char::is_alphanumeric` and `str::to_lowercase` follow whatever Unicode version a toolchain has. Here the
//! tables are those of the crate regex-syntax, of Unicode 16 and in one release alone, and a test holds what they
//! say of every character to a hash. Another outcome is another [`crate::cluster::VERSION`] and another
//! [`crate::retrieval::VERSION`].

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};
use std::{collections::BTreeMap, sync::LazyLock};

/// Ascending ranges of characters, both ends included.
struct Set(Vec<(char, char)>);

impl Set {
	fn new(class: &ClassUnicode) -> Self {
		Self(class.iter().map(|range| (range.start(), range.end())).collect())
	}

	fn has(&self, character: char) -> bool {
		let after = self.0.partition_point(|(start, _)| *start <= character);
		after.checked_sub(1).is_some_and(|at| character <= self.0[at].1)
	}

	fn characters(&self) -> impl Iterator<Item = char> {
		self.0.iter().flat_map(|(start, end)| *start..=*end)
	}
}

struct Tables {
	/// Letters, with the marks that Unicode counts among them, and numbers.
	parts: Set,
	spaces: Set,
	/// The letter that stands for a character's case variants, where it is another one.
	folds: BTreeMap<char, char>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
	let small = Set::new(&class(r"\p{Lowercase_Letter}"));
	let cased = Set::new(&class(r"\p{Changes_When_Casemapped}"));
	let folds = cased.characters().map(|character| (character, folded(character, &small)));
	Tables {
		parts: Set::new(&class(r"[\p{Alphabetic}\p{Number}]")),
		spaces: Set::new(&class(r"\p{White_Space}")),
		folds: folds.filter(|(character, fold)| character != fold).collect(),
	}
});

/// Of the characters that simple case folding makes equal to `character`, the first small letter; the first of
/// all where none is one.
fn folded(character: char, small: &Set) -> char {
	let mut variants = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
	variants.case_fold_simple();
	let variants = Set::new(&variants);
	let first = variants.characters().find(|variant| small.has(*variant));
	first.or_else(|| variants.characters().next()).unwrap_or(character)
}

fn class(pattern: &str) -> ClassUnicode {
	match regex_syntax::parse(pattern).map(|parsed| parsed.into_kind()) {
		Ok(HirKind::Class(Class::Unicode(class))) => class,
		other => unreachable!("{pattern} names a class of characters: {other:?}"),
	}
}

fn is_part(character: char) -> bool {
	match character.is_ascii() {
		true => character.is_ascii_alphanumeric(),
		false => TABLES.parts.has(character),
	}
}

fn fold(character: char) -> char {
	match character.is_ascii() {
		true => character.to_ascii_lowercase(),
		false => TABLES.folds.get(&character).copied().unwrap_or(character),
	}
}

/// White_Space.
pub(crate) fn is_space(character: char) -> bool {
	TABLES.spaces.has(character)
}

/// A text in one case, and without space around it.
pub(crate) fn plain(text: &str) -> String {
	text.trim_matches(is_space).chars().map(fold).collect()
}

/// The words of a [`plain`] text: its runs of letters and digits.
pub(crate) fn words(plain: &str) -> impl Iterator<Item = &str> {
	plain.split(|character| !is_part(character)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{cluster, retrieval};

	fn found(text: &str) -> Vec<String> {
		words(&plain(text)).map(str::to_owned).collect()
	}

	#[test]
	fn words_are_runs_of_letters_and_digits_in_one_case() {
		assert_eq!(found(" The OAK's 2nd\u{a0}Acorn! "), ["the", "oak", "s", "2nd", "acorn"]);
		assert_eq!(found("Ärger, ÄRGER"), ["ärger", "ärger"]);
		assert_eq!(found("ДУБ дуб"), ["дуб", "дуб"]);
		assert_eq!(found("橡树。Ⅷ ½"), ["橡树", "Ⅷ", "½"]);
		assert!(found("…?!\u{2003}").is_empty());
	}

	#[test]
	fn variants_of_a_letter_are_one_letter_wherever_it_stands() {
		assert_eq!(found("ΟΔΟΣ οδοσ οδος"), ["οδος", "οδος", "οδος"]);
		assert_eq!(found("\u{212a}elvin KELVIN"), ["kelvin", "kelvin"]);
		assert_eq!(found("Ǆ ǅ ǆ"), ["ǆ", "ǆ", "ǆ"]);
	}

	#[test]
	fn space_around_a_text_is_left_out() {
		assert_eq!(plain("\u{3000}\t ?! \u{2028}"), "?!");
		assert_eq!(plain("\u{200b}?"), "\u{200b}?");
	}

	/// Who changes what this finds gives the rule's versions their next numbers.
	#[test]
	fn every_character_is_what_these_versions_of_the_rule_say() {
		let mut outcome = blake2b_simd::Params::new().hash_length(32).to_state();
		for character in '\0'..=char::MAX {
			outcome.update(&[is_part(character).into(), is_space(character).into()]);
			outcome.update(&u32::from(fold(character)).to_le_bytes());
		}
		let found = (cluster::VERSION, retrieval::VERSION, outcome.finalize().to_hex());
		let hash = "7adcc78df54d7cee336bfb2491f8c546144208ac51145ea9a58e4ff7f4ced441";
		assert_eq!((found.0, found.1, &*found.2), (1, 1 << 16 | 2 << 12 | 1 << 8 | 2, hash));
	}
}
