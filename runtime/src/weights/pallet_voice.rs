//! Weights of `pallet_voice`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 20, each repeated 10 times.
//! Reference: 132848 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_voice::WeightInfo for WeightInfo<T> {
	// `p`: 0 to 16.
	fn earned(p: u32) -> Weight {
		Weight::from_parts(10_420_584, 0)
			.saturating_add(Weight::from_parts(8_288_262, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(p.into())))
	}

	fn vote() -> Weight {
		Weight::from_parts(242_533_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn remove_vote() -> Weight {
		Weight::from_parts(150_201_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn forget() -> Weight {
		Weight::from_parts(26_028_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn approve() -> Weight {
		Weight::from_parts(48_631_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn reject() -> Weight {
		Weight::from_parts(50_154_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn withdraw() -> Weight {
		Weight::from_parts(34_836_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn clear() -> Weight {
		Weight::from_parts(40_956_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `n`: 1 to 10000.
	fn dispatch(n: u32) -> Weight {
		Weight::from_parts(58_118_069, 0)
			.saturating_add(Weight::from_parts(1_464, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `n`: 1 to 4194294.
	fn dispatch_hash(n: u32) -> Weight {
		Weight::from_parts(44_422_000, 0)
			.saturating_add(Weight::from_parts(2_152, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
