//! Claims: what an answer owes to whom, with the proofs that the runtime asks for.

use crate::{
	error::{Error, Result},
	index::{IndexFile, check_sketch},
	scan::{self, Ranked},
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
/// and leaves out nothing that the rule would have it credit. Where nothing clears the floor, it
/// credits nothing.
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
	let credits = usize::from(method.credits);
	let ranked = scan::records(index, &sketch, Some(payer));
	let (contributors, records) = match method.pay_by {
		PayBy::Records => {
			let paid = ranked.into_iter().filter(Ranked::is_paid).take(credits).collect();
			(Vec::new(), paid)
		}
		PayBy::Contributors => {
			let paid: Vec<Ranked> = scan::contributors(index, &sketch, Some(payer))
				.into_iter()
				.filter(Ranked::is_paid)
				.take(credits)
				.collect();
			let records = explain(index, &paid, ranked, credits);
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
/// best of all that scored above zero, up to the method's credits. `ranked` is best first, and so
/// is the result.
fn explain(index: &IndexFile, paid: &[Ranked], ranked: Vec<Ranked>, credits: usize) -> Vec<Ranked> {
	let mut witnesses: Vec<u32> = Vec::with_capacity(paid.len());
	for account in paid.iter().filter_map(|leaf| {
		index.contributors().get(leaf.position as usize).map(|leaf| &leaf.account)
	}) {
		let mut theirs = ranked.iter().filter(|leaf| {
			index.records().get(leaf.position as usize).map(|r| &r.contributor) == Some(account)
		});
		witnesses.extend(theirs.next().map(|leaf| leaf.position));
	}
	let mut others = credits.min(MAX_CREDITS as usize).saturating_sub(witnesses.len());
	if paid.is_empty() {
		return Vec::new();
	}
	ranked
		.into_iter()
		.filter(|leaf| {
			if witnesses.contains(&leaf.position) {
				return true;
			}
			let shown = others > 0 && leaf.score > 0;
			others -= usize::from(shown);
			shown
		})
		.collect()
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
	let leaf = index.contributors().get(position).cloned();
	match (leaf, index.contributor_tree().prove(position)) {
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
	let record = index.records().get(position).cloned().ok_or_else(missing)?;
	let proof = index.leaf_tree().prove(position).ok_or_else(missing)?;
	let (tree, at) = index.record_tree(position).ok_or_else(missing)?;
	let membership = tree.prove(at).ok_or_else(missing)?;
	Ok(RecordCredit { leaf, proof, record, membership })
}

#[cfg(test)]
mod tests;
