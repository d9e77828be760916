//! What each token adds to a text, byte by byte.

use serde_json::Value;

use crate::error::{Error, Result};

/// The longest text of a token, in bytes.
const MAX_PIECE: usize = 1 << 16;

/// What is left out where a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
	/// So many spaces.
	Spaces(usize),
	/// Every space of the first token.
	FirstToken,
}

/// The bytes of every token, as the tokenizer's decoder makes them from the vocabulary's spelling.
#[derive(Debug)]
pub(super) struct Pieces {
	bytes: Vec<u8>,
	/// Where each token's bytes end, and begin with those of the token before; none has a text of its
	/// own where the id is not used.
	ends: Vec<u32>,
	kinds: Vec<Kind>,
	pub(super) lead: Lead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
	/// No token has this id.
	Unused,
	/// Left out of texts.
	Special,
	Text,
}

/// How the vocabulary spells bytes.
struct Spelling {
	/// GPT-2's letters for bytes.
	byte_level: bool,
	/// Texts and what stands for them, SentencePiece's `▁` for one.
	replacements: Vec<(String, String)>,
	/// `<0x0A>` is a byte.
	fallback: bool,
	lead: Lead,
}

impl Spelling {
	/// Reads it from a decoder of a `tokenizer.json`.
	fn new(decoder: &Value) -> Result<Self> {
		let mut spelling = Self {
			byte_level: false,
			replacements: Vec::new(),
			fallback: false,
			lead: Lead::Spaces(0),
		};
		spelling.add(decoder)?;
		Ok(spelling)
	}

	fn add(&mut self, decoder: &Value) -> Result<()> {
		let text = |name: &str| decoder.get(name).and_then(Value::as_str);
		let count = |name: &str| decoder.get(name).and_then(Value::as_u64).unwrap_or_default();
		match text("type") {
			Some("ByteLevel") => self.byte_level = true,
			Some("ByteFallback") => self.fallback = true,
			// Tokens are put together in any case.
			Some("Fuse") => {}
			Some("Sequence") => {
				let parts = decoder.get("decoders").and_then(Value::as_array);
				parts.into_iter().flatten().try_for_each(|part| self.add(part))?;
			}
			Some("Replace") => {
				let from =
					decoder.get("pattern").and_then(|pattern| pattern.get("String")?.as_str());
				let (Some(from), Some(to)) = (from, text("content")) else {
					return Err(unsupported(decoder));
				};
				self.replacements.push((from.to_string(), to.to_string()));
			}
			Some("Metaspace") => {
				let from = text("replacement").unwrap_or("\u{2581}");
				self.replacements.push((from.to_string(), " ".to_string()));
				if text("prepend_scheme") != Some("never") {
					self.lead = Lead::FirstToken;
				}
			}
			Some("Strip") if text("content") == Some(" ") && count("stop") == 0 => {
				let spaces = usize::try_from(count("start")).unwrap_or(usize::MAX);
				self.lead = Lead::Spaces(spaces);
			}
			_ => return Err(unsupported(decoder)),
		}
		Ok(())
	}

	fn bytes(&self, token: &str) -> Vec<u8> {
		if self.byte_level {
			let bytes = token.chars().map(byte_of).collect::<Option<Vec<u8>>>();
			return bytes.unwrap_or_else(|| token.as_bytes().to_vec());
		}
		if self.fallback
			&& let Some(byte) = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'))
			&& let (2, Ok(byte)) = (byte.len(), u8::from_str_radix(byte, 16))
		{
			return vec![byte];
		}
		let replaced = |text: String, (from, to): &(String, String)| text.replace(from, to);
		self.replacements.iter().fold(token.to_string(), replaced).into_bytes()
	}
}

fn unsupported(decoder: &Value) -> Error {
	let mut text = decoder.to_string();
	text.truncate(text.floor_char_boundary(200));
	Error::UnsupportedTokenizer(format!("the decoder {text}"))
}

/// The byte that one of GPT-2's letters stands for: printable bytes for themselves, the others in
/// order from U+0100 on.
fn byte_of(letter: char) -> Option<u8> {
	let is_printable = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
	match u32::from(letter) {
		code @ 0..256 => Some(code as u8).filter(|byte| is_printable(*byte)),
		code => {
			let rank = (code - 256) as usize;
			(0..=255u8).filter(|byte| !is_printable(*byte)).nth(rank)
		}
	}
}

impl Pieces {
	/// Reads them from a tokenizer with ids below `len`.
	///
	/// # Errors
	/// [`Error::UnsupportedTokenizer`] when its decoder is of a kind that is not known.
	pub(super) fn new(inner: &tokenizers::Tokenizer, len: usize) -> Result<Self> {
		let decoder = serde_json::to_value(inner.get_decoder())
			.map_err(|error| Error::Tokenizer(error.to_string()))?;
		let spelling = Spelling::new(&decoder)?;
		let added = inner.get_added_tokens_decoder();
		let mut pieces = Self {
			bytes: Vec::new(),
			ends: Vec::with_capacity(len),
			kinds: Vec::with_capacity(len),
			lead: spelling.lead,
		};
		for id in 0..len as u32 {
			let kind = match inner.id_to_token(id) {
				None => Kind::Unused,
				Some(_) if added.get(&id).is_some_and(|token| token.special) => Kind::Special,
				Some(token) => {
					let bytes = spelling.bytes(&token);
					if bytes.len() > MAX_PIECE
						|| pieces.bytes.len() + bytes.len() > u32::MAX as usize
					{
						return Err(Error::Tokenizer(format!("the token {id} is too long")));
					}
					pieces.bytes.extend(bytes);
					Kind::Text
				}
			};
			pieces.ends.push(pieces.bytes.len() as u32);
			pieces.kinds.push(kind);
		}
		Ok(pieces)
	}

	/// What a token adds to a text, nothing where it is special; none for an id that is not used.
	pub(super) fn get(&self, token: u32) -> Option<&[u8]> {
		let at = token as usize;
		let kind = self.kinds.get(at)?;
		let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
		(*kind != Kind::Unused).then(|| &self.bytes[start..self.ends[at] as usize])
	}

	/// Whether a token is left out of texts.
	pub(super) fn is_special(&self, token: u32) -> bool {
		self.kinds.get(token as usize) == Some(&Kind::Special)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;
	use tokenizers::pre_tokenizers::byte_level::ByteLevel;

	#[test]
	fn letters_stand_for_bytes_as_the_tokenizers_library_has_it() {
		let letters = ByteLevel::alphabet();
		let mut bytes: Vec<u8> = letters.iter().map(|letter| byte_of(*letter).unwrap()).collect();
		bytes.sort_unstable();
		assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
		assert_eq!((byte_of('\u{120}'), byte_of('\u{10a}')), (Some(b' '), Some(b'\n')));
		assert!([' ', '\n', '\u{ad}', '\u{144}', '日'].iter().all(|odd| byte_of(*odd).is_none()));
	}

	#[test]
	fn decoder_is_refused_when_its_kind_is_not_known() {
		for odd in [
			json!(null),
			json!({ "type": "WordPiece", "prefix": "##" }),
			json!({ "type": "CTC" }),
			json!({ "type": "Strip", "content": " ", "start": 0, "stop": 1 }),
			json!({ "type": "Strip", "content": "x", "start": 1, "stop": 0 }),
			json!({ "type": "Replace", "pattern": { "Regex": "a" }, "content": "" }),
			json!({ "type": "Sequence", "decoders": [{ "type": "Fuse" }, { "type": "Odd" }] }),
		] {
			let refused = Spelling::new(&odd);
			assert!(matches!(refused, Err(Error::UnsupportedTokenizer(_))), "{odd}");
		}
	}
}
