//! The corpora as `scripts/corpora` writes them, as if each had been contributed to a Datanet.

use openledger_attribution::{Manifest, SourceRecord, TrainedSnapshot, Training, tree};
use openledger_primitives_core::{
	Hash,
	record::{RecordLeaf, Snapshot},
};
use openlora::TrainOptions;
use serde::Deserialize;
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;
use std::{
	fs,
	path::{Path, PathBuf},
};

/// A question about a record, in other words.
pub struct HeldOut {
	/// The line, as a record.
	pub line: String,
	/// What is asked.
	pub question: String,
	/// The position of the record that answers it.
	pub source: usize,
}

/// Two Datanets and questions about them.
pub struct Corpus {
	/// The records.
	pub records: Vec<SourceRecord>,
	/// Their snapshots, one for each folder.
	pub snapshots: Vec<(u32, Snapshot)>,
	/// The questions of each folder.
	pub held_out: Vec<Vec<HeldOut>>,
	/// Folder, file and line of each record.
	places: Vec<(String, String, usize)>,
}

#[derive(Deserialize)]
struct Line {
	question: String,
	record: Place,
}

#[derive(Deserialize)]
struct Place {
	file: String,
	line: usize,
}

type Failure = Box<dyn std::error::Error>;

fn lines(path: &Path) -> Result<Vec<String>, Failure> {
	let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
	Ok(text.lines().map(str::to_owned).collect())
}

impl Corpus {
	/// Reads the folders, each a Datanet with a contributor for each file.
	pub fn read(folders: &[PathBuf]) -> Result<Self, Failure> {
		let mut corpus = Self {
			records: Vec::new(),
			snapshots: Vec::new(),
			held_out: Vec::new(),
			places: Vec::new(),
		};
		for (datanet, folder) in (0u32..).zip(folders) {
			corpus.add(datanet, folder)?;
		}
		Ok(corpus)
	}

	/// The position of the record at a line of a folder's file.
	pub fn position(&self, folder: &str, file: &str, line: usize) -> Option<usize> {
		let is_there = |(of, name, number): &(String, String, usize)| {
			(of.as_str(), name.as_str(), *number) == (folder, file, line)
		};
		self.places.iter().position(is_there)
	}

	fn add(&mut self, datanet: u32, folder: &Path) -> Result<(), Failure> {
		let first = self.records.len();
		let of = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
		let mut files: Vec<PathBuf> =
			fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
		files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
		files.sort();
		for path in &files {
			let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
			if name == "heldout.jsonl" {
				continue;
			}
			let contributor = AccountId32::new(blake2_256(format!("{datanet}/{name}").as_bytes()));
			for (number, line) in (1..).zip(lines(path)?) {
				let leaf = RecordLeaf {
					datanet,
					index: (self.records.len() - first) as u32,
					contributor: contributor.clone(),
					content: Hash(blake2_256(line.as_bytes())),
					size: line.len() as u32,
					committed_at: 1,
				};
				self.places.push((of.clone(), name.clone(), number));
				self.records.push((leaf, line.into_bytes()));
			}
		}
		let hashes = self.records[first..].iter().map(|(leaf, _)| leaf.hash()).collect();
		let tree = tree::Tree::new(hashes);
		let snapshot = Snapshot { root: tree.root(), count: tree.len() as u32, frozen_at: 2 };
		self.snapshots.push((datanet, snapshot));
		let mut questions = Vec::new();
		for line in lines(&folder.join("heldout.jsonl"))? {
			let Line { question, record } = serde_json::from_str(&line)?;
			let source = self.position(&of, &record.file, record.line);
			let source = source.ok_or("a held-out question about a record that isn't there")?;
			questions.push(HeldOut { line, question, source });
		}
		self.held_out.push(questions);
		Ok(())
	}

	/// The manifest of a model trained on all of it.
	pub fn manifest(&self, base: Hash, record_tokens: usize, options: &TrainOptions) -> Manifest {
		let snapshots = self.snapshots.iter().map(|(datanet, snapshot)| TrainedSnapshot {
			datanet: *datanet,
			snapshot: 0,
			root: snapshot.root,
			count: snapshot.count,
		});
		let training = Training::from(options);
		Manifest {
			version: training.version(),
			base,
			tokenizer: base,
			snapshots: snapshots.collect(),
			records: self.records.iter().map(|(leaf, _)| leaf.content).collect(),
			record_tokens,
			training,
		}
	}
}
