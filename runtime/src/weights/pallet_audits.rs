//! Weights of `pallet_audits`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_audits::WeightInfo for WeightInfo<T> {
	fn register_verifier() -> Weight {
		Weight::from_parts(89_013_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(51_196_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn leave() -> Weight {
		Weight::from_parts(13_600_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(75_452_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn commit() -> Weight {
		Weight::from_parts(76_774_000, 0)
			.saturating_add(T::DbWeight::get().reads(19))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn reveal() -> Weight {
		Weight::from_parts(1_077_177_000, 0)
			.saturating_add(T::DbWeight::get().reads(90))
			.saturating_add(T::DbWeight::get().writes(67))
	}

	fn reveal_duplicate() -> Weight {
		Weight::from_parts(597_691_000, 0)
			.saturating_add(T::DbWeight::get().reads(59))
			.saturating_add(T::DbWeight::get().writes(53))
	}

	fn reveal_distinct() -> Weight {
		Weight::from_parts(937_468_000, 0)
			.saturating_add(T::DbWeight::get().reads(56))
			.saturating_add(T::DbWeight::get().writes(48))
	}

	fn appeal() -> Weight {
		Weight::from_parts(130_584_000, 0)
			.saturating_add(T::DbWeight::get().reads(24))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn correct() -> Weight {
		Weight::from_parts(1_328_331_000, 0)
			.saturating_add(T::DbWeight::get().reads(51))
			.saturating_add(T::DbWeight::get().writes(30))
	}

	fn resolve() -> Weight {
		Weight::from_parts(1_030_677_000, 0)
			.saturating_add(T::DbWeight::get().reads(80))
			.saturating_add(T::DbWeight::get().writes(58))
	}

	fn resolve_canary() -> Weight {
		Weight::from_parts(1_510_833_000, 0)
			.saturating_add(T::DbWeight::get().reads(69))
			.saturating_add(T::DbWeight::get().writes(65))
	}

	fn advance() -> Weight {
		Weight::from_parts(1_750_741_000, 0)
			.saturating_add(T::DbWeight::get().reads(290))
			.saturating_add(T::DbWeight::get().writes(21))
	}

	fn clearance() -> Weight {
		Weight::from_parts(63_755_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn clear() -> Weight {
		Weight::from_parts(22_773_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn ask() -> Weight {
		Weight::from_parts(91_807_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn compare() -> Weight {
		Weight::from_parts(45_017_000, 0)
			.saturating_add(T::DbWeight::get().reads(18))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn consent() -> Weight {
		Weight::from_parts(16_254_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn dispute() -> Weight {
		Weight::from_parts(122_242_000, 0)
			.saturating_add(T::DbWeight::get().reads(30))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	fn unveil() -> Weight {
		Weight::from_parts(80_600_000, 0)
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().writes(4))
	}
}
