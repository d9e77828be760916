//! Weights of `elections`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::weights::Weight;

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo<T> {
	// `e`: 3200 to 6400.
	/// Measured.
	pub fn elect(e: u32) -> Weight {
		Weight::from_parts(918_618_941, 0)
			.saturating_add(Weight::from_parts(4_520_992, 0).saturating_mul(e.into()))
	}
}
