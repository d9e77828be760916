//! What the runtime API asks of this pallet.

use crate::{Challenges, Config, NextChallenge, Pallet, Seals};
use alloc::vec::Vec;
use frame_support::traits::Get;
use openledger_primitives_api::{DuplicateInfo, DuplicateTerms, MAX_PAGE, SealInfo};
use openledger_primitives_core::ChallengeId;

impl<T: Config> Pallet<T> {
	/// What challenging a record takes, and what this account has committed to and not opened: no more than
	/// [`MAX_PAGE`].
	pub fn terms(challenger: T::AccountId) -> DuplicateTerms {
		let sealed = Seals::<T>::iter_prefix(&challenger)
			.map(|(commitment, sealed)| SealInfo {
				commitment,
				at: sealed.at,
				deposit: sealed.deposit,
			})
			.take(MAX_PAGE as usize)
			.collect();
		DuplicateTerms { is_enabled: T::Enabled::get(), deposit: T::Deposit::get(), sealed }
	}

	/// Challenges that are not decided, from `start` on.
	pub fn challenges(start: ChallengeId, limit: u32) -> Vec<DuplicateInfo<T::AccountId>> {
		// Those that are decided leave gaps: only as many numbers are looked at as a page could hold
		// some hundred times over.
		let end = NextChallenge::<T>::get().min(start.saturating_add(MAX_PAGE.saturating_mul(64)));
		(start..end)
			.filter_map(|number| Some((number, Challenges::<T>::get(number)?)))
			.take(limit.min(MAX_PAGE) as usize)
			.map(|(number, challenge)| DuplicateInfo {
				challenge: number,
				pair: challenge.pair(),
				challenger: challenge.challenger,
				contributor: challenge.later.contributor,
				deposit: challenge.deposit,
			})
			.collect()
	}
}
