//! Weights of the calls.
//!
//! Counted, not measured: the database reads and writes of the longest path through each call,
//! priced by the runtime's `DbWeight`, and execution times set well above what comparable FRAME
//! calls and blake2b take. The benchmarks of this pallet replace them.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// The weight of each call; `records` and `curators` are counts.
pub trait WeightInfo {
	/// Of `create`.
	fn create(curators: u32) -> Weight;
	/// Of `set_policy`.
	fn set_policy(curators: u32) -> Weight;
	/// Of `offer_ownership`.
	fn offer_ownership() -> Weight;
	/// Of `accept_ownership`.
	fn accept_ownership() -> Weight;
	/// Of `commit`.
	fn commit() -> Weight;
	/// Of `drop_commitment`.
	fn drop_commitment() -> Weight;
	/// Of `reveal`.
	fn reveal(records: u32) -> Weight;
	/// Of `accept`.
	fn accept(records: u32) -> Weight;
	/// Of `reject`.
	fn reject(records: u32) -> Weight;
	/// Of `withdraw`.
	fn withdraw(records: u32) -> Weight;
	/// Of `snapshot`.
	fn snapshot() -> Weight;
	/// Of `remove_snapshot`.
	fn remove_snapshot() -> Weight;
	/// Of `close`.
	fn close() -> Weight;
	/// Of `archive`.
	fn archive(records: u32) -> Weight;
	/// Of `remove`.
	fn remove() -> Weight;
	/// Of `award`.
	fn award() -> Weight;
}

/// Picoseconds of execution of any call, deposits and events included.
const CALL: u64 = 80_000_000;
/// Picoseconds for each curator: copying, sorting, encoding.
const CURATOR: u64 = 500_000;
/// Picoseconds for each record: hashing its key, its leaf and its share of the tree's nodes, and an
/// event where it is superseded.
const RECORD: u64 = 15_000_000;
/// Bytes of proof for one key of the largest maps that are read once a call.
const ENTRY_PROOF: u64 = 12_000;
/// Bytes of proof for each record's holder.
const RECORD_PROOF: u64 = 2_600;
/// Reads and as many writes of a change of deposit: the account and its holds.
const DEPOSIT: u64 = 2;

/// Weights from counts, with the runtime's price of the database.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> SubstrateWeight<T> {
	fn call(reads: u64, writes: u64) -> Weight {
		let proof = ENTRY_PROOF.saturating_mul(reads);
		Weight::from_parts(CALL, proof)
			.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
	}

	fn records(count: u32) -> Weight {
		Weight::from_parts(RECORD, RECORD_PROOF)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
			.saturating_mul(u64::from(count))
	}

	fn curators(count: u32) -> Weight {
		Weight::from_parts(CURATOR, 0).saturating_mul(u64::from(count))
	}
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Next number, Datanet, progress.
	fn create(curators: u32) -> Weight {
		Self::call(1 + DEPOSIT, 3 + DEPOSIT).saturating_add(Self::curators(curators))
	}

	// Datanet.
	fn set_policy(curators: u32) -> Weight {
		Self::call(1 + DEPOSIT, 1 + DEPOSIT).saturating_add(Self::curators(curators))
	}

	// Datanet.
	fn offer_ownership() -> Weight {
		Self::call(1, 1)
	}

	// Datanet and two accounts' deposits.
	fn accept_ownership() -> Weight {
		Self::call(1 + 2 * DEPOSIT, 1 + 2 * DEPOSIT)
	}

	// Datanet, commitment.
	fn commit() -> Weight {
		Self::call(2 + DEPOSIT, 1 + DEPOSIT)
	}

	// Commitment, reveal period.
	fn drop_commitment() -> Weight {
		Self::call(2 + DEPOSIT, 1 + DEPOSIT)
	}

	// Datanet, commitment, reveal period, progress, contribution, rewards account; three deposits of one
	// account.
	fn reveal(records: u32) -> Weight {
		Self::call(5 + 3 * DEPOSIT, 4 + 3 * DEPOSIT).saturating_add(Self::records(records))
	}

	// Datanet, contribution, reveal period, progress, placement.
	fn accept(records: u32) -> Weight {
		Self::call(4 + DEPOSIT, 3 + DEPOSIT).saturating_add(Self::records(records))
	}

	// Datanet, contribution, progress.
	fn reject(records: u32) -> Weight {
		Self::call(3 + DEPOSIT, 2 + DEPOSIT).saturating_add(Self::records(records))
	}

	// Contribution, progress.
	fn withdraw(records: u32) -> Weight {
		Self::call(2 + DEPOSIT, 2 + DEPOSIT).saturating_add(Self::records(records))
	}

	// Datanet, progress, the last snapshot, the new one.
	fn snapshot() -> Weight {
		Self::call(3 + DEPOSIT, 2 + DEPOSIT)
	}

	// Datanet, snapshot, progress.
	fn remove_snapshot() -> Weight {
		Self::call(3 + DEPOSIT, 2 + DEPOSIT)
	}

	// Datanet.
	fn close() -> Weight {
		Self::call(1, 1)
	}

	// Datanet, contribution, progress, placement.
	fn archive(records: u32) -> Weight {
		Self::call(3 + DEPOSIT, 3 + DEPOSIT).saturating_add(Self::records(records))
	}

	// Datanet, progress.
	fn remove() -> Weight {
		Self::call(2 + DEPOSIT, 2 + DEPOSIT)
	}

	// Datanet.
	fn award() -> Weight {
		Self::call(1, 1)
	}
}
