//! Weights of `pallet_audits`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 70115 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_audits::WeightInfo for WeightInfo<T> {
	fn register_verifier() -> Weight {
		Weight::from_parts(97_866_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(56_164_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn leave() -> Weight {
		Weight::from_parts(14_843_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(84_316_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(6))
	}

	fn commit() -> Weight {
		Weight::from_parts(39_799_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn reveal() -> Weight {
		Weight::from_parts(1_135_534_000, 0)
			.saturating_add(T::DbWeight::get().reads(81))
			.saturating_add(T::DbWeight::get().writes(73))
	}

	fn reveal_duplicate() -> Weight {
		Weight::from_parts(625_443_000, 0)
			.saturating_add(T::DbWeight::get().reads(64))
			.saturating_add(T::DbWeight::get().writes(59))
	}

	fn reveal_distinct() -> Weight {
		Weight::from_parts(977_808_000, 0)
			.saturating_add(T::DbWeight::get().reads(61))
			.saturating_add(T::DbWeight::get().writes(54))
	}

	fn appeal() -> Weight {
		Weight::from_parts(88_332_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn correct() -> Weight {
		Weight::from_parts(511_142_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn resolve() -> Weight {
		Weight::from_parts(1_113_150_000, 0)
			.saturating_add(T::DbWeight::get().reads(80))
			.saturating_add(T::DbWeight::get().writes(73))
	}

	fn advance() -> Weight {
		Weight::from_parts(1_761_728_000, 0)
			.saturating_add(T::DbWeight::get().reads(275))
			.saturating_add(T::DbWeight::get().writes(21))
	}

	fn clearance() -> Weight {
		Weight::from_parts(30_095_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn clear() -> Weight {
		Weight::from_parts(24_046_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn ask() -> Weight {
		Weight::from_parts(64_005_000, 0)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn compare() -> Weight {
		Weight::from_parts(14_041_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn consent() -> Weight {
		Weight::from_parts(16_675_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn dispute() -> Weight {
		Weight::from_parts(91_086_000, 0)
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(7))
	}
}
