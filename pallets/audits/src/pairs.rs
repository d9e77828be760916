//! Audits of pairs of records: a challenge says that one duplicates the other.
//!
//! Nobody claims anything of two records that a finding could agree with. So each finding carries what they
//! have in common, and a trace which only who has both can compute; what follows from the numbers is the
//! runtime's to say.

use crate::{
	Audit, Audits, COMMITTEE, Config, Error, Event, Note, Notes, Pallet, Stage, Verdict, Verifiers,
	WeightInfo,
};
use frame_support::{BoundedVec, traits::Get, weights::Weight};
use openledger_primitives_attribution::audit::{Execution, Level};
use openledger_primitives_core::{
	Balance, ChallengeId, Hash, RequestId,
	model::Usage,
	record::Compared,
	subject::pair_id,
	traits::{Comparison, Comparisons, Lots, Pairs, Rewards},
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// Pays a seat that found two records distinct as the verdict does, out of the challenge's deposit. Those
	/// who found a duplicate are paid by [`Pallet::settle_pair`], once it is known what was burned. Nobody is
	/// paid for saying that content is nowhere: it takes no trace, so it could be said without a look.
	pub(crate) fn pay_comparer(
		challenge: ChallengeId,
		verifier: &T::AccountId,
		verdict: Verdict,
	) -> DispatchResult {
		match verdict.compared() {
			Some(Compared::Distinct) => T::Pairs::pay(challenge, verifier),
			_ => Ok(()),
		}
	}

	/// Carries out the last verdict on two records, once seats and appeal are paid for.
	///
	/// Those who found a duplicate are paid what seats of claims' audits are paid, out of the same part of
	/// fees, and no more in all than was burned: else who copies its own records, challenges them from
	/// another account and has seats would draw more out of that part than it loses.
	pub(crate) fn settle_pair(
		id: RequestId,
		challenge: ChallengeId,
		verdict: Verdict,
		rewarded: &[T::AccountId],
	) -> DispatchResult {
		let found = verdict.compared().ok_or(Error::<T>::WrongVerdict)?;
		let burned = T::Pairs::settle(challenge, found)?;
		let bound = if found == Compared::Duplicate { burned } else { 0 };
		let each = bound.checked_div(rewarded.len() as Balance).unwrap_or(0);
		let each = each.min(T::SeatReward::get());
		if each > 0 {
			for verifier in rewarded {
				T::Rewards::pay_verifier(verifier, each);
			}
		}
		Self::forget_pair(id);
		Self::deposit_event(Event::AuditConcluded { claim: id, verdict });
		Ok(())
	}

	/// Ends a challenge for which there are not enough verifiers who may sit.
	pub(crate) fn leave_pair(id: RequestId, challenge: ChallengeId) -> DispatchResult {
		T::Pairs::abandon(challenge)?;
		Self::forget_pair(id);
		Self::deposit_event(Event::NotAudited { claim: id });
		Ok(())
	}

	/// Forgets all of an audit. Its verdict is not kept: a record that is excluded is noted as such, and of
	/// others nothing follows.
	fn forget_pair(id: RequestId) {
		Audits::<T>::remove(id);
		Notes::<T>::remove(id);
	}
}

impl<T: Config> Comparisons<T::AccountId> for Pallet<T> {
	fn is_possible() -> bool {
		Verifiers::<T>::count() >= COMMITTEE
	}

	fn ask(comparison: Comparison<T::AccountId>) -> DispatchResult {
		let Comparison { challenge, challenger, contributor, deposit } = comparison;
		let id = pair_id(challenge);
		Self::schedule(id, Self::now().saturating_add(T::LookAgain::get()))
			.map_err(DispatchError::from)?;
		let round = T::Lots::round();
		let note = Note {
			operator: contributor,
			agent: None,
			payer: challenger,
			model: 0,
			// The fee for which a claim would cost as much: what fines and an appeal are in proportion to.
			fee: deposit.checked_div(T::PenaltyFactor::get().into()).unwrap_or(0),
			round,
			at: Self::now(),
			subject: Hash::zero(),
			trace: Hash::zero(),
			execution: Execution {
				answer: Hash::zero(),
				usage: Usage::default(),
				claim: Hash::zero(),
			},
		};
		Notes::<T>::insert(id, note);
		let audit = Audit {
			level: Level::First,
			stage: Stage::Drawing { round },
			seats: BoundedVec::new(),
			appeal: None,
		};
		Audits::<T>::insert(id, audit);
		Ok(())
	}

	fn weight() -> Weight {
		T::WeightInfo::compare()
	}
}
