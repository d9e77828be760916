//! Weights of `pallet_voice`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_voice::WeightInfo for WeightInfo<T> {
	fn vote() -> Weight {
		Weight::from_parts(71_717_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn remove_vote() -> Weight {
		Weight::from_parts(62_443_000, 0)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn forget() -> Weight {
		Weight::from_parts(12_469_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn approve() -> Weight {
		Weight::from_parts(11_558_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn reject() -> Weight {
		Weight::from_parts(15_974_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn withdraw() -> Weight {
		Weight::from_parts(8_693_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn clear() -> Weight {
		Weight::from_parts(11_297_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `n`: 1 to 10000.
	fn dispatch(n: u32) -> Weight {
		Weight::from_parts(16_577_189, 0)
			.saturating_add(Weight::from_parts(1_365, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `n`: 1 to 4194294.
	fn dispatch_hash(n: u32) -> Weight {
		Weight::from_parts(20_896_129, 0)
			.saturating_add(Weight::from_parts(559, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
