mod factored;
mod packed;

use super::*;
use crate::{
	Config, Isa, Module, PeftConfig, autograd,
	testing::{self, reference::Reference},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TOKENS: [u32; 9] = [3, 17, 4, 9, 21, 6, 30, 2, 11];

const ALL: GradientOptions = GradientOptions { objective: Objective::Likelihood, first_layer: 0 };

/// The tiny base in every variant, with a window that [`TOKENS`] exceeds.
fn configs() -> Vec<Config> {
	let mut configs = vec![testing::tiny_config()];
	configs.extend(testing::tiny_kinds().into_iter().map(|(_, config)| config));
	for config in &mut configs {
		config.window = config.window.map(|_| 3);
	}
	configs
}

fn base(config: &Config) -> std::sync::Arc<Base> {
	let folder = tempfile::tempdir().unwrap();
	let path = testing::write_gguf(folder.path(), config, 1, testing::Encoding::F32);
	Base::load(&path).unwrap()
}

/// An adapter on every projection with `A` and `B` both drawn at random: at `B = 0` the gradient
/// of `A` is zero whether or not it is right.
fn adapter(base: &Base, size: f32) -> Adapter {
	let config = PeftConfig::new(3, 6.0, Module::ALL).unwrap();
	let fresh = Adapter::init(&base.config, config, 1).unwrap();
	let mut rng = ChaCha8Rng::seed_from_u64(2);
	let values: Vec<f32> =
		(0..fresh.parameter_count()).map(|_| rng.random_range(-size..size)).collect();
	let weights = parameters::constants(fresh.weights(), &values).unwrap();
	Adapter::new(fresh.config().clone(), weights).unwrap()
}

/// One whose ranks and scales differ.
fn mixed_adapter(base: &Base) -> Adapter {
	let fresh = testing::random_adapter(&base.config, testing::mixed_config(), 4);
	let values: Vec<f32> =
		parameters::flatten(fresh.weights()).unwrap().iter().map(|value| value * 0.5).collect();
	let weights = parameters::constants(fresh.weights(), &values).unwrap();
	Adapter::new(fresh.config().clone(), weights).unwrap()
}

/// The gradient with everything differentiated.
fn full_gradient(base: &Base, adapter: &Adapter, answer: usize) -> Vec<f32> {
	let values = parameters::flatten(adapter.weights()).unwrap();
	let trained = Trained::new(adapter.weights(), &values).unwrap();
	let sequence =
		Sequence { tokens: &TOKENS, answer_start: answer, context: 0, ..Sequence::default() };
	loss_and_gradient(base, &Team::alone(), &trained, sequence, ALL).unwrap().1
}

#[test]
fn parameters_in_half_precision_are_read_as_such_and_give_the_same_bits() {
	for config in configs() {
		let base = base(&config);
		for adapter in [adapter(&base, 0.5), mixed_adapter(&base)] {
			let half = adapter.to_half().unwrap();
			let values = parameters::flatten(half.weights()).unwrap();
			let trained = Trained::of(&half, &values).unwrap();
			assert_eq!(trained.packed.bytes(), half.packed().unwrap().bytes());
			for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
				let team = Team::alone_with(isa);
				let sequence = Sequence { tokens: &TOKENS, answer_start: 4, ..Sequence::default() };
				let bits = |trained: &Trained<'_>| {
					let found = loss_and_gradient(&base, &team, trained, sequence.clone(), ALL);
					let gradient = found.unwrap().1;
					gradient.iter().map(|value| value.to_bits()).collect::<Vec<u32>>()
				};
				let single = Trained::new(half.weights(), &values).unwrap();
				assert!(single.packed.bytes().len() > trained.packed.bytes().len());
				assert_eq!(bits(&trained), bits(&single));
			}
			let values = parameters::flatten(adapter.weights()).unwrap();
			let whole = Trained::of(&adapter, &values).unwrap();
			assert_ne!(whole.packed.bytes().len(), trained.packed.bytes().len());
		}
	}
}

fn norm(values: &[f32]) -> f64 {
	values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt()
}

/// Compares the gradient with central differences of the definition in double precision, for each
/// matrix on its own: along the gradient, where an error of any entry shows, and along random signs,
/// where a missing one does.
fn check_by_differences(
	config: &Config,
	adapter: &Adapter,
	gradient: &[f32],
	context: usize,
	answer: usize,
	objective: Objective,
) {
	let reference = Reference::new(config.clone(), 1);
	let like = adapter.weights();
	let values: Vec<f64> = parameters::flatten(like).unwrap().into_iter().map(f64::from).collect();
	let before = reference.adapted(like, &values);
	assert_eq!(gradient.len(), values.len());
	let mut rng = ChaCha8Rng::seed_from_u64(3);
	let mut offset = 0;
	for (layer, module, lora) in like.iter() {
		for (matrix, len) in [('A', lora.a.elem_count()), ('B', lora.b.elem_count())] {
			let part = &gradient[offset..offset + len];
			let size = norm(part);
			assert!(size > 1e-4, "{module} {matrix} in layer {layer} has a gradient of {size}");
			let along: Vec<f64> = part.iter().map(|g| f64::from(*g) / size).collect();
			let each = 1.0 / (len as f64).sqrt();
			let signs: Vec<f64> =
				(0..len).map(|_| if rng.random::<bool>() { each } else { -each }).collect();
			for direction in [along, signs] {
				let h = 1e-5;
				let moved = |sign: f64| {
					let mut moved = values.clone();
					for (value, d) in moved[offset..offset + len].iter_mut().zip(&direction) {
						*value += sign * h * d;
					}
					let moved = reference.adapted(like, &moved);
					moved.loss(&before, context, &TOKENS, answer, objective)
				};
				let measured = (moved(1.0) - moved(-1.0)) / (2.0 * h);
				let claimed: f64 =
					part.iter().zip(&direction).map(|(g, d)| f64::from(*g) * d).sum();
				// Keys and values are kept in half precision.
				assert!(
					(measured - claimed).abs() < 4e-3 * size,
					"{module} {matrix} in layer {layer}: measured {measured}, claimed {claimed}"
				);
			}
			offset += len;
		}
	}
	assert_eq!(offset, gradient.len());
}

#[test]
fn gradient_equals_finite_differences_for_every_matrix_when_the_prompt_is_constant() {
	for config in configs() {
		let base = base(&config);
		let adapter = adapter(&base, 0.3);
		for objective in [Objective::Likelihood, Objective::Odds, Objective::Root] {
			let options = GradientOptions { objective, first_layer: 0 };
			let gradient = gradient(&base, &adapter, &TOKENS, 5, options).unwrap();
			check_by_differences(&config, &adapter, &gradient, 4, 5, objective);
		}
	}
}

#[test]
fn gradient_equals_finite_differences_for_every_matrix_when_the_whole_sequence_counts() {
	for config in configs() {
		let base = base(&config);
		for (adapter, answer) in
			[(adapter(&base, 0.3), 1), (adapter(&base, 0.3), 5), (mixed_adapter(&base), 5)]
		{
			let gradient = full_gradient(&base, &adapter, answer);
			check_by_differences(&config, &adapter, &gradient, 0, answer, ALL.objective);
		}
	}
}

#[test]
fn gradient_and_loss_are_those_that_candle_differentiates() {
	for config in configs().into_iter().filter(|config| config.window.is_none()) {
		let base = base(&config);
		let adapter = adapter(&base, 0.3);
		let values = parameters::flatten(adapter.weights()).unwrap();
		let trained = Trained::new(adapter.weights(), &values).unwrap();
		for objective in [Objective::Likelihood, Objective::Odds, Objective::Root] {
			let sequence =
				Sequence { tokens: &TOKENS, answer_start: 3, context: 0, ..Sequence::default() };
			let options = GradientOptions { objective, first_layer: 0 };
			let ours =
				loss_and_gradient(&base, &Team::alone(), &trained, sequence, options).unwrap();
			let theirs =
				autograd::loss_and_gradient(&base, &adapter, &TOKENS, 3, objective, 1).unwrap();
			assert!((ours.0 - theirs.0).abs() < 1e-3, "{} {}", ours.0, theirs.0);
			let difference: Vec<f32> = ours.1.iter().zip(&theirs.1).map(|(a, b)| a - b).collect();
			assert!(norm(&difference) < 5e-3 * norm(&theirs.1));
		}
	}
}

#[test]
fn gradient_by_candle_is_refused_when_the_sequence_exceeds_a_window() {
	let config = Config { window: Some(7), ..testing::tiny_config() };
	let base = base(&config);
	let adapter = adapter(&base, 0.3);
	let of = |tokens| autograd::loss_and_gradient(&base, &adapter, tokens, 3, ALL.objective, 1);
	assert!(matches!(of(&TOKENS), Err(Error::UnsupportedBase(_))));
	of(&TOKENS[..8]).unwrap();
}

#[test]
fn gradient_has_the_same_bits_on_every_instruction_set_and_with_every_number_of_threads() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let values = parameters::flatten(adapter.weights()).unwrap();
	let trained = Trained::new(adapter.weights(), &values).unwrap();
	let sequence = Sequence { tokens: &TOKENS, answer_start: 5, context: 2, ..Sequence::default() };
	let of = |team: &Team| loss_and_gradient(&base, team, &trained, sequence, ALL).unwrap();
	let expected = of(&Team::alone_with(Isa::Portable));
	for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
		for threads in [1, 2] {
			let (loss, gradient) = of(&Team::new(threads, isa).unwrap());
			assert_eq!(loss.to_bits(), expected.0.to_bits());
			let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
			assert_eq!(bits(&gradient), bits(&expected.1), "{isa:?}, {threads} threads");
		}
	}
}

#[test]
fn gradient_stops_at_the_prompt_only_when_there_is_one() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let difference = |answer| {
		let stopped = gradient(&base, &adapter, &TOKENS, answer, ALL).unwrap();
		let full = full_gradient(&base, &adapter, answer);
		let difference: Vec<f32> = stopped.iter().zip(&full).map(|(a, b)| a - b).collect();
		norm(&difference) / norm(&full)
	};
	assert_eq!(difference(1), 0.0);
	assert!(difference(6) > 1e-2);
}

#[test]
fn gradient_of_a_is_zero_when_b_is_zero() {
	let base = testing::tiny_base(1);
	let config = PeftConfig::new(2, 4.0, [Module::V]).unwrap();
	let fresh = Adapter::init(&base.config, config, 1).unwrap();
	let gradient = gradient(&base, &fresh, &TOKENS, 4, ALL).unwrap();
	let (inputs, outputs) = base.config.dimensions(Module::V);
	let (a, rest) = gradient.split_at(2 * inputs);
	assert!(a.iter().all(|g| *g == 0.0));
	assert!(norm(&rest[..2 * outputs]) > 0.0);
}

#[test]
fn gradients_equal_single_ones_in_order_when_computed_together() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let sequences: Vec<(&[u32], usize)> =
		vec![(&TOKENS, 5), (&TOKENS[..3], 2), (&TOKENS[..7], 1), (&TOKENS[2..], 3)];
	let mut together = Vec::new();
	gradients(&base, &adapter, &sequences, ALL, |index, gradient| {
		assert_eq!(index, together.len());
		together.push(gradient);
		Ok(())
	})
	.unwrap();
	for ((tokens, answer), together) in sequences.iter().zip(together) {
		assert_eq!(gradient(&base, &adapter, tokens, *answer, ALL).unwrap(), together);
		assert_eq!(together.len(), parameter_count(&adapter));
	}
}

#[test]
fn gradient_of_upper_layers_is_the_end_of_the_whole_gradient() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	for objective in [Objective::Likelihood, Objective::Odds, Objective::Root] {
		let from = |first_layer| {
			let options = GradientOptions { objective, first_layer };
			gradient(&base, &adapter, &TOKENS, 5, options).unwrap()
		};
		let (whole, upper) = (from(0), from(1));
		let lower: usize = adapter
			.weights()
			.iter()
			.filter(|(layer, ..)| *layer == 0)
			.map(|(.., lora)| lora.a.elem_count() + lora.b.elem_count())
			.sum();
		assert_eq!(upper.len(), whole.len() - lower);
		assert_eq!(upper, whole[lower..]);
	}
}

#[test]
fn gradients_name_the_sequence_when_one_is_refused() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let sequences: Vec<(&[u32], usize)> = vec![(&TOKENS, 5), (&TOKENS, 9)];
	match gradients(&base, &adapter, &sequences, ALL, |_, _| Ok(())) {
		Err(Error::Example { index: 1, source }) => {
			assert!(matches!(*source, Error::AnswerOutOfRange { answer_start: 9, tokens: 9 }));
		}
		other => panic!("{other:?}"),
	}
}

#[test]
fn gradient_is_refused_when_the_sequence_has_no_answer_or_does_not_fit() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	for (tokens, answer) in
		[(&TOKENS[..], 0), (&TOKENS, 9), (&TOKENS, usize::MAX), (&[], 0), (&[1], 1)]
	{
		let refused = gradient(&base, &adapter, tokens, answer, ALL);
		assert!(matches!(refused, Err(Error::AnswerOutOfRange { .. })), "{answer}");
	}
	let long = vec![1; base.config.context + 1];
	let refused = gradient(&base, &adapter, &long, 5, ALL);
	assert!(matches!(refused, Err(Error::ContextExceeded { .. })));
	let unknown = [1, base.config.vocab as u32, 2];
	let refused = gradient(&base, &adapter, &unknown, 1, ALL);
	assert!(matches!(refused, Err(Error::UnknownToken { .. })));
}

#[test]
fn gradient_is_refused_when_the_adapter_is_for_another_base() {
	let base = testing::tiny_base(1);
	let mut other = base.config.clone();
	other.layers += 1;
	let config = PeftConfig::new(2, 4.0, Module::ALL).unwrap();
	let adapter = Adapter::init(&other, config, 1).unwrap();
	let refused = gradient(&base, &adapter, &TOKENS, 4, ALL);
	assert!(matches!(refused, Err(Error::AdapterLayers { .. })));
}

#[test]
fn gradient_is_refused_when_it_is_not_finite() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 1e30);
	let refused = gradient(&base, &adapter, &TOKENS, 4, ALL);
	assert!(matches!(refused, Err(Error::NonFiniteActivation { layer: 0 })), "{refused:?}");
}
