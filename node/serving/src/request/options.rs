//! How tokens are chosen, and by what.

use openlora::{GenerateOptions, Sampling, choice::MAX_ALTERNATIVES};
use serde::Deserialize;
use serde_json::Value;

use super::{Body, refuse};
use crate::{error::Refusal, respond::Shape};

/// Answers to one request.
const MAX_ANSWERS: u64 = 128;
/// Log-probabilities of all answers to a request, alternatives included, of some seventy bytes of JSON
/// each: they are kept until the last answer has ended, or for as long as nobody reads them.
const MAX_TOLD: usize = 1 << 19;
/// Adapters mixed in one request.
const MAX_MIXED: usize = 8;

/// An adapter of a mixture.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Weighted {
	pub(crate) name: String,
	/// Times what the adapter adds.
	#[serde(default = "one")]
	pub(crate) weight: f32,
}

fn one() -> f32 {
	1.0
}

impl Body {
	/// Answers that are asked for.
	pub(crate) fn answers(&self) -> Result<usize, Refusal> {
		match self.n {
			None => Ok(1),
			Some(n @ 1..=MAX_ANSWERS) => Ok(n as usize),
			Some(_) => refuse("n", format!("it has to be from 1 to {MAX_ANSWERS}")),
		}
	}

	/// Adapters by name with their weights: the model's own, or those of a mixture, of which the model
	/// has to be one, or the base, `base`.
	pub(crate) fn mixture(&self, base: &str) -> Result<Vec<Weighted>, Refusal> {
		let Some(adapters) = &self.adapters else {
			return Ok(vec![Weighted { name: self.model.clone(), weight: 1.0 }]);
		};
		if adapters.len() > MAX_MIXED {
			return refuse("adapters", format!("at most {MAX_MIXED} can be mixed"));
		}
		let named = |name: &str| adapters.iter().filter(|one| one.name == name).count();
		if let Some(twice) = adapters.iter().find(|one| named(&one.name) > 1) {
			return refuse("adapters", format!("{:?} is named twice", twice.name));
		}
		if named(base) > 0 {
			return refuse("adapters", format!("{base:?} is the base, not an adapter"));
		}
		if self.model != base && named(&self.model) == 0 {
			return refuse("adapters", "the model has to be the base, or one of them");
		}
		Ok(adapters.clone())
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

	/// Added to the scores of tokens.
	pub(crate) fn bias(&self) -> Result<Vec<(u32, f32)>, Refusal> {
		let wrong = "it has to be an object of token ids with numbers from -100 to 100";
		let fields = match &self.logit_bias {
			None | Some(Value::Null) => return Ok(Vec::new()),
			Some(Value::Object(fields)) => fields,
			Some(_) => return refuse("logit_bias", wrong),
		};
		let entry = |(token, bias): (&String, &Value)| {
			Some((token.parse::<u32>().ok()?, bias.as_f64()? as f32))
		};
		let Some(mut bias) = fields.iter().map(entry).collect::<Option<Vec<_>>>() else {
			return refuse("logit_bias", wrong);
		};
		bias.sort_unstable_by_key(|(token, _)| *token);
		match bias.windows(2).find(|pair| pair[0].0 == pair[1].0) {
			Some(twice) => refuse("logit_bias", format!("token {} has two", twice[0].0)),
			None => Ok(bias),
		}
	}

	/// Alternatives to tell with each token; none when nothing is to be told.
	pub(crate) fn told(&self, shape: Shape) -> Result<Option<usize>, Refusal> {
		let count = |name, value: u64| match usize::try_from(value) {
			Ok(count) if count <= MAX_ALTERNATIVES => Ok(Some(count)),
			_ => refuse(name, format!("it has to be from 0 to {MAX_ALTERNATIVES}")),
		};
		match (shape, &self.logprobs) {
			(Shape::Chat, None | Some(Value::Null | Value::Bool(false))) => {
				match self.top_logprobs {
					None | Some(0) => Ok(None),
					Some(_) => refuse("top_logprobs", "it needs logprobs to be true"),
				}
			}
			(Shape::Chat, Some(Value::Bool(true))) => {
				count("top_logprobs", self.top_logprobs.unwrap_or_default())
			}
			(Shape::Chat, Some(_)) => refuse("logprobs", "it has to be true or false"),
			(Shape::Completion, None | Some(Value::Null)) => Ok(None),
			(Shape::Completion, Some(value)) => match value.as_u64() {
				Some(value) => count("logprobs", value),
				None => refuse("logprobs", format!("it has to be from 0 to {MAX_ALTERNATIVES}")),
			},
		}
	}

	/// Refuses more log-probabilities than are kept, in answers of up to `tokens` tokens each.
	pub(crate) fn check_told(&self, shape: Shape, tokens: usize) -> Result<(), Refusal> {
		let Some(alternatives) = self.told(shape)? else { return Ok(()) };
		let asked = self.answers()?.saturating_mul(tokens).saturating_mul(alternatives + 1);
		match asked > MAX_TOLD {
			true => Err(Refusal::TooManyLogProbs { asked, most: MAX_TOLD }),
			false => Ok(()),
		}
	}

	/// All of it but the grammar.
	pub(crate) fn options(
		&self,
		shape: Shape,
		max_tokens: usize,
		stop_tokens: Vec<u32>,
		fresh: u64,
	) -> Result<GenerateOptions, Refusal> {
		let mut options = GenerateOptions::new(max_tokens, self.sampling(fresh)?, stop_tokens);
		options.bias = self.bias()?;
		options.log_probs = self.told(shape)?;
		Ok(options)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn log_probabilities_are_refused_beyond_what_is_kept_of_all_answers() {
		let asks = |n: u64, tokens: usize, told: u64| {
			let body = json!({ "model": "m", "n": n, "logprobs": true, "top_logprobs": told });
			let body: Body = serde_json::from_value(body).unwrap();
			body.check_told(Shape::Chat, tokens)
		};
		for (n, tokens, told) in [(1, MAX_TOLD, 0), (128, 4_096, 0), (128, 195, 20), (8, 32_768, 1)]
		{
			asks(n, tokens, told).unwrap();
		}
		for (n, tokens, told) in [
			(1, MAX_TOLD + 1, 0),
			(128, 4_097, 0),
			(128, 196, 20),
			(9, 32_768, 1),
			(2, usize::MAX, 20),
		] {
			match asks(n, tokens, told) {
				Err(Refusal::TooManyLogProbs { asked, most }) => assert!(asked > most),
				other => panic!("{n} answers of {tokens} tokens: {other:?}"),
			}
		}
		let silent: Body = serde_json::from_value(json!({ "model": "m", "n": 128 })).unwrap();
		silent.check_told(Shape::Chat, usize::MAX).unwrap();
	}
}
