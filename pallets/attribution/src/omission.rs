//! What a claim left out takes its place.

use crate::{Challenge, ClaimRecord, Claims, Config, Correction, Error, Event, Pallet};
use frame_support::traits::Get;
use openledger_primitives_attribution::{Evidence, omission::Replaced};
use openledger_primitives_core::{
	Balance, BlockNumber, MAX_CREDITS, RequestId, traits::Settlement,
};
use sp_runtime::{BoundedVec, DispatchError, DispatchResult};

/// What came of a correction.
pub(crate) struct Corrected {
	/// What the operator paid.
	pub penalty: Balance,
	/// The first block at which the claim can be final now.
	pub final_at: BlockNumber,
}

impl<T: Config> Pallet<T> {
	/// Replaces what the omission displaces, and makes the operator pay what the omitted leaf
	/// would have lost: its share of the contributors' part before the lift.
	pub(crate) fn correct(
		who: T::AccountId,
		request: RequestId,
		mut claim: ClaimRecord<T::AccountId>,
		challenge: Challenge,
		replaced: Replaced<T::AccountId>,
	) -> DispatchResult {
		let (_, pool) = T::Settlement::at_stake(request).ok_or(Error::<T>::UnknownClaim)?;
		let lost = replaced.lost(claim.for_moved(pool));
		let Replaced { paid, evidence, at } = replaced;
		let omitted = paid.get(at).ok_or(Error::<T>::NotBetter)?;
		let (position, account) = (omitted.position, omitted.account.clone());
		claim.paid = BoundedVec::try_from(paid).map_err(|_| Error::<T>::TooManyCredits)?;

		let mut shown = claim.evidence.into_inner();
		if !shown.iter().any(|other| other.position == evidence.position) {
			let before = |other: &Evidence<T::AccountId>| {
				(other.score, core::cmp::Reverse(other.position))
					>= (evidence.score, core::cmp::Reverse(evidence.position))
			};
			let place = shown.partition_point(before);
			shown.insert(place, evidence);
		}
		if shown.len() > MAX_CREDITS as usize {
			// One who is paid no more needs no record; without such, the least record goes.
			let unpaid = |contributor: &T::AccountId| {
				!claim.paid.iter().any(|credit| credit.account == *contributor)
			};
			match shown.iter().rposition(|other| unpaid(&other.contributor)) {
				Some(place) => {
					shown.remove(place);
				}
				None => {
					shown.pop();
				}
			}
		}
		claim.evidence = BoundedVec::try_from(shown).map_err(|_| Error::<T>::TooManyCredits)?;
		let corrected =
			Self::settle_correction(&who, request, claim, &challenge, (position, lost))?;
		let Corrected { penalty, final_at } = corrected;
		Self::deposit_event(Event::ClaimCorrected {
			request,
			challenger: who,
			position,
			account,
			penalty,
			final_at,
		});
		Ok(())
	}

	/// Stores a claim that `who` has corrected, frees the deposit, and takes what the leaf at the `position`
	/// would have `lost` from the operator.
	pub(crate) fn settle_correction(
		who: &T::AccountId,
		request: RequestId,
		mut claim: ClaimRecord<T::AccountId>,
		challenge: &Challenge,
		(position, lost): (u32, Balance),
	) -> Result<Corrected, DispatchError> {
		claim.correction = Some(Correction { challenger: who.clone(), omitted: position });
		claim.final_at = Self::final_again(&claim);
		let (operator, final_at) = (claim.operator.clone(), claim.final_at);
		Claims::<T>::insert(request, claim);
		Self::release(who, challenge)?;
		let penalty = T::Settlement::slash(&operator, lost, core::slice::from_ref(who))?;
		Ok(Corrected { penalty, final_at })
	}

	/// The first block at which a claim that is corrected now can be final. A challenge shows one leaf, so
	/// that a claim which leaves out several gets another window with each correction. The best leaf that
	/// is missing stays once it is shown: as many windows as there can be credits are enough, and leaves
	/// that are hardly better than the last put finality off no further.
	fn final_again(claim: &ClaimRecord<T::AccountId>) -> BlockNumber {
		let window = T::ChallengeWindow::get();
		let windows = MAX_CREDITS.saturating_add(1);
		let last = claim.submitted_at.saturating_add(window.saturating_mul(windows));
		let again = Self::now().saturating_add(window).min(last);
		claim.final_at.max(again)
	}
}
