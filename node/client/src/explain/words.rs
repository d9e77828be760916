//! What an answer and a record say in the same words.

use openledger_attribution::runs;
use std::{collections::HashMap, ops::Range};

/// The fewest words that are worth showing.
const LEAST: usize = 3;
/// How many of them have to be others than [`COMMON`].
const TELLING: usize = 2;

/// The most words of a text that are compared. More than any answer has, and so few that nobody's record
/// makes an explanation slow.
const MOST: usize = 1 << 16;

/// Words that join others in nearly every English text. Runs of nothing else say
/// nothing about where an answer comes from.
const COMMON: [&str; 84] = [
	"a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been",
	"but", "by", "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "he",
	"her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "like", "may", "more", "most",
	"no", "not", "of", "on", "one", "only", "or", "other", "our", "out", "over", "she", "should",
	"so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they",
	"this", "to", "up", "use", "used", "was", "we", "were", "what", "when", "which", "who", "will",
	"with", "would", "you", "your", "s", "t",
];

/// A run of words that an answer and a record share, as bytes of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
	/// Where it is in the answer.
	pub answer: Range<usize>,
	/// Where it is in the record, the first time.
	pub record: Range<usize>,
	/// How many words it has.
	pub words: usize,
}

/// The words of a text in lower case, each with its place.
pub struct Words(Vec<(String, Range<usize>)>);

impl Words {
	/// A word is a run of letters and digits, or one character of a script that puts no spaces between
	/// words.
	pub fn of(text: &str) -> Self {
		let mut words: Vec<(String, Range<usize>)> = Vec::new();
		let mut open = false;
		for (at, character) in text.char_indices() {
			let end = at + character.len_utf8();
			let alone = is_unspaced(character);
			if !alone && !character.is_alphanumeric() {
				open = false;
				continue;
			}
			if words.len() == MOST && (alone || !open) {
				break;
			}
			match words.last_mut().filter(|_| open && !alone) {
				Some((word, place)) => {
					word.extend(character.to_lowercase());
					place.end = end;
				}
				None => words.push((character.to_lowercase().collect(), at..end)),
			}
			open = !alone;
		}
		Self(words)
	}

	/// The longest runs that a record shares, from left to right, without those that are too short or
	/// of common words only.
	pub fn matches(&self, record: &Self) -> Vec<Match> {
		// Words as numbers, so that comparing two is one step.
		let mut known: HashMap<&str, usize> = HashMap::new();
		let mut numbers = Vec::with_capacity(self.0.len() + record.0.len());
		for (word, _) in self.0.iter().chain(&record.0) {
			let next = known.len();
			numbers.push(*known.entry(word).or_insert(next));
		}
		let (ours, theirs) = numbers.split_at(self.0.len());
		let found = runs::maximal(ours, theirs, LEAST).into_iter();
		let telling = found.filter(|run| {
			let words = self.0[run.first..run.end()].iter();
			words.filter(|(word, _)| !is_common(word)).count() >= TELLING
		});
		let place = |words: &[(String, Range<usize>)]| match words {
			[(_, first), .., (_, last)] => first.start..last.end,
			_ => 0..0,
		};
		telling
			.map(|run| Match {
				answer: place(&self.0[run.first..run.end()]),
				record: place(&record.0[run.second..run.second + run.length]),
				words: run.length,
			})
			.collect()
	}
}

fn is_common(word: &str) -> bool {
	COMMON.contains(&word)
}

/// Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Chinese and Japanese.
fn is_unspaced(character: char) -> bool {
	matches!(
		character,
		'\u{e01}'..='\u{eff}'
			| '\u{1000}'..='\u{109f}'
			| '\u{1780}'..='\u{17ff}'
			| '\u{3041}'..='\u{30ff}'
			| '\u{3400}'..='\u{4dbf}'
			| '\u{4e00}'..='\u{9fff}'
			| '\u{f900}'..='\u{faff}'
			| '\u{20000}'..='\u{3ffff}'
	)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn shared(answer: &str, record: &str) -> Vec<(String, String)> {
		let found = Words::of(answer).matches(&Words::of(record));
		let cut = |text: &str, at: &Range<usize>| text[at.clone()].to_owned();
		found.iter().map(|of| (cut(answer, &of.answer), cut(record, &of.record))).collect()
	}

	#[test]
	fn runs_are_found_whatever_their_case_and_punctuation() {
		let found =
			shared("Well, the oak has ACORNS in autumn!", "The oak has — acorns, in spring.");
		assert_eq!(found, [("the oak has ACORNS in".into(), "The oak has — acorns, in".into())]);
	}

	#[test]
	fn runs_are_left_out_when_short_or_of_common_words() {
		assert!(shared("a tall oak", "one tall oak").is_empty());
		assert!(shared("it is one of the most", "it is one of the most").is_empty());
		assert!(shared("it is an oak", "it is an oak").is_empty());
		assert!(shared("", "oak ash elm").is_empty());
		assert_eq!(shared("is an old oak", "is an old oak").len(), 1);
	}

	#[test]
	fn characters_are_words_in_scripts_without_spaces() {
		let found = shared("我喜欢橡树。", "他喜欢橡树");
		assert_eq!(found, [("喜欢橡树".into(), "喜欢橡树".into())]);
		assert_eq!(Words::of("Oak橡树2x").0.len(), 4);
	}

	#[test]
	fn words_beyond_the_most_are_not_compared() {
		let text = "the oak has acorns ".repeat(MOST);
		let words = Words::of(&text);
		assert_eq!(words.0.len(), MOST);
		assert_eq!(&text[words.0[MOST - 1].1.clone()], "acorns");
		assert_eq!(Words::of("the oak has acorns").matches(&words).len(), 1);
	}
}
