//! Batches on chain: what they took, and the receipts that they are asked for.

use super::{
	Contents, Pending, Store, StoreError,
	session::{Live, Mark},
	tables::{BatchRecord, Snapshot},
	writer::Write,
};
use codec::Encode;
use openledger_primitives_core::{Balance, BatchId, ModelId, SessionId};
use openledger_primitives_receipts::{Line, SignedReceipt, SumProof, batch, prove};
use parking_lot::{Mutex, MutexGuard};
use std::{collections::BTreeMap, sync::Arc};

/// The receipt that a unit of a batch lies in, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
	/// The receipt.
	pub signed: SignedReceipt,
	/// Its place in the tree of its line's voucher.
	pub proof: SumProof,
	/// Its claim, which [`claim`](super::claim()) reads.
	pub claim: Vec<u8>,
}

impl Store {
	/// Writes down that a batch on chain took these lines. A batch that is known changes nothing; so after
	/// a restart all that are open on chain of this operator's can be told again, in order. One that comes
	/// after later ones is written down while its receipts are there: draws fall into it all the same.
	///
	/// # Errors
	/// [`StoreError::OtherBatch`], [`StoreError::NoSession`], [`StoreError::OutOfOrder`],
	/// [`StoreError::ForeignTree`], [`StoreError::Pruned`] where what it took is dropped,
	/// [`StoreError::Busy`]. Nothing has changed then. Reads from disk.
	pub fn committed(
		&self,
		id: BatchId,
		model: ModelId,
		mut lines: Vec<Line>,
	) -> Result<Pending<()>, StoreError> {
		self.writer.check()?;
		let mut batches = self.batches.lock();
		if let Some(known) = batches.get(&id) {
			return match (BatchRecord { model, lines }) == *known {
				true => Ok(Pending::done(())),
				false => Err(StoreError::OtherBatch(id)),
			};
		}
		// Of one that is over the chain has no lines left.
		if lines.is_empty() {
			return Ok(Pending::done(()));
		}
		let record = BatchRecord { model, lines: lines.clone() };
		lines.sort_unstable_by_key(|line| line.session);
		let shared: Vec<(Line, Arc<Mutex<Live>>)> = lines
			.into_iter()
			.map(|line| Ok((line, self.session(line.session)?)))
			.collect::<Result<_, StoreError>>()?;
		if shared.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a.session == b.session))
		{
			return Err(StoreError::OtherBatch(id));
		}
		let mut sessions: Vec<(Line, MutexGuard<'_, Live>)> =
			shared.iter().map(|(line, live)| (*line, live.lock())).collect();
		let mut writes = vec![Write::Batch(id, record.encode())];
		let mut marks = Vec::with_capacity(sessions.len());
		for (line, live) in &sessions {
			let (from, settled) =
				(Mark { count: line.first, amount: line.from }, live.record.settled);
			let is_late = line.count <= settled.count;
			if !is_late && from != settled || line.count <= line.first {
				return Err(StoreError::OutOfOrder { batch: id, session: line.session });
			}
			if line.first < live.record.pruned {
				let (session, kept) = (line.session, live.record.pruned);
				return Err(StoreError::Pruned { session, kept });
			}
			let root = self.root(line.session, &live.record, line.count)?;
			if root.is_none_or(|root| root.hash != line.root || root.sum != line.to) {
				let (session, count) = (line.session, line.count);
				return Err(StoreError::ForeignTree { session, count });
			}
			let mut after = live.record.clone();
			if !is_late {
				after.settled = Mark { count: line.count, amount: line.to };
			}
			writes.push(after.write(line.session));
			marks.push(after);
		}
		let pending = self.writer.push(writes, ())?;
		for ((line, live), after) in sessions.iter_mut().zip(marks) {
			live.record = after;
			let count = line.count;
			live.unpaid.retain(|_, position| *position >= count);
		}
		batches.insert(id, record);
		Ok(pending)
	}

	/// Writes down that batches which were over before the store was told of them took a session's first
	/// `count` receipts, which cost `amount` in the smallest unit of OPEN. It is where the line of a
	/// later batch begins, once nothing before it can be asked for any more; what is settled already
	/// changes nothing.
	///
	/// # Errors
	/// [`StoreError::NoSession`], [`StoreError::ForeignTree`], [`StoreError::Busy`]. Reads from disk.
	pub fn passed(
		&self,
		session: SessionId,
		count: u32,
		amount: Balance,
	) -> Result<Pending<()>, StoreError> {
		let live = self.session(session)?;
		let mut live = live.lock();
		if count <= live.record.settled.count {
			return Ok(Pending::done(()));
		}
		let root = self.root(session, &live.record, count)?;
		if root.is_none_or(|root| root.sum != amount) {
			return Err(StoreError::ForeignTree { session, count });
		}
		let mut record = live.record.clone();
		record.settled = Mark { count, amount };
		let pending = self.put(session, &mut live, record, Vec::new(), ())?;
		live.unpaid.retain(|_, position| *position >= count);
		Ok(pending)
	}

	/// The batches that are not final, each with its model and its units.
	pub fn batches(&self) -> BTreeMap<BatchId, (ModelId, Balance)> {
		let total = |record: &BatchRecord| batch::total(&record.lines).unwrap_or(Balance::MAX);
		self.batches
			.lock()
			.iter()
			.map(|(id, record)| (*id, (record.model, total(record))))
			.collect()
	}

	/// The receipt that `unit` of a batch lies in, with the proof and the claim to show. Reads from
	/// disk.
	///
	/// # Errors
	/// [`StoreError::NoBatch`], [`StoreError::NoUnit`], [`StoreError::Damaged`].
	pub fn reveal(&self, id: BatchId, unit: Balance) -> Result<Revealed, StoreError> {
		self.writer.check()?;
		let record = self.batches.lock().get(&id).cloned().ok_or(StoreError::NoBatch(id))?;
		let (line, own) =
			batch::find(&record.lines, unit).ok_or(StoreError::NoUnit { batch: id, unit })?;
		let snapshot = Snapshot::of(&self.database)?;
		let missing = StoreError::Damaged("a receipt of an open batch is missing");
		let node = |level, index| {
			snapshot.node(line.session, level, index)?.ok_or_else(|| missing.clone())
		};
		let (position, _) = prove::find(line.count, own, node)?.ok_or_else(|| missing.clone())?;
		let proof = prove::prove(line.count, position, node)?.ok_or_else(|| missing.clone())?;
		let next = position.saturating_add(1);
		let signed = snapshot.receipts(line.session, position..next)?.pop();
		let signed = signed.ok_or_else(|| missing.clone())?;
		if !line.interval(&signed.receipt, &proof).is_some_and(|units| units.contains(&own)) {
			return Err(StoreError::Damaged("a receipt is not in its session's tree"));
		}
		let sealed = snapshot.contents(line.session, position)?.ok_or(missing)?;
		let claim = self.sealer.unseal(line.session, position, &sealed)?.claim;
		Ok(Revealed { signed, proof, claim })
	}

	/// What was asked and answered behind a receipt, as drawn verifiers need it. Reads from disk.
	///
	/// # Errors
	/// [`StoreError::NoSession`], [`StoreError::Ahead`], [`StoreError::Pruned`],
	/// [`StoreError::Damaged`].
	pub fn contents(&self, session: SessionId, position: u32) -> Result<Contents, StoreError> {
		let live = self.session(session)?;
		let (held, kept) = {
			let live = live.lock();
			(live.record.tree.count(), live.record.pruned)
		};
		if position >= held {
			let count = position.saturating_add(1);
			return Err(StoreError::Ahead { session, count, held });
		}
		if position < kept {
			return Err(StoreError::Pruned { session, kept });
		}
		let sealed = Snapshot::of(&self.database)?
			.contents(session, position)?
			.ok_or(StoreError::Damaged("contents are missing"))?;
		self.sealer.unseal(session, position, &sealed)
	}

	/// Writes down that a batch is final: every draw is paid, given back or missed, and no audit can
	/// ask for its receipts any more. One that is not known changes nothing.
	///
	/// # Errors
	/// [`StoreError::Busy`].
	pub fn finalised(&self, id: BatchId) -> Result<Pending<()>, StoreError> {
		self.writer.check()?;
		let mut batches = self.batches.lock();
		if !batches.contains_key(&id) {
			return Ok(Pending::done(()));
		}
		let pending = self.writer.push(vec![Write::Final(id)], ())?;
		batches.remove(&id);
		Ok(pending)
	}
}
