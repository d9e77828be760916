//! Tools that the model may call.

use openlora::Grammar;
use serde_json::{Value, json};

use super::{Body, refuse};
use crate::{calls::Style, error::Refusal};

/// Tools of a request.
const MAX_TOOLS: usize = 128;
/// The longest name of one, in bytes.
const MAX_NAME: usize = 64;

/// Tools, and whether one has to be called.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
	/// As they came.
	pub(crate) tools: Vec<Value>,
	/// Names with the schemas of their arguments.
	functions: Vec<(String, Value)>,
	/// Those of which one has to be called.
	forced: Option<Vec<(String, Value)>>,
}

impl Body {
	/// The tools, unless none is to be called.
	pub(crate) fn offer(&self) -> Result<Option<Offer>, Refusal> {
		let tools = self.tools.as_deref().unwrap_or_default();
		let functions = tools.iter().map(function).collect::<Result<Vec<_>, Refusal>>()?;
		if tools.len() > MAX_TOOLS {
			return refuse("tools", format!("at most {MAX_TOOLS} are taken"));
		}
		let named = |name: &str| functions.iter().filter(|(other, _)| other == name).count();
		if let Some((twice, _)) = functions.iter().find(|(name, _)| named(name) > 1) {
			return refuse("tools", format!("{twice:?} is there twice"));
		}
		let forced = match self.tool_choice.as_ref().unwrap_or(&Value::Null) {
			Value::Null => None,
			Value::String(choice) => match choice.as_str() {
				"none" => return Ok(None),
				"auto" => None,
				"required" => Some(functions.clone()),
				_ => {
					return refuse(
						"tool_choice",
						"it has to be none, auto, required or a function",
					);
				}
			},
			choice => {
				let name = choice.get("function").and_then(|function| function.get("name"));
				let chosen = functions
					.iter()
					.find(|(own, _)| Some(own.as_str()) == name.and_then(Value::as_str));
				match chosen {
					Some(chosen) => Some(vec![chosen.clone()]),
					None => return refuse("tool_choice", "there is no tool of that name"),
				}
			}
		};
		if forced.as_ref().is_some_and(Vec::is_empty) {
			return refuse("tool_choice", "there are no tools to call");
		}
		let tools = tools.to_vec();
		Ok((!tools.is_empty()).then_some(Offer { tools, functions, forced }))
	}
}

impl Offer {
	/// The tools' names.
	pub(crate) fn names(&self) -> Vec<String> {
		self.functions.iter().map(|(name, _)| name.clone()).collect()
	}

	/// What an answer has to be that calls one of them, where one has to be called.
	pub(crate) fn grammar(&self, style: Style) -> Option<Grammar> {
		let arguments = style.arguments();
		let call = |(name, schema): &(String, Value)| {
			json!({
				"type": "object",
				"properties": { "name": { "const": name }, arguments: schema },
				"required": ["name", arguments],
				"additionalProperties": false,
			})
		};
		let calls: Vec<Value> = self.forced.as_ref()?.iter().map(call).collect();
		Some(Grammar::JsonSchema(match calls.as_slice() {
			[call] => call.clone(),
			_ => json!({ "anyOf": calls }),
		}))
	}
}

/// A tool's name, and the schema of its arguments.
fn function(tool: &Value) -> Result<(String, Value), Refusal> {
	if tool.get("type").and_then(Value::as_str) != Some("function") {
		return refuse("tools", "each has to be of the type function");
	}
	let function = tool.get("function").unwrap_or(&Value::Null);
	let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
	let name = match function.get("name").and_then(Value::as_str) {
		Some(name) if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_letter) => name,
		_ => {
			return refuse(
				"tools",
				"a function needs a name of 1 to 64 letters, digits, _, - and .",
			);
		}
	};
	let schema = match function.get("parameters").unwrap_or(&Value::Null) {
		Value::Null => json!({ "type": "object" }),
		schema @ Value::Object(_) => schema.clone(),
		_ => return refuse("tools", format!("parameters of {name:?} have to be a JSON Schema")),
	};
	Ok((name.to_string(), schema))
}
