//! `adapter_config.json` as PEFT writes it: what is understood, and what is refused by name.

use serde_json::{Map, Value, json};

use super::Module;
use crate::error::{Error, Result};

/// Largest rank accepted: the rank of a full update of every base this engine is meant for.
pub(crate) const MAX_RANK: usize = 4096;

/// Fields that do not change what a trained adapter computes.
const WITHOUT_EFFECT: &[&str] = &[
	"auto_mapping",
	"base_model_name_or_path",
	"inference_mode",
	"lora_dropout",
	"peft_version",
	"revision",
	"runtime_config",
	"task_type",
	"eva_config",
];

/// Fields that are read below.
const UNDERSTOOD: &[&str] =
	&["peft_type", "r", "lora_alpha", "target_modules", "use_rslora", "init_lora_weights", "bias"];

/// Ways of initialising that leave the base's own weights as they are. Others (PiSSA, OLoRA,
/// CorDA, LoftQ) move part of the base into the adapter, which is then wrong on the plain base.
const PLAIN_INITIALISATIONS: &[&str] = &["gaussian", "orthogonal", "eva", "lora_ga", "default"];

/// The configuration of a LoRA adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct PeftConfig {
	/// Rank of the update, within 1..=4096.
	pub r: usize,
	/// Numerator of the scaling.
	pub alpha: f64,
	/// Adapted projections, ascending and without repetition.
	pub target_modules: Vec<Module>,
	/// Whether the scaling is `alpha / √r` (rank-stabilised, arXiv:2312.03732) and not `alpha / r`.
	pub rslora: bool,
	/// What the adapter says its base is; for people, never relied on.
	pub base_model: Option<String>,
}

impl PeftConfig {
	/// A configuration with plain scaling; modules are sorted and repetitions dropped.
	///
	/// # Errors
	/// [`Error::InvalidOption`] when rank, alpha or the list of modules is out of range.
	pub fn new(r: usize, alpha: f64, modules: impl IntoIterator<Item = Module>) -> Result<Self> {
		let mut target_modules: Vec<Module> = modules.into_iter().collect();
		target_modules.sort_unstable();
		target_modules.dedup();
		let config = Self { r, alpha, target_modules, rslora: false, base_model: None };
		config.validate()?;
		Ok(config)
	}

	/// Checks the ranges.
	///
	/// # Errors
	/// [`Error::InvalidOption`] naming the first field out of range.
	pub fn validate(&self) -> Result<()> {
		let refuse =
			|option, value: String, reason| Err(Error::InvalidOption { option, value, reason });
		if self.r == 0 || self.r > MAX_RANK {
			return refuse("r", self.r.to_string(), "the rank has to be within 1..=4096");
		}
		if !self.alpha.is_finite() || self.alpha <= 0.0 {
			return refuse(
				"lora_alpha",
				self.alpha.to_string(),
				"it has to be positive and finite",
			);
		}
		if self.target_modules.is_empty() {
			return refuse("target_modules", "[]".into(), "name at least one projection");
		}
		if !self.target_modules.is_sorted_by(|a, b| a < b) {
			let names = format!("{:?}", self.target_modules);
			return refuse("target_modules", names, "list each projection once, in order");
		}
		Ok(())
	}

	/// Factor on the low-rank product.
	pub fn scale(&self) -> f64 {
		let r = self.r as f64;
		self.alpha / if self.rslora { r.sqrt() } else { r }
	}

	/// Reads `adapter_config.json`.
	///
	/// # Errors
	/// [`Error::Malformed`] for what is not a PEFT configuration, [`Error::UnsupportedAdapter`]
	/// naming the field for what this engine does not do exactly.
	pub fn from_json(text: &str) -> Result<Self> {
		const WHAT: &str = "adapter_config.json";
		let fields: Map<String, Value> =
			serde_json::from_str(text).map_err(|e| Error::malformed(WHAT, e))?;
		let field = |name: &str| fields.get(name).unwrap_or(&Value::Null);
		let unsupported = |name: &str| Error::UnsupportedAdapter {
			field: name.to_string(),
			value: field(name).to_string(),
		};

		if field("peft_type") != "LORA" {
			return Err(unsupported("peft_type"));
		}
		if !(field("task_type").is_null() || field("task_type") == "CAUSAL_LM") {
			return Err(unsupported("task_type"));
		}
		if !(field("bias").is_null() || field("bias") == "none") {
			return Err(unsupported("bias"));
		}
		match field("init_lora_weights") {
			Value::Null | Value::Bool(_) => {}
			Value::String(name) if PLAIN_INITIALISATIONS.contains(&name.as_str()) => {}
			_ => return Err(unsupported("init_lora_weights")),
		}
		for (name, value) in &fields {
			let known =
				WITHOUT_EFFECT.contains(&name.as_str()) || UNDERSTOOD.contains(&name.as_str());
			if !known && !is_off(value) {
				return Err(unsupported(name));
			}
		}

		let r = field("r")
			.as_u64()
			.and_then(|r| usize::try_from(r).ok())
			.ok_or_else(|| Error::malformed(WHAT, "r is not a whole number"))?;
		let alpha = field("lora_alpha")
			.as_f64()
			.ok_or_else(|| Error::malformed(WHAT, "lora_alpha is not a number"))?;
		let rslora = match field("use_rslora") {
			Value::Null => false,
			Value::Bool(on) => *on,
			_ => return Err(Error::malformed(WHAT, "use_rslora is neither true nor false")),
		};
		let mut target_modules = match field("target_modules") {
			Value::String(all) if all == "all-linear" => Module::ALL.to_vec(),
			Value::Array(names) => names
				.iter()
				.map(|name| {
					let short = name.as_str().map(|name| name.rsplit('.').next().unwrap_or(name));
					short.and_then(Module::from_name).ok_or_else(|| Error::UnsupportedAdapter {
						field: "target_modules".into(),
						value: name.to_string(),
					})
				})
				.collect::<Result<Vec<_>>>()?,
			_ => return Err(unsupported("target_modules")),
		};
		target_modules.sort_unstable();
		target_modules.dedup();
		let base_model = field("base_model_name_or_path").as_str().map(str::to_string);
		let config = Self { r, alpha, target_modules, rslora, base_model };
		config.validate()?;
		Ok(config)
	}

	/// Writes `adapter_config.json`; the same configuration always gives the same bytes.
	pub fn to_json(&self) -> String {
		let modules: Vec<&str> = self.target_modules.iter().map(|module| module.name()).collect();
		// serde_json's map is sorted by key, or keeps this order where another crate of the build
		// asks it to: alphabetical here, so that both give the same bytes.
		json!({
			"base_model_name_or_path": self.base_model,
			"bias": "none",
			"fan_in_fan_out": false,
			"inference_mode": true,
			"lora_alpha": self.alpha,
			"lora_dropout": 0.0,
			"peft_type": "LORA",
			"r": self.r,
			"target_modules": modules,
			"task_type": "CAUSAL_LM",
			"use_dora": false,
			"use_rslora": self.rslora,
		})
		.to_string()
	}
}

/// Whether a switch that this engine does not know is switched off.
fn is_off(value: &Value) -> bool {
	match value {
		Value::Null | Value::Bool(false) => true,
		Value::Array(items) => items.is_empty(),
		Value::Object(fields) => fields.is_empty(),
		_ => false,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn with(field: &str, value: Value) -> Result<PeftConfig> {
		let mut fields = json!({
			"peft_type": "LORA", "r": 8, "lora_alpha": 16,
			"target_modules": ["v_proj", "q_proj"], "task_type": "CAUSAL_LM",
			"bias": "none", "fan_in_fan_out": false, "use_dora": false, "modules_to_save": null,
			"rank_pattern": {}, "layers_to_transform": null, "megatron_core": null,
		});
		fields[field] = value;
		PeftConfig::from_json(&fields.to_string())
	}

	#[test]
	fn config_is_read_when_every_unknown_switch_is_off() {
		let config = with("lora_dropout", json!(0.1)).unwrap();
		assert_eq!(config.target_modules, [Module::Q, Module::V]);
		assert_eq!((config.r, config.scale()), (8, 2.0));
	}

	#[test]
	fn config_survives_when_written_and_read() {
		let mut config = PeftConfig::new(4, 6.5, [Module::Down, Module::Q, Module::Down]).unwrap();
		config.rslora = true;
		config.base_model = Some("a \"quoted\" name".into());
		assert_eq!(PeftConfig::from_json(&config.to_json()).unwrap(), config);
		assert_eq!(config.scale(), 6.5 / 2.0);
	}

	#[test]
	fn config_is_refused_by_name_when_a_feature_is_not_supported() {
		let refusals = [
			("peft_type", json!("IA3")),
			("task_type", json!("SEQ_CLS")),
			("bias", json!("all")),
			("use_dora", json!(true)),
			("fan_in_fan_out", json!(true)),
			("lora_bias", json!(true)),
			("modules_to_save", json!(["lm_head"])),
			("rank_pattern", json!({"q_proj": 4})),
			("alpha_pattern", json!({"q_proj": 4})),
			("layers_to_transform", json!([0, 1])),
			("layer_replication", json!([[0, 1]])),
			("trainable_token_indices", json!([3])),
			("init_lora_weights", json!("pissa_niter_4")),
			("init_lora_weights", json!("olora")),
			("target_modules", json!(["q_proj", "lm_head"])),
			("target_modules", json!(".*_proj")),
			("a_switch_of_a_later_release", json!(3)),
		];
		for (name, value) in refusals {
			match with(name, value.clone()) {
				Err(Error::UnsupportedAdapter { field, .. }) => assert_eq!(field, name),
				other => panic!("{name} = {value} gave {other:?}"),
			}
		}
	}

	#[test]
	fn config_is_refused_when_a_number_is_out_of_range() {
		for (name, value) in [
			("r", json!(0)),
			("r", json!(MAX_RANK + 1)),
			("lora_alpha", json!(0)),
			("lora_alpha", json!(-1)),
			("target_modules", json!([])),
		] {
			assert!(matches!(with(name, value), Err(Error::InvalidOption { .. })), "{name}");
		}
	}

	#[test]
	fn config_is_refused_when_it_is_not_what_peft_writes() {
		assert!(matches!(PeftConfig::from_json("["), Err(Error::Malformed { .. })));
		assert!(matches!(PeftConfig::from_json("[]"), Err(Error::Malformed { .. })));
		assert!(matches!(with("r", json!("8")), Err(Error::Malformed { .. })));
		assert!(matches!(with("r", json!(-8)), Err(Error::Malformed { .. })));
		assert!(matches!(with("lora_alpha", json!(null)), Err(Error::Malformed { .. })));
		assert!(matches!(with("use_rslora", json!("yes")), Err(Error::Malformed { .. })));
	}
}
