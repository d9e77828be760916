//! What is paid in service: an index over the training records, built and asked as operators do it.

use super::{
	Failure,
	data::{Data, Source, TOKENS, Text},
	training::{self, CONTRIBUTORS},
};
use openledger_attribution::{
	BuildOptions, IndexFile, Manifest, Query, SourceRecord, Sources, build, claim,
	index::{Header, Leaf, Parts},
	manifest::{self, TrainedSnapshot, Training},
	query, recalibrated, scan, tree,
};
use openledger_primitives_attribution::{
	Claim, IndexLeaf, Terms, lift, split::largest_remainder, verify,
};
use openledger_primitives_core::{
	BlockNumber, DatanetId, Hash,
	model::{Method, PayBy},
	record::{RecordLeaf, Snapshot},
};
use openlora::{Adapter, Base};
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;
use std::ops::ControlFlow;

/// What is divided between contributors: large enough for rounding not to matter.
pub const POOL: u128 = 1_000_000_000;
/// Whoever pays contributes nothing.
pub const PAYER: AccountId32 = AccountId32::new([255; 32]);

/// The account of a contributor.
pub fn account(number: usize) -> AccountId32 {
	AccountId32::new([number as u8; 32])
}

/// The number of an account.
pub fn number(account: &AccountId32) -> usize {
	usize::from(AsRef::<[u8; 32]>::as_ref(account)[0])
}

/// An index over records of this setting.
pub struct Paid {
	/// The index.
	pub index: IndexFile,
}

/// A record as a contributor uploads it.
pub fn source(
	content: Vec<u8>,
	index: usize,
	contributor: AccountId32,
	committed_at: BlockNumber,
) -> SourceRecord {
	let leaf = RecordLeaf {
		datanet: 0,
		index: index as u32,
		contributor,
		content: Hash(blake2_256(&content)),
		size: content.len() as u32,
		committed_at,
	};
	(leaf, content)
}

/// Records as a model version is trained on them: one snapshot of one Datanet.
pub struct Corpus {
	manifest: Manifest,
	snapshots: [(DatanetId, Snapshot); 1],
	/// The records, in order.
	pub records: Vec<SourceRecord>,
}

impl Corpus {
	/// Over records that are numbered from zero.
	pub fn new(records: Vec<SourceRecord>) -> Self {
		let root = tree::Tree::new(records.iter().map(|(leaf, _)| leaf.hash()).collect()).root();
		let count = records.len() as u32;
		let manifest = Manifest {
			version: manifest::EXTENDED,
			base: Hash::zero(),
			tokenizer: Hash::zero(),
			snapshots: vec![TrainedSnapshot { datanet: 0, snapshot: 0, root, count }],
			records: records.iter().map(|(leaf, _)| leaf.content).collect(),
			record_tokens: TOKENS,
			training: Training::from(&training::options(0)),
		};
		Self { manifest, snapshots: [(0, Snapshot { root, count, frozen_at: count })], records }
	}

	/// As training and indexing take them.
	pub fn sources(&self) -> Sources<'_> {
		let Self { manifest, snapshots, records } = self;
		Sources { manifest, snapshots, records }
	}
}

impl Paid {
	/// The index of an adapter over its training records.
	pub fn build(
		base: &Base,
		adapter: &Adapter,
		data: &Data,
		method: Method,
	) -> Result<Self, Failure> {
		let upload = |(at, record): (usize, &Source)| {
			source(record.text.json().into_bytes(), at, account(record.contributor), at as u32)
		};
		let records = data.records.iter().enumerate().map(upload).collect();
		Self::over(base, adapter, &Corpus::new(records), method)
	}

	/// The index of an adapter over records.
	pub fn over(
		base: &Base,
		adapter: &Adapter,
		corpus: &Corpus,
		method: Method,
	) -> Result<Self, Failure> {
		let (projection, folder) = (Hash::zero(), tempfile::tempdir()?);
		let file = folder.path().join("index");
		let options = BuildOptions { method, projection, file: &file, cache_dir: None };
		let sources = corpus.sources();
		let index = build(base, adapter, &sources, &options, &mut |_| ControlFlow::Continue(()))?;
		Ok(Self { index })
	}

	/// The same leaves where records are paid, with a floor of their own.
	pub fn by_records(&self, base: &Base, adapter: &Adapter) -> Result<Self, Failure> {
		let header = self.index.header().clone();
		let method = Method { pay_by: PayBy::Records, ..header.method };
		let leaf = |of: IndexLeaf| Leaf { head: of.head, scale: of.scale, sketch: of.sketch };
		let records = self.index.records().iter().collect::<Vec<_>>();
		let leaves = (0..records.len()).filter_map(|at| self.index.leaf(at).map(leaf)).collect();
		let header = Header { method, ..header };
		let index = IndexFile::new(Parts { header, leaves, records })?;
		Ok(Self { index: recalibrated(base, adapter, index)? })
	}

	/// What a claim on a text says of it.
	pub fn query(&self, base: &Base, adapter: &Adapter, text: &Text) -> Result<Query, Failure> {
		let (prompt, answer) = text.tokens.split_at(text.answer_start);
		Ok(query(base, adapter, &self.index, prompt, answer)?)
	}

	/// The integers that the rule ranks records by; zero for those that are never paid.
	pub fn scores(&self, query: &Query, records: usize) -> Vec<f32> {
		let mut scores = vec![0.0; records];
		for leaf in scan::records(&self.index, &query.sketch, None) {
			scores[leaf.position as usize] = leaf.score as f32;
		}
		scores
	}

	/// What the chain holds claims against.
	pub fn terms(&self) -> Terms<'_> {
		let header = self.index.header();
		let (method, snapshots) = (header.method, &header.snapshots);
		Terms { method, index: self.index.commitment(), snapshots, retrieval: None }
	}

	/// An honest operator's claim.
	pub fn claim(&self, query: &Query, payer: &AccountId32) -> Result<Claim<AccountId32>, Failure> {
		let method = self.index.header().method;
		let Query { sketch, gain, .. } = query.clone();
		Ok(claim(&self.index, sketch, gain, Hash::zero(), payer, method)?)
	}

	/// What each contributor gets of [`POOL`], as the chain divides it, without the lift.
	pub fn shares(&self, query: &Query) -> Result<Vec<u128>, Failure> {
		self.shares_but(query, &PAYER)
	}

	/// The same where `payer` asks.
	pub fn shares_but(&self, query: &Query, payer: &AccountId32) -> Result<Vec<u128>, Failure> {
		let claim = self.claim(query, payer)?;
		let verified = verify(&self.terms(), payer, &claim);
		Ok(amounts(verified.map_err(|refusal| format!("refused: {refusal:?}"))?.shares()))
	}

	/// Whether anyone would be paid for an answer, at all and after the lift.
	pub fn pays(&self, query: &Query) -> Result<(bool, bool), Failure> {
		let floor = self.shares(query)?.iter().any(|paid| *paid > 0);
		Ok((floor, floor && !lift::earned(query.gain, lift::FULL_GAIN).is_zero()))
	}
}

/// What weights come to of [`POOL`], by the number of each account; at least one for each contributor.
pub fn amounts(shares: Vec<(AccountId32, u64)>) -> Vec<u128> {
	let (accounts, weights): (Vec<AccountId32>, Vec<u64>) = shares.into_iter().unzip();
	let numbers = accounts.iter().map(number);
	let most = numbers.clone().map(|number| number + 1).max().unwrap_or(0);
	let mut paid = vec![0; most.max(CONTRIBUTORS)];
	for (number, amount) in numbers.zip(largest_remainder(POOL, &weights)) {
		paid[number] += amount;
	}
	paid
}
