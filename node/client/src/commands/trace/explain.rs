//! A request's trace, explained.

use crate::{
	chain::Chain,
	content::Content,
	explain::{Answered, Origin, Pool, Prompted, View},
};
use anyhow::{Context as _, Result, bail, ensure};
use openledger_attribution::IndexFile;
use openledger_primitives_api::{FoundInfo, ModelInfo, RequestState, Trace};
use openledger_primitives_core::model::IndexCommitment;
use sp_core::crypto::AccountId32;
use std::path::Path;

/// The most bytes of an index that are fetched to count near-duplicates.
const MAX_INDEX: u64 = 32 << 20;
/// Bytes that an index has for each record, and for each contributor, besides a sketch.
const BESIDE_SKETCH: [u64; 2] = [186, 108];

/// Explains a request by what the chain says of it, the records' contents and the index.
pub async fn view(
	chain: &Chain,
	content: &Content,
	trace: Trace<AccountId32>,
	index: Option<&Path>,
) -> Result<View> {
	let request = trace.request;
	let Some(answer) = trace.answer else {
		match trace.state {
			RequestState::Refunded => bail!("request {request} was paid back without an answer"),
			_ => bail!("request {request} has no answer yet: try again later"),
		}
	};
	let model: Option<ModelInfo<AccountId32>> = chain.api("model", trace.model).await?;
	let model = model.with_context(|| format!("model {} is not there any more", trace.model))?;
	let index = match (index, &model.index) {
		(Some(path), commitment) => Some(named(path, commitment.as_ref(), trace.model)?),
		(None, Some(commitment)) => fetched(content, commitment, model.spec.method.dimension).await,
		(None, None) => None,
	};
	let found = match chain.found(request).await? {
		Some(FoundInfo { part_ppm, paid, evidence, .. }) => {
			let retrieval = chain.retrieval(trace.model).await?;
			let index = retrieval.map(|retrieval| retrieval.index);
			Some(Prompted { part_ppm, paid, evidence, index })
		}
		None => None,
	};
	let mut contents = Vec::with_capacity(trace.evidence.len());
	let prompted = found.iter().flat_map(|found| &found.evidence);
	for evidence in trace.evidence.iter().chain(prompted) {
		contents.push(content.get(&evidence.content).await.ok());
	}
	let paid = trace.distribution.map(|paid| Pool::Paid(paid.contributors.into_inner()));
	let answered = Answered {
		origin: Origin::Request {
			request,
			model: trace.model,
			name: model.name,
			state: trace.state,
		},
		question: trace.prompt,
		answer,
		gain: trace.gain,
		earned_ppm: trace.earned_ppm,
		pay_by: model.spec.method.pay_by,
		paid: trace.paid,
		evidence: trace.evidence,
		pool: paid.unwrap_or(Pool::Unknown),
		index: model.index,
		found,
	};
	Ok(View::new(answered, &contents, index.as_ref()))
}

/// The index in a file, which has to be the one that the version has committed to.
fn named(path: &Path, commitment: Option<&IndexCommitment>, model: u32) -> Result<IndexFile> {
	let index =
		IndexFile::open(path).with_context(|| format!("can't use the index {}", path.display()))?;
	ensure!(
		commitment == Some(&index.commitment()),
		"{} is not the index that model {model} has committed to",
		path.display()
	);
	Ok(index)
}

/// The index that a worker has, unless it is large. Nothing but the sizes of clusters depends on it, so
/// one that can't be had is no error.
async fn fetched(
	content: &Content,
	commitment: &IndexCommitment,
	dimension: u16,
) -> Option<IndexFile> {
	let counts = [commitment.records, commitment.contributors];
	let sizes = counts.iter().zip(BESIDE_SKETCH);
	let size: u64 =
		sizes.map(|(count, beside)| u64::from(*count) * (u64::from(dimension) + beside)).sum();
	if size > MAX_INDEX {
		return None;
	}
	let bytes = content.get(&commitment.file).await.ok()?;
	IndexFile::from_bytes(&bytes).ok()
}
