//! Weights of `pallet_datanets`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 65698 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_datanets::WeightInfo for WeightInfo<T> {
	// `c`: 1 to 16.
	fn create(_c: u32) -> Weight {
		Weight::from_parts(47_053_689, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// `c`: 1 to 16.
	fn set_policy(_c: u32) -> Weight {
		Weight::from_parts(51_466_893, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn offer_ownership() -> Weight {
		Weight::from_parts(10_596_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn accept_ownership() -> Weight {
		Weight::from_parts(79_789_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn commit() -> Weight {
		Weight::from_parts(55_542_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn drop_commitment() -> Weight {
		Weight::from_parts(49_664_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `n`: 1 to 256.
	fn reveal(n: u32) -> Weight {
		Weight::from_parts(118_270_628, 0)
			.saturating_add(Weight::from_parts(7_613_459, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn accept(n: u32) -> Weight {
		Weight::from_parts(11_154_261, 0)
			.saturating_add(Weight::from_parts(6_587_420, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn reject(n: u32) -> Weight {
		Weight::from_parts(41_130_049, 0)
			.saturating_add(Weight::from_parts(5_052_027, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn withdraw(n: u32) -> Weight {
		Weight::from_parts(35_942_550, 0)
			.saturating_add(Weight::from_parts(5_054_457, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	fn snapshot() -> Weight {
		Weight::from_parts(54_321_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn remove_snapshot() -> Weight {
		Weight::from_parts(48_833_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn award() -> Weight {
		Weight::from_parts(10_436_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn close() -> Weight {
		Weight::from_parts(10_506_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	// `n`: 1 to 256.
	fn archive(n: u32) -> Weight {
		Weight::from_parts(43_178_143, 0)
			.saturating_add(Weight::from_parts(5_125_123, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	fn remove() -> Weight {
		Weight::from_parts(44_697_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
