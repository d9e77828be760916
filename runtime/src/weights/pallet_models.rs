//! Weights of `pallet_models`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 61602 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_models::WeightInfo for WeightInfo<T> {
	fn register_base() -> Weight {
		Weight::from_parts(48_661_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn remove_base() -> Weight {
		Weight::from_parts(43_609_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `s`: 1 to 16.
	fn register(s: u32) -> Weight {
		// The rate of audits is counted by hand (docs/weights.md).
		Weight::from_parts(114_478_926, 0)
			.saturating_add(Weight::from_parts(6_795_014, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(7))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}

	fn commit_index() -> Weight {
		Weight::from_parts(121_641_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn set_status() -> Weight {
		Weight::from_parts(20_278_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn set_price() -> Weight {
		Weight::from_parts(16_790_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn offer_ownership() -> Weight {
		Weight::from_parts(16_879_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn accept_ownership() -> Weight {
		// The version's standing is counted by hand (docs/weights.md).
		Weight::from_parts(160_826_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// `s`: 1 to 16.
	fn remove(s: u32) -> Weight {
		// A transfer to the treasury and what is forgotten of audits are counted by hand (docs/weights.md).
		Weight::from_parts(156_931_880, 0)
			.saturating_add(Weight::from_parts(3_872_624, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(11))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}

	fn commit_training() -> Weight {
		Weight::from_parts(16_017_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn ask_audit() -> Weight {
		Weight::from_parts(28_190_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
