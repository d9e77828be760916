//! Weights of the calls: the storage accesses counted in the code, plus reference times for the
//! computation that err high. Proof sizes assume 4 KiB for each read.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// Committing to a challenge.
	fn commit_challenge() -> Weight;
	/// Opening a challenge, with a correction and a penalty.
	fn open_challenge() -> Weight;
	/// Opening a challenge that condemns a model version.
	fn open_forgery() -> Weight;
	/// Withdrawing a challenge.
	fn withdraw_challenge() -> Weight;
	/// Making one claim final, with its settlement.
	fn finalize() -> Weight;
	/// Making `n` claims of one model version and one operator final in one run, which touch `p` accounts
	/// together.
	fn finalize_due(n: u32, p: u32) -> Weight;
	/// Demanding a position.
	fn demand_position() -> Weight;
	/// Showing a demanded position.
	fn answer_demand() -> Weight;
	/// Ending a demand, with a condemnation.
	fn conclude_demand() -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn commit_challenge() -> Weight {
		// The claim or the model version, the challenge, the challenger's account with holds.
		counted::<T>(90, 6, 4)
	}

	fn open_challenge() -> Weight {
		// Claim, what an audit did to it, challenge, the model version's terms, request, operator,
		// three accounts with holds. At most three sketches of a kilobyte scored, three proofs of 32 hashes.
		counted::<T>(700, 39, 12)
	}

	fn open_forgery() -> Weight {
		// Claim, what an audit did to it, challenge, the model version's terms, its bond, three accounts with holds. One sketch
		// of two kilobytes hashed, two proofs of 32 hashes.
		counted::<T>(500, 33, 12)
	}

	fn withdraw_challenge() -> Weight {
		counted::<T>(90, 6, 4)
	}

	fn finalize() -> Weight {
		// The claim and its place in the queue; request, the model version's terms, payer with
		// holds, pot, split, settlement, count; the validators' account; for each of 16 contributors
		// and five other payees its entry and the total; each contributor's voice, and the three
		// entries that voice is counted by.
		counted::<T>(1_200, 103, 78)
	}

	fn finalize_due(n: u32, p: u32) -> Weight {
		// Operator with holds, the model version's terms and count, pot, split, the validators' account,
		// what operator, verifiers and treasury have accrued, the entries that voice is counted by.
		let sale = counted::<T>(300, 30, 14);
		// The claim, its request or batch, its settlement.
		let each = counted::<T>(200, 6, 5);
		// What it has accrued, or its account and holds.
		let account = counted::<T>(20, 2, 2);
		sale.saturating_add(each.saturating_mul(n.into()))
			.saturating_add(account.saturating_mul(p.into()))
	}

	fn demand_position() -> Weight {
		// The model version's terms, what is open on it, its demands, the demander's account with holds.
		counted::<T>(150, 29, 4)
	}

	fn answer_demand() -> Weight {
		// The model version's terms, its demands, three accounts with holds. One sketch of two kilobytes
		// hashed, one proof of 32 hashes.
		counted::<T>(320, 32, 8)
	}

	fn conclude_demand() -> Weight {
		// The model version and its bond, its demands, three accounts with holds.
		counted::<T>(350, 16, 13)
	}
}
