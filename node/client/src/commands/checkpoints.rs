//! The checkpoints of a training, checked and stored, so that verifiers can repeat a part of it.

use super::train::{ADAPTER, LOG, MANIFEST};
use crate::{content::Content, keys::Signer};
use anyhow::{Context as _, Result, ensure};
use openledger_attribution::{Checkpoints, Manifest, local::TrainingLog};
use openledger_primitives_core::{Hash, record::content_hash};
use openlora::{Adapter, train::State};
use std::path::{Path, PathBuf};

/// The list of a folder's checkpoints, and where their states are, in the list's order.
pub struct Kept {
	list: Checkpoints,
	files: Vec<PathBuf>,
}

/// Reads what a training has left in a folder. None where it kept no states.
///
/// # Errors
/// Where what is there does not belong together, or takes longer to repeat than an audit has time for.
pub fn read(folder: &Path, manifest: &Manifest, adapter: &Adapter) -> Result<Option<Kept>> {
	let path = folder.join(LOG);
	if !path.is_file() {
		return Ok(None);
	}
	let log = TrainingLog::from_bytes(&std::fs::read(&path)?)?;
	ensure!(
		log.adapter == content_hash(&adapter.to_bytes()?),
		"{ADAPTER} is not the adapter that {LOG} names: train again"
	);
	let mut files = Vec::new();
	let mut hashes = Vec::new();
	for link in log.links.iter().skip(1) {
		let file = State::path(folder, link.step);
		if !file.is_file() {
			return Ok(None);
		}
		let state = State::load(folder, link.step, adapter.parameter_count())?;
		ensure!(
			state.is_some_and(|state| state.hash() == link.state),
			"{} is not the state that {LOG} names: train again",
			file.display()
		);
		let content = std::fs::read(&file);
		hashes.push(content_hash(&content.with_context(|| file.display().to_string())?));
		files.push(file);
	}
	let list = Checkpoints::new(log, hashes)?;
	list.check_lengths(manifest)?;
	Ok(Some(Kept { list, files }))
}

impl Kept {
	/// Checks that it is of the training that the manifest says, of so many examples.
	///
	/// # Errors
	/// Where the steps are others, or the chain begins with something else: verifiers would find the version
	/// false.
	pub fn check(&self, manifest: &Manifest, examples: usize) -> Result<()> {
		ensure!(
			self.list.follows(manifest, examples)?,
			"{LOG} is not that of training on these records as {MANIFEST} says: train again"
		);
		Ok(())
	}
}

/// Stores states and list. Returns what the list is known by.
pub async fn store(store: &Content, signer: &Signer, kept: &Kept) -> Result<Hash> {
	for file in &kept.files {
		store.put(signer, std::fs::read(file)?).await?;
	}
	store.put(signer, kept.list.to_bytes()?).await
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_attribution::{TrainedSnapshot, Training, local::VERSION};
	use openlora::{
		Example, TrainOptions,
		testing::tiny_base,
		train::{Data, Digest, fit},
	};
	use std::ops::ControlFlow;

	#[test]
	fn kept_states_are_listed_and_missing_damaged_or_long_ones_are_not() {
		let folder = tempfile::tempdir().unwrap();
		let base = tiny_base(1);
		let examples: Vec<_> =
			(1..9u32).map(|at| Example::new(vec![at, at + 1, at + 2, at + 3], 1)).collect();
		let options = TrainOptions { rank: 2, epochs: 1, ..TrainOptions::default() };
		let training = Training::from(&options);
		let mut manifest = Manifest {
			version: training.version(),
			base: Hash::zero(),
			tokenizer: Hash::zero(),
			snapshots: vec![TrainedSnapshot {
				datanet: 0,
				snapshot: 0,
				root: Hash::zero(),
				count: 8,
			}],
			records: vec![Hash::zero(); 8],
			record_tokens: 8,
			training,
		};
		let options = TrainOptions {
			genesis: Digest(manifest.training_hash().unwrap().0),
			checkpoint_every: 2,
			keep_states: true,
			checkpoint_dir: Some(folder.path().to_path_buf()),
			..options
		};
		let data = Data { examples: &examples, validation: &[] };
		let outcome = fit(&base, data, &options, &mut |_| ControlFlow::Continue(())).unwrap();
		let adapter = outcome.adapter;
		let mut log = TrainingLog {
			version: VERSION,
			genesis: options.genesis,
			checkpoint_every: 2,
			links: outcome.links,
			step: outcome.step,
			adapter: content_hash(&adapter.to_bytes().unwrap()),
		};
		let path = folder.path().join(LOG);
		let read = |manifest: &Manifest| read(folder.path(), manifest, &adapter);
		assert!(read(&manifest).unwrap().is_none(), "there is no log");
		std::fs::write(&path, log.to_bytes().unwrap()).unwrap();
		let kept = read(&manifest).unwrap().unwrap();
		assert_eq!((kept.files.len(), kept.list.stretches()), (2, 2));
		for (file, hash) in kept.files.iter().zip(&kept.list.states) {
			assert_eq!(content_hash(&std::fs::read(file).unwrap()), *hash);
		}
		kept.check(&manifest, 8).unwrap();
		assert!(kept.check(&manifest, 9).is_err(), "another number of examples takes other steps");
		manifest.training.seed ^= 1;
		assert!(kept.check(&manifest, 8).is_err(), "it was trained otherwise");
		manifest.training.batch = 1_000;
		assert!(read(&manifest).is_err(), "nobody has time to repeat that");
		manifest.training.batch = 2;
		let [first, second] = &kept.files[..] else { panic!("two") };
		let content = std::fs::read(first).unwrap();
		std::fs::copy(second, first).unwrap();
		assert!(read(&manifest).is_err(), "it is of another step");
		std::fs::remove_file(first).unwrap();
		assert!(read(&manifest).unwrap().is_none());
		std::fs::write(first, content).unwrap();
		log.adapter = Hash::zero();
		std::fs::write(&path, log.to_bytes().unwrap()).unwrap();
		assert!(read(&manifest).is_err(), "it is another adapter's");
	}
}
