//! Weights of `pallet_models`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 87203 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_models::WeightInfo for WeightInfo<T> {
	fn register_base() -> Weight {
		Weight::from_parts(78_566_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn remove_base() -> Weight {
		Weight::from_parts(69_830_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `s`: 1 to 16.
	fn register(s: u32) -> Weight {
		Weight::from_parts(178_369_900, 0)
			.saturating_add(Weight::from_parts(11_099_345, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(7))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}

	// The bond's hold, training and standing counted by hand (docs/weights.md).
	fn commit_index() -> Weight {
		Weight::from_parts(161_760_000, 0)
			.saturating_add(T::DbWeight::get().reads(21))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// The standing counted by hand.
	fn set_status() -> Weight {
		Weight::from_parts(35_056_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn set_price() -> Weight {
		Weight::from_parts(28_253_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn offer_ownership() -> Weight {
		Weight::from_parts(29_264_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	// The bond's holds counted by hand (docs/weights.md).
	fn accept_ownership() -> Weight {
		Weight::from_parts(247_316_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// `s`: 1 to 16. The bond's hold, standing, training and verdict counted by hand (docs/weights.md).
	fn remove(s: u32) -> Weight {
		Weight::from_parts(160_436_962, 0)
			.saturating_add(Weight::from_parts(6_159_132, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}

	// Counted by hand (docs/weights.md).
	fn commit_training() -> Weight {
		Weight::from_parts(60_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	// Counted by hand (docs/weights.md).
	fn ask_audit() -> Weight {
		Weight::from_parts(80_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
