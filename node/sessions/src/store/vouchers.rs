//! Taking vouchers, and knowing which ones to settle.

use super::{Pending, Store, StoreError, Unpaid, session::Phase};
use openledger_primitives_core::{Balance, ModelId};
use openledger_primitives_receipts::SignedVoucher;
use std::{cmp::Reverse, collections::BTreeMap};

/// What a voucher did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
	/// Whether it is for more than the ones before. An older or equal one changes nothing, and its
	/// signature is not looked at.
	pub advanced: bool,
	/// What is unpaid after it.
	pub unpaid: Unpaid,
}

impl Store {
	/// Takes a voucher for all receipts of a session up to its count. May read a few pages from disk.
	///
	/// # Errors
	/// [`StoreError::NoSession`], [`StoreError::Closed`] where the chain pays nothing more,
	/// [`StoreError::Ahead`], [`StoreError::ForeignTree`], [`StoreError::BadSignature`],
	/// [`StoreError::Busy`].
	pub fn accept(&self, signed: SignedVoucher) -> Result<Pending<Accepted>, StoreError> {
		let voucher = signed.voucher;
		let (session, count) = (voucher.session, voucher.count);
		let live = self.session(session)?;
		let mut live = live.lock();
		if count <= live.record.paid().count {
			let unpaid = live.record.unpaid();
			return Ok(Pending::done(Accepted { advanced: false, unpaid }));
		}
		if live.record.phase == Phase::Ended {
			return Err(StoreError::Closed(session));
		}
		let held = live.record.tree.count();
		if count > held {
			return Err(StoreError::Ahead { session, count, held });
		}
		if self.root(session, &live.record, count)? != Some(voucher.tree()) {
			return Err(StoreError::ForeignTree { session, count });
		}
		if !signed.verify(&self.genesis, &live.record.terms.signer) {
			return Err(StoreError::BadSignature(session));
		}
		let mut record = live.record.clone();
		record.voucher = Some(signed);
		let accepted = Accepted { advanced: true, unpaid: record.unpaid() };
		let pending = self.put(session, &mut live, record, Vec::new(), accepted)?;
		live.unpaid.retain(|_, position| *position >= count);
		Ok(pending)
	}

	/// The vouchers of a model's sessions that owe more than batches settled, those that owe the most
	/// first, at most so many.
	///
	/// A batch that was sent and is not yet known to be final leaves its vouchers here; the chain takes
	/// each once.
	///
	/// # Errors
	/// [`StoreError::Disk`], [`StoreError::Stopped`].
	pub fn due(&self, model: ModelId, most: usize) -> Result<Vec<SignedVoucher>, StoreError> {
		let mut due = self.owing()?.remove(&model).unwrap_or_default();
		due.sort_by_key(|(owed, signed)| (Reverse(*owed), signed.voucher.session));
		Ok(due.into_iter().take(most).map(|(_, signed)| signed).collect())
	}

	/// What vouchers owe beyond what batches settled, for each model, in the smallest unit of OPEN.
	///
	/// # Errors
	/// [`StoreError::Disk`], [`StoreError::Stopped`].
	pub fn owed(&self) -> Result<BTreeMap<ModelId, Balance>, StoreError> {
		let sum = |due: Vec<(Balance, SignedVoucher)>| {
			due.iter().fold(0, |sum: Balance, (owed, _)| sum.saturating_add(*owed))
		};
		Ok(self.owing()?.into_iter().map(|(model, due)| (model, sum(due))).collect())
	}

	fn owing(&self) -> Result<BTreeMap<ModelId, Vec<(Balance, SignedVoucher)>>, StoreError> {
		self.writer.check()?;
		let mut owing: BTreeMap<ModelId, Vec<(Balance, SignedVoucher)>> = BTreeMap::new();
		for live in self.sessions.read().values() {
			let live = live.lock();
			let record = &live.record;
			let Some(signed) = &record.voucher else { continue };
			let owed = signed.voucher.amount.saturating_sub(record.settled.amount);
			if owed > 0 && record.phase != Phase::Ended {
				owing.entry(record.terms.model).or_default().push((owed, signed.clone()));
			}
		}
		Ok(owing)
	}
}
