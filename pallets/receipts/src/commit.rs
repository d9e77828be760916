//! Committing vouchers as a batch.

use crate::{
	Batch, BatchOf, Batches, Config, Due, Error, Event, HoldReason, Lines, NextBatch, NextDue,
	Pallet, SessionOf, Sessions, Stage,
};
use alloc::vec::Vec;
use codec::MaxEncodedLen;
use frame_support::{
	BoundedVec, ensure,
	traits::{
		Consideration, Footprint, Get,
		fungible::hold::Mutate as _,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives_core::{
	Balance, BatchId, BlockNumber, Hash, ModelId,
	settlement::Distribution,
	traits::{Attribution, Lots, Operators},
};
use openledger_primitives_receipts::{Line, SignedVoucher, Voucher, batch};
use sp_runtime::{DispatchError, DispatchResult, traits::Zero};

/// Blocks that are tried for a batch's next look where those before are full.
pub(crate) const SPREAD: u32 = 16;
/// Blocks that the first looks at batches are spread over. Nobody waits for the first look at a batch whose
/// operator shows it, which reads the seed too; and batches that are committed only to fill the lists leave
/// others room.
const SPREAD_FIRST: u32 = 256;
/// Batches in a row whose first looks are meant for the same block.
const TOGETHER: BatchId = 32;
/// Blocks ahead in which a batch's next look may be, where its time has come.
pub(crate) const SPREAD_ALL: u32 = SPREAD + SPREAD_FIRST;

/// What an operator's deposit covers: the batch with its lines and its places in the queue, one for
/// its draws and one for its end, and for each draw a claim and a settlement.
fn footprint<T: Config>(vouchers: u32, draws: u8) -> Footprint {
	let lines = Line::max_encoded_len().saturating_mul(vouchers as usize);
	let draw = (T::Attribution::footprint() as usize)
		.saturating_add(Distribution::<T::AccountId>::max_encoded_len());
	let size = BatchOf::<T>::max_encoded_len()
		.saturating_add(lines)
		.saturating_add(BatchId::max_encoded_len().saturating_mul(2))
		.saturating_add(draw.saturating_mul(usize::from(draws)));
	Footprint::from_parts(1, size)
}

/// A voucher's session, and what the voucher adds to a batch.
pub(crate) struct Checked<T: Config> {
	pub session: SessionOf<T>,
	pub line: Line,
}

impl<T: Config> Pallet<T> {
	/// The hash that signatures are bound to this chain by.
	pub(crate) fn genesis() -> Hash {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
	}

	/// Puts a batch on the list of the first block from `at` on that has room.
	pub(crate) fn schedule(batch: BatchId, at: BlockNumber) -> Option<BlockNumber> {
		// Where the pallet comes by an upgrade, nothing is due in all the blocks before.
		if !NextDue::<T>::exists() {
			NextDue::<T>::put(Self::now());
		}
		(at..at.saturating_add(SPREAD))
			.find(|block| Due::<T>::try_mutate(block, |due| due.try_push(batch)).is_ok())
	}

	/// How many blocks after its draws are known a batch is looked at first.
	pub(crate) fn first_look(batch: BatchId) -> BlockNumber {
		batch.checked_div(TOGETHER).unwrap_or(0).checked_rem(SPREAD_FIRST).unwrap_or(0)
	}

	/// Everything of a voucher but its signature, which costs most.
	pub(crate) fn check(
		operator: &T::AccountId,
		model: ModelId,
		voucher: &Voucher,
	) -> Result<Checked<T>, Error<T>> {
		let session = Sessions::<T>::get(voucher.session).ok_or(Error::<T>::UnknownSession)?;
		ensure!(session.operator == *operator, Error::<T>::ForeignSession);
		ensure!(session.model == model, Error::<T>::WrongModel);
		ensure!(!session.ended, Error::<T>::AlreadyEnded);
		let more = voucher.amount > session.settled && voucher.count > session.count;
		ensure!(more, Error::<T>::NothingNew);
		let line = Line {
			session: voucher.session,
			first: session.count,
			count: voucher.count,
			from: session.settled,
			to: voucher.amount,
			root: voucher.root,
		};
		ensure!(line.units() <= session.escrow, Error::<T>::EscrowExceeded);
		Ok(Checked { session, line })
	}

	/// How many draws a batch is paid by, so that each decides enough.
	pub(crate) fn draws_for(total: Balance) -> u8 {
		// A draw that decides nothing would be a claim without a fee.
		let worth = total.checked_div(T::MinDraw::get().max(1)).unwrap_or(0);
		u8::try_from(worth).unwrap_or(u8::MAX).min(T::Draws::get().max(1))
	}

	pub(crate) fn do_commit_batch(
		agent: T::AccountId,
		model: ModelId,
		vouchers: BoundedVec<SignedVoucher, T::MaxVouchers>,
	) -> DispatchResult {
		let operator = T::Operators::of_agent(&agent).ok_or(Error::<T>::NotAgent)?;
		ensure!(!vouchers.is_empty(), Error::<T>::NoVouchers);
		let ascending = vouchers.iter().zip(vouchers.iter().skip(1));
		let ordered = ascending.into_iter().all(|(a, b)| a.voucher.session < b.voucher.session);
		ensure!(ordered, Error::<T>::Unordered);
		let mut checked = Vec::with_capacity(vouchers.len());
		for signed in &vouchers {
			checked.push(Self::check(&operator, model, &signed.voucher)?);
		}
		let lines: Vec<Line> = checked.iter().map(|checked| checked.line).collect();
		let total = batch::total(&lines).ok_or(Error::<T>::Overflow)?;
		let draws = Self::draws_for(total);
		ensure!(draws > 0, Error::<T>::BatchTooSmall);
		let genesis = Self::genesis();
		for (signed, checked) in vouchers.iter().zip(&checked) {
			let signer = checked.session.signer.clone().into();
			ensure!(signed.verify(&genesis, &signer), Error::<T>::BadSignature);
		}

		for Checked { session, line } in checked {
			Self::take(&operator, session, &line)?;
		}
		Self::store(operator, model, total, draws, lines)
	}

	/// Moves what a line is worth from its payer to the operator, still on hold.
	pub(crate) fn take(
		operator: &T::AccountId,
		mut session: SessionOf<T>,
		line: &Line,
	) -> DispatchResult {
		// Force: a payer can't freeze its balance to escape.
		T::Currency::transfer_on_hold(
			&HoldReason::Escrow.into(),
			&session.payer,
			operator,
			line.units(),
			Precision::Exact,
			Restriction::OnHold,
			Fortitude::Force,
		)?;
		session.escrow =
			session.escrow.checked_sub(line.units()).ok_or(Error::<T>::EscrowExceeded)?;
		session.settled = line.to;
		session.count = line.count;
		session.batches = session.batches.checked_add(1).ok_or(Error::<T>::Overflow)?;
		Sessions::<T>::insert(line.session, session);
		Ok(())
	}

	fn store(
		operator: T::AccountId,
		model: ModelId,
		total: Balance,
		draws: u8,
		lines: Vec<Line>,
	) -> Result<(), DispatchError> {
		let id = NextBatch::<T>::get();
		let next = id.checked_add(1).ok_or(Error::<T>::Overflow)?;
		let now = Self::now();
		let vouchers = lines.len() as u32;
		let round = T::Lots::round();
		let lines = BoundedVec::try_from(lines).map_err(|_| Error::<T>::Overflow)?;
		let stages = BoundedVec::try_from(alloc::vec![Stage::Pending; usize::from(draws)])
			.map_err(|_| Error::<T>::Overflow)?;
		T::Operators::expose(&operator, total)?;
		let ticket = T::BatchConsideration::new(&operator, footprint::<T>(vouchers, draws))?;
		let look = Self::known_from(round).saturating_add(Self::first_look(id));
		Self::schedule(id, look).ok_or(Error::<T>::QueueFull)?;
		NextBatch::<T>::put(next);
		Lines::<T>::insert(id, lines);
		Batches::<T>::insert(
			id,
			Batch {
				operator: operator.clone(),
				model,
				total,
				vouchers,
				held: total,
				returns: 0,
				committed_at: now,
				round,
				drawn: None,
				stages,
				concluded: false,
				ticket,
			},
		);
		Self::deposit_event(Event::BatchCommitted {
			batch: id,
			operator,
			model,
			total,
			vouchers,
			round,
		});
		Ok(())
	}
}
