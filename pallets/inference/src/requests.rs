//! Requests: submitting and pruning them.

use crate::{
	Assigned, Config, Error, Event, Expiries, HoldReason, NextRequest, Operators, Pallet, Request,
	Requests, Serving, Status,
};
use codec::MaxEncodedLen;
use frame_support::{
	ensure,
	traits::{Consideration, Footprint, Get, fungible::hold::Mutate as _},
};
use openledger_primitives_core::{
	Answer, Balance, BlockNumber, MAX_ANSWER, MAX_PROMPT, ModelId, Prompt, is_text,
	model::Usage,
	settlement::Distribution,
	traits::{Attribution, Models, Operators as _, Rewards},
};
use sp_runtime::{DispatchResult, traits::UniqueSaturatedInto};

/// The highest temperature, in thousandths.
const MAX_TEMPERATURE: u16 = 2_000;

/// What a payer asks for.
pub(crate) struct Order<AccountId> {
	pub model: ModelId,
	pub operator: Option<AccountId>,
	pub prompt: Prompt,
	pub max_tokens: u32,
	pub max_fee: Balance,
	pub temperature: u16,
	pub nonce: [u8; 32],
	pub deadline: BlockNumber,
}

/// What a payer's deposit covers: the request with this prompt and the longest answer, its claim,
/// and its settlement.
fn footprint<T: Config>(prompt: &Prompt) -> Footprint {
	let texts = (MAX_PROMPT as usize).saturating_add(MAX_ANSWER as usize);
	let record = Request::<T::AccountId, T::RequestConsideration>::max_encoded_len()
		.saturating_sub(texts)
		.saturating_add(prompt.len())
		.saturating_add(Answer::max_encoded_len());
	let size = record
		.saturating_add(T::Attribution::footprint() as usize)
		.saturating_add(Distribution::<T::AccountId>::max_encoded_len());
	Footprint::from_parts(1, size)
}

impl<T: Config> Pallet<T> {
	/// The current block, as shared types count.
	pub(crate) fn now() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	/// Requests that an operator could still take on now.
	pub(crate) fn room(who: &T::AccountId) -> Result<u32, Error<T>> {
		let operator = Self::staying(who)?.operator;
		ensure!(operator.bond >= T::MinBond::get(), Error::<T>::Underbonded);
		let busy = Assigned::<T>::decode_len(who).unwrap_or(0) as u32;
		Ok(operator.capacity.saturating_sub(busy))
	}

	/// Operators of a model version with room, the least busy first; earlier ones first among
	/// equals.
	pub(crate) fn available(model: ModelId) -> alloc::vec::Vec<T::AccountId> {
		let mut available: alloc::vec::Vec<(usize, T::AccountId)> = Serving::<T>::get(model)
			.into_iter()
			.filter(|who| Self::room(who).is_ok_and(|room| room > 0))
			.map(|who| (Assigned::<T>::decode_len(&who).unwrap_or(0), who))
			.collect();
		available.sort_by_key(|(busy, _)| *busy);
		available.into_iter().map(|(_, who)| who).collect()
	}

	fn choose(
		model: ModelId,
		wanted: Option<T::AccountId>,
		exposed: Balance,
	) -> Result<T::AccountId, Error<T>> {
		match wanted {
			None => Self::available(model)
				.into_iter()
				.find(|who| Self::covers(who, exposed))
				.ok_or(Error::<T>::NoOperator),
			Some(who) => {
				ensure!(Operators::<T>::contains_key(&who), Error::<T>::NotOperator);
				ensure!(Serving::<T>::get(model).contains(&who), Error::<T>::NotServing);
				ensure!(Self::room(&who)? > 0, Error::<T>::AtCapacity);
				ensure!(Self::covers(&who, exposed), Error::<T>::Overexposed);
				Ok(who)
			}
		}
	}

	pub(crate) fn do_request(payer: T::AccountId, order: Order<T::AccountId>) -> DispatchResult {
		ensure!(is_text(&order.prompt), Error::<T>::InvalidPrompt);
		ensure!(
			(1..=T::MaxTokens::get()).contains(&order.max_tokens),
			Error::<T>::TokensOutOfRange
		);
		ensure!(order.temperature <= MAX_TEMPERATURE, Error::<T>::TemperatureOutOfRange);
		ensure!(
			(T::MinDeadline::get()..=T::MaxDeadline::get()).contains(&order.deadline),
			Error::<T>::DeadlineOutOfRange
		);
		let model = T::Models::served(order.model).ok_or(Error::<T>::UnknownModel)?;
		ensure!(model.answers(), Error::<T>::ModelNotServing);
		let least = model.price.fee(Usage { prompt: 1, output: 1 });
		ensure!(least.is_some_and(|least| order.max_fee >= least), Error::<T>::FeeTooLow);
		ensure!(order.max_fee > T::MinFee::get(), Error::<T>::FeeTooLow);
		let quoted = model.retrieval.map_or(0, |retrieval| retrieval.quoted());
		let prompt = Self::longest(&order.prompt, quoted);
		let longest = Usage { prompt, output: order.max_tokens };
		let exposed = Self::dearest(&model.price, longest, order.max_fee);
		let operator = Self::choose(order.model, order.operator, exposed)?;

		let now = Self::now();
		let deadline = now.checked_add(order.deadline).ok_or(Error::<T>::DeadlineOutOfRange)?;
		let request = NextRequest::<T>::get();
		NextRequest::<T>::put(request.checked_add(1).ok_or(Error::<T>::Overflow)?);
		Expiries::<T>::try_mutate(deadline, |due| due.try_push(request))
			.map_err(|_| Error::<T>::DeadlineFull)?;
		Assigned::<T>::try_mutate(&operator, |assigned| assigned.try_push(request))
			.map_err(|_| Error::<T>::AtCapacity)?;
		Self::expose(&operator, exposed)?;
		T::Models::acquire(order.model)?;
		T::Currency::hold(&HoldReason::Escrow.into(), &payer, order.max_fee)?;
		let ticket = T::RequestConsideration::new(&payer, footprint::<T>(&order.prompt))?;
		Requests::<T>::insert(
			request,
			Request {
				payer: payer.clone(),
				model: order.model,
				operator: operator.clone(),
				prompt: order.prompt,
				max_tokens: order.max_tokens,
				max_fee: order.max_fee,
				temperature: order.temperature,
				nonce: order.nonce,
				price: model.price,
				requested_at: now,
				deadline,
				status: Status::Pending,
				answered: None,
				ticket,
			},
		);
		Self::deposit_event(Event::Requested {
			request,
			model: order.model,
			payer,
			operator,
			deadline,
		});
		Ok(())
	}

	pub(crate) fn do_prune(who: T::AccountId, id: u64) -> DispatchResult {
		let request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		ensure!(request.payer == who, Error::<T>::NotPayer);
		let ended = matches!(request.status, Status::Settled | Status::Refunded);
		ensure!(ended, Error::<T>::NotFinal);
		request.ticket.drop(&who)?;
		Requests::<T>::remove(id);
		T::Attribution::forget(id);
		T::Rewards::forget(id);
		Self::deposit_event(Event::Pruned { request: id });
		Ok(())
	}

	/// Takes a request off its operator's and its deadline's lists.
	pub(crate) fn unassign(id: u64, operator: &T::AccountId, deadline: BlockNumber) {
		Assigned::<T>::mutate_exists(operator, |assigned| {
			if let Some(list) = assigned {
				list.retain(|other| *other != id);
				if list.is_empty() {
					*assigned = None;
				}
			}
		});
		Expiries::<T>::mutate_exists(deadline, |due| {
			if let Some(list) = due {
				list.retain(|other| *other != id);
				if list.is_empty() {
					*due = None;
				}
			}
		});
	}
}
