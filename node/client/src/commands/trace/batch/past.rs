//! Batches that their operators have pruned, found in the states of blocks that had them.
//!
//! What the batches of a session cover only grows, batches are numbered in order, and one that was removed does
//! not come back. So each question here has the answer no up to some block and yes from there on, and halving
//! finds that block: of a million blocks some forty are asked for their states, and no block in between is read
//! for its events. Of blocks before the session's opening only a counter is read, which runtimes that knew no
//! sessions, or other ones, have no say in.

use super::{Batch, Whole};
use crate::{
	chain::{Chain, Kept, kept},
	session::ledger::Info,
};
use anyhow::{Context, Result};
use codec::{Decode, Encode};
use indicatif::ProgressBar;
use openledger_primitives_api::LineInfo;
use openledger_primitives_core::{BatchId, BlockNumber, SessionId};

/// The states of past blocks, as far as one node keeps them.
pub(super) trait History {
	/// The number of the next session.
	async fn next_session(&self, at: BlockNumber) -> Result<Kept<SessionId>>;
	/// One session, until it ended and its batches are concluded.
	async fn session(&self, at: BlockNumber, session: SessionId) -> Result<Kept<Option<Info>>>;
	/// The number of the next batch.
	async fn next_batch(&self, at: BlockNumber) -> Result<Kept<BatchId>>;
	/// One batch, until it is pruned.
	async fn batch(&self, at: BlockNumber, batch: BatchId) -> Result<Kept<Option<Batch>>>;
}

/// The history that a node tells.
pub(super) struct OnNode<'a> {
	chain: &'a Chain,
	next_session: Vec<u8>,
	next_batch: Vec<u8>,
}

impl<'a> OnNode<'a> {
	/// Of the node that is connected to.
	pub async fn new(chain: &'a Chain) -> Result<Self> {
		let next_session = chain.key("Receipts", "NextSession").await?;
		let next_batch = chain.key("Receipts", "NextBatch").await?;
		Ok(Self { chain, next_session, next_batch })
	}

	async fn counter<T: Decode + Default>(&self, at: BlockNumber, key: &[u8]) -> Result<Kept<T>> {
		let Some(block) = self.chain.block_at(at).await? else { return Ok(None) };
		kept(self.chain.counter_at(block, key).await)
			.with_context(|| format!("can't read the state of block {at}"))
	}

	async fn api<T: Decode>(
		&self,
		at: BlockNumber,
		function: &str,
		argument: impl Encode,
	) -> Result<Kept<T>> {
		let Some(block) = self.chain.block_at(at).await? else { return Ok(None) };
		kept(self.chain.api_at(block, function, argument).await)
			.with_context(|| format!("can't read the state of block {at}"))
	}
}

impl History for OnNode<'_> {
	async fn next_session(&self, at: BlockNumber) -> Result<Kept<SessionId>> {
		self.counter(at, &self.next_session).await
	}

	async fn session(&self, at: BlockNumber, session: SessionId) -> Result<Kept<Option<Info>>> {
		self.api(at, "session", session).await
	}

	async fn next_batch(&self, at: BlockNumber) -> Result<Kept<BatchId>> {
		self.counter(at, &self.next_batch).await
	}

	async fn batch(&self, at: BlockNumber, batch: BatchId) -> Result<Kept<Option<Batch>>> {
		self.api(at, "batch", batch).await
	}
}

/// What a search comes to.
pub(super) enum Sought {
	/// The batch.
	Found(Box<Whole>),
	/// It is older than this block, the first one that the node keeps the state of.
	Forgotten(BlockNumber),
	/// There never was one.
	Never,
}

/// A search through the blocks from the first one to `best`.
pub(super) struct Search<'a, H> {
	pub history: &'a H,
	pub best: BlockNumber,
	/// Told of each state that was asked for.
	pub bar: &'a ProgressBar,
}

/// The most states that are asked for between the first block and another one, for both ends of a batch.
pub(super) fn most(best: BlockNumber) -> u64 {
	2 * u64::from(BlockNumber::BITS - best.leading_zeros())
}

impl<H: History> Search<'_, H> {
	/// The first block after `no` for which the answer is yes, as it is for `yes`; an error is the first block
	/// that the node keeps, where the answer is yes from that one on at least.
	async fn first(
		&self,
		mut no: BlockNumber,
		mut yes: BlockNumber,
		ask: impl AsyncFn(BlockNumber) -> Result<Kept<bool>>,
	) -> Result<Result<BlockNumber, BlockNumber>> {
		let mut is_known = true;
		while yes.saturating_sub(no) > 1 {
			let middle = no + (yes - no) / 2;
			self.bar.inc(1);
			match ask(middle).await? {
				Some(true) => yes = middle,
				// A node that does not keep one state keeps none of earlier ones.
				answer => (no, is_known) = (middle, answer.is_some()),
			}
		}
		Ok(if is_known { Ok(yes) } else { Err(yes) })
	}

	/// The batch that a receipt is settled by.
	pub async fn receipt(&self, session: SessionId, receipt: u32) -> Result<Sought> {
		let is_settled = async |at| {
			let Some(next) = self.history.next_session(at).await? else { return Ok(None) };
			if next <= session {
				return Ok(Some(false));
			}
			let there = self.history.session(at, session).await?;
			// One that is removed has no batches to come.
			Ok(there.map(|there| there.is_none_or(|info| info.receipts > receipt)))
		};
		if is_settled(self.best).await? == Some(false) {
			return Ok(Sought::Never);
		}
		let committed = match self.first(0, self.best, is_settled).await? {
			Ok(committed) => committed,
			Err(kept) => return Ok(Sought::Forgotten(kept)),
		};
		let before = self.history.next_batch(committed.saturating_sub(1)).await?;
		let (Some(first), Some(next)) = (before, self.history.next_batch(committed).await?) else {
			return Ok(Sought::Forgotten(committed));
		};
		for id in first..next {
			let Some(Some(batch)) = self.history.batch(committed, id).await? else { continue };
			let covers = |line: &LineInfo| {
				line.session == session && (line.first..line.count).contains(&receipt)
			};
			if batch.lines.iter().any(covers) {
				return self.until(batch, committed).await;
			}
		}
		Ok(Sought::Never)
	}

	/// The batch of a number.
	pub async fn number(&self, id: BatchId) -> Result<Sought> {
		let is_there = async |at| {
			let next = self.history.next_batch(at).await?;
			Ok(next.map(|next| next > id))
		};
		if is_there(self.best).await? == Some(false) {
			return Ok(Sought::Never);
		}
		let committed = match self.first(0, self.best, is_there).await? {
			Ok(committed) => committed,
			Err(kept) => return Ok(Sought::Forgotten(kept)),
		};
		match self.history.batch(committed, id).await? {
			Some(Some(batch)) => self.until(batch, committed).await,
			Some(None) => Ok(Sought::Never),
			None => Ok(Sought::Forgotten(committed)),
		}
	}

	/// Follows a batch, as it was committed, to the last block that has it.
	async fn until(&self, committed: Batch, at: BlockNumber) -> Result<Sought> {
		let id = committed.id;
		let is_gone = async |at| {
			let there = self.history.batch(at, id).await?;
			Ok(there.as_ref().map(Option::is_none))
		};
		let until = match is_gone(self.best).await? {
			Some(true) => self.first(at, self.best, is_gone).await?.map(|gone| gone - 1),
			_ => Ok(self.best),
		};
		let until = match until {
			Ok(until) => until,
			Err(kept) => return Ok(Sought::Forgotten(kept)),
		};
		let Some(Some(batch)) = self.history.batch(until, id).await? else {
			return Ok(Sought::Forgotten(until));
		};
		let pruned_after = (until < self.best).then_some(until);
		Ok(Sought::Found(Box::new(Whole { batch, lines: committed.lines, pruned_after })))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::commands::trace::batch::tests::{batch, covered, own};
	use openledger_primitives_core::Hash;
	use std::cell::Cell;

	const BEST: BlockNumber = 1_000_000;

	/// When it was committed and when pruned, and which receipts of session 3 it covers.
	type Times = (BlockNumber, BlockNumber, Option<(u32, u32)>);

	/// A node and a chain on which session 3 was opened in block 500,000 and removed in block 500,900.
	struct Told {
		/// The first block whose state it keeps.
		keeps: BlockNumber,
		batches: Vec<Times>,
		asked: Cell<u32>,
	}

	fn told(keeps: BlockNumber) -> Told {
		let batches = vec![
			(400_000, 400_700, None),
			(500_100, 500_800, Some((0, 4))),
			(500_200, 500_830, None),
			(500_200, 500_850, Some((4, 9))),
			(900_000, 900_700, None),
		];
		Told { keeps, batches, asked: Cell::new(0) }
	}

	impl Told {
		fn kept<T>(&self, at: BlockNumber, value: T) -> Result<Kept<T>> {
			self.asked.set(self.asked.get() + 1);
			Ok((at >= self.keeps).then_some(value))
		}
	}

	impl History for Told {
		async fn next_session(&self, at: BlockNumber) -> Result<Kept<SessionId>> {
			self.kept(at, if at < 500_000 { 3 } else { 4 })
		}

		async fn session(&self, at: BlockNumber, session: SessionId) -> Result<Kept<Option<Info>>> {
			let mine = self.batches.iter().filter(|(committed, ..)| *committed <= at);
			let receipts = mine.filter_map(|(.., places)| *places).map(|(_, count)| count).max();
			let info = Info { id: session, ..covered(receipts.unwrap_or(0)) };
			self.kept(at, (500_000..500_900).contains(&at).then_some(info))
		}

		async fn next_batch(&self, at: BlockNumber) -> Result<Kept<BatchId>> {
			let before = self.batches.iter().filter(|(committed, ..)| *committed <= at);
			self.kept(at, before.count() as BatchId)
		}

		async fn batch(&self, at: BlockNumber, id: BatchId) -> Result<Kept<Option<Batch>>> {
			let (committed, pruned, places) = self.batches[id as usize];
			let concluded = at >= committed + 50;
			let line = |session, (first, count)| LineInfo { first, count, ..own(session, 0, 80) };
			let lines = match places {
				_ if concluded => Vec::new(),
				Some(places) => vec![line(2, (0, 9)), line(3, places)],
				None => vec![line(2, (0, 9))],
			};
			let seed = concluded.then_some(Hash::repeat_byte(3));
			let there =
				Batch { id, committed_at: committed, concluded, seed, lines, ..batch(80, 4) };
			self.kept(at, (committed..pruned).contains(&at).then_some(there))
		}
	}

	async fn receipt(told: &Told, receipt: u32) -> Sought {
		let search = Search { history: told, best: BEST, bar: &ProgressBar::hidden() };
		search.receipt(3, receipt).await.unwrap()
	}

	async fn number(told: &Told, id: BatchId) -> Sought {
		let search = Search { history: told, best: BEST, bar: &ProgressBar::hidden() };
		search.number(id).await.unwrap()
	}

	fn found(sought: Sought) -> Whole {
		match sought {
			Sought::Found(whole) => *whole,
			Sought::Forgotten(kept) => panic!("forgotten before {kept}"),
			Sought::Never => panic!("never there"),
		}
	}

	#[tokio::test]
	async fn receipt_is_followed_to_its_batch_as_it_was_before_it_was_pruned() {
		let told = told(0);
		for (place, id, until) in
			[(0, 1, 500_799), (3, 1, 500_799), (4, 3, 500_849), (8, 3, 500_849)]
		{
			let whole = found(receipt(&told, place).await);
			assert_eq!((whole.batch.id, whole.pruned_after), (id, Some(until)), "receipt {place}");
			assert!(whole.batch.concluded && whole.batch.seed.is_some());
			assert_eq!(whole.lines[1].session, 3);
		}
		// Two questions for each block, and some for the batches of one.
		assert!(u64::from(told.asked.get()) < 4 * (2 * most(BEST) + 10), "{}", told.asked.get());
	}

	#[tokio::test]
	async fn batch_is_followed_by_its_number() {
		let told = told(0);
		for (id, until) in [(0, 400_699), (2, 500_829), (4, 900_699)] {
			let whole = found(number(&told, id).await);
			assert_eq!((whole.batch.id, whole.pruned_after), (id, Some(until)));
			assert_eq!(whole.lines[0].session, 2);
		}
		assert!(matches!(number(&told, 5).await, Sought::Never));
	}

	#[tokio::test]
	async fn receipt_of_a_session_that_ended_without_settling_it_has_no_batch() {
		assert!(matches!(receipt(&told(0), 9).await, Sought::Never));
		let later = told(0);
		let search = Search { history: &later, best: BEST, bar: &ProgressBar::hidden() };
		assert!(matches!(search.receipt(4, 0).await.unwrap(), Sought::Never));
	}

	#[tokio::test]
	async fn node_that_keeps_no_state_of_then_says_from_where_on_it_does() {
		for keeps in [500_101, 500_500, BEST - 256] {
			let forgotten = receipt(&told(keeps), 0).await;
			assert!(matches!(forgotten, Sought::Forgotten(kept) if kept == keeps), "{keeps}");
		}
		assert!(matches!(number(&told(900_500), 4).await, Sought::Forgotten(900_500)));
		// What came before the batch is not needed but for the block before it.
		assert_eq!(found(receipt(&told(500_199), 4).await).batch.id, 3);
		assert!(matches!(receipt(&told(500_200), 4).await, Sought::Forgotten(500_200)));
	}

	#[tokio::test]
	async fn batch_that_is_there_still_is_not_pruned() {
		let mut told = told(0);
		told.batches[4].1 = BEST + 1;
		assert_eq!(found(number(&told, 4).await).pruned_after, None);
	}
}
