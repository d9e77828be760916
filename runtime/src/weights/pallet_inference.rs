//! Weights of `pallet_inference`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65768 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_inference::WeightInfo for WeightInfo<T> {
	fn register_operator() -> Weight {
		Weight::from_parts(83_104_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn update_operator() -> Weight {
		Weight::from_parts(15_153_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(48_012_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `m`: 1 to 64.
	fn serve(m: u32) -> Weight {
		Weight::from_parts(11_357_696, 0)
			.saturating_add(Weight::from_parts(55_063_838, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(19_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn unserve() -> Weight {
		Weight::from_parts(15_643_000, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	// `m`: 1 to 64.
	fn leave(m: u32) -> Weight {
		Weight::from_parts(26_029_489, 0)
			.saturating_add(Weight::from_parts(5_260_698, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}

	fn withdraw_bond() -> Weight {
		Weight::from_parts(76_825_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}

	// `o`: 1 to 64.
	// `p`: 1 to 8192.
	fn request(p: u32, o: u32) -> Weight {
		Weight::from_parts(169_925_984, 0)
			.saturating_add(Weight::from_parts(737, 0).saturating_mul(p.into()))
			.saturating_add(Weight::from_parts(7_673_955, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(31))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(o.into())))
			.saturating_add(T::DbWeight::get().writes(9))
	}

	// `c`: 0 to 16.
	// `a`: 1 to 4096.
	fn answer(a: u32, c: u32) -> Weight {
		Weight::from_parts(160_214_882, 0)
			.saturating_add(Weight::from_parts(1_290, 0).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(27_101_346, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(32))
			.saturating_add(T::DbWeight::get().writes(10))
	}

	fn expire() -> Weight {
		Weight::from_parts(130_876_000, 0)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(12))
	}

	fn prune() -> Weight {
		Weight::from_parts(59_339_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(7))
	}

	// `s`: 0 to 16.
	fn settle(s: u32) -> Weight {
		Weight::from_parts(179_999_647, 0)
			.saturating_add(Weight::from_parts(3_351_847, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(34))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(14))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
	}
}
