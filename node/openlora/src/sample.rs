//! Choosing the next token.

use rand_chacha::{
	ChaCha8Rng,
	rand_core::{RngCore, SeedableRng},
};

use crate::{
	error::{Error, Result},
	generate::Sampling,
	kernels::{Isa, vector::Largest},
};

/// Chooses a token from `logits`, one score for each id, for `position` in the sequence.
pub(crate) fn choose(logits: &[f32], sampling: &Sampling, position: usize) -> Result<u32> {
	let largest = Isa::best().run(Largest { values: logits }).ok_or(Error::NonFiniteLogits)?;
	match *sampling {
		Sampling::Greedy => Ok(best(logits, largest)),
		Sampling::Seeded { seed, temperature, top_p } => {
			Ok(draw(logits, largest, uniform(seed, position), temperature, top_p))
		}
	}
}

/// The lowest id with the largest score.
fn best(logits: &[f32], largest: f32) -> u32 {
	logits.iter().zip(0..).find(|(logit, _)| **logit == largest).map_or(0, |(_, id)| id)
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

/// Draws by inverting the cumulative distribution of the nucleus (arXiv:1904.09751): the fewest
/// ids, best first and lowest of equals, whose probabilities add up to at least `top_p`.
fn draw(logits: &[f32], largest: f32, uniform: f64, temperature: f64, top_p: f64) -> u32 {
	let weight = |logit: f32| libm::exp(f64::from(logit - largest) / temperature);
	let mut candidates: Vec<(u32, f64)> =
		logits.iter().zip(0..).map(|(&logit, id)| (id, weight(logit))).collect();
	candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
	let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
	let mut nucleus = 0.0;
	let mut size = 0;
	for (_, weight) in &candidates {
		nucleus += weight;
		size += 1;
		if nucleus >= top_p * total {
			break;
		}
	}
	let mut remaining = uniform * nucleus;
	for &(id, weight) in &candidates[..size] {
		remaining -= weight;
		if remaining < 0.0 {
			return id;
		}
	}
	// Rounding can leave a remainder behind the last candidate.
	candidates[size - 1].0
}

#[cfg(test)]
mod tests {
	use super::*;

	const LOGITS: [f32; 5] = [0.0, 2.0, 1.0, 2.0, -3.0];

	fn seeded(seed: u64, temperature: f64, top_p: f64) -> Sampling {
		Sampling::Seeded { seed, temperature, top_p }
	}

	#[test]
	fn greedy_takes_the_lowest_id_when_scores_are_equal() {
		assert_eq!(choose(&LOGITS, &Sampling::Greedy, 3).unwrap(), 1);
	}

	#[test]
	fn seeded_choice_repeats_when_seed_and_position_are_the_same() {
		let choices = |seed| -> Vec<u32> {
			(0..64).map(|at| choose(&LOGITS, &seeded(seed, 1.0, 1.0), at).unwrap()).collect()
		};
		assert_eq!(choices(7), choices(7));
		assert_ne!(choices(7), choices(8));
		assert!(choices(7).iter().any(|&id| id != choices(7)[0]));
	}

	#[test]
	fn seeded_choice_follows_the_softmax_when_drawn_often() {
		let total: f64 = LOGITS.iter().map(|&l| f64::from(l).exp()).sum();
		let draws = 20_000;
		let mut counts = [0.0; LOGITS.len()];
		for position in 0..draws {
			counts[choose(&LOGITS, &seeded(1, 1.0, 1.0), position).unwrap() as usize] += 1.0;
		}
		for (count, logit) in counts.iter().zip(LOGITS) {
			let expected = f64::from(logit).exp() / total;
			assert!((count / f64::from(draws as u32) - expected).abs() < 0.015);
		}
	}

	#[test]
	fn nucleus_excludes_unlikely_ids_when_top_p_is_small() {
		for position in 0..500 {
			assert_eq!(choose(&LOGITS, &seeded(3, 1.0, 0.1), position).unwrap(), 1);
			assert!([1, 3].contains(&choose(&LOGITS, &seeded(3, 1.0, 0.7), position).unwrap()));
		}
	}

	#[test]
	fn low_temperature_agrees_with_greedy_when_the_best_is_clear() {
		let logits = [0.0, 1.0, 3.0];
		for position in 0..200 {
			assert_eq!(choose(&logits, &seeded(5, 0.05, 1.0), position).unwrap(), 2);
		}
	}

	#[test]
	fn draw_stays_in_the_nucleus_when_the_number_is_at_either_end() {
		assert_eq!(draw(&LOGITS, 2.0, 0.0, 1.0, 1.0), 1);
		assert_eq!(draw(&LOGITS, 2.0, 1.0, 1.0, 1.0), 4);
	}

	#[test]
	fn choice_is_refused_when_a_logit_is_not_finite() {
		for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
			let result = choose(&[0.0, bad], &Sampling::Greedy, 0);
			assert!(matches!(result, Err(Error::NonFiniteLogits)));
		}
	}
}
