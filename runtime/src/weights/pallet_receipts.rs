//! Weights of `pallet_receipts`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65698 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_receipts::WeightInfo for WeightInfo<T> {
	fn open_session() -> Weight {
		Weight::from_parts(161_461_000, 0)
			.saturating_add(T::DbWeight::get().reads(27))
			.saturating_add(T::DbWeight::get().writes(6))
	}

	fn add_escrow() -> Weight {
		Weight::from_parts(54_742_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn close_session() -> Weight {
		Weight::from_parts(88_091_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `v`: 1 to 64.
	fn commit_batch(v: u32) -> Weight {
		Weight::from_parts(150_222_009, 0)
			.saturating_add(Weight::from_parts(79_915_113, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(v.into())))
	}

	// `n`: 1 to 8.
	// `c`: 0 to 16.
	fn reveal(n: u32, c: u32) -> Weight {
		Weight::from_parts(194_243_587, 0)
			.saturating_add(Weight::from_parts(80_976_378, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(28_861_491, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(46))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
	}

	// `v`: 1 to 64.
	fn conclude(v: u32) -> Weight {
		Weight::from_parts(174_492_596, 0)
			.saturating_add(Weight::from_parts(75_189_508, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(v.into())))
	}

	// `d`: 1 to 32.
	fn prune_batch(d: u32) -> Weight {
		Weight::from_parts(61_636_167, 0)
			.saturating_add(Weight::from_parts(10_209_601, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(d.into())))
	}
}
