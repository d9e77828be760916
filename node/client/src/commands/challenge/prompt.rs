//! What should have been in a prompt. The chain has the hash of the question's sketch alone: whoever shows a
//! record that was left out has to know the question, and the base that makes a sketch of it.

use super::{
	How,
	look::{Committed, Found},
};
use crate::{
	chain::Chain,
	commands::{claim, sources, trace},
	content::Content,
};
use anyhow::{Context as _, Result, ensure};
use openledger_attribution::{
	IndexFile,
	omitted::omission,
	retrieval::{Lens, RetrievalIndex},
};
use openledger_primitives_api::{ClaimInfo, FoundInfo};
use openledger_primitives_attribution::{found, omission::Omission};
use openledger_primitives_core::{Balance, Sketch, draw::drawn};
use openlora::Base;
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;

/// The sketch of the question that a claim is on, or what it takes to have it.
pub(super) async fn question(
	chain: &Chain,
	content: &Content,
	committed: &Committed,
	of: &ClaimInfo<AccountId32>,
	(index, prompted): (&IndexFile, &FoundInfo<AccountId32>),
	how: &How,
) -> Result<Result<Sketch, String>> {
	let Some(path) = &how.base else {
		return Ok(Err(
			"whether a record was left out of its prompt was not looked at: name the base that \
		               the model answers with, --base FILE"
				.into(),
		));
	};
	let text = match (&how.question, drawn(of.claim)) {
		(Some(text), _) => text.clone(),
		(None, None) => trace::fetch(chain, of.claim).await?.prompt,
		(None, Some(_)) => {
			return Ok(Err("whether a record was left out of its prompt was not looked at: the chain does not \
			               have what was asked, name it with --question"
				.into()));
		}
	};
	let retrieval = committed.retrieval.context("the version puts no records into prompts")?;
	let bytes = content.get(&retrieval.lens).await.with_context(|| {
		format!("the lens of model version {} is needed, and can't be had", committed.model)
	})?;
	let index = RetrievalIndex::new(index.clone(), Lens::from_bytes(&bytes)?)?;
	let (weights, _) = sources::base_hashes(path)?;
	ensure!(
		weights == index.lens().base(),
		"{} is not the base of model version {}",
		path.display(),
		committed.model
	);
	let base = Base::load(path)?;
	let sketch = index.question(&base, &text)?;
	ensure!(
		found::question(&sketch) == prompted.question,
		"the question's sketch is not the one that the claim on {} was made with: either another question was \
		 asked, or its operator took another sketch, which an audit finds",
		claim::subject(of.claim)
	);
	Ok(Ok(sketch))
}

/// The most relevant record that was left out of the prompt of a question with this sketch.
pub(super) fn missed(
	retrieving: &Committed,
	index: &IndexFile,
	(claim, at_stake): (&ClaimInfo<AccountId32>, Balance),
	prompted: &FoundInfo<AccountId32>,
	question: Sketch,
) -> Result<Option<Found>> {
	let left = omission(&retrieving.terms(), index, &claim.payer, &question, &prompted.paid)?;
	let at_stake = Permill::from_parts(prompted.part_ppm).mul_floor(at_stake);
	Ok(match left {
		Some((Omission::Record(shown), replaced)) => {
			Some(Found::relevance(question, shown, replaced.lost(at_stake)))
		}
		_ => None,
	})
}
