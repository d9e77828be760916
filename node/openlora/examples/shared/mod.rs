//! What the measurements of serving ask for. Which values adapters and prompts have makes no difference
//! to the time.

use std::error::Error;

use candle_core::{Device, Tensor};
use openlora::{
	Adapter, AdapterWeights, Base, GenerateOptions, Lora, Module, PeftConfig, Sampling,
	serve::{Request, Served},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// An adapter on every projection.
pub fn adapter(base: &Base, rank: usize, seed: u64) -> Result<Adapter, Box<dyn Error>> {
	let config = PeftConfig::new(rank, 2.0 * rank as f64, Module::ALL)?;
	let mut weights = AdapterWeights::new(base.config.layers, 1.0);
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	for layer in 0..base.config.layers {
		for module in Module::ALL {
			let (inputs, outputs) = base.config.dimensions(module);
			let mut matrix = |rows: usize, columns: usize| {
				let values = (0..rows * columns).map(|_| rng.random_range(-0.01..0.01)).collect();
				Tensor::from_vec::<_, f32>(values, (rows, columns), &Device::Cpu)
			};
			let lora = Lora { a: matrix(rank, inputs)?, b: matrix(outputs, rank)? };
			weights.insert(layer, module, lora);
		}
	}
	Ok(Adapter::new(config, weights)?)
}

/// So many tokens in and at most so many out, greedily; seeds have prompts of their own.
pub fn request(
	base: &Base,
	adapter: Option<Served>,
	seed: usize,
	(prompt, answer): (usize, usize),
) -> Request {
	let vocab = base.config.vocab;
	let prompt = (0..prompt).map(|i| ((i * 7919 + seed * 104_729 + 11) % vocab) as u32).collect();
	let options = GenerateOptions::new(answer, Sampling::GREEDY, Vec::new());
	let adapters = adapter.into_iter().map(|adapter| (adapter, 1.0)).collect();
	Request { prompt, adapters, options, payer: seed as u64 }
}

/// The value below which so many of 100 lie.
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
	values.sort_by(f64::total_cmp);
	values[(values.len() * percent / 100).min(values.len() - 1)]
}
