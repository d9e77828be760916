//! What the off-chain worker asks of the store of receipts.

use std::sync::Arc;

use openledger_primitives_api::LineInfo;
use openledger_primitives_core::{Balance, BatchId, SessionId};
use openledger_primitives_inference::{
	Failure, Response,
	receipts::{Owed, Shown},
};
use openledger_primitives_receipts::Line;
use openledger_sessions::{
	StoreError,
	store::{self, Revealed},
};
use sp_core::crypto::AccountId32;

use super::{
	Sessions,
	chain::{At, ChainError},
};

/// Why a command is not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undone {
	/// The batch is not in final state, or not any more.
	#[error("the batch is not in final state")]
	NotFinal,
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error(transparent)]
	Store(#[from] StoreError),
	#[error("a claim in the store is not SCALE: {0}")]
	Claim(#[from] codec::Error),
}

impl Undone {
	fn failure(self) -> Failure {
		match self {
			Self::NotFinal => Failure::NotFinal,
			Self::Store(StoreError::Busy) => Failure::Busy,
			Self::Store(StoreError::NoBatch(_)) => Failure::Unknown,
			Self::Chain(_) | Self::Store(_) | Self::Claim(_) => {
				log::error!("sessions: {self}");
				Failure::Engine(self.to_string())
			}
		}
	}
}

fn line(info: &LineInfo) -> Line {
	let LineInfo { session, first, count, from, to, root } = *info;
	Line { session, first, count, from, to, root }
}

fn reply<T>(result: Result<T, Undone>, response: impl FnOnce(T) -> Response) -> Response {
	result.map_or_else(|undone| Response::Failed(undone.failure()), response)
}

impl Sessions {
	/// To `Command::Owed`.
	pub fn owed(&self, most: u32) -> Response {
		let most = usize::try_from(most).unwrap_or(usize::MAX);
		let all = || {
			let due = self.store.all_due(most)?.into_iter();
			let owed = due.filter(|(_, vouchers)| !vouchers.is_empty()).map(|(model, vouchers)| {
				let mut vouchers = vouchers;
				vouchers.sort_unstable_by_key(|signed| signed.voucher.session);
				Owed { model, vouchers }
			});
			Ok(owed.collect())
		};
		reply(all(), Response::Owed)
	}

	/// To `Command::Room`.
	pub fn mind(&self, agent: &AccountId32, room: Balance) -> Response {
		// The keystore may have keys of several operators, and the sessions are one's.
		if *agent == self.means.agent {
			self.store.mind(room);
		}
		Response::Noted
	}

	/// To `Command::Committed`.
	pub fn note(&self, batch: BatchId) -> Response {
		reply(self.committed(batch), |()| Response::Noted)
	}

	/// To `Command::Show`.
	pub fn show(&self, batch: BatchId, unit: Balance) -> Response {
		let shown = || {
			let Revealed { signed, proof, claim } = self.reveal(batch, unit)?;
			let claim = store::claim(&claim)?;
			Ok(Shown { receipt: signed.receipt, proof, claim })
		};
		reply(shown(), Response::Shown)
	}

	/// To `Command::Finalise`.
	pub fn finalise(self: &Arc<Self>, batch: BatchId) -> Response {
		let done = || {
			// Not waited for: a batch that is still open after a crash is told again.
			drop(self.store.finalised(batch)?);
			let this = self.clone();
			self.means.runtime.spawn_blocking(move || this.prune());
			Ok(())
		};
		reply(done(), |()| Response::Noted)
	}

	/// Writes down what a batch in final state took. What follows from it in the store is written after
	/// it, so nothing is waited for.
	fn committed(&self, batch: BatchId) -> Result<(), Undone> {
		let found = self.means.chain.batch(batch, At::Finalised)?.ok_or(Undone::NotFinal)?;
		if found.concluded {
			// Its lines are gone from the chain, and nothing of it is asked for any more.
			return Ok(());
		}
		let lines: Vec<Line> = found.lines.iter().map(line).collect();
		// Each failure brings one session's mark forward.
		for _ in 0..lines.len() {
			match self.store.committed(batch, found.model, lines.clone()) {
				Err(StoreError::OutOfOrder { session, .. }) => self.pass(&lines, session)?,
				done => {
					drop(done?);
					return Ok(());
				}
			}
		}
		drop(self.store.committed(batch, found.model, lines)?);
		Ok(())
	}

	/// Batches are told in order, so one that begins beyond what the store knows to be settled follows
	/// ones that were concluded while this node was away.
	fn pass(&self, lines: &[Line], session: SessionId) -> Result<(), Undone> {
		if let Some(line) = lines.iter().find(|line| line.session == session) {
			drop(self.store.passed(session, line.first, line.from)?);
		}
		Ok(())
	}

	/// The receipt that a unit of a batch lies in. A batch that the store was not told of, as before a
	/// crash, is looked up first.
	pub(super) fn reveal(&self, batch: BatchId, unit: Balance) -> Result<Revealed, Undone> {
		match self.store.reveal(batch, unit) {
			Err(StoreError::NoBatch(_)) => {
				self.committed(batch)?;
				Ok(self.store.reveal(batch, unit)?)
			}
			revealed => Ok(revealed?),
		}
	}
}
