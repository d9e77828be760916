//! What the pallet tells of.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A session was opened.
		SessionOpened {
			/// The session.
			session: SessionId,
			/// Who pays.
			payer: T::AccountId,
			/// Who answers.
			operator: T::AccountId,
			/// The model version.
			model: ModelId,
			/// Whose key signs vouchers.
			signer: T::AccountId,
			/// What it may cost.
			escrow: Balance,
			/// The last block of the session.
			expires_at: BlockNumber,
			/// Whether its receipts are opened to auditors by consent or dispute alone.
			private: bool,
		},
		/// A payer added to a session's escrow.
		EscrowAdded {
			/// The session.
			session: SessionId,
			/// What was added.
			amount: Balance,
		},
		/// A payer closed a session. Its operator can still commit what it holds vouchers for.
		SessionClosing {
			/// The session.
			session: SessionId,
			/// The last block that is left to the operator.
			until: BlockNumber,
		},
		/// A session ended.
		SessionEnded {
			/// The session.
			session: SessionId,
			/// What of the escrow went back to the payer.
			returned: Balance,
		},
		/// An operator committed to a batch.
		BatchCommitted {
			/// The batch.
			batch: BatchId,
			/// The operator.
			operator: T::AccountId,
			/// The model version.
			model: ModelId,
			/// Its fees.
			total: Balance,
			/// How many vouchers it has.
			vouchers: u32,
			/// The round in which it was committed, after which its draws are decided.
			round: RoundId,
		},
		/// A batch's draws are decided.
		BatchDrawn {
			/// The batch.
			batch: BatchId,
			/// The seed that decides them.
			seed: Hash,
			/// The last block in which they can be shown.
			reveal_by: BlockNumber,
		},
		/// The seed that was to decide a batch's draws is forgotten: that of a later round will.
		BatchPutOff {
			/// The batch.
			batch: BatchId,
			/// The round after which its draws are decided.
			round: RoundId,
		},
		/// A drawn receipt was shown, and its claim verified.
		DrawOpened {
			/// The batch.
			batch: BatchId,
			/// The first of the draws that fall into the receipt.
			draw: u8,
			/// How many do.
			draws: u32,
			/// The session of the receipt.
			session: SessionId,
			/// The place of the receipt in its session.
			position: u32,
			/// The part of the batch that these draws decide.
			fee: Balance,
		},
		/// What a draw decides was paid.
		DrawSettled {
			/// The batch.
			batch: BatchId,
			/// The draw.
			draw: u8,
			/// What was paid.
			fee: Balance,
		},
		/// A drawn answer was found false: what the draw decides goes back to the payers.
		DrawRejected {
			/// The batch.
			batch: BatchId,
			/// The draw.
			draw: u8,
			/// What goes back.
			fee: Balance,
		},
		/// Draws were not shown in time: what they decide goes back to the payers.
		DrawsMissed {
			/// The batch.
			batch: BatchId,
			/// How many.
			draws: u32,
			/// What goes back.
			fee: Balance,
			/// What the operator paid for it.
			penalty: Balance,
		},
		/// A batch has nothing left to pay.
		BatchConcluded {
			/// The batch.
			batch: BatchId,
			/// What of its fees went back to its payers.
			returned: Balance,
		},
		/// A batch could not be brought further by itself. Anyone can still do it.
		BatchStuck {
			/// The batch.
			batch: BatchId,
			/// Why.
			error: DispatchError,
		},
		/// Too many batches are due for this one to be looked at by itself: anyone can do it.
		BatchDeferred {
			/// The batch.
			batch: BatchId,
		},
		/// A concluded batch was removed, with the claims that it was paid by.
		BatchPruned {
			/// The batch.
			batch: BatchId,
		},
	}
}
