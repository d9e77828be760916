use super::*;
use crate::{
	PeftConfig, Sampling, Team,
	engine::Single,
	testing::{self, Encoding},
};

/// Logits of the canonical engine and of candle on this processor, stretch by stretch.
fn both(base: &Arc<Base>, adapter: Option<&Adapter>, stretches: &[&[u32]]) -> Vec<[Vec<f32>; 2]> {
	let packed: Vec<_> =
		adapter.map(|adapter| (adapter.packed().unwrap(), 1.0)).into_iter().collect();
	let team = Team::alone();
	let mut canonical = Single::new(base, &team, &packed);
	let other = Accelerated::load(Arc::clone(base), Device::Cpu).unwrap();
	let adapter = adapter.map(|adapter| other.adapter(adapter).unwrap());
	let entries = (0..base.config.layers).map(|_| None).collect();
	let mut sequence = Sequence { of: &other, adapter: adapter.as_ref(), entries, len: 0 };
	let pairs = stretches
		.iter()
		.map(|tokens| [canonical.prefill(tokens).unwrap(), sequence.after(tokens).unwrap()]);
	pairs.collect()
}

fn far(pair: &[Vec<f32>; 2]) -> f32 {
	let [one, other] = pair;
	assert_eq!(one.len(), other.len());
	one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn logits_are_near_the_canonical_ones_for_every_architecture() {
	for (name, config) in testing::tiny_kinds() {
		let folder = tempfile::tempdir().unwrap();
		let path = testing::write_gguf(folder.path(), &config, 3, Encoding::F32);
		let base = Base::load(&path).unwrap();
		let tokens: Vec<u32> = (0..40).map(|i| (i * 53 + 7) % 250).collect();
		let stretches = [&tokens[..30], &tokens[30..31], &tokens[31..39], &tokens[39..]];
		for (at, pair) in both(&base, None, &stretches).iter().enumerate() {
			// The canonical engine keeps keys and values in half precision.
			assert!(far(pair) < 5e-3, "{name}, stretch {at}: {}", far(pair));
		}
	}
}

#[test]
fn adapters_change_logits_as_the_canonical_engine_does() {
	let base = testing::tiny_base(1);
	let config = PeftConfig::new(4, 8.0, Module::ALL).unwrap();
	let adapter = testing::random_adapter(&base.config, config, 2);
	let tokens: &[u32] = &[5, 9, 2, 30];
	let with = both(&base, Some(&adapter), &[tokens]);
	let without = both(&base, None, &[tokens]);
	let moved = far(&[with[0][1].clone(), without[0][1].clone()]);
	assert!(moved > 20.0 * far(&with[0]), "{moved} by the adapter, {} apart", far(&with[0]));
}

#[test]
fn answers_end_and_are_refused_as_the_canonical_ones() {
	let base = testing::tiny_base(1);
	let other = Accelerated::load(Arc::clone(&base), Device::Cpu).unwrap();
	let options = GenerateOptions::new(5, Sampling::GREEDY, Vec::new());
	let mut seen = Vec::new();
	let answer = other
		.generate(None, &[3, 4], &options, &mut |token| {
			seen.push(token);
			ControlFlow::Continue(())
		})
		.unwrap();
	assert_eq!((answer.tokens.len(), answer.finish), (5, generate::Finish::Length));
	assert_eq!(answer.tokens, seen);
	let ask = |prompt: &[u32]| {
		other.generate(None, prompt, &options, &mut |_| ControlFlow::Continue(())).unwrap_err()
	};
	assert!(matches!(ask(&[]), Error::EmptyPrompt));
	assert!(matches!(ask(&[u32::MAX]), Error::UnknownToken { .. }));
	assert!(matches!(ask(&vec![1; base.config.context + 1]), Error::ContextExceeded { .. }));
}

#[cfg(not(feature = "cuda"))]
#[test]
fn gpu_is_refused_with_what_to_do_when_it_was_not_asked_for_at_the_build() {
	let error = Accelerated::on_gpu(testing::tiny_base(1)).unwrap_err();
	assert!(error.to_string().contains("--features cuda"), "{error}");
}
