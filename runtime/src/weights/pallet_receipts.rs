//! Weights of `pallet_receipts`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_receipts::WeightInfo for WeightInfo<T> {
	fn open_session() -> Weight {
		Weight::from_parts(160_630_000, 0)
			.saturating_add(T::DbWeight::get().reads(27))
			.saturating_add(T::DbWeight::get().writes(6))
	}

	fn add_escrow() -> Weight {
		Weight::from_parts(54_852_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn close_session() -> Weight {
		Weight::from_parts(86_979_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `v`: 1 to 64.
	fn commit_batch(v: u32) -> Weight {
		Weight::from_parts(144_412_972, 0)
			.saturating_add(Weight::from_parts(79_416_562, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(v.into())))
	}

	// `c`: 0 to 16.
	// `n`: 1 to 8.
	fn reveal(n: u32, c: u32) -> Weight {
		Weight::from_parts(213_772_271, 0)
			.saturating_add(Weight::from_parts(77_859_544, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(27_457_989, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(46))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
	}

	// `v`: 1 to 64.
	fn conclude(v: u32) -> Weight {
		Weight::from_parts(180_011_076, 0)
			.saturating_add(Weight::from_parts(73_059_082, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(v.into())))
	}

	// `d`: 1 to 32.
	fn prune_batch(d: u32) -> Weight {
		Weight::from_parts(50_925_911, 0)
			.saturating_add(Weight::from_parts(10_495_927, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(d.into())))
	}
}
