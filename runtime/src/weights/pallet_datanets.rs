//! Weights of `pallet_datanets`, measured: `scripts/weights run` writes this file (docs/weights.md).
//!
//! Machine: Intel(R) Xeon(R) Processor.
//! Steps: 6, each repeated 100 times.
//! Reference: 63747 ns.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Measured weights.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_datanets::WeightInfo for WeightInfo<T> {
	// `c`: 1 to 16.
	fn create(_c: u32) -> Weight {
		Weight::from_parts(51_531_164, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	// `c`: 1 to 16.
	fn set_policy(_c: u32) -> Weight {
		Weight::from_parts(56_698_421, 0)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn offer_ownership() -> Weight {
		Weight::from_parts(13_994_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn accept_ownership() -> Weight {
		Weight::from_parts(86_250_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}

	fn commit() -> Weight {
		Weight::from_parts(61_083_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(2))
	}

	fn drop_commitment() -> Weight {
		Weight::from_parts(55_268_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	// `n`: 1 to 256. Measured, and opening an account counted: as `set_payee` of rewards.
	fn reveal(n: u32) -> Weight {
		Weight::from_parts(133_229_729, 0)
			.saturating_add(Weight::from_parts(8_089_472, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn accept(n: u32) -> Weight {
		Weight::from_parts(11_876_340, 0)
			.saturating_add(Weight::from_parts(6_923_743, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn reject(n: u32) -> Weight {
		Weight::from_parts(47_821_292, 0)
			.saturating_add(Weight::from_parts(5_402_413, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	// `n`: 1 to 256.
	fn withdraw(n: u32) -> Weight {
		Weight::from_parts(43_527_975, 0)
			.saturating_add(Weight::from_parts(5_324_657, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	fn snapshot() -> Weight {
		Weight::from_parts(59_521_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn remove_snapshot() -> Weight {
		Weight::from_parts(55_081_000, 0)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn award() -> Weight {
		Weight::from_parts(13_324_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	fn close() -> Weight {
		Weight::from_parts(13_290_000, 0)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}

	// `n`: 1 to 256.
	fn archive(n: u32) -> Weight {
		Weight::from_parts(45_156_120, 0)
			.saturating_add(Weight::from_parts(5_484_275, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}

	fn remove() -> Weight {
		Weight::from_parts(51_751_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
