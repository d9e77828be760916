//! `config.json` of a Hugging Face folder.

use serde_json::Value;

use crate::{
	config::Config,
	error::{Error, Result},
};

const WHAT: &str = "config.json";
const DEFAULT_ROPE_THETA: f64 = 10_000.0;

/// The fields of `config.json`, checked to be those of a llama.
pub(super) struct Settings(Value);

impl Settings {
	pub(super) fn new(fields: Value) -> Result<Self> {
		let settings = Self(fields);
		let model = settings.field("model_type");
		if model != "llama" {
			return Err(Error::UnsupportedBase(format!("model_type {model}")));
		}
		for (name, plain) in [
			("hidden_act", Value::from("silu")),
			("attention_bias", Value::from(false)),
			("mlp_bias", Value::from(false)),
		] {
			let value = settings.field(name);
			if !value.is_null() && *value != plain {
				return Err(Error::UnsupportedBase(format!("{name} {value}")));
			}
		}
		// "rope_scaling" up to transformers 4, "rope_parameters" from 5 on.
		for name in ["rope_scaling", "rope_parameters"] {
			let value = settings.field(name);
			let kind = value.get("rope_type").or_else(|| value.get("type"));
			if !value.is_null() && kind.is_none_or(|kind| kind != "default") {
				return Err(Error::UnsupportedBase(format!("{name} {value}")));
			}
		}
		if let Some(quantised) = settings.0.get("quantization_config").filter(|v| !v.is_null()) {
			return Err(Error::UnsupportedBase(format!("quantization_config {quantised}")));
		}
		Ok(settings)
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
		let theta = [self.field("rope_theta"), &self.0["rope_parameters"]["rope_theta"]]
			.into_iter()
			.find(|value| !value.is_null());
		let rope_theta = match theta {
			None => DEFAULT_ROPE_THETA,
			Some(theta) => theta
				.as_f64()
				.ok_or_else(|| Error::malformed(WHAT, "rope_theta is not a number"))?,
		};
		let config = Config {
			hidden,
			intermediate: self.size("intermediate_size")?,
			layers: self.size("num_hidden_layers")?,
			heads,
			kv_heads,
			head_dim,
			vocab: self.size("vocab_size")?,
			context: self.size("max_position_embeddings")?,
			rope_theta,
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
		tokens(&self.0, name)
	}

	fn field(&self, name: &str) -> &Value {
		self.0.get(name).unwrap_or(&Value::Null)
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
