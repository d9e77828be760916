//! Weights of `pallet_inference`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 87203 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_inference::WeightInfo for WeightInfo<T> {
	fn register_operator() -> Weight {
		Weight::from_parts(146_834_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn update_operator() -> Weight {
		Weight::from_parts(32_772_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(89_247_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `m`: 1 to 64.
	fn serve(m: u32) -> Weight {
		Weight::from_parts(124_312_000, 0)
			.saturating_add(Weight::from_parts(98_933_713, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(19_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn unserve() -> Weight {
		Weight::from_parts(36_648_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `m`: 1 to 64.
	fn leave(m: u32) -> Weight {
		Weight::from_parts(53_553_498, 0)
			.saturating_add(Weight::from_parts(8_465_184, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(137_547_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `o`: 1 to 64.
	// `p`: 1 to 8192.
	fn request(_p: u32, o: u32) -> Weight {
		Weight::from_parts(464_883_475, 0)
			.saturating_add(Weight::from_parts(12_161_722, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(o.into())))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	// `c`: 0 to 16.
	// `a`: 1 to 4096.
	fn answer(_a: u32, c: u32) -> Weight {
		Weight::from_parts(272_945_854, 0)
			.saturating_add(Weight::from_parts(66_227_956, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn expire() -> Weight {
		Weight::from_parts(220_501_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(11))
	}

	fn prune() -> Weight {
		Weight::from_parts(100_237_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `s`: 0 to 16.
	fn settle(s: u32) -> Weight {
		Weight::from_parts(312_426_725, 0)
			.saturating_add(Weight::from_parts(10_868_851, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(33))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(s.into())))
	}
}
