//! What the worker says of itself, over HTTP and JSON-RPC.

use std::{sync::Arc, time::Instant};

use openledger_primitives_core::Hash;
use serde::Serialize;

use crate::{
	content::{ContentStore, hash},
	metrics::Metrics,
	queue::{Answerer, Load, Queue},
};

/// A base that is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BaseStatus {
	/// blake2b-256 of its weights file, in hexadecimal.
	pub hash: String,
	/// The name of the file or folder it was loaded from.
	pub name: String,
	/// Whether it still answers: not after a failure has ended what runs it.
	pub answering: bool,
}

/// The content store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContentStatus {
	/// Uploaded blobs.
	pub blobs: u64,
	/// The bytes that they and uploads under way count as.
	pub bytes: u64,
	/// The bytes that it takes at most.
	pub capacity: u64,
	/// The bytes that one account may store.
	pub quota: u64,
	/// The largest blob, in bytes.
	pub blob: u64,
	/// Bytes uploaded since the start.
	pub received: u64,
	/// Bytes sent since the start.
	pub sent: u64,
	/// Bytes fetched from peers since the start.
	pub fetched: u64,
}

/// The work done since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkStatus {
	/// Jobs answered.
	pub answers: u64,
	/// Claims that credit at least one leaf.
	pub claims: u64,
	/// Tokens of prompts read.
	pub prompt_tokens: u64,
	/// Tokens of answers generated.
	pub answer_tokens: u64,
	/// Seconds spent generating.
	pub generating_seconds: f64,
	/// Seconds spent attributing.
	pub attributing_seconds: f64,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperatorStatus {
	/// The worker's version.
	pub version: &'static str,
	/// Seconds since the start.
	pub uptime: u64,
	/// The bases that are loaded.
	pub bases: Vec<BaseStatus>,
	/// The queue.
	pub queue: Load,
	/// The content store.
	pub content: ContentStatus,
	/// The work done.
	pub work: WorkStatus,
}

/// What can say how the worker is.
pub trait StatusSource: Send + Sync + 'static {
	/// Whether jobs are being answered, those for any of the bases.
	fn healthy(&self) -> bool;
	/// Everything.
	fn status(&self) -> OperatorStatus;
}

/// The worker's own source.
pub struct Reporter {
	/// The bases that were loaded, each with the name of the file or folder that it is from.
	pub bases: Vec<(Hash, String)>,
	/// What answers with them.
	pub answerer: Arc<dyn Answerer>,
	/// The queue.
	pub queue: Arc<Queue>,
	/// The content store.
	pub store: ContentStore,
	/// The counters.
	pub metrics: Metrics,
	/// When the worker started.
	pub started: Instant,
}

impl Reporter {
	fn bases(&self) -> Vec<BaseStatus> {
		let answering = self.answerer.bases();
		let status = |(base, name): &(Hash, String)| BaseStatus {
			hash: hash::name(base),
			name: name.clone(),
			answering: answering.contains(base),
		};
		self.bases.iter().map(status).collect()
	}
}

impl StatusSource for Reporter {
	fn healthy(&self) -> bool {
		self.queue.load().alive && self.bases().iter().all(|base| base.answering)
	}

	fn status(&self) -> OperatorStatus {
		let (blobs, bytes) = self.store.totals().unwrap_or_else(|error| {
			log::error!("the status is incomplete: {error}");
			(0, 0)
		});
		let (limits, metrics) = (self.store.limits(), &self.metrics);
		OperatorStatus {
			version: env!("CARGO_PKG_VERSION"),
			uptime: self.started.elapsed().as_secs(),
			bases: self.bases(),
			queue: self.queue.load(),
			content: ContentStatus {
				blobs,
				bytes,
				capacity: limits.capacity,
				quota: limits.quota,
				blob: limits.blob,
				received: metrics.content_received.get(),
				sent: metrics.content_sent.get(),
				fetched: metrics.content_fetched.get(),
			},
			work: WorkStatus {
				answers: metrics.answers.get(),
				claims: metrics.claims.get(),
				prompt_tokens: metrics.prompt_tokens.get(),
				answer_tokens: metrics.answer_tokens.get(),
				generating_seconds: metrics.generating.get(),
				attributing_seconds: metrics.attributing.get(),
			},
		}
	}
}
