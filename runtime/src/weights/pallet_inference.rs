//! Weights of `pallet_inference`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 63747 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_inference::WeightInfo for WeightInfo<T> {
	fn register_operator() -> Weight {
		Weight::from_parts(87_688_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn update_operator() -> Weight {
		Weight::from_parts(19_351_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(54_469_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `m`: 1 to 64.
	fn serve(m: u32) -> Weight {
		Weight::from_parts(76_838_000, 0)
			.saturating_add(Weight::from_parts(65_478_128, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(19_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn unserve() -> Weight {
		Weight::from_parts(22_316_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `m`: 1 to 64.
	fn leave(m: u32) -> Weight {
		Weight::from_parts(43_992_513, 0)
			.saturating_add(Weight::from_parts(6_578_864, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(88_255_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `p`: 1 to 8192.
	// `o`: 1 to 64.
	fn request(_p: u32, o: u32) -> Weight {
		Weight::from_parts(217_553_919, 0)
			.saturating_add(Weight::from_parts(8_785_929, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(31))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(o.into())))
			.saturating_add(T::DbWeight::get().writes(9))
	}

	// `a`: 1 to 4096.
	// `c`: 0 to 16.
	fn answer(a: u32, c: u32) -> Weight {
		Weight::from_parts(193_394_135, 0)
			.saturating_add(Weight::from_parts(185, 0).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(26_451_834, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(32))
			.saturating_add(T::DbWeight::get().writes(10))
	}

	// Measured, and a read counted: of what the version's prompts may hold.
	fn expire() -> Weight {
		Weight::from_parts(150_722_000, 0)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(12))
	}

	fn prune() -> Weight {
		Weight::from_parts(73_092_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(6))
	}

	// `s`: 0 to 16.
	fn settle(s: u32) -> Weight {
		Weight::from_parts(214_997_525, 0)
			.saturating_add(Weight::from_parts(3_886_944, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(34))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(14))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}
}
