use super::*;
use crate::{
	engine::dropout::{Dropout, Row},
	gradient::pack::losses,
	testing::Encoding,
};
use candle_core::quantized::GgmlDType;
use proptest::prelude::*;

fn bits(found: &[(f32, Vec<f32>)]) -> Vec<Vec<u32>> {
	let of = |(loss, gradient): &(f32, Vec<f32>)| {
		std::iter::once(loss).chain(gradient).map(|value| value.to_bits()).collect()
	};
	found.iter().map(of).collect()
}

const DROPOUT: Dropout = Dropout { seed: 5, step: 2, rate: 0.3 };

/// Sequences of every kind: with and without context, with turns that are given, short and long.
fn sequences(all: &[u32]) -> Vec<Sequence<'_>> {
	let of = |from: usize, len: usize, answer_start, context, record| {
		let tokens = &all[from..from + len];
		Sequence { tokens, answer_start, context, record, given: &[] }
	};
	vec![
		of(0, 9, 5, 0, 0),
		Sequence { given: &[7..10, 12..13], ..of(3, 17, 4, 0, 9) },
		of(1, 2, 1, 0, 2),
		of(8, 20, 12, 11, 4),
		of(5, 40, 30, 7, 3),
	]
}

#[test]
fn gradients_have_the_same_bits_when_sequences_share_a_pass() {
	let all: Vec<u32> = (0..64).map(|i| (i * 37 + 11) % 250).collect();
	let folder = tempfile::tempdir().unwrap();
	let quantised = Encoding::Blocks(GgmlDType::Q4_1);
	let path = testing::write_gguf(folder.path(), &testing::tiny_config(), 1, quantised);
	for base in [testing::tiny_base(1), Base::load(&path).unwrap()] {
		let adapter = adapter(&base, 0.3);
		let values = parameters::flatten(adapter.weights()).unwrap();
		let trained = Trained::new(adapter.weights(), &values).unwrap();
		for dropout in [None, Some(DROPOUT)] {
			for first_layer in [0, 1] {
				let gradient = GradientOptions { first_layer, ..ALL };
				let of = |sequences: &[Sequence<'_>], threads, recompute| {
					let team = Team::new(threads, Isa::best()).unwrap();
					let options =
						PassOptions { gradient, dropout, recompute, ..PassOptions::default() };
					losses_and_gradients(&base, &team, &trained, sequences, options).unwrap()
				};
				let sequences = sequences(&all);
				let alone: Vec<_> = sequences
					.iter()
					.flat_map(|sequence| of(std::slice::from_ref(sequence), 1, false))
					.collect();
				for (threads, recompute) in [(1, false), (1, true), (2, false), (2, true)] {
					let together = of(&sequences, threads, recompute);
					assert_eq!(bits(&together), bits(&alone), "{threads} {recompute}");
				}
				let reversed: Vec<_> = sequences.iter().rev().copied().collect();
				let mut together = of(&reversed, 1, true);
				together.reverse();
				assert_eq!(bits(&together), bits(&alone));
			}
		}
	}
}

#[test]
fn losses_alone_are_those_that_come_with_gradients() {
	let all: Vec<u32> = (0..64).map(|i| (i * 29 + 7) % 250).collect();
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let values = parameters::flatten(adapter.weights()).unwrap();
	let trained = Trained::new(adapter.weights(), &values).unwrap();
	let sequences = sequences(&all);
	let team = Team::alone();
	let with = losses_and_gradients(&base, &team, &trained, &sequences, PassOptions::default());
	let with: Vec<f32> = with.unwrap().into_iter().map(|(loss, _)| loss).collect();
	assert_eq!(losses(&base, &team, &trained, &sequences, ALL.objective).unwrap(), with);
}

/// The loss with given stretches is the mean over learnt tokens alone.
#[test]
fn given_tokens_have_no_part_in_loss_or_gradient() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let values = parameters::flatten(adapter.weights()).unwrap();
	let trained = Trained::new(adapter.weights(), &values).unwrap();
	let of = |sequence| {
		loss_and_gradient(&base, &Team::alone(), &trained, sequence, ALL).expect("it fits")
	};
	let sequence = Sequence { tokens: &TOKENS, answer_start: 3, ..Sequence::default() };
	let (loss, _) = of(Sequence { given: &[4..6, 8..9], ..sequence });
	// Tokens 3, 6 and 7 are left.
	let single = |at: usize| {
		let tokens = &TOKENS[..=at];
		of(Sequence { tokens, answer_start: at, ..Sequence::default() })
	};
	let singles = [3, 6, 7].map(single);
	let mean = singles.iter().map(|(loss, _)| f64::from(*loss)).sum::<f64>() / 3.0;
	assert!((f64::from(loss) - mean).abs() < 1e-5, "{loss} {mean}");
	let (_, gradient) = of(Sequence { given: &[4..6, 8..9], ..sequence });
	let mut summed = vec![0.0; gradient.len()];
	for (_, single) in &singles {
		summed.iter_mut().zip(single).for_each(|(sum, g)| *sum += g / 3.0);
	}
	let difference: Vec<f32> = gradient.iter().zip(&summed).map(|(a, b)| a - b).collect();
	assert!(norm(&difference) < 1e-4 * norm(&summed));
}

/// With dropout the loss is another function of the parameters; its gradient is compared with central
/// differences of itself, coarsely: keys and values are kept in half precision.
#[test]
fn gradient_with_dropout_is_the_slope_of_the_loss_with_the_same_draws() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let values = parameters::flatten(adapter.weights()).unwrap();
	let sequence = Sequence { tokens: &TOKENS, answer_start: 3, record: 4, ..Sequence::default() };
	let options = PassOptions { dropout: Some(DROPOUT), ..PassOptions::default() };
	let of = |values: &[f32]| {
		let trained = Trained::new(adapter.weights(), values).unwrap();
		let found = losses_and_gradients(&base, &Team::alone(), &trained, &[sequence], options);
		found.unwrap().swap_remove(0)
	};
	let (loss, gradient) = of(&values);
	let trained = Trained::new(adapter.weights(), &values).unwrap();
	let plain = loss_and_gradient(&base, &Team::alone(), &trained, sequence, ALL).unwrap();
	assert_ne!(loss, plain.0);
	let size = norm(&gradient);
	let h = 2e-3;
	let moved = |sign: f64| {
		let step = |(value, g): (&f32, &f32)| value + (sign * h * f64::from(*g) / size) as f32;
		f64::from(of(&values.iter().zip(&gradient).map(step).collect::<Vec<_>>()).0)
	};
	let measured = (moved(1.0) - moved(-1.0)) / (2.0 * h);
	assert!((measured - size).abs() < 2e-2 * size, "measured {measured}, claimed {size}");
	// The plain gradient is not the slope: the test can tell.
	let along: f64 =
		plain.1.iter().zip(&gradient).map(|(a, b)| f64::from(a * b)).sum::<f64>() / size;
	assert!((along - size).abs() > 5e-2 * size, "{along} {size}");
}

#[test]
fn draws_are_keyed_by_record_and_position_and_not_by_the_row_of_a_pass() {
	let row = Row { record: 4, position: 2 };
	let mut x = vec![1.0; 2 * 64];
	let rows = [Row { record: 0, position: 0 }, row, Row { record: 4, position: 3 }];
	let dropped = crate::engine::dropout::Dropped { rule: DROPOUT, rows: &rows };
	dropped.apply(0, Module::Q, 1, &mut x, 64);
	assert_eq!(x[..64], DROPOUT.factors(0, Module::Q, row, 64));
}

#[test]
fn sequence_that_fails_is_named_when_it_shares_a_pass() {
	let base = testing::tiny_base(1);
	let adapter = adapter(&base, 0.3);
	let values = parameters::flatten(adapter.weights()).unwrap();
	let trained = Trained::new(adapter.weights(), &values).unwrap();
	let fine = Sequence { tokens: &TOKENS, answer_start: 3, ..Sequence::default() };
	for bad in [
		Sequence { answer_start: 9, ..fine },
		Sequence { tokens: &[3, 900_000], answer_start: 1, ..fine },
	] {
		let all = [fine, fine, bad, bad];
		let refused =
			losses_and_gradients(&base, &Team::alone(), &trained, &all, PassOptions::default());
		assert!(matches!(refused, Err((2, _))), "{refused:?}");
		assert!(losses(&base, &Team::alone(), &trained, &all, ALL.objective).is_err());
	}
}

proptest! {
	#[test]
	fn packs_hold_every_sequence_once_in_order(
		lengths in proptest::collection::vec(1usize..700, 0..40),
		threads in 1usize..9,
	) {
		let tokens = vec![0; 700];
		let sequences: Vec<_> = lengths
			.iter()
			.map(|len| Sequence { tokens: &tokens[..*len], ..Sequence::default() })
			.collect();
		let packs = packs(&sequences, threads);
		let flat: Vec<usize> = packs.iter().cloned().flatten().collect();
		prop_assert_eq!(flat, (0..lengths.len()).collect::<Vec<_>>());
		let all: usize = lengths.iter().sum();
		for pack in packs {
			let rows: usize = lengths[pack.clone()].iter().sum();
			let most = all.div_ceil(threads).min(256);
			prop_assert!(pack.len() == 1 || rows <= most);
		}
	}
}
