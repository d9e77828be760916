//! Verdicts: counting findings, appealing, and what follows.

use crate::{
	Appeal, Audit, Audits, Canaries, Canary, Config, Duties, Error, Event, HoldReason, Note, Notes,
	Pallet, Seat, Stage, Verdict, Verdicts, Verifiers, WeightInfo, seats,
};
use alloc::vec::Vec;
use frame_support::{
	BoundedVec, ensure,
	traits::{
		Get,
		fungible::{Inspect as _, hold::Mutate as _},
		tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
	},
	weights::Weight,
};
use openledger_primitives_attribution::{
	Claim,
	audit::{Execution, Level, digest},
};
use openledger_primitives_core::{
	Balance, Hash, RequestId,
	subject::{Subject, subject},
	traits::{Claims, Lots, Rewards, Settlement},
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// What carrying out a verdict costs at most, whatever it is on.
	pub(crate) fn verdict_weight() -> Weight {
		T::WeightInfo::resolve()
			.max(T::WeightInfo::resolve_canary())
			.max(T::WeightInfo::reveal_duplicate())
			.max(T::WeightInfo::reveal_distinct())
	}

	/// The verdict that more than half of the seats of the sitting committee voted for.
	fn majority(audit: &Audit<T::AccountId>) -> Option<Verdict> {
		let votes: Vec<Verdict> = audit
			.seats
			.iter()
			.filter(|seat| seat.level == audit.level)
			.filter_map(|seat| seat.finding.as_ref().map(Verdict::of))
			.collect();
		let wanted = seats(audit.level).checked_div(2)?.checked_add(1)?;
		votes
			.iter()
			.find(|one| votes.iter().filter(|other| other == one).count() as u32 >= wanted)
			.copied()
	}

	/// Counts the findings of the sitting committee, and goes where they lead.
	pub(crate) fn tally(
		claim: RequestId,
		mut audit: Audit<T::AccountId>,
		note: Note<T::AccountId>,
	) -> DispatchResult {
		let level = audit.level;
		Self::rise(claim, &audit);
		// That an unveiled canary is true no committee can say.
		let possible =
			|verdict: &Verdict| *verdict != Verdict::Upheld || !Canaries::<T>::contains_key(claim);
		let verdict = Self::majority(&audit).filter(possible);
		Self::deposit_event(Event::FindingsCounted { claim, level, verdict });
		match (verdict, level) {
			(Some(verdict), Level::Appeal) => return Self::execute(claim, audit, note, verdict),
			(Some(verdict), Level::First | Level::Redraw) => {
				let until = Self::now().saturating_add(T::AppealWindow::get());
				let until = Self::deadline(claim, until);
				audit.stage = Stage::Decided { verdict, until };
			}
			(None, Level::First) => {
				audit.level = Level::Redraw;
				Self::await_lots(claim, &mut audit);
			}
			(None, Level::Redraw | Level::Appeal) => Self::leave_undecided(claim, &mut audit)?,
		}
		Audits::<T>::insert(claim, audit);
		Ok(())
	}

	/// Takes the audit from the duties of the committee that has sat.
	fn rise(claim: RequestId, audit: &Audit<T::AccountId>) {
		for seat in audit.seats.iter().filter(|seat| seat.level == audit.level) {
			Duties::<T>::mutate_exists(&seat.verifier, |duties| {
				if let Some(list) = duties {
					list.retain(|other| *other != claim);
					if list.is_empty() {
						*duties = None;
					}
				}
			});
		}
	}

	/// Leaves an audit to governance, and gives the deposit of who asked for it back. Where nobody revealed
	/// anything, nobody could execute: the seats are freed without a fine, or answers that can't be executed
	/// would cost all verifiers their places.
	pub(crate) fn leave_undecided(
		claim: RequestId,
		audit: &mut Audit<T::AccountId>,
	) -> DispatchResult {
		Self::drop_dispute(claim)?;
		audit.stage = Stage::Undecided;
		if audit.seats.iter().all(|seat| seat.finding.is_none()) {
			for seat in core::mem::take(&mut audit.seats) {
				Self::free(&seat.verifier);
			}
		}
		Self::deposit_event(Event::AuditUndecided { claim });
		Ok(())
	}

	/// Waits for the lots that decide what is committed now.
	pub(crate) fn await_lots(claim: RequestId, audit: &mut Audit<T::AccountId>) {
		let soon = Self::now().saturating_add(T::LookAgain::get());
		Self::deadline(claim, soon);
		audit.stage = Stage::Drawing { round: T::Lots::round() };
	}

	/// What an appeal about a claim with this fee puts at stake: in proportion to what a changed verdict would
	/// cost the operator, a part of which rewards the appellant. Else appealing against true claims with small
	/// fees would pay a ring.
	pub(crate) fn appeal_deposit(fee: Balance) -> Balance {
		let least = T::MinPenalty::get().checked_div(T::PenaltyFactor::get().into());
		let stake = fee.max(least.unwrap_or(0));
		stake.saturating_mul(T::AppealFactor::get().into())
	}

	pub(crate) fn do_appeal(who: T::AccountId, claim: RequestId) -> DispatchResult {
		let mut audit = Audits::<T>::get(claim).ok_or(Error::<T>::UnknownAudit)?;
		let Stage::Decided { verdict, until } = audit.stage else {
			return Err(Error::<T>::NotDecided.into());
		};
		ensure!(Self::now() < until, Error::<T>::TooLate);
		let note = Notes::<T>::get(claim).ok_or(Error::<T>::UnknownAudit)?;
		let deposit = Self::appeal_deposit(note.fee);
		T::Currency::hold(&HoldReason::Appeal.into(), &who, deposit)?;
		audit.appeal = Some(Appeal { appellant: who.clone(), deposit, against: verdict });
		audit.level = Level::Appeal;
		Self::await_lots(claim, &mut audit);
		Audits::<T>::insert(claim, audit);
		Self::deposit_event(Event::Appealed { claim, appellant: who });
		Ok(())
	}

	/// Gives an appeal's deposit back where it changed the verdict, and to the treasury where it did
	/// not, or the appellant's own where the treasury can't hold it. Returns who is to be rewarded.
	fn end_appeal(
		appeal: Option<Appeal<T::AccountId>>,
		verdict: Verdict,
	) -> Result<Option<T::AccountId>, DispatchError> {
		let Some(Appeal { appellant, deposit, against }) = appeal else { return Ok(None) };
		let reason = HoldReason::Appeal.into();
		let treasury = T::TreasuryAccount::get();
		let receivable = T::Currency::can_deposit(&treasury, deposit, Provenance::Extant);
		let overturned = against != verdict;
		if overturned || receivable != DepositConsequence::Success {
			if deposit > 0 {
				T::Currency::release(&reason, &appellant, deposit, Precision::Exact)?;
			}
		} else {
			T::Currency::transfer_on_hold(
				&reason,
				&appellant,
				&treasury,
				deposit,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		Ok(overturned.then_some(appellant))
	}

	/// Frees a verifier of a duty, and pays or fines it by whether its finding agrees with the
	/// verdict. Returns whether it does.
	///
	/// Having revealed nothing is neglect where a committee `decided`, so that what was asked for could be
	/// found. Where none did, it may be that few could: whoever registers a base that others don't have, and
	/// has an account drawn that reveals something, would else cost them their places.
	fn relieve(
		claim: RequestId,
		fee: Balance,
		seat: &Seat<T::AccountId>,
		verdict: Verdict,
		decided: bool,
	) -> Result<bool, DispatchError> {
		let verifier = &seat.verifier;
		let agrees = seat.finding.as_ref().map(Verdict::of) == Some(verdict);
		Self::free(verifier);
		if agrees {
			Verifiers::<T>::mutate(verifier, |entry| {
				if let Some(entry) = entry {
					entry.upheld = entry.upheld.saturating_add(1);
				}
			});
			match subject(claim) {
				Subject::Version(model) => Self::pay_examiner(model, verifier)?,
				Subject::Pair(challenge) => Self::pay_comparer(challenge, verifier, verdict)?,
				Subject::Claim => {
					T::Rewards::pay_verifier(verifier, T::SeatReward::get());
				}
			}
		} else {
			Self::fine(verifier, fee, decided && seat.finding.is_none());
		}
		Ok(agrees)
	}

	/// Frees a verifier of a seat.
	pub(crate) fn free(verifier: &T::AccountId) {
		Verifiers::<T>::mutate(verifier, |entry| {
			if let Some(entry) = entry {
				entry.duties = entry.duties.saturating_sub(1);
			}
		});
	}

	/// The most that finding something false is rewarded with: what a fine takes of the least bond. Without
	/// that cap, accusing honest operators of false claims with high fees would pay who hopes for a
	/// captured committee (`docs/incentives.md`).
	pub(crate) fn largest_reward() -> Balance {
		T::Fine::get().mul_floor(T::MinBond::get())
	}

	/// Takes from an operator what a false claim costs it: at most half of that goes to those who
	/// found out, in equal parts, and no more to each than [`Pallet::largest_reward`].
	pub(crate) fn punish(
		claim: RequestId,
		note: &Note<T::AccountId>,
		rewarded: &[T::AccountId],
	) -> DispatchResult {
		let factor = T::PenaltyFactor::get().into();
		let penalty = note.fee.saturating_mul(factor).max(T::MinPenalty::get());
		let most = Self::largest_reward().saturating_mul(rewarded.len() as Balance);
		let shared = most.saturating_mul(2).min(penalty);
		let taken = T::Settlement::slash(&note.operator, shared, rewarded)?;
		let rest = T::Settlement::slash(&note.operator, penalty.saturating_sub(shared), &[])?;
		let (operator, penalty) = (note.operator.clone(), taken.saturating_add(rest));
		Self::deposit_event(Event::ClaimRefuted { claim, operator, penalty });
		Ok(())
	}

	/// Carries a verdict out that nobody can appeal against any more.
	pub(crate) fn execute(
		claim: RequestId,
		mut audit: Audit<T::AccountId>,
		note: Note<T::AccountId>,
		verdict: Verdict,
	) -> DispatchResult {
		let mut rewarded = Vec::new();
		let decided = audit.stage != Stage::Undecided;
		let canary = Canaries::<T>::take(claim).is_some();
		let same = |truth: &Execution| {
			truth.answer == note.execution.answer && truth.usage == note.execution.usage
		};
		// Whether it was false in its seal alone the true claim says.
		let open = canary && matches!(&verdict, Verdict::Refuted(truth) if same(truth));
		for seat in core::mem::take(&mut audit.seats) {
			if canary && Self::catch(claim, &note, &seat) {
				continue;
			}
			if Self::relieve(claim, note.fee, &seat, verdict, decided)? {
				rewarded.push(seat.verifier);
			}
		}
		rewarded.extend(Self::end_appeal(audit.appeal.take(), verdict)?);
		if !open {
			rewarded.extend(Self::end_dispute(claim, &note, verdict == Verdict::Upheld)?);
		}
		match subject(claim) {
			Subject::Version(model) => {
				return Self::settle_version(claim, model, verdict, &rewarded);
			}
			Subject::Pair(challenge) => {
				return Self::settle_pair(claim, challenge, verdict, &rewarded);
			}
			Subject::Claim => {}
		}
		if open {
			let finders = BoundedVec::truncate_from(rewarded);
			Canaries::<T>::insert(claim, Canary { finders });
		} else if verdict != Verdict::Upheld {
			Self::punish(claim, &note, &rewarded)?;
		}
		match verdict {
			Verdict::Refuted(truth) if same(&truth) => {
				let until = Self::now().saturating_add(T::CorrectionPeriod::get());
				let until = Self::deadline(claim, until);
				audit.stage = Stage::Correcting { truth: truth.claim, until };
				Audits::<T>::insert(claim, audit);
			}
			Verdict::Refuted(truth) => {
				let until = Self::now().saturating_add(T::CorrectionPeriod::get());
				let until = Self::deadline(claim, until);
				audit.stage = Stage::Restoring { truth, until };
				Audits::<T>::insert(claim, audit);
			}
			Verdict::Withheld => {
				T::Claims::reject(claim)?;
				Self::conclude(claim, verdict);
			}
			Verdict::Upheld => Self::conclude(claim, verdict),
			Verdict::Sound(_) | Verdict::Unsound(_) | Verdict::Compared(..) | Verdict::Unshown => {
				return Err(Error::<T>::WrongVerdict.into());
			}
		}
		Ok(())
	}

	/// Whether a verdict is one on what is audited.
	pub(crate) fn suits(id: RequestId, verdict: Verdict) -> bool {
		let subject = subject(id);
		match verdict {
			Verdict::Sound(_) | Verdict::Unsound(_) => matches!(subject, Subject::Version(_)),
			Verdict::Compared(overlap, _) => {
				matches!(subject, Subject::Pair(_)) && overlap.is_possible()
			}
			Verdict::Unshown => matches!(subject, Subject::Pair(_)),
			Verdict::Upheld | Verdict::Refuted(_) => matches!(subject, Subject::Claim),
			Verdict::Withheld => true,
		}
	}

	/// Forgets all of an audit but its verdict.
	pub(crate) fn conclude(claim: RequestId, verdict: Verdict) {
		Audits::<T>::remove(claim);
		Notes::<T>::remove(claim);
		Verdicts::<T>::insert(claim, verdict);
		Self::deposit_event(Event::AuditConcluded { claim, verdict });
	}

	/// What a false claim comes to for which nobody brings the true one.
	pub(crate) fn give_up(
		claim: RequestId,
		note: &Note<T::AccountId>,
		truth: Hash,
	) -> DispatchResult {
		Self::end_canary(claim, note, None)?;
		T::Claims::discredit(claim)?;
		Self::conclude(claim, refuted(note, truth));
		Ok(())
	}

	/// What a false answer comes to, once its contributors are made whole or nobody says who they are.
	pub(crate) fn refuse(claim: RequestId, truth: Execution) -> DispatchResult {
		T::Claims::reject(claim)?;
		Self::conclude(claim, Verdict::Refuted(truth));
		Ok(())
	}

	/// Takes from the operator what those would have been paid who moved the true answer. They were
	/// kept from it by the lie, while the payer, who was too, has its fee back.
	fn restore(
		claim: RequestId,
		note: &Note<T::AccountId>,
		truth: &Claim<T::AccountId>,
	) -> DispatchResult {
		let (shares, earned) = T::Claims::weigh(claim, truth)?;
		let owed = earned.mul_floor(T::Rewards::pool(note.fee));
		T::Settlement::restore(claim, &note.operator, &shares, owed)?;
		Ok(())
	}

	pub(crate) fn do_correct(claim: RequestId, truth: Claim<T::AccountId>) -> DispatchResult {
		let (audit, note) = Self::audit(claim)?;
		match audit.stage {
			Stage::Correcting { truth: wanted, until } => {
				ensure!(Self::now() < until, Error::<T>::TooLate);
				ensure!(digest(&truth) == wanted, Error::<T>::NotTheTruth);
				Self::end_canary(claim, &note, Some(&truth))?;
				T::Claims::replace(claim, truth)?;
				Self::conclude(claim, refuted(&note, wanted));
				Ok(())
			}
			Stage::Restoring { truth: wanted, until } => {
				ensure!(Self::now() < until, Error::<T>::TooLate);
				ensure!(digest(&truth) == wanted.claim, Error::<T>::NotTheTruth);
				Self::restore(claim, &note, &truth)?;
				Self::refuse(claim, wanted)
			}
			_ => Err(Error::<T>::NotCorrecting.into()),
		}
	}

	pub(crate) fn do_resolve(claim: RequestId, verdict: Verdict) -> DispatchResult {
		let (audit, note) = Self::audit(claim)?;
		ensure!(audit.stage == Stage::Undecided, Error::<T>::NotUndecided);
		ensure!(Self::suits(claim, verdict), Error::<T>::WrongVerdict);
		let upheld = verdict == Verdict::Upheld;
		ensure!(!upheld || !Canaries::<T>::contains_key(claim), Error::<T>::WrongVerdict);
		Self::execute(claim, audit, note, verdict)
	}
}

/// The verdict on a claim that is false about a true answer.
fn refuted<AccountId>(note: &Note<AccountId>, claim: Hash) -> Verdict {
	let execution = note.execution;
	Verdict::Refuted(Execution { claim, ..execution })
}
