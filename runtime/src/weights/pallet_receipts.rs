//! Weights of `pallet_receipts`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 61602 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_receipts::WeightInfo for WeightInfo<T> {
	fn open_session() -> Weight {
		Weight::from_parts(173_946_000, 0)
			.saturating_add(T::DbWeight::get().reads(27))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	fn add_escrow() -> Weight {
		Weight::from_parts(61_518_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn close_session() -> Weight {
		Weight::from_parts(97_312_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// `v`: 1 to 64.
	fn commit_batch(v: u32) -> Weight {
		Weight::from_parts(168_975_938, 0)
			.saturating_add(Weight::from_parts(87_921_003, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(v.into())))
	}

	// `n`: 1 to 8.
	// `c`: 0 to 16.
	fn reveal(n: u32, c: u32) -> Weight {
		Weight::from_parts(283_407_835, 0)
			.saturating_add(Weight::from_parts(283_407_835, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(26_292_605, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
	}

	// `v`: 1 to 64.
	fn conclude(v: u32) -> Weight {
		Weight::from_parts(218_600_131, 0)
			.saturating_add(Weight::from_parts(73_054_907, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(v.into())))
	}

	// `d`: 1 to 32.
	fn prune_batch(d: u32) -> Weight {
		Weight::from_parts(67_887_892, 0)
			.saturating_add(Weight::from_parts(9_999_246, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(d.into())))
	}
}
