//! # Lots
//!
//! Seeds that decide what was committed before anyone could know them.
//!
//! ## Overview
//!
//! Blocks come in rounds. Each block's VRF output is mixed into the round that the block is part of;
//! once the round is over, its seed is drawn from all of them and kept for a while. Whoever commits
//! to something in one round ([`Lots::round`]) is decided by the seed of the next
//! ([`Lots::seed`]). There are no calls.
//!
//! ## Terminology
//!
//! - **Output**: what the author of a block proved to be its VRF's, for a slot that it did not
//!   choose. A block's output becomes known with the block, and is read here one block later.
//! - **Round**: [`Config::RoundLength`] blocks, by what that was when the round began. Rounds are
//!   numbered from zero and follow one another without a gap. An output belongs to the round of the
//!   block whose author made it, not to that of the block which reads it.
//! - **Seed**: the hash of a round's number and of all its outputs, in order.
//!
//! ## Which output decides what
//!
//! The outputs of rounds `r` and `r + 1`, where `b` is the last block of `r`:
//!
//! ```text
//! block          …  b−1    b  │  b+1  b+2  …   e  │  e+1
//! round                r      │        r + 1      │  r + 2
//! output read    …  b−2   b−1 │   b   b+1  …  e−1 │   e
//! ```
//!
//! The first block of `r + 1` reads the output of `b`, and closes round `r` with it. What is
//! committed in `b` waits for the seed of `r + 1`, of which that output is no part: the earliest
//! that is comes from `b + 1`. The seed of `r + 1` is fixed by the output of `e`, and can be read
//! from `e + 1` on.
//!
//! ## Assumptions
//!
//! This pallet's hook runs before that of every pallet which commits to something in a hook: what
//! would come before it in a round's first block would count to the round that is over, and be
//! decided by an output that the block's own author knows.
//!
//! Every block has an output but those before the consensus gave the first. One without is mixed in
//! as just that. To take its hash or anything else in its place would let its author choose; a
//! round without any output has a seed that everyone knows.
//!
//! How far authors can bias a seed, and what it costs them, is in `docs/randomness.md`.
//!
//! [`Lots::round`]: openledger_primitives_core::traits::Lots::round
//! [`Lots::seed`]: openledger_primitives_core::traits::Lots::seed

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
mod rounds;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::Round;
pub use weights::WeightInfo;

// What the macros write is the SDK's; the logic is in files of its own, where the lints bind.
#[allow(
	clippy::expect_used,
	clippy::unwrap_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects
)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{pallet_prelude::*, traits::Randomness};
	use frame_system::pallet_prelude::*;
	use openledger_primitives_core::{Hash, RoundId};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime gives to this pallet.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The VRF output of the parent block's author, hashed with a subject; none where the
		/// parent had none.
		type Source: Randomness<Option<Hash>, BlockNumberFor<Self>>;
		/// Blocks in a round. It may change; the round under way keeps its length. Zero counts as
		/// one.
		type RoundLength: Get<BlockNumberFor<Self>>;
		/// How many seeds are kept, at least one. What was committed longer ago than that many
		/// rounds can't be decided any more.
		#[pallet::constant]
		type Kept: Get<u32>;
		/// Weights of the hook.
		type WeightInfo: WeightInfo;
	}

	/// The round under way; none before the first block that this pallet sees.
	#[pallet::storage]
	pub type UnderWay<T: Config> = StorageValue<_, Round<BlockNumberFor<T>>>;

	/// The seeds of the last rounds that are over, by round.
	#[pallet::storage]
	pub type Seeds<T: Config> = StorageMap<_, Twox64Concat, RoundId, Hash>;

	/// The first round whose seed is kept, or will be.
	#[pallet::storage]
	pub type Oldest<T: Config> = StorageValue<_, RoundId, ValueQuery>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A round ended with the parent block.
		RoundEnded {
			/// The round.
			round: RoundId,
			/// Its seed, which decides what was committed in the round before it.
			seed: Hash,
		},
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::advance(now)
		}

		fn integrity_test() {
			assert!(T::Kept::get() > 0, "no seed would be kept");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
