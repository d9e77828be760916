//! What always holds.

use crate::{
	AgentOf, Audit, Audits, Canaries, Config, Dispute, Disputes, Drawn, Duties, Examination,
	Examinations, HoldReason, NextDue, Notes, Pallet, Private, Stage, Verdicts, Verifiers,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{ensure, traits::fungible::hold::Inspect as _};
use openledger_primitives_core::{
	Balance,
	subject::{Subject, subject, version_id},
	traits::{Claims, Pairs, Versions},
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Bonds, appeals and disputes are what the balances pallet holds, seats and duties agree, whatever is
	/// audited is noted and open, and whatever is private is noted and not audited.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		for (who, verifier) in Verifiers::<T>::iter() {
			let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), &who);
			ensure!(held == verifier.bond, "a bond is not what is held");
			let agent_of = AgentOf::<T>::get(&verifier.agent);
			ensure!(agent_of.as_ref() == Some(&who), "an agent does not lead to its verifier");
			let has_seat =
				|audit: &Audit<T::AccountId>| audit.seats.iter().any(|seat| seat.verifier == who);
			let seats = Audits::<T>::iter_values().filter(has_seat).count();
			ensure!(seats as u32 == verifier.duties, "a verifier's count of seats is off");
			for claim in Duties::<T>::get(&who) {
				let audit = Audits::<T>::get(claim).ok_or("a duty has no audit")?;
				let sits = audit.sitting().any(|seat| seat.verifier == who);
				ensure!(sits, "a duty has no seat in a committee that sits");
			}
		}
		let verifiers = Verifiers::<T>::iter().count();
		ensure!(AgentOf::<T>::iter().count() == verifiers, "an agent has no verifier");
		let mut fees: BTreeMap<Vec<u8>, (T::AccountId, Balance)> = BTreeMap::new();
		for (model, examination) in Examinations::<T>::iter() {
			ensure!(Audits::<T>::contains_key(version_id(model)), "a fee is for no audit");
			let Examination { payer, held, .. } = examination;
			let (_, sum) = fees.entry(payer.encode()).or_insert((payer, 0));
			*sum = sum.saturating_add(held);
		}
		for (payer, sum) in fees.into_values() {
			let held = T::Currency::balance_on_hold(&HoldReason::Examination.into(), &payer);
			ensure!(held == sum, "fees for audits are not what is held");
		}
		for model in Drawn::<T>::iter_keys() {
			ensure!(T::Versions::trained(model).is_some(), "what is drawn is of no version");
		}
		let mut appeals: BTreeMap<Vec<u8>, Balance> = BTreeMap::new();
		for (claim, audit) in Audits::<T>::iter() {
			ensure!(Notes::<T>::contains_key(claim), "an audit is of nothing");
			match subject(claim) {
				Subject::Claim => {
					ensure!(T::Claims::is_open(claim), "an audited claim is not open");
				}
				Subject::Version(model) => {
					ensure!(T::Versions::is_waiting(model), "an audited version does not wait");
					ensure!(Examinations::<T>::contains_key(model), "nobody pays for an audit");
				}
				Subject::Pair(challenge) => {
					ensure!(T::Pairs::is_open(challenge), "what is compared is not challenged");
				}
			}
			ensure!(!Verdicts::<T>::contains_key(claim), "an audit goes on after its verdict");
			for seat in audit.sitting() {
				let duties = Duties::<T>::get(&seat.verifier);
				ensure!(duties.contains(&claim), "a seat is no duty");
			}
			for (at, seat) in audit.seats.iter().enumerate() {
				let again = audit
					.seats
					.iter()
					.skip(at.saturating_add(1))
					.any(|s| s.verifier == seat.verifier);
				ensure!(!again, "a verifier has two seats");
				ensure!(
					seat.commitment.is_some() || seat.finding.is_none(),
					"a finding was not committed"
				);
			}
			let over = matches!(audit.stage, Stage::Correcting { .. } | Stage::Restoring { .. });
			ensure!(!over || audit.seats.is_empty(), "a seat outlasts its verdict");
			if let Some(appeal) = audit.appeal {
				let sum = appeals.entry(appeal.appellant.encode()).or_default();
				*sum = sum.saturating_add(appeal.deposit);
				let held =
					T::Currency::balance_on_hold(&HoldReason::Appeal.into(), &appeal.appellant);
				ensure!(*sum <= held, "an appeal's deposit is not held");
			}
		}
		Self::check_disputes()?;
		for (claim, canary) in Canaries::<T>::iter() {
			let audit = Audits::<T>::get(claim).ok_or("a canary has no audit")?;
			ensure!(subject(claim) == Subject::Claim, "a canary is no claim");
			let counted = matches!(audit.stage, Stage::Correcting { .. });
			ensure!(counted || Self::may_unveil(&audit).is_ok(), "a canary is unveiled too early");
			ensure!(counted || canary.finders.is_empty(), "a canary is found before its verdict");
		}
		ensure!(NextDue::<T>::get() <= Self::now().saturating_add(1), "the queue is ahead of time");
		Ok(())
	}

	fn check_disputes() -> Result<(), TryRuntimeError> {
		for claim in Private::<T>::iter_keys() {
			ensure!(Notes::<T>::contains_key(claim), "what is private is not noted");
			ensure!(!Audits::<T>::contains_key(claim), "what is private is audited");
			ensure!(subject(claim) == Subject::Claim, "what is private is no claim");
		}
		let mut deposits: BTreeMap<Vec<u8>, (T::AccountId, Balance)> = BTreeMap::new();
		for (claim, Dispute { disputer, deposit, .. }) in Disputes::<T>::iter() {
			let stage = Audits::<T>::get(claim).map(|audit| audit.stage);
			let open = matches!(
				stage,
				Some(
					Stage::Drawing { .. }
						| Stage::Committing { .. }
						| Stage::Revealing { .. }
						| Stage::Decided { .. }
				)
			) || Canaries::<T>::contains_key(claim);
			ensure!(open, "a dispute outlasts its audit");
			let (_, sum) = deposits.entry(disputer.encode()).or_insert((disputer, 0));
			*sum = sum.saturating_add(deposit);
		}
		for (disputer, sum) in deposits.into_values() {
			let held = T::Currency::balance_on_hold(&HoldReason::Dispute.into(), &disputer);
			ensure!(held == sum, "disputes' deposits are not what is held");
		}
		Ok(())
	}
}
