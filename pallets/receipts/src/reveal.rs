//! Showing what is drawn.

use crate::{
	BatchOf, Batches, Config, Drawn, Error, Event, Lines, Pallet, Private, Sessions, Stage,
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	BatchId,
	draw::draw_id,
	traits::{AnsweredRequest, Attribution, Lots, Operators},
};
use openledger_primitives_receipts::{Receipt, SumProof, batch, commitment, draw};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// Reads the seed of a batch's draws once it is there, and keeps it with the batch: the chain
	/// forgets seeds.
	pub(crate) fn draw(id: BatchId, batch: &mut BatchOf<T>) -> Option<Drawn> {
		if batch.drawn.is_none() {
			let seed = T::Lots::seed(batch.round)?;
			let reveal_by = Self::now().saturating_add(T::RevealPeriod::get());
			batch.drawn = Some(Drawn { seed, reveal_by });
			Self::deposit_event(Event::BatchDrawn { batch: id, seed, reveal_by });
		}
		batch.drawn
	}

	pub(crate) fn do_reveal(
		agent: T::AccountId,
		id: BatchId,
		receipt: Receipt,
		proof: SumProof,
		claim: Claim<T::AccountId>,
	) -> DispatchResult {
		let operator = T::Operators::of_agent(&agent).ok_or(Error::<T>::NotAgent)?;
		let mut batch = Batches::<T>::get(id).ok_or(Error::<T>::UnknownBatch)?;
		ensure!(batch.operator == operator, Error::<T>::NotOperator);
		ensure!(receipt.model == batch.model, Error::<T>::NotInBatch);
		let drawn = Self::draw(id, &mut batch).ok_or(Error::<T>::NotDrawnYet)?;
		ensure!(Self::now() <= drawn.reveal_by, Error::<T>::TooLate);
		let committed = commitment::claim(&claim.sketch, claim.gain, &claim.trace);
		ensure!(receipt.claim == committed, Error::<T>::WrongClaim);
		let session = Sessions::<T>::get(receipt.session).ok_or(Error::<T>::NotInBatch)?;
		let highest = session.price.fee(receipt.usage);
		// A price beyond what a balance can hold is beyond any fee too.
		ensure!(highest.is_none_or(|highest| receipt.fee <= highest), Error::<T>::Overpriced);
		let units = batch::interval(&Lines::<T>::get(id), &receipt, &proof)
			.ok_or(Error::<T>::NotInBatch)?;

		let hits: Vec<u8> = batch
			.staged()
			.filter(|(_, stage)| *stage == Stage::Pending)
			.map(|(draw, _)| draw)
			.filter(|draw| {
				draw::unit(&drawn.seed, id, *draw, batch.total)
					.is_some_and(|unit| units.contains(&unit))
			})
			.collect();
		let first = *hits.first().ok_or(Error::<T>::NotDrawn)?;
		for hit in &hits {
			batch.put(*hit, if *hit == first { Stage::Open } else { Stage::Joined(first) });
		}
		let fee = batch.fee(first);
		Batches::<T>::insert(id, batch);
		T::Attribution::submit(
			AnsweredRequest {
				request: draw_id(id, first),
				model: receipt.model,
				payer: session.payer,
				operator,
				usage: receipt.usage,
				answer: receipt.output,
				subject: receipt.input,
				fee,
				private: Private::<T>::contains_key(receipt.session),
			},
			claim,
		)?;
		Self::deposit_event(Event::DrawOpened {
			batch: id,
			draw: first,
			draws: hits.len() as u32,
			session: receipt.session,
			position: receipt.position,
			fee,
		});
		Ok(())
	}
}
