//! One answer of a request, from tokens to what is told of it.

use openlora::{Chosen, Finish, Tokenizer};

use crate::{
	answer::Text,
	calls::{Call, Calls, Part},
	told::{Told, Waiting},
};

/// What is settled by a token, or by the end.
#[derive(Debug, Default)]
pub(crate) struct Piece {
	pub(crate) text: String,
	pub(crate) told: Vec<Told>,
	pub(crate) calls: Vec<Call>,
}

impl Piece {
	pub(crate) fn is_empty(&self) -> bool {
		self.text.is_empty() && self.told.is_empty() && self.calls.is_empty()
	}

	/// Puts what came later behind.
	pub(crate) fn append(&mut self, later: Self) {
		self.text.push_str(&later.text);
		self.told.extend(later.told);
		self.calls.extend(later.calls);
	}
}

/// An answer under way.
pub(crate) struct Choice<'a> {
	tokenizer: &'a Tokenizer,
	text: Text<'a>,
	calls: Option<(Calls, &'static str)>,
	waiting: Waiting,
	/// Tokens so far.
	pub(crate) count: usize,
	/// Why it ended.
	pub(crate) ended: Option<&'static str>,
}

impl<'a> Choice<'a> {
	/// Before the first token; calls are told from text where there are tools, whose opening may be a
	/// special token.
	pub(crate) fn new(
		tokenizer: &'a Tokenizer,
		stops: Vec<String>,
		calls: Option<(Calls, &'static str)>,
	) -> Self {
		let (text, waiting) = (Text::new(tokenizer, stops), Waiting::default());
		Self { tokenizer, text, calls, waiting, count: 0, ended: None }
	}

	/// Adds a token; the answer has ended when a stop was met by it.
	///
	/// # Errors
	/// The tokenizer's.
	pub(crate) fn push(&mut self, chosen: Chosen) -> openlora::Result<Piece> {
		let Chosen { token, log_probs } = chosen;
		self.count += 1;
		let at = self.text.added;
		let opening = self.calls.as_ref().map(|(_, opening)| *opening);
		let is_opening = |opening: &&str| {
			self.tokenizer.is_special(token)
				&& self.tokenizer.text(token).as_deref() == Some(*opening)
		};
		let text = match opening.filter(is_opening) {
			Some(opening) => self.text.push_special(opening),
			None => self.text.push(token)?,
		};
		if let Some(log_probs) = log_probs {
			self.waiting.push(token, log_probs, at);
		}
		let mut piece = self.piece(&text);
		if self.text.is_over() {
			piece.append(self.end("stop"));
		}
		Ok(piece)
	}

	/// Ends it, unless it has ended.
	pub(crate) fn finish(&mut self, finish: Finish) -> Piece {
		match (self.ended, finish) {
			(Some(_), _) => Piece::default(),
			(None, Finish::Stop | Finish::Cancelled) => self.end("stop"),
			(None, Finish::Length) => self.end("length"),
		}
	}

	fn end(&mut self, reason: &'static str) -> Piece {
		let rest = self.text.finish();
		let mut piece = self.piece(&rest);
		let mut has_calls = false;
		if let Some((calls, _)) = &mut self.calls {
			let parts = calls.finish();
			has_calls = calls.count() > 0;
			sort(&mut piece, parts);
		}
		piece.told.extend(self.waiting.settled(&self.text, true));
		self.ended = Some(if has_calls && reason == "stop" { "tool_calls" } else { reason });
		piece
	}

	fn piece(&mut self, text: &str) -> Piece {
		let mut piece = Piece { told: self.waiting.settled(&self.text, false), ..Piece::default() };
		match &mut self.calls {
			Some((calls, _)) => sort(&mut piece, calls.push(text)),
			None => piece.text.push_str(text),
		}
		piece
	}
}

fn sort(piece: &mut Piece, parts: Vec<Part>) {
	for part in parts {
		match part {
			Part::Text(text) => piece.text.push_str(&text),
			Part::Call(call) => piece.calls.push(call),
		}
	}
}
