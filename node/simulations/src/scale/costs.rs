//! What calls and hooks take of blocks, as the example `settlement` of the node prints it.

use serde::{Deserialize, Serialize};

/// A weight that grows evenly with a number of things.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
	/// Picoseconds without any of them.
	pub fixed_ps: u64,
	/// Picoseconds for each.
	pub each_ps: u64,
	/// Whether it was measured, and not counted by hand.
	pub measured: bool,
}

impl Linear {
	/// Picoseconds for so many things.
	pub fn of(&self, count: u32) -> u64 {
		self.fixed_ps.saturating_add(self.each_ps.saturating_mul(count.into()))
	}

	/// Picoseconds of what comes singly.
	pub fn one(&self) -> u64 {
		self.of(1)
	}
}

/// Lengths of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bytes {
	/// Opening a session.
	pub open_session: u64,
	/// Ending one.
	pub close_session: u64,
	/// Committing a batch, without its vouchers.
	pub commit_fixed: u64,
	/// One voucher of it.
	pub commit_each: u64,
	/// Showing a drawn receipt with its claim, among others.
	pub reveal: u64,
	/// Pruning a batch.
	pub prune: u64,
	/// A verifier's commitment.
	pub audit_commit: u64,
	/// A verifier's finding.
	pub audit_reveal: u64,
}

/// Limits of blocks, and weights of all that settles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Costs {
	/// Picoseconds of a block.
	pub block_ps: u64,
	/// Of which transactions may take this much.
	pub normal_ps: u64,
	/// Bytes that they may take.
	pub normal_bytes: u64,
	/// Picoseconds of a block in which nothing is settled.
	pub empty_ps: u64,
	/// What every transaction takes beside its call.
	pub transaction_ps: u64,
	/// Opening a session.
	pub open_session: Linear,
	/// Ending one.
	pub close_session: Linear,
	/// Committing a batch of so many vouchers.
	pub commit: Linear,
	/// Showing so many drawn receipts together.
	pub reveal: Linear,
	/// Looking at a batch of so many vouchers, whatever comes of it.
	pub conclude: Linear,
	/// Pruning a batch with so many claims.
	pub prune: Linear,
	/// Making claims final, with the question whether they may be: what a batch's claims took.
	pub finalize: Linear,
	/// Drawing a committee.
	pub audit_draw: Linear,
	/// A verifier's commitment.
	pub audit_commit: Linear,
	/// A verifier's finding.
	pub audit_reveal: Linear,
	/// Lengths of transactions.
	pub bytes: Bytes,
}

impl Costs {
	/// The names of the weights that were counted by hand.
	pub fn counted(&self) -> Vec<&'static str> {
		let all = [
			("open_session", self.open_session),
			("close_session", self.close_session),
			("commit", self.commit),
			("reveal", self.reveal),
			("conclude", self.conclude),
			("prune", self.prune),
			("finalize", self.finalize),
			("audit_draw", self.audit_draw),
			("audit_commit", self.audit_commit),
			("audit_reveal", self.audit_reveal),
		];
		all.into_iter().filter(|(_, weight)| !weight.measured).map(|(name, _)| name).collect()
	}
}
