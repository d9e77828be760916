//! Choosing the next token.

use rand_chacha::{
	ChaCha8Rng,
	rand_core::{RngCore, SeedableRng},
};

use crate::{
	error::{Error, Result},
	kernels::{
		Isa,
		vector::{Largest, Weights},
	},
};

/// How the next token is chosen.
///
/// Penalties change the scores, the temperature divides them; of the tokens from the likeliest on, the
/// lowest id of equals, `top_k`, `min_p` and `top_p` each end the list from which one is drawn. The draw
/// depends on the seed and the token's position alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
	/// Divides the scores, from 0.001 to 1000; 0 always takes the best-scored token.
	pub temperature: f64,
	/// Key of the generator.
	pub seed: u64,
	/// Most tokens to draw from; 0 is all.
	pub top_k: usize,
	/// Share of the probability to draw from, within (0, 1] (arXiv:1904.09751).
	pub top_p: f64,
	/// Least probability to draw, as a part of the likeliest token's, within [0, 1) (arXiv:2407.01082).
	pub min_p: f64,
	/// Divides positive scores, and multiplies negative ones, of tokens that the prompt or the answer
	/// has; positive, 1 changes nothing (arXiv:1909.05858).
	pub repetition_penalty: f64,
	/// Taken from the score of tokens that the answer has, within −2 to 2.
	pub presence_penalty: f64,
	/// Taken from the score of a token each time that the answer has it, within −2 to 2.
	pub frequency_penalty: f64,
}

impl Sampling {
	/// Always the best-scored token, the lowest id among equals.
	pub const GREEDY: Self = Self {
		temperature: 0.0,
		seed: 0,
		top_k: 0,
		top_p: 1.0,
		min_p: 0.0,
		repetition_penalty: 1.0,
		presence_penalty: 0.0,
		frequency_penalty: 0.0,
	};

	/// At random by the model's own probabilities at a temperature.
	pub const fn seeded(seed: u64, temperature: f64) -> Self {
		Self { temperature, seed, ..Self::GREEDY }
	}

	/// Refuses numbers out of range.
	///
	/// # Errors
	/// [`Error::InvalidOption`] naming the first.
	pub fn validate(&self) -> Result<()> {
		let checks = [
			(
				"temperature",
				if self.temperature == 0.0 { 1.0 } else { self.temperature },
				1e-3..=1e3,
				"it has to be 0, or from 0.001 to 1000",
			),
			("top_p", self.top_p, f64::MIN_POSITIVE..=1.0, "it has to be above 0 and at most 1"),
			("min_p", self.min_p, 0.0..=1.0 - f64::EPSILON, "it has to be from 0 to below 1"),
			(
				"repetition_penalty",
				self.repetition_penalty,
				1e-3..=1e3,
				"it has to be from 0.001 to 1000",
			),
			("presence_penalty", self.presence_penalty, -2.0..=2.0, "it has to be from -2 to 2"),
			("frequency_penalty", self.frequency_penalty, -2.0..=2.0, "it has to be from -2 to 2"),
		];
		for (option, value, range, reason) in checks {
			if !range.contains(&value) {
				return Err(Error::InvalidOption { option, value: value.to_string(), reason });
			}
		}
		Ok(())
	}

	/// How the answer number `index` of several to one request is drawn: the first as if it were the
	/// only one, the others with seeds of their own, `seed + index · 0x9E3779B97F4A7C15` modulo 2⁶⁴.
	pub fn of_answer(&self, index: usize) -> Self {
		let step = 0x9E37_79B9_7F4A_7C15u64.wrapping_mul(index as u64);
		Self { seed: self.seed.wrapping_add(step), ..self.clone() }
	}

	fn has_penalties(&self) -> bool {
		self.repetition_penalty != 1.0
			|| self.presence_penalty != 0.0
			|| self.frequency_penalty != 0.0
	}

	fn draws_from_all(&self) -> bool {
		self.top_k == 0 && self.top_p >= 1.0 && self.min_p <= 0.0
	}
}

/// What changes the scores besides the penalties.
#[derive(Clone, Copy, Default)]
pub(crate) struct Adjust<'a> {
	/// Added to the scores of tokens before the penalties; ids within the vocabulary.
	pub(crate) bias: &'a [(u32, f32)],
	/// A bit for each token that may be chosen, 32 in a word, the lowest first; none for all. At
	/// least one is set.
	pub(crate) allowed: Option<&'a [u32]>,
}

impl Adjust<'_> {
	/// Ids that may not be chosen get the lowest score there is, which is of no weight beside others.
	fn mask(&self, logits: &mut [f32]) {
		let Some(allowed) = self.allowed else { return };
		for (word, logits) in logits.chunks_mut(32).enumerate() {
			let bits = allowed.get(word).copied().unwrap_or_default();
			for (bit, logit) in logits.iter_mut().enumerate() {
				if bits >> bit & 1 == 0 {
					*logit = f32::MIN;
				}
			}
		}
	}
}

/// Chooses the token after `tokens`, of which the first `prompt` are the prompt, from `logits`, one
/// score for each id.
///
/// # Errors
/// [`Error::NonFiniteLogits`].
pub(crate) fn choose(
	logits: &[f32],
	sampling: &Sampling,
	tokens: &[u32],
	prompt: usize,
	adjust: Adjust<'_>,
) -> Result<u32> {
	let isa = Isa::best();
	let largest = |values| isa.run(Largest { values }).ok_or(Error::NonFiniteLogits);
	let mut top = largest(logits)?;
	let mut changed = Vec::new();
	let is_changed =
		sampling.has_penalties() || !adjust.bias.is_empty() || adjust.allowed.is_some();
	let logits = match is_changed {
		false => logits,
		true => {
			changed.extend_from_slice(logits);
			for (token, bias) in adjust.bias {
				if let Some(logit) = changed.get_mut(*token as usize) {
					*logit += bias;
				}
			}
			if sampling.has_penalties() {
				penalise(&mut changed, sampling, tokens, prompt);
			}
			adjust.mask(&mut changed);
			top = largest(&changed)?;
			&changed
		}
	};
	if sampling.temperature == 0.0 {
		return Ok(best(logits, top));
	}
	let mut weights = vec![0.0; logits.len()];
	let temperature = sampling.temperature as f32;
	let total = isa.run(Weights { logits, largest: top, temperature, target: &mut weights });
	let uniform = uniform(sampling.seed, tokens.len());
	if sampling.draws_from_all() {
		let all = weights.iter().zip(0..).map(|(weight, id)| (id, *weight));
		return Ok(draw(all, uniform * total));
	}
	let (list, sum) = likeliest(&weights, total, sampling);
	Ok(draw(list.into_iter(), uniform * sum))
}

/// The lowest id with the largest score.
fn best(logits: &[f32], largest: f32) -> u32 {
	logits.iter().zip(0..).find(|(logit, _)| **logit == largest).map_or(0, |(_, id)| id)
}

fn penalise(logits: &mut [f32], sampling: &Sampling, tokens: &[u32], prompt: usize) {
	let mut seen = tokens.to_vec();
	seen.sort_unstable();
	seen.dedup();
	let factor = sampling.repetition_penalty as f32;
	for token in seen {
		if let Some(logit) = logits.get_mut(token as usize) {
			*logit = if *logit > 0.0 { *logit / factor } else { *logit * factor };
		}
	}
	let mut answered = tokens[prompt.min(tokens.len())..].to_vec();
	answered.sort_unstable();
	for same in answered.chunk_by(|a, b| a == b) {
		let times = same.len() as f64;
		let penalty = sampling.frequency_penalty * times + sampling.presence_penalty;
		if let Some(logit) = logits.get_mut(same[0] as usize) {
			*logit -= penalty as f32;
		}
	}
}

/// A number in [0, 1) that depends on seed and position alone: block 0 of the ChaCha8 stream number
/// `position` under the key `seed`, its first 53 bits.
fn uniform(seed: u64, position: usize) -> f64 {
	let mut key = [0; 32];
	key[..8].copy_from_slice(&seed.to_le_bytes());
	let mut rng = ChaCha8Rng::from_seed(key);
	rng.set_stream(position as u64);
	(rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// The tokens that are drawn from, the heaviest first, the lowest id of equals, and the sum of their
/// weights, of which the heaviest is 1.
fn likeliest(weights: &[f32], total: f64, sampling: &Sampling) -> (Vec<(u32, f32)>, f64) {
	let count = if sampling.top_k == 0 { usize::MAX } else { sampling.top_k };
	let wanted = sampling.top_p * total;
	// Few tokens have most of the weight: the others are sorted only when they are needed.
	for least in [1e-3, 1e-6, 0.0] {
		let mut list: Vec<(u32, f32)> = weights
			.iter()
			.zip(0..)
			.filter(|(weight, _)| **weight >= least)
			.map(|(weight, id)| (id, *weight))
			.collect();
		list.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
		let (mut sum, mut size) = (0.0, 0);
		let mut is_over = false;
		for (_, weight) in &list {
			let weight = f64::from(*weight);
			if size > 0 && (weight < sampling.min_p || size >= count || sum >= wanted) {
				is_over = true;
				break;
			}
			sum += weight;
			size += 1;
		}
		if is_over || least == 0.0 {
			list.truncate(size);
			return (list, sum);
		}
	}
	(Vec::new(), 0.0)
}

/// The token at which so much weight is used up: the cumulative distribution inverted.
fn draw(list: impl Iterator<Item = (u32, f32)>, mut remaining: f64) -> u32 {
	let mut last = 0;
	for (id, weight) in list {
		remaining -= f64::from(weight);
		// Rounding can leave a remainder behind the last one; what weighs nothing is never drawn.
		if weight > 0.0 {
			last = id;
		}
		if remaining < 0.0 {
			return id;
		}
	}
	last
}

#[cfg(test)]
mod tests;
