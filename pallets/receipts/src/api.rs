//! What the runtime API asks of this pallet.

use crate::{Batches, Config, Lines, NextBatch, NextSession, Pallet, Private, Sessions, Stage};
use alloc::vec::Vec;
use frame_support::traits::Get;
use openledger_primitives_api::{BatchInfo, DrawInfo, DrawStage, LineInfo, MAX_PAGE, SessionInfo};
use openledger_primitives_core::{BatchId, SessionId};
use openledger_primitives_receipts::{Line, batch, draw};

impl From<Stage> for DrawStage {
	fn from(stage: Stage) -> Self {
		match stage {
			Stage::Pending => Self::Pending,
			Stage::Open => Self::Open,
			Stage::Joined(first) => Self::Joined(first),
			Stage::Settled => Self::Settled,
			Stage::Rejected => Self::Rejected,
			Stage::Missed => Self::Missed,
		}
	}
}

fn line(line: &Line) -> LineInfo {
	let Line { session, first, count, from, to, root } = *line;
	LineInfo { session, first, count, from, to, root }
}

impl<T: Config> Pallet<T> {
	/// One session.
	pub fn session(id: SessionId) -> Option<SessionInfo<T::AccountId>> {
		let session = Sessions::<T>::get(id)?;
		Some(SessionInfo {
			id,
			left_until: session.left_until(T::ClosePeriod::get()),
			payer: session.payer,
			operator: session.operator,
			model: session.model,
			signer: session.signer,
			price: session.price,
			escrow: session.escrow,
			settled: session.settled,
			receipts: session.count,
			expires_at: session.expires_at,
			closing: session.closed_at.is_some(),
			ended: session.ended,
			batches: session.batches,
			private: Private::<T>::contains_key(id),
		})
	}

	/// Those of the `limit` numbers from `start` on that are sessions still; [`MAX_PAGE`] numbers at
	/// most.
	pub fn sessions(start: SessionId, limit: u32) -> Vec<SessionInfo<T::AccountId>> {
		let end = start.saturating_add(limit.min(MAX_PAGE).into()).min(NextSession::<T>::get());
		(start..end).filter_map(Self::session).collect()
	}

	/// One batch, with what its draws fall into.
	pub fn batch(id: BatchId) -> Option<BatchInfo<T::AccountId>> {
		let found = Batches::<T>::get(id)?;
		let lines = Lines::<T>::get(id);
		let fallen = |draw: u8| {
			let seed = found.drawn?.seed;
			let unit = draw::unit(&seed, id, draw, found.total)?;
			batch::find(&lines, unit).map(|(line, unit)| (line.session, unit))
		};
		let draws = found
			.staged()
			.map(|(draw, stage)| {
				let place = fallen(draw);
				DrawInfo {
					draw,
					stage: stage.into(),
					share: found.share(draw),
					session: place.map(|(session, _)| session),
					unit: place.map_or(0, |(_, unit)| unit),
				}
			})
			.collect();
		Some(BatchInfo {
			id,
			draws,
			lines: lines.iter().map(line).collect(),
			total: found.total,
			held: found.held,
			returns: found.returns,
			committed_at: found.committed_at,
			round: found.round,
			seed: found.drawn.map(|drawn| drawn.seed),
			reveal_by: found.drawn.map(|drawn| drawn.reveal_by),
			concluded: found.concluded,
			model: found.model,
			operator: found.operator,
		})
	}

	/// Those of the `limit` numbers from `start` on that are batches still; [`MAX_PAGE`] numbers at
	/// most.
	pub fn batches(start: BatchId, limit: u32) -> Vec<BatchInfo<T::AccountId>> {
		let end = start.saturating_add(limit.min(MAX_PAGE)).min(NextBatch::<T>::get());
		(start..end).filter_map(Self::batch).collect()
	}
}
