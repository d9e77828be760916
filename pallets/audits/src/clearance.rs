//! Which claims are audited, and when the others may be paid.

use crate::{
	Audit, Audits, Config, Event, Note, Notes, Pallet, Stage, Verdict, Verdicts, WeightInfo,
	committee::is_called,
};
use codec::MaxEncodedLen;
use frame_support::{BoundedVec, traits::Get, weights::Weight};
use openledger_primitives_attribution::audit::{Execution, Level};
use openledger_primitives_core::{
	Hash, RequestId,
	traits::{self, AnsweredRequest, Clearance, Lots},
};

impl<T: Config> Pallet<T> {
	/// Opens the audit of a claim with the lots' `seed`. Returns whether it is open: it is not where
	/// there are not enough verifiers, or no block has room for its deadline.
	fn open(claim: RequestId, note: &Note<T::AccountId>, seed: &Hash) -> Opened {
		let mut audit = Audit {
			level: Level::First,
			stage: Stage::Drawing { round: note.round },
			seats: BoundedVec::new(),
			appeal: None,
		};
		let until = Self::now().saturating_add(T::CommitPeriod::get());
		let Ok(until) = Self::schedule(claim, until) else { return Opened::Later };
		if !Self::seat(claim, note, &mut audit, note.round, seed) {
			return Opened::Never;
		}
		audit.stage = Stage::Committing { until };
		Audits::<T>::insert(claim, audit);
		Opened::Now
	}
}

impl<T: Config> Pallet<T> {
	/// When to ask again.
	fn later() -> Clearance {
		Clearance::Until(Self::now().saturating_add(T::LookAgain::get()))
	}

	/// Opens a claim's audit where lots have `called` it, and clears the claim otherwise.
	pub(crate) fn clear(
		claim: RequestId,
		note: Note<T::AccountId>,
		seed: &Hash,
		called: bool,
	) -> Clearance {
		if called {
			match Self::open(claim, &note, seed) {
				Opened::Now | Opened::Later => return Self::later(),
				Opened::Never => Self::deposit_event(Event::NotAudited { claim }),
			}
		}
		Notes::<T>::remove(claim);
		Clearance::Clear
	}
}

/// Whether an audit could be opened.
enum Opened {
	Now,
	Later,
	Never,
}

impl<T: Config> traits::Audits<T::AccountId> for Pallet<T> {
	fn note(answer: &AnsweredRequest<T::AccountId>, claim: Hash, trace: Hash) {
		let AnsweredRequest { answer: text, usage, subject, fee, .. } = *answer;
		let note = Note {
			operator: answer.operator.clone(),
			payer: answer.payer.clone(),
			model: answer.model,
			fee,
			round: T::Lots::round(),
			subject,
			trace,
			execution: Execution { answer: text, usage, claim },
		};
		Notes::<T>::insert(answer.request, note);
	}

	fn clearance(claim: RequestId) -> Clearance {
		let Some(mut note) = Notes::<T>::get(claim) else { return Clearance::Clear };
		let later = Self::later();
		if Audits::<T>::contains_key(claim) {
			return later;
		}
		let Some(seed) = T::Lots::seed(note.round) else {
			let current = T::Lots::round();
			if current > note.round.saturating_add(1) {
				// The seed is forgotten: other lots decide, which nobody knows yet either.
				note.round = current;
				Notes::<T>::insert(claim, note);
			}
			return later;
		};
		let called = is_called(&seed, claim, T::Rate::get());
		Self::clear(claim, note, &seed, called)
	}

	fn weight() -> Weight {
		T::WeightInfo::clearance(T::MaxVerifiers::get())
	}

	fn forget(claim: RequestId) {
		Verdicts::<T>::remove(claim);
	}

	fn footprint() -> u32 {
		// A note, and later the verdict in its place, each with its key.
		Note::<T::AccountId>::max_encoded_len()
			.max(Verdict::max_encoded_len())
			.saturating_add(RequestId::max_encoded_len()) as u32
	}
}
