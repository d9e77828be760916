//! Sessions: opening, topping up and ending them.

use crate::{
	Config, Error, Event, HoldReason, NextSession, Pallet, Private, Session, SessionOf, Sessions,
};
use codec::MaxEncodedLen;
use frame_support::{
	ensure,
	traits::{Consideration, Footprint, Get, fungible::hold::Mutate as _, tokens::Precision},
};
use openledger_primitives_core::{
	Balance, BlockNumber, ModelId, SessionId,
	traits::{Models, Operators},
};
use sp_runtime::{DispatchResult, traits::UniqueSaturatedInto};

fn footprint<T: Config>(private: bool) -> Footprint {
	let entry = SessionOf::<T>::max_encoded_len();
	if private {
		Footprint::from_parts(2, entry.saturating_add(SessionId::max_encoded_len()))
	} else {
		Footprint::from_parts(1, entry)
	}
}

/// A session that is to be opened.
pub(crate) struct Opening<AccountId> {
	/// Who asks and pays.
	pub payer: AccountId,
	/// Who answers.
	pub operator: AccountId,
	/// The model version.
	pub model: ModelId,
	/// Whose key signs vouchers; the payer's where none is named.
	pub signer: Option<AccountId>,
	/// What it may cost.
	pub escrow: Balance,
	/// How many blocks it lasts.
	pub blocks: BlockNumber,
	/// Whether it is private.
	pub private: bool,
}

impl<T: Config> Pallet<T> {
	/// The current block, as shared types count.
	pub(crate) fn now() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	/// Whether `who` is `operator` or answers for it.
	pub(crate) fn acts_for(who: &T::AccountId, operator: &T::AccountId) -> bool {
		who == operator || T::Operators::of_agent(who).as_ref() == Some(operator)
	}

	pub(crate) fn do_open_session(opening: Opening<T::AccountId>) -> DispatchResult {
		let Opening { payer, operator, model, signer, escrow, blocks, private } = opening;
		ensure!(T::Open::get(), Error::<T>::SwitchedOff);
		ensure!(payer != operator, Error::<T>::OwnSession);
		ensure!(escrow > 0, Error::<T>::NoEscrow);
		ensure!((1..=T::MaxDuration::get()).contains(&blocks), Error::<T>::DurationOutOfRange);
		let served = T::Models::served(model).ok_or(Error::<T>::UnknownModel)?;
		ensure!(served.answers(), Error::<T>::ModelNotServing);
		ensure!(T::Operators::serves(&operator, model), Error::<T>::NotServing);
		let session = NextSession::<T>::get();
		let next = session.checked_add(1).ok_or(Error::<T>::Overflow)?;
		let expires_at = Self::now().checked_add(blocks).ok_or(Error::<T>::DurationOutOfRange)?;

		T::Models::acquire(model)?;
		T::Currency::hold(&HoldReason::Escrow.into(), &payer, escrow)?;
		let ticket = T::SessionConsideration::new(&payer, footprint::<T>(private))?;
		let signer = signer.unwrap_or_else(|| payer.clone());
		NextSession::<T>::put(next);
		if private {
			Private::<T>::insert(session, ());
		}
		Sessions::<T>::insert(
			session,
			Session {
				payer: payer.clone(),
				operator: operator.clone(),
				model,
				signer: signer.clone(),
				price: served.price,
				escrow,
				settled: 0,
				count: 0,
				expires_at,
				closed_at: None,
				ended: false,
				batches: 0,
				ticket,
			},
		);
		Self::deposit_event(Event::SessionOpened {
			session,
			payer,
			operator,
			model,
			signer,
			escrow,
			expires_at,
			private,
		});
		Ok(())
	}

	pub(crate) fn do_add_escrow(
		payer: T::AccountId,
		id: SessionId,
		amount: Balance,
	) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::NoEscrow);
		let mut session = Sessions::<T>::get(id).ok_or(Error::<T>::UnknownSession)?;
		ensure!(session.payer == payer, Error::<T>::NotPayer);
		let open =
			!session.ended && session.closed_at.is_none() && Self::now() <= session.expires_at;
		ensure!(open, Error::<T>::SessionOver);
		session.escrow = session.escrow.checked_add(amount).ok_or(Error::<T>::Overflow)?;
		T::Currency::hold(&HoldReason::Escrow.into(), &payer, amount)?;
		Sessions::<T>::insert(id, session);
		Self::deposit_event(Event::EscrowAdded { session: id, amount });
		Ok(())
	}

	pub(crate) fn do_close_session(who: T::AccountId, id: SessionId) -> DispatchResult {
		let mut session = Sessions::<T>::get(id).ok_or(Error::<T>::UnknownSession)?;
		ensure!(!session.ended, Error::<T>::AlreadyEnded);
		if session.payer != who {
			ensure!(Self::acts_for(&who, &session.operator), Error::<T>::NotParty);
			return Self::end(id, session);
		}
		ensure!(session.closed_at.is_none(), Error::<T>::AlreadyClosing);
		session.closed_at = Some(Self::now());
		let until = session.left_until(T::ClosePeriod::get());
		Sessions::<T>::insert(id, session);
		Self::deposit_event(Event::SessionClosing { session: id, until });
		Ok(())
	}

	pub(crate) fn do_finish_session(id: SessionId) -> DispatchResult {
		let session = Sessions::<T>::get(id).ok_or(Error::<T>::UnknownSession)?;
		ensure!(!session.ended, Error::<T>::AlreadyEnded);
		let until = session.left_until(T::ClosePeriod::get());
		ensure!(Self::now() > until, Error::<T>::OperatorsTime);
		Self::end(id, session)
	}

	/// Ends a session and gives its escrow back.
	fn end(id: SessionId, mut session: SessionOf<T>) -> DispatchResult {
		let returned = core::mem::take(&mut session.escrow);
		if returned > 0 {
			let escrow = HoldReason::Escrow.into();
			T::Currency::release(&escrow, &session.payer, returned, Precision::Exact)?;
		}
		session.ended = true;
		Self::keep_or_remove(id, session)?;
		Self::deposit_event(Event::SessionEnded { session: id, returned });
		Ok(())
	}

	/// Stores a session, or removes it where it ended and its batches are concluded.
	pub(crate) fn keep_or_remove(id: SessionId, session: SessionOf<T>) -> DispatchResult {
		if !session.ended || session.batches > 0 {
			Sessions::<T>::insert(id, session);
			return Ok(());
		}
		Sessions::<T>::remove(id);
		Private::<T>::remove(id);
		T::Models::release(session.model);
		session.ticket.drop(&session.payer)
	}
}
