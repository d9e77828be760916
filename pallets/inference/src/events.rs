//! What the pallet tells of.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An operator registered and bonded.
		OperatorRegistered {
			/// The operator.
			operator: T::AccountId,
			/// Who answers for it.
			agent: T::AccountId,
			/// Its bond.
			bond: Balance,
		},
		/// An operator changed its endpoint, capacity or agent.
		OperatorUpdated {
			/// The operator.
			operator: T::AccountId,
			/// Who answers for it now.
			agent: T::AccountId,
		},
		/// An operator added to its bond.
		BondAdded {
			/// The operator.
			operator: T::AccountId,
			/// What it added.
			amount: Balance,
		},
		/// An operator serves a model version.
		ServingStarted {
			/// The operator.
			operator: T::AccountId,
			/// The model version.
			model: ModelId,
		},
		/// An operator serves a model version no more.
		ServingStopped {
			/// The operator.
			operator: T::AccountId,
			/// The model version.
			model: ModelId,
		},
		/// An operator takes no more requests.
		OperatorLeaving {
			/// The operator.
			operator: T::AccountId,
			/// The first block at which it can withdraw its bond.
			free_at: BlockNumber,
		},
		/// An operator withdrew its bond and is gone.
		BondWithdrawn {
			/// The operator.
			operator: T::AccountId,
			/// Its bond.
			bond: Balance,
		},
		/// An operator paid from its bond.
		OperatorSlashed {
			/// The operator.
			operator: T::AccountId,
			/// What it paid.
			amount: Balance,
			/// What of it others were rewarded with; the treasury has the rest.
			rewarded: Balance,
		},
		/// An answer was requested.
		Requested {
			/// The request.
			request: RequestId,
			/// The model version.
			model: ModelId,
			/// Who pays.
			payer: T::AccountId,
			/// Who is to answer.
			operator: T::AccountId,
			/// The last block that may include the answer.
			deadline: BlockNumber,
		},
		/// A request was answered, and its claim verified.
		Answered {
			/// The request.
			request: RequestId,
			/// Who answered.
			operator: T::AccountId,
			/// What it costs.
			fee: Balance,
			/// The tokens it took.
			usage: Usage,
		},
		/// A request was not answered in time and was paid back.
		Refunded {
			/// The request.
			request: RequestId,
			/// Who let it expire.
			operator: T::AccountId,
			/// What was paid back.
			amount: Balance,
		},
		/// An expired request could not be refunded by itself; anyone can still expire it.
		ExpiryFailed {
			/// The request.
			request: RequestId,
			/// Why.
			error: DispatchError,
		},
		/// A request's fee left escrow.
		Settled {
			/// The request.
			request: RequestId,
			/// The fee.
			fee: Balance,
		},
		/// A request's entries were removed and its deposit freed.
		Pruned {
			/// The request.
			request: RequestId,
		},
		/// A request's answer was found false, and its fee paid back.
		AnswerRejected {
			/// The request.
			request: RequestId,
			/// Who gave the answer.
			operator: T::AccountId,
			/// What was paid back.
			fee: Balance,
		},
	}
}
