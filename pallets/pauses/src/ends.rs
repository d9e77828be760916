//! Making pauses, and their ends.

use crate::{Config, Error, Event, Pallet};
use codec::Encode;
use frame_support::{
	ensure,
	traits::{
		GetCallMetadata, StorePreimage, TransactionPause, TransactionPauseError,
		schedule::{
			DispatchTime, HIGHEST_PRIORITY,
			v3::{Named, TaskName},
		},
	},
};
use frame_system::{RawOrigin, pallet_prelude::BlockNumberFor};
use pallet_tx_pause::{PausedCalls, RuntimeCallNameOf};
use sp_runtime::{
	DispatchError, DispatchResult,
	traits::{Saturating, Zero},
};

type TxPause<T> = pallet_tx_pause::Pallet<T>;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_pause(
		name: RuntimeCallNameOf<T>,
		blocks: BlockNumberFor<T>,
		longest: BlockNumberFor<T>,
	) -> DispatchResult {
		Self::ensure_length(blocks, longest)?;
		ensure!(Self::is_call(&name), Error::<T>::UnknownCall);
		<TxPause<T> as TransactionPause>::pause(name.clone()).map_err(Self::refused)?;
		let until = Self::set_end(&name, blocks)?;
		Self::deposit_event(Event::Paused { call: name, until });
		Ok(())
	}

	pub(crate) fn do_prolong(
		name: RuntimeCallNameOf<T>,
		blocks: BlockNumberFor<T>,
		longest: BlockNumberFor<T>,
	) -> DispatchResult {
		Self::ensure_length(blocks, longest)?;
		ensure!(TxPause::<T>::is_paused(&name), Error::<T>::NotPaused);
		let until = Self::set_end(&name, blocks)?;
		Self::deposit_event(Event::Prolonged { call: name, until });
		Ok(())
	}

	pub(crate) fn do_resume(name: RuntimeCallNameOf<T>) -> DispatchResult {
		<TxPause<T> as TransactionPause>::unpause(name.clone()).map_err(Self::refused)?;
		Self::forget_end(&name);
		Self::deposit_event(Event::Resumed { call: name });
		Ok(())
	}

	/// The block at which the pause of a call ends, or nothing if no end is set.
	pub fn end_of(name: &RuntimeCallNameOf<T>) -> Option<BlockNumberFor<T>> {
		T::Scheduler::next_dispatch_time(Self::task(name)).ok()
	}

	/// Lets the scheduler lift the pause so many blocks from now, and at no other time.
	pub(crate) fn set_end(
		name: &RuntimeCallNameOf<T>,
		blocks: BlockNumberFor<T>,
	) -> Result<BlockNumberFor<T>, DispatchError> {
		Self::forget_end(name);
		let until = frame_system::Pallet::<T>::block_number().saturating_add(blocks);
		let unpause = pallet_tx_pause::Call::unpause { ident: name.clone() };
		T::Scheduler::schedule_named(
			Self::task(name),
			DispatchTime::At(until),
			None,
			HIGHEST_PRIORITY,
			RawOrigin::Root.into(),
			T::Preimages::bound(unpause.into())?,
		)?;
		Ok(until)
	}

	/// The calls that are paused now.
	pub(crate) fn paused() -> impl Iterator<Item = RuntimeCallNameOf<T>> {
		PausedCalls::<T>::iter_keys()
	}

	fn forget_end(name: &RuntimeCallNameOf<T>) {
		// Nothing is scheduled where the pause ended by itself.
		let _ = T::Scheduler::cancel_named(Self::task(name));
	}

	/// The end's name in the schedule.
	fn task(name: &RuntimeCallNameOf<T>) -> TaskName {
		sp_io::hashing::blake2_256(&(b"pauses", name).encode())
	}

	fn ensure_length(
		blocks: BlockNumberFor<T>,
		longest: BlockNumberFor<T>,
	) -> Result<(), Error<T>> {
		ensure!(!blocks.is_zero() && blocks <= longest, Error::<T>::WrongLength);
		Ok(())
	}

	fn is_call((pallet, call): &RuntimeCallNameOf<T>) -> bool {
		type Calls<T> = <T as frame_system::Config>::RuntimeCall;
		let Some(known) =
			Calls::<T>::get_module_names().iter().find(|known| known.as_bytes() == &pallet[..])
		else {
			return false;
		};
		Calls::<T>::get_call_names(known).iter().any(|known| known.as_bytes() == &call[..])
	}

	fn refused(error: TransactionPauseError) -> Error<T> {
		match error {
			TransactionPauseError::AlreadyPaused => Error::AlreadyPaused,
			TransactionPauseError::AlreadyUnpaused => Error::NotPaused,
			TransactionPauseError::NotFound => Error::UnknownCall,
			TransactionPauseError::Unpausable | TransactionPauseError::Unknown => Error::Unpausable,
		}
	}
}
