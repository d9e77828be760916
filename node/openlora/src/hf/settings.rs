//! `config.json` of a Hugging Face folder.

use serde_json::Value;

use crate::{
	architecture::{MODEL_TYPES, ModelType, WindowField},
	config::Config,
	error::{Error, Result},
	rope::RopeScaling,
};

const WHAT: &str = "config.json";
const DEFAULT_ROPE_THETA: f64 = 10_000.0;

/// The fields of `config.json`, checked to be those of an architecture of the table.
pub(super) struct Settings {
	fields: Value,
	model: &'static ModelType,
}

impl Settings {
	pub(super) fn new(fields: Value) -> Result<Self> {
		let name = fields.get("model_type").unwrap_or(&Value::Null);
		let Some(model) = MODEL_TYPES.iter().find(|model| *name == model.name) else {
			return Err(Error::UnsupportedBase(format!("model_type {name}")));
		};
		let settings = Self { fields, model };
		for (name, plain) in [
			("hidden_act", Value::from("silu")),
			("attention_bias", Value::from(false)),
			("mlp_bias", Value::from(false)),
			("partial_rotary_factor", Value::from(1.0)),
		] {
			let value = settings.field(name);
			if !value.is_null() && *value != plain {
				return Err(Error::UnsupportedBase(format!("{name} {value}")));
			}
		}
		let kinds = settings.field("layer_types");
		if kinds.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind != "full_attention")) {
			return Err(Error::UnsupportedBase(format!("layer_types {kinds}")));
		}
		if let Some(quantised) = settings.fields.get("quantization_config").filter(|v| !v.is_null())
		{
			return Err(Error::UnsupportedBase(format!("quantization_config {quantised}")));
		}
		Ok(settings)
	}

	/// "rope_scaling" up to transformers 4, "rope_parameters" from 5 on.
	fn rope_scaling(&self) -> Result<RopeScaling> {
		let mut result = RopeScaling::None;
		for name in ["rope_scaling", "rope_parameters"] {
			let value = self.field(name);
			if value.is_null() {
				continue;
			}
			let number = |field: &str| {
				let number = value.get(field).and_then(Value::as_f64);
				number.ok_or_else(|| Error::malformed(WHAT, format!("{name} has no {field}")))
			};
			let kind = value.get("rope_type").or_else(|| value.get("type"));
			let kind = kind.and_then(Value::as_str);
			let partial = value.get("partial_rotary_factor").unwrap_or(&Value::Null);
			result = match kind {
				_ if !partial.is_null() && *partial != 1.0 => {
					return Err(Error::UnsupportedBase(format!("{name} {value}")));
				}
				Some("default") => continue,
				Some("linear") => RopeScaling::Linear { factor: number("factor")? },
				Some("llama3") => RopeScaling::Llama3 {
					factor: number("factor")?,
					low: number("low_freq_factor")?,
					high: number("high_freq_factor")?,
					original: number("original_max_position_embeddings")?,
				},
				_ => return Err(Error::UnsupportedBase(format!("{name} {value}"))),
			};
		}
		Ok(result)
	}

	/// The window of every layer.
	///
	/// # Errors
	/// [`Error::UnsupportedBase`] when only some layers have one that is shorter than the context.
	fn window(&self, layers: usize, context: usize) -> Result<Option<usize>> {
		const NAME: &str = "sliding_window";
		let applies = match self.model.window {
			WindowField::Ignored => false,
			WindowField::EveryLayer => true,
			WindowField::UpperLayers => *self.field("use_sliding_window") == true,
		};
		if !applies || self.field(NAME).is_null() {
			return Ok(None);
		}
		let window = Some(self.size(NAME)?).filter(|&window| window < context);
		let Some(window) = window else { return Ok(None) };
		if self.model.window == WindowField::UpperLayers {
			let first = match self.field("max_window_layers") {
				Value::Null => 0,
				_ => self.size("max_window_layers")?,
			};
			if first >= layers {
				return Ok(None);
			}
			let reason = format!("{NAME} {window} for the layers from {first} on");
			return Err(Error::UnsupportedBase(reason));
		}
		Ok(Some(window))
	}

	pub(super) fn config(&self) -> Result<Config> {
		let (hidden, heads) = (self.size("hidden_size")?, self.size("num_attention_heads")?);
		let head_dim = match self.field("head_dim") {
			Value::Null if heads > 0 && hidden.is_multiple_of(heads) => hidden / heads,
			Value::Null => {
				let reason = format!("{heads} heads do not divide a width of {hidden}");
				return Err(Error::InvalidConfig(reason));
			}
			_ => self.size("head_dim")?,
		};
		let kv_heads = match self.field("num_key_value_heads") {
			Value::Null => heads,
			_ => self.size("num_key_value_heads")?,
		};
		let theta = [self.field("rope_theta"), &self.fields["rope_parameters"]["rope_theta"]]
			.into_iter()
			.find(|value| !value.is_null());
		let rope_theta = match theta {
			None => DEFAULT_ROPE_THETA,
			Some(theta) => theta
				.as_f64()
				.ok_or_else(|| Error::malformed(WHAT, "rope_theta is not a number"))?,
		};
		let (layers, context) =
			(self.size("num_hidden_layers")?, self.size("max_position_embeddings")?);
		let config = Config {
			architecture: self.model.architecture,
			hidden,
			intermediate: self.size("intermediate_size")?,
			layers,
			heads,
			kv_heads,
			head_dim,
			vocab: self.size("vocab_size")?,
			context,
			rope_theta,
			rope_scaling: self.rope_scaling()?,
			window: self.window(layers, context)?,
			rms_eps: self
				.field("rms_norm_eps")
				.as_f64()
				.ok_or_else(|| Error::malformed(WHAT, "rms_norm_eps is not a number"))?,
			tied: self.field("tie_word_embeddings").as_bool().unwrap_or(false),
		};
		config.validate()?;
		Ok(config)
	}

	/// The ids under `name`: one, several, or none when it is absent.
	pub(super) fn tokens(&self, name: &str) -> Result<Vec<u32>> {
		tokens(&self.fields, name)
	}

	fn field(&self, name: &str) -> &Value {
		self.fields.get(name).unwrap_or(&Value::Null)
	}

	fn size(&self, name: &str) -> Result<usize> {
		match self.field(name) {
			Value::Null => Err(Error::MissingMetadata(name.to_string())),
			value => value
				.as_u64()
				.and_then(|value| usize::try_from(value).ok())
				.ok_or_else(|| Error::malformed(WHAT, format!("{name} is {value}"))),
		}
	}
}

/// The token ids under `name`: one, several, or none when it is absent.
pub(super) fn tokens(fields: &Value, name: &str) -> Result<Vec<u32>> {
	let token = |value: &Value| {
		let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
		id.ok_or_else(|| Error::malformed(name, format!("{value} is not a token id")))
	};
	match fields.get(name) {
		None | Some(Value::Null) => Ok(Vec::new()),
		Some(Value::Array(ids)) => ids.iter().map(token).collect(),
		Some(id) => Ok(vec![token(id)?]),
	}
}
