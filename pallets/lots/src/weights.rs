//! Weights of the hook: the storage accesses counted in the code, plus a reference time for the
//! computation that errs high. Proof sizes assume 4 KiB for each read, far above any entry here.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the hook.
pub trait WeightInfo {
	/// Mixing one output, the round going on.
	fn mix() -> Weight;
	/// Mixing the round's last output, storing its seed and forgetting two.
	fn end_round() -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(nanos: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(nanos.saturating_mul(1_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn mix() -> Weight {
		// The round, the length of one, the parent's output.
		counted::<T>(10_000, 3, 1)
	}

	fn end_round() -> Weight {
		// The same with the oldest round kept, the block's events and their count; written: the
		// round, three seeds, the oldest round, the events.
		counted::<T>(30_000, 6, 7)
	}
}
