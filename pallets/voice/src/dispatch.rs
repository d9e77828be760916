//! Dispatching what contributors had their say about.

use crate::{Config, Error, Event, Origin, Pallet, Verdict, Verdicts, WeightInfo};
use codec::{DecodeLimit, Encode};
use frame_support::{
	MAX_EXTRINSIC_DEPTH,
	dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
	ensure,
	traits::{EnsureOrigin, QueryPreimage},
	weights::Weight,
};
use frame_system::pallet_prelude::OriginFor;
use sp_runtime::{
	DispatchResult,
	traits::{Dispatchable, Hash},
};

type CallOf<T> = <T as frame_system::Config>::RuntimeCall;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_dispatch(origin: OriginFor<T>, call: CallOf<T>) -> DispatchResultWithPostInfo {
		let call_hash = T::Hashing::hash_of(&call);
		let own = T::WeightInfo::dispatch(u32::try_from(call.encoded_size()).unwrap_or(u32::MAX));
		Self::ensure_may_dispatch(origin, call_hash)?;
		Ok(Self::enact(call_hash, call).map(|used| used.saturating_add(own)).into())
	}

	pub(crate) fn do_dispatch_hash(
		origin: OriginFor<T>,
		call_hash: T::Hash,
		encoded_len: u32,
		weight_witness: Weight,
	) -> DispatchResultWithPostInfo {
		Self::ensure_may_dispatch(origin, call_hash)?;
		let bytes = T::Preimages::fetch(&call_hash, Some(encoded_len))
			.map_err(|_| Error::<T>::NoPreimage)?;
		let call = CallOf::<T>::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &*bytes)
			.map_err(|_| Error::<T>::NotACall)?;
		ensure!(
			call.get_dispatch_info().call_weight.all_lte(weight_witness),
			Error::<T>::WeightTooLow
		);
		let own = T::WeightInfo::dispatch_hash(encoded_len);
		Ok(Self::enact(call_hash, call).map(|used| used.saturating_add(own)).into())
	}

	/// Whether `origin` may have the call dispatched, given what contributors decided about it.
	fn ensure_may_dispatch(origin: OriginFor<T>, call_hash: T::Hash) -> DispatchResult {
		let verdict = Self::verdict(call_hash);
		match T::DispatchOrigin::try_origin(origin) {
			Ok(_) => ensure!(
				verdict != Some(Verdict::Rejected) || !Self::veto_active(),
				Error::<T>::Vetoed
			),
			Err(origin) => {
				T::ApprovedOrigin::ensure_origin(origin)?;
				ensure!(verdict == Some(Verdict::Approved), Error::<T>::NotApproved);
			}
		}
		Ok(())
	}

	/// Dispatches the call; returns the weight that it says it had.
	fn enact(call_hash: T::Hash, call: CallOf<T>) -> Option<Weight> {
		let (used, result) = match call.dispatch(Origin::Vetted.into()) {
			Ok(post) => (post.actual_weight, Ok(())),
			Err(failed) => (failed.post_info.actual_weight, Err(failed.error)),
		};
		// Whichever way it went, what was approved has happened: it isn't approved twice.
		if result.is_ok() && Self::verdict(call_hash) == Some(Verdict::Approved) {
			Verdicts::<T>::remove(call_hash);
		}
		Self::deposit_event(Event::CallDispatched { call_hash, result });
		used
	}
}
