//! Weights of `pallet_voice`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 70115 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_voice::WeightInfo for WeightInfo<T> {
	fn vote() -> Weight {
		Weight::from_parts(77_876_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn remove_vote() -> Weight {
		Weight::from_parts(69_053_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn forget() -> Weight {
		Weight::from_parts(13_610_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn approve() -> Weight {
		Weight::from_parts(12_639_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn reject() -> Weight {
		Weight::from_parts(17_516_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn withdraw() -> Weight {
		Weight::from_parts(9_434_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn clear() -> Weight {
		Weight::from_parts(12_238_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `n`: 1 to 10000.
	fn dispatch(n: u32) -> Weight {
		Weight::from_parts(18_109_921, 0)
			.saturating_add(Weight::from_parts(1_476, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `n`: 1 to 4194294.
	fn dispatch_hash(n: u32) -> Weight {
		Weight::from_parts(18_185_634, 0)
			.saturating_add(Weight::from_parts(591, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
