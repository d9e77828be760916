//! The conversation.

use openlora::Base;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Body, Offer, refuse};
use crate::error::Refusal;

/// A message as it came.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatMessage {
	role: String,
	#[serde(default)]
	content: Value,
	#[serde(default)]
	name: Option<String>,
	#[serde(default)]
	tool_calls: Option<Vec<Value>>,
	#[serde(default)]
	tool_call_id: Option<String>,
}

/// What a chat's prompt is made of.
pub(crate) struct Conversation {
	pub(crate) messages: Vec<Value>,
	/// Whether tools were called in it.
	pub(crate) has_calls: bool,
}

impl Body {
	/// The conversation, as templates read it.
	pub(crate) fn conversation(&self) -> Result<Conversation, Refusal> {
		if self.messages.is_empty() {
			return refuse("messages", "there are none");
		}
		let messages = self.messages.iter().map(ChatMessage::for_template);
		let messages = messages.collect::<Result<Vec<Value>, Refusal>>()?;
		let has_calls = self.messages.iter().any(ChatMessage::is_of_a_tool);
		Ok(Conversation { messages, has_calls })
	}
}

impl Conversation {
	/// The prompt up to where the assistant is to speak.
	///
	/// # Errors
	/// [`Refusal::Parameter`] when there are tools in it and the template does not know them.
	pub(crate) fn render(&self, base: &Base, offer: Option<&Offer>) -> Result<String, Refusal> {
		if (self.has_calls || offer.is_some()) && !base.chat_knows_tools() {
			let parameter = if offer.is_some() { "tools" } else { "messages" };
			return refuse(parameter, "the chat template of this base does not know tools");
		}
		let tools = offer.map(|offer| offer.tools.as_slice());
		Ok(base.render_conversation(&self.messages, tools, true)?)
	}
}

impl ChatMessage {
	fn is_of_a_tool(&self) -> bool {
		self.role == "tool" || self.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty())
	}

	fn for_template(&self) -> Result<Value, Refusal> {
		let mut fields = Map::new();
		fields.insert("role".into(), self.role.clone().into());
		let calls = self.tool_calls.as_ref().filter(|calls| !calls.is_empty());
		// An assistant that calls tools may say nothing; templates add up texts.
		let content = match (&self.content, calls) {
			(Value::Null, Some(_)) => String::new(),
			(content, _) => text(content)?,
		};
		fields.insert("content".into(), content.into());
		let calls = calls.map(|calls| calls.iter().map(call).collect::<Result<Vec<_>, _>>());
		for (name, value) in [
			("name", self.name.clone().map(Value::from)),
			("tool_calls", calls.transpose()?.map(Value::from)),
			("tool_call_id", self.tool_call_id.clone().map(Value::from)),
		] {
			if let Some(value) = value {
				fields.insert(name.into(), value);
			}
		}
		Ok(fields.into())
	}
}

/// The content, which may come in parts of text.
fn text(content: &Value) -> Result<String, Refusal> {
	match content {
		Value::String(text) => Ok(text.clone()),
		Value::Array(parts) => {
			let texts = parts.iter().map(|part| {
				let is_text = part.get("type").and_then(Value::as_str) == Some("text");
				part.get("text").and_then(Value::as_str).filter(|_| is_text)
			});
			match texts.collect::<Option<Vec<_>>>() {
				Some(texts) => Ok(texts.concat()),
				None => refuse("messages", "content other than text is not understood"),
			}
		}
		_ => refuse("messages", "every message needs content that is a text"),
	}
}

/// A call with its arguments as an object, which is what templates write out.
fn call(call: &Value) -> Result<Value, Refusal> {
	let wrong = "a tool call needs a function with a name and arguments, an object as JSON";
	let mut call = call.clone();
	let function = call.get_mut("function").and_then(Value::as_object_mut);
	let Some(function) =
		function.filter(|function| function.get("name").is_some_and(Value::is_string))
	else {
		return refuse("messages", wrong);
	};
	if let Some(arguments) = function.get("arguments").and_then(Value::as_str) {
		match serde_json::from_str::<Map<String, Value>>(arguments) {
			Ok(arguments) => function.insert("arguments".into(), arguments.into()),
			Err(_) => return refuse("messages", wrong),
		};
	}
	match function.get("arguments") {
		Some(Value::Object(_)) => Ok(call),
		_ => refuse("messages", wrong),
	}
}
