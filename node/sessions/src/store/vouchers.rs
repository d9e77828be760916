//! Taking vouchers, and knowing which ones to settle.

use super::{Pending, Store, StoreError, Unpaid, session::Phase};
use openledger_primitives_core::{Balance, BlockNumber, ModelId};
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

/// A voucher that owes more than batches settled.
struct Owing {
	owed: Balance,
	/// The last block in which it can be settled, where that is known.
	until: Option<BlockNumber>,
	signed: SignedVoucher,
}

/// The first of those that owe: half of them end first, half owe the most.
fn first(mut due: Vec<Owing>, most: usize) -> Vec<SignedVoucher> {
	let session = |one: &Owing| one.signed.voucher.session;
	let ending = due.iter().filter(|one| one.until.is_some()).count();
	due.sort_by_key(|one| (one.until.is_none(), one.until, Reverse(one.owed), session(one)));
	let half = most.div_ceil(2).min(ending);
	if let Some(rest) = due.get_mut(half..) {
		rest.sort_by_key(|one| (Reverse(one.owed), session(one)));
	}
	due.into_iter().take(most).map(|one| one.signed).collect()
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
		let more = voucher.amount.saturating_sub(record.paid().amount);
		record.voucher = Some(signed);
		let accepted = Accepted { advanced: true, unpaid: record.unpaid() };
		let pending = self.put(session, &mut live, record, Vec::new(), accepted)?;
		live.unpaid.retain(|_, position| *position >= count);
		live.begun.paid(more);
		Ok(pending)
	}

	/// The vouchers of a model's sessions that owe more than batches settled, at most so many: one half is
	/// for those whose sessions end first, the other for those that owe the most.
	///
	/// A batch that was sent and is not yet known to be final leaves its vouchers here; the chain takes
	/// each once.
	///
	/// # Errors
	/// [`StoreError::Disk`], [`StoreError::Stopped`].
	pub fn due(&self, model: ModelId, most: usize) -> Result<Vec<SignedVoucher>, StoreError> {
		Ok(first(self.owing()?.remove(&model).unwrap_or_default(), most))
	}

	/// [`Store::due`] of every model that has any.
	///
	/// # Errors
	/// [`StoreError::Disk`], [`StoreError::Stopped`].
	pub fn all_due(
		&self,
		most: usize,
	) -> Result<BTreeMap<ModelId, Vec<SignedVoucher>>, StoreError> {
		Ok(self.owing()?.into_iter().map(|(model, due)| (model, first(due, most))).collect())
	}

	/// What vouchers owe beyond what batches settled, for each model, in the smallest unit of OPEN.
	///
	/// # Errors
	/// [`StoreError::Disk`], [`StoreError::Stopped`].
	pub fn owed(&self) -> Result<BTreeMap<ModelId, Balance>, StoreError> {
		let sum =
			|due: Vec<Owing>| due.iter().fold(0, |sum: Balance, one| sum.saturating_add(one.owed));
		Ok(self.owing()?.into_iter().map(|(model, due)| (model, sum(due))).collect())
	}

	fn owing(&self) -> Result<BTreeMap<ModelId, Vec<Owing>>, StoreError> {
		self.writer.check()?;
		let mut owing: BTreeMap<ModelId, Vec<Owing>> = BTreeMap::new();
		for live in self.sessions.read().values() {
			let live = live.lock();
			let record = &live.record;
			let Some(signed) = &record.voucher else { continue };
			let owed = signed.voucher.amount.saturating_sub(record.settled.amount);
			if owed > 0 && record.phase != Phase::Ended {
				let one = Owing { owed, until: live.until, signed: signed.clone() };
				owing.entry(record.terms.model).or_default().push(one);
			}
		}
		Ok(owing)
	}
}
