//! What the runtime API asks of this pallet.

use crate::{Assigned, Config, Operators, Pallet, Requests, ServedBy, Serving, Status};
use alloc::{string::String, vec::Vec};
use openledger_primitives_api::{OperatorInfo, Quote, RequestState, Trace};
use openledger_primitives_core::{Endpoint, ModelId, RequestId, model::Usage, traits::Models};
use openledger_primitives_inference::job::{Job, Jobs, Material};

fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}

impl<T: Config> Pallet<T> {
	/// Operators that serve a model version.
	pub fn operators(model: ModelId) -> Vec<OperatorInfo<T::AccountId>> {
		Serving::<T>::get(model).into_iter().filter_map(Self::operator).collect()
	}

	/// One operator.
	pub fn operator(account: T::AccountId) -> Option<OperatorInfo<T::AccountId>> {
		let operator = Operators::<T>::get(&account)?.operator;
		Some(OperatorInfo {
			agent: operator.agent,
			endpoint: text(&operator.endpoint),
			bond: operator.bond,
			capacity: operator.capacity,
			open: Assigned::<T>::decode_len(&account).unwrap_or(0) as u32,
			answered: operator.answered,
			missed: operator.missed,
			leaving: operator.leaving.is_some(),
			models: ServedBy::<T>::get(&account).into_inner(),
			account,
		})
	}

	/// What an answer of this usage costs, and who would give it now. None where the model version
	/// answers nothing, or the fee passes what a balance can hold.
	pub fn quote(model: ModelId, usage: Usage) -> Option<Quote<T::AccountId>> {
		let served = T::Models::served(model).filter(|served| served.answers())?;
		Some(Quote {
			fee: served.price.fee(usage)?,
			price: served.price,
			operators: Self::available(model),
		})
	}

	/// The request's part of its trace. Attribution's part and the distribution are left empty, for
	/// the runtime to add.
	pub fn trace(id: RequestId) -> Option<Trace<T::AccountId>> {
		let request = Requests::<T>::get(id)?;
		let answered = request.answered;
		Some(Trace {
			request: id,
			state: match request.status {
				Status::Pending => RequestState::Pending,
				Status::Answered => RequestState::Answered,
				Status::Settled => RequestState::Settled,
				Status::Refunded => RequestState::Refunded,
			},
			model: request.model,
			payer: request.payer,
			operator: request.operator,
			prompt: text(&request.prompt),
			answer: answered.as_ref().map(|answered| text(&answered.answer)),
			usage: answered.as_ref().map_or(Usage::default(), |answered| answered.usage),
			requested_at: request.requested_at,
			deadline: request.deadline,
			answered_at: answered.as_ref().map(|answered| answered.at),
			final_at: None,
			fee: answered.map_or(request.max_fee, |answered| answered.fee),
			gain: 0,
			earned_ppm: 0,
			claim: None,
			trace: None,
			sketch: Vec::new(),
			paid: Vec::new(),
			evidence: Vec::new(),
			challenger: None,
			distribution: None,
		})
	}
}

impl<T: Config> Jobs<T::AccountId> for Pallet<T> {
	fn job(request: RequestId) -> Option<Job> {
		Self::job(request, &Requests::<T>::get(request)?)
	}

	fn material(model: ModelId, operator: &T::AccountId) -> Option<(Material, Endpoint)> {
		Some((Self::material(model)?, Operators::<T>::get(operator)?.operator.endpoint))
	}

	fn version(model: ModelId) -> Option<Material> {
		Self::material(model)
	}
}
