//! Weights of `pallet_attribution`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 61602 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_attribution::WeightInfo for WeightInfo<T> {
	fn commit_challenge() -> Weight {
		Weight::from_parts(79_466_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn open_challenge() -> Weight {
		Weight::from_parts(286_676_000, 0)
			.saturating_add(T::DbWeight::get().reads(28))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	fn open_forgery() -> Weight {
		Weight::from_parts(270_075_000, 0)
			.saturating_add(T::DbWeight::get().reads(26))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn withdraw_challenge() -> Weight {
		Weight::from_parts(63_879_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn demand_position() -> Weight {
		Weight::from_parts(127_488_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn answer_demand() -> Weight {
		Weight::from_parts(136_655_000, 0)
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn conclude_demand() -> Weight {
		Weight::from_parts(154_695_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	fn finalize() -> Weight {
		Weight::from_parts(314_178_000, 0)
			.saturating_add(T::DbWeight::get().reads(68))
			.saturating_add(T::DbWeight::get().writes(31))
	}

	// `p`: 1 to 16.
	// `n`: 1 to 8.
	fn finalize_due(n: u32, p: u32) -> Weight {
		Weight::from_parts(323_524_000, 0)
			.saturating_add(Weight::from_parts(164_277_056, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(6_797_109, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(34))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(p.into())))
	}
}
