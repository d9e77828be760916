//! Whether a request is answered at all, before any work goes into it.

use super::{
	Store, StoreError,
	session::{Live, Phase},
};
use openledger_primitives_core::{Balance, Hash, SessionId};
use openledger_primitives_receipts::commitment::{self, Salt};
use parking_lot::Mutex;
use std::{sync::Arc, time::Instant};

/// A request that may be answered, with room in the escrow and in what the payer is trusted with.
/// Dropping it without [`Store::issue`] gives the room back, as when the answer fails.
pub struct Admission {
	pub(super) session: SessionId,
	pub(super) salt: Salt,
	pub(super) asked: Vec<u8>,
	pub(super) input: Hash,
	pub(super) most: Balance,
	pub(super) live: Arc<Mutex<Live>>,
}

impl Admission {
	/// The session.
	pub fn session(&self) -> SessionId {
		self.session
	}

	/// The commitment to what was asked, which is the seed of the answer too.
	pub fn input(&self) -> Hash {
		self.input
	}

	/// The most that the answer may cost, in the smallest unit of OPEN: whoever generates it bounds
	/// its tokens by this and the session's price.
	pub fn most(&self) -> Balance {
		self.most
	}

	/// Gives the question up once its answer was begun, as where whoever asked has gone away: for some
	/// minutes, or until vouchers make up for it, it counts as unpaid.
	pub fn give_up(self) {
		self.live.lock().begun.give_up(self.input, self.most, Instant::now());
	}
}

impl Drop for Admission {
	fn drop(&mut self) {
		self.live.lock().under_way.remove(&self.input);
	}
}

impl Store {
	/// Bounds what a session's answers may come to before batches settle them, as once the operator's bond
	/// stands behind much. Nothing bounds it before this was called.
	pub fn mind(&self, room: Balance) {
		*self.room.lock() = room;
	}

	/// Makes room for the answer to `asked`, the request's body byte for byte, whose commitment the
	/// payer salted. `most` is what the payer agrees to for it, in the smallest unit of OPEN.
	///
	/// # Errors
	/// [`StoreError::Closed`], [`StoreError::Repeated`], [`StoreError::Unpaid`],
	/// [`StoreError::EscrowSpent`], [`StoreError::NoRoom`].
	pub fn admit(
		&self,
		session: SessionId,
		salt: Salt,
		asked: Vec<u8>,
		most: Balance,
	) -> Result<Admission, StoreError> {
		let input = commitment::input(&salt, &asked);
		let shared = self.session(session)?;
		let mut live = shared.lock();
		if live.record.phase != Phase::Open {
			return Err(StoreError::Closed(session));
		}
		if live.under_way.contains_key(&input) || live.unpaid.contains_key(&input) {
			return Err(StoreError::Repeated);
		}
		let promised = live.under_way.values().fold(most, |sum, cost| sum.saturating_add(*cost));
		let unpaid = live.record.unpaid();
		let (given_up, lost) = live.begun.count(&input, Instant::now());
		let amount = unpaid.amount.saturating_add(promised).saturating_add(lost);
		let receipts = u32::try_from(live.under_way.len())
			.unwrap_or(u32::MAX)
			.saturating_add(unpaid.receipts)
			.saturating_add(given_up);
		// Who owes nothing is trusted with one answer, whatever it may cost: what records may add to a prompt is
		// much more than they mostly do.
		let too_much = receipts > 0 && amount > self.settings.amount;
		if receipts >= self.settings.receipts || too_much {
			return Err(StoreError::Unpaid { receipts, amount });
		}
		let owed = live.record.tree.sum().saturating_add(promised);
		if owed > live.record.terms.escrow {
			let before = owed.saturating_sub(most);
			let left = live.record.terms.escrow.saturating_sub(before);
			return Err(StoreError::EscrowSpent { most, left });
		}
		// One voucher is for all of it, and the chain takes that whole or not at all.
		let room = *self.room.lock();
		if owed.saturating_sub(live.record.settled.amount) > room {
			return Err(StoreError::NoRoom { session, room });
		}
		live.under_way.insert(input, most);
		drop(live);
		Ok(Admission { session, salt, asked, input, most, live: shared })
	}
}
