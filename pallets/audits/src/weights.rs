//! Weights of the calls: the storage accesses counted in the code, plus reference times for the
//! computation that err high. Proof sizes assume 4 KiB for each read.

use crate::types::{APPEAL, MAX_SEATS};
use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// Registering a verifier.
	fn register_verifier() -> Weight;
	/// Adding to a bond.
	fn bond_extra() -> Weight;
	/// Leaving.
	fn leave() -> Weight;
	/// Withdrawing a bond.
	fn withdraw_bond() -> Weight;
	/// The last commitment of the largest committee.
	fn commit() -> Weight;
	/// The last finding of the largest committee, with the verdict carried out.
	fn reveal() -> Weight;
	/// The same of two records of which one duplicates the other, which is excluded. Where it is not measured,
	/// what a claim's takes stands for it.
	fn reveal_duplicate() -> Weight {
		Self::reveal()
	}
	/// The same of two records that are distinct, whose challenge pays every seat.
	fn reveal_distinct() -> Weight {
		Self::reveal()
	}
	/// Appealing.
	fn appeal() -> Weight;
	/// Bringing the true claim, with the most credits, in the place of a canary that is false in more than its seal.
	fn correct() -> Weight;
	/// Carrying a verdict out over all seats that there can be.
	fn resolve() -> Weight;
	/// The same of a canary that all of them have upheld. Where it is not measured, what any other claim's takes
	/// stands for it.
	fn resolve_canary() -> Weight {
		Self::resolve()
	}
	/// Drawing the largest committee among as many verifiers as there can be.
	fn advance() -> Weight;
	/// Clearing a claim, or opening its audit.
	fn clearance() -> Weight;
	/// Asking for the clearance of a claim that turns out to be clear.
	fn clear() -> Weight;
	/// Opening the audit of a model version.
	fn ask() -> Weight;
	/// Opening the audit of two records.
	fn compare() -> Weight;
	/// Consenting to the audit of a private claim.
	fn consent() -> Weight;
	/// Disputing a claim.
	fn dispute() -> Weight;
	/// Showing that a claim is a canary.
	fn unveil() -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn register_verifier() -> Weight {
		// The verifier, the count, its agent, its account with holds.
		counted::<T>(100, 6, 6)
	}

	fn bond_extra() -> Weight {
		// The verifier, the round, its account with holds.
		counted::<T>(60, 5, 3)
	}

	fn leave() -> Weight {
		counted::<T>(30, 1, 1)
	}

	fn withdraw_bond() -> Weight {
		// The verifier, the count, its agent, its duties, its account with holds.
		counted::<T>(100, 6, 6)
	}

	fn commit() -> Weight {
		// The agent, the audit, the list of a block.
		counted::<T>(60, 4, 3)
	}

	fn reveal() -> Weight {
		counted::<T>(60, 4, 3).saturating_add(Self::resolve())
	}

	fn appeal() -> Weight {
		// The audit, the round, the list of a block, the appellant's account with holds.
		counted::<T>(90, 6, 4)
	}

	fn correct() -> Weight {
		// Audit, note and claim, the model version's terms, and sixteen credits with their proofs, of whose
		// records it is looked up whether they are excluded; that the claim was replaced. What is taken from
		// the operator, for all who can have found it false.
		counted::<T>(3_000, 52, 30)
	}

	fn resolve() -> Weight {
		let seats = u64::from(MAX_SEATS);
		// For each seat the verifier, its duties, its account with holds, what it accrued, and where a model
		// version is condemned its part of the bond; the version with its standing, bond and owner. A
		// challenge's verdict takes as much for each seat, which is paid out of fees or of what it holds, and
		// no more than is counted for the version: the challenge, the record's place, contribution and
		// disputes, three accounts with holds. Nor does a claim's, beside its dispute with its disputer's
		// account with holds, its payer's and the treasury's.
		counted::<T>(
			seats.saturating_mul(90).saturating_add(310),
			seats.saturating_mul(8).saturating_add(35),
			seats.saturating_mul(7).saturating_add(27),
		)
	}

	fn advance() -> Weight {
		let (seats, v) = (u64::from(APPEAL), 256u64);
		counted::<T>(
			v.saturating_mul(20).saturating_add(100),
			// With what a challenge's records are and, where it is given up, its deposit and its record; or a
			// dispute with its disputer's account with holds, which is less.
			v.saturating_mul(2).saturating_add(seats.saturating_mul(2)).saturating_add(18),
			seats.saturating_mul(2).saturating_add(14),
		)
	}

	fn clearance() -> Weight {
		// The note, the audit, the round with its seed, whether it is private, the count of verifiers, and a
		// few blocks' lists.
		counted::<T>(30, 9, 4)
	}

	fn clear() -> Weight {
		// The note, the audit, the seed, the rate, whether it is private, the count of verifiers.
		counted::<T>(40, 6, 2)
	}

	fn ask() -> Weight {
		// The count of verifiers, the audit, the round, the payer's account with holds, and a few blocks'
		// lists; note, audit, fee and verdict.
		counted::<T>(90, 22, 9)
	}

	fn compare() -> Weight {
		// The count of verifiers, the round, a few blocks' lists; note and audit.
		counted::<T>(60, 20, 4)
	}

	fn consent() -> Weight {
		// The note, and whether it is private.
		counted::<T>(30, 2, 1)
	}

	fn dispute() -> Weight {
		// The note, the audit, the count of verifiers and which parties are some, the round with the claim's
		// seed, the disputer's account with holds, a few blocks' lists; audit and dispute, and what marked
		// the claim as private.
		counted::<T>(90, 28, 8)
	}

	fn unveil() -> Weight {
		// The note, the audit, whether it was unveiled, the round, a few blocks' lists.
		counted::<T>(60, 21, 4)
	}
}
