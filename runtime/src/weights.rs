//! What calls weigh. The modules are measured and written by `scripts/weights run`; what stands
//! here makes of them what pallets ask for.

pub mod elections;
pub mod pallet_attribution;
pub mod pallet_audits;
pub mod pallet_babe;
pub mod pallet_datanets;
pub mod pallet_duplicates;
pub mod pallet_grandpa;
pub mod pallet_inference;
pub mod pallet_lots;
pub mod pallet_models;
pub mod pallet_parameters;
pub mod pallet_pauses;
pub mod pallet_receipts;
pub mod pallet_rewards;
pub mod pallet_voice;

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{
		Weight,
		constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_NANOS},
	},
};

/// Weights of the election, by the votes of all voters together.
pub struct Elections<T>(PhantomData<T>);

impl<T: frame_system::Config> frame_election_provider_support::weights::WeightInfo
	for Elections<T>
{
	fn phragmen(voters: u32, _: u32, degree: u32) -> Weight {
		elections::WeightInfo::<T>::elect(voters.saturating_mul(degree))
	}
	// Another method, which nothing here uses.
	fn phragmms(voters: u32, targets: u32, degree: u32) -> Weight {
		Self::phragmen(voters, targets, degree)
	}
}

/// Weights of reporting an equivocation to BABE or GRANDPA, and of their rare other calls. Checking
/// the proof is measured; what the report brings about is counted.
pub struct Equivocations<T>(PhantomData<T>);

impl<T: frame_system::Config> Equivocations<T> {
	/// Checking that a key belongs to one of so many validators, and noting the offence with the
	/// slashes it brings: one for the offender and one for each of its nominators, each with reads
	/// and writes of ledger, spans and queue.
	fn consequences(validators: u32, nominators: u32) -> Weight {
		let validators = u64::from(validators.max(100));
		let nominators = u64::from(nominators);
		let micros =
			|micros: u64| Weight::from_parts(WEIGHT_REF_TIME_PER_MICROS.saturating_mul(micros), 0);
		let membership = micros(40).saturating_add(
			Weight::from_parts(WEIGHT_REF_TIME_PER_NANOS.saturating_mul(200), 0)
				.saturating_mul(validators),
		);
		membership
			.saturating_add(micros(100))
			.saturating_add(micros(30).saturating_mul(nominators))
			.saturating_add(
				T::DbWeight::get().reads(nominators.saturating_mul(3).saturating_add(22)),
			)
			.saturating_add(
				T::DbWeight::get().writes(nominators.saturating_mul(3).saturating_add(10)),
			)
	}
}

impl<T: frame_system::Config> ::pallet_babe::WeightInfo for Equivocations<T> {
	// Root's: one entry.
	fn plan_config_change() -> Weight {
		T::DbWeight::get().writes(1)
	}
	fn report_equivocation(validators: u32, nominators: u32) -> Weight {
		pallet_babe::WeightInfo::<T>::check_equivocation_proof(1)
			.saturating_add(Self::consequences(validators, nominators))
	}
}

impl<T: frame_system::Config> ::pallet_grandpa::WeightInfo for Equivocations<T> {
	fn report_equivocation(validators: u32, nominators: u32) -> Weight {
		pallet_grandpa::WeightInfo::<T>::check_equivocation_proof(1)
			.saturating_add(Self::consequences(validators, nominators))
	}
	fn note_stalled() -> Weight {
		pallet_grandpa::WeightInfo::<T>::note_stalled()
	}
}
