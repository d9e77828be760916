//! What OpenAI's requests ask, as far as it is understood; what would change the answer and is not
//! understood is refused by name.

mod format;
mod messages;
mod options;
mod tools;

use openlora::Base;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Refusal;
use messages::ChatMessage;
pub(crate) use options::Weighted;
pub(crate) use tools::Offer;

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
	n: Option<u64>,
	logprobs: Option<Value>,
	top_logprobs: Option<u64>,
	logit_bias: Option<Value>,
	response_format: Option<Value>,
	tools: Option<Vec<Value>>,
	tool_choice: Option<Value>,
	echo: Option<bool>,
	/// Who asks, for equal shares.
	pub(crate) user: Option<String>,
	// What vLLM and others add.
	top_k: Option<i64>,
	min_p: Option<f64>,
	repetition_penalty: Option<f64>,
	guided_json: Option<Value>,
	guided_regex: Option<String>,
	guided_choice: Option<Vec<String>>,
	guided_grammar: Option<String>,
	// What this server adds.
	adapters: Option<Vec<Weighted>>,
	// What is not done.
	best_of: Option<u64>,
	functions: Option<Value>,
	function_call: Option<Value>,
	suffix: Option<String>,
	min_tokens: Option<u64>,
	ignore_eos: Option<bool>,
	stop_token_ids: Option<Value>,
	structured_outputs: Option<Value>,
	prompt_logprobs: Option<Value>,
	modalities: Option<Value>,
	audio: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
	#[serde(default)]
	include_usage: bool,
}

/// A refusal of a parameter.
fn refuse<T>(parameter: &'static str, reason: impl Into<String>) -> Result<T, Refusal> {
	Err(Refusal::Parameter { parameter, reason: reason.into() })
}

/// Whether a field says something.
fn is_set(value: &Option<Value>) -> bool {
	!matches!(value, None | Some(Value::Null | Value::Bool(false)))
		&& !matches!(value, Some(Value::Array(list)) if list.is_empty())
		&& !matches!(value, Some(Value::Object(map)) if map.is_empty())
}

impl Body {
	/// Refuses what is not done.
	pub(crate) fn check(&self) -> Result<(), Refusal> {
		let is_text =
			self.modalities.as_ref().and_then(Value::as_array).is_some_and(|all| all == &["text"]);
		let undone = [
			("best_of", self.best_of.is_some_and(|best| Some(best) != self.n.or(Some(1)))),
			("functions", is_set(&self.functions)),
			("function_call", is_set(&self.function_call)),
			("min_tokens", self.min_tokens.is_some_and(|n| n != 0)),
			("ignore_eos", self.ignore_eos == Some(true)),
			("stop_token_ids", is_set(&self.stop_token_ids)),
			("suffix", self.suffix.as_ref().is_some_and(|suffix| !suffix.is_empty())),
			("structured_outputs", is_set(&self.structured_outputs)),
			("prompt_logprobs", is_set(&self.prompt_logprobs)),
			("modalities", is_set(&self.modalities) && !is_text),
			("audio", is_set(&self.audio)),
		];
		match undone.into_iter().find(|(_, asked)| *asked) {
			Some((parameter, _)) => refuse(parameter, "this server does not do that; leave it out"),
			None => Ok(()),
		}
	}

	/// Refuses what a completion does not have.
	pub(crate) fn check_completion(&self) -> Result<(), Refusal> {
		let of_chats = [
			("messages", !self.messages.is_empty()),
			("tools", self.tools.as_ref().is_some_and(|tools| !tools.is_empty())),
			("tool_choice", is_set(&self.tool_choice)),
			("top_logprobs", self.top_logprobs.is_some_and(|n| n != 0)),
		];
		match of_chats.into_iter().find(|(_, asked)| *asked) {
			Some((parameter, _)) => refuse(parameter, "a completion has none; chats do"),
			None => Ok(()),
		}
	}

	/// Refuses what a chat does not have.
	pub(crate) fn check_chat(&self) -> Result<(), Refusal> {
		let of_completions =
			[("prompt", !self.prompt.is_null()), ("echo", self.echo == Some(true))];
		match of_completions.into_iter().find(|(_, asked)| *asked) {
			Some((parameter, _)) => refuse(parameter, "a chat has none; completions do"),
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

	/// The prompt's tokens, from a text or from token ids.
	pub(crate) fn prompt(&self, base: &Base) -> Result<Vec<u32>, Refusal> {
		let encode = |text: &str| Ok(base.tokenizer.encode(text, true)?);
		let wrong = "it has to be a text or a list of token ids; several at once are not taken";
		match &self.prompt {
			Value::String(text) => encode(text),
			Value::Array(list) => match list.as_slice() {
				[Value::String(text)] => encode(text),
				ids => {
					let id = |id: &Value| u32::try_from(id.as_u64()?).ok();
					match ids.iter().map(id).collect::<Option<Vec<_>>>() {
						Some(ids) => Ok(ids),
						None => refuse("prompt", wrong),
					}
				}
			},
			_ => refuse("prompt", wrong),
		}
	}

	/// What the answer begins with: the prompt, where that is asked for.
	pub(crate) fn echo(&self, base: &Base, prompt: &[u32]) -> Result<String, Refusal> {
		if self.echo != Some(true) {
			return Ok(String::new());
		}
		if is_set(&self.logprobs) {
			return refuse("echo", "log-probabilities of the prompt are not told; leave one out");
		}
		match &self.prompt {
			Value::String(text) => Ok(text.clone()),
			Value::Array(list) if let [Value::String(text)] = list.as_slice() => Ok(text.clone()),
			_ => Ok(base.tokenizer.decode(prompt)?),
		}
	}
}
