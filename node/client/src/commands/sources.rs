//! What a model is trained on, fetched and checked: snapshots and leaves from the chain, contents
//! from a worker, the base from disk.

use super::datanet;
use crate::{chain::Chain, content::Content, output::Output};
use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_attribution::{Manifest, SourceRecord, Sources, TrainedSnapshot};
use openledger_primitives_api::DatanetInfo;
use openledger_primitives_core::{
	DatanetId, Hash,
	record::{Snapshot, SnapshotRef, content_hash},
};
use sp_core::crypto::AccountId32;
use std::{
	path::{Path, PathBuf},
	str::FromStr,
};

/// A snapshot as people write it: `0:2` is snapshot 2 of Datanet 0, `0` its newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
	datanet: DatanetId,
	snapshot: Option<u32>,
}

impl FromStr for Named {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let number = |part: &str| {
			part.parse().map_err(|_| {
				format!("'{text}' names no snapshot: write 0:2, or 0 for the newest of Datanet 0")
			})
		};
		match text.split_once(':') {
			Some((datanet, snapshot)) => {
				Ok(Self { datanet: number(datanet)?, snapshot: Some(number(snapshot)?) })
			}
			None => Ok(Self { datanet: number(text)?, snapshot: None }),
		}
	}
}

/// The records of some snapshots, with their contents.
pub struct Gathered {
	/// The snapshots, as the chain names them.
	pub references: Vec<SnapshotRef>,
	/// The snapshots, as the chain froze them.
	pub snapshots: Vec<(DatanetId, Snapshot)>,
	/// Their records, one snapshot after the other.
	pub records: Vec<SourceRecord>,
}

impl Gathered {
	/// The snapshots as a manifest lists them.
	pub fn trained(&self) -> Vec<TrainedSnapshot> {
		self.references
			.iter()
			.zip(&self.snapshots)
			.map(|(reference, (_, snapshot))| TrainedSnapshot::new(*reference, snapshot))
			.collect()
	}

	/// The sources, as the engine takes them.
	pub fn sources<'a>(&'a self, manifest: &'a Manifest) -> Sources<'a> {
		Sources { manifest, snapshots: &self.snapshots, records: &self.records }
	}
}

/// Fetches the records of the named snapshots.
pub async fn gather(
	chain: &Chain,
	content: &Content,
	output: Output,
	named: &[Named],
) -> Result<Gathered> {
	let mut gathered =
		Gathered { references: Vec::new(), snapshots: Vec::new(), records: Vec::new() };
	for Named { datanet, snapshot } in named {
		let info: Option<DatanetInfo<AccountId32>> = chain.api("datanet", datanet).await?;
		let info = info.with_context(|| format!("there is no Datanet {datanet}"))?;
		let found = match snapshot {
			Some(number) => info.snapshots.iter().find(|(id, _)| id == number),
			None => info.snapshots.iter().max_by_key(|(id, _)| *id),
		};
		let (number, snapshot) = found.copied().with_context(|| {
			format!(
				"Datanet {datanet} has no such snapshot: freeze one with openledger datanet snapshot {datanet}"
			)
		})?;
		let leaves = datanet::records(chain, *datanet, snapshot.count).await?;
		if leaves.len() != snapshot.count as usize {
			bail!(
				"the chain lists {} of the {} records of snapshot {datanet}:{number}: some were archived",
				leaves.len(),
				snapshot.count
			);
		}
		gathered.references.push(SnapshotRef { datanet: *datanet, snapshot: number });
		gathered.snapshots.push((*datanet, snapshot));
		let bar =
			if output.json { ProgressBar::hidden() } else { ProgressBar::new(leaves.len() as u64) };
		bar.set_style(ProgressStyle::with_template(
			"fetching records {wide_bar} {pos}/{len} {eta}",
		)?);
		for leaf in leaves {
			let bytes = content.get(&leaf.content).await?;
			gathered.records.push((leaf, bytes));
			bar.inc(1);
		}
		bar.finish_and_clear();
	}
	Ok(gathered)
}

/// The file of a base that its hash is taken of: the GGUF itself, or a folder's weights.
pub fn weights_file(base: &Path) -> Result<PathBuf> {
	if base.is_file() {
		return Ok(base.into());
	}
	let file = base.join("model.safetensors");
	if !file.is_file() {
		bail!(
			"{} is no GGUF file, and no folder with model.safetensors: scripts/setup fetches a base",
			base.display()
		);
	}
	Ok(file)
}

/// The hashes of a base's weights and of its tokenizer, which a GGUF holds itself.
pub fn base_hashes(base: &Path) -> Result<(Hash, Hash)> {
	let hash = |path: &Path| -> Result<Hash> {
		let bytes =
			std::fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
		Ok(content_hash(&bytes))
	};
	let weights = hash(&weights_file(base)?)?;
	let tokenizer = if base.is_dir() { hash(&base.join("tokenizer.json"))? } else { weights };
	Ok((weights, tokenizer))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn snapshots_are_named_by_datanet_and_number() {
		assert_eq!("3:7".parse(), Ok(Named { datanet: 3, snapshot: Some(7) }));
		assert_eq!("3".parse(), Ok(Named { datanet: 3, snapshot: None }));
		for text in ["", ":", "a", "1:", "1:2:3", "-1"] {
			assert!(text.parse::<Named>().is_err(), "{text}");
		}
	}

	#[test]
	fn base_is_refused_when_there_are_no_weights() {
		let folder = tempfile::tempdir().unwrap();
		assert!(base_hashes(folder.path()).is_err());
		std::fs::write(folder.path().join("model.safetensors"), "w").unwrap();
		assert!(base_hashes(folder.path()).is_err());
		std::fs::write(folder.path().join("tokenizer.json"), "t").unwrap();
		let (weights, tokenizer) = base_hashes(folder.path()).unwrap();
		assert_ne!(weights, tokenizer);
	}
}
