//! One look: the committed index is opened and compared with what is claimed from it; where it does not
//! open, its leaves are compared with the snapshots' own records.

use std::{sync::Arc, time::Instant};

use codec::Encode;
use openledger_attribution::{
	Error as AttributionError, IndexFile,
	forged::{Records, forged_credit, forged_in_file},
	omitted::omission,
	shown_record,
};
use openledger_primitives_attribution::{Terms, challenge::Fault, forgery::Forgery};
use openledger_primitives_core::{Hash, record::content_hash};
use openledger_primitives_inference::{
	Failure, Material,
	watch::{Sighting, Watched, WatchedClaim},
};
use parking_lot::Mutex;
use sp_core::crypto::AccountId32;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{RecordLeaves, WatchSettings, pauses::Pauses};
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

fn terms(material: &Material) -> Terms<'_> {
	let Material { method, index, snapshots, .. } = material;
	Terms { method: *method, index: *index, snapshots }
}

impl Looker {
	pub(super) fn new(
		store: ContentStore,
		leaves: Arc<dyn RecordLeaves>,
		runtime: Handle,
		settings: WatchSettings,
	) -> Self {
		let (limit, pause) = (store.limits().loaded, settings.pause);
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
		let found = match (self.index(material, cancel), claim) {
			// An index opens where its records are the snapshots' own.
			(Ok(_), None) => Ok(None),
			(Ok(index), Some(claim)) => self.omission(material, &index.0, claim),
			// Without it, nothing can be said of what is left out.
			(Err(Lack { failure, forged }), claim) => {
				let in_claim = || self.forged_credit(material, claim.as_ref()?);
				match forged.map(|forged| *forged).or_else(in_claim) {
					None => Err(failure),
					Some(forgery) => Ok(Some(Fault::Forgery(forgery))),
				}
			}
		};
		match found {
			Ok(Some(fault)) => Sighting::Found(fault),
			Ok(None) => Sighting::Clean,
			Err(failure) => Sighting::Failed(failure),
		}
	}

	/// The index, asked for and opened again only after a pause where it can't be used.
	fn index(
		&self,
		material: &Material,
		cancel: &CancellationToken,
	) -> Result<Arc<crate::serve::Loaded>, Lack> {
		let key = material.using_encoded(content_hash);
		if let Some(lack) = self.lacking.lock().get(&key, Instant::now()) {
			return Err(lack);
		}
		let failure = match self.loader.index(material, cancel) {
			Ok(index) => {
				self.lacking.lock().remove(&key);
				return Ok(index);
			}
			Err(failure) => failure,
		};
		let forged = match failure {
			Failure::BadContent(_) => self.forged_leaf(material, cancel).map(Box::new),
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
		let index = self.index(material, cancel).map_err(|lack| lack.failure)?;
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
		let found = omission(&terms(material), index, payer, sketch, paid);
		let found = found.map_err(|error| Failure::BadContent(error.to_string()))?;
		Ok(found
			.filter(|(_, replaced)| replaced.lost(*at_stake) >= self.settings.least)
			.map(|(omission, _)| Fault::Omission(omission)))
	}

	/// A forged leaf in a file that opens as no index.
	fn forged_leaf(&self, material: &Material, cancel: &CancellationToken) -> Option<Forgery> {
		let terms = terms(material);
		let path = self.loader.file(&material.index.file, cancel).ok()?;
		let file = IndexFile::open_own(&path).ok()?;
		let records = self.records(&terms, Some(&file))?;
		forged_in_file(&terms, &file, &records).ok().flatten()
	}

	/// A forged leaf in what a claim shows of an index.
	fn forged_credit(&self, material: &Material, claim: &WatchedClaim) -> Option<Forgery> {
		let terms = terms(material);
		let submitted = claim.submitted.as_ref()?;
		let records = self.records(&terms, None)?;
		match forged_credit(&terms, submitted, &records) {
			Ok(found) => found,
			// The chain has verified it.
			Err(error @ AttributionError::Tree(_)) => {
				log::warn!("a claim on chain does not verify: {error}");
				None
			}
			Err(_) => None,
		}
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
