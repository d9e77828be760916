//! The tokenizer that a GGUF file carries in its metadata.

use super::reader::Gguf;
use crate::{
	base::SpecialTokens,
	chat::SpecialTexts,
	error::{Error, Result},
	tokenizer::{ByteLevelBpe, Splitting, Tokenizer},
};

const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const MERGES: &str = "tokenizer.ggml.merges";
/// Token types of llama.cpp that are matched in the text before anything is split.
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

/// Builds the tokenizer from vocabulary, merges and the name of the way of splitting.
pub(super) fn tokenizer(file: &Gguf) -> Result<Tokenizer> {
	let model = file.require("tokenizer.ggml.model")?.text("tokenizer.ggml.model")?;
	if model != "gpt2" {
		let reason = format!("model {model:?}, only byte-level BPE (\"gpt2\") is implemented");
		return Err(Error::UnsupportedTokenizer(reason));
	}
	let splitting = file.require("tokenizer.ggml.pre")?.text("tokenizer.ggml.pre")?;
	let splitting = Splitting::from_name(splitting)
		.ok_or_else(|| Error::UnsupportedTokenizer(format!("pre-tokenizer {splitting:?}")))?;
	let tokens = file
		.require(TOKENS)?
		.array(TOKENS)?
		.iter()
		.map(|token| Ok(token.text(TOKENS)?.to_string()))
		.collect::<Result<Vec<_>>>()?;
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
	let (mut control, mut user_defined) = (Vec::new(), Vec::new());
	let types = file.require(TYPES)?.whole(TYPES)?;
	if types.len() != tokens.len() {
		let reason = format!("{} types for {} tokens", types.len(), tokens.len());
		return Err(Error::malformed(TYPES, reason));
	}
	for (token, kind) in tokens.iter().zip(types) {
		match *kind {
			CONTROL | UNKNOWN => control.push(token.clone()),
			USER_DEFINED => user_defined.push(token.clone()),
			..0 => return Err(Error::malformed(TYPES, "not a token type")),
			_ => {}
		}
	}
	let flag = |key: &str, default| file.get(key).map_or(Ok(default), |value| value.bool(key));
	if flag("tokenizer.ggml.add_eos_token", false)? {
		return Err(Error::UnsupportedTokenizer("an end token after every text".into()));
	}
	let bos = match super::token(file, "tokenizer.ggml.bos_token_id")? {
		Some(bos) if flag("tokenizer.ggml.add_bos_token", splitting.starts_texts())? => Some(bos),
		_ => None,
	};
	ByteLevelBpe { tokens, merges, control, user_defined, splitting, bos }.build()
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
