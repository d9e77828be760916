//! One look: the committed index is opened and compared with what is claimed from it; where it does not
//! open, its leaves are compared with the snapshots' own records.

use std::{path::PathBuf, sync::Arc, time::Instant};

use codec::Encode;
use openledger_attribution::{
	Error as AttributionError, IndexFile,
	forged::{Records, forged_credit, forged_found, forged_in_file},
	omitted::omission,
	shown_record,
};
use openledger_primitives_attribution::{
	Claim, Found, Terms, challenge::Fault, forgery::Forgery, omission::Omission,
};
use openledger_primitives_core::{Hash, model::Retrieval, record::content_hash};
use openledger_primitives_inference::{
	Failure, Material,
	watch::{Sighting, Watched, WatchedClaim},
};
use parking_lot::Mutex;
use sp_core::crypto::AccountId32;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{RecordLeaves, WatchSettings, pauses::Pauses, question};
use crate::{cache::Cache, content::ContentStore, serve::Loader};

/// Bytes of a tree's nodes for each of its leaves.
const NODES: u64 = 64;

/// Looks at claims and indexes.
pub(super) struct Looker {
	loader: Loader,
	leaves: Arc<dyn RecordLeaves>,
	/// The snapshots' trees, by the hash of what was frozen.
	records: Mutex<Cache<Records>>,
	/// Indexes that were not to be had, or not what was committed to: they are so for all claims on them.
	/// By all that they are checked against, since other versions may name the same file.
	lacking: Mutex<Pauses<Lack>>,
	/// Snapshots whose records the chain does not list.
	unlisted: Mutex<Pauses<()>>,
	settings: WatchSettings,
}

/// What an index was not to be had for.
#[derive(Clone)]
struct Lack {
	failure: Failure,
	/// A forged leaf in a file that opens as no index.
	forged: Option<Box<Forgery>>,
}

impl Looker {
	pub(super) fn new(
		store: ContentStore,
		leaves: Arc<dyn RecordLeaves>,
		runtime: Handle,
		settings: WatchSettings,
	) -> Self {
		// What is shown now and then is not worth memory that answers are given with.
		let limit = if settings.shows_only { 0 } else { store.limits().loaded };
		let pause = settings.pause;
		Self {
			loader: Loader::new(store, runtime, limit),
			leaves,
			records: Mutex::new(Cache::new(limit)),
			lacking: Mutex::new(Pauses::new(pause)),
			unlisted: Mutex::new(Pauses::new(pause)),
			settings,
		}
	}

	/// What there is to challenge. Blocks the thread on the network and the disk.
	pub(super) fn look(&self, watched: &Watched, cancel: &CancellationToken) -> Sighting {
		let Watched { material, claim, show, .. } = watched;
		if let Some(position) = show {
			return self.leaf(material, *position, cancel).unwrap_or_else(Sighting::Failed);
		}
		let attributed = self.attributed(material, claim.as_ref(), cancel);
		if let Ok(Some(fault)) = attributed {
			return Sighting::Found(fault);
		}
		let quoted = match &material.retrieval {
			Some(retrieval) => self.quoted(material, retrieval, claim.as_ref(), cancel),
			None => Ok(None),
		};
		match (quoted, attributed) {
			(Ok(Some(fault)), _) => Sighting::Found(fault),
			(Err(failure), _) | (_, Err(failure)) => Sighting::Failed(failure),
			(Ok(None), Ok(_)) => Sighting::Clean,
		}
	}

	/// What there is to challenge of what the answer is attributed to.
	fn attributed(
		&self,
		material: &Material,
		claim: Option<&WatchedClaim>,
		cancel: &CancellationToken,
	) -> Result<Option<Fault<AccountId32>>, Failure> {
		match (self.index(material, None, cancel), claim) {
			// An index opens where its records are the snapshots' own.
			(Ok(_), None) => Ok(None),
			(Ok(index), Some(claim)) => self.omission(material, &index.0, claim),
			// Without it, nothing can be said of what is left out.
			(Err(Lack { failure, forged }), claim) => {
				let in_claim = || self.forged_credit(material, claim?.submitted.as_ref()?);
				match forged.map(|forged| *forged).or_else(in_claim) {
					None => Err(failure),
					Some(forgery) => Ok(Some(Fault::Forgery(forgery))),
				}
			}
		}
	}

	/// The same of what was put into the prompt.
	fn quoted(
		&self,
		material: &Material,
		retrieval: &Retrieval,
		claim: Option<&WatchedClaim>,
		cancel: &CancellationToken,
	) -> Result<Option<Fault<AccountId32>>, Failure> {
		let found = claim.and_then(|claim| claim.submitted.as_ref()?.found.as_ref());
		match (self.index(material, Some(retrieval), cancel), claim) {
			(Ok(_), None) => Ok(None),
			(Ok(index), Some(claim)) => self.relevance(material, &index.0, claim),
			(Err(Lack { failure, forged }), _) => {
				let in_claim = || self.forged_found(material, found?);
				match forged.map(|forged| *forged).or_else(in_claim) {
					None => Err(failure),
					Some(forgery) => Ok(Some(Fault::ForgedRelevance(forgery))),
				}
			}
		}
	}

	/// The index, or that of a retrieval, asked for and opened again only after a pause where it can't be used.
	fn index(
		&self,
		material: &Material,
		retrieval: Option<&Retrieval>,
		cancel: &CancellationToken,
	) -> Result<Arc<crate::serve::Loaded>, Lack> {
		let key = (material, retrieval.is_some()).using_encoded(content_hash);
		if let Some(lack) = self.lacking.lock().get(&key, Instant::now()) {
			return Err(lack);
		}
		let loaded = match retrieval {
			None => self.loader.index(material, cancel.into()),
			Some(retrieval) => self.loader.retrieval_file(material, retrieval, cancel.into()),
		};
		let failure = match loaded {
			Ok(index) => {
				self.lacking.lock().remove(&key);
				return Ok(index);
			}
			Err(failure) => failure,
		};
		let forged = match failure {
			Failure::BadContent(_) => self.forged_leaf(material, retrieval, cancel).map(Box::new),
			_ => None,
		};
		let is_lacking = matches!(failure, Failure::MissingContent(_) | Failure::BadContent(_));
		let lack = Lack { failure, forged };
		if is_lacking && !cancel.is_cancelled() {
			self.lacking.lock().add(key, lack.clone(), Instant::now());
		}
		Err(lack)
	}

	/// The leaf at a position, with its proof.
	fn leaf(
		&self,
		material: &Material,
		position: u32,
		cancel: &CancellationToken,
	) -> Result<Sighting, Failure> {
		let index = self.index(material, None, cancel).map_err(|lack| lack.failure)?;
		let shown = shown_record(&index.0, position);
		let shown = shown.map_err(|error| Failure::BadContent(error.to_string()))?;
		Ok(Sighting::Leaf(shown.credit.leaf(), shown.proof))
	}

	/// The best leaf that a claim leaves out, where contributors lose enough by it.
	fn omission(
		&self,
		material: &Material,
		index: &IndexFile,
		claim: &WatchedClaim,
	) -> Result<Option<Fault<AccountId32>>, Failure> {
		let WatchedClaim { payer, sketch, paid, at_stake, .. } = claim;
		let found = omission(&material.terms(), index, payer, sketch, paid);
		let found = found.map_err(|error| Failure::BadContent(error.to_string()))?;
		Ok(found
			.filter(|(_, replaced)| replaced.lost(*at_stake) >= self.settings.least)
			.map(|(omission, _)| Fault::Omission(omission)))
	}

	/// The most relevant record that was left out of the prompt, where contributors lose enough by it. The chain
	/// has the hash of the question's sketch alone: without what came with the answer, nothing can be said.
	fn relevance(
		&self,
		material: &Material,
		index: &IndexFile,
		claim: &WatchedClaim,
	) -> Result<Option<Fault<AccountId32>>, Failure> {
		let terms = material.terms().retrieving();
		let Some((terms, found)) = terms.zip(claim.found.as_ref()) else { return Ok(None) };
		let Some(question) = question(claim) else {
			log::debug!("claim {}: the question's sketch is not known here", claim.request);
			return Ok(None);
		};
		let missed = omission(&terms, index, &claim.payer, question, &found.paid);
		let missed = missed.map_err(|error| Failure::BadContent(error.to_string()))?;
		Ok(match missed {
			Some((Omission::Record(shown), replaced))
				if replaced.lost(found.at_stake) >= self.settings.least =>
			{
				Some(Fault::Relevance { question: question.clone(), shown })
			}
			_ => None,
		})
	}

	/// A forged leaf in a file that opens as no index.
	fn forged_leaf(
		&self,
		material: &Material,
		retrieval: Option<&Retrieval>,
		cancel: &CancellationToken,
	) -> Option<Forgery> {
		let terms = material.terms();
		let (terms, file) = match retrieval {
			None => (terms, IndexFile::open_own(&self.path(&material.index.file, cancel)?)),
			Some(of) => (
				terms.retrieving()?,
				IndexFile::open_own_retrieval(&self.path(&of.index.file, cancel)?),
			),
		};
		let file = file.ok()?;
		let records = self.records(&terms, Some(&file))?;
		forged_in_file(&terms, &file, &records).ok().flatten()
	}

	fn path(&self, file: &Hash, cancel: &CancellationToken) -> Option<PathBuf> {
		self.loader.file(file, cancel.into()).ok()
	}

	/// A forged leaf in what a claim shows of an index.
	fn forged_credit(&self, material: &Material, claim: &Claim<AccountId32>) -> Option<Forgery> {
		let terms = material.terms();
		told(forged_credit(&terms, claim, self.records(&terms, None)?.as_ref()))
	}

	/// A forged leaf in what a claim shows of what was put into the prompt.
	fn forged_found(&self, material: &Material, found: &Found<AccountId32>) -> Option<Forgery> {
		let terms = material.terms().retrieving()?;
		told(forged_found(&terms, found, self.records(&terms, None)?.as_ref()))
	}

	/// The snapshots' own records: as the chain lists them, or as they lie in the file.
	fn records(&self, terms: &Terms, file: Option<&IndexFile>) -> Option<Arc<Records>> {
		let key = terms.snapshots.using_encoded(content_hash);
		if let Some(known) = self.records.lock().get(&key) {
			return Some(known);
		}
		let in_file = file.and_then(|file| Records::in_file(terms, file).ok());
		let records = Arc::new(in_file.or_else(|| self.listed(terms, key))?);
		let size = u64::from(terms.index.records).saturating_mul(NODES);
		self.records.lock().insert(key, records.clone(), size);
		Some(records)
	}

	/// The same as the chain lists them, which is all of them or nothing. Contributions that are archived
	/// stay so, and are not asked for again with every claim.
	fn listed(&self, terms: &Terms, key: Hash) -> Option<Records> {
		if self.unlisted.lock().get(&key, Instant::now()).is_some() {
			return None;
		}
		let leaves = terms.snapshots.iter();
		let leaves = leaves.map(|(datanet, of)| self.leaves.leaves(*datanet, of.count));
		let leaves: Option<_> = leaves.collect();
		let records = leaves.and_then(|leaves| Records::new(terms, leaves).ok());
		match &records {
			Some(_) => self.unlisted.lock().remove(&key),
			None => self.unlisted.lock().add(key, (), Instant::now()),
		}
		records
	}
}

/// What was found in a claim that the chain has verified.
fn told(found: openledger_attribution::Result<Option<Forgery>>) -> Option<Forgery> {
	if let Err(error @ AttributionError::Tree(_)) = &found {
		log::warn!("a claim on chain does not verify: {error}");
	}
	found.ok().flatten()
}
