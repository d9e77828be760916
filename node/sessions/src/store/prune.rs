//! Dropping what nobody can ask for any more.

use super::{
	Pending, Store, StoreError,
	session::{Live, Phase},
	writer::Write,
};
use openledger_primitives_core::SessionId;
use parking_lot::Mutex;
use std::sync::Arc;

impl Store {
	/// Drops up to `most` receipts with their contents: those that batches settled and that no batch
	/// needs which is not final; and all of a session that ended, once none of its batches is open.
	/// Answers with how many were dropped: fewer than `most` means that nothing else is left to drop.
	///
	/// What proofs for later receipts need stays: O(log n) subtrees of each session. The file does not
	/// shrink; its room is used again. Other changes wait while a call is written, so `most` is best a
	/// few thousand.
	///
	/// # Errors
	/// [`StoreError::Busy`], [`StoreError::Disk`], [`StoreError::Stopped`].
	pub fn prune(&self, most: u32) -> Result<Pending<u32>, StoreError> {
		self.writer.check()?;
		// Held to the end, so that no batch comes to need what is dropped.
		let batches = self.batches.lock();
		let first_needed = |session: SessionId| {
			let lines = batches.values().flat_map(|batch| &batch.lines);
			lines.filter(|line| line.session == session).map(|line| line.first).min()
		};
		let mut sessions = self.sessions.write();
		let mut shared: Vec<(SessionId, Arc<Mutex<Live>>)> =
			sessions.iter().map(|(session, live)| (*session, live.clone())).collect();
		shared.sort_unstable_by_key(|(session, _)| *session);
		let mut left = most;
		let mut writes = Vec::new();
		let mut changed = Vec::new();
		for (session, live) in &shared {
			let live = live.lock();
			let record = &live.record;
			let (from, needed) = (record.pruned, first_needed(*session));
			let settled = match record.phase {
				Phase::Ended => record.tree.count(),
				_ => record.settled.count,
			};
			let end = settled.min(needed.unwrap_or(u32::MAX)).max(from);
			let to = end.min(from.saturating_add(left));
			let over = record.phase == Phase::Ended && needed.is_none() && to == end;
			if to > from {
				left = left.saturating_sub(to.saturating_sub(from));
				writes.push(Write::Prune { session: *session, from, to });
			}
			if over {
				writes.push(Write::Forget(*session));
			} else if to > from {
				let mut after = record.clone();
				after.pruned = to;
				writes.push(after.write(*session));
			} else {
				continue;
			}
			// Locked until the change is queued: one that is queued before it may not be undone by it.
			changed.push((*session, live, to, over));
		}
		let dropped = most.saturating_sub(left);
		if writes.is_empty() {
			return Ok(Pending::done(dropped));
		}
		let pending = self.writer.push(writes, dropped)?;
		for (session, mut live, to, over) in changed {
			live.record.pruned = to;
			live.gone = over;
			if over {
				sessions.remove(&session);
			}
		}
		Ok(pending)
	}
}

#[cfg(test)]
impl Store {
	/// How many subtrees of a session are on disk.
	pub(crate) fn count_nodes(&self, session: SessionId) -> usize {
		use super::tables::NODES;
		use redb::ReadableDatabase;
		let transaction = self.database.begin_read().unwrap();
		let table = transaction.open_table(NODES).unwrap();
		table.range((session, 0, 0)..=(session, u32::MAX, u32::MAX)).unwrap().count()
	}
}
