//! Answers as JSON.

use serde_json::{Value, json};

use crate::{
	calls::Call,
	choice::Piece,
	respond::{Asked, Shape},
	told,
};

impl Asked {
	/// A whole choice; `piece` is all that it consists of.
	pub(crate) fn choice(&self, index: usize, piece: Piece, reason: &str) -> Value {
		let logprobs = self.logprobs(&piece);
		match self.shape {
			Shape::Chat => {
				let says = !piece.text.is_empty() || piece.calls.is_empty();
				let content = if says { Value::from(piece.text) } else { Value::Null };
				let mut message =
					json!({ "role": "assistant", "content": content, "refusal": null });
				if !piece.calls.is_empty() {
					message["tool_calls"] = piece.calls.iter().map(call).collect();
				}
				json!({
					"index": index,
					"message": message,
					"logprobs": logprobs,
					"finish_reason": reason,
				})
			}
			Shape::Completion => json!({
				"index": index,
				"text": format!("{}{}", self.echo, piece.text),
				"logprobs": logprobs,
				"finish_reason": reason,
			}),
		}
	}

	/// The whole answer.
	pub(crate) fn whole(&self, choices: Vec<Value>, completion: usize) -> Value {
		let object = match self.shape {
			Shape::Chat => "chat.completion",
			Shape::Completion => "text_completion",
		};
		let mut answer = self.envelope(object, choices);
		answer["usage"] = self.usage(completion);
		answer
	}

	/// The first event of a choice's stream, if it has one of its own.
	pub(crate) fn opening(&self, index: usize) -> Option<Value> {
		match self.shape {
			Shape::Chat => {
				let delta = json!({ "role": "assistant", "content": "" });
				Some(self.chunk(index, delta, Value::Null, None))
			}
			Shape::Completion if self.echo.is_empty() => None,
			Shape::Completion => {
				Some(self.chunk(index, json!({ "content": self.echo }), Value::Null, None))
			}
		}
	}

	/// The events of a stream for a piece, of a choice that had `calls` calls before.
	pub(crate) fn events(&self, index: usize, piece: &Piece, calls: usize) -> Vec<Value> {
		let logprobs = self.logprobs(piece);
		let mut events = Vec::new();
		if !piece.text.is_empty() || !piece.told.is_empty() {
			events.push(self.chunk(index, json!({ "content": piece.text }), logprobs, None));
		}
		for (at, one) in (calls..).zip(&piece.calls) {
			let mut whole = call(one);
			whole["index"] = at.into();
			let arguments = whole["function"]["arguments"].take();
			whole["function"]["arguments"] = "".into();
			let rest = json!({ "index": at, "function": { "arguments": arguments } });
			for part in [whole, rest] {
				events.push(self.chunk(index, json!({ "tool_calls": [part] }), Value::Null, None));
			}
		}
		events
	}

	/// The last event of a choice's stream.
	pub(crate) fn closing(&self, index: usize, reason: &str) -> Value {
		self.chunk(index, json!({}), Value::Null, Some(reason))
	}

	/// The event that tells the usage.
	pub(crate) fn usage_event(&self, completion: usize) -> Value {
		let mut last = self.envelope(self.streamed(), Vec::new());
		last["usage"] = self.usage(completion);
		last
	}

	fn streamed(&self) -> &'static str {
		match self.shape {
			Shape::Chat => "chat.completion.chunk",
			Shape::Completion => "text_completion",
		}
	}

	/// One event of a stream; `delta` is what a chat's has, of which a completion's has the text.
	fn chunk(&self, index: usize, delta: Value, logprobs: Value, reason: Option<&str>) -> Value {
		let choice = match self.shape {
			Shape::Chat => json!({
				"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason,
			}),
			Shape::Completion => {
				let text = delta.get("content").cloned().unwrap_or_else(|| json!(""));
				json!({
					"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason,
				})
			}
		};
		self.envelope(self.streamed(), vec![choice])
	}

	fn envelope(&self, object: &str, choices: Vec<Value>) -> Value {
		json!({
			"id": self.id,
			"object": object,
			"created": self.created,
			"model": self.model,
			"choices": choices,
		})
	}

	fn logprobs(&self, piece: &Piece) -> Value {
		match self.tells {
			true => {
				let offset = self.echo.chars().count();
				told::to_json(&piece.told, &self.base.tokenizer, self.shape, offset)
			}
			false => Value::Null,
		}
	}

	fn usage(&self, completion: usize) -> Value {
		json!({
			"prompt_tokens": self.prompt,
			"completion_tokens": completion,
			"total_tokens": self.prompt + completion,
		})
	}
}

fn call(call: &Call) -> Value {
	json!({
		"id": format!("call_{:024x}", rand::random::<u128>() >> 32),
		"type": "function",
		"function": { "name": call.name, "arguments": call.arguments },
	})
}
