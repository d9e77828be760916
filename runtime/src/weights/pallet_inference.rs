//! Weights of `pallet_inference`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 20, each repeated 10 times.
//! Reference: 88094 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_inference::WeightInfo for WeightInfo<T> {
	fn register_operator() -> Weight {
		Weight::from_parts(179_065_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn update_operator() -> Weight {
		Weight::from_parts(36_208_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(149_500_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `m`: 1 to 64.
	fn serve(m: u32) -> Weight {
		Weight::from_parts(206_396_000, 0)
			.saturating_add(Weight::from_parts(146_795_902, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(19_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn unserve() -> Weight {
		Weight::from_parts(69_390_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `m`: 1 to 64.
	fn leave(m: u32) -> Weight {
		Weight::from_parts(141_518_561, 0)
			.saturating_add(Weight::from_parts(11_072_071, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(150_341_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `p`: 1 to 8192.
	// `o`: 1 to 64.
	fn request(p: u32, o: u32) -> Weight {
		Weight::from_parts(264_482_161, 0)
			.saturating_add(Weight::from_parts(12_223, 0).saturating_mul(p.into()))
			.saturating_add(Weight::from_parts(13_917_905, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(o.into())))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	// `a`: 1 to 4096.
	// `c`: 0 to 16.
	fn answer(_a: u32, c: u32) -> Weight {
		Weight::from_parts(334_720_864, 0)
			.saturating_add(Weight::from_parts(75_841_208, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(29))
			.saturating_add(T::DbWeight::get().writes(8))
	}

	fn expire() -> Weight {
		Weight::from_parts(234_168_000, 0)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(11))
	}

	fn prune() -> Weight {
		Weight::from_parts(122_759_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `s`: 0 to 16.
	fn settle(s: u32) -> Weight {
		Weight::from_parts(547_456_239, 0)
			.saturating_add(T::DbWeight::get().reads(34))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(14))
			.saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(s.into())))
	}
}
