//! Looking: the chain says what is claimed and committed, the worker has the content.

use super::{How, prompt};
use crate::{amount, chain::Chain, commands::datanet, content::Content, output};
use anyhow::{Context as _, Result, bail, ensure};
use openledger_attribution::{
	Error as AttributionError, IndexFile,
	forged::{Records, forged_in_file},
	omitted::omission,
};
use openledger_primitives_api::{ChallengesInfo, ClaimInfo, DatanetInfo, FoundInfo, ModelInfo};
use openledger_primitives_attribution::{
	Terms,
	challenge::{Fault, Target},
	forgery::{Forgery, expose},
	found,
	omission::{Omission, ShownRecord, replace},
};
use openledger_primitives_core::{
	Balance, DatanetId, Hash, ModelId, Sketch,
	model::{IndexCommitment, Method, Retrieval},
	record::{Snapshot, content_hash},
};
use serde::Serialize;
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;
use std::{io::Write, path::Path};

/// What can be shown.
#[derive(Debug, Serialize)]
pub struct Found {
	/// In words.
	pub what: String,
	/// The leaf's place: in the index, or among contributors where those are paid.
	pub position: u32,
	/// What the leaf that was left out would have lost of the contributors' part, in the smallest unit;
	/// none where a leaf is forged.
	pub lost: Option<String>,
	/// What is committed to.
	#[serde(skip)]
	pub fault: Fault<AccountId32>,
	#[serde(skip)]
	lost_units: Balance,
}

impl Found {
	/// What it brings, for people.
	pub fn gain(&self) -> String {
		match self.fault {
			Fault::Omission(_) | Fault::Relevance { .. } => format!(
				"up to {}: half of the {} that were left out",
				amount::show(self.lost_units / 2),
				amount::show(self.lost_units)
			),
			Fault::Forgery(_) | Fault::ForgedRelevance(_) => {
				"up to half of the bond behind the index".into()
			}
		}
	}

	fn omission(omission: Omission<AccountId32>, lost: Balance) -> Self {
		let (position, what) = match &omission {
			Omission::Record(shown) => {
				let record = &shown.credit.record;
				(
					shown.credit.position,
					format!(
						"it leaves out record {}/{} of {}, at position {} of the index",
						record.datanet,
						record.index,
						output::brief(&record.contributor),
						shown.credit.position
					),
				)
			}
			Omission::Contributor(shown, record) => (
				shown.credit.position,
				format!(
					"it leaves out contributor {}, whose best record is {}/{}",
					output::brief(&shown.credit.leaf.account),
					record.credit.record.datanet,
					record.credit.record.index
				),
			),
		};
		let (lost_units, lost) = (lost, Some(lost.to_string()));
		Self { what, position, lost, fault: Fault::Omission(omission), lost_units }
	}

	/// A record that was left out of the prompt of a question with this sketch.
	pub(super) fn relevance(
		question: Sketch,
		shown: ShownRecord<AccountId32>,
		lost: Balance,
	) -> Self {
		let (position, record) = (shown.credit.position, &shown.credit.record);
		let what = format!(
			"record {}/{} of {}, at position {position} of the retrieval index, was left out of its prompt",
			record.datanet,
			record.index,
			output::brief(&record.contributor),
		);
		let (lost_units, lost) = (lost, Some(lost.to_string()));
		Self { what, position, lost, fault: Fault::Relevance { question, shown }, lost_units }
	}

	fn forgery(forgery: Forgery, use_of: Use) -> Self {
		let position = forgery.leaf.position;
		let what = format!(
			"the leaf at position {position} of its {} names the record {:?}, the snapshot has {:?} there",
			use_of.name(),
			forgery.leaf.record,
			forgery.record
		);
		let fault = match use_of {
			Use::Attribution => Fault::Forgery(forgery),
			Use::Retrieval => Fault::ForgedRelevance(forgery),
		};
		Self { what, position, lost: None, fault, lost_units: 0 }
	}
}

/// What an index is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
	/// Crediting what moved answers.
	Attribution,
	/// Finding records for prompts.
	Retrieval,
}

impl Use {
	fn name(self) -> &'static str {
		match self {
			Self::Attribution => "index",
			Self::Retrieval => "retrieval index",
		}
	}
}

/// What a model version's claims are verified against.
pub(super) struct Committed {
	pub(super) model: ModelId,
	pub(super) method: Method,
	pub(super) index: IndexCommitment,
	pub(super) snapshots: Vec<(DatanetId, Snapshot)>,
	/// What finds records for prompts, where any are put there.
	pub(super) retrieval: Option<Retrieval>,
	/// What `index` is for.
	pub(super) use_of: Use,
}

impl Committed {
	pub(super) fn terms(&self) -> Terms<'_> {
		let Self { method, index, snapshots, retrieval, .. } = self;
		Terms { method: *method, index: *index, snapshots, retrieval: *retrieval }
	}

	/// What is put into prompts is verified against, where anything is.
	pub(super) fn retrieving(&self) -> Option<Self> {
		let retrieval = self.retrieval?;
		Some(Self {
			model: self.model,
			method: retrieval.method(),
			index: retrieval.index,
			snapshots: self.snapshots.clone(),
			retrieval: None,
			use_of: Use::Retrieval,
		})
	}

	pub(super) async fn of(chain: &Chain, model: ModelId) -> Result<Self> {
		let info: Option<ModelInfo<AccountId32>> = chain.api("model", model).await?;
		let info = info.with_context(|| format!("model version {model} is not there any more"))?;
		let index = info.index.with_context(|| format!("model version {model} has no index"))?;
		let mut snapshots = Vec::new();
		for of in &info.spec.snapshots {
			let datanet: Option<DatanetInfo<AccountId32>> =
				chain.api("datanet", of.datanet).await?;
			let found = datanet.and_then(|info| {
				info.snapshots.into_iter().find(|(number, _)| *number == of.snapshot)
			});
			let (_, snapshot) = found.with_context(|| {
				format!("snapshot {}:{} is not there any more", of.datanet, of.snapshot)
			})?;
			snapshots.push((of.datanet, snapshot));
		}
		let (method, retrieval) = (info.spec.method, chain.retrieval(model).await?);
		Ok(Self { model, method, index, snapshots, retrieval, use_of: Use::Attribution })
	}
}

/// The claim on chain.
async fn claimed(chain: &Chain, target: Target) -> Result<Option<ClaimInfo<AccountId32>>> {
	let Target::Claim(claim) = target else { return Ok(None) };
	let info: Option<ClaimInfo<AccountId32>> = chain.api("claim", claim).await?;
	Ok(Some(info.context("the chain knows the claim no more")?))
}

/// What looking came to.
pub struct Looked {
	/// What there is to challenge.
	pub found: Option<Found>,
	/// What was not looked at, and what it takes.
	pub unlooked: Option<String>,
}

/// Looks for what there is to challenge, in indexes of files or else the worker's.
pub async fn look(
	chain: &Chain,
	content: &Content,
	target: Target,
	info: &ChallengesInfo<AccountId32>,
	how: &How,
) -> Result<Looked> {
	let claim = claimed(chain, target).await?;
	let model = match (&claim, target) {
		(Some(claim), _) => claim.model,
		(None, Target::Model(model)) => model,
		(None, Target::Claim(_)) => bail!("a claim was asked for"),
	};
	let committed = Committed::of(chain, model).await?;
	let bytes = read(content, &committed, how.index.as_deref()).await?;
	let index = opened(&committed, &bytes);
	let listed = listed(chain, &committed, &index).await?;
	let prompted = match &claim {
		Some(claim) => chain.found(claim.claim).await?,
		None => None,
	};
	let for_prompt = prompted.as_ref().map_or(0, |prompted| for_prompt(prompted, info.at_stake));
	let moved = claim.as_ref().map(|claim| (claim, info.at_stake.saturating_sub(for_prompt)));
	let found = seen(&committed, index, &bytes, moved, listed)?;
	let Some(retrieving) = committed.retrieving().filter(|_| found.is_none()) else {
		return Ok(Looked { found, unlooked: None });
	};
	let bytes = read(content, &retrieving, how.retrieval.as_deref()).await?;
	let index = opened(&retrieving, &bytes);
	let listed = self::listed(chain, &retrieving, &index).await?;
	let (Ok(index), Some(claim)) = (&index, &claim) else {
		return Ok(Looked {
			found: seen(&retrieving, index, &bytes, None, listed)?,
			unlooked: None,
		});
	};
	let Some(prompted) = prompted else {
		return Ok(Looked { found: None, unlooked: None });
	};
	match prompt::question(chain, content, &committed, claim, (index, &prompted), how).await? {
		Ok(question) => {
			let of = (claim, info.at_stake);
			let found = prompt::missed(&retrieving, index, of, &prompted, question)?;
			Ok(Looked { found, unlooked: None })
		}
		Err(unlooked) => Ok(Looked { found: None, unlooked: Some(unlooked) }),
	}
}

/// What records in the prompt have of so much at stake, where there are any.
fn for_prompt(prompted: &FoundInfo<AccountId32>, at_stake: Balance) -> Balance {
	match prompted.paid.is_empty() {
		true => 0,
		false => Permill::from_parts(prompted.part_ppm).mul_floor(at_stake),
	}
}

/// The committed index, from a file or else the worker.
pub(super) async fn read(
	content: &Content,
	committed: &Committed,
	file: Option<&Path>,
) -> Result<Vec<u8>> {
	let model = committed.model;
	let Some(path) = file else {
		return content.get(&committed.index.file).await.with_context(|| {
			let name = committed.use_of.name();
			format!("the {name} of model version {model} is needed, and can't be had")
		});
	};
	let bytes = std::fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
	ensure!(
		content_hash(&bytes) == committed.index.file,
		"{} is not the {} that model version {model} has committed to",
		path.display(),
		committed.use_of.name()
	);
	Ok(bytes)
}

/// The leaf hashes of the snapshots' records, as far as the chain lists them; none for an index that opens,
/// which names the snapshots' own records.
async fn listed(
	chain: &Chain,
	committed: &Committed,
	index: &Result<IndexFile>,
) -> Result<Vec<Vec<Hash>>> {
	let mut listed = Vec::new();
	if index.is_ok() {
		return Ok(listed);
	}
	for (datanet, snapshot) in &committed.snapshots {
		let leaves = datanet::records(chain, *datanet, snapshot.count).await?;
		listed.push(leaves.iter().map(|leaf| leaf.hash()).collect());
	}
	Ok(listed)
}

/// The best leaf that a claim leaves out, with so much at stake in its fee; where the index did not open,
/// a forged leaf in its bytes.
pub(super) fn seen(
	committed: &Committed,
	index: Result<IndexFile>,
	bytes: &[u8],
	claim: Option<(&ClaimInfo<AccountId32>, Balance)>,
	listed: Vec<Vec<Hash>>,
) -> Result<Option<Found>> {
	match (index, claim) {
		(Err(error), _) => {
			let forged = forged(committed, bytes, listed)?;
			let forged = forged.map(|forgery| Found::forgery(forgery, committed.use_of));
			forged.map(Some).ok_or(error)
		}
		(Ok(_), None) => Ok(None),
		(Ok(index), Some((claim, at_stake))) => {
			let sketch = sketch(claim)?;
			let found = omission(&committed.terms(), &index, &claim.payer, &sketch, &claim.paid)?;
			Ok(found.map(|(omission, replaced)| Found::omission(omission, replaced.lost(at_stake))))
		}
	}
}

/// The index, where it is in all the one that was committed to.
pub(super) fn opened(committed: &Committed, bytes: &[u8]) -> Result<IndexFile> {
	let (model, name) = (committed.model, committed.use_of.name());
	let index = match committed.use_of {
		Use::Attribution => IndexFile::from_bytes(bytes),
		Use::Retrieval => IndexFile::open_retrieval(written(bytes)?.path()),
	};
	let index =
		index.with_context(|| format!("the {name} of model version {model} can't be used"))?;
	ensure!(
		index.commitment() == committed.index,
		"the file that model version {model} names as its {name} has other roots than it commits to: \
		 nothing can be shown of it"
	);
	Ok(index)
}

/// A file with these bytes, until it is dropped; what is mapped of it stays.
fn written(bytes: &[u8]) -> Result<tempfile::NamedTempFile> {
	let mut file = tempfile::NamedTempFile::new().context("can't make a temporary file")?;
	file.write_all(bytes).context("can't write a temporary file")?;
	Ok(file)
}

/// A forged leaf in a file that opens as no index; none where nothing can be said of it.
fn forged(committed: &Committed, bytes: &[u8], listed: Vec<Vec<Hash>>) -> Result<Option<Forgery>> {
	let file = written(bytes)?;
	let index = match committed.use_of {
		Use::Attribution => IndexFile::open_own(file.path()),
		Use::Retrieval => IndexFile::open_own_retrieval(file.path()),
	};
	let Ok(index) = index else { return Ok(None) };
	let terms = committed.terms();
	let records = match Records::in_file(&terms, &index) {
		Ok(records) => records,
		Err(_) => match Records::new(&terms, listed) {
			Ok(records) => records,
			Err(_) => return Ok(None),
		},
	};
	match forged_in_file(&terms, &index, &records) {
		Err(AttributionError::Tree(_)) => Ok(None),
		found => Ok(found?),
	}
}

fn sketch(claim: &ClaimInfo<AccountId32>) -> Result<Sketch> {
	let sketch = Sketch::try_from(claim.sketch.clone()).ok();
	sketch.context("the claim's sketch is longer than one can be")
}

/// Whether a fault is one still, by what the chain says now.
pub async fn shows(chain: &Chain, target: Target, fault: &Fault<AccountId32>) -> Result<bool> {
	let claim = claimed(chain, target).await?;
	let model = match (&claim, target) {
		(Some(claim), _) => claim.model,
		(None, Target::Model(model)) => model,
		(None, Target::Claim(_)) => return Ok(false),
	};
	let committed = Committed::of(chain, model).await?;
	Ok(match (fault, claim) {
		(Fault::Omission(omission), Some(claim)) => {
			let (payer, sketch) = (&claim.payer, sketch(&claim)?);
			replace(&committed.terms(), payer, &sketch, &claim.paid, omission).is_ok()
		}
		(Fault::Relevance { question, shown }, Some(claim)) => {
			let (terms, prompted) = (committed.terms(), chain.found(claim.claim).await?);
			let Some((terms, prompted)) = terms.retrieving().zip(prompted) else {
				return Ok(false);
			};
			let omission = Omission::Record(shown.clone());
			found::question(question) == prompted.question
				&& replace(&terms, &claim.payer, question, &prompted.paid, &omission).is_ok()
		}
		(Fault::Omission(_) | Fault::Relevance { .. }, None) => false,
		(Fault::Forgery(forgery), _) => expose(&committed.terms(), forgery).is_ok(),
		(Fault::ForgedRelevance(forgery), _) => {
			let terms = committed.terms();
			terms.retrieving().is_some_and(|terms| expose(&terms, forgery).is_ok())
		}
	})
}
