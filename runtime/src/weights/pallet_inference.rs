//! Weights of `pallet_inference`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65698 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_inference::WeightInfo for WeightInfo<T> {
	fn register_operator() -> Weight {
		Weight::from_parts(85_268_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn update_operator() -> Weight {
		Weight::from_parts(15_443_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(48_903_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `m`: 1 to 64.
	fn serve(m: u32) -> Weight {
		Weight::from_parts(68_743_000, 0)
			.saturating_add(Weight::from_parts(56_970_951, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(19_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn unserve() -> Weight {
		Weight::from_parts(16_424_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `m`: 1 to 64.
	fn leave(m: u32) -> Weight {
		Weight::from_parts(25_880_665, 0)
			.saturating_add(Weight::from_parts(5_636_628, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(78_697_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `p`: 1 to 8192.
	// `o`: 1 to 64.
	fn request(p: u32, o: u32) -> Weight {
		Weight::from_parts(172_764_789, 0)
			.saturating_add(Weight::from_parts(1_081, 0).saturating_mul(p.into()))
			.saturating_add(Weight::from_parts(8_068_644, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(31))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(o.into())))
			.saturating_add(T::DbWeight::get().writes(9))
	}

	// `a`: 1 to 4096.
	// `c`: 0 to 16.
	fn answer(a: u32, c: u32) -> Weight {
		Weight::from_parts(153_067_544, 0)
			.saturating_add(Weight::from_parts(4_685, 0).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(28_576_407, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(32))
			.saturating_add(T::DbWeight::get().writes(10))
	}

	fn expire() -> Weight {
		Weight::from_parts(135_302_000, 0)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(12))
	}

	fn prune() -> Weight {
		Weight::from_parts(63_355_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	// `s`: 0 to 16.
	fn settle(s: u32) -> Weight {
		Weight::from_parts(191_278_545, 0)
			.saturating_add(Weight::from_parts(3_429_626, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(34))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(14))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}
}
