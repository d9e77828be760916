//! Metadata of a GGUF file that define the base's shape.

use super::{reader::Gguf, tensor_name};
use crate::{
	architecture::Architecture,
	config::Config,
	error::{Error, Result},
	rope::RopeScaling,
	weights::Slot,
};

/// The frequency base of the first llama models, which files may leave out.
const DEFAULT_ROPE_THETA: f64 = 10_000.0;

/// The entries whose keys begin with the architecture's name.
struct Entries<'a> {
	file: &'a Gguf,
	prefix: &'static str,
}

impl Entries<'_> {
	fn key(&self, name: &str) -> String {
		format!("{}.{name}", self.prefix)
	}

	fn size(&self, name: &str) -> Result<usize> {
		let key = self.key(name);
		self.file.require(&key)?.size(&key)
	}

	fn optional_size(&self, name: &str) -> Result<Option<usize>> {
		let key = self.key(name);
		self.file.get(&key).map(|value| value.size(&key)).transpose()
	}

	fn optional_float(&self, name: &str) -> Result<Option<f64>> {
		let key = self.key(name);
		self.file.get(&key).map(|value| value.float(&key)).transpose()
	}
}

/// The shape of the base in a file.
///
/// # Errors
/// What is missing, out of range, or asks for arithmetic that the engine does not have.
pub(super) fn config(file: &Gguf) -> Result<Config> {
	let name = file.require("general.architecture")?.text("general.architecture")?;
	let architecture = Architecture::from_gguf(name)
		.ok_or_else(|| Error::UnsupportedBase(format!("architecture {name:?}")))?;
	let entries = Entries { file, prefix: architecture.facts().gguf };

	if let Some(experts) = entries.optional_size("expert_count")?.filter(|&experts| experts > 0) {
		return Err(Error::UnsupportedBase(format!("a mixture of {experts} experts")));
	}
	let (hidden, heads) =
		(entries.size("embedding_length")?, entries.size("attention.head_count")?);
	let head_dim = match entries.optional_size("attention.key_length")? {
		Some(width) => width,
		None if heads > 0 && hidden.is_multiple_of(heads) => hidden / heads,
		None => {
			let reason = format!("{heads} heads do not divide a width of {hidden}");
			return Err(Error::InvalidConfig(reason));
		}
	};
	for name in ["rope.dimension_count", "attention.value_length"] {
		if let Some(found) = entries.optional_size(name)?.filter(|&found| found != head_dim) {
			let reason = format!("{name} {found} with heads of width {head_dim}");
			return Err(Error::UnsupportedBase(reason));
		}
	}
	let embedding = tensor_name(Slot::Embedding);
	let &[vocab, _] = file.shape(&embedding)? else {
		return Err(Error::malformed(embedding, "not a matrix"));
	};
	let context = entries.size("context_length")?;
	let eps = entries.key("attention.layer_norm_rms_epsilon");
	let config = Config {
		architecture,
		hidden,
		intermediate: entries.size("feed_forward_length")?,
		layers: entries.size("block_count")?,
		heads,
		kv_heads: entries.optional_size("attention.head_count_kv")?.unwrap_or(heads),
		head_dim,
		vocab,
		context,
		rope_theta: entries.optional_float("rope.freq_base")?.unwrap_or(DEFAULT_ROPE_THETA),
		rope_scaling: rope_scaling(&entries)?,
		window: window(&entries, architecture, context)?,
		rms_eps: file.require(&eps)?.float(&eps)?,
		tied: !has_tensor(file, Slot::Head),
	};
	config.validate()?;
	Ok(config)
}

fn has_tensor(file: &Gguf, slot: Slot) -> bool {
	file.tensor_names().any(|name| name == tensor_name(slot))
}

/// A factor without a type is a linear one, to llama.cpp as well.
fn rope_scaling(entries: &Entries<'_>) -> Result<RopeScaling> {
	let key = entries.key("rope.scaling.type");
	let kind = entries.file.get(&key).map(|value| value.text(&key)).transpose()?;
	let factor = match entries.optional_float("rope.scaling.factor")? {
		None => entries.optional_float("rope.scale_linear")?,
		factor => factor,
	};
	let linear = match kind {
		Some("none") => None,
		None | Some("linear") => factor.filter(|&factor| factor != 0.0 && factor != 1.0),
		Some(other) => {
			return Err(Error::UnsupportedBase(format!("rotary scaling {other:?}")));
		}
	};
	if let Some(scale) =
		entries.optional_float("rope.scaling.attn_factor")?.filter(|&scale| scale != 1.0)
	{
		return Err(Error::UnsupportedBase(format!("rope.scaling.attn_factor {scale}")));
	}
	match (linear, has_tensor(entries.file, Slot::RopeFactors)) {
		(None, false) => Ok(RopeScaling::None),
		(Some(factor), false) => Ok(RopeScaling::Linear { factor }),
		(None, true) => Ok(RopeScaling::Factors),
		(Some(factor), true) => Err(Error::UnsupportedBase(format!(
			"rotary scaling by {factor} and by {}",
			tensor_name(Slot::RopeFactors)
		))),
	}
}

/// The window of every layer. Where it depends on the layer, the file does not say for which it is
/// meant: that is refused unless the window is as long as the context.
fn window(
	entries: &Entries<'_>,
	architecture: Architecture,
	context: usize,
) -> Result<Option<usize>> {
	const NAME: &str = "attention.sliding_window";
	let window = entries.optional_size(NAME)?.filter(|&window| window > 0 && window < context);
	match window {
		Some(window) if !architecture.facts().windowed => {
			Err(Error::UnsupportedBase(format!("{} {window}", entries.key(NAME))))
		}
		window => Ok(window),
	}
}
