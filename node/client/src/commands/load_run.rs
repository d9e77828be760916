//! A load from beginning to end: setting up, the stretches one after the other, and the report.

use super::{
	load_accounts::{accounts, budget, fund, nonces},
	load_calls::{Mix, Order},
	load_report::{Phase, Recovery, Report, Spread, per_second, round},
	load_send::{Run, Sending},
	load_tracker::{OVERLOAD, STEADY},
	load_watch::{Meanwhile, Shared, watch},
};
use crate::{chain::Chain, chain::load::Wire, keys::Signer, output::Output};
use anyhow::{Context as _, Result};
use std::{
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Extrinsics that are signed ahead for an overload; most of those sent are refused and sent again.
const OVERLOAD_AHEAD: u64 = 20_000;

/// What to run.
pub struct Settings {
	/// Transactions a second.
	pub rate: u32,
	/// For how long.
	pub seconds: u32,
	/// From how many accounts.
	pub accounts: u32,
	/// Which ones.
	pub mix: Mix,
	/// Then this many times as many.
	pub overload: Option<u32>,
	/// Over how many connections.
	pub connections: u32,
}

impl Settings {
	/// The stretches, with their names and rates.
	fn phases(&self) -> Vec<(usize, &'static str, f64)> {
		let rate = f64::from(self.rate);
		let mut phases = vec![(STEADY, "steady", rate)];
		if let Some(factor) = self.overload {
			phases.push((OVERLOAD, "overload", rate * f64::from(factor)));
		}
		phases
	}

	/// How many transactions there may be of one account.
	pub fn most_of_one(&self) -> u64 {
		let factor = 1 + u64::from(self.overload.unwrap_or(0));
		(u64::from(self.rate) * u64::from(self.seconds) * factor).div_ceil(self.accounts.into())
	}

	/// How many are signed ahead for each account.
	fn ahead(&self, phase: usize) -> u64 {
		let steady = u64::from(self.rate) * u64::from(self.seconds);
		let more = if phase == OVERLOAD { OVERLOAD_AHEAD } else { 0 };
		(steady + more).div_ceil(self.accounts.into()).min(self.most_of_one()) + 1
	}
}

/// A stretch of sending.
pub struct Stretch {
	phase: usize,
	name: &'static str,
	rate: f64,
	sending: Sending,
	/// When the pool was empty again, or was no longer waited for.
	drained: Instant,
}

/// Runs a load.
pub async fn run(
	chain: Chain,
	name: String,
	signer: Signer,
	settings: &Settings,
	output: Output,
) -> Result<Report> {
	let chain = Arc::new(chain);
	let block_weight = chain.normal_weight().await?;
	let signing = chain.signing().await?;
	let order = Order::new(settings.mix, signing.knows("Rewards", "set_payee"));
	let mut wires = Vec::new();
	for _ in 0..settings.connections {
		wires.push(Wire::to(chain.url()).await?);
	}
	let mut accounts = accounts(&signer, settings.accounts);

	output.say(format!("giving {} accounts what they need", accounts.len()));
	let each = budget(&chain, &signing, &order, &accounts, settings).await?;
	let funded = fund(&chain, &signer, &accounts, each).await?;
	let wire = wires.first().context("nothing is connected")?;
	// They are not zero where the same key was used before.
	let found = nonces(wire, &accounts).await?;
	for (account, nonce) in accounts.iter_mut().zip(found) {
		account.base = nonce;
	}

	let shared = Shared::default();
	let mut tasks = JoinSet::new();
	watch(&mut tasks, &chain, &shared).await?;
	let mut run = Run { chain, signing, order, wires, accounts, shared, output };
	if run.order.needs_datanets() {
		run.output.say("each of them creates a Datanet");
		run.create_datanets().await?;
	}

	let start = Instant::now();
	let mut sent = Vec::new();
	let mut drained = None;
	for (phase, name, rate) in settings.phases() {
		run.sign_ahead(settings.ahead(phase))?;
		run.output.say(format!("{name}: {rate} a second for {} s", settings.seconds));
		let sending = run.send(phase, rate, Duration::from_secs(settings.seconds.into())).await?;
		run.output.say("waiting for the pool to empty");
		drained = run.drain().await;
		sent.push(Stretch { phase, name, rate, sending, drained: Instant::now() });
	}
	let probe = run.probe(&signer).await;
	let recovery = Recovery {
		drained: drained.is_some(),
		drained_after_s: drained.map(|time| round(time.as_secs_f64())),
		probe_s: probe.map(|time| round(time.as_secs_f64())),
		recovered: drained.is_some() && probe.is_some(),
	};
	let finalised = run.finalised().await.unwrap_or_default();
	let meanwhile = run.shared.lock();
	let phases = sent
		.into_iter()
		.map(|stretch| report(&meanwhile, stretch, start, block_weight, finalised))
		.collect();
	Ok(Report {
		chain: name,
		mix: settings.mix.name(),
		accounts: run.accounts.len(),
		connections: run.wires.len(),
		funded,
		block_weight,
		phases,
		recovery,
		blocks: meanwhile.tracker.blocks(start, start, Instant::now(), block_weight),
	})
}

fn report(
	meanwhile: &Meanwhile,
	stretch: Stretch,
	start: Instant,
	block_weight: u64,
	finalised: u32,
) -> Phase {
	let Stretch { phase, name, rate, sending, drained } = stretch;
	let tracker = &meanwhile.tracker;
	let blocks = tracker.blocks(start, sending.from, drained, block_weight);
	let fate = tracker.fate(phase, finalised);
	let seconds = sending.to.duration_since(sending.from).as_secs_f64();
	let submitted = sending.accepted + sending.refused.values().sum::<u64>();
	Phase {
		name,
		rate,
		sent_per_s: round(submitted as f64 / seconds),
		submitted,
		accepted: sending.accepted,
		refused: sending.refused,
		included_best: fate.best,
		included_finalised: fate.finalised,
		failed: fate.failed,
		lost: fate.lost,
		extrinsics_per_s: per_second(&blocks),
		inclusion_s: Spread::of(tracker.waited(phase)),
		transfers_per_block: blocks.iter().map(|block| block.transfers).max().unwrap_or(0),
		fullest_block: blocks.iter().filter_map(|block| block.fill).reduce(f64::max),
		most_outstanding: tracker.most_outstanding(phase),
		most_in_pool: meanwhile.pool[phase].filter(|_| !meanwhile.unlisted[phase]),
		rpc_ms: Spread::of(meanwhile.round_trips[phase].clone()),
		rpc_failures: meanwhile.unanswered[phase],
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn stretches_and_signing_follow_from_the_settings() {
		let mut settings = Settings {
			rate: 100,
			seconds: 10,
			accounts: 10,
			mix: Mix::Transfers,
			overload: None,
			connections: 1,
		};
		assert_eq!(settings.phases(), [(STEADY, "steady", 100.0)]);
		assert_eq!((settings.most_of_one(), settings.ahead(STEADY)), (100, 101));
		settings.overload = Some(10);
		assert_eq!(settings.phases()[1], (OVERLOAD, "overload", 1_000.0));
		assert_eq!((settings.most_of_one(), settings.ahead(OVERLOAD)), (1_100, 1_101));
		settings.overload = Some(1_000);
		assert_eq!((settings.ahead(STEADY), settings.ahead(OVERLOAD)), (101, 2_101));
	}
}
