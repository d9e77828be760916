//! Blocks that settle: transactions in the order in which they come, hooks in what is left.

use super::costs::Costs;
use serde::Serialize;
use std::collections::VecDeque;

/// What fills blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
	/// Opening a session.
	Open,
	/// Ending one.
	Close,
	/// Committing a batch.
	Commit,
	/// Looking at a batch that waits for its seed.
	Look,
	/// Showing some drawn receipts together.
	Reveal,
	/// Looking at a claim whose time has come, and making it final if it may be.
	Finality,
	/// Drawing the committee that executes an answer again.
	Committee,
	/// A verifier's commitment.
	AuditCommit,
	/// A verifier's finding.
	AuditReveal,
	/// Concluding a batch.
	Conclude,
	/// Pruning one.
	Prune,
}

impl Kind {
	/// All of them, in order.
	pub const ALL: [Self; 11] = [
		Self::Open,
		Self::Close,
		Self::Commit,
		Self::Look,
		Self::Reveal,
		Self::Finality,
		Self::Committee,
		Self::AuditCommit,
		Self::AuditReveal,
		Self::Conclude,
		Self::Prune,
	];

	/// Whether hooks do it.
	pub fn is_hook(self) -> bool {
		matches!(self, Self::Look | Self::Finality | Self::Committee | Self::Conclude)
	}

	/// Picoseconds and bytes, for a batch of `vouchers` of which `shown` receipts are shown, `together` in
	/// this transaction.
	pub fn takes(self, costs: &Costs, vouchers: u32, shown: u32, together: u32) -> (u64, u64) {
		let bytes = &costs.bytes;
		let (time, length) = match self {
			Self::Open => (costs.open_session.one(), bytes.open_session),
			Self::Close => (costs.close_session.one(), bytes.close_session),
			Self::Commit => (
				costs.commit.of(vouchers),
				bytes.commit_fixed + bytes.commit_each * u64::from(vouchers),
			),
			Self::Reveal => (costs.reveal.of(together), bytes.reveal * u64::from(together)),
			Self::AuditCommit => (costs.audit_commit.one(), bytes.audit_commit),
			Self::AuditReveal => (costs.audit_reveal.one(), bytes.audit_reveal),
			Self::Prune => (costs.prune.of(shown), bytes.prune),
			// Only the last look at a batch touches its sessions.
			Self::Look => return (costs.conclude.of(0), 0),
			Self::Conclude => return (costs.conclude.of(vouchers), 0),
			Self::Committee => return (costs.audit_draw.one(), 0),
			Self::Finality => return (costs.finalize.one(), 0),
		};
		(time + costs.transaction_ps, length)
	}
}

/// Something to do in a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
	/// What.
	pub kind: Kind,
	/// For which batch.
	pub batch: u32,
	/// For which of its claims, where it is about one.
	pub claim: u16,
	/// Picoseconds.
	pub time_ps: u64,
	/// Bytes.
	pub bytes: u64,
}

/// How full blocks were.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Filled {
	/// Blocks.
	pub blocks: u64,
	/// Picoseconds of all work, by [`Kind::ALL`].
	pub time_ps: [u64; Kind::ALL.len()],
	/// How much of it there was, by [`Kind::ALL`].
	pub count: [u64; Kind::ALL.len()],
	/// Bytes of transactions.
	pub bytes: u64,
	/// Blocks in which transactions had to wait for a later one.
	pub full: u64,
	/// Blocks in which hooks had to.
	pub full_of_hooks: u64,
	/// The most picoseconds in one block.
	pub most_ps: u64,
	/// The most bytes in one block.
	pub most_bytes: u64,
}

/// What waits for blocks.
#[derive(Default)]
pub struct Waiting {
	transactions: VecDeque<Work>,
	hooks: VecDeque<Work>,
}

impl Waiting {
	/// Adds work.
	pub fn push(&mut self, work: Work) {
		if work.kind.is_hook() {
			self.hooks.push_back(work);
		} else {
			self.transactions.push_back(work);
		}
	}

	/// How much is left.
	pub fn len(&self) -> usize {
		self.transactions.len() + self.hooks.len()
	}

	/// Whether nothing is.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// One block: as many transactions as fit in what they may take, and as much of the hooks' work as
	/// fits in the rest, of which at most `most_claims` is about claims.
	pub fn block(&mut self, costs: &Costs, most_claims: u32, filled: &mut Filled) -> Vec<Work> {
		let (mut done, mut normal_ps, mut bytes) = (Vec::new(), 0, 0);
		while let Some(next) = self.transactions.front().copied() {
			let fits = normal_ps + next.time_ps <= costs.normal_ps
				&& bytes + next.bytes <= costs.normal_bytes;
			if !fits {
				filled.full += 1;
				break;
			}
			(normal_ps, bytes) = (normal_ps + next.time_ps, bytes + next.bytes);
			done.push(next);
			self.transactions.pop_front();
		}
		let mut block_ps = costs.empty_ps + normal_ps;
		let mut claims = 0;
		while let Some(next) = self.hooks.front().copied() {
			claims += u32::from(next.kind == Kind::Finality);
			if block_ps + next.time_ps > costs.block_ps || claims > most_claims {
				filled.full_of_hooks += 1;
				break;
			}
			block_ps += next.time_ps;
			done.push(next);
			self.hooks.pop_front();
		}
		for work in &done {
			filled.time_ps[work.kind as usize] += work.time_ps;
			filled.count[work.kind as usize] += 1;
		}
		filled.blocks += 1;
		filled.bytes += bytes;
		filled.most_ps = filled.most_ps.max(block_ps);
		filled.most_bytes = filled.most_bytes.max(bytes);
		done
	}
}
