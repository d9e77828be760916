//! Weights of the calls: the storage accesses counted in the code, plus a reference time for the
//! computation that errs high. Proof sizes assume 4 KiB for each read, far above any entry here.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls.
pub trait WeightInfo {
	/// One payout.
	fn claim() -> Weight;
	/// Naming a payee.
	fn set_payee() -> Weight;
	/// Opening an account.
	fn open_account() -> Weight;
	/// Closing one.
	fn close_account() -> Weight;
	/// Accruing the surplus.
	fn sweep() -> Weight;
	/// Dividing a fee among `shares` contributors.
	fn distribute(shares: u32) -> Weight;
}

/// Weights in terms of the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

fn counted<T: frame_system::Config>(nanos: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(nanos.saturating_mul(1_000), reads.saturating_mul(4_096))
		.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn claim() -> Weight {
		// Accrued, the payee, the total, paid, and the two accounts; the account's voice, what voice is
		// counted by, and the year.
		counted::<T>(100_000, 10, 7)
	}

	fn set_payee() -> Weight {
		// The entry, the account with its holds.
		counted::<T>(60_000, 3, 3)
	}

	fn open_account() -> Weight {
		// The entry, the account with its holds.
		counted::<T>(60_000, 3, 3)
	}

	fn close_account() -> Weight {
		// The entry, the account with its holds.
		counted::<T>(60_000, 3, 3)
	}

	fn sweep() -> Weight {
		// The pot, the total, the treasury's entry.
		counted::<T>(40_000, 4, 2)
	}

	fn distribute(shares: u32) -> Weight {
		// Split, pot, settlement, the validators' account, all voice, and for each part that accrues its
		// entry and the total.
		let parts = u64::from(shares).saturating_add(5);
		counted::<T>(
			parts.saturating_mul(15_000).saturating_add(110_000),
			parts.saturating_mul(2).saturating_add(5),
			parts.saturating_mul(2).saturating_add(4),
		)
	}
}
