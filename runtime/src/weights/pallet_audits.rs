//! Weights of `pallet_audits`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65698 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_audits::WeightInfo for WeightInfo<T> {
	fn register_verifier() -> Weight {
		Weight::from_parts(90_786_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(51_877_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn leave() -> Weight {
		Weight::from_parts(13_871_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(76_765_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn commit() -> Weight {
		Weight::from_parts(79_669_000, 0)
			.saturating_add(T::DbWeight::get().reads(19))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn reveal() -> Weight {
		Weight::from_parts(1_110_497_000, 0)
			.saturating_add(T::DbWeight::get().reads(89))
			.saturating_add(T::DbWeight::get().writes(67))
	}

	fn reveal_duplicate() -> Weight {
		Weight::from_parts(595_137_000, 0)
			.saturating_add(T::DbWeight::get().reads(58))
			.saturating_add(T::DbWeight::get().writes(53))
	}

	fn reveal_distinct() -> Weight {
		Weight::from_parts(931_940_000, 0)
			.saturating_add(T::DbWeight::get().reads(55))
			.saturating_add(T::DbWeight::get().writes(48))
	}

	fn appeal() -> Weight {
		Weight::from_parts(127_040_000, 0)
			.saturating_add(T::DbWeight::get().reads(24))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn correct() -> Weight {
		Weight::from_parts(493_987_000, 0)
			.saturating_add(T::DbWeight::get().reads(22))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn resolve() -> Weight {
		Weight::from_parts(1_043_467_000, 0)
			.saturating_add(T::DbWeight::get().reads(79))
			.saturating_add(T::DbWeight::get().writes(58))
	}

	fn resolve_canary() -> Weight {
		Weight::from_parts(1_900_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(90))
			.saturating_add(T::DbWeight::get().writes(90))
	}

	fn advance() -> Weight {
		Weight::from_parts(1_781_396_000, 0)
			.saturating_add(T::DbWeight::get().reads(290))
			.saturating_add(T::DbWeight::get().writes(21))
	}

	fn clearance() -> Weight {
		Weight::from_parts(63_976_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn clear() -> Weight {
		Weight::from_parts(23_395_000, 0)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn ask() -> Weight {
		Weight::from_parts(92_138_000, 0)
			.saturating_add(T::DbWeight::get().reads(23))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn compare() -> Weight {
		Weight::from_parts(45_909_000, 0)
			.saturating_add(T::DbWeight::get().reads(18))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn consent() -> Weight {
		Weight::from_parts(18_498_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn dispute() -> Weight {
		Weight::from_parts(129_353_000, 0)
			.saturating_add(T::DbWeight::get().reads(30))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	fn unveil() -> Weight {
		Weight::from_parts(100_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
