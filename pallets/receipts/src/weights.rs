//! Weights of the calls: the storage accesses counted in the code, plus reference times for the
//! computation that err high. Proof sizes assume 4 KiB for each read. They are for tests and until
//! the runtime's own are measured.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// Opening a session.
	fn open_session() -> Weight;
	/// Adding to a session's escrow.
	fn add_escrow() -> Weight;
	/// Ending a session, with its escrow given back and its entry removed.
	fn close_session() -> Weight;
	/// Committing a batch of `v` vouchers.
	fn commit_batch(v: u32) -> Weight;
	/// Showing `n` drawn receipts, from the deepest trees, with claims of `c` credits together.
	fn reveal(n: u32, c: u32) -> Weight;
	/// Giving up all draws of a batch of `v` vouchers, with a penalty, and concluding it, with every
	/// session's entry removed.
	fn conclude(v: u32) -> Weight;
	/// Removing a batch and the claims of `d` draws.
	fn prune_batch(d: u32) -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn open_session() -> Weight {
		// The model version's terms, the operator and what it serves; the next number, the session,
		// whether it is private, the model version's count, the payer's account with holds.
		counted::<T>(150, 36, 6)
	}

	fn add_escrow() -> Weight {
		// The session, the payer's account with holds.
		counted::<T>(70, 3, 3)
	}

	fn close_session() -> Weight {
		// The session, whether it is private, the agent, the model version's count, the payer's account
		// with holds.
		counted::<T>(130, 6, 5)
	}

	fn commit_batch(v: u32) -> Weight {
		let v = u64::from(v);
		// Agent, operator, its bond, count and exposure, its account with holds; round, genesis
		// hash, next number, batch, lines, the queue of sixteen blocks at most.
		let fixed = counted::<T>(150, 28, 9);
		// For each voucher its session, its payer's account with holds, and a signature.
		fixed.saturating_add(counted::<T>(150, 3, 3).saturating_mul(v))
	}

	fn reveal(n: u32, c: u32) -> Weight {
		// Agent, batch, lines, seed; the model version's terms, the queue of sixteen blocks at most.
		// 255 draws to hash.
		let fixed = counted::<T>(700, 56, 3);
		// For each receipt its session and whether it is private, the claim and its notes. 32 nodes to hash.
		let receipts = counted::<T>(200, 4, 3).saturating_mul(u64::from(n));
		// For each credit a sketch of a kilobyte and its part of a proof.
		let credits = counted::<T>(120, 0, 0).saturating_mul(u64::from(c));
		fixed.saturating_add(receipts).saturating_add(credits)
	}

	fn conclude(v: u32) -> Weight {
		let v = u64::from(v);
		// The batch, its lines, its seed and round; the operator's bond, count, exposure and account
		// with holds, the treasury; the queue of sixteen blocks at most.
		let fixed = counted::<T>(400, 28, 10);
		// For each line its session, whether it is private, its payer's account with holds, its model
		// version's count.
		fixed.saturating_add(counted::<T>(220, 4, 5).saturating_mul(v))
	}

	fn prune_batch(d: u32) -> Weight {
		// The batch, the operator's agent and account with holds.
		let fixed = counted::<T>(100, 5, 3);
		// For each draw a claim with what an audit did to it, and a settlement.
		fixed.saturating_add(counted::<T>(15, 2, 3).saturating_mul(u64::from(d)))
	}
}
