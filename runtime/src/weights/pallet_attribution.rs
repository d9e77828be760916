//! Weights of `pallet_attribution`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 63747 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_attribution::WeightInfo for WeightInfo<T> {
	fn commit_challenge() -> Weight {
		Weight::from_parts(83_519_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn open_challenge() -> Weight {
		Weight::from_parts(300_255_000, 0)
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	fn open_forgery() -> Weight {
		Weight::from_parts(275_182_000, 0)
			.saturating_add(T::DbWeight::get().reads(26))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn withdraw_challenge() -> Weight {
		Weight::from_parts(65_573_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn demand_position() -> Weight {
		Weight::from_parts(134_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn answer_demand() -> Weight {
		Weight::from_parts(179_078_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn conclude_demand() -> Weight {
		Weight::from_parts(162_460_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn finalize() -> Weight {
		Weight::from_parts(343_177_000, 0)
			.saturating_add(T::DbWeight::get().reads(69))
			.saturating_add(T::DbWeight::get().writes(32))
	}

	// `p`: 1 to 16.
	// `n`: 1 to 8.
	fn finalize_due(n: u32, p: u32) -> Weight {
		Weight::from_parts(349_542_000, 0)
			.saturating_add(Weight::from_parts(175_242_397, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(6_988_661, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(34))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(p.into())))
	}
}
