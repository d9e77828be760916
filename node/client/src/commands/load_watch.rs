//! What is looked at while a load is sent: blocks, the pool, and how the node answers others.

use super::load_tracker::{ASIDE, PHASES, Tracker};
use crate::{chain::Chain, chain::load::Wire};
use anyhow::Result;
use std::{
	sync::{
		Arc, Mutex, MutexGuard, PoisonError,
		atomic::{AtomicUsize, Ordering},
	},
	time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Between two requests of another kind.
const ROUND_TRIPS: Duration = Duration::from_millis(200);
/// Between two looks at the pool, which answers with all it holds.
pub const LOOKS: Duration = Duration::from_secs(3);

/// What is measured while others send.
#[derive(Default)]
pub struct Meanwhile {
	/// What was sent, and where it is.
	pub tracker: Tracker,
	/// Milliseconds of other requests.
	pub round_trips: [Vec<f64>; PHASES],
	/// Other requests without an answer.
	pub unanswered: [u64; PHASES],
	/// The most that the pool listed.
	pub pool: [Option<usize>; PHASES],
	/// Whether its list could not be had at some time.
	pub unlisted: [bool; PHASES],
}

/// What the tasks share.
#[derive(Clone, Default)]
pub struct Shared {
	meanwhile: Arc<Mutex<Meanwhile>>,
	phase: Arc<AtomicUsize>,
}

impl Shared {
	/// What was measured so far.
	pub fn lock(&self) -> MutexGuard<'_, Meanwhile> {
		self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// What is measured from now on belongs to this stretch.
	pub fn begin(&self, phase: usize) {
		self.phase.store(phase, Ordering::Relaxed);
	}

	fn phase(&self) -> usize {
		self.phase.load(Ordering::Relaxed)
	}

	/// How many extrinsics are neither refused nor in a block.
	pub fn outstanding(&self) -> u64 {
		self.lock().tracker.outstanding()
	}

	/// How long another request took.
	fn round_trip(&self, phase: usize, time: Option<Duration>) {
		let mut meanwhile = self.lock();
		match time {
			Some(time) => meanwhile.round_trips[phase].push(time.as_secs_f64() * 1_000.0),
			None => meanwhile.unanswered[phase] += 1,
		}
	}

	/// How many the pool listed.
	fn listed(&self, phase: usize, listed: Option<usize>) {
		let mut meanwhile = self.lock();
		meanwhile.unlisted[phase] |= listed.is_none();
		meanwhile.pool[phase] = meanwhile.pool[phase].max(listed);
	}
}

/// Starts the tasks that look at blocks, at the pool, and at how the node answers.
pub async fn watch(tasks: &mut JoinSet<()>, chain: &Arc<Chain>, shared: &Shared) -> Result<()> {
	let first = chain.best().await?;
	let wire = Wire::to(chain.url()).await?;
	tasks.spawn(follow(wire, chain.clone(), shared.clone(), first));
	let (wire, of) = (Wire::to(chain.url()).await?, shared.clone());
	tasks.spawn(async move {
		loop {
			let phase = of.phase();
			of.round_trip(phase, wire.round_trip().await);
			tokio::time::sleep(ROUND_TRIPS).await;
		}
	});
	let (wire, of) = (Wire::to(chain.url()).await?, shared.clone());
	tasks.spawn(async move {
		loop {
			let phase = of.phase();
			if phase != ASIDE {
				of.listed(phase, wire.pending().await);
			}
			tokio::time::sleep(LOOKS).await;
		}
	});
	Ok(())
}

/// Follows the best chain from block `first` on.
async fn follow(wire: Wire, chain: Arc<Chain>, shared: Shared, first: u32) {
	let Ok(mut heads) = wire.heads().await else { return };
	let mut weighing = JoinSet::new();
	while let Some(header) = Wire::next(&mut heads).await {
		let at = Instant::now();
		let Some(head) = header.number() else { continue };
		// Heads may be left out, and others may take their place.
		let mut from = head;
		while from > first {
			let parent = wire.hash(from - 1).await;
			if parent.is_some() && shared.lock().tracker.hash(from - 1) == parent {
				break;
			}
			from -= 1;
		}
		for number in from..=head {
			let Some(hash) = wire.hash(number).await else { break };
			let Some(body) = wire.body(hash).await else { break };
			shared.lock().tracker.block(number, hash, body, at);
			let (chain, shared) = (chain.clone(), shared.clone());
			weighing.spawn(async move {
				if let Ok(weighed) = chain.weighed(hash).await {
					shared.lock().tracker.weighed(number, hash, weighed);
				}
			});
		}
		while weighing.try_join_next().is_some() {}
	}
}
