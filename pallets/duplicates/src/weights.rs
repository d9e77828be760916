//! Weights of the calls: the storage accesses counted in the code, plus reference times for the
//! computation that err high. Proof sizes assume 4 KiB for each read, and as much for each of the 24 KiB
//! that the largest contribution takes.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// Committing to a challenge.
	fn commit() -> Weight;
	/// Opening a challenge, without what having the records compared takes.
	fn open() -> Weight;
	/// Withdrawing a challenge.
	fn withdraw() -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn commit() -> Weight {
		// The switch and the deposit, the seal, the challenger's account with holds.
		counted::<T>(90, 6, 3)
	}

	fn open() -> Weight {
		// The switch, the seal, the next number, the seat's reward; for each record its place in the tree
		// and its contribution, the challenged one's a second time, with what is noted of it. Of each
		// contribution, 256 leaves are made.
		counted::<T>(400, 14, 4).saturating_add(Weight::from_parts(0, 3 * 6 * 4_096))
	}

	fn withdraw() -> Weight {
		counted::<T>(90, 4, 3)
	}
}
