//! How every adapter of this setting is trained.

use openlora::{Order, TrainOptions};

/// Contributors.
pub const CONTRIBUTORS: usize = 20;

/// The options, with a seed.
pub fn options(seed: u64) -> TrainOptions {
	TrainOptions {
		rank: 8,
		alpha: 16.0,
		epochs: 3,
		batch: 10,
		lr: 4e-3,
		seed,
		order: Order::Keyed,
		// What the retrained adapters were compared in is published.
		half: false,
		threads: 1,
		checkpoint_every: usize::MAX,
		..TrainOptions::default()
	}
}
