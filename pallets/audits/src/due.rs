//! What time does to audits: every stage ends by itself.

use crate::{
	Audits, Config, Due, Error, Event, NextDue, Pallet, Stage, WeightInfo, verdict::refuted,
};
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::Get,
	weights::{Weight, WeightMeter},
};
use openledger_primitives_core::{BlockNumber, RequestId, traits::Lots};
use sp_runtime::DispatchResult;

/// Blocks that are tried for a deadline where those before are full.
const SPREAD: u32 = 64;

impl<T: Config> Pallet<T> {
	/// Puts an audit on the list of the first block from `at` on that has room, and returns it.
	pub(crate) fn schedule(claim: RequestId, at: BlockNumber) -> Result<BlockNumber, Error<T>> {
		(at..at.saturating_add(SPREAD))
			.find(|block| Due::<T>::try_mutate(block, |due| due.try_push(claim)).is_ok())
			.ok_or(Error::<T>::QueueFull)
	}

	/// What taking an audit one step further costs at most.
	pub(crate) fn step_weight() -> Weight {
		T::WeightInfo::advance().max(T::WeightInfo::resolve())
	}

	pub(crate) fn do_advance(claim: RequestId) -> DispatchResult {
		let (mut audit, note) = Self::audit(claim)?;
		let now = Self::now();
		match audit.stage {
			Stage::Drawing { round } => {
				let current = T::Lots::round();
				match T::Lots::seed(round) {
					Some(seed) => {
						if !Self::seat(claim, &note, &mut audit, round, &seed) {
							audit.stage = Stage::Undecided;
							Self::deposit_event(Event::AuditUndecided { claim });
						}
					}
					// Seeds are not kept for ever.
					None if current > round.saturating_add(1) => {
						audit.stage = Stage::Drawing { round: current };
					}
					None => {}
				}
				let at = match audit.stage {
					Stage::Committing { until } => Some(until),
					Stage::Drawing { .. } => Some(now.saturating_add(T::LookAgain::get())),
					_ => None,
				};
				if let Some(at) = at {
					let until = Self::schedule(claim, at)?;
					if matches!(audit.stage, Stage::Committing { .. }) {
						audit.stage = Stage::Committing { until };
					}
				}
				Audits::<T>::insert(claim, audit);
				Ok(())
			}
			Stage::Committing { until } => {
				ensure!(now >= until, Error::<T>::TooEarly);
				let level = audit.level;
				let some =
					audit.seats.iter().any(|seat| seat.level == level && seat.commitment.is_some());
				if !some {
					return Self::tally(claim, audit, note);
				}
				Self::start_revealing(claim, &mut audit)?;
				Audits::<T>::insert(claim, audit);
				Ok(())
			}
			Stage::Revealing { until } => {
				ensure!(now >= until, Error::<T>::TooEarly);
				Self::tally(claim, audit, note)
			}
			Stage::Decided { verdict, until } => {
				ensure!(now >= until, Error::<T>::TooEarly);
				Self::execute(claim, audit, note, verdict)
			}
			Stage::Correcting { truth, until } => {
				ensure!(now >= until, Error::<T>::TooEarly);
				Self::give_up(claim, refuted(&note, truth))
			}
			Stage::Undecided => Err(Error::<T>::TooEarly.into()),
		}
	}

	/// Looks at one audit whose time may have come. One that moved on before its deadline has
	/// another one; what can't be done now can be done by [`crate::Call::advance`].
	fn look_at(claim: RequestId) {
		let Some(audit) = Audits::<T>::get(claim) else { return };
		let until = match audit.stage {
			Stage::Drawing { .. } => 0,
			Stage::Committing { until }
			| Stage::Revealing { until }
			| Stage::Decided { until, .. }
			| Stage::Correcting { until, .. } => until,
			Stage::Undecided => return,
		};
		if Self::now() < until {
			return;
		}
		if let Err(error) = with_storage_layer(|| Self::do_advance(claim)) {
			Self::deposit_event(Event::AdvanceFailed { claim, error });
		}
	}

	/// Looks at the audits that are due, one after the other, as far as the weight goes.
	pub(crate) fn advance_due(meter: &mut WeightMeter) {
		let now = Self::now();
		let one = Self::step_weight();
		let look = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(T::DbWeight::get().reads(1)).is_err() {
			return;
		}
		let mut block = NextDue::<T>::get();
		while block <= now {
			if meter.try_consume(look).is_err() {
				return;
			}
			while let Some(claim) = Due::<T>::get(block).first().copied() {
				if meter.try_consume(one).is_err() {
					return;
				}
				Due::<T>::mutate(block, |due| due.retain(|other| *other != claim));
				Self::look_at(claim);
			}
			Due::<T>::remove(block);
			block = block.saturating_add(1);
			NextDue::<T>::put(block);
		}
	}
}
