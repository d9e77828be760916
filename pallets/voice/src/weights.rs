//! Weights of the calls: the storage accesses counted in the code, plus a reference time for the
//! computation that errs high. Proof sizes assume 4 KiB for each read, far above any entry here
//! but a preimage, which counts as long as it is.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// One vote.
	fn vote() -> Weight;
	/// One vote removed.
	fn remove_vote() -> Weight;
	/// One entry removed.
	fn forget() -> Weight;
	/// One approval.
	fn approve() -> Weight;
	/// One rejection.
	fn reject() -> Weight;
	/// One verdict withdrawn.
	fn withdraw() -> Weight;
	/// One verdict cleared.
	fn clear() -> Weight;
	/// Dispatching a call of `length` bytes, the call's own weight not included.
	fn dispatch(length: u32) -> Weight;
	/// Dispatching a preimage of `length` bytes, the call's own weight not included.
	fn dispatch_hash(length: u32) -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

/// What a byte costs to decode and to hash.
const NANOS_PER_BYTE: u64 = 4;

fn counted<T: frame_system::Config>(nanos: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(nanos.saturating_mul(1_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn vote() -> Weight {
		// The entry, the ballot, the voter's balance and holds; of the referendum itself, its
		// queue, and the alarm that is moved in two of the scheduler's agendas and its lookup.
		counted::<T>(120_000, 10, 10)
	}

	fn remove_vote() -> Weight {
		// As a vote.
		counted::<T>(120_000, 10, 10)
	}

	fn forget() -> Weight {
		// The entry, the total, the year, the least that is recorded.
		counted::<T>(40_000, 4, 2)
	}

	fn approve() -> Weight {
		// The verdict, their count, how long it holds.
		counted::<T>(40_000, 3, 2)
	}

	fn reject() -> Weight {
		// As an approval; the total, the year and the veto's minimum.
		counted::<T>(50_000, 6, 2)
	}

	fn withdraw() -> Weight {
		// The verdict and their count.
		counted::<T>(40_000, 2, 2)
	}

	fn clear() -> Weight {
		// The verdict and their count.
		counted::<T>(40_000, 2, 2)
	}

	fn dispatch(length: u32) -> Weight {
		// The verdict and their count, the total, the year and the veto's minimum.
		let nanos = u64::from(length).saturating_mul(NANOS_PER_BYTE);
		counted::<T>(nanos.saturating_add(60_000), 5, 2)
	}

	fn dispatch_hash(length: u32) -> Weight {
		// As a dispatch; the preimage's status, in the old form and the new, and the preimage.
		let nanos = u64::from(length).saturating_mul(NANOS_PER_BYTE);
		counted::<T>(nanos.saturating_add(80_000), 8, 2)
			.saturating_add(Weight::from_parts(0, length.into()))
	}
}
