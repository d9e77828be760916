//! Weights of `elections`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 20, each repeated 10 times.
//! Reference: 113868 ns.

use core::marker::PhantomData;
use frame_support::weights::Weight;

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo<T> {
	// `e`: 3200 to 6400.
	/// Measured.
	pub fn elect(e: u32) -> Weight {
		Weight::from_parts(37_015_529_000, 0)
			.saturating_add(Weight::from_parts(5_183_803, 0).saturating_mul(e.into()))
	}
}
