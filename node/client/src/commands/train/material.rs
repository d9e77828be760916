//! What an adapter is trained on, and the manifest that names it: snapshots, or files.

use crate::commands::sources::Gathered;
use anyhow::{Context as _, Result, bail};
use openledger_attribution::{
	Manifest, Training,
	dataset::{self, Item, Place, Statistics},
	local::{self, ListedFile, LocalManifest},
	training_set,
};
use openledger_primitives_core::Hash;
use openlora::{Base, Example, TrainOptions};
use std::path::PathBuf;

/// Records or examples with their manifest.
pub enum Material {
	/// Snapshots of Datanets.
	Snapshots {
		/// Their records.
		gathered: Gathered,
		/// Names them.
		manifest: Manifest,
	},
	/// Files.
	Files {
		/// Names them.
		manifest: LocalManifest,
		/// What is learnt.
		items: Vec<(Place, Item)>,
		/// What is evaluated on.
		validation: Vec<(Place, Item)>,
	},
}

/// What a base learns from.
pub struct Learning {
	/// Examples to learn.
	pub examples: Vec<Example>,
	/// Examples to evaluate on.
	pub validation: Vec<Example>,
	/// Of the examples.
	pub statistics: Statistics,
	/// Of the validation examples.
	pub validation_statistics: Statistics,
}

impl Material {
	/// Records of snapshots. `hashes` are those of the base and its tokenizer.
	pub fn snapshots(
		gathered: Gathered,
		hashes: (Hash, Hash),
		record_tokens: usize,
		options: &TrainOptions,
	) -> Self {
		let training = Training::from(options);
		let manifest = Manifest {
			version: training.version(),
			base: hashes.0,
			tokenizer: hashes.1,
			snapshots: gathered.trained(),
			records: gathered.records.iter().map(|(leaf, _)| leaf.content).collect(),
			record_tokens,
			training,
		};
		Self::Snapshots { gathered, manifest }
	}

	/// Examples of files.
	pub fn files(
		files: &[PathBuf],
		validation_files: &[PathBuf],
		share: f64,
		hashes: (Hash, Hash),
		record_tokens: usize,
		options: &TrainOptions,
	) -> Result<Self> {
		let (listed, items) = read(files)?;
		let (validation_listed, mut validation) = read(validation_files)?;
		let (kept, items): (Vec<_>, Vec<_>) = items
			.into_iter()
			.partition(|(_, item)| dataset::is_validation(item, options.seed, share));
		validation.extend(kept);
		if items.is_empty() || share > 0.0 && validation.is_empty() {
			bail!(
				"a share of {share} leaves {} of {} examples to learn: choose another one, or give \
				 --validation-data",
				items.len(),
				items.len() + validation.len()
			);
		}
		if options.patience.is_some() && validation.is_empty() {
			bail!("--patience needs --validation-share or --validation-data");
		}
		let manifest = LocalManifest {
			version: local::VERSION,
			base: hashes.0,
			tokenizer: hashes.1,
			files: listed,
			validation_files: validation_listed,
			validation_share: share,
			record_tokens,
			training: Training::from(options),
			evaluate_every: options.evaluate_every,
			patience: options.patience,
		};
		Ok(Self::Files { manifest, items, validation })
	}

	/// The manifest's canonical bytes.
	pub fn to_bytes(&self) -> Result<Vec<u8>> {
		Ok(match self {
			Self::Snapshots { manifest, .. } => manifest.to_bytes()?,
			Self::Files { manifest, .. } => manifest.to_bytes()?,
		})
	}

	/// What the chain of checkpoints begins with.
	pub fn genesis(&self) -> Result<Hash> {
		Ok(match self {
			Self::Snapshots { manifest, .. } => manifest.training_hash()?,
			Self::Files { manifest, .. } => manifest.hash()?,
		})
	}

	/// The examples for a base.
	pub fn prepare(&self, base: &Base) -> Result<Learning> {
		match self {
			Self::Snapshots { gathered, manifest } => {
				let examples = training_set(base, &gathered.sources(manifest))?;
				let tokens = examples.iter().map(|example| example.tokens.len());
				let statistics = Statistics {
					examples: examples.len(),
					tokens: tokens.clone().sum(),
					learnt: examples.iter().map(Example::learnt).sum(),
					longest: tokens.clone().max().unwrap_or_default(),
					cut: tokens.filter(|tokens| *tokens == manifest.record_tokens).count(),
					left_out: gathered.records.len() - examples.len(),
				};
				let (validation, validation_statistics) = Default::default();
				Ok(Learning { examples, validation, statistics, validation_statistics })
			}
			Self::Files { manifest, items, validation } => {
				let learnt = dataset::prepare(base, items, manifest.record_tokens)?;
				let validation = match validation.is_empty() {
					true => Default::default(),
					false => dataset::prepare(base, validation, manifest.record_tokens)
						.context("none of the validation examples can be used")?,
				};
				Ok(Learning {
					examples: learnt.examples,
					validation: validation.examples,
					statistics: learnt.statistics,
					validation_statistics: validation.statistics,
				})
			}
		}
	}

	/// What it is, for people.
	pub fn describe(&self) -> Vec<(String, String)> {
		match self {
			Self::Snapshots { manifest, .. } => {
				let each = manifest.snapshots.iter().map(|of| {
					let name = format!("snapshot {}:{}", of.datanet, of.snapshot);
					(name, format!("{} records, root {:?}", of.count, of.root))
				});
				each.collect()
			}
			Self::Files { manifest, .. } => {
				let files = manifest.files.iter().map(|file| ("file", file));
				let validation = manifest.validation_files.iter();
				let each = files.chain(validation.map(|file| ("validation file", file)));
				let each = each.map(|(kind, file)| {
					let about = format!("{} examples, blake2b-256 {:?}", file.examples, file.hash);
					(format!("{kind} {}", file.name), about)
				});
				each.collect()
			}
		}
	}
}

type Items = Vec<(Place, Item)>;

fn read(files: &[PathBuf]) -> Result<(Vec<ListedFile>, Items)> {
	let (mut listed, mut items) = (Vec::new(), Vec::new());
	for path in files {
		let file = dataset::read(path)?;
		let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
		listed.push(ListedFile { name, hash: file.hash, examples: file.items.len() });
		items.extend(file.items);
	}
	Ok((listed, items))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn files(lines: usize, share: f64, options: &TrainOptions) -> Result<Material> {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("talks.jsonl");
		let line = |at| format!("{{\"text\":\"number {at} of all\"}}\n");
		std::fs::write(&path, (0..lines).map(line).collect::<String>()).unwrap();
		Material::files(&[path], &[], share, (Hash::zero(), Hash::zero()), 64, options)
	}

	#[test]
	fn files_are_split_by_share_and_listed_without_their_folders() {
		let material = files(60, 0.3, &TrainOptions::default()).unwrap();
		let Material::Files { manifest, items, validation } = &material else { panic!() };
		assert_eq!(items.len() + validation.len(), 60);
		assert!((5..35).contains(&validation.len()), "{}", validation.len());
		assert_eq!((&*manifest.files[0].name, manifest.files[0].examples), ("talks.jsonl", 60));
		let again = LocalManifest::from_bytes(&material.to_bytes().unwrap()).unwrap();
		assert_eq!(again, *manifest);
	}

	#[test]
	fn files_are_refused_when_a_side_of_the_split_is_empty() {
		assert!(files(1, 0.999, &TrainOptions::default()).is_err());
		assert!(files(1, 0.001, &TrainOptions::default()).is_err());
		let patient = TrainOptions { patience: Some(1), ..TrainOptions::default() };
		assert!(files(5, 0.0, &patient).is_err());
		assert!(files(0, 0.0, &TrainOptions::default()).is_err());
	}
}
