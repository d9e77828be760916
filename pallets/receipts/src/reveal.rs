//! Showing what is drawn.

use crate::{
	AllShown, BatchOf, Batches, Config, Drawn, Error, Event, Lines, Pallet, Private, Sessions,
	Shown, Stage,
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use openledger_primitives_core::{
	Balance, BatchId, MAX_OUTPUT,
	draw::draw_id,
	traits::{AnsweredRequest, Attribution, Lots, Operators},
};
use openledger_primitives_receipts::{Line, batch, commitment, draw};
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

	/// How much there is to verify of these claims, in credits.
	pub(crate) fn credits(shown: &AllShown<T::AccountId>) -> u32 {
		shown.iter().fold(0, |sum, one| sum.saturating_add(one.claim.size()))
	}

	pub(crate) fn do_reveal(
		agent: T::AccountId,
		id: BatchId,
		shown: AllShown<T::AccountId>,
	) -> DispatchResult {
		let operator = T::Operators::of_agent(&agent).ok_or(Error::<T>::NotAgent)?;
		let mut batch = Batches::<T>::get(id).ok_or(Error::<T>::UnknownBatch)?;
		ensure!(batch.operator == operator, Error::<T>::NotOperator);
		ensure!(!shown.is_empty(), Error::<T>::NotDrawn);
		let known = batch.drawn.is_some();
		let drawn = Self::draw(id, &mut batch).ok_or(Error::<T>::NotDrawnYet)?;
		ensure!(Self::now() <= drawn.reveal_by, Error::<T>::TooLate);
		if !known {
			// Its first look may come after that. Where no block has room it is left to that one.
			Self::schedule(id, drawn.reveal_by.saturating_add(1));
		}
		let lines = Lines::<T>::get(id);
		let pending = batch.staged().filter(|(_, stage)| *stage == Stage::Pending);
		let mut units: Vec<(u8, Balance)> = pending
			.filter_map(|(draw, _)| Some((draw, draw::unit(&drawn.seed, id, draw, batch.total)?)))
			.collect();
		for one in shown {
			Self::open_draws(id, &mut batch, &lines, &mut units, one)?;
		}
		Batches::<T>::insert(id, batch);
		Ok(())
	}

	/// Opens the draws among `pending`, with the units that they take, that fall into the receipt shown.
	fn open_draws(
		id: BatchId,
		batch: &mut BatchOf<T>,
		lines: &[Line],
		pending: &mut Vec<(u8, Balance)>,
		Shown { receipt, proof, claim }: Shown<T::AccountId>,
	) -> DispatchResult {
		ensure!(receipt.model == batch.model, Error::<T>::NotInBatch);
		// Committees that can't finish decide nothing, and a lie would only have to be long.
		ensure!(receipt.usage.output <= MAX_OUTPUT, Error::<T>::TooLong);
		let committed = commitment::claim(&claim.sketch, claim.gain, &claim.trace);
		ensure!(receipt.claim == committed, Error::<T>::WrongClaim);
		let session = Sessions::<T>::get(receipt.session).ok_or(Error::<T>::NotInBatch)?;
		let highest = session.price.fee(receipt.usage);
		// A price beyond what a balance can hold is beyond any fee too.
		ensure!(highest.is_none_or(|highest| receipt.fee <= highest), Error::<T>::Overpriced);
		let units = batch::interval(lines, &receipt, &proof).ok_or(Error::<T>::NotInBatch)?;

		let (hits, others): (Vec<_>, Vec<_>) =
			pending.drain(..).partition(|(_, unit)| units.contains(unit));
		*pending = others;
		let (first, _) = *hits.first().ok_or(Error::<T>::NotDrawn)?;
		for (hit, _) in &hits {
			batch.put(*hit, if *hit == first { Stage::Open } else { Stage::Joined(first) });
		}
		let fee = batch.fee(first);
		T::Attribution::submit(
			AnsweredRequest {
				request: draw_id(id, first),
				model: receipt.model,
				payer: session.payer,
				operator: batch.operator.clone(),
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
