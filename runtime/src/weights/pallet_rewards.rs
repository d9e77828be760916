//! Weights of `pallet_rewards`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 61602 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_rewards::WeightInfo for WeightInfo<T> {
	fn claim() -> Weight {
		Weight::from_parts(67_832_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	fn sweep() -> Weight {
		Weight::from_parts(12_747_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn set_payee() -> Weight {
		Weight::from_parts(46_540_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `s`: 0 to 16.
	fn distribute(s: u32) -> Weight {
		Weight::from_parts(67_689_794, 0)
			.saturating_add(Weight::from_parts(2_950_687, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(10))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}
}
