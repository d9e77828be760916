//! Verifying and storing claims.

use crate::{
	ClaimRecord, Claims, Config, Due, Error, Event, Pallet, Prompted, Revision, Revisions, Status,
};
use codec::MaxEncodedLen;
use frame_support::{ensure, traits::Get};
use openledger_primitives_attribution::{Claim, Credit, Evidence, audit, lift::earned, verify};
use openledger_primitives_core::{
	BlockNumber, MAX_CREDITS, ModelId, RequestId,
	model::Arithmetic,
	traits::{AnsweredRequest, Attribution, Audits, Models},
};
use sp_runtime::{
	BoundedVec, DispatchResult,
	traits::{ConstU32, UniqueSaturatedInto},
};

/// Blocks that are tried for a claim's finality where those before are full.
pub(crate) const SPREAD: u32 = 16;

impl<T: Config> Pallet<T> {
	/// The current block, as shared types count.
	pub(crate) fn now() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	/// Puts a claim on the list of the first block from `at` on that has room.
	pub(crate) fn schedule(request: RequestId, at: BlockNumber) -> Option<BlockNumber> {
		(at..at.saturating_add(SPREAD))
			.find(|block| Due::<T>::try_mutate(block, |due| due.try_push(request)).is_ok())
	}
}

/// What a verified claim credits, within the bounds of what is stored.
pub(crate) struct Credited<AccountId> {
	pub paid: BoundedVec<Credit<AccountId>, ConstU32<MAX_CREDITS>>,
	pub evidence: BoundedVec<Evidence<AccountId>, ConstU32<MAX_CREDITS>>,
	/// What was put into the prompt.
	pub found: Option<Prompted<AccountId>>,
	/// How the answer was computed.
	pub arithmetic: Arithmetic,
}

impl<T: Config> Pallet<T> {
	/// Verifies a claim on an answer of `model` that `payer` pays for.
	pub(crate) fn credited(
		model: ModelId,
		payer: &T::AccountId,
		claim: &Claim<T::AccountId>,
	) -> Result<Credited<T::AccountId>, Error<T>> {
		let model = T::Models::served(model).ok_or(Error::<T>::UnknownModel)?;
		let arithmetic = model.arithmetic;
		let verified = verify(&Self::terms(&model)?, payer, claim).map_err(Error::<T>::from)?;
		let paid = BoundedVec::try_from(verified.paid).map_err(|_| Error::<T>::TooManyCredits)?;
		let evidence =
			BoundedVec::try_from(verified.evidence).map_err(|_| Error::<T>::TooManyCredits)?;
		let found = match (verified.found, &claim.found, &model.retrieval) {
			(Some(retrieved), Some(found), Some(retrieval)) => {
				Some(Self::prompted(retrieved, found, retrieval)?)
			}
			_ => None,
		};
		Ok(Credited { paid, evidence, found, arithmetic })
	}
}

impl<T: Config> Attribution<T::AccountId> for Pallet<T> {
	type Claim = Claim<T::AccountId>;

	fn submit(answer: AnsweredRequest<T::AccountId>, claim: Self::Claim) -> DispatchResult {
		let request = answer.request;
		ensure!(!Claims::<T>::contains_key(request), Error::<T>::AlreadyClaimed);
		let Credited { paid, evidence, found, arithmetic } =
			Self::credited(answer.model, &answer.payer, &claim)?;

		let now = Self::now();
		let final_at = now.saturating_add(T::ChallengeWindow::get());
		let digest = audit::digest(&claim);
		Self::write_down(request, digest, &claim);
		let earned = earned(claim.gain, T::FullGain::get());
		let credits = paid.len() as u32;
		// Only what gives the same bits everywhere can be executed again.
		let cleared_from = match arithmetic {
			Arithmetic::Canonical(_) => T::Audits::note(&answer, digest, claim.trace),
			_ => final_at,
		};
		Self::schedule(request, final_at.max(cleared_from)).ok_or(Error::<T>::QueueFull)?;
		Claims::<T>::insert(
			request,
			ClaimRecord {
				model: answer.model,
				operator: answer.operator,
				payer: answer.payer,
				submitted_at: now,
				final_at,
				gain: claim.gain,
				earned,
				trace: claim.trace,
				digest,
				sketch: claim.sketch,
				paid,
				evidence,
				standing: 0,
				correction: None,
				status: Status::Open,
				found,
			},
		);
		Self::deposit_event(Event::Claimed { request, digest, credits, earned, final_at });
		Ok(())
	}

	fn footprint() -> u32 {
		// The claim, its place in the queue, what an audit does to it, and what the audit has to know.
		let claim = ClaimRecord::<T::AccountId>::max_encoded_len().saturating_add(8);
		let revision = Revision::max_encoded_len().saturating_add(8);
		(claim.saturating_add(revision) as u32).saturating_add(T::Audits::footprint())
	}

	fn forget(request: RequestId) {
		if let Some(claim) = Claims::<T>::get(request)
			&& claim.status != Status::Open
		{
			Claims::<T>::remove(request);
			Revisions::<T>::remove(request);
			Self::strike(request, &claim);
			T::Audits::forget(request);
		}
	}
}
