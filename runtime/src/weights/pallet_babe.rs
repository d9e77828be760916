//! Weights of `pallet_babe`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 63747 ns.

use core::marker::PhantomData;
use frame_support::weights::Weight;

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo<T> {
	// `x`: 0 to 1.
	/// Measured.
	pub fn check_equivocation_proof(_x: u32) -> Weight {
		Weight::from_parts(78_806_666, 0)
	}
}
