//! Text to token ids and back.

mod pieces;
mod sentencepiece;
mod splitting;
mod stream;

use std::collections::HashSet;

use tokenizers::{
	AddedToken,
	models::bpe::{BPE, Vocab},
	pre_tokenizers::byte_level::ByteLevel,
};

pub(crate) use sentencepiece::SentencePiece;
pub(crate) use splitting::Splitting;
pub use stream::TextStream;

use crate::error::{Error, Result};
use pieces::{Lead, Pieces};

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

/// The largest vocabulary, in tokens.
const MAX_VOCABULARY: usize = 1 << 22;

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

/// A base's tokenizer. Special tokens written out in a text are recognised as such.
#[derive(Debug)]
pub struct Tokenizer {
	inner: tokenizers::Tokenizer,
	/// Put around every text, where the tokenizer's own post-processor does not.
	ends: Ends,
	/// One more than the largest id.
	len: usize,
	/// What each token adds to a text.
	pieces: Pieces,
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
		Self::wrap(inner, Ends::default())
	}

	fn wrap(inner: tokenizers::Tokenizer, ends: Ends) -> Result<Self> {
		let largest = inner.get_vocab(true).into_values().max();
		let len = largest.map_or(0, |id| id as usize + 1);
		if len > MAX_VOCABULARY {
			let (what, found, limit) = ("vocabulary", len as u64, MAX_VOCABULARY as u64);
			return Err(Error::OversizedHeader { what, found, limit });
		}
		let pieces = Pieces::new(&inner, len)?;
		Ok(Self { inner, ends, len, pieces })
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
		let mut stream = TextStream::new(self, self.pieces.lead);
		let mut text = String::new();
		for &token in tokens {
			text.push_str(&stream.push(token)?);
		}
		text.push_str(&stream.finish());
		Ok(text)
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
		TextStream::new(self, Lead::Spaces(0))
	}

	/// The bytes that a token adds to a text, none where it is special.
	///
	/// # Errors
	/// [`Error::UnknownToken`].
	pub fn bytes(&self, token: u32) -> Result<&[u8]> {
		self.pieces.get(token).ok_or(Error::UnknownToken { token, vocab: self.len })
	}

	/// Whether a token is left out of texts.
	pub fn is_special(&self, token: u32) -> bool {
		self.pieces.is_special(token)
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
		Tokenizer::wrap(inner, self.ends)
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
