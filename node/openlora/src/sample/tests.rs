use super::*;

/// The choice where nothing but the sampling changes the scores.
fn choose(logits: &[f32], sampling: &Sampling, tokens: &[u32], prompt: usize) -> Result<u32> {
	super::choose(logits, sampling, tokens, prompt, Adjust::default())
}

const LOGITS: [f32; 5] = [0.0, 2.0, 1.0, 2.0, -3.0];

/// The choice at a position, after tokens that the penalties do not know.
fn at(logits: &[f32], sampling: &Sampling, position: usize) -> u32 {
	choose(logits, sampling, &vec![u32::MAX; position], position).unwrap()
}

fn choices(sampling: &Sampling) -> Vec<u32> {
	(0..400).map(|position| at(&LOGITS, sampling, position)).collect()
}

fn drawn(sampling: &Sampling) -> Vec<u32> {
	let mut ids = choices(sampling);
	ids.sort_unstable();
	ids.dedup();
	ids
}

#[test]
fn greedy_takes_the_lowest_id_when_scores_are_equal() {
	assert_eq!(at(&LOGITS, &Sampling::GREEDY, 3), 1);
}

#[test]
fn choice_repeats_when_seed_and_position_are_the_same() {
	let of = |seed| choices(&Sampling::seeded(seed, 1.0));
	assert_eq!(of(7), of(7));
	assert_ne!(of(7), of(8));
	assert!(of(7).iter().any(|&id| id != of(7)[0]));
}

#[test]
fn choices_follow_the_softmax_when_drawn_often() {
	for temperature in [0.7, 1.0, 2.0] {
		for filtered in [false, true] {
			let mut sampling = Sampling::seeded(1, temperature);
			// A list that leaves nothing out has the same probabilities.
			sampling.min_p = if filtered { 1e-12 } else { 0.0 };
			let weight = |l: &f32| (f64::from(*l) / temperature).exp();
			let total: f64 = LOGITS.iter().map(weight).sum();
			let draws = 20_000;
			let mut counts = [0.0; LOGITS.len()];
			for position in 0..draws {
				counts[at(&LOGITS, &sampling, position) as usize] += 1.0;
			}
			for (count, logit) in counts.iter().zip(&LOGITS) {
				let expected = weight(logit) / total;
				assert!((count / f64::from(draws as u32) - expected).abs() < 0.015);
			}
		}
	}
}

#[test]
fn unlikely_tokens_are_left_out_when_a_limit_says_so() {
	let all = Sampling::seeded(3, 1.0);
	assert_eq!(drawn(&Sampling { top_p: 0.1, ..all.clone() }), [1]);
	assert_eq!(drawn(&Sampling { top_p: 0.7, ..all.clone() }), [1, 3]);
	assert_eq!(drawn(&Sampling { top_k: 1, ..all.clone() }), [1]);
	assert_eq!(drawn(&Sampling { top_k: 3, ..all.clone() }), [1, 2, 3]);
	assert_eq!(drawn(&Sampling { min_p: 0.3, ..all.clone() }), [1, 2, 3]);
	assert_eq!(drawn(&Sampling { min_p: 0.9, ..all.clone() }), [1, 3]);
	assert_eq!(drawn(&Sampling { top_k: 3, top_p: 0.6, ..all }), [1, 3]);
}

#[test]
fn limits_hold_when_thousands_of_tokens_are_about_as_likely() {
	let logits: Vec<f32> = (0..5_000).map(|i| -(i as f32) * 0.004).collect();
	let sampling = Sampling { top_p: 0.999, ..Sampling::seeded(1, 1.0) };
	let weights: Vec<f64> = logits.iter().map(|l| f64::from(*l).exp()).collect();
	let wanted = 0.999 * weights.iter().sum::<f64>();
	let mut sum = 0.0;
	let size = weights.iter().take_while(|weight| (sum < wanted, sum += **weight).0).count();
	let largest = (0..3_000).map(|position| at(&logits, &sampling, position)).max().unwrap();
	assert!((largest as usize) < size && size < 5_000, "{largest} of {size}");
}

#[test]
fn repeated_tokens_lose_when_they_are_penalised() {
	let choose = |sampling: &Sampling, tokens: &[u32], prompt| {
		choose(&LOGITS, sampling, tokens, prompt).unwrap()
	};
	let repetition = Sampling { repetition_penalty: 1.5, ..Sampling::GREEDY };
	assert_eq!(choose(&repetition, &[1], 1), 3);
	assert_eq!(choose(&repetition, &[1, 3], 2), 1);
	let presence = Sampling { presence_penalty: 1.5, ..Sampling::GREEDY };
	assert_eq!(choose(&presence, &[1, 3], 2), 1);
	assert_eq!(choose(&presence, &[1, 3], 1), 1);
	assert_eq!(choose(&presence, &[1, 3], 0), 2);
	let frequency = Sampling { frequency_penalty: 0.4, ..Sampling::GREEDY };
	assert_eq!(choose(&frequency, &[1, 3, 3], 0), 1);
	assert_eq!(choose(&frequency, &[1, 1, 3], 0), 3);
	assert_eq!(choose(&frequency, &[1, 1, 1, 3, 3, 3], 0), 2);
}

#[test]
fn negative_scores_fall_when_repeated() {
	let sampling = Sampling { repetition_penalty: 2.0, ..Sampling::GREEDY };
	assert_eq!(choose(&[-1.0, -1.5], &sampling, &[0], 1).unwrap(), 1);
}

#[test]
fn low_temperature_agrees_with_greedy_when_the_best_is_clear() {
	for position in 0..200 {
		assert_eq!(at(&[0.0, 1.0, 3.0], &Sampling::seeded(5, 0.05), position), 2);
	}
}

#[test]
fn draw_stays_in_the_list_when_the_number_is_at_either_end() {
	let list = [(4, 1.0), (2, 0.5), (9, 0.0)];
	assert_eq!(draw(list.into_iter(), 0.0), 4);
	assert_eq!(draw(list.into_iter(), 1.2), 2);
	assert_eq!(draw(list.into_iter(), 1.6), 2);
}

#[test]
fn choice_is_refused_when_a_logit_is_not_finite() {
	for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
		let result = choose(&[0.0, bad], &Sampling::GREEDY, &[], 0);
		assert!(matches!(result, Err(Error::NonFiniteLogits)));
	}
}

#[test]
fn sampling_is_refused_when_a_number_is_out_of_range() {
	let greedy = Sampling::GREEDY;
	greedy.validate().unwrap();
	for (name, wrong) in [
		("temperature", Sampling { temperature: -0.1, ..greedy.clone() }),
		("temperature", Sampling { temperature: f64::NAN, ..greedy.clone() }),
		("temperature", Sampling { temperature: f64::INFINITY, ..greedy.clone() }),
		("top_p", Sampling { top_p: 0.0, ..greedy.clone() }),
		("top_p", Sampling { top_p: 1.1, ..greedy.clone() }),
		("min_p", Sampling { min_p: 1.0, ..greedy.clone() }),
		("min_p", Sampling { min_p: -0.1, ..greedy.clone() }),
		("repetition_penalty", Sampling { repetition_penalty: 0.0, ..greedy.clone() }),
		("presence_penalty", Sampling { presence_penalty: 2.1, ..greedy.clone() }),
		("frequency_penalty", Sampling { frequency_penalty: f64::NAN, ..greedy }),
	] {
		let refused = wrong.validate();
		assert!(matches!(refused, Err(Error::InvalidOption { option, .. }) if option == name));
	}
}

/// The choice at the first position with what changes the scores.
fn adjusted(sampling: &Sampling, bias: &[(u32, f32)], allowed: Option<&[u32]>) -> u32 {
	super::choose(&LOGITS, sampling, &[], 0, Adjust { bias, allowed }).unwrap()
}

#[test]
fn bias_comes_before_the_penalties_when_both_are_asked_for() {
	assert_eq!(adjusted(&Sampling::GREEDY, &[(4, 5.5)], None), 4);
	assert_eq!(adjusted(&Sampling::GREEDY, &[(1, -0.5)], None), 3);
	// 3 + 2, halved, is less than 2.6; 3 halved, and 2, would be more.
	let sampling = Sampling { repetition_penalty: 2.0, ..Sampling::GREEDY };
	let logits = [3.0, 2.6];
	let adjust = Adjust { bias: &[(0, 2.0)], allowed: None };
	assert_eq!(super::choose(&logits, &sampling, &[0], 1, adjust).unwrap(), 1);
}

#[test]
fn only_allowed_tokens_are_chosen_whatever_else_is_asked_for() {
	for allowed in 1..32u32 {
		for seed in 0..20 {
			let sampling = Sampling { top_k: (seed % 4) as usize, ..Sampling::seeded(seed, 2.0) };
			let bias = [(0, 100.0), (2, -100.0)];
			let token = adjusted(&sampling, &bias, Some(&[allowed]));
			assert!(allowed >> token & 1 == 1, "{allowed:b} {token}");
		}
	}
	assert_eq!(adjusted(&Sampling::GREEDY, &[], Some(&[0b10101])), 2);
	// Words that are not there allow nothing.
	let logits = [5.0; 100];
	let adjust = Adjust { bias: &[], allowed: Some(&[0, 8]) };
	assert_eq!(super::choose(&logits, &Sampling::GREEDY, &[], 0, adjust).unwrap(), 35);
}

#[test]
fn probabilities_are_those_of_the_allowed_tokens_alone_when_some_are_not() {
	let sampling = Sampling::seeded(5, 1.0);
	let mut counts = [0u32; LOGITS.len()];
	for position in 0..20_000 {
		let tokens = vec![u32::MAX; position];
		let adjust = Adjust { bias: &[], allowed: Some(&[0b10110]) };
		let token = super::choose(&LOGITS, &sampling, &tokens, position, adjust).unwrap();
		counts[token as usize] += 1;
	}
	let total = 2f64.exp() + 1f64.exp() + (-3f64).exp();
	for (id, logit) in [(1, 2.0f64), (2, 1.0), (4, -3.0)] {
		assert!((f64::from(counts[id]) / 20_000.0 - logit.exp() / total).abs() < 0.015);
	}
	assert_eq!((counts[0], counts[3]), (0, 0));
}
