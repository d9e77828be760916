//! How byte-level tokenizers split text into words before merging.

use tokenizers::{
	normalizers::{NormalizerWrapper, unicode::NFC},
	pre_tokenizers::{
		PreTokenizerWrapper,
		byte_level::ByteLevel,
		digits::Digits,
		sequence::Sequence,
		split::{Split, SplitPattern},
	},
	tokenizer::SplitDelimiterBehavior,
};

use super::refusal;
use crate::error::Result;

/// The pattern of Llama 3's tokenizer.
const LLAMA3_PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The pattern of Qwen2's tokenizer: Llama 3's, with digits alone.
const QWEN2_PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The pattern of Mistral's Tekken: words end where upper case begins.
const TEKKEN_PATTERN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How text is split into words before merging, by the names that llama.cpp uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Splitting {
	/// GPT-2: contractions, letters, numbers, other characters.
	Gpt2,
	/// SmolLM: as GPT-2, with every digit alone.
	SmolLm,
	/// Llama 3: numbers in groups of three, whole vocabulary entries kept.
	Llama3,
	/// Qwen2 to Qwen3: every digit alone, composed characters.
	Qwen2,
	/// Mistral NeMo and later: words split at upper case, whole vocabulary entries kept.
	Tekken,
}

impl Splitting {
	pub(crate) fn from_name(name: &str) -> Option<Self> {
		match name {
			"gpt2" | "gpt-2" => Some(Self::Gpt2),
			"smollm" => Some(Self::SmolLm),
			"llama-bpe" | "llama-v3" | "llama3" => Some(Self::Llama3),
			"qwen2" => Some(Self::Qwen2),
			"tekken" => Some(Self::Tekken),
			_ => None,
		}
	}

	/// Whether a beginning-of-text token is put first where the file does not say.
	pub(crate) fn starts_texts(self) -> bool {
		self.keeps_entries()
	}

	/// Whether a word that the vocabulary has is one token, however its merges go.
	pub(super) fn keeps_entries(self) -> bool {
		matches!(self, Self::Llama3 | Self::Tekken)
	}

	/// What is done to text before it is split.
	pub(super) fn normalizer(self) -> Option<NormalizerWrapper> {
		(self == Self::Qwen2).then(|| NFC.into())
	}

	pub(super) fn pre_tokenizer(self) -> Result<PreTokenizerWrapper> {
		let pattern = match self {
			Self::Gpt2 => return Ok(ByteLevel::new(false, true, true).into()),
			Self::SmolLm => {
				let digits = Digits::new(true).into();
				let words = ByteLevel::new(false, true, true).into();
				return Ok(Sequence::new(vec![digits, words]).into());
			}
			Self::Llama3 => LLAMA3_PATTERN,
			Self::Qwen2 => QWEN2_PATTERN,
			Self::Tekken => TEKKEN_PATTERN,
		};
		let pattern = SplitPattern::Regex(pattern.into());
		let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
		let bytes = ByteLevel::new(false, true, false).into();
		Ok(Sequence::new(vec![split.map_err(refusal)?.into(), bytes]).into())
	}
}
