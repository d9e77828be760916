//! What stands against a model version's index, and keeps the version from being removed.

use crate::{Challenge, Config, Contest, Contests, Demands, Pallet};
use frame_support::traits::Get;
use openledger_primitives_core::{BlockNumber, ModelId, traits};

impl<T: Config> Pallet<T> {
	/// Counts a challenge that is committed at `now`. The version waits for it as long as a claim does for one
	/// that is committed last: a challenge that is never opened costs nothing but a while, and must not keep an
	/// owner's bond for good.
	pub(crate) fn contest(model: ModelId, now: BlockNumber) {
		let until = now.saturating_add(T::RevealGrace::get());
		Contests::<T>::mutate(model, |contest| {
			let (since, standing) = contest.as_ref().map_or((now, 0), |it| (it.since, it.standing));
			*contest = Some(Contest { since, standing: standing.saturating_add(1), until });
		});
	}

	/// Takes a challenge out of the count.
	pub(crate) fn uncontest(model: ModelId, challenge: &Challenge) {
		Contests::<T>::mutate_exists(model, |contest| {
			// One from before there were contests is in no count.
			let Some(counted) = contest.as_mut().filter(|it| it.since <= challenge.at) else {
				return;
			};
			counted.standing = counted.standing.saturating_sub(1);
			if counted.standing == 0 {
				*contest = None;
			}
		});
	}
}

impl<T: Config> traits::Contests for Pallet<T> {
	fn is_contested(model: ModelId) -> bool {
		let challenged = Contests::<T>::get(model).is_some_and(|it| Self::now() < it.until);
		challenged || Demands::<T>::contains_key(model)
	}
}
