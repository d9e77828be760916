//! What fills blocks, and how far.

use crate::{
	blocks::limits,
	settled::{Cost, Life, Settled},
};
use codec::Encode;
use frame_support::{dispatch::DispatchClass, weights::Weight};
use openledger_primitives_attribution::audit::{Execution, Finding};
use openledger_primitives_core::{Hash, model::Usage};
use openledger_primitives_receipts::SignedVoucher;
use openledger_runtime::{Runtime, RuntimeCall, configs::system::BlockLength};
use pallet_audits::{COMMITTEE, WeightInfo as _};
use pallet_receipts::WeightInfo as _;
use serde::Serialize;
use serde_json::{Value, json};

/// How many batches a block has room for.
#[derive(Clone, Debug, Serialize)]
pub struct Fill {
	/// All stages within what normal transactions may take.
	pub batches: f64,
	/// Transactions within that, and hooks in what is left of the block as well.
	pub batches_with_idle: f64,
	/// What limits the first.
	pub limited_by: &'static str,
	/// Picoseconds of all stages.
	pub time_ps: u64,
	/// Picoseconds of the transactions among them.
	pub transactions_ps: u64,
	/// Bytes of the transactions.
	pub bytes: usize,
	/// Picoseconds of a block that normal transactions may take.
	pub normal_ps: u64,
	/// Bytes of a block that they may.
	pub normal_bytes: u32,
	/// Picoseconds of a block.
	pub block_ps: u64,
}

fn normal_ps() -> u64 {
	limits().get(DispatchClass::Normal).max_total.unwrap_or(limits().max_block).ref_time()
}

fn normal_bytes() -> u32 {
	*BlockLength::get().max.get(DispatchClass::Normal)
}

/// How many batches such as this fit in a block. Each takes its stages in several blocks; where as
/// many are in each stage, a block has all the stages of as many.
pub fn fill(batch: &Settled, empty_ps: u64) -> Fill {
	let time_ps = batch.weight_ps();
	let hooks: u64 = batch.stages.iter().filter(|cost| cost.hook).map(|cost| cost.time_ps).sum();
	let transactions_ps = time_ps - hooks;
	let (normal_ps, normal_bytes) = (normal_ps(), normal_bytes());
	let block_ps = limits().max_block.ref_time();
	let over = |limit: u64, part: u64| limit as f64 / part.max(1) as f64;
	let by_time = over(normal_ps, time_ps);
	let by_bytes = over(normal_bytes.into(), batch.bytes() as u64);
	let by_block = over(block_ps.saturating_sub(empty_ps), time_ps);
	Fill {
		batches: by_time.min(by_bytes),
		batches_with_idle: by_block.min(over(normal_ps, transactions_ps)).min(by_bytes),
		limited_by: if by_time < by_bytes { "time" } else { "length" },
		time_ps,
		transactions_ps,
		bytes: batch.bytes(),
		normal_ps,
		normal_bytes,
		block_ps,
	}
}

/// A batch of whose drawn receipts a part is audited: for each audit a committee of the first level drawn,
/// its commitments and its findings, of which the last carries the verdict out.
pub fn audited(batch: &Settled, rate: f64) -> Settled {
	let transaction_ps = transaction_ps(batch);
	let audits = rate * f64::from(batch.shown);
	let stage = |stage, each: u32, time_ps: u64, bytes: usize, hook| {
		let count = audits * f64::from(each);
		Cost {
			stage,
			count: count.ceil() as u32,
			time_ps: (count * time_ps as f64) as u64,
			bytes: (count * bytes as f64) as usize,
			hook,
		}
	};
	let [commit, reveal] = audit_bytes(envelope_of(batch));
	let mut batch = batch.clone();
	batch.stages.extend([
		stage("committees", 1, Audits::advance().ref_time(), 0, true),
		stage(
			"commitments",
			COMMITTEE,
			Audits::commit().ref_time() + transaction_ps,
			commit,
			false,
		),
		stage("findings", COMMITTEE, Audits::reveal().ref_time() + transaction_ps, reveal, false),
	]);
	batch
}

type Receipts = <Runtime as pallet_receipts::Config>::WeightInfo;
type Attribution = <Runtime as pallet_attribution::Config>::WeightInfo;
type Audits = <Runtime as pallet_audits::Config>::WeightInfo;

/// Whether weights are the runtime's own, which are measured, and not the pallet's, which are counted
/// by hand.
fn measured<Weights>() -> bool {
	core::any::type_name::<Weights>().starts_with("openledger_runtime::weights")
}

/// A weight that grows evenly with a number of things, database included.
fn linear(weight: impl Fn(u32) -> Weight, measured: bool) -> Value {
	let (one, two) = (weight(1).ref_time(), weight(2).ref_time());
	let each = two.saturating_sub(one);
	json!({ "fixed_ps": one.saturating_sub(each), "each_ps": each, "measured": measured })
}

/// A transaction's bytes beyond its call: signature, account and extensions.
fn envelope(cost: &Cost, call: &RuntimeCall) -> usize {
	(cost.bytes / cost.count.max(1) as usize).saturating_sub(call.encoded_size())
}

/// Bytes that a batch's transactions have beyond their calls.
fn envelope_of(batch: &Settled) -> usize {
	let call: RuntimeCall = pallet_receipts::Call::prune_batch { batch: 0 }.into();
	pruning(batch).map_or(0, |cost| envelope(cost, &call))
}

/// What a transaction of the batch takes beyond its call.
fn transaction_ps(batch: &Settled) -> u64 {
	let prune_ps = pruning(batch).map_or(0, |cost| cost.time_ps);
	prune_ps.saturating_sub(Receipts::prune_batch(batch.shown).ref_time())
}

fn pruning(batch: &Settled) -> Option<&Cost> {
	batch.stages.iter().find(|cost| cost.stage == "prune")
}

/// Bytes of an audit's transactions: a verifier's commitment, and its finding.
fn audit_bytes(envelope: usize) -> [usize; 2] {
	let execution =
		Execution { answer: Hash::zero(), usage: Usage::default(), claim: Hash::zero() };
	let (claim, finding) = (1 << 63, Finding::Refuted(execution));
	[
		pallet_audits::Call::commit { claim, commitment: Hash::zero() },
		pallet_audits::Call::reveal { claim, finding, salt: [0; 32] },
	]
	.map(|call: pallet_audits::Call<Runtime>| RuntimeCall::from(call).encoded_size() + envelope)
}

/// What stages take beyond the batch that was settled here, for simulations: weights of calls and
/// hooks without what every transaction adds, which is beside them, and the bytes of transactions.
pub fn all(life: &Life) -> Value {
	let batch = &life.batches[0];
	let bytes = |of: &[Cost], name: &str| {
		let cost = of.iter().find(|cost| !cost.hook && cost.stage == name);
		cost.map_or(0, |cost| cost.bytes / cost.count.max(1) as usize)
	};
	let hooks = |of: &[Cost], name: &str| {
		of.iter()
			.filter(|cost| cost.hook && cost.stage == name)
			.map(|cost| cost.time_ps)
			.sum::<u64>()
	};
	let revealed = batch.stages.iter().find(|cost| cost.stage == "reveal");
	let reveal = revealed.map_or(0, |cost| cost.bytes / batch.shown.max(1) as usize);
	// What a receipt's share of its transaction takes beside what every transaction does.
	let shown_ps = revealed.map_or(0, |cost| {
		let all = u64::from(cost.count) * transaction_ps(batch);
		cost.time_ps.saturating_sub(all) / u64::from(batch.shown.max(1))
	});
	let [audit_commit, audit_reveal] = audit_bytes(envelope_of(batch));
	let voucher = <SignedVoucher as codec::MaxEncodedLen>::max_encoded_len();
	let committed = bytes(&batch.stages, "commit");
	let lines =
		batch.sessions.iter().find(|cost| cost.stage == "open").map_or(0, |cost| cost.count);
	let (receipts, attribution, audits) =
		(measured::<Receipts>(), measured::<Attribution>(), measured::<Audits>());
	json!({
		"block_ps": limits().max_block.ref_time(),
		"normal_ps": normal_ps(),
		"normal_bytes": normal_bytes(),
		"empty_ps": life.empty_ps,
		"transaction_ps": transaction_ps(batch),
		"open_session": linear(|_| Receipts::open_session(), receipts),
		"close_session": linear(|_| Receipts::close_session(), receipts),
		"commit": linear(Receipts::commit_batch, receipts),
		"reveal": { "fixed_ps": 0, "each_ps": shown_ps, "measured": receipts },
		"conclude": linear(Receipts::conclude, receipts),
		"prune": linear(Receipts::prune_batch, receipts),
		"finalize": {
			"fixed_ps": 0,
			"each_ps": hooks(&batch.stages, "finality") / u64::from(batch.shown.max(1)),
			"measured": attribution,
		},
		"audit_draw": linear(|_| Audits::advance(), audits),
		"audit_commit": linear(|_| Audits::commit(), audits),
		"audit_reveal": linear(|_| Audits::reveal(), audits),
		"bytes": {
			"open_session": bytes(&batch.sessions, "open"),
			"close_session": bytes(&batch.sessions, "close"),
			"commit_fixed": committed.saturating_sub(voucher * lines as usize),
			"commit_each": voucher,
			"reveal": reveal,
			"prune": bytes(&batch.stages, "prune"),
			"audit_commit": audit_commit,
			"audit_reveal": audit_reveal,
		},
	})
}
