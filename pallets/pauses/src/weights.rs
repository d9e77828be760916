//! Weights of the calls: the storage accesses counted in the code, plus a reference time for the
//! computation that errs high.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// Pausing a call and scheduling its end.
	fn pause() -> Weight;
	/// Scheduling another end.
	fn prolong() -> Weight;
	/// Lifting a pause and forgetting its end.
	fn resume() -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(reads: u64, writes: u64) -> Weight {
	// An agenda of the scheduler, full, is the largest of what is read.
	Weight::from_parts(150_000_000, reads.saturating_mul(50_000))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn pause() -> Weight {
		// The pause; the end's entry by name, and the agenda of the block.
		counted::<T>(3, 3)
	}

	fn prolong() -> Weight {
		// The pause, the end's entry by name, and two agendas.
		counted::<T>(4, 3)
	}

	fn resume() -> Weight {
		counted::<T>(3, 3)
	}
}
