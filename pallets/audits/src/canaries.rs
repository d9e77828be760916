//! Canaries: claims that their operators have sealed falsely on purpose, by which verifiers show themselves who
//! pass what they have not computed.
//!
//! A canary carries the traces of a secret in the place of those of its execution, and is true in all else. Who
//! executes finds it false and takes no harm; who upholds it has shown a trace that no execution gives, and was
//! handed it. The claim itself is what its operator has committed to: it is there before anybody knows who will be
//! drawn, and no secret can be found for it later.
//!
//! That a claim is sealed by a secret says that it is false, and not whether it is false in its seal alone: that is
//! for the committee, and for whoever brings the true claim. So it can't be upheld any more once it is unveiled.

use crate::{
	Audit, Audits, Canaries, Canary, Config, Error, Event, Note, Pallet, Seat, Stage, Verdict,
	Verifiers,
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use openledger_primitives_attribution::{
	Claim,
	audit::{Finding, Level, Secret, digest, is_canary},
};
use openledger_primitives_core::{
	RequestId,
	subject::{Subject, subject},
	traits::Rewards,
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// Whether a canary can be unveiled at this stage of its audit: once the findings of a committee are counted, so
	/// that some have had the chance to pass it, and before what follows is carried out.
	///
	/// # Errors
	/// [`Error::TooEarly`] and [`Error::TooLate`].
	pub(crate) fn may_unveil(audit: &Audit<T::AccountId>) -> Result<(), Error<T>> {
		match audit.stage {
			Stage::Decided { .. } | Stage::Undecided => Ok(()),
			Stage::Correcting { .. } | Stage::Restoring { .. } => Err(Error::<T>::TooLate),
			_ if audit.level == Level::Appeal => Ok(()),
			_ => Err(Error::<T>::TooEarly),
		}
	}

	/// Whether it can be unveiled now and was not.
	pub(crate) fn is_veiled(claim: RequestId) -> bool {
		let opens = |audit: &Audit<_>| Self::may_unveil(audit).is_ok();
		Audits::<T>::get(claim).as_ref().is_some_and(opens) && !Canaries::<T>::contains_key(claim)
	}

	/// Unveils a canary. A committee that has upheld it is wrong, so another one is drawn as by an appeal.
	pub(crate) fn do_unveil(claim: RequestId, secret: Secret) -> DispatchResult {
		ensure!(subject(claim) == Subject::Claim, Error::<T>::NotCanary);
		let (mut audit, note) = Self::audit(claim)?;
		Self::may_unveil(&audit)?;
		ensure!(!Canaries::<T>::contains_key(claim), Error::<T>::AlreadyUnveiled);
		ensure!(is_canary(&secret, &note.subject, &note.trace), Error::<T>::NotCanary);
		Canaries::<T>::insert(claim, Canary::default());
		if matches!(audit.stage, Stage::Decided { verdict: Verdict::Upheld, .. }) {
			audit.level = Level::Appeal;
			Self::await_lots(claim, &mut audit);
			Audits::<T>::insert(claim, audit);
		}
		Self::deposit_event(Event::CanaryUnveiled { claim, operator: note.operator });
		Ok(())
	}

	/// Frees a verifier of its seat in the audit of an unveiled canary where it has upheld that, and takes a part of
	/// its bond, half of it for the operator. It is a strike too. Returns whether it has.
	///
	/// Nobody can be framed: the trace that it has shown follows from the secret, and from no execution.
	pub(crate) fn catch(
		claim: RequestId,
		note: &Note<T::AccountId>,
		seat: &Seat<T::AccountId>,
	) -> bool {
		if !matches!(seat.finding, Some(Finding::Upheld { .. })) {
			return false;
		}
		let who = &seat.verifier;
		Self::free(who);
		let Some(mut verifier) = Verifiers::<T>::get(who) else { return true };
		let loss = T::CanaryLoss::get().mul_floor(verifier.bond);
		let half = loss.checked_div(2).unwrap_or(0);
		let earned = Self::take(who, &mut verifier, &note.operator, half);
		let rest = loss.saturating_sub(earned);
		let lost = Self::take(who, &mut verifier, &T::TreasuryAccount::get(), rest);
		let amount = earned.saturating_add(lost);
		Self::deposit_event(Event::CanaryPassed { claim, verifier: who.clone(), amount, earned });
		Self::strike(who, verifier);
		true
	}

	/// Whether a claim is what execution comes to but for the traces that it has sealed: it credits whom the true
	/// one credits, and nobody is harmed by it.
	pub(crate) fn is_harmless(note: &Note<T::AccountId>, truth: &Claim<T::AccountId>) -> bool {
		let planted = Claim { trace: note.trace, ..truth.clone() };
		digest(&planted) == note.execution.claim
	}

	/// What an unveiled canary comes to that was found false: nothing is taken from its operator where the true claim
	/// shows that it was harmless, and it is paid as a seat is. Who disputed it has then disputed a claim that is as
	/// good as true, or disputing one's own canaries would fill committees for nothing. Otherwise it is a lie
	/// like any other; of one whose truth nobody brings, none of those is rewarded who found it and could have.
	/// Nothing where it is no such canary.
	pub(crate) fn end_canary(
		claim: RequestId,
		note: &Note<T::AccountId>,
		truth: Option<&Claim<T::AccountId>>,
	) -> DispatchResult {
		let Some(Canary { finders }) = Canaries::<T>::take(claim) else { return Ok(()) };
		let harmless = truth.is_some_and(|truth| Self::is_harmless(note, truth));
		let disputer = Self::end_dispute(claim, note, harmless)?;
		if harmless {
			let operator = note.operator.clone();
			let paid = T::Rewards::pay_verifier(&operator, T::SeatReward::get());
			Self::deposit_event(Event::CanaryPaid { claim, operator, paid });
			return Ok(());
		}
		let rewarded: Vec<_> = match truth {
			Some(_) => finders.into_iter().chain(disputer).collect(),
			None => Vec::new(),
		};
		Self::punish(claim, note, &rewarded)
	}
}
