//! Omissions: the leaf that a claim should have credited and left out, and what a challenge shows of it
//! ([`openledger_primitives_attribution::omission`]).

use crate::{
	claim::{shown_contributor, shown_record},
	error::{Error, Result},
	index::{IndexFile, check_sketch},
	scan::{self, Ask, Probe, Ranked, Search, Wanted},
};
use openledger_primitives_attribution::{
	Credit, Terms,
	omission::{Omission, Replaced, replace},
};
use openledger_primitives_core::{Sketch, model::PayBy};
use sp_core::crypto::AccountId32;

/// The best leaf that `paid`, the verified credits of a claim with the query `sketch`, leaves out, and
/// what comes of showing it; `None` where the rule would have nothing else credited.
///
/// Every leaf is scored, however many there are: what a claim that was found in two stages missed is
/// found here.
///
/// # Errors
/// [`Error::Tree`] where `index` is not the one that `terms` commit to, so that nothing can be said of
/// the claim; [`Error::Dimension`] or [`Error::Asymmetric`] for a sketch that no claim can have.
pub fn omission(
	terms: &Terms,
	index: &IndexFile,
	payer: &AccountId32,
	sketch: &Sketch,
	paid: &[Credit<AccountId32>],
) -> Result<Option<(Omission<AccountId32>, Replaced<AccountId32>)>> {
	check_committed(terms, index)?;
	check_sketch(sketch, index.dimension(), 0)?;
	let probe = Probe::new(sketch)?;
	let probes = std::slice::from_ref(&probe);
	let ask = Ask {
		payer: Some(payer),
		wanted: Wanted::Paid,
		count: terms.method.credits.into(),
		search: Search::Exact,
	};
	let best = match terms.method.pay_by {
		PayBy::Records => scan::best_records(index, probes, ask)?.concat(),
		PayBy::Contributors => scan::best_contributors(index, probes, ask)?.concat(),
	};
	let left_out =
		best.iter().filter(|leaf| !paid.iter().any(|credit| credit.position == leaf.position));
	for leaf in left_out {
		let Some(omission) = shown(terms, index, &probe, leaf)? else { continue };
		// What the chain would refuse is nothing to be shown.
		if let Ok(replaced) = replace(terms, payer, sketch, paid, &omission) {
			return Ok(Some((omission, replaced)));
		}
	}
	Ok(None)
}

fn check_committed(terms: &Terms, index: &IndexFile) -> Result<()> {
	let (view, committed) = (index.view(), terms.index);
	let is_committed = |root: Option<openledger_primitives_core::Hash>, expected, name| {
		root.filter(|root| *root == expected).map(drop).ok_or(Error::Tree(name))
	};
	is_committed(view.leaf_tree().map(|tree| tree.root()), committed.records_root, "index leaves")?;
	let contributors = view.contributor_tree().map(|tree| tree.root());
	is_committed(contributors, committed.contributors_root, "contributor leaves")?;
	match index.header().floor_ppm == committed.floor_ppm && index.header().method == terms.method {
		true => Ok(()),
		false => {
			Err(Error::malformed("index header", "floor or method are not the committed ones"))
		}
	}
}

/// What is shown of a leaf, with the contributor's best record where contributors are paid.
fn shown(
	terms: &Terms,
	index: &IndexFile,
	probe: &Probe,
	leaf: &Ranked,
) -> Result<Option<Omission<AccountId32>>> {
	Ok(match terms.method.pay_by {
		PayBy::Records => Some(Omission::Record(shown_record(index, leaf.position)?)),
		PayBy::Contributors => match scan::best_of(index, probe, leaf.position) {
			None => None,
			Some(witness) => Some(Omission::Contributor(
				shown_contributor(index, leaf.position)?,
				shown_record(index, witness.position)?,
			)),
		},
	})
}

#[cfg(test)]
mod tests;
