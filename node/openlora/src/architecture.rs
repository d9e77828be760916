//! What tells the architectures of the llama family apart, in one table.

/// A block of norm, grouped-query attention with rotary embedding, norm and gated feed-forward layer,
/// in the variants of this family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Architecture {
	/// Llama 1 to 3, SmolLM and Mistral: no biases, and no norms but those of the residual stream.
	Llama,
	/// Qwen2 and Qwen2.5: biases on queries, keys and values.
	Qwen2,
	/// Qwen3: each head of queries and keys is normed before it is rotated.
	Qwen3,
}

/// How an architecture differs from the others, and how its files are written.
#[derive(Debug)]
pub(crate) struct Facts {
	/// `general.architecture` of GGUF files, with which their other keys begin.
	pub(crate) gguf: &'static str,
	/// The projections of queries, keys and values have biases.
	pub(crate) biases: bool,
	/// Query and key heads have norms of their own.
	pub(crate) head_norms: bool,
	/// llama.cpp's converter stores the two halves of every rotated pair side by side.
	pub(crate) interleaved: bool,
	/// A sliding window that a GGUF file names applies to every layer.
	pub(crate) windowed: bool,
}

/// A `model_type` of Hugging Face's `config.json`.
#[derive(Debug)]
pub(crate) struct ModelType {
	pub(crate) name: &'static str,
	pub(crate) architecture: Architecture,
	pub(crate) window: WindowField,
}

/// What the field `sliding_window` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WindowField {
	/// Nothing.
	Ignored,
	/// The window of every layer, unless it is null.
	EveryLayer,
	/// The window of the layers from `max_window_layers` on, if `use_sliding_window` says so.
	UpperLayers,
}

/// Every `model_type` that is read.
pub(crate) const MODEL_TYPES: [ModelType; 4] = [
	ModelType { name: "llama", architecture: Architecture::Llama, window: WindowField::Ignored },
	ModelType {
		name: "mistral",
		architecture: Architecture::Llama,
		window: WindowField::EveryLayer,
	},
	ModelType {
		name: "qwen2",
		architecture: Architecture::Qwen2,
		window: WindowField::UpperLayers,
	},
	ModelType {
		name: "qwen3",
		architecture: Architecture::Qwen3,
		window: WindowField::UpperLayers,
	},
];

impl Architecture {
	/// Every architecture.
	pub const ALL: [Self; 3] = [Self::Llama, Self::Qwen2, Self::Qwen3];

	/// The architecture's row of the table.
	pub(crate) const fn facts(self) -> &'static Facts {
		match self {
			Self::Llama => &Facts {
				gguf: "llama",
				biases: false,
				head_norms: false,
				interleaved: true,
				windowed: true,
			},
			Self::Qwen2 => &Facts {
				gguf: "qwen2",
				biases: true,
				head_norms: false,
				interleaved: false,
				windowed: false,
			},
			Self::Qwen3 => &Facts {
				gguf: "qwen3",
				biases: false,
				head_norms: true,
				interleaved: false,
				windowed: false,
			},
		}
	}

	/// The architecture of that name in GGUF files.
	pub(crate) fn from_gguf(name: &str) -> Option<Self> {
		Self::ALL.into_iter().find(|architecture| architecture.facts().gguf == name)
	}
}
