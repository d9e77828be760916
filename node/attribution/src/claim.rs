//! Claims: what an answer owes to whom, with the proofs that the runtime asks for.

use crate::{
	error::{Error, Result},
	index::{IndexFile, check_sketch},
	scan::{self, Ask, Probe, Ranked, Search, Wanted},
	tree::Nodes,
};
use openledger_primitives_attribution::{
	Claim, ContributorCredit, RecordCredit,
	omission::{ShownContributor, ShownRecord},
};
use openledger_primitives_core::{
	Hash, MAX_CREDITS, Sketch,
	merkle::MultiProof,
	model::{Method, PayBy},
};
use sp_core::crypto::AccountId32;

/// The claim on an answer paid for by `payer`: the best leaves above the floor as the method pays
/// them, and the records that explain them.
///
/// Verifies against the index's own commitment ([`openledger_primitives_attribution::verify`]),
/// and leaves out nothing that the rule would have it credit, up to
/// [`scan::COARSE_ABOVE`] records; what is missed above is said at [`Search::TwoStage`]. Where nothing
/// clears the floor, it credits nothing. What was put into the prompt is for the caller to add
/// ([`crate::retrieval::RetrievalIndex::found`]).
///
/// # Errors
/// [`Error::OtherMethod`], or a sketch of another dimension or with a component of −128.
pub fn claim(
	index: &IndexFile,
	sketch: Sketch,
	gain: i32,
	trace: Hash,
	payer: &AccountId32,
	method: Method,
) -> Result<Claim<AccountId32>> {
	let built = index.header().method;
	if built != method {
		let name = |method: Method| format!("{method:?}");
		return Err(Error::OtherMethod { built: name(built), asked: name(method) });
	}
	check_sketch(&sketch, index.dimension(), 0)?;
	let probe = Probe::new(&sketch)?;
	let probes = std::slice::from_ref(&probe);
	let count = usize::from(method.credits).min(MAX_CREDITS as usize);
	let ask = Ask { payer: Some(payer), wanted: Wanted::Paid, count, search: Search::Auto };
	let (contributors, records) = match method.pay_by {
		PayBy::Records => (Vec::new(), scan::best_records(index, probes, ask)?.concat()),
		PayBy::Contributors => {
			let paid = scan::best_contributors(index, probes, ask)?.concat();
			let records = explain(index, &probe, &paid, ask)?;
			(paid, records)
		}
	};
	let positions =
		|ranked: &[Ranked]| -> Vec<u32> { ranked.iter().map(|leaf| leaf.position).collect() };
	claim_on(index, sketch, gain, trace, &positions(&contributors), &positions(&records))
}

/// A claim that credits the contributors and records at these positions in the order given, with their
/// proofs, and shows no records in the prompt. Whether the rule would have it so is not looked at.
///
/// # Errors
/// [`Error::ClaimBounds`] where there is no such leaf, one stands twice, or a claim has no room for as
/// many.
pub fn claim_on(
	index: &IndexFile,
	sketch: Sketch,
	gain: i32,
	trace: Hash,
	contributors: &[u32],
	records: &[u32],
) -> Result<Claim<AccountId32>> {
	let people: Vec<_> =
		contributors.iter().map(|at| contributor_credit(index, *at)).collect::<Result<_>>()?;
	let (shown, records_proof) = shown_records(index, records)?;
	Ok(Claim {
		sketch,
		gain,
		trace,
		contributors_proof: proof(index.view().contributor_tree(), contributors)
			.ok_or(Error::ClaimBounds("a proof of its contributors"))?,
		contributors: people.try_into().map_err(|_| Error::ClaimBounds("contributors"))?,
		records_proof,
		records: shown.try_into().map_err(|_| Error::ClaimBounds("records"))?,
		found: None,
	})
}

/// The records at these positions, in the order given, and their proof.
pub(crate) fn shown_records(
	index: &IndexFile,
	positions: &[u32],
) -> Result<(Vec<RecordCredit<AccountId32>>, MultiProof)> {
	let shown = positions.iter().map(|at| record_credit(index, *at)).collect::<Result<_>>()?;
	let proof = proof(index.view().leaf_tree(), positions)
		.ok_or(Error::ClaimBounds("a proof of its records"))?;
	Ok((shown, proof))
}

/// The proof of some of a tree's leaves, in whatever order they are named.
fn proof(tree: Option<Nodes>, positions: &[u32]) -> Option<MultiProof> {
	let mut positions = positions.to_vec();
	positions.sort_unstable();
	tree.and_then(|tree| tree.prove_many(&positions))
}

/// The records that explain what `paid` contributors are paid for: each one's best, and then the
/// best of all that scored above zero, up to the method's credits. Best first.
fn explain(index: &IndexFile, probe: &Probe, paid: &[Ranked], ask: Ask) -> Result<Vec<Ranked>> {
	if paid.is_empty() {
		return Ok(Vec::new());
	}
	let mut shown: Vec<Ranked> =
		paid.iter().filter_map(|leaf| scan::best_of(index, probe, leaf.position)).collect();
	let others = ask.count.saturating_sub(shown.len());
	// As many as there is room for are not among those that stand behind someone.
	let ask = Ask { wanted: Wanted::Positive, ..ask };
	let best = scan::best_records(index, std::slice::from_ref(probe), ask)?.concat();
	let fresh = best.into_iter().filter(|leaf| !shown.contains(leaf)).take(others);
	let fresh: Vec<Ranked> = fresh.collect();
	shown.extend(fresh);
	shown.sort_by_key(|leaf| (std::cmp::Reverse(leaf.score), leaf.position));
	Ok(shown)
}

fn contributor_credit(index: &IndexFile, position: u32) -> Result<ContributorCredit<AccountId32>> {
	let leaf = index.contributors().get(position as usize);
	let leaf = leaf.ok_or(Error::ClaimBounds("there is no such contributor"))?;
	Ok(ContributorCredit { position, leaf })
}

fn record_credit(index: &IndexFile, position: u32) -> Result<RecordCredit<AccountId32>> {
	let missing = || Error::ClaimBounds("there is no such record");
	let leaf = index.leaf(position as usize).ok_or_else(missing)?;
	let record = index.records().get(position as usize).ok_or_else(missing)?;
	Ok(RecordCredit::new(leaf, record))
}

/// A contributor with its proof, as challenges show it.
///
/// # Errors
/// [`Error::ClaimBounds`] where there is no such contributor.
pub fn shown_contributor(
	index: &IndexFile,
	position: u32,
) -> Result<ShownContributor<AccountId32>> {
	let credit = contributor_credit(index, position)?;
	let tree = index.view().contributor_tree();
	let proof = tree.and_then(|tree| tree.prove(position as usize));
	let proof = proof.ok_or(Error::ClaimBounds("there is no such contributor"))?;
	Ok(ShownContributor { credit, proof })
}

/// A record with its proofs, as challenges show it.
///
/// # Errors
/// [`Error::ClaimBounds`] where there is no such record.
pub fn shown_record(index: &IndexFile, position: u32) -> Result<ShownRecord<AccountId32>> {
	let missing = || Error::ClaimBounds("there is no such record");
	let (credit, at) = (record_credit(index, position)?, position as usize);
	let view = index.view();
	let proof = view.leaf_tree().and_then(|tree| tree.prove(at)).ok_or_else(missing)?;
	let membership = view.membership(at).ok_or_else(missing)?;
	Ok(ShownRecord { credit, proof, membership })
}

#[cfg(test)]
mod tests;
