//! What the answer has to follow.

use openlora::Grammar;
use serde_json::Value;

use super::{Body, refuse};
use crate::error::Refusal;

impl Body {
	/// The grammar of the answer, by OpenAI's `response_format` or vLLM's `guided_…`.
	pub(crate) fn grammar(&self) -> Result<Option<Grammar>, Refusal> {
		let mut asked = Vec::new();
		asked.extend(self.response_format()?.map(|grammar| ("response_format", grammar)));
		if let Some(schema) = self.guided_json.as_ref().filter(|schema| !schema.is_null()) {
			asked.push(("guided_json", Grammar::JsonSchema(schema_of("guided_json", schema)?)));
		}
		let regex = self.guided_regex.clone().map(Grammar::Regex);
		asked.extend(regex.map(|grammar| ("guided_regex", grammar)));
		let choice = self.guided_choice.clone().map(Grammar::Choice);
		asked.extend(choice.map(|grammar| ("guided_choice", grammar)));
		let lark = self.guided_grammar.clone().map(Grammar::Lark);
		asked.extend(lark.map(|grammar| ("guided_grammar", grammar)));
		match asked.as_slice() {
			[] => Ok(None),
			[(_, grammar)] => Ok(Some(grammar.clone())),
			[(first, _), (second, _), ..] => {
				refuse(second, format!("an answer follows one grammar, and {first} is one"))
			}
		}
	}

	fn response_format(&self) -> Result<Option<Grammar>, Refusal> {
		let name = "response_format";
		let Some(format) = self.response_format.as_ref().filter(|format| !format.is_null()) else {
			return Ok(None);
		};
		match format.get("type").and_then(Value::as_str) {
			Some("text") => Ok(None),
			Some("json_object") => Ok(Some(Grammar::json_object())),
			Some("json_schema") => {
				match format.get("json_schema").and_then(|schema| schema.get("schema")) {
					Some(schema) => Ok(Some(Grammar::JsonSchema(schema_of(name, schema)?))),
					None => refuse(name, "json_schema needs a schema"),
				}
			}
			_ => refuse(name, "its type has to be text, json_object or json_schema"),
		}
	}
}

/// A schema, which vLLM also takes as the text of one.
fn schema_of(name: &'static str, schema: &Value) -> Result<Value, Refusal> {
	match schema {
		Value::Object(_) => Ok(schema.clone()),
		Value::String(text) => match serde_json::from_str(text) {
			Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
			_ => refuse(name, "the text is not a JSON Schema"),
		},
		_ => refuse(name, "a schema has to be an object"),
	}
}
