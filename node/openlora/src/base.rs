//! A frozen base: weights, tokenizer and chat template, shared by every adapter.

use std::{
	path::Path,
	sync::{Arc, OnceLock},
};

use crate::{
	autograd::Tensors,
	chat::ChatTemplate,
	config::Config,
	constrain::Grammars,
	error::{Error, Result},
	gguf, hf,
	kernels::{Isa, quantised::LANES},
	rope::Rope,
	tokenizer::Tokenizer,
	weights::Weights,
};

/// Ids of the tokens that mark the ends of texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpecialTokens {
	/// Beginning of a text.
	pub bos: Option<u32>,
	/// End of a text.
	pub eos: Option<u32>,
	/// Padding.
	pub pad: Option<u32>,
}

/// A language model of the llama family that is never changed.
#[derive(Debug)]
pub struct Base {
	/// Its shape.
	pub config: Config,
	/// Its weights, packed for the kernels.
	pub weights: Weights,
	/// Text to token ids and back.
	pub tokenizer: Tokenizer,
	/// Ids with a meaning of their own.
	pub special: SpecialTokens,
	/// Ids that end an answer, ascending.
	pub stop_tokens: Vec<u32>,
	pub(crate) chat: Option<ChatTemplate>,
	pub(crate) rope: Rope,
	/// The weights once more, in single precision, from the first time that they are needed.
	tensors: OnceLock<Tensors>,
	/// What grammars are compiled with, from the first time on.
	grammars: OnceLock<Grammars>,
}

impl Base {
	/// Loads a GGUF file, or a Hugging Face folder with `config.json`, `*.safetensors` and
	/// `tokenizer.json`.
	///
	/// # Errors
	/// Everything in the files that is malformed, missing, not finite or not supported, by name.
	pub fn load(path: &Path) -> Result<Arc<Self>> {
		let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
		let base = if metadata.is_dir() { hf::load(path)? } else { gguf::load(path)? };
		log::info!(
			"loaded {}: {} layers, hidden {}, vocabulary {}",
			path.display(),
			base.config.layers,
			base.config.hidden,
			base.config.vocab
		);
		Ok(Arc::new(base))
	}

	/// Puts the parts of a base together.
	///
	/// # Errors
	/// [`Error::InvalidConfig`] when the tokenizer knows more tokens than the embedding has rows,
	/// or [`Error::UnknownToken`] for a special token beyond the vocabulary.
	pub(crate) fn new(
		config: Config,
		weights: Weights,
		tokenizer: Tokenizer,
		chat: Option<ChatTemplate>,
		special: SpecialTokens,
		mut stop_tokens: Vec<u32>,
	) -> Result<Self> {
		if tokenizer.len() > config.vocab {
			return Err(Error::InvalidConfig(format!(
				"the tokenizer has {} tokens, the embedding {} rows",
				tokenizer.len(),
				config.vocab
			)));
		}
		stop_tokens.extend(special.eos);
		stop_tokens.extend(tokenizer.end_markers());
		stop_tokens.sort_unstable();
		stop_tokens.dedup();
		let ids = [special.bos, special.eos, special.pad].into_iter().flatten();
		for token in ids.chain(stop_tokens.iter().copied()) {
			if token as usize >= config.vocab {
				return Err(Error::UnknownToken { token, vocab: config.vocab });
			}
		}
		let rope = Rope::new(&config, weights.rope_factors.as_deref())?;
		let (tensors, grammars) = (OnceLock::new(), OnceLock::new());
		Ok(Self { config, weights, tokenizer, special, stop_tokens, chat, rope, tensors, grammars })
	}

	/// The embedding of a token, `[hidden]`.
	///
	/// # Errors
	/// [`Error::UnknownToken`].
	pub fn embedding(&self, token: u32) -> Result<Vec<f32>> {
		let (hidden, vocab, row) = (self.config.hidden, self.config.vocab, token as usize);
		if row >= vocab {
			return Err(Error::UnknownToken { token, vocab });
		}
		let mut panel = vec![0.0; LANES * hidden];
		self.weights.embedding.expand(Isa::best(), row / LANES, 0..hidden, &mut panel, hidden);
		Ok(panel[row % LANES * hidden..][..hidden].to_vec())
	}

	/// What compiles grammars for this vocabulary.
	///
	/// # Errors
	/// [`Error::Constraint`] when no token ends an answer.
	pub(crate) fn grammars(&self) -> Result<&Grammars> {
		if let Some(grammars) = self.grammars.get() {
			return Ok(grammars);
		}
		let made = Grammars::new(self)?;
		Ok(self.grammars.get_or_init(|| made))
	}

	/// The weights as candle differentiates them.
	///
	/// # Errors
	/// candle's.
	pub(crate) fn tensors(&self) -> Result<&Tensors> {
		if let Some(tensors) = self.tensors.get() {
			return Ok(tensors);
		}
		let expanded = Tensors::expand(&self.config, &self.weights)?;
		Ok(self.tensors.get_or_init(|| expanded))
	}

	#[cfg(test)]
	pub(crate) fn tensors_mut(&mut self) -> &mut Tensors {
		self.tensors().expect("tensors expand");
		self.tensors.get_mut().expect("they were just made")
	}
}
