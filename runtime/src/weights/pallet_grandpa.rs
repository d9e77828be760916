//! Weights of `pallet_grandpa`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo<T> {
	// `x`: 0 to 1.
	/// Measured.
	pub fn check_equivocation_proof(_x: u32) -> Weight {
		Weight::from_parts(61_061_619, 0)
	}

	/// Measured.
	pub fn note_stalled() -> Weight {
		Weight::from_parts(2_113_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
}
