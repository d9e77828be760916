//! What time does to audits: every stage ends by itself.

use crate::{
	Audits, Config, Drawn, Due, Error, Event, NextDue, Pallet, Stage, WeightInfo,
	committee::{Seated, is_called},
};
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::Get,
	weights::{Weight, WeightMeter},
};
use openledger_primitives_attribution::audit::Level;
use openledger_primitives_core::{
	BlockNumber, RequestId,
	model::Unaudited,
	subject::{Subject, subject},
	traits::Lots,
};
use sp_runtime::DispatchResult;

/// Blocks that are tried for a deadline where those before are full.
pub(crate) const SPREAD: u32 = 16;

impl<T: Config> Pallet<T> {
	/// Puts an audit on the list of the first block from `at` on that has fewer than `most`, and returns it.
	fn queue(claim: RequestId, at: BlockNumber, most: u32) -> Option<BlockNumber> {
		// Where the pallet comes by an upgrade, nothing is due in all the blocks before.
		if !NextDue::<T>::exists() {
			NextDue::<T>::put(Self::now());
		}
		(at..at.saturating_add(SPREAD)).find(|block| {
			Due::<T>::try_mutate(block, |due| {
				let free = (due.len() as u32) < most;
				if free { due.try_push(claim).map_err(drop) } else { Err(()) }
			})
			.is_ok()
		})
	}

	/// Has a new audit looked at in the first block from `at` on that has room for it. Half of every block's is
	/// kept for those that are open: opening many would else keep others from their deadlines.
	///
	/// # Errors
	/// [`Error::QueueFull`] where no block has room.
	pub(crate) fn schedule(claim: RequestId, at: BlockNumber) -> Result<BlockNumber, Error<T>> {
		let half = T::MaxDue::get().div_ceil(2);
		Self::queue(claim, at, half).ok_or(Error::<T>::QueueFull)
	}

	/// Has an open audit looked at when its deadline is over, and returns that. Where no block has room for it
	/// the audit goes on all the same, and [`crate::Call::advance`] is left to whoever waits for it: nobody
	/// loses what it has found, or its appeal, because others' audits are many.
	pub(crate) fn deadline(claim: RequestId, at: BlockNumber) -> BlockNumber {
		Self::queue(claim, at, T::MaxDue::get()).unwrap_or_else(|| {
			let error = Error::<T>::QueueFull.into();
			Self::deposit_event(Event::AdvanceFailed { claim, error });
			at
		})
	}

	/// What taking an audit one step further costs at most, and looking at it again later.
	fn step_weight() -> Weight {
		let again = T::DbWeight::get().reads_writes(SPREAD.into(), 1);
		T::WeightInfo::advance().max(Self::verdict_weight()).saturating_add(again)
	}

	pub(crate) fn do_advance(claim: RequestId) -> DispatchResult {
		let (mut audit, mut note) = Self::audit(claim)?;
		let of = subject(claim);
		let now = Self::now();
		match audit.stage {
			Stage::Drawing { round } => {
				let current = T::Lots::round();
				let Some(seed) = T::Lots::seed(round) else {
					// Seeds are not kept for ever.
					ensure!(current > round.saturating_add(1), Error::<T>::NotDrawnYet);
					audit.stage = Stage::Drawing { round: current };
					Audits::<T>::insert(claim, audit);
					return Ok(());
				};
				// Claims were called, or disputed, before their audits were opened.
				let (mut again, mut named) = (false, false);
				match (of, audit.level) {
					(Subject::Version(model), Level::First) => {
						// Lots have called a version that was found withheld.
						let called = Drawn::<T>::contains_key(model)
							|| is_called(&seed, claim, T::ModelsRate::get());
						if !called {
							return Self::leave_version(claim, model, Unaudited::NotCalled);
						}
						again = Self::fix_drawn(model, seed);
						named = !again;
						Self::fix_seed(claim, &mut note, seed);
					}
					(Subject::Pair(_), Level::First) => Self::fix_seed(claim, &mut note, seed),
					_ => {}
				}
				match Self::seat(claim, &note, &mut audit, round, &seed) {
					Seated::Yes => {}
					// What lots have named stays so, though later ones may draw the committee: they are known.
					Seated::Busy if named => return Ok(()),
					Seated::Busy => return Err(Error::<T>::NotDrawnYet.into()),
					// A version that was found withheld does not earn because there is nobody to find it.
					Seated::TooFew if audit.level == Level::First && !again => {
						return match of {
							Subject::Claim => Self::leave_unaudited(claim),
							Subject::Version(model) => {
								Self::leave_version(claim, model, Unaudited::TooFewVerifiers)
							}
							Subject::Pair(challenge) => Self::leave_pair(claim, challenge),
						};
					}
					Seated::TooFew => Self::leave_undecided(claim, &mut audit)?,
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
				Self::start_revealing(claim, &mut audit);
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
				Self::give_up(claim, &note, truth)
			}
			Stage::Restoring { truth, until } => {
				ensure!(now >= until, Error::<T>::TooEarly);
				Self::refuse(claim, truth)
			}
			Stage::Undecided => Err(Error::<T>::TooEarly.into()),
		}
	}

	/// Looks at one audit whose time may have come. One that moved on before its deadline has
	/// another one. What can't be done now is looked at again; where no block has room for that,
	/// [`crate::Call::advance`] is left.
	fn look_at(claim: RequestId) {
		let Some(audit) = Audits::<T>::get(claim) else { return };
		let waits = audit.stage.until().is_some_and(|until| Self::now() < until);
		if waits || audit.stage == Stage::Undecided {
			return;
		}
		let advanced = with_storage_layer(|| Self::do_advance(claim));
		if let Err(error) = advanced
			&& error != Error::<T>::NotDrawnYet.into()
		{
			Self::deposit_event(Event::AdvanceFailed { claim, error });
		}
		// What has just gone on to wait for lots has its next look by itself.
		let put_off = matches!(audit.stage, Stage::Drawing { .. })
			&& Audits::<T>::get(claim)
				.is_some_and(|audit| matches!(audit.stage, Stage::Drawing { .. }));
		let again = Self::now().saturating_add(T::LookAgain::get());
		if put_off {
			// Those that wait leave room for deadlines, as new ones do.
			if let Err(error) = Self::schedule(claim, again) {
				Self::deposit_event(Event::AdvanceFailed { claim, error: error.into() });
			}
		} else if advanced.is_err() {
			Self::deadline(claim, again);
		}
	}

	/// Looks at the audits that are due, one after the other, as far as the weight goes.
	pub(crate) fn advance_due(meter: &mut WeightMeter) {
		let now = Self::now();
		let one = Self::step_weight();
		let look = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(T::DbWeight::get().reads(1)).is_err() || !NextDue::<T>::exists() {
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
