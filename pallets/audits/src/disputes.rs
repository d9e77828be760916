//! Claims that lots do not have audited: private ones whose payers consent, and whatever is disputed.

use crate::{
	Audit, Audits, COMMITTEE, Config, Dispute, Disputes, Error, Event, HoldReason, Note, Notes,
	Pallet, Private, Stage, Verifiers, committee::is_called,
};
use alloc::collections::BTreeSet;
use codec::Encode;
use frame_support::{
	BoundedVec, ensure,
	traits::{
		Get,
		fungible::{Inspect as _, hold::Mutate as _},
		tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
	},
};
use openledger_primitives_attribution::audit::Level;
use openledger_primitives_core::{Balance, RequestId, traits::Lots};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_consent(who: T::AccountId, claim: RequestId) -> DispatchResult {
		ensure!(Private::<T>::contains_key(claim), Error::<T>::NotPrivate);
		let note = Notes::<T>::get(claim).ok_or(Error::<T>::UnknownClaim)?;
		ensure!(note.payer == who, Error::<T>::NotPayer);
		Private::<T>::remove(claim);
		Self::deposit_event(Event::Consented { claim });
		Ok(())
	}

	/// What disputing a claim with this fee puts at stake: never less than an appeal about it does.
	pub(crate) fn dispute_deposit(fee: Balance) -> Balance {
		Self::appeal_deposit(fee).max(T::DisputeDeposit::get())
	}

	/// Whether lots that are known by now have a claim audited.
	pub(crate) fn is_called_anyway(claim: RequestId, note: &Note<T::AccountId>) -> bool {
		!Private::<T>::contains_key(claim)
			&& T::Lots::seed(note.round).is_some_and(|seed| is_called(&seed, claim, T::Rate::get()))
	}

	/// Whether there are verifiers for a committee besides those who gain or lose by it.
	fn can_be_judged(who: &T::AccountId, note: &Note<T::AccountId>) -> bool {
		let bonded: BTreeSet<_> = [who, &note.operator, &note.payer]
			.into_iter()
			.filter(|party| Verifiers::<T>::contains_key(party))
			.map(Encode::encode)
			.collect();
		Verifiers::<T>::count().saturating_sub(bonded.len() as u32) >= COMMITTEE
	}

	pub(crate) fn do_dispute(who: T::AccountId, claim: RequestId) -> DispatchResult {
		let note = Notes::<T>::get(claim).ok_or(Error::<T>::UnknownClaim)?;
		// What is noted and no claim is audited from the beginning.
		ensure!(!Audits::<T>::contains_key(claim), Error::<T>::UnderAudit);
		ensure!(Self::can_be_judged(&who, &note), Error::<T>::TooFewVerifiers);
		// Else who lies would dispute it itself, once the committee is known and not its ring's, to have
		// another one drawn: the deposit comes back where the claim is false.
		ensure!(!Self::is_called_anyway(claim, &note), Error::<T>::CalledAnyway);
		let deposit = Self::dispute_deposit(note.fee);
		T::Currency::hold(&HoldReason::Dispute.into(), &who, deposit)?;
		// Not the lots of the claim's round, which may be known: a ring would dispute the claims whose
		// committees it has captured.
		let audit = Audit {
			level: Level::First,
			stage: Stage::Drawing { round: T::Lots::round() },
			seats: BoundedVec::new(),
			appeal: None,
		};
		Self::schedule(claim, Self::now().saturating_add(T::LookAgain::get()))?;
		Audits::<T>::insert(claim, audit);
		let private = Private::<T>::take(claim).is_some();
		Disputes::<T>::insert(claim, Dispute { disputer: who.clone(), deposit, private });
		Self::deposit_event(Event::Disputed { claim, disputer: who, deposit });
		Ok(())
	}

	/// Moves a part of a dispute's deposit to another account. Returns what it took: nothing where that is
	/// the disputer's own, or can't hold it.
	fn forfeit(
		disputer: &T::AccountId,
		to: &T::AccountId,
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		let receivable = T::Currency::can_deposit(to, amount, Provenance::Extant);
		if amount == 0 || disputer == to || receivable != DepositConsequence::Success {
			return Ok(0);
		}
		T::Currency::transfer_on_hold(
			&HoldReason::Dispute.into(),
			disputer,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
	}

	/// Gives back what is left of a dispute's deposit once the payer was `paid` and the treasury has what
	/// was `lost`.
	fn close_dispute(
		claim: RequestId,
		dispute: Dispute<T::AccountId>,
		paid: Balance,
		lost: Balance,
	) -> DispatchResult {
		let Dispute { disputer, deposit, .. } = dispute;
		let returned = deposit.saturating_sub(paid).saturating_sub(lost);
		if returned > 0 {
			let reason = HoldReason::Dispute.into();
			T::Currency::release(&reason, &disputer, returned, Precision::Exact)?;
		}
		Self::deposit_event(Event::DisputeEnded { claim, disputer, returned, paid });
		Ok(())
	}

	/// Gives a dispute's deposit back that no verdict has come of.
	pub(crate) fn drop_dispute(claim: RequestId) -> DispatchResult {
		let Some(dispute) = Disputes::<T>::take(claim) else { return Ok(()) };
		Self::close_dispute(claim, dispute, 0, 0)
	}

	/// Leaves a disputed claim to lots again, for which there are not enough verifiers who may sit. It is not
	/// cleared: else who lies would have a verifier dispute it that would sit otherwise.
	pub(crate) fn leave_dispute(
		claim: RequestId,
		dispute: Dispute<T::AccountId>,
	) -> DispatchResult {
		Disputes::<T>::remove(claim);
		if dispute.private {
			Private::<T>::insert(claim, ());
		}
		Self::close_dispute(claim, dispute, 0, 0)
	}

	/// Ends a dispute by whether the last verdict is that the claim `is_true`. Where the claim is true, half of the deposit goes to the payer
	/// whose business was opened, and the rest to the treasury; what the payer can't hold goes there too,
	/// and what the treasury can't hold comes back. Returns who is to be rewarded.
	pub(crate) fn end_dispute(
		claim: RequestId,
		note: &Note<T::AccountId>,
		is_true: bool,
	) -> Result<Option<T::AccountId>, DispatchError> {
		let Some(dispute) = Disputes::<T>::take(claim) else { return Ok(None) };
		let Dispute { disputer, deposit, .. } = dispute.clone();
		if !is_true {
			Self::close_dispute(claim, dispute, 0, 0)?;
			return Ok(Some(disputer));
		}
		let half = deposit.checked_div(2).unwrap_or(0);
		let paid = Self::forfeit(&disputer, &note.payer, half)?;
		// Who pays for the answer itself keeps its half.
		let kept = if disputer == note.payer { half } else { paid };
		let rest = deposit.saturating_sub(kept);
		let lost = Self::forfeit(&disputer, &T::TreasuryAccount::get(), rest)?;
		Self::close_dispute(claim, dispute, paid, lost)?;
		Ok(None)
	}
}
