//! Weights of pallets that publish none of their own.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{
		Weight,
		constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_NANOS},
	},
};

/// Weights of `pallet-parameters`, whose own are private to it: one read and one write, and a
/// reference time of twice what its benchmark shows on the SDK's reference hardware.
pub struct Parameters<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_parameters::WeightInfo for Parameters<T> {
	fn set_parameter() -> Weight {
		Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
}

/// Weights of reporting an equivocation to BABE or GRANDPA, and of their rare other calls.
pub struct Equivocations<T>(PhantomData<T>);

impl<T: frame_system::Config> Equivocations<T> {
	/// Checking that a key belongs to one of so many validators, checking the two headers or votes,
	/// and noting the offence with the slashes it brings: one for the offender and one for each of
	/// its nominators, each with reads and writes of ledger, spans and queue.
	fn report(validators: u32, nominators: u32) -> Weight {
		let validators = u64::from(validators.max(100));
		let nominators = u64::from(nominators);
		let micros =
			|micros: u64| Weight::from_parts(WEIGHT_REF_TIME_PER_MICROS.saturating_mul(micros), 0);
		let membership = micros(40).saturating_add(
			Weight::from_parts(WEIGHT_REF_TIME_PER_NANOS.saturating_mul(200), 0)
				.saturating_mul(validators),
		);
		membership
			.saturating_add(micros(250))
			.saturating_add(micros(30).saturating_mul(nominators))
			.saturating_add(
				T::DbWeight::get().reads(nominators.saturating_mul(3).saturating_add(22)),
			)
			.saturating_add(
				T::DbWeight::get().writes(nominators.saturating_mul(3).saturating_add(10)),
			)
	}
}

impl<T: frame_system::Config> pallet_babe::WeightInfo for Equivocations<T> {
	fn plan_config_change() -> Weight {
		T::DbWeight::get().writes(1)
	}
	fn report_equivocation(validators: u32, nominators: u32) -> Weight {
		Self::report(validators, nominators)
	}
}

impl<T: frame_system::Config> pallet_grandpa::WeightInfo for Equivocations<T> {
	fn report_equivocation(validators: u32, nominators: u32) -> Weight {
		Self::report(validators, nominators)
	}
	fn note_stalled() -> Weight {
		Weight::from_parts(WEIGHT_REF_TIME_PER_MICROS.saturating_mul(3), 0)
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
