//! What is kept of one session.

use super::{Pending, Store, StoreError, given_up::Begun, tables::Snapshot, writer::Write};
use crate::Access;
use codec::{Decode, Encode};
use openledger_primitives_core::{Balance, BlockNumber, Hash, ModelId, SessionId, model::Price};
use openledger_primitives_receipts::{SignedVoucher, SumFrontier, prove};
use sp_core::crypto::AccountId32;
use std::collections::HashMap;

/// A session as the chain has it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Terms {
	/// Who asks and pays.
	pub payer: AccountId32,
	/// Whose key signs vouchers.
	pub signer: AccountId32,
	/// The model version.
	pub model: ModelId,
	/// What answers cost.
	pub price: Price,
	/// All that was ever put into it, in the smallest unit of OPEN: what it has left on chain, and
	/// what batches settled.
	pub escrow: Balance,
}

/// What a session's payer has not signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpaid {
	/// Receipts beyond the last voucher, and beyond what batches settled.
	pub receipts: u32,
	/// Their fees, in the smallest unit of OPEN.
	pub amount: Balance,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Phase {
	/// Answers are given.
	Open,
	/// No more answers; vouchers are taken and settled.
	Closed,
	/// The chain pays nothing more.
	Ended,
}

/// So many receipts, for so much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Mark {
	pub(super) count: u32,
	pub(super) amount: Balance,
}

/// A session on disk.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Record {
	pub(super) terms: Terms,
	pub(super) phase: Phase,
	pub(super) tree: SumFrontier,
	pub(super) voucher: Option<SignedVoucher>,
	/// What batches took.
	pub(super) settled: Mark,
	/// The receipts before this one were dropped.
	pub(super) pruned: u32,
}

impl Record {
	pub(super) fn new(terms: Terms) -> Self {
		Self {
			terms,
			phase: Phase::Open,
			tree: SumFrontier::default(),
			voucher: None,
			settled: Mark::default(),
			pruned: 0,
		}
	}

	pub(super) fn write(&self, session: SessionId) -> Write {
		Write::Session(session, self.encode())
	}

	/// What the payer signed for. A batch may have settled a voucher that a crash kept from the disk.
	pub(super) fn paid(&self) -> Mark {
		let signed = self.voucher.as_ref().map_or(Mark::default(), |signed| Mark {
			count: signed.voucher.count,
			amount: signed.voucher.amount,
		});
		if signed.count > self.settled.count { signed } else { self.settled }
	}

	pub(super) fn unpaid(&self) -> Unpaid {
		let paid = self.paid();
		Unpaid {
			receipts: self.tree.count().saturating_sub(paid.count),
			amount: self.tree.sum().saturating_sub(paid.amount),
		}
	}
}

/// A session at work: its record, and what answers under way need.
pub(super) struct Live {
	pub(super) record: Record,
	/// The commitments of what was asked behind receipts that are not paid.
	pub(super) unpaid: HashMap<Hash, u32>,
	/// Answers under way: what was asked, and the most that each may cost.
	pub(super) under_way: HashMap<Hash, Balance>,
	/// Questions that were given up once their answers were begun.
	pub(super) begun: Begun,
	/// The last block in which its vouchers can be settled, where that is known.
	pub(super) until: Option<BlockNumber>,
	/// Whether it was dropped from the store, and nothing may be written of it.
	pub(super) gone: bool,
	/// The access that was checked last.
	access: Option<Access>,
}

impl Live {
	pub(super) fn new(record: Record) -> Self {
		Self {
			record,
			unpaid: HashMap::new(),
			under_way: HashMap::new(),
			begun: Begun::default(),
			until: None,
			gone: false,
			access: None,
		}
	}

	/// A session from disk, whose tree has to be the one that its subtrees make.
	pub(super) fn load(
		session: SessionId,
		record: Record,
		snapshot: &Snapshot,
	) -> Result<Self, StoreError> {
		let count = record.tree.count();
		let root = prove::root(count, |level, index| {
			snapshot
				.node(session, level, index)?
				.ok_or(StoreError::Damaged("a subtree of a session is missing"))
		})?;
		if root != Some(record.tree.root()) {
			return Err(StoreError::Damaged("a session's subtrees are not those of its tree"));
		}
		let paid = record.paid().count.max(record.pruned);
		let unpaid: HashMap<Hash, u32> = snapshot
			.receipts(session, paid..count)?
			.into_iter()
			.map(|signed| (signed.receipt.input, signed.receipt.position))
			.collect();
		if unpaid.len() != count.saturating_sub(paid) as usize {
			return Err(StoreError::Damaged("a receipt of a session is missing"));
		}
		Ok(Self { unpaid, ..Self::new(record) })
	}
}

impl Store {
	/// The session that `access` opens. A signature is checked once and then remembered.
	///
	/// # Errors
	/// [`StoreError::NoSession`], [`StoreError::NoAccess`].
	pub fn authorise(&self, access: &Access) -> Result<SessionId, StoreError> {
		let live = self.session(access.session)?;
		let mut live = live.lock();
		if live.access.as_ref() != Some(access) {
			if !access.verify(&self.genesis, &live.record.terms.signer) {
				return Err(StoreError::NoAccess(access.session));
			}
			live.access = Some(access.clone());
		}
		Ok(access.session)
	}

	/// What the payer has not signed for.
	///
	/// # Errors
	/// [`StoreError::NoSession`].
	pub fn unpaid(&self, session: SessionId) -> Result<Unpaid, StoreError> {
		Ok(self.session(session)?.lock().record.unpaid())
	}

	/// Has the vouchers of a session settled with regard to the last block in which they can be.
	///
	/// # Errors
	/// [`StoreError::NoSession`].
	pub fn lasts(&self, session: SessionId, until: BlockNumber) -> Result<(), StoreError> {
		self.session(session)?.lock().until = Some(until);
		Ok(())
	}

	/// Gives no more answers in a session, as once its payer closes it or it nears its last block.
	/// Vouchers are still taken.
	///
	/// # Errors
	/// [`StoreError::NoSession`].
	pub fn close(&self, session: SessionId) -> Result<Pending<()>, StoreError> {
		self.move_to(session, Phase::Closed)
	}

	/// Writes down that the chain pays nothing more for a session. What is left of it goes with
	/// [`Store::prune`], once its batches are final.
	///
	/// # Errors
	/// [`StoreError::NoSession`].
	pub fn end(&self, session: SessionId) -> Result<Pending<()>, StoreError> {
		self.move_to(session, Phase::Ended)
	}

	fn move_to(&self, session: SessionId, phase: Phase) -> Result<Pending<()>, StoreError> {
		let live = self.session(session)?;
		let mut live = live.lock();
		let mut record = live.record.clone();
		if phase == Phase::Ended || record.phase == Phase::Open {
			record.phase = phase;
		}
		self.put(session, &mut live, record, Vec::new(), ())
	}
}
