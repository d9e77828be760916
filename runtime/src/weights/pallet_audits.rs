//! Weights of `pallet_audits`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 63747 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_audits::WeightInfo for WeightInfo<T> {
	fn register_verifier() -> Weight {
		Weight::from_parts(99_330_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(59_118_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn leave() -> Weight {
		Weight::from_parts(17_492_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(86_509_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(6))
	}

	fn commit() -> Weight {
		Weight::from_parts(55_651_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn reveal() -> Weight {
		Weight::from_parts(1_122_880_000, 0)
			.saturating_add(T::DbWeight::get().reads(81))
			.saturating_add(T::DbWeight::get().writes(73))
	}

	fn reveal_duplicate() -> Weight {
		Weight::from_parts(704_531_000, 0)
			.saturating_add(T::DbWeight::get().reads(64))
			.saturating_add(T::DbWeight::get().writes(59))
	}

	fn reveal_distinct() -> Weight {
		Weight::from_parts(1_019_097_000, 0)
			.saturating_add(T::DbWeight::get().reads(61))
			.saturating_add(T::DbWeight::get().writes(54))
	}

	fn appeal() -> Weight {
		Weight::from_parts(108_024_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn correct() -> Weight {
		Weight::from_parts(483_528_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn resolve() -> Weight {
		Weight::from_parts(1_134_238_000, 0)
			.saturating_add(T::DbWeight::get().reads(80))
			.saturating_add(T::DbWeight::get().writes(73))
	}

	fn advance() -> Weight {
		Weight::from_parts(1_930_009_000, 0)
			.saturating_add(T::DbWeight::get().reads(275))
			.saturating_add(T::DbWeight::get().writes(21))
	}

	fn clearance() -> Weight {
		Weight::from_parts(36_461_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn clear() -> Weight {
		Weight::from_parts(28_274_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn ask() -> Weight {
		Weight::from_parts(66_374_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn compare() -> Weight {
		Weight::from_parts(16_622_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn consent() -> Weight {
		Weight::from_parts(23_120_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn dispute() -> Weight {
		Weight::from_parts(104_951_000, 0)
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(7))
	}
}
