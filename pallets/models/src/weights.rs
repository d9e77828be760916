//! Weights of the calls.
//!
//! Counted, not measured: the database reads and writes of the longest path through each call,
//! priced by the runtime's `DbWeight`, and execution times set well above what comparable FRAME
//! calls take. The benchmarks of this pallet replace them.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// The weight of each call; `snapshots` is a count.
pub trait WeightInfo {
	/// Of `register_base`.
	fn register_base() -> Weight;
	/// Of `remove_base`.
	fn remove_base() -> Weight;
	/// Of `register`.
	fn register(snapshots: u32) -> Weight;
	/// Of `commit_index`.
	fn commit_index() -> Weight;
	/// Of `publish`, `deprecate` and `retire`.
	fn set_status() -> Weight;
	/// Of `set_price`.
	fn set_price() -> Weight;
	/// Of `offer_ownership`.
	fn offer_ownership() -> Weight;
	/// Of `accept_ownership`.
	fn accept_ownership() -> Weight;
	/// Of `remove`.
	fn remove(snapshots: u32) -> Weight;
	/// Of `commit_training`.
	fn commit_training() -> Weight;
	/// Of `ask_audit`, without what asking costs elsewhere.
	fn ask_audit() -> Weight;
	/// Of `commit_retrieval`.
	fn commit_retrieval() -> Weight;
}

/// Picoseconds of execution of any call, deposits and events included.
const CALL: u64 = 80_000_000;
/// Picoseconds for each snapshot: decoding, counting, encoding.
const SNAPSHOT: u64 = 10_000_000;
/// Bytes of proof for one key.
const ENTRY_PROOF: u64 = 4_000;
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

	fn snapshots(count: u32) -> Weight {
		Weight::from_parts(SNAPSHOT, ENTRY_PROOF)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
			.saturating_mul(u64::from(count))
	}
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Next number, base.
	fn register_base() -> Weight {
		Self::call(1 + DEPOSIT, 2 + DEPOSIT)
	}

	// Base.
	fn remove_base() -> Weight {
		Self::call(1 + DEPOSIT, 1 + DEPOSIT)
	}

	// Base, parent, next number, fee, two accounts, up to three values of the seed; model and
	// activity.
	fn register(snapshots: u32) -> Weight {
		Self::call(10 + DEPOSIT, 7 + DEPOSIT).saturating_add(Self::snapshots(snapshots))
	}

	// Model, training, standing, bond and the hold of it, and every snapshot that it may have.
	fn commit_index() -> Weight {
		Self::call(3 + DEPOSIT, 3 + DEPOSIT)
			.saturating_add(Self::snapshots(openledger_primitives_core::MAX_SNAPSHOTS))
	}

	// Model, standing.
	fn set_status() -> Weight {
		Self::call(2, 1)
	}

	// Model.
	fn set_price() -> Weight {
		Self::call(1, 1)
	}

	// Model.
	fn offer_ownership() -> Weight {
		Self::call(1, 1)
	}

	// Model, bond and two accounts' deposits.
	fn accept_ownership() -> Weight {
		Self::call(3 + 2 * DEPOSIT, 1 + 2 * DEPOSIT)
	}

	// Model, activity, bond, base, parent, standing, training, and what its audits left.
	fn remove(snapshots: u32) -> Weight {
		Self::call(8 + DEPOSIT, 10 + DEPOSIT).saturating_add(Self::snapshots(snapshots))
	}

	// Model, training.
	fn commit_training() -> Weight {
		Self::call(1, 1)
	}

	// Model, standing, training, bond.
	fn ask_audit() -> Weight {
		Self::call(5, 1)
	}

	// Model, and every snapshot that it may have.
	fn commit_retrieval() -> Weight {
		Self::call(1, 1).saturating_add(Self::snapshots(openledger_primitives_core::MAX_SNAPSHOTS))
	}
}
