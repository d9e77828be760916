//! Weights of `pallet_datanets`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: AMD EPYC.
//! Steps: 6, each repeated 100 times.
//! Reference: 87203 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_datanets::WeightInfo for WeightInfo<T> {
	// `c`: 1 to 16.
	fn create(c: u32) -> Weight {
		Weight::from_parts(84_222_728, 0)
			.saturating_add(Weight::from_parts(99_069, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// `c`: 1 to 16.
	fn set_policy(_c: u32) -> Weight {
		Weight::from_parts(93_179_024, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn offer_ownership() -> Weight {
		Weight::from_parts(24_265_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn accept_ownership() -> Weight {
		Weight::from_parts(139_751_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn commit() -> Weight {
		Weight::from_parts(103_664_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn drop_commitment() -> Weight {
		Weight::from_parts(91_170_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `n`: 1 to 256.
	fn reveal(n: u32) -> Weight {
		Weight::from_parts(125_247_346, 0)
			.saturating_add(Weight::from_parts(13_204_408, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn accept(n: u32) -> Weight {
		Weight::from_parts(27_298_924, 0)
			.saturating_add(Weight::from_parts(10_955_020, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn reject(n: u32) -> Weight {
		Weight::from_parts(70_607_482, 0)
			.saturating_add(Weight::from_parts(8_619_030, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn withdraw(n: u32) -> Weight {
		Weight::from_parts(61_029_658, 0)
			.saturating_add(Weight::from_parts(8_518_707, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	fn snapshot() -> Weight {
		Weight::from_parts(98_655_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn remove_snapshot() -> Weight {
		Weight::from_parts(88_676_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn award() -> Weight {
		Weight::from_parts(23_464_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn close() -> Weight {
		Weight::from_parts(23_374_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	// `n`: 1 to 256.
	fn archive(n: u32) -> Weight {
		Weight::from_parts(64_914_468, 0)
			.saturating_add(Weight::from_parts(8_606_092, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	fn remove() -> Weight {
		Weight::from_parts(85_530_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
