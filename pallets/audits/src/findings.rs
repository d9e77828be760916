//! What committees find: committed first, so that nobody can copy it, and revealed together.

use crate::{AgentOf, Audit, Audits, Config, Error, Event, Note, Notes, Pallet, Stage};
use frame_support::{ensure, traits::Get};
use openledger_primitives_attribution::audit::{Finding, commitment};
use openledger_primitives_core::{Hash, RequestId, subject::subject};
use sp_runtime::DispatchResult;

/// An audit with the seat that an agent's verifier has in the committee that sits now.
struct Sitting<AccountId> {
	verifier: AccountId,
	audit: Audit<AccountId>,
	place: usize,
}

/// An audit, and what is known of its claim.
type Noted<AccountId> = (Audit<AccountId>, Note<AccountId>);

impl<T: Config> Pallet<T> {
	/// The audit of a claim, and what is known of the claim.
	pub(crate) fn audit(claim: RequestId) -> Result<Noted<T::AccountId>, Error<T>> {
		let audit = Audits::<T>::get(claim).ok_or(Error::<T>::UnknownAudit)?;
		let note = Notes::<T>::get(claim).ok_or(Error::<T>::UnknownAudit)?;
		Ok((audit, note))
	}

	fn sitting(agent: &T::AccountId, claim: RequestId) -> Result<Sitting<T::AccountId>, Error<T>> {
		let verifier = AgentOf::<T>::get(agent).ok_or(Error::<T>::NotAgent)?;
		let audit = Audits::<T>::get(claim).ok_or(Error::<T>::UnknownAudit)?;
		let place = audit
			.seats
			.iter()
			.position(|seat| seat.verifier == verifier && seat.level == audit.level)
			.ok_or(Error::<T>::NoSeat)?;
		Ok(Sitting { verifier, audit, place })
	}

	pub(crate) fn do_commit(
		agent: T::AccountId,
		claim: RequestId,
		commitment: Hash,
	) -> DispatchResult {
		let Sitting { verifier, mut audit, place } = Self::sitting(&agent, claim)?;
		let Stage::Committing { until } = audit.stage else {
			return Err(Error::<T>::NotCommitting.into());
		};
		let now = Self::now();
		ensure!(now < until, Error::<T>::TooLate);
		let seat = audit.seats.get_mut(place).ok_or(Error::<T>::NoSeat)?;
		ensure!(seat.commitment.is_none(), Error::<T>::AlreadyCommitted);
		seat.commitment = Some(commitment);
		let level = audit.level;
		let complete = audit
			.seats
			.iter()
			.filter(|seat| seat.level == level)
			.all(|seat| seat.commitment.is_some());
		if complete {
			Self::start_revealing(claim, &mut audit);
		}
		Audits::<T>::insert(claim, audit);
		Self::deposit_event(Event::FindingCommitted { claim, verifier });
		Ok(())
	}

	/// From now on the committee reveals.
	pub(crate) fn start_revealing(claim: RequestId, audit: &mut Audit<T::AccountId>) {
		let until = Self::now().saturating_add(T::RevealPeriod::get());
		let until = Self::deadline(claim, until);
		audit.stage = Stage::Revealing { until };
	}

	pub(crate) fn do_reveal(
		agent: T::AccountId,
		claim: RequestId,
		finding: Finding,
		salt: [u8; 32],
	) -> DispatchResult {
		let Sitting { verifier, mut audit, place } = Self::sitting(&agent, claim)?;
		let Stage::Revealing { until } = audit.stage else {
			return Err(Error::<T>::NotRevealing.into());
		};
		let now = Self::now();
		ensure!(now < until, Error::<T>::TooLate);
		let level = audit.level;
		let seat = audit.seats.get_mut(place).ok_or(Error::<T>::NoSeat)?;
		ensure!(seat.finding.is_none(), Error::<T>::AlreadyRevealed);
		let opened = commitment(claim, level, &finding, &verifier, &salt);
		ensure!(seat.commitment == Some(opened), Error::<T>::WrongOpening);
		let note = Notes::<T>::get(claim).ok_or(Error::<T>::UnknownAudit)?;
		ensure!(finding.suits(subject(claim)), Error::<T>::WrongFinding);
		ensure!(finding.is_shown(level, &note.subject, &note.trace), Error::<T>::NotExecuted);
		let repeats = matches!(&finding, Finding::Refuted(other) if *other == note.execution);
		ensure!(!repeats, Error::<T>::NothingRefuted);
		seat.finding = Some(finding);
		let complete = audit
			.seats
			.iter()
			.filter(|seat| seat.level == level && seat.commitment.is_some())
			.all(|seat| seat.finding.is_some());
		Self::deposit_event(Event::FindingRevealed { claim, verifier });
		if complete {
			return Self::tally(claim, audit, note);
		}
		Audits::<T>::insert(claim, audit);
		Ok(())
	}
}
