//! What contributors decide about calls.

use crate::{Config, Error, Event, Pallet, Ruling, Verdict, Verdicts};
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{DispatchError, DispatchResult, traits::Saturating};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_approve(call_hash: T::Hash) -> DispatchResult {
		let expires = Self::give(call_hash, Verdict::Approved)?;
		Self::deposit_event(Event::CallApproved { call_hash, expires });
		Ok(())
	}

	pub(crate) fn do_reject(call_hash: T::Hash) -> DispatchResult {
		ensure!(Self::veto_active(), Error::<T>::VetoInactive);
		let expires = Self::give(call_hash, Verdict::Rejected)?;
		Self::deposit_event(Event::CallRejected { call_hash, expires });
		Ok(())
	}

	/// Records a verdict; returns when it expires.
	fn give(call_hash: T::Hash, verdict: Verdict) -> Result<BlockNumberFor<T>, DispatchError> {
		ensure!(
			Verdicts::<T>::contains_key(call_hash)
				|| Verdicts::<T>::count() < T::MaxVerdicts::get(),
			Error::<T>::TooManyVerdicts
		);
		let given = Self::now();
		let expires = given.saturating_add(T::VerdictPeriod::get());
		Verdicts::<T>::insert(call_hash, Ruling { verdict, given, expires });
		Ok(expires)
	}

	pub(crate) fn do_withdraw(call_hash: T::Hash) -> DispatchResult {
		Verdicts::<T>::take(call_hash).ok_or(Error::<T>::NoVerdict)?;
		Self::deposit_event(Event::VerdictWithdrawn { call_hash });
		Ok(())
	}

	pub(crate) fn do_clear(call_hash: T::Hash) -> DispatchResult {
		let ruling = Verdicts::<T>::get(call_hash).ok_or(Error::<T>::NoVerdict)?;
		ensure!(Self::now() >= ruling.expires, Error::<T>::NotExpired);
		Verdicts::<T>::remove(call_hash);
		Self::deposit_event(Event::VerdictCleared { call_hash });
		Ok(())
	}
}
