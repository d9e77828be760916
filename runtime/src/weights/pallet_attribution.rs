//! Weights of `pallet_attribution`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_attribution::WeightInfo for WeightInfo<T> {
	fn commit_challenge() -> Weight {
		Weight::from_parts(66_579_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn open_challenge() -> Weight {
		Weight::from_parts(265_336_000, 0)
			.saturating_add(T::DbWeight::get().reads(30))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	fn open_forgery() -> Weight {
		Weight::from_parts(246_067_000, 0)
			.saturating_add(T::DbWeight::get().reads(26))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn withdraw_challenge() -> Weight {
		Weight::from_parts(52_678_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn demand_position() -> Weight {
		Weight::from_parts(112_678_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn answer_demand() -> Weight {
		Weight::from_parts(154_591_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn conclude_demand() -> Weight {
		Weight::from_parts(139_598_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn finalize() -> Weight {
		Weight::from_parts(286_467_000, 0)
			.saturating_add(T::DbWeight::get().reads(69))
			.saturating_add(T::DbWeight::get().writes(32))
	}

	// `n`: 1 to 8.
	// `p`: 1 to 16.
	fn finalize_due(n: u32, p: u32) -> Weight {
		Weight::from_parts(293_428_000, 0)
			.saturating_add(Weight::from_parts(159_181_549, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(5_337_676, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(34))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(p.into())))
	}
}
