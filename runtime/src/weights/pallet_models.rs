//! Weights of `pallet_models`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65698 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_models::WeightInfo for WeightInfo<T> {
	fn register_base() -> Weight {
		Weight::from_parts(44_176_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn remove_base() -> Weight {
		Weight::from_parts(38_858_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `s`: 1 to 16.
	fn register(s: u32) -> Weight {
		Weight::from_parts(103_892_074, 0)
			.saturating_add(Weight::from_parts(6_125_401, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(7))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}

	fn commit_index() -> Weight {
		Weight::from_parts(107_350_000, 0)
			.saturating_add(T::DbWeight::get().reads(21))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn set_status() -> Weight {
		Weight::from_parts(15_994_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn set_price() -> Weight {
		Weight::from_parts(12_699_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn offer_ownership() -> Weight {
		Weight::from_parts(12_759_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn accept_ownership() -> Weight {
		Weight::from_parts(151_847_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// `s`: 1 to 16.
	fn remove(s: u32) -> Weight {
		Weight::from_parts(111_308_681, 0)
			.saturating_add(Weight::from_parts(3_544_238, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(11))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}

	fn commit_training() -> Weight {
		Weight::from_parts(12_279_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn ask_audit() -> Weight {
		Weight::from_parts(89_453_000, 0)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn commit_retrieval() -> Weight {
		Weight::from_parts(56_955_000, 0)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
