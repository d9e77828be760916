//! Mixing outputs, and ending rounds.

use crate::{Config, Event, Oldest, Pallet, Round, Seeds, UnderWay, WeightInfo};
use codec::Encode;
use frame_support::{
	traits::{Get, Randomness},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives_core::{BlockNumber, Hash, RoundId, traits::Lots};
use sp_io::hashing::blake2_256;
use sp_runtime::traits::{One, Saturating, UniqueSaturatedInto};

const OUTPUT: &[u8] = b"openledger/lots/output";
const SEED: &[u8] = b"openledger/lots/seed";

/// How many seeds a round's end removes at most. One takes the new seed's place; with two, the
/// excess wears off where an upgrade keeps fewer than were kept before.
const REMOVED: u32 = 2;

/// The accumulator after one more block of the round: blake2b-256 of tag, accumulator and output,
/// where a block without an output differs from every block with one.
pub(crate) fn mix(accumulator: Hash, output: Option<Hash>) -> Hash {
	(OUTPUT, accumulator, output).using_encoded(blake2_256).into()
}

/// The seed of a round that is over: blake2b-256 of tag, round and accumulator.
pub(crate) fn seed_of(round: RoundId, accumulator: Hash) -> Hash {
	(SEED, round, accumulator).using_encoded(blake2_256).into()
}

impl<T: Config> Pallet<T> {
	/// Mixes the parent block's output into its round, and ends that round if the parent was its
	/// last block. Returns what that weighs.
	pub(crate) fn advance(now: BlockNumberFor<T>) -> Weight {
		let Some(mut round) = UnderWay::<T>::get() else {
			// The parent is part of no round, and its output decides nothing.
			Self::begin(0, now);
			return T::WeightInfo::mix();
		};
		let (output, _) = T::Source::random(OUTPUT);
		round.accumulator = mix(round.accumulator, output);
		if now < round.next {
			UnderWay::<T>::put(round);
			return T::WeightInfo::mix();
		}
		Self::end(&round);
		Self::begin(round.number.saturating_add(1), now);
		T::WeightInfo::end_round()
	}

	/// Begins a round with the block `now`.
	fn begin(number: RoundId, now: BlockNumberFor<T>) {
		let next = now.saturating_add(T::RoundLength::get().max(One::one()));
		UnderWay::<T>::put(Round { number, next, accumulator: Hash::zero() });
	}

	/// Draws the seed of a round whose outputs are all in, and forgets the oldest.
	fn end(round: &Round<BlockNumberFor<T>>) {
		let seed = seed_of(round.number, round.accumulator);
		Seeds::<T>::insert(round.number, seed);
		let first = Oldest::<T>::get();
		let mut oldest = first;
		for _ in 0..REMOVED {
			// The seeds from the oldest to this round's are one more than the difference.
			if round.number.saturating_sub(oldest) < T::Kept::get() {
				break;
			}
			Seeds::<T>::remove(oldest);
			oldest = oldest.saturating_add(1);
		}
		if oldest != first {
			Oldest::<T>::put(oldest);
		}
		Self::deposit_event(Event::RoundEnded { round: round.number, seed });
	}
}

impl<T: Config> Lots for Pallet<T> {
	fn round() -> RoundId {
		UnderWay::<T>::get().map_or(0, |round| round.number)
	}

	fn seed(round: RoundId) -> Option<Hash> {
		Seeds::<T>::get(round.checked_add(1)?)
	}

	fn known_from(round: RoundId) -> BlockNumber {
		let now = frame_system::Pallet::<T>::block_number();
		let length = T::RoundLength::get().max(One::one());
		let (number, next) = UnderWay::<T>::get().map_or_else(
			// The next block begins the first round.
			|| (0, now.saturating_add(One::one()).saturating_add(length)),
			|under_way| (under_way.number, under_way.next),
		);
		// The seed is drawn in the first block after the round that follows.
		let known = match round.saturating_add(1).checked_sub(number) {
			Some(more) => next.saturating_add(length.saturating_mul(more.into())),
			None => now,
		};
		known.unique_saturated_into()
	}

	fn kept() -> RoundId {
		T::Kept::get()
	}
}
