//! The tokenizer that a GGUF file carries in its metadata.

use super::reader::Gguf;
use crate::{
	base::SpecialTokens,
	chat::SpecialTexts,
	error::{Error, Result},
	tokenizer::{ByteLevelBpe, Ends, SentencePiece, Splitting, Tokenizer},
};

const MODEL: &str = "tokenizer.ggml.model";
const SPLITTING: &str = "tokenizer.ggml.pre";
const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const MERGES: &str = "tokenizer.ggml.merges";
const SCORES: &str = "tokenizer.ggml.scores";
/// Token types of llama.cpp; those but normal, unused and byte tokens are matched in the text before
/// anything is split.
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

/// Builds the tokenizer that the file describes.
pub(super) fn tokenizer(file: &Gguf) -> Result<Tokenizer> {
	match file.require(MODEL)?.text(MODEL)? {
		"gpt2" => byte_level(file),
		"llama" => sentencepiece(file),
		other => Err(Error::UnsupportedTokenizer(format!(
			"model {other:?}: byte-level BPE (\"gpt2\") and SentencePiece's BPE (\"llama\") are read"
		))),
	}
}

/// The vocabulary, by what its tokens are for.
struct Vocabulary {
	tokens: Vec<String>,
	/// Ids of what text is merged to.
	pieces: Vec<usize>,
	control: Vec<String>,
	user_defined: Vec<String>,
}

impl Vocabulary {
	fn read(file: &Gguf) -> Result<Self> {
		let tokens = file
			.require(TOKENS)?
			.array(TOKENS)?
			.iter()
			.map(|token| Ok(token.text(TOKENS)?.to_string()))
			.collect::<Result<Vec<_>>>()?;
		let types = file.require(TYPES)?.whole(TYPES)?;
		check_count(TYPES, types.len(), tokens.len())?;
		let (mut pieces, mut control, mut user_defined) = (Vec::new(), Vec::new(), Vec::new());
		for (id, (token, kind)) in tokens.iter().zip(types).enumerate() {
			match *kind {
				CONTROL | UNKNOWN => control.push(token.clone()),
				USER_DEFINED => user_defined.push(token.clone()),
				BYTE => {}
				..0 => return Err(Error::malformed(TYPES, "not a token type")),
				_ => pieces.push(id),
			}
		}
		Ok(Self { tokens, pieces, control, user_defined })
	}
}

/// Refuses a list that does not have a value for every token.
fn check_count(key: &str, values: usize, tokens: usize) -> Result<()> {
	if values != tokens {
		let reason = format!("{values} values for {tokens} tokens");
		return Err(Error::malformed(key, reason));
	}
	Ok(())
}

/// A tokenizer of vocabulary, merges and the name of the way of splitting.
fn byte_level(file: &Gguf) -> Result<Tokenizer> {
	let splitting = file.require(SPLITTING)?.text(SPLITTING)?;
	let splitting = Splitting::from_name(splitting)
		.ok_or_else(|| Error::UnsupportedTokenizer(format!("pre-tokenizer {splitting:?}")))?;
	let Vocabulary { tokens, control, user_defined, .. } = Vocabulary::read(file)?;
	let merges = file
		.require(MERGES)?
		.array(MERGES)?
		.iter()
		.map(|merge| {
			let merge = merge.text(MERGES)?;
			// A piece may itself start with a space in other vocabularies, never in a byte-level one.
			merge
				.split_once(' ')
				.map(|(left, right)| (left.to_string(), right.to_string()))
				.ok_or_else(|| Error::malformed(MERGES, format!("{merge:?} is not two pieces")))
		})
		.collect::<Result<Vec<_>>>()?;
	let ends = ends(file, splitting.starts_texts())?;
	ByteLevelBpe { tokens, merges, control, user_defined, splitting, ends }.build()
}

/// A tokenizer of pieces and their scores.
fn sentencepiece(file: &Gguf) -> Result<Tokenizer> {
	let Vocabulary { tokens, pieces, control, user_defined } = Vocabulary::read(file)?;
	let scores = file.require(SCORES)?.floats(SCORES)?;
	check_count(SCORES, scores.len(), tokens.len())?;
	let scores = scores.iter().map(|score| *score as f32).collect();
	let space_prefix = flag(file, "tokenizer.ggml.add_space_prefix", true)?;
	let ends = ends(file, true)?;
	SentencePiece { tokens, scores, pieces, control, user_defined, space_prefix, ends }.build()
}

fn flag(file: &Gguf, key: &str, default: bool) -> Result<bool> {
	file.get(key).map_or(Ok(default), |value| value.bool(key))
}

/// What is put around every text; `starts` says whether a token comes first where the file does not.
///
/// # Errors
/// [`Error::MissingMetadata`] when the file asks for a token that it does not name.
fn ends(file: &Gguf, starts: bool) -> Result<Ends> {
	let token = |asked: bool, key: &str| match super::token(file, key)? {
		Some(token) if asked => Ok(Some(token)),
		None if asked => Err(Error::MissingMetadata(key.to_string())),
		_ => Ok(None),
	};
	Ok(Ends {
		bos: token(
			flag(file, "tokenizer.ggml.add_bos_token", starts)?,
			"tokenizer.ggml.bos_token_id",
		)?,
		eos: token(
			flag(file, "tokenizer.ggml.add_eos_token", false)?,
			"tokenizer.ggml.eos_token_id",
		)?,
	})
}

/// The texts of the special tokens, for the chat template.
pub(super) fn texts(file: &Gguf, special: SpecialTokens) -> Result<SpecialTexts> {
	let tokens = file.require(TOKENS)?.array(TOKENS)?;
	let text = |id: Option<u32>| match id.and_then(|id| tokens.get(id as usize)) {
		Some(token) => token.text(TOKENS).map(str::to_string),
		None => Ok(String::new()),
	};
	Ok(SpecialTexts { bos: text(special.bos)?, eos: text(special.eos)? })
}
