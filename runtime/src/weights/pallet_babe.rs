//! Weights of `pallet_babe`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::weights::Weight;

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo<T> {
	// `x`: 0 to 1.
	/// Measured.
	pub fn check_equivocation_proof(x: u32) -> Weight {
		Weight::from_parts(68_590_428, 0)
			.saturating_add(Weight::from_parts(121_263, 0).saturating_mul(x.into()))
	}
}
