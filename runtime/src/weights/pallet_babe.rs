//! Weights of `pallet_babe`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 20, each repeated 10 times.
//! Reference: 131871 ns.

use core::marker::PhantomData;
use frame_support::weights::Weight;

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo<T> {
	// `x`: 0 to 1.
	/// Measured.
	pub fn check_equivocation_proof(_x: u32) -> Weight {
		Weight::from_parts(117_114_288, 0)
	}
}
