//! One look: the committed index is opened and compared with what is claimed from it; where it does not
//! open, its leaves are compared with the snapshots' own records.

use std::{collections::HashMap, sync::Arc, time::Instant};

use codec::Encode;
use openledger_attribution::{
	Error as AttributionError, IndexFile,
	forged::{Records, forged_credit, forged_in_file},
	omitted::omission,
	shown_record,
};
use openledger_primitives_attribution::{
	Terms, challenge::Fault, omission::Replaced, split::largest_remainder,
};
use openledger_primitives_core::{Balance, Hash, record::content_hash};
use openledger_primitives_inference::{
	Failure, Material,
	watch::{Sighting, Watched, WatchedClaim},
};
use parking_lot::Mutex;
use sp_core::crypto::AccountId32;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{RecordLeaves, WatchSettings, book::pause};
use crate::{cache::Cache, content::ContentStore, serve::Loader};

/// Bytes of a tree's nodes for each of its leaves.
const NODES: u64 = 64;
/// Indexes that are remembered not to be had.
const WITHHELD: usize = 1_024;

/// Looks at claims and indexes.
pub(super) struct Looker {
	loader: Loader,
	leaves: Arc<dyn RecordLeaves>,
	/// The snapshots' trees, by the hash of what was frozen.
	records: Mutex<Cache<Records>>,
	/// Indexes that were not to be had: how often in a row, and when peers are asked again. One that is
	/// withheld is so for all claims on it.
	withheld: Mutex<HashMap<Hash, (u32, Instant)>>,
	settings: WatchSettings,
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
		let limit = store.limits().loaded;
		Self {
			loader: Loader::new(store, runtime, limit),
			leaves,
			records: Mutex::new(Cache::new(limit)),
			withheld: Mutex::default(),
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
			(Err(failure), claim) => match self.forgery(material, claim.as_ref(), &failure, cancel)
			{
				None => Err(failure),
				found => Ok(found),
			},
		};
		match found {
			Ok(Some(fault)) => Sighting::Found(fault),
			Ok(None) => Sighting::Clean,
			Err(failure) => Sighting::Failed(failure),
		}
	}

	/// The index, asked for again only after a pause where it was not to be had.
	fn index(
		&self,
		material: &Material,
		cancel: &CancellationToken,
	) -> Result<Arc<crate::serve::Loaded>, Failure> {
		let file = material.index.file;
		let pausing = self.withheld.lock().get(&file).is_some_and(|(_, at)| Instant::now() < *at);
		if pausing {
			return Err(Failure::MissingContent(file));
		}
		let found = self.loader.index(material, cancel);
		let mut withheld = self.withheld.lock();
		match &found {
			Err(Failure::MissingContent(_)) => {
				if withheld.len() >= WITHHELD {
					let now = Instant::now();
					withheld.retain(|_, (_, at)| now < *at);
				}
				let (failures, _) = withheld.get(&file).copied().unwrap_or((0, Instant::now()));
				let failures = failures.saturating_add(1);
				withheld.insert(
					file,
					(failures, Instant::now() + pause(self.settings.pause, failures)),
				);
			}
			_ => {
				withheld.remove(&file);
			}
		}
		found
	}

	/// The leaf at a position, with its proof.
	fn leaf(
		&self,
		material: &Material,
		position: u32,
		cancel: &CancellationToken,
	) -> Result<Sighting, Failure> {
		let index = self.index(material, cancel)?;
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
			.filter(|(_, replaced)| lost(*at_stake, replaced) >= self.settings.least)
			.map(|(omission, _)| Fault::Omission(omission)))
	}

	/// A forged leaf, in a file that opens as no index, or else in what a claim shows of it.
	fn forgery(
		&self,
		material: &Material,
		claim: Option<&WatchedClaim>,
		failure: &Failure,
		cancel: &CancellationToken,
	) -> Option<Fault<AccountId32>> {
		let terms = terms(material);
		let is_there = matches!(failure, Failure::BadContent(_));
		let file = is_there.then(|| self.loader.file(&material.index.file, cancel).ok()).flatten();
		let file = file.and_then(|path| IndexFile::open_own(&path).ok());
		let submitted = claim.and_then(|claim| claim.submitted.as_ref());
		if file.is_none() && submitted.is_none() {
			return None;
		}
		let records = self.records(&terms, file.as_ref())?;
		let in_file = || forged_in_file(&terms, file.as_ref()?, &records).ok().flatten();
		let in_claim = || match forged_credit(&terms, submitted?, &records) {
			Ok(found) => found,
			// The chain has verified it.
			Err(error @ AttributionError::Tree(_)) => {
				log::warn!("a claim on chain does not verify: {error}");
				None
			}
			Err(_) => None,
		};
		in_file().or_else(in_claim).map(Fault::Forgery)
	}

	/// The snapshots' own records: as the chain lists them, or as they lie in the file.
	fn records(&self, terms: &Terms, file: Option<&IndexFile>) -> Option<Arc<Records>> {
		let key = terms.snapshots.using_encoded(content_hash);
		if let Some(known) = self.records.lock().get(&key) {
			return Some(known);
		}
		let in_file = file.and_then(|file| Records::in_file(terms, file).ok());
		let records = in_file.or_else(|| {
			let listed = terms.snapshots.iter();
			let listed = listed.map(|(datanet, of)| self.leaves.leaves(*datanet, of.count));
			Records::new(terms, listed.collect::<Option<_>>()?).ok()
		})?;
		let records = Arc::new(records);
		let size = u64::from(terms.index.records).saturating_mul(NODES);
		self.records.lock().insert(key, records.clone(), size);
		Some(records)
	}
}

/// What the omitted leaf would have lost of the contributors' part, before the lift.
fn lost(at_stake: Balance, replaced: &Replaced<AccountId32>) -> Balance {
	let weights: Vec<u64> = replaced.paid.iter().map(|credit| credit.weight).collect();
	largest_remainder(at_stake, &weights).get(replaced.at).copied().unwrap_or(0)
}
