//! The configuration as JSON.

use std::fmt;

use serde::{
	Deserialize, Deserializer, Serialize, Serializer,
	de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{super::Module, LayerFilter, Names, Pattern, PatternMap, PeftConfig};
use crate::error::{Error, Result};

const WHAT: &str = "adapter_config.json";
/// Far more than the largest tables of ranks take.
pub(in crate::adapter) const MAX_BYTES: u64 = 1 << 20;

/// Fields that do not change what a trained adapter computes.
const WITHOUT_EFFECT: &[&str] = &[
	"auto_mapping",
	"base_model_name_or_path",
	"ensure_weight_tying",
	"eva_config",
	"inference_mode",
	"lora_dropout",
	// Of Megatron's parallel layers, which `megatron_config` switches on.
	"megatron_core",
	"peft_version",
	// Of QA-LoRA, which `use_qalora` switches on.
	"qalora_group_size",
	"revision",
	"runtime_config",
	"task_type",
];

/// Fields that are read below.
const UNDERSTOOD: &[&str] = &[
	"alpha_pattern",
	"bias",
	"exclude_modules",
	"init_lora_weights",
	"layers_pattern",
	"layers_to_transform",
	"lora_alpha",
	"peft_type",
	"r",
	"rank_pattern",
	"target_modules",
	"use_rslora",
];

/// Ways of initialising that leave the base's own weights as they are. Others (PiSSA, OLoRA,
/// CorDA, LoftQ, LoRA-GA) move part of the base into the adapter, which is then wrong on the plain
/// base.
const PLAIN_INITIALISATIONS: &[&str] = &["gaussian", "orthogonal", "eva", "default"];

impl PeftConfig {
	/// Reads `adapter_config.json`.
	///
	/// # Errors
	/// [`Error::Malformed`] for what is not a PEFT configuration, [`Error::UnsupportedAdapter`]
	/// naming the field for what this engine does not do exactly, [`Error::UnsupportedPattern`] for an
	/// expression, [`Error::OversizedHeader`] beyond a MiB.
	pub fn from_json(text: &str) -> Result<Self> {
		if text.len() as u64 > MAX_BYTES {
			let (what, found) = ("size of adapter_config.json in bytes", text.len() as u64);
			return Err(Error::OversizedHeader { what, found, limit: MAX_BYTES });
		}
		let fields = Fields(serde_json::from_str(text).map_err(|e| Error::malformed(WHAT, e))?);
		let tables: Tables = serde_json::from_str(text).map_err(|e| Error::malformed(WHAT, e))?;
		fields.check_supported()?;
		let filter = fields.layers()?;
		let config = Self {
			r: size(fields.get("r")).ok_or_else(|| wrong("r is not a whole number"))?,
			alpha: fields
				.get("lora_alpha")
				.as_f64()
				.ok_or_else(|| wrong("lora_alpha is not a number"))?,
			target_modules: fields
				.names("target_modules")?
				.ok_or_else(|| fields.unsupported("target_modules"))?,
			exclude_modules: fields.names("exclude_modules")?.filter(|names| !names.is_empty()),
			layers: filter,
			rank_pattern: table("rank_pattern", tables.rank_pattern, size)?,
			alpha_pattern: table("alpha_pattern", tables.alpha_pattern, Value::as_f64)?,
			rslora: match fields.get("use_rslora") {
				Value::Null => false,
				Value::Bool(on) => *on,
				_ => return Err(wrong("use_rslora is neither true nor false")),
			},
			base_model: fields.get("base_model_name_or_path").as_str().map(str::to_string),
		};
		config.validate()?;
		Ok(config)
	}

	/// Writes `adapter_config.json`; the same configuration always gives the same bytes.
	pub fn to_json(&self) -> String {
		let patterns = self.layers.as_ref().map(|filter| filter.patterns());
		let written = Written {
			alpha_pattern: Table(self.alpha_pattern.entries()),
			base_model_name_or_path: self.base_model.as_deref(),
			bias: "none",
			exclude_modules: self.exclude_modules.as_ref(),
			fan_in_fan_out: false,
			inference_mode: true,
			layers_pattern: patterns.filter(|patterns| !patterns.is_empty()),
			layers_to_transform: self.layers.as_ref().map(LayerFilter::layers),
			lora_alpha: self.alpha,
			lora_dropout: 0.0,
			peft_type: "LORA",
			r: self.r,
			rank_pattern: Table(self.rank_pattern.entries()),
			target_modules: &self.target_modules,
			task_type: "CAUSAL_LM",
			use_dora: false,
			use_rslora: self.rslora,
		};
		serde_json::to_string(&written).expect("text, numbers and lists have a JSON form")
	}
}

/// The fields in alphabetical order, those that are not always there left out where they say nothing.
#[derive(Serialize)]
struct Written<'a> {
	#[serde(skip_serializing_if = "Table::is_empty")]
	alpha_pattern: Table<'a, f64>,
	base_model_name_or_path: Option<&'a str>,
	bias: &'static str,
	#[serde(skip_serializing_if = "Option::is_none")]
	exclude_modules: Option<&'a Names>,
	fan_in_fan_out: bool,
	inference_mode: bool,
	#[serde(skip_serializing_if = "Option::is_none")]
	layers_pattern: Option<Vec<&'a str>>,
	#[serde(skip_serializing_if = "Option::is_none")]
	layers_to_transform: Option<&'a [usize]>,
	lora_alpha: f64,
	lora_dropout: f64,
	peft_type: &'static str,
	r: usize,
	#[serde(skip_serializing_if = "Table::is_empty")]
	rank_pattern: Table<'a, usize>,
	target_modules: &'a Names,
	task_type: &'static str,
	use_dora: bool,
	use_rslora: bool,
}

impl Serialize for Names {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		match self {
			Self::Listed(names) => names.serialize(serializer),
			Self::Pattern(pattern) => pattern.as_str().serialize(serializer),
		}
	}
}

/// A table whose order counts.
struct Table<'a, T>(&'a [(String, T)]);

impl<T> Table<'_, T> {
	fn is_empty(&self) -> bool {
		self.0.is_empty()
	}
}

impl<T: Serialize> Serialize for Table<'_, T> {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
	}
}

/// The tables in the file's order, which `Value` may not keep.
#[derive(Deserialize)]
struct Tables {
	rank_pattern: Option<Ordered>,
	alpha_pattern: Option<Ordered>,
}

struct Ordered(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Ordered {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		struct Entries;

		impl<'de> Visitor<'de> for Entries {
			type Value = Ordered;

			fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
				f.write_str("a table of numbers by pattern")
			}

			fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
				let mut seen = std::collections::HashSet::new();
				let mut entries = Vec::new();
				while let Some((key, value)) = map.next_entry::<String, Value>()? {
					if !seen.insert(key.clone()) {
						return Err(A::Error::custom(format_args!("{key:?} appears twice")));
					}
					entries.push((key, value));
				}
				Ok(Ordered(entries))
			}
		}

		deserializer.deserialize_map(Entries)
	}
}

fn table<T>(
	field: &'static str,
	found: Option<Ordered>,
	read: impl Fn(&Value) -> Option<T>,
) -> Result<PatternMap<T>> {
	let value = |(key, value): (String, Value)| match read(&value) {
		Some(value) => Ok((key, value)),
		None => Err(wrong(format!("{field} of {key:?} is {value}"))),
	};
	let entries = found.map_or_else(Vec::new, |found| found.0);
	match entries.into_iter().map(value).collect::<Result<Vec<_>>>()? {
		entries if entries.is_empty() => Ok(PatternMap::default()),
		entries => PatternMap::new(field, entries),
	}
}

struct Fields(Map<String, Value>);

impl Fields {
	fn get(&self, name: &str) -> &Value {
		self.0.get(name).unwrap_or(&Value::Null)
	}

	fn unsupported(&self, name: &str) -> Error {
		let value = self.get(name).to_string().chars().take(200).collect();
		Error::UnsupportedAdapter { field: name.to_string(), value }
	}

	/// Refuses by name what this engine does not do.
	fn check_supported(&self) -> Result<()> {
		let alternatives: [(&str, &[&str]); 3] =
			[("peft_type", &["LORA"]), ("task_type", &["", "CAUSAL_LM"]), ("bias", &["", "none"])];
		for (name, accepted) in alternatives {
			let value = match self.get(name) {
				Value::Null => Some(""),
				value => value.as_str(),
			};
			if !value.is_some_and(|value| accepted.contains(&value)) {
				return Err(self.unsupported(name));
			}
		}
		match self.get("init_lora_weights") {
			Value::Null | Value::Bool(_) => {}
			Value::String(name) if PLAIN_INITIALISATIONS.contains(&name.as_str()) => {}
			_ => return Err(self.unsupported("init_lora_weights")),
		}
		for (name, value) in &self.0 {
			let known =
				WITHOUT_EFFECT.contains(&name.as_str()) || UNDERSTOOD.contains(&name.as_str());
			if !known && !is_off(value) {
				return Err(self.unsupported(name));
			}
		}
		Ok(())
	}

	/// Modules by a list of names, an expression, or the word for all of them.
	fn names(&self, name: &'static str) -> Result<Option<Names>> {
		match self.get(name) {
			Value::Null => Ok(None),
			Value::String(text) if text.is_empty() => Ok(None),
			Value::String(all)
				if name == "target_modules" && all.eq_ignore_ascii_case("all-linear") =>
			{
				Ok(Some(Names::modules(Module::ALL)))
			}
			Value::String(text) => Ok(Some(Names::Pattern(Pattern::new(name, text)?))),
			value => texts(value)
				.map(|texts| Some(Names::listed(texts)))
				.ok_or_else(|| self.unsupported(name)),
		}
	}

	fn layers(&self) -> Result<Option<LayerFilter>> {
		let patterns = match self.get("layers_pattern") {
			Value::Null => Vec::new(),
			Value::String(text) if text.is_empty() => Vec::new(),
			Value::String(text) => vec![text.clone()],
			value => texts(value).ok_or_else(|| wrong("layers_pattern is not a list of texts"))?,
		};
		let layers = match self.get("layers_to_transform") {
			Value::Null => None,
			Value::Array(items) if items.is_empty() => None,
			Value::Array(items) => Some(items.iter().map(size).collect::<Option<Vec<_>>>()),
			value => Some(size(value).map(|layer| vec![layer])),
		};
		match layers {
			None if patterns.is_empty() => Ok(None),
			None => Err(wrong("layers_pattern without layers_to_transform")),
			Some(None) => Err(wrong("layers_to_transform is not a list of layers")),
			Some(Some(layers)) => LayerFilter::new(layers, &patterns).map(Some),
		}
	}
}

fn wrong(reason: impl fmt::Display) -> Error {
	Error::malformed(WHAT, reason)
}

fn size(value: &Value) -> Option<usize> {
	value.as_u64().and_then(|value| usize::try_from(value).ok())
}

fn texts(value: &Value) -> Option<Vec<String>> {
	value.as_array()?.iter().map(|text| text.as_str().map(str::to_string)).collect()
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
