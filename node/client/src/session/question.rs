//! A request's body, and the reply to it.

use openledger_primitives_core::{ModelId, model::Usage};
use openledger_sessions::protocol::{FIELD, Given};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Tokens of prompt that a fee is set aside for, besides one for each byte of question and what records
/// add: the chat template and a margin.
const TEMPLATE_TOKENS: u32 = 64;

/// A question to a model version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
	/// The model version.
	pub model: ModelId,
	/// What is asked.
	pub text: String,
	/// The most tokens of answer.
	pub max_tokens: u32,
	/// Sampling temperature in thousandths; 0 gives the likeliest answer.
	pub temperature: u16,
	/// The most tokens that records add to its prompt.
	pub quoted: u32,
}

/// The most tokens that a question of so many bytes and its answer can take, where records add at most
/// `quoted` to the prompt.
pub fn longest(bytes: usize, max_tokens: u32, quoted: u32) -> Usage {
	let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
	let prompt = TEMPLATE_TOKENS.saturating_add(bytes).saturating_add(quoted);
	Usage { prompt, output: max_tokens }
}

/// What the payer is told where records may add so many tokens to a prompt.
pub fn told(quoted: u32) -> Option<String> {
	(quoted > 0).then(|| {
		format!(
			"the model is shown records that fit the question: they are paid, and add up to {quoted} tokens to \
			 the prompt. A fee is set aside for as many; what the answer does not cost stays yours"
		)
	})
}

#[derive(Serialize)]
struct Message<'a> {
	role: &'static str,
	content: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
	model: String,
	messages: [Message<'a>; 1],
	max_tokens: u32,
	temperature: f64,
}

impl Question {
	/// The most tokens that it can take.
	pub fn longest(&self) -> Usage {
		longest(self.text.len(), self.max_tokens, self.quoted)
	}

	/// OpenAI's request. The receipt commits to these very bytes.
	///
	/// # Errors
	/// None that a question could cause.
	pub fn body(&self) -> serde_json::Result<Vec<u8>> {
		serde_json::to_vec(&Body {
			model: self.model.to_string(),
			messages: [Message { role: "user", content: &self.text }],
			max_tokens: self.max_tokens,
			temperature: f64::from(self.temperature) / 1_000.0,
		})
	}
}

/// An answer with its receipt.
#[derive(Clone, Debug)]
pub struct Reply {
	/// The answer's text.
	pub text: String,
	/// The receipt.
	pub given: Given,
}

impl Reply {
	/// Reads OpenAI's response.
	///
	/// # Errors
	/// What is missing from it.
	pub fn read(bytes: &[u8]) -> Result<Self, String> {
		#[derive(Deserialize)]
		struct Said {
			content: String,
		}
		#[derive(Deserialize)]
		struct Choice {
			message: Said,
		}
		let mut reply: Value =
			serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
		let mut take = |field: &str| {
			reply.get_mut(field).map(Value::take).ok_or(format!("no field {field:?}"))
		};
		let given =
			serde_json::from_value(take(FIELD)?).map_err(|error| format!("no receipt: {error}"))?;
		let choices: Vec<Choice> = serde_json::from_value(take("choices")?)
			.map_err(|error| format!("no answer: {error}"))?;
		let [choice] = <[Choice; 1]>::try_from(choices)
			.map_err(|choices| format!("{} answers to one question", choices.len()))?;
		Ok(Self { text: choice.message.content, given })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn body_is_a_chat_in_thousandths_of_temperature() {
		let text = "\"Why\"?\n".into();
		let mut question =
			Question { model: 7, text, max_tokens: 5, temperature: 1_205, quoted: 0 };
		assert_eq!(
			String::from_utf8(question.body().unwrap()).unwrap(),
			r#"{"model":"7","messages":[{"role":"user","content":"\"Why\"?\n"}],"max_tokens":5,"temperature":1.205}"#
		);
		assert_eq!(question.longest(), Usage { prompt: 64 + 7, output: 5 });
		let body = question.body().unwrap();
		question.quoted = 16_384;
		assert_eq!(question.longest(), Usage { prompt: 64 + 7 + 16_384, output: 5 });
		assert_eq!(question.body().unwrap(), body, "the operator finds the records");
	}

	#[test]
	fn payer_is_told_of_records_in_prompts_where_there_may_be_any() {
		assert_eq!(told(0), None);
		assert!(told(16_384).unwrap().contains("16384 tokens"));
	}

	#[test]
	fn reply_is_refused_when_it_lacks_answer_or_receipt() {
		for (reply, missing) in [
			("<html>", "no JSON"),
			("[]", "\"openledger\""),
			(r#"{"choices":[]}"#, "\"openledger\""),
			(r#"{"choices":[],"openledger":{}}"#, "no receipt"),
		] {
			let error = Reply::read(reply.as_bytes()).unwrap_err();
			assert!(error.contains(missing), "{reply}: {error}");
		}
	}
}
