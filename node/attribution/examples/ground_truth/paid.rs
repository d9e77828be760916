//! What is paid in service: an index over the training records, built and asked as operators do it.

use crate::{
	Failure, Setting,
	data::{Data, Text},
	runs::{self, CONTRIBUTORS},
};
use openledger_attribution::{
	BuildOptions, IndexFile, Manifest, Query, SourceRecord, Sources, build, claim,
	manifest::{self, TrainedSnapshot, Training},
	query, scan, tree,
};
use openledger_primitives_attribution::{Terms, lift, split::largest_remainder, verify};
use openledger_primitives_core::{
	Hash,
	model::Method,
	record::{RecordLeaf, Snapshot},
};
use openlora::{Adapter, Base};
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;
use std::ops::ControlFlow;

/// What is divided between contributors: large enough for rounding not to matter.
pub const POOL: u128 = 1_000_000_000;
/// The gain, in thousandths of a nat a token, from which on the whole pool is earned: the runtime's default.
const FULL_LIFT: i32 = 250;
/// Whoever pays contributes nothing.
const PAYER: AccountId32 = AccountId32::new([255; 32]);

/// The account of a contributor.
pub fn account(number: usize) -> AccountId32 {
	AccountId32::new([number as u8; 32])
}

/// An index over records of this setting.
pub struct Paid {
	/// The index.
	pub index: IndexFile,
}

/// A record as a contributor uploads it.
pub fn source(text: &Text, index: usize, contributor: AccountId32) -> SourceRecord {
	let content = text.json().into_bytes();
	let leaf = RecordLeaf {
		datanet: 0,
		index: index as u32,
		contributor,
		content: Hash(blake2_256(&content)),
		size: content.len() as u32,
		committed_at: index as u32,
	};
	(leaf, content)
}

impl Paid {
	/// The index of an adapter over its training records.
	pub fn build(
		base: &Base,
		adapter: &Adapter,
		data: &Data,
		method: Method,
	) -> Result<Self, Failure> {
		let records = data.records.iter().enumerate();
		let records =
			records.map(|(at, record)| source(&record.text, at, account(record.contributor)));
		Self::over(base, adapter, &records.collect::<Vec<_>>(), method)
	}

	/// The index of an adapter over records.
	pub fn over(
		base: &Base,
		adapter: &Adapter,
		records: &[SourceRecord],
		method: Method,
	) -> Result<Self, Failure> {
		let root = tree::Tree::new(records.iter().map(|(leaf, _)| leaf.hash()).collect()).root();
		let count = records.len() as u32;
		let manifest = Manifest {
			version: manifest::EXTENDED,
			base: Hash::zero(),
			tokenizer: Hash::zero(),
			snapshots: vec![TrainedSnapshot { datanet: 0, snapshot: 0, root, count }],
			records: records.iter().map(|(leaf, _)| leaf.content).collect(),
			record_tokens: crate::data::TOKENS,
			training: Training::from(&runs::options(0)),
		};
		let snapshots = [(0, Snapshot { root, count, frozen_at: count })];
		let sources = Sources { manifest: &manifest, snapshots: &snapshots, records };
		let options = BuildOptions { method, projection: Hash::zero(), cache_dir: None };
		let index = build(base, adapter, &sources, &options, &mut |_| ControlFlow::Continue(()))?;
		Ok(Self { index })
	}

	/// What a claim on a text says of it.
	pub fn query(
		&self,
		setting: &Setting,
		adapter: &Adapter,
		text: &Text,
	) -> Result<Query, Failure> {
		let (prompt, answer) = text.tokens.split_at(text.answer_start);
		Ok(query(&setting.base, adapter, &self.index, prompt, answer)?)
	}

	/// The integers that the rule ranks records by; zero for those that are never paid.
	pub fn scores(&self, query: &Query, records: usize) -> Vec<f32> {
		let mut scores = vec![0.0; records];
		for leaf in scan::records(&self.index, &query.sketch, None) {
			scores[leaf.position as usize] = leaf.score as f32;
		}
		scores
	}

	/// What each contributor gets of [`POOL`], as the chain divides it, without the lift.
	pub fn shares(&self, query: &Query) -> Result<Vec<u128>, Failure> {
		let header = self.index.header();
		let terms = Terms {
			method: header.method,
			index: self.index.commitment(),
			snapshots: &header.snapshots,
		};
		let claim = claim(
			&self.index,
			query.sketch.clone(),
			query.gain,
			Hash::zero(),
			&PAYER,
			header.method,
		)?;
		let verified =
			verify(&terms, &PAYER, &claim).map_err(|refusal| format!("refused: {refusal:?}"))?;
		let (accounts, weights): (Vec<AccountId32>, Vec<u64>) =
			verified.shares().into_iter().unzip();
		let mut paid = vec![0; 256];
		for (account, amount) in accounts.iter().zip(largest_remainder(POOL, &weights)) {
			let bytes: &[u8; 32] = account.as_ref();
			paid[usize::from(bytes[0])] += amount;
		}
		paid.truncate(
			paid.iter().rposition(|paid| *paid > 0).map_or(0, |last| last + 1).max(CONTRIBUTORS),
		);
		Ok(paid)
	}

	/// Whether anyone would be paid for an answer, at all and after the lift.
	pub fn pays(&self, query: &Query) -> Result<(bool, bool), Failure> {
		let floor = self.shares(query)?.iter().any(|paid| *paid > 0);
		Ok((floor, floor && !lift::earned(query.gain, FULL_LIFT).is_zero()))
	}
}
