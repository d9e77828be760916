//! Answers.

use crate::{
	AgentOf, Answered, Config, Error, Event, Exposed, HoldReason, Operators, Pallet, Requests,
	Status,
};
use frame_support::{
	ensure,
	traits::{fungible::hold::Mutate as _, tokens::Precision},
};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	Answer, RequestId,
	model::Usage,
	record::content_hash,
	traits::{AnsweredRequest, Attribution, Models},
};
use openledger_primitives_inference::sampling_seed;
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_answer(
		agent: T::AccountId,
		id: RequestId,
		answer: Answer,
		usage: Usage,
		claim: Claim<T::AccountId>,
	) -> DispatchResult {
		let operator = AgentOf::<T>::get(&agent).ok_or(Error::<T>::NotAgent)?;
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		ensure!(request.operator == operator, Error::<T>::NotAssigned);
		ensure!(request.status == Status::Pending, Error::<T>::NotPending);
		let now = Self::now();
		ensure!(now <= request.deadline, Error::<T>::DeadlinePassed);
		let prompt = Self::longest(&request.prompt, T::Models::quoted(request.model));
		let fits = (1..=request.max_tokens).contains(&usage.output)
			&& (1..=prompt).contains(&usage.prompt);
		ensure!(fits, Error::<T>::UsageOutOfRange);
		ensure!(core::str::from_utf8(&answer).is_ok(), Error::<T>::InvalidAnswer);
		// A fee beyond what a balance can hold is beyond the highest fee too.
		let fee = request.price.fee(usage).unwrap_or(request.max_fee).min(request.max_fee);

		T::Attribution::submit(
			AnsweredRequest {
				request: id,
				model: request.model,
				payer: request.payer.clone(),
				operator: operator.clone(),
				usage,
				answer: content_hash(&answer),
				subject: sampling_seed(id, &request.payer, &request.nonce).into(),
				fee,
				// All of it is on chain.
				private: false,
			},
			claim,
		)?;
		let unused = request.max_fee.saturating_sub(fee);
		if unused > 0 {
			let escrow = HoldReason::Escrow.into();
			T::Currency::release(&escrow, &request.payer, unused, Precision::Exact)?;
		}
		let freed = Self::exposure(&request).saturating_sub(fee);
		Exposed::<T>::mutate_exists(&operator, |exposed| {
			*exposed = exposed.and_then(|sum| sum.checked_sub(freed)).filter(|sum| *sum > 0);
		});
		Self::unassign(id, &operator, request.deadline);
		Operators::<T>::mutate(&operator, |registration| {
			if let Some(registration) = registration {
				let answered = &mut registration.operator.answered;
				*answered = answered.saturating_add(1);
			}
		});
		request.status = Status::Answered;
		request.answered = Some(Answered { answer, usage, fee, at: now });
		Requests::<T>::insert(id, request);
		Self::deposit_event(Event::Answered { request: id, operator, fee, usage });
		Ok(())
	}
}
