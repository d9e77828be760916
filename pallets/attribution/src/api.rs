//! What the runtime API asks of this pallet.

use crate::{Claims, Config, Pallet, Status};
use openledger_primitives_api::{ClaimInfo, Trace};
use openledger_primitives_core::RequestId;

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
