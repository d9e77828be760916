//! Answers over HTTP in sessions, which are settled in batches; and the execution of receipts that
//! other operators gave.
//!
//! [`Sessions`] stands between HTTP and the off-chain worker's commands on one side, and the store of
//! receipts, the chain and the engines on the other. What a session is, who keeps what of it, and what
//! both sides do when something fails is in docs/sessions.md.

mod ask;
pub mod asked;
pub mod chain;
mod commands;
mod enter;
pub mod handout;
mod keeper;
mod lane;
mod refusal;
mod show;
mod stock;
#[cfg(test)]
mod tests;

use std::{
	path::Path,
	sync::{Arc, OnceLock},
};

use openledger_sessions::{
	Store,
	store::{Agent, Settings},
};
use parking_lot::Mutex;
use sp_core::crypto::AccountId32;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use self::{chain::Chain, lane::Lane, show::Shown};
use crate::{
	canaries::Canaries,
	error::StartError,
	metrics::Metrics,
	queue::{Answerer, Shape},
	stock::Stock,
};

pub(crate) use self::ask::blocking;
pub use self::{ask::Answered, refusal::Refused};

/// What sessions are answered with.
pub struct Means {
	/// The chain.
	pub chain: Arc<dyn Chain>,
	/// The agent whose key signs receipts: sessions are with its operator.
	pub agent: AccountId32,
	/// What answers.
	pub answerer: Arc<dyn Answerer>,
	/// Which claims become canaries.
	pub canaries: Canaries,
	/// The records that go into prompts.
	pub stock: Arc<Stock>,
	/// How many questions wait and are answered at once, beside the jobs of the queue.
	pub shape: Shape,
	/// What is counted.
	pub metrics: Metrics,
	/// What background work runs on.
	pub runtime: Handle,
	/// Ends it all.
	pub shutdown: CancellationToken,
}

/// An operator's sessions.
pub struct Sessions {
	store: Store,
	means: Means,
	lane: Lane,
	/// Held while the chain is asked about a session: strangers that name sessions have one thread at
	/// a time between them.
	looking: Mutex<()>,
	/// Held while what is settled is dropped.
	pruning: Mutex<()>,
	shown: Mutex<Shown>,
}

impl Sessions {
	/// Opens the store of receipts at `path`, whose receipts `agent` signs. Blocks the thread on the
	/// disk; after a crash it reads the whole file.
	///
	/// # Errors
	/// [`StartError::Receipts`].
	pub fn open(
		path: &Path,
		trust: Settings,
		means: Means,
		agent: impl Agent + 'static,
	) -> Result<Self, StartError> {
		let store = Store::open(path, means.chain.genesis(), agent, trust)?;
		Ok(Self {
			store,
			lane: Lane::new(&means.shape),
			means,
			looking: Mutex::default(),
			pruning: Mutex::default(),
			shown: Mutex::default(),
		})
	}

	#[cfg(test)]
	fn store(&self) -> &Store {
		&self.store
	}
}

/// Where sessions are found once they are open: HTTP is served before the chain is there.
#[derive(Clone, Default)]
pub struct Desk(Arc<OnceLock<Arc<Sessions>>>);

impl Desk {
	/// The sessions, where there are any.
	pub fn sessions(&self) -> Option<&Arc<Sessions>> {
		self.0.get()
	}

	/// Opens the desk; once is enough.
	pub fn open(&self, sessions: Arc<Sessions>) {
		if self.0.set(sessions).is_err() {
			log::error!("sessions were opened twice: the first ones go on");
		}
	}
}
