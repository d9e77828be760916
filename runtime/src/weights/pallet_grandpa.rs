//! Weights of `pallet_grandpa`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 20, each repeated 10 times.
//! Reference: 131170 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo<T> {
	// `x`: 0 to 1.
	/// Measured.
	pub fn check_equivocation_proof(x: u32) -> Weight {
		Weight::from_parts(134_213_125, 0)
			.saturating_add(Weight::from_parts(303_491, 0).saturating_mul(x.into()))
	}

	/// Measured.
	pub fn note_stalled() -> Weight {
		Weight::from_parts(7_374_000, 0).saturating_add(T::DbWeight::get().writes(1))
	}
}
