//! What always holds: of our pallets' state, of deposits, and of the money there is.

use super::{
	alarms, dust,
	world::{Rt, ticket},
};
use crate::{
	AccountId, AllPalletsWithSystem, Balance, Balances, RuntimeEvent, RuntimeHoldReason, System,
	configs::parameters::dynamic_params,
};
use frame_support::traits::{Get, TryState, TryStateSelect, fungible::Inspect};
use pallet_rewards::Accrued;
use pallet_voice::{TotalPoints, Voices};
use std::{
	any::Any,
	collections::BTreeMap,
	panic::{AssertUnwindSafe, catch_unwind},
};

/// What a panic said.
pub fn message(panic: &(dyn Any + Send)) -> String {
	let text = panic.downcast_ref::<String>().cloned();
	text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()))
		.unwrap_or_else(|| "a panic without a message".into())
}

/// Follows the issuance from call to call.
pub struct Issuance {
	known: Balance,
	events: usize,
}

impl Issuance {
	/// As it stands before a block.
	pub fn before() -> Self {
		Self { known: Balances::total_issuance(), events: 0 }
	}

	/// Whether it changed since the last time by what the events since then say: stakers were paid,
	/// fees were burned, somebody or the end of an era burned something.
	pub fn follow(&mut self) -> Result<(), String> {
		let (mut minted, mut burned, mut gone) = (0, 0, false);
		for record in System::read_events_no_consensus().skip(self.events) {
			self.events += 1;
			match record.event {
				RuntimeEvent::Staking(pallet_staking::Event::Rewarded { amount, .. }) => {
					minted += amount;
				}
				RuntimeEvent::TransactionPayment(
					pallet_transaction_payment::Event::TransactionFeePaid { who, actual_fee, tip },
				) => {
					burned += dynamic_params::fees::Burned::get().mul_floor(actual_fee - tip);
					gone |= !System::account_exists(&who);
				}
				RuntimeEvent::Balances(pallet_balances::Event::Burned { amount, .. }) => {
					burned += amount;
				}
				_ => {}
			}
		}
		let before = std::mem::replace(&mut self.known, Balances::total_issuance());
		let expected = before + minted - burned;
		// One who is gone when the call ends gets nothing back of the fee paid in advance, which
		// the event does not say.
		if self.known == expected || gone && self.known < expected {
			return Ok(());
		}
		Err(format!(
			"the issuance went from {before} to {}, but {minted} was minted and {burned} burned",
			self.known
		))
	}
}

/// Everything wrong after a block.
pub fn after_block() -> Vec<String> {
	let mut wrong = alarms::take();
	let states = || AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All);
	match catch_unwind(AssertUnwindSafe(states)) {
		Err(panic) => wrong.push(message(&*panic)),
		Ok(result) => {
			// The result itself says nothing of what failed: the log does.
			let told = alarms::take();
			if let Err(error) = result
				&& !dust::explains(&told)
			{
				wrong.push(format!("{error:?}"));
				wrong.extend(told);
			}
		}
	}
	wrong.extend(balances().err());
	wrong.extend(deposits().err());
	wrong.extend(consensus().err());
	wrong.extend(voices().err());
	wrong
}

/// All voice there is belongs to somebody, who was paid out or can be.
fn voices() -> Result<(), String> {
	let credited: u128 = Voices::<Rt>::iter_values().map(|standing| standing.points).sum();
	let accrued: u128 = Accrued::<Rt>::iter_values().map(|accrued| accrued.voice).sum();
	let total = TotalPoints::<Rt>::get();
	if credited + accrued != total {
		return Err(format!("{credited} points are credited and {accrued} accrue, of {total}"));
	}
	Ok(())
}

/// Somebody validates, and BABE knows who: in an epoch without authorities each block would begin
/// another session.
fn consensus() -> Result<(), String> {
	let (validators, authorities) =
		(crate::Session::validators().len(), crate::Babe::authorities().len());
	if validators == 0 || authorities != validators {
		return Err(format!("{validators} validate, {authorities} author"));
	}
	Ok(())
}

/// The issuance is all that accounts have, and nobody has less reserved than is held.
fn balances() -> Result<(), String> {
	let mut sum: Balance = 0;
	for (who, account) in frame_system::Account::<Rt>::iter() {
		let data = account.data;
		sum += data.free + data.reserved;
		let held = pallet_balances::Holds::<Rt>::get(&who);
		let held: Balance = held.iter().map(|hold| hold.amount).sum();
		if held > data.reserved {
			return Err(format!("{who}: {held} is held, {} reserved", data.reserved));
		}
	}
	let issuance = <Balances as Inspect<AccountId>>::total_issuance();
	if sum != issuance {
		return Err(format!("accounts have {sum}, the issuance is {issuance}"));
	}
	let inactive = pallet_balances::InactiveIssuance::<Rt>::get();
	if inactive > issuance {
		return Err(format!("{inactive} of {issuance} is inactive"));
	}
	Ok(())
}

/// What our pallets hold of each account is what their entries say, to the last unit.
fn deposits() -> Result<(), String> {
	type Key = (AccountId, &'static str);
	let mut entries: BTreeMap<Key, Balance> = BTreeMap::new();
	let mut owe = |who: AccountId, reason, amount: Balance| {
		*entries.entry((who, reason)).or_default() += amount;
	};
	for net in pallet_datanets::Datanets::<Rt>::iter_values() {
		owe(net.owner, "datanet", ticket(&net.ticket));
	}
	for ((_, who, _), commitment) in pallet_datanets::Commitments::<Rt>::iter() {
		owe(who, "commitment", ticket(&commitment.ticket));
	}
	for (_, _, of) in pallet_datanets::Contributions::<Rt>::iter() {
		owe(of.contributor, "contribution", ticket(&of.ticket));
	}
	for (_, _, frozen) in pallet_datanets::Snapshots::<Rt>::iter() {
		owe(frozen.depositor, "snapshot", ticket(&frozen.ticket));
	}
	for base in pallet_models::Bases::<Rt>::iter_values() {
		owe(base.owner, "base", ticket(&base.ticket));
	}
	for (id, model) in pallet_models::Models::<Rt>::iter() {
		let bond = pallet_models::Bonds::<Rt>::get(id).unwrap_or_default();
		owe(model.owner.clone(), "index's bond", bond);
		owe(model.owner, "model", ticket(&model.ticket));
	}
	for (who, one) in pallet_inference::Operators::<Rt>::iter() {
		owe(who.clone(), "bond", one.operator.bond);
		owe(who, "operator", ticket(&one.ticket));
	}
	for request in pallet_inference::Requests::<Rt>::iter_values() {
		use pallet_inference::Status::{Answered, Pending};
		owe(request.payer.clone(), "request", ticket(&request.ticket));
		match (request.status, request.answered) {
			(Pending, _) => owe(request.payer, "escrow", request.max_fee),
			(Answered, Some(answered)) => owe(request.payer, "escrow", answered.fee),
			_ => {}
		}
	}
	for (_, who, challenge) in pallet_attribution::Challenges::<Rt>::iter() {
		owe(who, "challenge", challenge.deposit);
	}
	for (who, verifier) in pallet_audits::Verifiers::<Rt>::iter() {
		owe(who.clone(), "verifier's bond", verifier.bond);
		owe(who, "verifier", ticket(&verifier.ticket));
	}
	for appeal in pallet_audits::Audits::<Rt>::iter_values().filter_map(|audit| audit.appeal) {
		owe(appeal.appellant, "appeal", appeal.deposit);
	}
	for dispute in pallet_audits::Disputes::<Rt>::iter_values() {
		owe(dispute.disputer, "dispute", dispute.deposit);
	}
	for (who, _, sealed) in pallet_duplicates::Seals::<Rt>::iter() {
		owe(who, "duplicate", sealed.deposit);
	}
	for challenge in pallet_duplicates::Challenges::<Rt>::iter_values() {
		owe(challenge.challenger, "duplicate", challenge.deposit);
	}
	for examination in pallet_audits::Examinations::<Rt>::iter_values() {
		owe(examination.payer, "version's audit", examination.held);
	}
	for session in pallet_receipts::Sessions::<Rt>::iter_values() {
		owe(session.payer.clone(), "session's escrow", session.escrow);
		owe(session.payer, "session", ticket(&session.ticket));
	}
	for batch in pallet_receipts::Batches::<Rt>::iter_values() {
		owe(batch.operator.clone(), "session's escrow", batch.held);
		owe(batch.operator, "batch", ticket(&batch.ticket));
	}
	for (who, (_, payee)) in pallet_rewards::Payees::<Rt>::iter() {
		owe(who, "payee", ticket(&payee));
	}
	for (who, entry) in Accrued::<Rt>::iter() {
		if let Some(paid) = entry.ticket {
			owe(who, "rewards account", ticket(&paid));
		}
	}
	for (who, _, ballot) in pallet_voice::Ballots::<Rt>::iter() {
		owe(who, "vote", ticket(&ballot.ticket));
	}
	entries.retain(|_, amount| *amount > 0);

	let mut held: BTreeMap<Key, Balance> = BTreeMap::new();
	for (who, holds) in pallet_balances::Holds::<Rt>::iter() {
		for hold in holds {
			if let Some(reason) = name(hold.id) {
				held.insert((who.clone(), reason), hold.amount);
			}
		}
	}
	if entries == held {
		return Ok(());
	}
	let off = entries.keys().chain(held.keys()).find(|key| entries.get(key) != held.get(key));
	Err(format!(
		"{off:?}: entries say {:?}, held is {:?}",
		off.and_then(|key| entries.get(key)),
		off.and_then(|key| held.get(key))
	))
}

/// Our own reasons to hold something.
fn name(reason: RuntimeHoldReason) -> Option<&'static str> {
	use RuntimeHoldReason::{
		Attribution, Audits, Datanets, Duplicates, Inference, Models, Receipts, Rewards, Voice,
	};
	Some(match reason {
		Datanets(pallet_datanets::HoldReason::Datanet) => "datanet",
		Datanets(pallet_datanets::HoldReason::Commitment) => "commitment",
		Datanets(pallet_datanets::HoldReason::Contribution) => "contribution",
		Datanets(pallet_datanets::HoldReason::Snapshot) => "snapshot",
		Models(pallet_models::HoldReason::Base) => "base",
		Models(pallet_models::HoldReason::Model) => "model",
		Models(pallet_models::HoldReason::Bond) => "index's bond",
		Inference(pallet_inference::HoldReason::Bond) => "bond",
		Inference(pallet_inference::HoldReason::Escrow) => "escrow",
		Inference(pallet_inference::HoldReason::OperatorDeposit) => "operator",
		Inference(pallet_inference::HoldReason::RequestDeposit) => "request",
		Attribution(pallet_attribution::HoldReason::Challenge) => "challenge",
		Audits(pallet_audits::HoldReason::Bond) => "verifier's bond",
		Audits(pallet_audits::HoldReason::Appeal) => "appeal",
		Audits(pallet_audits::HoldReason::VerifierDeposit) => "verifier",
		Audits(pallet_audits::HoldReason::Examination) => "version's audit",
		Audits(pallet_audits::HoldReason::Dispute) => "dispute",
		Duplicates(pallet_duplicates::HoldReason::Challenge) => "duplicate",
		Receipts(pallet_receipts::HoldReason::Escrow) => "session's escrow",
		Receipts(pallet_receipts::HoldReason::SessionDeposit) => "session",
		Receipts(pallet_receipts::HoldReason::BatchDeposit) => "batch",
		Rewards(pallet_rewards::HoldReason::Payee) => "payee",
		Rewards(pallet_rewards::HoldReason::Account) => "rewards account",
		Voice(pallet_voice::HoldReason::Vote) => "vote",
		_ => return None,
	})
}
