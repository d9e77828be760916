//! What OpenAI's requests ask, as far as it is understood; what would change the answer and is not
//! understood is refused by name.

use openlora::{Message, Sampling};
use serde::Deserialize;
use serde_json::Value;

use crate::error::Refusal;

/// Tokens of a completion unless the request says otherwise, as OpenAI has it.
const COMPLETION_TOKENS: usize = 16;
/// Texts that may end an answer.
const MAX_STOPS: usize = 16;
/// The longest of them, in bytes.
const MAX_STOP: usize = 256;

/// `POST /v1/chat/completions`, which has messages, or `POST /v1/completions`, which has a prompt.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
	pub(crate) model: String,
	#[serde(default)]
	messages: Vec<ChatMessage>,
	#[serde(default)]
	prompt: Value,
	stream: Option<bool>,
	#[serde(default)]
	stream_options: Option<StreamOptions>,
	max_tokens: Option<u64>,
	max_completion_tokens: Option<u64>,
	temperature: Option<f64>,
	top_p: Option<f64>,
	seed: Option<i64>,
	presence_penalty: Option<f64>,
	frequency_penalty: Option<f64>,
	stop: Option<Value>,
	/// Who asks, for equal shares.
	pub(crate) user: Option<String>,
	// What vLLM and others add.
	top_k: Option<i64>,
	min_p: Option<f64>,
	repetition_penalty: Option<f64>,
	// What is not done.
	n: Option<u64>,
	best_of: Option<u64>,
	logprobs: Option<Value>,
	top_logprobs: Option<u64>,
	logit_bias: Option<Value>,
	response_format: Option<Value>,
	tools: Option<Value>,
	functions: Option<Value>,
	echo: Option<bool>,
	suffix: Option<String>,
	min_tokens: Option<u64>,
	ignore_eos: Option<bool>,
	stop_token_ids: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
	#[serde(default)]
	include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct ChatMessage {
	role: String,
	content: Value,
}

fn refuse<T>(parameter: &'static str, reason: impl Into<String>) -> Result<T, Refusal> {
	Err(Refusal::Parameter { parameter, reason: reason.into() })
}

impl Body {
	/// Refuses what is not done.
	pub(crate) fn check(&self) -> Result<(), Refusal> {
		let is_set = |value: &Option<Value>| {
			!matches!(value, None | Some(Value::Null | Value::Bool(false)))
				&& !matches!(value, Some(Value::Array(list)) if list.is_empty())
				&& !matches!(value, Some(Value::Object(map)) if map.is_empty())
		};
		let is_text = matches!(
			self.response_format.as_ref().and_then(|format| format.get("type")?.as_str()),
			Some("text")
		);
		let undone = [
			("n", self.n.is_some_and(|n| n != 1)),
			("best_of", self.best_of.is_some_and(|n| n != 1)),
			("logprobs", is_set(&self.logprobs)),
			("top_logprobs", self.top_logprobs.is_some_and(|n| n != 0)),
			("logit_bias", is_set(&self.logit_bias)),
			("response_format", is_set(&self.response_format) && !is_text),
			("tools", is_set(&self.tools)),
			("functions", is_set(&self.functions)),
			("echo", self.echo == Some(true)),
			("min_tokens", self.min_tokens.is_some_and(|n| n != 0)),
			("ignore_eos", self.ignore_eos == Some(true)),
			("stop_token_ids", is_set(&self.stop_token_ids)),
			("suffix", self.suffix.as_ref().is_some_and(|suffix| !suffix.is_empty())),
		];
		match undone.into_iter().find(|(_, asked)| *asked) {
			Some((parameter, _)) => refuse(parameter, "this server does not do that; leave it out"),
			None => Ok(()),
		}
	}

	/// Whether the answer comes as it grows.
	pub(crate) fn is_stream(&self) -> bool {
		self.stream == Some(true)
	}

	/// Whether the last event of a stream tells the usage.
	pub(crate) fn wants_usage(&self) -> bool {
		self.stream_options.as_ref().is_some_and(|options| options.include_usage)
	}

	/// The most tokens to answer.
	pub(crate) fn limit(&self, usual: Option<usize>) -> Result<usize, Refusal> {
		match self.max_completion_tokens.or(self.max_tokens) {
			Some(0) => refuse("max_tokens", "it has to be at least 1"),
			Some(asked) => Ok(usize::try_from(asked).unwrap_or(usize::MAX)),
			None => Ok(usual.unwrap_or(COMPLETION_TOKENS)),
		}
	}

	/// How tokens are chosen; `fresh` is the seed where none is asked for.
	pub(crate) fn sampling(&self, fresh: u64) -> Result<Sampling, Refusal> {
		let top_k = match self.top_k {
			None | Some(-1 | 0) => 0,
			Some(k) => match usize::try_from(k) {
				Ok(k) => k,
				Err(_) => return refuse("top_k", "it has to be at least 1, or -1 for all"),
			},
		};
		let sampling = Sampling {
			temperature: self.temperature.unwrap_or(1.0),
			// Any number will do for a key, negative ones too.
			seed: self.seed.map_or(fresh, i64::cast_unsigned),
			top_k,
			top_p: self.top_p.unwrap_or(1.0),
			min_p: self.min_p.unwrap_or(0.0),
			repetition_penalty: self.repetition_penalty.unwrap_or(1.0),
			presence_penalty: self.presence_penalty.unwrap_or(0.0),
			frequency_penalty: self.frequency_penalty.unwrap_or(0.0),
		};
		sampling.validate()?;
		Ok(sampling)
	}

	/// Texts that end the answer, and are not part of it.
	pub(crate) fn stops(&self) -> Result<Vec<String>, Refusal> {
		let stops = match &self.stop {
			None | Some(Value::Null) => Vec::new(),
			Some(Value::String(one)) => vec![one.clone()],
			Some(Value::Array(several)) => {
				let texts = several.iter().map(|stop| stop.as_str().map(str::to_string));
				match texts.collect::<Option<Vec<_>>>() {
					Some(texts) => texts,
					None => return refuse("stop", "it has to be a text or a list of texts"),
				}
			}
			Some(_) => return refuse("stop", "it has to be a text or a list of texts"),
		};
		if stops.len() > MAX_STOPS {
			return refuse("stop", format!("at most {MAX_STOPS} texts are taken"));
		}
		if stops.iter().any(|stop| stop.is_empty() || stop.len() > MAX_STOP) {
			return refuse("stop", format!("each text has to have 1 to {MAX_STOP} bytes"));
		}
		Ok(stops)
	}
}

impl Body {
	/// The conversation.
	pub(crate) fn messages(&self) -> Result<Vec<Message>, Refusal> {
		if self.messages.is_empty() {
			return refuse("messages", "there are none");
		}
		let message = |one: &ChatMessage| Ok(Message::new(&*one.role, one.text()?));
		self.messages.iter().map(message).collect()
	}
}

impl ChatMessage {
	/// The content, which may come in parts of text.
	fn text(&self) -> Result<String, Refusal> {
		match &self.content {
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
}

/// What a completion goes on from.
pub(crate) enum Prompt {
	Text(String),
	Tokens(Vec<u32>),
}

impl Body {
	/// The prompt: a text, or token ids.
	pub(crate) fn prompt(&self) -> Result<Prompt, Refusal> {
		let wrong = "it has to be a text or a list of token ids; several at once are not taken";
		match &self.prompt {
			Value::String(text) => Ok(Prompt::Text(text.clone())),
			Value::Array(list) => match list.as_slice() {
				[Value::String(text)] => Ok(Prompt::Text(text.clone())),
				ids => {
					let id = |id: &Value| u32::try_from(id.as_u64()?).ok();
					match ids.iter().map(id).collect::<Option<Vec<_>>>() {
						Some(ids) => Ok(Prompt::Tokens(ids)),
						None => refuse("prompt", wrong),
					}
				}
			},
			_ => refuse("prompt", wrong),
		}
	}
}
