//! Challenges of claims that audits have revised.
//!
//! A challenge is committed to one claim, and an audit can put another into its place before it is opened.
//! Whoever was right when it committed must not lose by that, and whoever commits afterwards sees what it
//! challenges.

use crate::{Challenge, ClaimRecord, Config, Error, Fault, Pallet, Revision, Revisions, Target};
use openledger_primitives_attribution::Refusal;
use openledger_primitives_core::RequestId;

impl<T: Config> Pallet<T> {
	/// Whether a fault can be shown against a target: a claim that an audit has taken all credits from leaves
	/// nothing out, since nobody knows what it should say.
	pub(crate) fn can_have<AccountId>(target: Target, fault: &Fault<AccountId>) -> bool {
		match target {
			Target::Claim(request) if fault.is_of_claim() => {
				Revisions::<T>::get(request) != Some(Revision::Discredited)
			}
			Target::Claim(_) | Target::Model(_) => true,
		}
	}

	/// Why a challenge that shows nothing for this `reason` is refused instead of losing its deposit: it may
	/// have shown something of the claim that it was committed to. None where neither another's correction nor
	/// an audit can have changed what it is judged by.
	pub(crate) fn spared(
		request: RequestId,
		claim: &ClaimRecord<T::AccountId>,
		challenge: &Challenge,
		reason: Refusal,
	) -> Option<Error<T>> {
		let by_credits = matches!(reason, Refusal::AlreadyCredited | Refusal::NotBetter);
		// Who opens just before others could otherwise make them all lose.
		if by_credits && claim.correction.is_some() {
			return Some(reason.into());
		}
		let by_query = matches!(reason, Refusal::BelowFloor | Refusal::OtherQuestion);
		// What a challenger of the same block saw can't be told.
		let replaced = match Revisions::<T>::get(request) {
			Some(Revision::Replaced { at }) => challenge.at <= at,
			Some(Revision::Discredited) | None => false,
		};
		((by_credits || by_query) && replaced).then_some(Error::<T>::Superseded)
	}
}
