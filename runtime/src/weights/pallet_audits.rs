//! Weights of `pallet_audits`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 61602 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_audits::WeightInfo for WeightInfo<T> {
	fn register_verifier() -> Weight {
		Weight::from_parts(99_047_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(58_132_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn leave() -> Weight {
		Weight::from_parts(17_048_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(84_415_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(6))
	}

	fn commit() -> Weight {
		Weight::from_parts(52_383_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn reveal() -> Weight {
		Weight::from_parts(952_981_000, 0)
			.saturating_add(T::DbWeight::get().reads(63))
			.saturating_add(T::DbWeight::get().writes(54))
	}

	fn appeal() -> Weight {
		Weight::from_parts(101_723_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn correct() -> Weight {
		Weight::from_parts(483_158_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn resolve() -> Weight {
		Weight::from_parts(921_288_000, 0)
			.saturating_add(T::DbWeight::get().reads(63))
			.saturating_add(T::DbWeight::get().writes(55))
	}

	fn advance() -> Weight {
		// What is drawn of a version is counted by hand (docs/weights.md).
		Weight::from_parts(1_851_884_000, 0)
			.saturating_add(T::DbWeight::get().reads(275))
			.saturating_add(T::DbWeight::get().writes(22))
	}

	fn clearance() -> Weight {
		Weight::from_parts(32_824_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// Counted by hand (docs/weights.md).
	fn clear() -> Weight {
		Weight::from_parts(30_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// Counted by hand (docs/weights.md).
	fn ask() -> Weight {
		Weight::from_parts(90_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(9))
	}

	// Counted by hand (docs/weights.md).
	fn compare() -> Weight {
		Weight::from_parts(60_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// Counted by hand (docs/weights.md).
	fn consent() -> Weight {
		Weight::from_parts(30_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	// Counted by hand (docs/weights.md).
	fn dispute() -> Weight {
		Weight::from_parts(90_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(28))
			.saturating_add(T::DbWeight::get().writes(8))
	}
}
