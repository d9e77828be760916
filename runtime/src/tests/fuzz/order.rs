//! What is wrong twice is refused by what is cheaper to find: signatures, proofs and claims are looked
//! at when nothing else is wrong. And whatever is wrong with a proof has an error of its own.

use super::stage::{self, Stage, origin, root, undone};
use crate::{
	AccountId, RuntimeCall,
	tests::soak::{alarms, world::By},
};
use codec::DecodeAll;
use frame_support::traits::UnfilteredDispatchable;
use openledger_primitives_attribution::Found;
use openledger_primitives_core::{BatchId, ModelId, RequestId, SessionId};
use pallet_receipts::Shown;
use sp_core::sr25519;
use sp_runtime::{BoundedVec, DispatchError, ModuleError, MultiSignature};

/// Chains that are looked through for a call that is valid.
const CHAINS: u64 = 64;

/// Who signs for nobody.
fn stranger() -> By {
	By::User(AccountId::new([7; 32]))
}

/// Tries a valid call of this name, and then with each of these changes, of which each is refused by
/// this error. A change that says it does not apply is left out; each has to apply somewhere.
fn refused(pallet: &str, name: &str, changes: &[(&str, fn(&mut By, &mut RuntimeCall) -> bool)]) {
	let _ear = alarms::listen();
	let types = stage::types();
	let mut tried = vec![false; changes.len()];
	for number in 0..CHAINS {
		let Stage { mut chain, examples, .. } = Stage::new(5, number, &types);
		let of =
			examples.iter().filter(|one| one.valid && (one.pallet, one.call) == (pallet, name));
		for example in of {
			let mut bytes = Vec::new();
			example.value.write(&mut bytes);
			for ((error, change), tried) in changes.iter().zip(&mut tried) {
				let mut by = example.by.clone();
				let mut call = RuntimeCall::decode_all(&mut &bytes[..]).unwrap();
				if !change(&mut by, &mut call) {
					continue;
				}
				*tried = true;
				chain.ext.execute_with(|| {
					undone(|| {
						let before = root();
						let told = format!("{call:.1500?}");
						let result = call.dispatch_bypass_filter(origin(&by));
						let found = match result.map_err(|refused| refused.error) {
							Err(DispatchError::Module(ModuleError { message, .. })) => message,
							other => panic!("{error} was expected, not {other:?}: {told}"),
						};
						assert_eq!(found, Some(*error), "{told}");
						assert_eq!(root(), before, "a refused call changed the state: {told}");
					})
				});
			}
		}
		if tried.iter().all(|tried| *tried) {
			return;
		}
	}
	let missing: Vec<_> = changes
		.iter()
		.zip(&tried)
		.filter(|(_, tried)| !**tried)
		.map(|((error, _), _)| error)
		.collect();
	panic!("{pallet}.{name}: no chain has a call to be refused by {missing:?}");
}

fn nobodys() -> MultiSignature {
	MultiSignature::Sr25519(sr25519::Signature::from_raw([1; 64]))
}

type Vouchers = BoundedVec<
	openledger_primitives_receipts::SignedVoucher,
	<crate::Runtime as pallet_receipts::Config>::MaxVouchers,
>;

/// The vouchers of a batch, none of them signed by anybody.
fn unsigned(call: &mut RuntimeCall) -> (&mut ModelId, &mut Vouchers) {
	let RuntimeCall::Receipts(pallet_receipts::Call::commit_batch { model, vouchers }) = call
	else {
		panic!("not a batch")
	};
	vouchers.iter_mut().for_each(|voucher| voucher.signature = nobodys());
	(model, vouchers)
}

#[test]
fn vouchers_signatures_are_looked_at_last() {
	refused(
		"Receipts",
		"commit_batch",
		&[
			("BadSignature", |_, call| {
				unsigned(call);
				true
			}),
			("BadSignature", |_, call| {
				// One that is not signed among those that are.
				let RuntimeCall::Receipts(pallet_receipts::Call::commit_batch { vouchers, .. }) =
					call
				else {
					return false;
				};
				let many = vouchers.len() > 1;
				if let Some(last) = vouchers.as_mut().last_mut() {
					last.signature = nobodys();
				}
				many
			}),
			("NotAgent", |by, call| {
				unsigned(call);
				*by = stranger();
				true
			}),
			("WrongModel", |_, call| {
				*unsigned(call).0 = ModelId::MAX;
				true
			}),
			("NoVouchers", |_, call| {
				unsigned(call).1.clear();
				true
			}),
			("UnknownSession", |_, call| {
				if let Some(last) = unsigned(call).1.as_mut().last_mut() {
					last.voucher.session = SessionId::MAX;
				}
				true
			}),
			("Unordered", |_, call| {
				let vouchers = unsigned(call).1;
				let twice = vouchers.last().cloned();
				twice.is_some_and(|twice| vouchers.try_push(twice).is_ok())
			}),
			("NothingNew", |_, call| {
				if let Some(last) = unsigned(call).1.as_mut().last_mut() {
					last.voucher.amount = 0;
				}
				true
			}),
			("EscrowExceeded", |_, call| {
				if let Some(last) = unsigned(call).1.as_mut().last_mut() {
					last.voucher.amount = u128::MAX;
				}
				true
			}),
		],
	);
}

/// The parts of the first receipt that is shown.
macro_rules! shown {
	($call:expr) => {{
		let RuntimeCall::Receipts(pallet_receipts::Call::reveal { batch, shown }) = $call else {
			panic!("nothing is shown")
		};
		let Some(Shown { receipt, proof, claim }) = shown.as_mut().first_mut() else {
			panic!("no receipt is shown")
		};
		(batch, receipt, proof, claim)
	}};
}

#[test]
fn sum_proofs_of_every_malformed_kind_are_refused_after_all_else() {
	refused(
		"Receipts",
		"reveal",
		&[
			("NotInBatch", |_, call| shown!(call).2.siblings.pop().is_some()),
			("NotInBatch", |_, call| {
				let siblings = &mut shown!(call).2.siblings;
				let twice = siblings.first().copied();
				twice.is_some_and(|twice| siblings.try_push(twice).is_ok())
			}),
			("NotInBatch", |_, call| {
				// As long as proofs can be.
				let siblings = &mut shown!(call).2.siblings;
				let Some(twice) = siblings.first().copied() else { return false };
				while siblings.try_push(twice).is_ok() {}
				true
			}),
			("NotInBatch", |_, call| {
				let siblings = &mut shown!(call).2.siblings;
				siblings.as_mut().reverse();
				siblings.first() != siblings.last()
			}),
			("NotInBatch", |_, call| {
				let siblings = &mut shown!(call).2.siblings;
				let sibling = siblings.as_mut().first_mut();
				sibling.map(|sibling| sibling.sum = sibling.sum.wrapping_add(1)).is_some()
			}),
			("NotInBatch", |_, call| {
				shown!(call).1.position = u32::MAX;
				true
			}),
			("NotInBatch", |_, call| {
				shown!(call).1.session = SessionId::MAX;
				true
			}),
			// Cheaper to find, whatever the proof is.
			("WrongClaim", |_, call| {
				let (_, _, proof, claim) = shown!(call);
				proof.siblings.clear();
				claim.gain ^= 1;
				true
			}),
			("UnknownBatch", |_, call| {
				let (batch, _, proof, _) = shown!(call);
				proof.siblings.clear();
				*batch = BatchId::MAX;
				true
			}),
			("NotAgent", |by, call| {
				shown!(call).2.siblings.clear();
				*by = stranger();
				true
			}),
			("Overpriced", |_, call| {
				let (_, receipt, proof, _) = shown!(call);
				proof.siblings.clear();
				receipt.fee = u128::MAX;
				true
			}),
			("TooLong", |_, call| {
				let (_, receipt, _, claim) = shown!(call);
				claim.gain ^= 1;
				receipt.usage.output = u32::MAX;
				true
			}),
		],
	);
}

/// The parts of an answer.
macro_rules! answered {
	($call:expr) => {{
		let RuntimeCall::Inference(pallet_inference::Call::answer {
			request, usage, claim, ..
		}) = $call
		else {
			panic!("nothing is answered")
		};
		(request, usage, claim)
	}};
}

#[test]
fn claims_proofs_of_every_malformed_kind_are_refused_after_all_else() {
	refused(
		"Inference",
		"answer",
		&[
			("NotInIndex", |_, call| {
				let claim = answered!(call).2;
				!claim.records.is_empty() && claim.records_proof.nodes.pop().is_some()
			}),
			("NotInIndex", |_, call| {
				let claim = answered!(call).2;
				claim.records_proof.nodes.try_push([3; 32].into()).is_ok()
			}),
			("NotInIndex", |_, call| {
				// As long as proofs can be.
				let claim = answered!(call).2;
				while claim.records_proof.nodes.try_push([3; 32].into()).is_ok() {}
				true
			}),
			("NotInIndex", |_, call| {
				let nodes = &mut answered!(call).2.records_proof.nodes;
				nodes.as_mut().reverse();
				nodes.first() != nodes.last()
			}),
			("NotInIndex", |_, call| {
				let found = answered!(call).2.found.as_mut();
				found.is_some_and(|found| found.proof.nodes.try_push([3; 32].into()).is_ok())
			}),
			("Retrieval", |_, call| {
				let claim = answered!(call).2;
				claim.records_proof.nodes.clear();
				claim.found.take().is_some()
			}),
			("Retrieval", |_, call| {
				let claim = answered!(call).2;
				let found = Found {
					sketch: claim.sketch.clone(),
					records: Default::default(),
					proof: Default::default(),
				};
				claim.found.replace(found).is_none()
			}),
			("NotAContributor", |_, call| {
				let claim = answered!(call).2;
				claim.contributors_proof.nodes.try_push([3; 32].into()).is_ok()
			}),
			("Unordered", |_, call| {
				let claim = answered!(call).2;
				claim.records_proof.nodes.clear();
				claim.records.as_mut().reverse();
				claim.records.len() > 1
			}),
			("QueryLength", |_, call| {
				let claim = answered!(call).2;
				claim.records_proof.nodes.clear();
				claim.sketch.truncate(3);
				true
			}),
			("UsageOutOfRange", |_, call| {
				let (_, usage, claim) = answered!(call);
				claim.sketch.truncate(3);
				usage.output = u32::MAX;
				true
			}),
			("UnknownRequest", |_, call| {
				let (request, usage, claim) = answered!(call);
				claim.sketch.truncate(3);
				usage.output = u32::MAX;
				*request = RequestId::MAX;
				true
			}),
			("NotAgent", |by, call| {
				answered!(call).2.sketch.truncate(3);
				*by = stranger();
				true
			}),
		],
	);
}
