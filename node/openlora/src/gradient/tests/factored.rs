use super::*;
use crate::autograd::Cache;

fn gradient_options(objective: Objective, first_layer: usize) -> GradientOptions {
	GradientOptions { objective, first_layer }
}

fn sequences() -> Vec<(&'static [u32], usize)> {
	vec![(&TOKENS, 5), (&TOKENS[..3], 2), (&TOKENS[..7], 1), (&TOKENS[2..], 3)]
}

/// Each sequence's gradient, put together from factors.
fn formed(base: &Base, adapter: &Adapter, options: FactorOptions) -> Vec<Vec<f32>> {
	let values = parameters::flatten(adapter.weights()).unwrap();
	let trained = Trained::new(adapter.weights(), &values).unwrap();
	let length = values.len() - trained.offset(options.gradient.first_layer);
	let mut all = Vec::new();
	let write = |row: &mut Vec<f32>, factors: &Factors<'_>| {
		let of = factors.gradient();
		row[factors.offset..][..of.len()].copy_from_slice(&of);
	};
	let start = |_| vec![0.0; length];
	factored_gradients(base, adapter, &sequences(), options, start, write, |at, gradient| {
		assert_eq!(at, all.len());
		all.push(gradient);
		Ok(())
	})
	.unwrap();
	all
}

#[test]
fn factors_give_the_bits_of_the_gradient_when_it_is_formed() {
	let base = testing::tiny_base(1);
	for adapter in [adapter(&base, 0.3), mixed_adapter(&base)] {
		for objective in [Objective::Likelihood, Objective::Odds, Objective::Root] {
			for first_layer in [0, 1] {
				let gradient = gradient_options(objective, first_layer);
				let mut expected = Vec::new();
				gradients(&base, &adapter, &sequences(), gradient, |_, gradient| {
					expected.push(gradient);
					Ok(())
				})
				.unwrap();
				let options = FactorOptions { gradient, labels: Labels::Given };
				assert_eq!(formed(&base, &adapter, options), expected);
			}
		}
	}
}

#[test]
fn low_factors_are_the_scaled_products_with_both_matrices() {
	let base = testing::tiny_base(1);
	let adapter = mixed_adapter(&base);
	let mut seen = 0;
	let each = |checked: &mut usize, factors: &Factors<'_>| {
		let lora = adapter.weights().get(factors.layer, factors.module).unwrap();
		let scale = adapter.weights().scale(factors.layer, factors.module).unwrap() as f32;
		let a = lora.a.to_vec2::<f32>().unwrap();
		let b = lora.b.to_vec2::<f32>().unwrap();
		assert_eq!((a.len(), a[0].len(), b.len()), (factors.rank, factors.inputs, factors.outputs));
		assert_eq!(factors.delta.len(), factors.rows() * factors.outputs);
		for row in 0..factors.rows() {
			let x = &factors.x[row * factors.inputs..][..factors.inputs];
			let delta = &factors.delta[row * factors.outputs..][..factors.outputs];
			for of in 0..factors.rank {
				let down: f32 = a[of].iter().zip(x).map(|(a, x)| a * x).sum();
				let back: f32 = b.iter().zip(delta).map(|(b, delta)| b[of] * delta).sum();
				let at = row * factors.rank + of;
				assert!((factors.u[at] - scale * down).abs() < 1e-4);
				assert!((factors.v[at] - scale * back).abs() < 1e-4);
			}
		}
		*checked += factors.rows();
	};
	let options = FactorOptions::default();
	factored_gradients(
		&base,
		&adapter,
		&sequences(),
		options,
		|_| 0,
		each,
		|at, checked| {
			let (tokens, answer) = sequences()[at];
			// A row for each answer token, whichever projections are adapted.
			assert_eq!(checked % (tokens.len() - answer), 0);
			seen += checked;
			Ok(())
		},
	)
	.unwrap();
	assert!(seen > 0);
}

/// The expectation of the likelihood's gradient over the model's own labels is zero.
#[test]
fn labels_are_drawn_from_the_model_and_fixed_by_the_seed() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let of = |seed| {
		let labels = Labels::Sampled { seed };
		formed(&base, &adapter, FactorOptions { labels, ..FactorOptions::default() })
	};
	assert_eq!(of(1), of(1));
	assert_ne!(of(1), of(2));
	let draws = 300;
	let (mut sum, mut squares) = (vec![0f64; parameter_count(&adapter)], 0.0);
	for seed in 0..draws {
		let gradient = of(seed).swap_remove(0);
		squares += norm(&gradient).powi(2);
		sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += f64::from(g));
	}
	let mean = sum.iter().map(|sum| (sum / f64::from(draws as u32)).powi(2)).sum::<f64>().sqrt();
	let expected = (squares / f64::from(draws as u32) / f64::from(draws as u32)).sqrt();
	assert!(mean < 1.5 * expected, "{mean} {expected}");
	// Sequences draw for themselves: the first and one that begins as it does.
	let given = formed(&base, &adapter, FactorOptions::default());
	assert!(norm(&given[0]) > 3.0 * mean);
}

#[test]
fn sequence_is_named_when_it_has_no_answer() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let sequences: Vec<(&[u32], usize)> = vec![(&TOKENS, 5), (&TOKENS, 9)];
	let options = FactorOptions::default();
	let refused = factored_gradients(
		&base,
		&adapter,
		&sequences,
		options,
		|_| (),
		|(), _| (),
		|_, ()| Ok(()),
	);
	assert!(matches!(refused, Err(Error::Example { index: 1, .. })), "{refused:?}");
	let refused = hidden_states(&base, &adapter, &sequences, |_, _| Ok(()));
	assert!(matches!(refused, Err(Error::Example { index: 1, .. })), "{refused:?}");
}

#[test]
fn hidden_states_are_those_of_the_model_in_tensors() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let mut seen = 0;
	hidden_states(&base, &adapter, &sequences(), |at, states| {
		let (tokens, answer) = sequences()[at];
		let mut cache = Cache::new(&base.config);
		let inputs = &tokens[..tokens.len() - 1];
		let expected = autograd::forward(&base, Some(adapter.weights()), inputs, &mut cache)?;
		let expected: Vec<f32> = expected.flatten_all()?.to_vec1()?;
		let expected = &expected[(answer - 1) * base.config.hidden..];
		assert_eq!(states.len(), expected.len());
		// Keys and values are kept in half precision.
		assert!(states.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-2));
		assert!(norm(&states) > 1.0);
		seen += 1;
		Ok(())
	})
	.unwrap();
	assert_eq!(seen, 4);
}

#[test]
fn embedding_is_the_token_s_row_and_refused_beyond_the_vocabulary() {
	let base = testing::tiny_base(1);
	let all = testing::weights(&base.config, 1)["model.embed_tokens.weight"].clone();
	for token in [0, 17, base.config.vocab as u32 - 1] {
		let expected: Vec<f32> = all.get(token as usize).unwrap().to_vec1().unwrap();
		assert_eq!(base.embedding(token).unwrap(), expected);
	}
	let beyond = base.embedding(base.config.vocab as u32);
	assert!(matches!(beyond, Err(Error::UnknownToken { .. })));
}
