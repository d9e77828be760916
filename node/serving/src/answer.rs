//! Text of a growing answer, until one of the texts that end it.

use openlora::{Tokenizer, tokenizer::TextStream};

/// Turns tokens into text that no later token can take back.
pub(crate) struct Text<'a> {
	/// None once nothing more comes.
	stream: Option<TextStream<'a>>,
	stops: Vec<String>,
	/// Text that may yet turn out to be the beginning of a stop.
	held: String,
	is_over: bool,
	/// Length of what tokens have added, stops and what is held included.
	pub(crate) added: Length,
	/// Bytes of what has been returned.
	pub(crate) settled: usize,
}

/// Length of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Length {
	pub(crate) bytes: usize,
	pub(crate) characters: usize,
}

impl<'a> Text<'a> {
	pub(crate) fn new(tokenizer: &'a Tokenizer, stops: Vec<String>) -> Self {
		let (held, is_over, added, settled) = (String::new(), false, Length::default(), 0);
		Self { stream: Some(tokenizer.stream()), stops, held, is_over, added, settled }
	}

	/// Whether a stop was met.
	pub(crate) fn is_over(&self) -> bool {
		self.is_over
	}

	/// Adds a token and returns the text that is settled by it, possibly none.
	///
	/// # Errors
	/// The tokenizer's.
	pub(crate) fn push(&mut self, token: u32) -> openlora::Result<String> {
		match &mut self.stream {
			Some(stream) => {
				let piece = stream.push(token)?;
				Ok(self.take(&piece))
			}
			None => Ok(String::new()),
		}
	}

	/// Adds the text of a special token, which is no text otherwise.
	pub(crate) fn push_special(&mut self, text: &str) -> String {
		self.take(text)
	}

	/// What was held back, once nothing more comes.
	pub(crate) fn finish(&mut self) -> String {
		let rest = self.stream.take().map(TextStream::finish).unwrap_or_default();
		let settled = self.take(&rest);
		let held = if self.is_over { String::new() } else { std::mem::take(&mut self.held) };
		self.settled += held.len();
		settled + &held
	}

	fn take(&mut self, piece: &str) -> String {
		self.added.bytes += piece.len();
		self.added.characters += piece.chars().count();
		let settled = self.settle(piece);
		self.settled += settled.len();
		settled
	}

	fn settle(&mut self, piece: &str) -> String {
		if self.is_over {
			return String::new();
		}
		self.held.push_str(piece);
		let first = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
		if let Some(at) = first {
			self.is_over = true;
			self.held.truncate(at);
			return std::mem::take(&mut self.held);
		}
		let keep = self.stops.iter().map(|stop| beginning(&self.held, stop)).max().unwrap_or(0);
		let rest = self.held.split_off(self.held.len() - keep);
		std::mem::replace(&mut self.held, rest)
	}
}

/// Bytes at the end of `text` that may be the beginning of `stop`.
pub(crate) fn beginning(text: &str, stop: &str) -> usize {
	let longest = stop.len().saturating_sub(1).min(text.len());
	(1..=longest).rev().find(|len| text.as_bytes().ends_with(&stop.as_bytes()[..*len])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
	use super::*;
	use openlora::testing;

	/// What is settled after each piece, and at the end.
	fn settled(stops: &[&str], pieces: &[&str]) -> (Vec<String>, bool) {
		let base = testing::tiny_base(1);
		let stops = stops.iter().map(|stop| stop.to_string()).collect();
		let mut text = Text::new(&base.tokenizer, stops);
		let mut all: Vec<String> = pieces.iter().map(|piece| text.take(piece)).collect();
		all.push(text.finish());
		(all, text.is_over())
	}

	#[test]
	fn text_ends_before_a_stop_however_it_is_cut() {
		for pieces in [&["one END two"][..], &["one ", "EN", "D two"], &["one E", "N", "D", "two"]]
		{
			let (all, is_over) = settled(&["END"], pieces);
			assert_eq!((all.concat().as_str(), is_over), ("one ", true));
		}
	}

	#[test]
	fn held_text_comes_when_it_was_no_stop() {
		let (all, is_over) = settled(&["END."], &["an E", "ND", "ED", " EN"]);
		assert_eq!(all, ["an ", "", "ENDED", " ", "EN"]);
		assert!(!is_over);
	}

	#[test]
	fn earliest_stop_ends_the_text_when_there_are_several() {
		let (all, _) = settled(&["\n\n", "stop"], &["a stop", " b\n\n"]);
		assert_eq!(all.concat(), "a ");
	}

	#[test]
	fn text_is_not_lost_when_it_is_cut_within_a_character() {
		let base = testing::tiny_base(1);
		let mut text = Text::new(&base.tokenizer, vec![]);
		let tokens = base.tokenizer.encode("aä", false).unwrap();
		let pushed: String =
			tokens[..tokens.len() - 1].iter().map(|token| text.push(*token).unwrap()).collect();
		assert_eq!(pushed + &text.finish(), "a\u{fffd}");
	}

	#[test]
	fn characters_stay_whole_when_a_stop_begins_like_one() {
		// Both begin with the same byte.
		let (all, is_over) = settled(&["ä"], &["ö", "x"]);
		assert_eq!((all.concat().as_str(), is_over), ("öx", false));
	}
}
