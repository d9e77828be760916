//! Answers as JSON.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::{Value, json};

use crate::{
	calls::Call,
	choice::Piece,
	respond::{Asked, Shape},
	told::Telling,
};

/// A whole answer, or an event of its stream.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
	id: &'a str,
	object: &'static str,
	created: u64,
	model: &'a str,
	choices: Vec<Part<'a>>,
	#[serde(skip_serializing_if = "Option::is_none")]
	usage: Option<Usage>,
}

#[derive(Serialize)]
struct Usage {
	prompt_tokens: usize,
	completion_tokens: usize,
	total_tokens: usize,
}

/// A choice, or a part of it.
pub(crate) struct Part<'a> {
	index: usize,
	/// What is said, under the name that it has there.
	says: (&'static str, Value),
	telling: Option<Telling<'a>>,
	reason: Option<&'a str>,
}

impl Serialize for Part<'_> {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		let (name, says) = &self.says;
		let mut fields = serializer.serialize_struct("Choice", 4)?;
		fields.serialize_field("index", &self.index)?;
		fields.serialize_field(name, says)?;
		fields.serialize_field("logprobs", &self.telling)?;
		fields.serialize_field("finish_reason", &self.reason)?;
		fields.end()
	}
}

impl Asked {
	/// A whole choice; `piece` is all that it consists of.
	pub(crate) fn choice<'a>(
		&'a self,
		index: usize,
		piece: &'a Piece,
		reason: &'a str,
	) -> Part<'a> {
		let says = match self.shape {
			Shape::Chat => {
				let says = !piece.text.is_empty() || piece.calls.is_empty();
				let content = says.then_some(piece.text.as_str());
				let mut message =
					json!({ "role": "assistant", "content": content, "refusal": null });
				if !piece.calls.is_empty() {
					message["tool_calls"] = piece.calls.iter().map(call).collect();
				}
				("message", message)
			}
			Shape::Completion => ("text", format!("{}{}", self.echo, piece.text).into()),
		};
		Part { index, says, telling: self.telling(piece), reason: Some(reason) }
	}

	/// The whole answer.
	pub(crate) fn whole<'a>(&'a self, choices: Vec<Part<'a>>, completion: usize) -> Envelope<'a> {
		let object = match self.shape {
			Shape::Chat => "chat.completion",
			Shape::Completion => "text_completion",
		};
		Envelope { usage: Some(self.usage(completion)), ..self.envelope(object, choices) }
	}

	/// The first event of a choice's stream, if it has one of its own.
	pub(crate) fn opening(&self, index: usize) -> Option<Envelope<'_>> {
		match self.shape {
			Shape::Chat => {
				let delta = json!({ "role": "assistant", "content": "" });
				Some(self.chunk(index, delta, None, None))
			}
			Shape::Completion if self.echo.is_empty() => None,
			Shape::Completion => {
				Some(self.chunk(index, json!({ "content": self.echo }), None, None))
			}
		}
	}

	/// The events of a stream for a piece, of a choice that had `calls` calls before.
	pub(crate) fn events<'a>(
		&'a self,
		index: usize,
		piece: &'a Piece,
		calls: usize,
	) -> Vec<Envelope<'a>> {
		let mut events = Vec::new();
		if !piece.text.is_empty() || !piece.told.is_empty() {
			let delta = json!({ "content": piece.text });
			events.push(self.chunk(index, delta, self.telling(piece), None));
		}
		for (at, one) in (calls..).zip(&piece.calls) {
			let mut whole = call(one);
			whole["index"] = at.into();
			let arguments = whole["function"]["arguments"].take();
			whole["function"]["arguments"] = "".into();
			let rest = json!({ "index": at, "function": { "arguments": arguments } });
			for part in [whole, rest] {
				events.push(self.chunk(index, json!({ "tool_calls": [part] }), None, None));
			}
		}
		events
	}

	/// The last event of a choice's stream.
	pub(crate) fn closing<'a>(&'a self, index: usize, reason: &'a str) -> Envelope<'a> {
		self.chunk(index, json!({}), None, Some(reason))
	}

	/// The event that tells the usage.
	pub(crate) fn usage_event(&self, completion: usize) -> Envelope<'_> {
		let usage = Some(self.usage(completion));
		Envelope { usage, ..self.envelope(self.streamed(), Vec::new()) }
	}

	fn streamed(&self) -> &'static str {
		match self.shape {
			Shape::Chat => "chat.completion.chunk",
			Shape::Completion => "text_completion",
		}
	}

	/// One event of a stream; `delta` is what a chat's has, of which a completion's has the text.
	fn chunk<'a>(
		&'a self,
		index: usize,
		mut delta: Value,
		telling: Option<Telling<'a>>,
		reason: Option<&'a str>,
	) -> Envelope<'a> {
		let says = match self.shape {
			Shape::Chat => ("delta", delta),
			Shape::Completion => {
				("text", delta.get_mut("content").map_or_else(|| "".into(), Value::take))
			}
		};
		self.envelope(self.streamed(), vec![Part { index, says, telling, reason }])
	}

	fn envelope<'a>(&'a self, object: &'static str, choices: Vec<Part<'a>>) -> Envelope<'a> {
		let Self { id, created, model, .. } = self;
		Envelope { id, object, created: *created, model, choices, usage: None }
	}

	fn telling<'a>(&'a self, piece: &'a Piece) -> Option<Telling<'a>> {
		self.tells.then(|| Telling {
			told: &piece.told,
			tokenizer: &self.base.tokenizer,
			shape: self.shape,
			offset: self.echo.chars().count(),
		})
	}

	fn usage(&self, completion: usize) -> Usage {
		Usage {
			prompt_tokens: self.prompt,
			completion_tokens: completion,
			total_tokens: self.prompt + completion,
		}
	}
}

fn call(call: &Call) -> Value {
	json!({
		"id": format!("call_{:024x}", rand::random::<u128>() >> 32),
		"type": "function",
		"function": { "name": call.name, "arguments": call.arguments },
	})
}
