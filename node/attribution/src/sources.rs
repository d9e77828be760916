//! What an index is built from, checked before anything expensive begins.

use crate::{
	cluster::{self, Shingled},
	error::{Error, Result},
	examine::ask,
	format::Record,
	manifest::Manifest,
	tree::Tree,
};
use openledger_primitives_core::{
	DatanetId,
	record::{RecordLeaf, Snapshot},
};
use openlora::{Base, Example};
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;
use std::ops::ControlFlow;

/// A record's leaf with its content.
pub type SourceRecord = (RecordLeaf<AccountId32>, Vec<u8>);

/// The records that a model version was trained on.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
	/// The training manifest.
	pub manifest: &'a Manifest,
	/// The snapshots, in the manifest's order.
	pub snapshots: &'a [(DatanetId, Snapshot)],
	/// Their records with their contents, in the manifest's order.
	pub records: &'a [SourceRecord],
}

/// A record as it is trained on.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
	/// The position of its cluster's head.
	pub head: u32,
	/// Its tokens, where it is a head that can be trained on.
	pub example: Option<Example>,
}

impl Sources<'_> {
	/// Checks that manifest, snapshots, leaves and contents belong together.
	///
	/// # Errors
	/// Typed, naming the first that doesn't.
	pub fn check(&self) -> Result<()> {
		let trained = &self.manifest.snapshots;
		let listed = trained.iter().map(|s| (s.datanet, s.root, s.count));
		let given = self.snapshots.iter().map(|(datanet, s)| (*datanet, s.root, s.count));
		if !listed.eq(given) {
			let reason = "its snapshots are not the ones given";
			return Err(Error::malformed("training manifest", reason));
		}
		let counted: u64 = self.snapshots.iter().map(|(_, s)| u64::from(s.count)).sum();
		for records in [self.records.len(), self.manifest.records.len()] {
			if records as u64 != counted {
				return Err(Error::RecordCount { records, counted });
			}
		}
		for (position, (leaf, content)) in self.records.iter().enumerate() {
			let refuse = |reason| Err(Error::WrongRecord { position, reason });
			if self.manifest.records.get(position) != Some(&leaf.content) {
				return refuse("the manifest lists another record here");
			}
			if leaf.content.0 != blake2_256(content) || leaf.size as usize != content.len() {
				return refuse("its content is not the one that was contributed");
			}
		}
		let mut rest = self.records;
		for (datanet, snapshot) in self.snapshots {
			let (records, others) = rest.split_at(rest.len().min(snapshot.count as usize));
			let hashes = records.iter().map(|(leaf, _)| leaf.hash()).collect();
			if Tree::new(hashes).root() != snapshot.root {
				return Err(Error::SnapshotRoot { datanet: *datanet });
			}
			rest = others;
		}
		Ok(())
	}

	/// Every record with its cluster's head and, for heads, its tokens. What can't be trained on is
	/// a cluster of its own without tokens: an open Datanet must not be stopped by one bad record.
	///
	/// `go_on` is asked for each record, twice, and can end the work with [`Error::Cancelled`].
	pub(crate) fn prepare(
		&self,
		base: &Base,
		go_on: &mut dyn FnMut() -> ControlFlow<()>,
	) -> Result<Vec<Prepared>> {
		let limit = self.manifest.record_tokens.min(base.config.context);
		read(self.records, go_on)?
			.iter()
			.enumerate()
			.map(|(position, (head, record))| {
				ask(go_on)?;
				let head = *head;
				let record = record.as_ref().filter(|_| head as usize == position);
				let example = match record.map(|r| r.encode(base, limit)) {
					Some(Ok((tokens, answer_start))) => Some(Example::new(tokens, answer_start)),
					Some(Err(Error::Format(error))) => {
						log::warn!("record {position} is not trained on: {error}");
						None
					}
					Some(Err(error)) => return Err(error),
					None => None,
				};
				Ok(Prepared { head, example })
			})
			.collect()
	}
}

/// Every record as it is read, with the position of its cluster's head. What can't be read is a cluster of
/// its own. `go_on` is asked for each.
pub(crate) fn read(
	records: &[SourceRecord],
	go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Vec<(u32, Option<Record>)>> {
	let mut parse = |(position, (_, content)): (usize, &SourceRecord)| {
		ask(go_on)?;
		let record = Record::parse(content)
			.inspect_err(|error| log::warn!("record {position} can't be read: {error}"));
		Ok(record.ok())
	};
	let read = records.iter().enumerate().map(&mut parse).collect::<Result<Vec<_>>>()?;
	let leaves = records.iter().map(|(leaf, _)| leaf);
	let shingled: Vec<Shingled> = leaves
		.zip(&read)
		.map(|(leaf, record)| Shingled::new(leaf.committed_at, record.as_ref()))
		.collect();
	Ok(cluster::heads(&shingled).into_iter().zip(read).collect())
}

/// The examples that the manifest's adapter is trained on, in order: cluster heads that can be
/// trained on, each cut off at the manifest's number of tokens.
///
/// # Errors
/// As [`Sources::check`], or [`Error::NothingUsable`].
pub fn training_set(base: &Base, sources: &Sources) -> Result<Vec<Example>> {
	sources.check()?;
	let mut to_the_end = || ControlFlow::Continue(());
	let examples: Vec<Example> = sources
		.prepare(base, &mut to_the_end)?
		.into_iter()
		.filter_map(|record| record.example)
		.collect();
	if examples.is_empty() {
		return Err(Error::NothingUsable(sources.records.len()));
	}
	Ok(examples)
}
