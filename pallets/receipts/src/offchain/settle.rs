//! When an operator's worker commits, and which vouchers.
//!
//! What is owed is due once a [`Config::BatchPeriod`], since a batch costs the same whatever it is worth. It
//! stays due until it is on chain: a batch has room for few sessions, a run sends few batches, and what it
//! sends can be lost. Sooner are due vouchers of sessions that end before the next time, and those of a
//! model version that owe so much that the bond might soon not stand behind it.

use super::{MAX_SENT, Run, Step, TARGET, rehearse};
use crate::{Batches, Call, Config, Error, Lines, Pallet, commit::Checked};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{BoundedVec, ensure, traits::Get};
use openledger_primitives_core::{Balance, BlockNumber, ModelId, SessionId, traits::Operators};
use openledger_primitives_inference::{Command, Response, host::exchange, receipts::Owed};
use openledger_primitives_receipts::SignedVoucher;

/// The most vouchers of a model version that are looked at in one run: of more sessions than have room in a
/// batch, since the store goes on telling those that are committed until that is final.
const MAX_SEEN: u32 = 1_024;

/// A voucher that the chain would take.
struct Owing {
	signed: SignedVoucher,
	/// What it owes.
	units: Balance,
	/// The last block in which it can be committed, where that is before the next time.
	ends: Option<BlockNumber>,
	/// Whether it waits for nothing more.
	due: bool,
}

/// What an operator's bond can stand behind beyond what it does.
pub(super) fn room<T: Config>(operator: &T::AccountId) -> Balance {
	let has_room = |fees| rehearse(|| T::Operators::expose(operator, fees)).is_ok();
	// Operators are asked for yes or no, so it is found by halving what it can't exceed.
	let (mut least, mut most) = (0, T::Operators::bond(operator));
	while least < most {
		let middle = most.saturating_sub(most.saturating_sub(least) / 2);
		if has_room(middle) {
			least = middle;
		} else {
			most = middle.saturating_sub(1);
		}
	}
	least
}

/// Puts first what ends first. Of what else is due the most comes first, so that each batch has enough for a
/// draw, and then the least, so that nothing is left over that alone would not have enough.
fn arrange(owing: &mut [Owing]) {
	owing.sort_by_key(|one| {
		let units = if one.due { one.units } else { Balance::MAX.saturating_sub(one.units) };
		(one.ends.is_none(), one.ends, !one.due, units)
	});
	let ending = owing.iter().take_while(|one| one.ends.is_some()).count();
	let due = owing.iter().take_while(|one| one.due).count();
	if let Some(part) = owing.get_mut(ending..due).filter(|part| !part.is_empty()) {
		part.rotate_right(1);
	}
}

/// The vouchers of one batch: those that are due, as far as the bond has room for them, the first first. One
/// for which it has none keeps no other out. Where they are too little for a draw, the larger ones of those
/// that are not due go with them. None where there is nothing due, or not enough.
fn choose<T: Config>(owing: &[Owing], room: Balance) -> Vec<&Owing> {
	let most = T::MaxVouchers::get() as usize;
	let (mut chosen, mut total): (Vec<&Owing>, Balance) = (Vec::new(), 0);
	for one in owing {
		let is_enough = Pallet::<T>::draws_for(total) > 0;
		if is_enough && (!one.due || chosen.len() >= most) || chosen.is_empty() && !one.due {
			break;
		}
		let out = chosen.last().filter(|_| chosen.len() >= most).map(|last| last.units);
		let without = total.saturating_sub(out.unwrap_or(0));
		let with = without.saturating_add(one.units);
		if with > room || out.is_some_and(|units| units >= one.units) {
			continue;
		}
		if out.is_some() {
			chosen.pop();
		}
		chosen.push(one);
		total = with;
	}
	if Pallet::<T>::draws_for(total) == 0 {
		chosen.clear();
	}
	chosen
}

impl<T: Config> Run<'_, T> {
	/// Commits what is due.
	pub(super) fn settle(&mut self, mut room: Balance) {
		let now = Pallet::<T>::now();
		let period = T::BatchPeriod::get();
		let mut last = *self.memory.settled_at.get_or_insert(now);
		// What can't be committed for a whole period keeps nothing else from its next time.
		if now >= last.saturating_add(period.saturating_mul(2)) {
			last = now.saturating_sub(period);
			self.memory.settled_at = Some(last);
		}
		let since = last.saturating_add(period);
		let is_time = now >= since;
		let Response::Owed(owed) = exchange(Command::Owed(MAX_SEEN)) else { return };
		let latest = self.committed_since(now.saturating_sub(period));
		let versions = owed.len() as Balance;
		let pressing = (room / 2).checked_div(versions).unwrap_or(room);
		let mut is_done = true;
		for Owed { model, vouchers } in owed {
			let mut owing = self.owing(model, vouchers, &latest, is_time.then_some(since));
			let total = owing.iter().fold(0, |sum: Balance, one| sum.saturating_add(one.units));
			// What decides no draw waits for more.
			if Pallet::<T>::draws_for(total) == 0 {
				continue;
			}
			if total >= pressing {
				owing.iter_mut().for_each(|one| one.due = true);
			}
			is_done &= !owing.iter().any(|one| one.due);
			while self.memory.in_flight.len() < MAX_SENT {
				arrange(&mut owing);
				let chosen = choose::<T>(&owing, room);
				let Some(sent) = self.commit(model, chosen) else { break };
				// What was sent is not in this state.
				let is_sent = |one: &Owing| sent.contains(&one.signed.voucher.session);
				let (gone, left): (Vec<_>, Vec<_>) = owing.into_iter().partition(is_sent);
				room = gone.iter().fold(room, |room, one| room.saturating_sub(one.units));
				owing = left;
			}
		}
		if is_time && is_done {
			self.memory.settled_at = Some(now);
		}
	}

	/// The sessions that have lines in this operator's batches from a block on, and the last of their
	/// blocks.
	fn committed_since(&self, from: BlockNumber) -> BTreeMap<SessionId, BlockNumber> {
		let mut latest = BTreeMap::new();
		for id in self.memory.batches.iter().rev() {
			let Some(batch) = Batches::<T>::get(id) else { continue };
			if batch.committed_at < from {
				break;
			}
			for line in Lines::<T>::get(id) {
				latest.entry(line.session).or_insert(batch.committed_at);
			}
		}
		latest
	}

	/// What the chain would take of the vouchers. Where it is time, those are due that have no batch from
	/// block `since` on.
	fn owing(
		&self,
		model: ModelId,
		vouchers: Vec<SignedVoucher>,
		latest: &BTreeMap<SessionId, BlockNumber>,
		since: Option<BlockNumber>,
	) -> Vec<Owing> {
		let (now, period) = (Pallet::<T>::now(), T::BatchPeriod::get());
		let owing = |signed: SignedVoucher| {
			let Checked { session, line } =
				Pallet::<T>::check(&self.operator, model, &signed.voucher).ok()?;
			let committed = latest.get(&signed.voucher.session);
			let until = session.left_until(T::ClosePeriod::get());
			// One that goes on is committed once before its end; one that is over owes nothing new after.
			let is_over = session.closed_at.is_some() || now >= session.expires_at;
			let waits = committed.is_none_or(|at| at.saturating_add(period) < until);
			let is_last = until <= now.saturating_add(period) && (is_over || waits);
			let is_next = since.is_some_and(|since| committed.is_none_or(|at| *at < since));
			let units = line.units();
			Some(Owing { signed, units, ends: is_last.then_some(until), due: is_last || is_next })
		};
		vouchers.into_iter().filter_map(owing).collect()
	}

	/// Commits the vouchers as one batch, or those of them that the chain takes. Returns the sessions whose
	/// vouchers were sent.
	fn commit(&mut self, model: ModelId, chosen: Vec<&Owing>) -> Option<Vec<SessionId>> {
		let mut vouchers: Vec<SignedVoucher> =
			chosen.into_iter().map(|one| one.signed.clone()).collect();
		vouchers.sort_unstable_by_key(|signed| signed.voucher.session);
		loop {
			let first = vouchers.first()?.voucher;
			let step = Step::Commit(first.session, first.count);
			let bounded = BoundedVec::try_from(vouchers.clone()).ok()?;
			let agent = self.agent.id.clone();
			let call = Call::commit_batch { model, vouchers: bounded.clone() };
			if self.send(step, call, || Pallet::<T>::do_commit_batch(agent, model, bounded)) {
				return Some(vouchers.iter().map(|signed| signed.voucher.session).collect());
			}
			let before = vouchers.len();
			vouchers.retain(|signed| self.is_taken(model, signed));
			if vouchers.len() == before {
				return None;
			}
		}
	}

	/// Whether the chain takes a voucher, whatever is in a batch with it.
	fn is_taken(&self, model: ModelId, signed: &SignedVoucher) -> bool {
		let taken = rehearse(|| {
			let Checked { session, line } =
				Pallet::<T>::check(&self.operator, model, &signed.voucher)?;
			let signer = session.signer.clone().into();
			ensure!(signed.verify(&Pallet::<T>::genesis(), &signer), Error::<T>::BadSignature);
			Pallet::<T>::take(&self.operator, session, &line)
		});
		if let Err(error) = &taken {
			let session = signed.voucher.session;
			log::warn!(target: TARGET, "session {session}: its voucher is not taken: {error:?}");
		}
		taken.is_ok()
	}
}
