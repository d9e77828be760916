//! Changes of JSON texts.

use arbitrary::{Result, Unstructured};
use serde_json::{Value, json};

/// What a configuration may have under its keys, of every type and of none that is right.
const KEYS: [&str; 26] = [
	"r",
	"lora_alpha",
	"target_modules",
	"exclude_modules",
	"layers_to_transform",
	"layers_pattern",
	"rank_pattern",
	"alpha_pattern",
	"use_rslora",
	"use_dora",
	"bias",
	"init_lora_weights",
	"peft_type",
	"task_type",
	"hidden_size",
	"num_hidden_layers",
	"num_attention_heads",
	"num_key_value_heads",
	"head_dim",
	"vocab_size",
	"rope_theta",
	"rms_norm_eps",
	"eos_token_id",
	"rope_scaling",
	"dtype",
	"data_offsets",
];

const TEXTS: [&str; 26] = [
	"",
	"LORA",
	"F32",
	"BF16",
	"I64",
	"all-linear",
	"q_proj",
	"layers.1.*",
	r".*\.(q|v)_proj",
	r"model\.layers\.[01]\..*_proj",
	r"(?:a|aa)+$",
	r"((((.*)*)*)*)*",
	r"\w{1000}\w{1000}",
	r"(?:\w{200}){200}",
	r"[[:alpha:]&&a]",
	r"a)|(b",
	r"(?P<idx>\d)",
	r"(?=x)",
	r"\d+*",
	r"^$",
	r"\",
	"[",
	"\u{0}",
	"é",
	"NaN",
	"model.layers.0.self_attn.q_proj",
];

fn value(u: &mut Unstructured, depth: u32) -> Result<Value> {
	Ok(match u.int_in_range(0..=10)? {
		0 => Value::Null,
		1 => json!(u.arbitrary::<bool>()?),
		2 => json!(u.int_in_range(-2..=70_000)?),
		3 => json!(u.arbitrary::<i64>()?),
		4 => json!(u.arbitrary::<f64>()?),
		5 => json!([0, 1]),
		6 | 7 => json!(*u.choose(&TEXTS)?),
		8 if depth < 3 => {
			let len = u.int_in_range(0..=3)?;
			Value::Array((0..len).map(|_| value(u, depth + 1)).collect::<Result<_>>()?)
		}
		9 if depth < 3 => {
			let len = u.int_in_range(0..=3)?;
			let mut entry = || Ok((u.choose(&TEXTS)?.to_string(), value(u, depth + 1)?));
			Value::Object((0..len).map(|_| entry()).collect::<Result<_>>()?)
		}
		_ => json!(u64::MAX),
	})
}

/// Changes one value somewhere in the tree.
fn change_tree(u: &mut Unstructured, tree: &mut Value) -> Result<()> {
	let inner = u.ratio(2, 3)?;
	match tree {
		Value::Object(fields) if !fields.is_empty() && inner => {
			let key = fields.keys().nth(u.choose_index(fields.len())?).cloned().unwrap_or_default();
			match u.int_in_range(0..=5)? {
				0 => drop(fields.remove(&key)),
				1 => {
					let renamed = format!("{key}{}", u.choose(&TEXTS)?);
					let old = fields.remove(&key).unwrap_or_default();
					fields.insert(renamed, old);
				}
				2 => drop(fields.insert(u.choose(&KEYS)?.to_string(), value(u, 0)?)),
				_ => change_tree(u, fields.entry(key).or_insert(Value::Null))?,
			}
		}
		Value::Array(items) if !items.is_empty() && inner => {
			let index = u.choose_index(items.len())?;
			match u.int_in_range(0..=4)? {
				0 => drop(items.remove(index)),
				1 => items.push(value(u, 1)?),
				_ => change_tree(u, &mut items[index])?,
			}
		}
		Value::Number(number) if inner => {
			let old = number.as_u64().unwrap_or(1);
			*tree = match u.int_in_range(0..=3)? {
				0 => json!(old.wrapping_add(u.int_in_range(1..=64)?)),
				1 => json!(old.saturating_sub(u.int_in_range(1..=64)?)),
				2 => json!(old.saturating_mul(1 << u.int_in_range(1..=62)?)),
				_ => json!(-1),
			};
		}
		other => *other = value(u, 0)?,
	}
	Ok(())
}

/// Changes one or two places of a JSON text, then perhaps the text itself.
pub fn change(u: &mut Unstructured, text: &str) -> Result<Vec<u8>> {
	let mut tree: Value = serde_json::from_str(text).expect("the original is JSON");
	for _ in 0..u.int_in_range(1..=2)? {
		change_tree(u, &mut tree)?;
	}
	let mut text = tree.to_string().into_bytes();
	match u.int_in_range(0..=23)? {
		0 => text.truncate(u.choose_index(text.len() + 1)?),
		1 => text = [&b"[".repeat(u.int_in_range(1..=4000)?)[..], &text].concat(),
		2 if !text.is_empty() => {
			let at = u.choose_index(text.len())?;
			text[at] = u.arbitrary()?;
		}
		// A key twice, where the text begins with one.
		3 if text.starts_with(b"{\"") && text.len() > 2 => {
			let first = br#"{"rank_pattern":{"q_proj":1,"q_proj":2},"#;
			text.splice(..1, first.iter().copied());
		}
		_ => {}
	}
	Ok(text)
}
