//! What always holds.

use crate::{
	Challenges, Claims, Config, Contests, Demands, HoldReason, NextDue, Pallet, Revisions, Status,
	Target,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{ensure, traits::fungible::hold::Inspect as _};
use openledger_primitives_attribution::Credit;
use openledger_primitives_core::{Balance, ModelId, RequestId, traits::Settlement};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Deposits are what the balances pallet holds, no position is demanded twice, claims and indexes count the
	/// challenges that stand, paid leaves are in order, every open claim has a fee at stake, and what is revised is there.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut deposits: BTreeMap<Vec<u8>, Balance> = BTreeMap::new();
		let mut standing: BTreeMap<RequestId, u32> = BTreeMap::new();
		let mut contests: BTreeMap<ModelId, u32> = BTreeMap::new();
		for (target, who, challenge) in Challenges::<T>::iter() {
			let sum = deposits.entry(who.encode()).or_default();
			*sum = sum.saturating_add(challenge.deposit);
			let count = match target {
				Target::Claim(request) => standing.entry(request).or_default(),
				Target::Model(model) => {
					let contest = Contests::<T>::get(model);
					if contest.is_none_or(|contest| challenge.at < contest.since) {
						continue;
					}
					contests.entry(model).or_default()
				}
			};
			*count = count.saturating_add(1);
		}
		for (model, contest) in Contests::<T>::iter() {
			let count = contests.get(&model).copied();
			ensure!(count == Some(contest.standing), "an index's count of challenges is off");
		}
		for (_, who, _) in Challenges::<T>::iter() {
			let held = T::Currency::balance_on_hold(&HoldReason::Challenge.into(), &who);
			ensure!(deposits.get(&who.encode()) == Some(&held), "a deposit is not what is held");
		}
		let mut demanded: BTreeMap<Vec<u8>, (T::AccountId, Balance)> = BTreeMap::new();
		for (_, open) in Demands::<T>::iter() {
			ensure!(!open.is_empty(), "a model version is kept without a demand");
			for (at, demand) in open.iter().enumerate() {
				let same = |other: &crate::Demand<_>| other.position == demand.position;
				ensure!(open.iter().position(same) == Some(at), "a position is demanded twice");
				let key = demand.demander.encode();
				let entry = demanded.entry(key).or_insert((demand.demander.clone(), 0));
				entry.1 = entry.1.saturating_add(demand.deposit);
			}
		}
		for (who, sum) in demanded.values() {
			let held = T::Currency::balance_on_hold(&HoldReason::Demand.into(), who);
			ensure!(*sum == held, "a demand's deposit is not what is held");
		}
		for (request, claim) in Claims::<T>::iter() {
			let count = standing.get(&request).copied().unwrap_or(0);
			ensure!(claim.standing == count, "a claim's count of challenges is off");
			let keys =
				claim.paid.iter().map(|credit| (core::cmp::Reverse(credit.score), credit.position));
			ensure!(keys.is_sorted(), "paid leaves are out of order");
			if let Some(found) = &claim.found {
				let keys = |of: &Credit<_>| (core::cmp::Reverse(of.score), of.position);
				ensure!(found.paid.is_sorted_by_key(keys), "found records are out of order");
				let shown = found.evidence.iter().map(|shown| shown.position);
				let same = shown.eq(found.paid.iter().map(|credit| credit.position));
				ensure!(same, "a found record is paid and not shown, or the other way round");
			}
			ensure!(
				(claim.status == Status::Open) == T::Settlement::at_stake(request).is_some(),
				"a claim and its fee disagree on whether they are settled"
			);
		}
		for request in Revisions::<T>::iter_keys() {
			ensure!(Claims::<T>::contains_key(request), "a claim is revised and not there");
		}
		ensure!(NextDue::<T>::get() <= Self::now().saturating_add(1), "the queue is ahead of time");
		Ok(())
	}
}
