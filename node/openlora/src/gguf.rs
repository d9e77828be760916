//! Bases from GGUF files, as llama.cpp's converter writes them.

pub(crate) mod reader;
mod settings;
mod value;
mod vocabulary;
pub(crate) mod writer;

use std::path::Path;

use crate::{
	adapter::Module,
	base::{Base, SpecialTokens},
	chat::ChatTemplate,
	config::Config,
	error::{Error, Result},
	weights::{Slot, Stored, Weights},
};
use reader::Gguf;

/// Loads a base from the GGUF file at `path`.
pub(crate) fn load(path: &Path) -> Result<Base> {
	let mut file = Gguf::open(path)?;
	let config = settings::config(&file)?;
	check_tensor_names(&file, &config)?;
	let tokenizer = vocabulary::tokenizer(&file)?;
	let chat = match file.get("tokenizer.chat_template") {
		Some(value) => {
			let text = value.text("tokenizer.chat_template")?;
			Some(ChatTemplate::new(text, vocabulary::texts(&file, special(&file)?)?)?)
		}
		None => None,
	};
	let special = special(&file)?;
	let mut stop_tokens = Vec::new();
	for key in ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"] {
		stop_tokens.extend(token(&file, key)?);
	}
	let weights = Weights::collect(&config, |slot| {
		let mut tensor = file.tensor(&tensor_name(slot))?;
		tensor.order = match interleaved_heads(slot, &config) {
			Some(heads) => Some(unpermuted(&tensor, heads)?),
			None => None,
		};
		Ok(tensor)
	})?;
	Base::new(config, weights, tokenizer, chat, special, stop_tokens)
}

/// The name that llama.cpp gives a tensor.
pub(crate) fn tensor_name(slot: Slot) -> String {
	let part = |module| match module {
		Module::Q => "attn_q",
		Module::K => "attn_k",
		Module::V => "attn_v",
		Module::O => "attn_output",
		Module::Gate => "ffn_gate",
		Module::Up => "ffn_up",
		Module::Down => "ffn_down",
	};
	match slot {
		Slot::Embedding => "token_embd.weight".into(),
		Slot::Norm => "output_norm.weight".into(),
		Slot::Head => "output.weight".into(),
		Slot::AttentionNorm(layer) => format!("blk.{layer}.attn_norm.weight"),
		Slot::FeedForwardNorm(layer) => format!("blk.{layer}.ffn_norm.weight"),
		Slot::Projection(layer, module) => {
			format!("blk.{layer}.{}.weight", part(module))
		}
		Slot::Bias(layer, module) => format!("blk.{layer}.{}.bias", part(module)),
		Slot::HeadNorm(layer, module) => format!("blk.{layer}.{}_norm.weight", part(module)),
		Slot::RopeFactors => "rope_freqs.weight".into(),
	}
}

/// How many heads a projection has whose rows the file has in llama.cpp's order.
pub(crate) fn interleaved_heads(slot: Slot, config: &Config) -> Option<usize> {
	match slot {
		_ if !config.architecture.facts().interleaved => None,
		Slot::Projection(_, Module::Q) => Some(config.heads),
		Slot::Projection(_, Module::K) => Some(config.kv_heads),
		_ => None,
	}
}

/// Where Hugging Face's rows of a query or key projection are in the file.
///
/// llama.cpp's converter stores each head's rows with the two halves of every rotated pair side by
/// side; Hugging Face, and so every PEFT adapter, has the first halves before the second ones.
fn unpermuted(weight: &Stored, heads: usize) -> Result<Vec<usize>> {
	let rows = weight.shape.first().copied().unwrap_or_default();
	interleaved_rows(rows, heads).ok_or_else(|| {
		let mut expected = weight.shape.clone();
		expected.splice(..expected.len().min(1), [heads * 2]);
		let (name, found) = (weight.name.clone(), weight.shape.clone());
		Error::WrongShape { name, expected, found }
	})
}

/// For each of Hugging Face's rows of so many heads, which one it is in llama.cpp's order; none when
/// they do not divide into heads and pairs.
pub(crate) fn interleaved_rows(rows: usize, heads: usize) -> Option<Vec<usize>> {
	let pairs = rows.checked_div(heads * 2).filter(|pairs| pairs * heads * 2 == rows)?;
	let place = |row: usize| {
		let (head, within) = (row / (2 * pairs), row % (2 * pairs));
		head * 2 * pairs + within % pairs * 2 + within / pairs
	};
	Some((0..rows).map(place).collect())
}

/// What llama.cpp's converter does to query and key rows; the inverse of [`unpermuted`].
#[cfg(any(test, feature = "testing"))]
pub(crate) fn permute(
	slot: Slot,
	weight: &candle_core::Tensor,
	config: &Config,
) -> candle_core::Tensor {
	let Some(heads) = interleaved_heads(slot, config) else { return weight.clone() };
	let (rows, columns) = weight.dims2().expect("projections are matrices");
	weight
		.reshape((heads, 2, rows / heads / 2, columns))
		.and_then(|split| split.transpose(1, 2)?.contiguous()?.reshape((rows, columns)))
		.expect("rows divide into heads and halves")
}

/// The shape of the base in the file at `path`, without its weights.
pub(crate) fn load_config(path: &Path) -> Result<Config> {
	settings::config(&Gguf::open(path)?)
}

/// The shape of a base whose tensors are the ones that it has to have.
pub(crate) fn checked_config(file: &Gguf) -> Result<Config> {
	let config = settings::config(file)?;
	check_tensor_names(file, &config)?;
	for slot in Slot::all(&config) {
		let (name, expected) = (tensor_name(slot), slot.shape(&config));
		let found = file.shape(&name)?;
		if found != expected {
			return Err(Error::WrongShape { name, expected, found: found.to_vec() });
		}
	}
	Ok(config)
}

/// Refuses tensors that the forward pass would leave out.
fn check_tensor_names(file: &Gguf, config: &Config) -> Result<()> {
	let known: std::collections::HashSet<String> =
		Slot::all(config).into_iter().map(tensor_name).collect();
	let mut unknown: Vec<&str> =
		file.tensor_names().filter(|&name| !known.contains(name)).collect();
	unknown.sort_unstable();
	match unknown.first() {
		Some(&name) => Err(Error::UnexpectedTensor(name.to_string())),
		None => Ok(()),
	}
}

fn token(file: &Gguf, key: &str) -> Result<Option<u32>> {
	file.get(key).map(|value| value.token(key)).transpose()
}

fn special(file: &Gguf) -> Result<SpecialTokens> {
	Ok(SpecialTokens {
		bos: token(file, "tokenizer.ggml.bos_token_id")?,
		eos: token(file, "tokenizer.ggml.eos_token_id")?,
		pad: token(file, "tokenizer.ggml.padding_token_id")?,
	})
}

#[cfg(test)]
mod tests;
