//! Which claims are audited, and when the others may be paid.

use crate::{
	Audit, Audits, COMMITTEE, Config, Disputes, Event, Note, Notes, Pallet, Private, Stage,
	Verdict, Verdicts, Verifiers, WeightInfo, committee::is_called,
};
use codec::MaxEncodedLen;
use frame_support::{BoundedVec, traits::Get, weights::Weight};
use openledger_primitives_attribution::audit::{Execution, Level};
use openledger_primitives_core::{
	BlockNumber, Hash, RequestId,
	traits::{self, AnsweredRequest, Clearance, Lots, Operators},
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// When an audit may be over at the earliest.
	fn ends_at(audit: &Audit<T::AccountId>) -> BlockNumber {
		let now = Self::now();
		let after = match audit.stage {
			Stage::Drawing { .. } => now.saturating_add(T::CommitPeriod::get()),
			Stage::Committing { until } => until.saturating_add(T::AppealWindow::get()),
			Stage::Revealing { until } if audit.level != Level::Appeal => {
				until.saturating_add(T::AppealWindow::get())
			}
			Stage::Revealing { until }
			| Stage::Decided { until, .. }
			| Stage::Correcting { until, .. }
			| Stage::Restoring { until, .. } => until,
			// Until governance has decided, which takes days.
			Stage::Undecided => now.saturating_add(T::LookAgain::get().saturating_mul(20)),
		};
		after.max(now).saturating_add(1)
	}

	/// When to ask again.
	fn later() -> Clearance {
		Clearance::Until(Self::now().saturating_add(T::LookAgain::get()))
	}

	/// Opens a claim's audit where lots have `called` it and it is not private, and clears the claim
	/// otherwise. The committee is drawn by itself in a later block: asking for clearance costs the same
	/// whatever comes of it, and most claims are asked about more than once.
	pub(crate) fn clear(claim: RequestId, note: &Note<T::AccountId>, called: bool) -> Clearance {
		let private = Private::<T>::contains_key(claim);
		if called && !private && Verifiers::<T>::count() >= COMMITTEE {
			let opened = Self::schedule(claim, Self::now().saturating_add(1)).is_ok();
			if opened {
				let audit = Audit {
					level: Level::First,
					stage: Stage::Drawing { round: note.round },
					seats: BoundedVec::new(),
					appeal: None,
				};
				Audits::<T>::insert(claim, audit);
			}
			return Self::later();
		}
		if called {
			Self::deposit_event(match private {
				true => Event::KeptPrivate { claim },
				false => Event::NotAudited { claim },
			});
		}
		if private {
			Private::<T>::remove(claim);
		}
		Notes::<T>::remove(claim);
		Clearance::Clear
	}

	/// Clears a claim that lots have called, and for which there are not enough verifiers who may sit; one that
	/// was disputed is left to lots.
	pub(crate) fn leave_unaudited(claim: RequestId) -> DispatchResult {
		Audits::<T>::remove(claim);
		if let Some(dispute) = Disputes::<T>::get(claim) {
			return Self::leave_dispute(claim, dispute);
		}
		Notes::<T>::remove(claim);
		Self::deposit_event(Event::NotAudited { claim });
		Ok(())
	}
}

impl<T: Config> traits::Audits<T::AccountId> for Pallet<T> {
	fn note(answer: &AnsweredRequest<T::AccountId>, claim: Hash, trace: Hash) -> BlockNumber {
		let AnsweredRequest { answer: text, usage, subject, fee, .. } = *answer;
		let round = T::Lots::round();
		let note = Note {
			operator: answer.operator.clone(),
			agent: T::Operators::agent(&answer.operator),
			payer: answer.payer.clone(),
			model: answer.model,
			fee,
			round,
			at: Self::now(),
			subject,
			trace,
			execution: Execution { answer: text, usage, claim },
		};
		Notes::<T>::insert(answer.request, note);
		if answer.private {
			Private::<T>::insert(answer.request, ());
		}
		T::Lots::known_from(round)
	}

	fn clearance(claim: RequestId) -> Clearance {
		let Some(mut note) = Notes::<T>::get(claim) else { return Clearance::Clear };
		if let Some(audit) = Audits::<T>::get(claim) {
			return Clearance::Until(Self::ends_at(&audit));
		}
		let Some(seed) = T::Lots::seed(note.round) else {
			let current = T::Lots::round();
			if current > note.round.saturating_add(1) {
				// The seed is forgotten: other lots decide, which nobody knows yet either.
				note.round = current;
				Notes::<T>::insert(claim, &note);
			}
			let known_from = T::Lots::known_from(note.round);
			return Clearance::Until(known_from.max(Self::now().saturating_add(1)));
		};
		let called = is_called(&seed, claim, T::Rate::get());
		Self::clear(claim, &note, called)
	}

	fn weight() -> Weight {
		T::WeightInfo::clearance()
	}

	fn weight_of_clear() -> Weight {
		T::WeightInfo::clear()
	}

	fn forget(claim: RequestId) {
		Verdicts::<T>::remove(claim);
	}

	fn footprint() -> u32 {
		// A note, and later the verdict in its place, with their key; and that of what marks it as private.
		let key = RequestId::max_encoded_len();
		Note::<T::AccountId>::max_encoded_len()
			.max(Verdict::max_encoded_len())
			.saturating_add(key.saturating_mul(2)) as u32
	}
}
