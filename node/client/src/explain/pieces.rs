//! Texts cut where marks begin and end.

use serde::Serialize;
use std::{collections::BTreeSet, ops::Range};

/// The most characters of a record that are shown.
const EXCERPT: usize = 600;
/// Of these, how many come before what is marked.
const BEFORE: usize = 120;

/// A piece of a text. The pieces of a text, one after the other, are the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
	/// What it says.
	pub text: String,
	/// The numbers of the records that say the same; none where the piece is not marked.
	#[serde(skip_serializing_if = "Vec::is_empty")]
	pub records: Vec<usize>,
}

/// A place in a text, in bytes, with the number of a record.
pub type Mark = (Range<usize>, usize);

/// Cuts a text at its marks, which may overlap. Marks that are not at characters' ends are left out.
pub fn pieces(text: &str, marks: &[Mark]) -> Vec<Piece> {
	let marks: Vec<&Mark> = marks.iter().filter(|(at, _)| text.get(at.clone()).is_some()).collect();
	let ends = marks.iter().flat_map(|(at, _)| [at.start, at.end]);
	let ends: BTreeSet<usize> = ends.chain([0, text.len()]).collect();
	let ends: Vec<usize> = ends.into_iter().collect();
	let mut pieces: Vec<Piece> = Vec::new();
	for pair in ends.windows(2) {
		let &[start, end] = pair else { continue };
		let covering = marks.iter().filter(|(at, _)| at.start <= start && end <= at.end);
		let records: BTreeSet<usize> = covering.map(|(_, record)| *record).collect();
		let records: Vec<usize> = records.into_iter().collect();
		match pieces.last_mut().filter(|last| last.records == records) {
			Some(last) => last.text += &text[start..end],
			None => pieces.push(Piece { text: text[start..end].into(), records }),
		}
	}
	pieces
}

/// As much of a record as is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
	/// The text.
	pub pieces: Vec<Piece>,
	/// Whether more comes before it.
	pub more_before: bool,
	/// Whether more comes after it.
	pub more_after: bool,
}

/// The part of a text around its longest mark; its beginning where nothing is marked.
pub fn excerpt(text: &str, marks: &[Mark]) -> Excerpt {
	let longest = marks.iter().max_by_key(|(at, _)| (at.len(), std::cmp::Reverse(at.start)));
	let focus = longest.map_or(0, |(at, _)| at.start);
	let back = |from: usize, count: usize| {
		text.get(..from)
			.and_then(|before| before.char_indices().rev().take(count).last())
			.map_or(from, |(at, _)| at)
	};
	let ahead = |from: usize| {
		text.get(from..)
			.and_then(|after| after.char_indices().nth(EXCERPT))
			.map_or(text.len(), |(at, _)| from + at)
	};
	let mut start = back(focus, BEFORE);
	let end = ahead(start);
	if end == text.len() {
		// What is not needed behind is given before, so that a text that fits is whole.
		start = back(end, EXCERPT);
	}
	let within = marks.iter().filter_map(|(at, record)| {
		let at = at.start.max(start)..at.end.min(end);
		(at.start < at.end).then(|| (at.start - start..at.end - start, *record))
	});
	Excerpt {
		pieces: pieces(&text[start..end], &within.collect::<Vec<_>>()),
		more_before: start > 0,
		more_after: end < text.len(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn shown(pieces: &[Piece]) -> Vec<(&str, &[usize])> {
		pieces.iter().map(|piece| (&*piece.text, &*piece.records)).collect()
	}

	#[test]
	fn pieces_are_the_text_cut_at_its_marks() {
		let found = pieces("the oak has acorns", &[(0..7, 2), (4..11, 1), (4..7, 2)]);
		assert_eq!(
			shown(&found),
			[("the ", &[2][..]), ("oak", &[1, 2]), (" has", &[1]), (" acorns", &[])]
		);
		assert!(pieces("", &[]).is_empty());
		assert_eq!(shown(&pieces("süß", &[(0..2, 1), (1..99, 1)])), [("süß", &[][..])]);
	}

	#[test]
	fn excerpt_is_whole_when_it_fits() {
		let text = "ä".repeat(EXCERPT);
		let found = excerpt(&text, &[(1_100..1_200, 1)]);
		assert!(!found.more_before && !found.more_after);
		assert_eq!(found.pieces.iter().map(|piece| &*piece.text).collect::<String>(), text);
	}

	#[test]
	fn excerpt_is_around_the_longest_mark() {
		let text = format!("{}the oak{}ash{}", "ä".repeat(700), "ö".repeat(900), "ü".repeat(500));
		let oak = text.find("the oak").unwrap();
		let ash = text.find("ash").unwrap();
		let found = excerpt(&text, &[(ash..ash + 3, 1), (oak..oak + 7, 1)]);
		assert!(found.more_before && found.more_after);
		assert_eq!(found.pieces[0].text.chars().count(), BEFORE);
		assert_eq!(found.pieces[1], Piece { text: "the oak".into(), records: vec![1] });
		let long = found.pieces.iter().map(|piece| piece.text.chars().count()).sum::<usize>();
		assert_eq!((found.pieces.len(), long), (3, EXCERPT));
	}

	#[test]
	fn mark_longer_than_the_excerpt_is_cut() {
		let text = "x".repeat(5_000);
		let found = excerpt(&text, &[(1_000..4_000, 3)]);
		assert_eq!(found.pieces.len(), 2);
		assert_eq!(found.pieces[1].text.len(), EXCERPT - BEFORE);
	}
}
