//! Claims: what an answer owes to whom, with the proofs that the runtime asks for.

use crate::{
	error::{Error, Result},
	index::{IndexFile, check_sketch},
	scan::{self, Ask, Probe, Ranked, Search, Wanted},
};
use openledger_primitives_attribution::{Claim, ContributorCredit, RecordCredit};
use openledger_primitives_core::{
	Hash, MAX_CREDITS, Sketch,
	model::{Method, PayBy},
};
use sp_core::crypto::AccountId32;

/// The claim on an answer paid for by `payer`: the best leaves above the floor as the method pays
/// them, and the records that explain them.
///
/// Verifies against the index's own commitment ([`openledger_primitives_attribution::verify`]),
/// and leaves out nothing that the rule would have it credit, up to
/// [`scan::COARSE_ABOVE`] records; what is missed above is said at [`Search::TwoStage`]. Where nothing
/// clears the floor, it credits nothing.
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
	let contributors = contributors
		.iter()
		.map(|leaf| contributor_credit(index, leaf.position as usize))
		.collect::<Result<Vec<_>>>()?;
	let records = records
		.iter()
		.map(|leaf| record_credit(index, leaf.position as usize))
		.collect::<Result<Vec<_>>>()?;
	Ok(Claim {
		sketch,
		gain,
		trace,
		contributors: contributors.try_into().map_err(|_| Error::ClaimBounds("contributors"))?,
		records: records.try_into().map_err(|_| Error::ClaimBounds("records"))?,
	})
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

/// A contributor leaf with its proof, as claims and challenges show it.
///
/// # Errors
/// [`Error::ClaimBounds`] where there is no such contributor.
pub fn contributor_credit(
	index: &IndexFile,
	position: usize,
) -> Result<ContributorCredit<AccountId32>> {
	let missing = Error::ClaimBounds("there is no such contributor");
	let leaf = index.contributors().get(position);
	let proof = index.view().contributor_tree().and_then(|tree| tree.prove(position));
	match (leaf, proof) {
		(Some(leaf), Some(proof)) => {
			Ok(ContributorCredit { position: position as u32, leaf, proof })
		}
		_ => Err(missing),
	}
}

/// An index leaf and the record leaf behind it with their proofs, as claims and challenges show
/// them.
///
/// # Errors
/// [`Error::ClaimBounds`] where there is no such record.
pub fn record_credit(index: &IndexFile, position: usize) -> Result<RecordCredit<AccountId32>> {
	let missing = || Error::ClaimBounds("there is no such record");
	let leaf = index.leaf(position).ok_or_else(missing)?;
	let record = index.records().get(position).ok_or_else(missing)?;
	let view = index.view();
	let proof = view.leaf_tree().and_then(|tree| tree.prove(position)).ok_or_else(missing)?;
	let membership = view.membership(position).ok_or_else(missing)?;
	Ok(RecordCredit { leaf, proof, record, membership })
}

#[cfg(test)]
mod tests;
