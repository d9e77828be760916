//! Weights of the calls: the storage accesses counted in the code, plus reference times for the
//! computation that err high. Proof sizes assume 4 KiB for each read; requests are the largest
//! entries and count thrice.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// Registering an operator.
	fn register_operator() -> Weight;
	/// Changing an operator.
	fn update_operator() -> Weight;
	/// Adding to a bond.
	fn bond_extra() -> Weight;
	/// Serving `m` more model versions.
	fn serve(m: u32) -> Weight;
	/// Serving one fewer.
	fn unserve() -> Weight;
	/// Leaving while serving `m` model versions.
	fn leave(m: u32) -> Weight;
	/// Withdrawing a bond.
	fn withdraw_bond() -> Weight;
	/// A request with a prompt of `p` bytes, of a model version that `o` operators serve.
	fn request(p: u32, o: u32) -> Weight;
	/// An answer of `a` bytes, with a claim of `c` entries, verified.
	fn answer(a: u32, c: u32) -> Weight;
	/// Refunding one request, with a penalty.
	fn expire() -> Weight;
	/// Pruning one request.
	fn prune() -> Weight;
	/// Paying one fee out of escrow to `s` contributors.
	fn settle(s: u32) -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn register_operator() -> Weight {
		// The operator, its agent, its account with holds.
		counted::<T>(100, 5, 5)
	}

	fn update_operator() -> Weight {
		// The operator, two agents.
		counted::<T>(40, 4, 4)
	}

	fn bond_extra() -> Weight {
		// The operator, its account with holds.
		counted::<T>(60, 4, 3)
	}

	fn serve(m: u32) -> Weight {
		let m = u64::from(m);
		// The operator and its list; for each model version its terms (version, base, owners,
		// snapshots) and its list.
		counted::<T>(
			m.saturating_mul(60).saturating_add(30),
			m.saturating_mul(20).saturating_add(2),
			m.saturating_add(1),
		)
	}

	fn unserve() -> Weight {
		counted::<T>(40, 2, 2)
	}

	fn leave(m: u32) -> Weight {
		let m = u64::from(m);
		counted::<T>(
			m.saturating_mul(15).saturating_add(40),
			m.saturating_add(3),
			m.saturating_add(2),
		)
	}

	fn withdraw_bond() -> Weight {
		// The operator, its count, agent and list, its account with holds.
		counted::<T>(120, 7, 7)
	}

	fn request(p: u32, o: u32) -> Weight {
		let (p, o) = (u64::from(p), u64::from(o));
		// The model version's terms, its list, number, deadline, lists and count, the payer's
		// account with holds, the request; each operator and its list.
		counted::<T>(
			p.div_ceil(512).saturating_add(o.saturating_mul(10)).saturating_add(200),
			o.saturating_mul(3).saturating_add(32),
			10,
		)
	}

	fn answer(a: u32, c: u32) -> Weight {
		let (a, c) = (u64::from(a), u64::from(c));
		// Agent, request, lists, operator, payer with holds, the model version's terms, the claim
		// and its place in the queue. An entry of a claim is at most a kilobyte of sketch scored
		// twice, and two proofs of 32 hashes.
		counted::<T>(
			a.div_ceil(512).saturating_add(c.saturating_mul(120)).saturating_add(300),
			42,
			12,
		)
	}

	fn expire() -> Weight {
		// Request, lists, count, model version, operator, payer and operator with holds, treasury.
		counted::<T>(250, 18, 14)
	}

	fn prune() -> Weight {
		// Request, claim and what an audit did to it, settlement, the payer's account with holds.
		counted::<T>(120, 8, 6)
	}

	fn settle(s: u32) -> Weight {
		let contributors = u64::from(s);
		// Request, the model version's terms, payer with holds, pot, split, settlement, count, the
		// validators' account, the three entries that voice is counted by; for each contributor its
		// entry, the total and its voice; for each of five other payees its entry and the total.
		counted::<T>(
			contributors.saturating_mul(30).saturating_add(385),
			contributors.saturating_mul(3).saturating_add(46),
			contributors.saturating_mul(3).saturating_add(22),
		)
	}
}
