//! Text to token ids and back.

mod sentencepiece;
mod splitting;

use std::collections::HashSet;

use tokenizers::{
	AddedToken,
	models::bpe::{BPE, Vocab},
	pre_tokenizers::byte_level::ByteLevel,
};

pub(crate) use sentencepiece::SentencePiece;
pub(crate) use splitting::Splitting;

use crate::error::{Error, Result};

/// Tokens that end an answer in the bases of this family, whatever their metadata calls the end.
const END_MARKERS: &[&str] = &[
	"<|endoftext|>",
	"<|im_end|>",
	"<|eot_id|>",
	"<|eom_id|>",
	"<|end_of_text|>",
	"<|end|>",
	"<end_of_turn>",
	"</s>",
];

/// Tokens that are put around a text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ends {
	pub(crate) bos: Option<u32>,
	pub(crate) eos: Option<u32>,
}

impl Ends {
	/// Refuses tokens beyond the vocabulary.
	fn check(self, vocab: usize) -> Result<()> {
		match self.bos.into_iter().chain(self.eos).find(|&token| token as usize >= vocab) {
			Some(token) => Err(Error::UnknownToken { token, vocab }),
			None => Ok(()),
		}
	}
}

/// A text to continue, of which nothing is special: what follows it is decoded as within a text.
const PRECEDING: &str = "a";

/// A base's tokenizer. Special tokens written out in a text are recognised as such.
#[derive(Debug)]
pub struct Tokenizer {
	inner: tokenizers::Tokenizer,
	/// Put around every text, where the tokenizer's own post-processor does not.
	ends: Ends,
	/// One more than the largest id.
	len: usize,
}

impl Tokenizer {
	/// Reads a `tokenizer.json`.
	///
	/// # Errors
	/// [`Error::Tokenizer`] when it is malformed.
	pub fn from_json(bytes: &[u8]) -> Result<Self> {
		let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(refusal)?;
		// What a training script left in the file would silently cut or pad prompts.
		inner.with_truncation(None).map_err(refusal)?;
		inner.with_padding(None);
		Ok(Self::wrap(inner, Ends::default()))
	}

	fn wrap(inner: tokenizers::Tokenizer, ends: Ends) -> Self {
		let largest = inner.get_vocab(true).into_values().max();
		Self { inner, ends, len: largest.map_or(0, |id| id as usize + 1) }
	}

	/// One more than the largest token id.
	pub fn len(&self) -> usize {
		self.len
	}

	/// Whether there are no tokens at all.
	pub fn is_empty(&self) -> bool {
		self.len == 0
	}

	/// The ids of `text`; with `add_special`, those that the base expects around every text too.
	///
	/// Bytes for which the vocabulary has no token are left out, as llama.cpp leaves them out:
	/// SmolLM2's lacks some control characters.
	///
	/// # Errors
	/// [`Error::Tokenizer`] when the model behind it cannot express the text.
	pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>> {
		let encoding = self.inner.encode_fast(text, add_special).map_err(refusal)?;
		let Ends { bos, eos } = if add_special { self.ends } else { Ends::default() };
		Ok(bos.into_iter().chain(encoding.get_ids().iter().copied()).chain(eos).collect())
	}

	/// The text of `tokens` without special tokens. Bytes that are not UTF-8 on their own, as
	/// where an answer was cut within a character, become U+FFFD.
	///
	/// # Errors
	/// [`Error::UnknownToken`] for an id that has no text.
	pub fn decode(&self, tokens: &[u32]) -> Result<String> {
		for &token in tokens {
			if self.text(token).is_none() {
				return Err(Error::UnknownToken { token, vocab: self.len });
			}
		}
		self.inner.decode(tokens, true).map_err(refusal)
	}

	/// The id of a token given as the vocabulary has it.
	pub fn id(&self, token: &str) -> Option<u32> {
		self.inner.token_to_id(token)
	}

	/// A token as the vocabulary has it.
	pub fn text(&self, token: u32) -> Option<String> {
		self.inner.id_to_token(token)
	}

	/// Turns ids into text one at a time, as an answer grows.
	///
	/// The text is that of a continuation: a space that the first token begins with is part of it,
	/// where [`Tokenizer::decode`] leaves out the one that SentencePiece puts before every text.
	pub fn stream(&self) -> TextStream<'_> {
		let tokens = self.encode(PRECEDING, false).unwrap_or_default();
		let text = self.decode(&tokens).ok().filter(|text| text == PRECEDING);
		match text {
			Some(text) => TextStream { tokenizer: self, tokens, sent: text.len() },
			None => TextStream { tokenizer: self, tokens: Vec::new(), sent: 0 },
		}
	}

	/// Ids of the special tokens that end an answer by their very name.
	pub(crate) fn end_markers(&self) -> Vec<u32> {
		let special = |id: &u32| {
			let added = self.inner.get_added_tokens_decoder();
			added.get(id).is_some_and(|token| token.special)
		};
		END_MARKERS.iter().filter_map(|name| self.id(name)).filter(special).collect()
	}
}

/// Text of a growing answer, in pieces that are whole characters.
pub struct TextStream<'a> {
	tokenizer: &'a Tokenizer,
	tokens: Vec<u32>,
	/// Bytes of the whole text that have been returned.
	sent: usize,
}

impl TextStream<'_> {
	/// Adds a token and returns the text that it completes, possibly none.
	///
	/// # Errors
	/// [`Error::UnknownToken`].
	pub fn push(&mut self, token: u32) -> Result<String> {
		self.tokens.push(token);
		// The whole text each time: some decoders treat the first token differently.
		let text = self.tokenizer.decode(&self.tokens)?;
		// A replacement character at the end may yet become a character.
		if text.ends_with(char::REPLACEMENT_CHARACTER) {
			return Ok(String::new());
		}
		let new = text.get(self.sent..).unwrap_or_default().to_string();
		self.sent = text.len();
		Ok(new)
	}

	/// What is left when the answer ends, with U+FFFD for an incomplete character.
	///
	/// # Errors
	/// None that [`TextStream::push`] would not have given.
	pub fn finish(self) -> Result<String> {
		let text = self.tokenizer.decode(&self.tokens)?;
		Ok(text.get(self.sent..).unwrap_or_default().to_string())
	}
}

/// The parts of a byte-level BPE tokenizer.
pub(crate) struct ByteLevelBpe {
	/// Token texts in the order of their ids.
	pub(crate) tokens: Vec<String>,
	/// Pairs to merge, most urgent first.
	pub(crate) merges: Vec<(String, String)>,
	/// Special tokens, left out of decoded text.
	pub(crate) control: Vec<String>,
	/// Tokens matched before splitting that are ordinary text otherwise.
	pub(crate) user_defined: Vec<String>,
	pub(crate) splitting: Splitting,
	pub(crate) ends: Ends,
}

impl ByteLevelBpe {
	pub(crate) fn build(self) -> Result<Tokenizer> {
		let known = distinct(&self.tokens)?;
		for (left, right) in &self.merges {
			let joined = format!("{left}{right}");
			for piece in [left, right, &joined] {
				if !known.contains(piece.as_str()) {
					return Err(Error::Tokenizer(format!(
						"the merge {left:?} {right:?} needs {piece:?}, which is not a token"
					)));
				}
			}
		}
		self.ends.check(self.tokens.len())?;
		let vocab: Vocab = self.tokens.into_iter().zip(0..).collect();
		let model = BPE::builder()
			.vocab_and_merges(vocab, self.merges)
			.ignore_merges(self.splitting.keeps_entries())
			.build()
			.map_err(refusal)?;
		let mut inner = tokenizers::Tokenizer::new(model);
		inner.with_normalizer(self.splitting.normalizer()).map_err(refusal)?;
		inner.with_pre_tokenizer(Some(self.splitting.pre_tokenizer()?));
		inner.with_decoder(Some(ByteLevel::default()));
		add(&mut inner, self.control, self.user_defined)?;
		Ok(Tokenizer::wrap(inner, self.ends))
	}
}

/// The tokens of a vocabulary, none of which may appear twice.
fn distinct(tokens: &[String]) -> Result<HashSet<&str>> {
	let known: HashSet<&str> = tokens.iter().map(String::as_str).collect();
	if known.len() != tokens.len() {
		return Err(Error::Tokenizer("a token appears twice in the vocabulary".into()));
	}
	Ok(known)
}

/// Lets tokens be matched in the text before anything else is done with it.
fn add(
	inner: &mut tokenizers::Tokenizer,
	control: Vec<String>,
	user_defined: Vec<String>,
) -> Result<()> {
	let added = |texts: Vec<String>, special| {
		texts.into_iter().map(move |text| AddedToken::from(text, special).normalized(false))
	};
	inner.add_special_tokens(added(control, true)).map_err(refusal)?;
	inner.add_tokens(added(user_defined, false)).map_err(refusal)?;
	Ok(())
}

fn refusal(error: tokenizers::Error) -> Error {
	Error::Tokenizer(error.to_string())
}

#[cfg(test)]
mod tests;
