//! What the runtime API asks of this pallet.

use crate::{Challenges, Claims, Config, Pallet, Status, Target};
use frame_support::traits::Get;
use openledger_primitives_api::{
	ChallengeInfo, ChallengesInfo, ClaimInfo, FoundInfo, MAX_PAGE, Trace,
};
use openledger_primitives_core::{
	RequestId,
	traits::{Models, Settlement},
};

impl<T: Config> Pallet<T> {
	/// The claim of a request or of a draw. The distribution is left empty, for the runtime to add.
	pub fn claim(id: RequestId) -> Option<ClaimInfo<T::AccountId>> {
		let claim = Claims::<T>::get(id)?;
		Some(ClaimInfo {
			claim: id,
			model: claim.model,
			operator: claim.operator,
			payer: claim.payer,
			submitted_at: claim.submitted_at,
			final_at: claim.final_at,
			gain: claim.gain,
			earned_ppm: claim.earned.deconstruct(),
			digest: claim.digest,
			trace: claim.trace,
			sketch: claim.sketch.into_inner(),
			paid: claim.paid.into_inner(),
			evidence: claim.evidence.into_inner(),
			challenger: claim.correction.map(|correction| correction.challenger),
			rejected: claim.status == Status::Rejected,
			distribution: None,
		})
	}

	/// What was put into the prompt of the answer that a claim is on.
	pub fn found(id: RequestId) -> Option<FoundInfo<T::AccountId>> {
		let found = Claims::<T>::get(id)?.found?;
		Some(FoundInfo {
			part_ppm: found.part.deconstruct(),
			question: found.question,
			paid: found.paid.into_inner(),
			evidence: found.evidence.into_inner(),
		})
	}

	/// What challenging takes, and which challenges stand.
	pub fn challenges(target: Target) -> Option<ChallengesInfo<T::AccountId>> {
		let (is_over, window, at_stake) = match target {
			Target::Claim(request) => {
				let claim = Claims::<T>::get(request)?;
				let pool = T::Settlement::at_stake(request).map_or(0, |(_, pool)| pool);
				let window = (claim.final_at, Self::closes_at(&claim));
				(claim.status != Status::Open, Some(window), pool)
			}
			Target::Model(model) => (T::Models::condemned(model)?, None, 0),
		};
		let standing = Challenges::<T>::iter_prefix(target).take(MAX_PAGE as usize);
		Some(ChallengesInfo {
			is_over,
			commit_before: window.map(|(before, _)| before),
			open_before: window.map(|(_, before)| before),
			deposit: T::ChallengeDeposit::get(),
			at_stake,
			standing: standing
				.map(|(challenger, challenge)| ChallengeInfo {
					challenger,
					commitment: challenge.commitment,
					at: challenge.at,
					deposit: challenge.deposit,
				})
				.collect(),
		})
	}

	/// Adds to a request's trace what its claim says.
	pub fn explain(trace: &mut Trace<T::AccountId>) {
		let Some(claim) = Claims::<T>::get(trace.request) else { return };
		trace.final_at = Some(claim.final_at);
		trace.gain = claim.gain;
		trace.earned_ppm = claim.earned.deconstruct();
		trace.claim = Some(claim.digest);
		trace.trace = Some(claim.trace);
		trace.sketch = claim.sketch.into_inner();
		trace.paid = claim.paid.into_inner();
		trace.evidence = claim.evidence.into_inner();
		trace.challenger = claim.correction.map(|correction| correction.challenger);
	}
}
