//! The one reading of a request's body.
//!
//! A receipt commits to the body byte for byte, and whoever executes it again has nothing else to go
//! by. So a body means one thing or is refused: fields that appear twice, that are not known, or that
//! ask for what is not done are refused by name, and numbers are read as they are written.

use std::{
	collections::{BTreeMap, btree_map::Entry},
	fmt,
};

use openledger_primitives_core::{Hash, MAX_OUTPUT, ModelId};
use openledger_primitives_inference::Material;
use openlora::Message;
use serde::{
	Deserialize, Deserializer,
	de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use sp_core::crypto::AccountId32;

use crate::question::Question;

/// The largest body, in bytes.
pub const MOST_BYTES: usize = 1 << 20;
/// Tokens of an answer where the body bounds them not.
pub const DEFAULT_TOKENS: u32 = 256;
/// The highest temperature, in thousandths.
const HOTTEST: u16 = 2_000;

/// Fields that change nothing at the values beside them, as they are written.
const NEUTRAL: [(&str, &[&str]); 10] = [
	("stream", &["false"]),
	("n", &["1"]),
	("top_p", &["1", "1.0"]),
	("presence_penalty", &["0", "0.0"]),
	("frequency_penalty", &["0", "0.0"]),
	("logprobs", &["false"]),
	("store", &["false"]),
	("stop", &["[]"]),
	("tools", &["[]"]),
	("logit_bias", &["{}"]),
];

/// What a body asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
	/// The conversation up to the answer.
	pub messages: Vec<Message>,
	/// The most tokens of the answer.
	pub max_tokens: u32,
	/// Sampling temperature in thousandths; zero is greedy.
	pub temperature: u16,
}

/// Why a body asks nothing that is answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
	/// It is not one JSON object without repeated fields.
	#[error("the body is not a JSON object: {0}")]
	NotJson(String),
	/// A field is missing.
	#[error("{0}: it is missing")]
	Missing(&'static str),
	/// A field is not what it has to be.
	#[error("{field}: {reason}")]
	Field {
		/// Its name.
		field: String,
		/// What it has to be.
		reason: String,
	},
	/// A field asks for what is not done here, or is not known.
	#[error("{0}: that is not done in sessions; leave it out")]
	Unsupported(String),
	/// It names another model version than the session's.
	#[error("model: {named:?} is not the session's, which is {expected:?}")]
	OtherModel {
		/// The body's.
		named: String,
		/// The session's.
		expected: String,
	},
}

impl BadBody {
	/// Which refusal it is, for programs.
	pub fn code(&self) -> &'static str {
		match self {
			Self::NotJson(_) => "not_json",
			Self::Missing(_) | Self::Field { .. } => "bad_parameter",
			Self::Unsupported(_) => "unsupported_parameter",
			Self::OtherModel { .. } => "other_model",
		}
	}
}

/// Who speaks.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
	System,
	User,
	Assistant,
}

impl Role {
	fn name(self) -> &'static str {
		match self {
			Self::System => "system",
			Self::User => "user",
			Self::Assistant => "assistant",
		}
	}
}

/// The fields of an object, each once and as it is written.
struct Fields(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Fields {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		struct Reading;
		impl<'de> Visitor<'de> for Reading {
			type Value = Fields;

			fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
				f.write_str("an object")
			}

			fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
				let mut fields = BTreeMap::new();
				while let Some(name) = map.next_key::<String>()? {
					match fields.entry(name) {
						Entry::Vacant(place) => place.insert(map.next_value()?),
						Entry::Occupied(place) => {
							let twice = format!("the field {:?} is there twice", place.key());
							return Err(M::Error::custom(twice));
						}
					};
				}
				Ok(Fields(fields))
			}
		}
		deserializer.deserialize_map(Reading)
	}
}

impl Fields {
	/// Takes a field out; `null` is as good as none.
	fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
		self.0.remove(name).filter(|value| value.get() != "null")
	}

	fn parse<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, BadBody> {
		let refuse = |error: serde_json::Error| field(name, error.to_string());
		self.take(name).map(|value| serde_json::from_str(value.get()).map_err(refuse)).transpose()
	}
}

fn field(name: &str, reason: impl Into<String>) -> BadBody {
	BadBody::Field { field: name.into(), reason: reason.into() }
}

impl Asked {
	/// Reads the body of a request that is made now. What is refused here and not by [`Asked::read`] has been
	/// answered by operators who did not refuse it, and may be audited.
	///
	/// # Errors
	/// [`BadBody`], for a body that this release does not answer.
	pub fn admitted(body: &[u8], model: ModelId) -> Result<Self, BadBody> {
		let asked = Self::read(body, model)?;
		match asked.max_tokens > MAX_OUTPUT {
			true => Err(field("max_tokens", format!("it can be {MAX_OUTPUT} at most"))),
			false => Ok(asked),
		}
	}

	/// Reads the body of a request in a session about `model`. Operators and verifiers read with this
	/// and nothing else.
	///
	/// # Errors
	/// [`BadBody`], for a body that no operator answers.
	pub fn read(body: &[u8], model: ModelId) -> Result<Self, BadBody> {
		if body.len() > MOST_BYTES {
			return Err(BadBody::NotJson(format!("it has more than {MOST_BYTES} bytes")));
		}
		let mut fields: Fields =
			serde_json::from_slice(body).map_err(|error| BadBody::NotJson(error.to_string()))?;
		let named: String = fields.parse("model")?.ok_or(BadBody::Missing("model"))?;
		let expected = model.to_string();
		if named != expected {
			return Err(BadBody::OtherModel { named, expected });
		}
		let turns: Vec<Fields> = fields.parse("messages")?.ok_or(BadBody::Missing("messages"))?;
		if turns.is_empty() {
			return Err(field("messages", "there has to be one"));
		}
		let messages = turns.into_iter().map(turn).collect::<Result<_, _>>()?;
		let max_tokens = tokens(&mut fields)?;
		let temperature = match fields.take("temperature") {
			None => 0,
			Some(value) => thousandths(value.get()).ok_or_else(|| {
				field("temperature", "it has to be a multiple of 0.001 from 0 to 2, in decimals")
			})?,
		};
		// Who asks, for the asker's own records.
		fields.take("user");
		for (name, value) in fields.0 {
			let allowed = NEUTRAL.iter().find(|(known, _)| *known == name);
			let is_neutral = value.get() == "null"
				|| allowed.is_some_and(|(_, values)| values.contains(&value.get()));
			if !is_neutral {
				return Err(BadBody::Unsupported(name));
			}
		}
		Ok(Self { messages, max_tokens, temperature })
	}

	/// The question that it is. The commitment to the body is the sampling seed: the payer salts it, so
	/// that operators can't look for one that favours their friends.
	pub fn question(self, payer: AccountId32, input: Hash, material: Material) -> Question {
		let Self { messages, max_tokens, temperature } = self;
		let seed = input.0;
		Question {
			messages,
			payer,
			max_tokens,
			longest: None,
			temperature,
			seed,
			material,
			answered_by: None,
		}
	}
}

/// One turn, with no field that others might read something into.
fn turn(mut fields: Fields) -> Result<Message, BadBody> {
	let missing = |what: &str| field("messages", format!("a turn has no {what}"));
	let role: Role = fields.parse("role").map_err(within)?.ok_or_else(|| missing("role"))?;
	let content: String =
		fields.parse("content").map_err(within)?.ok_or_else(|| missing("content"))?;
	match fields.0.into_keys().next() {
		Some(name) => Err(field("messages", format!("a turn has a {name:?}; leave it out"))),
		None => Ok(Message::new(role.name(), content)),
	}
}

/// A turn's error as that of the messages.
fn within(error: BadBody) -> BadBody {
	field("messages", error.to_string())
}

/// The bound on the answer, under either of its names.
fn tokens(fields: &mut Fields) -> Result<u32, BadBody> {
	let old: Option<u32> = fields.parse("max_tokens")?;
	let new: Option<u32> = fields.parse("max_completion_tokens")?;
	match (old, new) {
		(Some(old), Some(new)) if old != new => {
			Err(field("max_tokens", "max_completion_tokens says otherwise"))
		}
		(Some(0), _) | (_, Some(0)) => Err(field("max_tokens", "it has to be at least 1")),
		(Some(tokens), _) | (None, Some(tokens)) => Ok(tokens),
		(None, None) => Ok(DEFAULT_TOKENS),
	}
}

/// A decimal number in thousandths. Read from its digits: as a float, the same text might be one number
/// here and its neighbour there.
fn thousandths(text: &str) -> Option<u16> {
	let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
	if !matches!(whole, "0" | "1" | "2") || !part.bytes().all(|digit| digit.is_ascii_digit()) {
		return None;
	}
	let part = part.trim_end_matches('0');
	let digits = format!("{whole}{part:0<3}");
	let value: u16 = if part.len() > 3 { return None } else { digits.parse().ok()? };
	(value <= HOTTEST).then_some(value)
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::{Value, json};

	const MODEL: ModelId = 5;

	fn good() -> Value {
		json!({ "model": "5", "messages": [{ "role": "user", "content": "Who?" }] })
	}

	fn read(body: &Value) -> Result<Asked, BadBody> {
		Asked::read(body.to_string().as_bytes(), MODEL)
	}

	fn with(name: &str, value: Value) -> Result<Asked, BadBody> {
		let mut body = good();
		body[name] = value;
		read(&body)
	}

	#[test]
	fn body_is_read_with_its_defaults() {
		let messages = vec![Message::new("user", "Who?")];
		let asked = Asked { messages, max_tokens: DEFAULT_TOKENS, temperature: 0 };
		assert_eq!(read(&good()), Ok(asked.clone()));
		for (name, value) in [
			("user", json!("somebody")),
			("stream", json!(false)),
			("n", json!(1)),
			("top_p", json!(1.0)),
			("stop", Value::Null),
			("seed", Value::Null),
			("anything", Value::Null),
			("max_tokens", Value::Null),
		] {
			assert_eq!(with(name, value), Ok(asked.clone()), "{name}");
		}
	}

	#[test]
	fn every_turn_bound_and_temperature_counts() {
		let mut body = good();
		body["messages"] = json!([
			{ "role": "system", "content": "Be brief." },
			{ "role": "user", "content": "Who?" },
			{ "role": "assistant", "content": "Ä\u{0}" },
			{ "role": "user", "content": "" },
		]);
		body["max_tokens"] = json!(9);
		body["max_completion_tokens"] = json!(9);
		body["temperature"] = json!(0.7);
		let asked = read(&body).unwrap();
		let turns: Vec<_> = asked.messages.iter().map(|m| (&*m.role, &*m.content)).collect();
		assert_eq!(
			turns,
			[("system", "Be brief."), ("user", "Who?"), ("assistant", "Ä\u{0}"), ("user", "")]
		);
		assert_eq!((asked.max_tokens, asked.temperature), (9, 700));
		assert_eq!(with("max_completion_tokens", json!(3)).unwrap().max_tokens, 3);
	}

	#[test]
	fn what_would_change_the_answer_is_refused_by_name() {
		for (name, value) in [
			("stream", json!(true)),
			("stream_options", json!({})),
			("tools", json!([{}])),
			("logprobs", json!(true)),
			("n", json!(2)),
			("stop", json!("end")),
			("response_format", json!({ "type": "json_object" })),
			("top_p", json!(0.9)),
			("seed", json!(1)),
			("adapters", json!([])),
			("whatever", json!(1)),
		] {
			assert_eq!(with(name, value), Err(BadBody::Unsupported(name.into())));
		}
	}

	#[test]
	fn fields_are_refused_by_name_when_malformed() {
		let cases = [
			("model", json!(5)),
			("messages", json!([])),
			("messages", json!("Who?")),
			("messages", json!([{ "role": "tool", "content": "x" }])),
			("messages", json!([{ "role": "user", "content": [{ "type": "text", "text": "x" }] }])),
			("messages", json!([{ "role": "user", "content": "x", "name": "me" }])),
			("messages", json!([{ "role": "user" }])),
			("messages", json!([{ "content": "x" }])),
			("messages", json!([["user", "x"]])),
			("max_tokens", json!(0)),
			("max_tokens", json!(-1)),
			("max_tokens", json!(1.5)),
			("max_tokens", json!("9")),
			("temperature", json!("0.7")),
		];
		for (name, value) in cases {
			let found = with(name, value.clone());
			assert!(
				matches!(&found, Err(BadBody::Field { field, .. }) if field == name),
				"{value}"
			);
		}
		let mut both = good();
		both["max_tokens"] = json!(1);
		both["max_completion_tokens"] = json!(2);
		assert!(matches!(read(&both), Err(BadBody::Field { field, .. }) if field == "max_tokens"));
		let other = BadBody::OtherModel { named: "05".into(), expected: "5".into() };
		assert_eq!(with("model", json!("05")), Err(other));
		for name in ["model", "messages"] {
			let mut body = good();
			body.as_object_mut().unwrap().remove(name);
			assert_eq!(read(&body), Err(BadBody::Missing(name)));
		}
	}

	#[test]
	fn answer_may_be_no_longer_than_any_is_where_it_is_asked_now_and_is_read_where_it_was_asked() {
		for name in ["max_tokens", "max_completion_tokens"] {
			for (tokens, is_admitted) in [(MAX_OUTPUT, true), (MAX_OUTPUT + 1, false)] {
				let mut body = good();
				body[name] = json!(tokens);
				let asked = read(&body).unwrap();
				assert_eq!(asked.max_tokens, tokens);
				match Asked::admitted(body.to_string().as_bytes(), MODEL) {
					Ok(admitted) => assert!(is_admitted && admitted == asked),
					Err(error) => {
						assert!(!is_admitted);
						assert!(
							matches!(error, BadBody::Field { field, .. } if field == "max_tokens")
						);
					}
				}
			}
		}
		let unread = Asked::admitted(b"{", MODEL);
		assert!(matches!(unread, Err(BadBody::NotJson(_))));
	}

	#[test]
	fn body_is_refused_when_it_could_be_read_in_two_ways() {
		let twice = br#"{"model":"5","messages":[{"role":"user","content":"a"}],"n":1,"n":2}"#;
		assert!(
			matches!(Asked::read(twice, MODEL), Err(BadBody::NotJson(why)) if why.contains("n"))
		);
		let inside = br#"{"model":"5","messages":[{"role":"user","content":"a","content":"b"}]}"#;
		assert!(matches!(Asked::read(inside, MODEL), Err(BadBody::Field { .. })));
		for body in
			[&b""[..], b"[]", b"{", b"\xff", br#"{"model":"5"}{}"#, br#"{"model":"\ud800"}"#]
		{
			let refused = Asked::read(body, MODEL);
			assert!(
				matches!(refused, Err(BadBody::NotJson(_) | BadBody::Field { .. })),
				"{refused:?}"
			);
		}
		let long = format!("{}{}", good(), " ".repeat(MOST_BYTES));
		assert!(matches!(Asked::read(long.as_bytes(), MODEL), Err(BadBody::NotJson(_))));
	}

	#[test]
	fn temperature_is_read_from_its_digits() {
		for (text, value) in [
			("0", 0),
			("0.0", 0),
			("1", 1_000),
			("0.001", 1),
			("0.7000", 700),
			("1.25", 1_250),
			("2.0", 2_000),
		] {
			assert_eq!(thousandths(text), Some(value), "{text}");
		}
		for text in [
			"-0",
			"2.001",
			"3",
			"0.0001",
			"0.70000000000000001",
			"7e-1",
			"1e0",
			"00",
			"0.7.1",
			"+1",
			"\"1\"",
		] {
			assert_eq!(thousandths(text), None, "{text}");
		}
	}
}
