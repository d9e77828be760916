//! What a run sends: commitments, openings, withdrawals, and leaves that are demanded.

use super::{Found, Role, Run, Step, TARGET, UNDER_WAY};
use crate::{Call, Challenge, Challenges, Claims, Config, HoldReason, Pallet, Target};
use alloc::{boxed::Box, vec::Vec};
use core::cmp::Reverse;
use frame_support::{
	storage::{TransactionOutcome, with_transaction},
	traits::{Get, fungible::hold::Mutate as _},
};
use frame_system::offchain::{SendSignedTransaction, Signer};
use openledger_primitives_core::{Balance, BlockNumber, traits::Settlement};
use openledger_primitives_inference::pending;
use sp_runtime::{DispatchError, DispatchResult};

/// The most transactions that one run of a watcher sends. Operators show up to 32 claims each in a block, and what
/// was committed to before is opened meanwhile. As openings they take a tenth of the room that a block has for such
/// transactions, and pools have no bound for one account.
const MAX_SENT: usize = 64;
/// The most that one run of an operator's agent sends, which signs other work with the same key.
const MAX_SHOWN: usize = 4;

impl<T: Config> Run<'_, T> {
	/// What comes first is done first: what is against an index, since claims on it become final meanwhile; of
	/// claims, those that can be challenged for the shortest time, and of these the ones with the most at stake.
	fn urgency(target: Target) -> (BlockNumber, Reverse<Balance>) {
		match target {
			Target::Model(_) => (0, Reverse(0)),
			Target::Claim(request) => {
				let ends = Claims::<T>::get(request).map_or(0, |claim| claim.final_at);
				let (_, pool) = T::Settlement::at_stake(request).unwrap_or_default();
				(ends, Reverse(pool))
			}
		}
	}

	/// Commits to what was found, as far as it can still be shown, the most urgent first.
	pub(super) fn commit_found(&mut self) {
		let (waiting, mut kept): (Vec<_>, Vec<_>) =
			core::mem::take(&mut self.memory.found).into_iter().partition(|found| !found.committed);
		let mut waiting: Vec<_> = waiting
			.into_iter()
			.filter(|found| {
				Pallet::<T>::takes_challenges(found.target)
					&& Pallet::<T>::would_show(found.target, &found.fault)
			})
			.collect();
		kept.extend(waiting.clone());
		self.memory.found = kept;
		waiting.sort_by_cached_key(|found| Self::urgency(found.target));
		for found in waiting {
			// One that the database has lost comes back first.
			if self.standing(found.target).is_some() {
				continue;
			}
			let (target, commitment) = (found.target, self.commitment(&found));
			let who = self.watcher.id.clone();
			let call = Call::commit_challenge { target, commitment };
			let (next, promised) = (Pallet::<T>::next(), self.promised());
			let rehearse = || {
				Pallet::<T>::do_commit(who.clone(), target, commitment, next)?;
				T::Currency::hold(&HoldReason::Challenge.into(), &who, promised)
			};
			self.send(target, Step::Commit, call, rehearse);
		}
	}

	/// The deposits of what this run commits to, which the block's state does not know of.
	fn promised(&self) -> Balance {
		let is_commitment = |(_, step, _): &&(Target, Step, BlockNumber)| *step == Step::Commit;
		let count = self.memory.in_flight.iter().filter(is_commitment).count();
		T::ChallengeDeposit::get().saturating_mul(count as Balance)
	}

	/// Opens this watcher's challenges that stand, the most urgent first. Withdraws those that would show
	/// nothing any more, and those that it knows nothing of once no transaction of its own can be behind them.
	pub(super) fn end_standing(&mut self) {
		let who = self.watcher.id.clone();
		let mut own: Vec<(Target, Challenge)> = Challenges::<T>::iter()
			.filter(|(_, challenger, _)| *challenger == who)
			.map(|(target, _, challenge)| (target, challenge))
			.collect();
		own.sort_by_cached_key(|(target, _)| Self::urgency(*target));
		let (now, next) = (Pallet::<T>::now(), Pallet::<T>::next());
		for (target, challenge) in own {
			let found = self.memory.found.iter().find(|found| {
				found.target == target && self.commitment(found) == challenge.commitment
			});
			match found.cloned() {
				Some(Found { fault, salt, .. }) if Pallet::<T>::would_show(target, &fault) => {
					if next > challenge.at {
						let boxed = Box::new(fault.clone());
						let call = Call::open_challenge { target, fault: boxed, salt };
						let who = who.clone();
						let rehearse = || Pallet::<T>::do_open(who, target, fault, salt, next);
						self.send(target, Step::Open, call, rehearse);
					}
				}
				None if now < challenge.at.saturating_add(T::SubmissionPeriod::get()) => {}
				_ => {
					let who = who.clone();
					let call = Call::withdraw_challenge { target };
					let rehearse = || Pallet::<T>::do_withdraw(who, target);
					self.send(target, Step::Withdraw, call, rehearse);
				}
			}
		}
	}

	/// Shows what is demanded.
	pub(super) fn show_leaves(&mut self) {
		for (model, leaf, proof) in core::mem::take(&mut self.leaves) {
			let step = Step::Show(leaf.position);
			let (boxed, shown) = (Box::new(leaf.clone()), proof.clone());
			let call = Call::answer_demand { model, leaf: boxed, proof: shown };
			let who = self.watcher.id.clone();
			let next = Pallet::<T>::next();
			let rehearse = || Pallet::<T>::do_answer_demand(who, model, leaf, proof, next);
			self.send(Target::Model(model), step, call, rehearse);
		}
	}

	/// Sends one transaction, unless enough were sent or the runtime would refuse it.
	fn send(
		&mut self,
		target: Target,
		step: Step,
		call: Call<T>,
		rehearse: impl FnOnce() -> DispatchResult,
	) {
		let most = match self.role {
			Role::Watcher => MAX_SENT,
			Role::Agent { .. } => MAX_SHOWN,
		};
		if self.sent >= most {
			return;
		}
		let rehearsal = with_transaction(|| {
			TransactionOutcome::Rollback(
				rehearse().map_or_else(|error| Ok::<_, DispatchError>(Some(error)), |()| Ok(None)),
			)
		});
		if let Ok(Some(error)) | Err(error) = rehearsal {
			log::warn!(target: TARGET, "{step:?} {target:?}: the runtime would refuse it: {error:?}");
			return;
		}
		let sent = match &self.role {
			Role::Watcher => Signer::<T, T::WatcherId>::any_account()
				.send_single_signed_transaction(self.watcher, call),
			Role::Agent { .. } => Signer::<T, T::AuthorityId>::any_account()
				.send_single_signed_transaction(self.watcher, call),
		};
		let until = Pallet::<T>::now().saturating_add(UNDER_WAY);
		let problem = match sent {
			Some(Ok(())) => {
				log::info!(target: TARGET, "{step:?} {target:?}: submitted");
				self.sent = self.sent.saturating_add(1);
				self.memory.in_flight.push((target, step, until));
				// The nonce of the run, which each transaction sent has moved on.
				let next = frame_system::Pallet::<T>::account_nonce(&self.watcher.id);
				pending::note(&self.watcher.id, next, until);
				return;
			}
			Some(Err(())) => "the pool refused the transaction",
			None => "the transaction could not be signed",
		};
		log::warn!(target: TARGET, "{step:?} {target:?}: {problem}");
		// An agent that can't pay for it is not asked in every block.
		if matches!(self.role, Role::Agent { .. }) {
			self.memory.in_flight.push((target, step, until));
		}
	}
}
