//! Weights of pallets that publish none of their own.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet-parameters`, whose own are private to it: one read and one write, and a
/// reference time of twice what its benchmark shows on the SDK's reference hardware.
pub struct Parameters<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_parameters::WeightInfo for Parameters<T> {
	fn set_parameter() -> Weight {
		Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
}
