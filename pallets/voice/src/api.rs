//! What runtime APIs ask of this pallet.

use crate::{Config, Pallet, TotalPoints, Verdict, Verdicts, Voices};
use frame_support::traits::Get;
use openledger_primitives_core::Balance;

impl<T: Config> Pallet<T> {
	/// What the voice of `account` weighs now, in the smallest unit.
	pub fn weight_of(account: &T::AccountId) -> Balance {
		Voices::<T>::get(account).map_or(0, |standing| Self::weight(standing.points))
	}

	/// What all voice together weighs now, whether or not it was paid out, in the smallest unit.
	pub fn total_weight() -> Balance {
		Self::weight(TotalPoints::<T>::get())
	}

	/// Whether there is voice enough for a rejection to count.
	pub fn veto_active() -> bool {
		Self::total_weight() >= T::VetoMinimum::get()
	}

	/// The verdict on a call, while it holds. Whether a rejection counts is another question:
	/// [`Pallet::veto_active`].
	pub fn verdict(call_hash: T::Hash) -> Option<Verdict> {
		Verdicts::<T>::get(call_hash)
			.filter(|ruling| Self::now() < ruling.expires)
			.map(|ruling| ruling.verdict)
	}
}
