//! What the runtime API asks of this pallet.

use crate::{Claims, Config, Pallet};
use openledger_primitives_api::Trace;

impl<T: Config> Pallet<T> {
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
