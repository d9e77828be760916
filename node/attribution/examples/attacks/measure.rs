//! What attacks gain over honest behaviour.

use crate::{
	Failure,
	attack::{Attack, Attacker, Entry, Scene},
	market::{Both, Ground, OFF, Pay},
	notes::Notes,
	stats::mean,
	verbatim,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
	collections::{BTreeMap, BTreeSet},
	sync::atomic::{AtomicUsize, Ordering},
};

/// Resamples behind an interval.
const RESAMPLES: usize = 2_000;

/// One run of an attack: percentage points of the pool by query, and nats.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trial {
	/// By our rule where contributors' sums are paid.
	pub ours: Vec<f64>,
	/// By the plain rule.
	pub plain: Vec<f64>,
	/// By our rule where records are paid, as a model version does unless it says otherwise.
	pub by_records: Vec<f64>,
	/// Of a pool for spans, by our rule.
	pub verbatim: Vec<f64>,
	/// Of a pool for spans, by the plain rule.
	pub verbatim_plain: Vec<f64>,
	/// What the right answers' log-probabilities gain, in nats a token, by query.
	pub right: Vec<f64>,
}

/// The contributors that attack, one for each draw.
pub fn owners(ground: &Ground, draws: usize) -> Vec<usize> {
	let all: BTreeSet<usize> =
		ground.data.records.iter().map(|record| record.contributor).collect();
	let mut left: Vec<usize> = all.into_iter().collect();
	let mut rng = ChaCha8Rng::seed_from_u64(0x0a77_ac4e);
	for at in 0..left.len() {
		let other = rng.random_range(at as u64..left.len() as u64) as usize;
		left.swap(at, other);
	}
	left.truncate(draws);
	left
}

/// What is contributed under attack.
pub fn contributed(
	ground: &Ground,
	attack: &dyn Attack,
	attacker: Attacker,
	draw: usize,
) -> Vec<Entry> {
	let records = &ground.data.records;
	let contributors: BTreeSet<usize> = records.iter().map(|record| record.contributor).collect();
	let budget = records.len() / contributors.len().max(1);
	let mut rng = ChaCha8Rng::seed_from_u64(draw as u64);
	let scene = Scene { data: &ground.data, attacker, budget };
	let mut entries = ground.honest();
	entries.retain(|entry| attacker != Attacker::Owner(entry.account));
	entries.extend(attack.records(&scene, &mut rng));
	entries
}

/// Runs an attack.
pub fn run(
	ground: &Ground,
	honest: &Both,
	attack: &dyn Attack,
	attacker: Attacker,
	draw: usize,
) -> Result<Trial, Failure> {
	let found = ground.outcomes(&contributed(ground, attack, attacker, draw))?;
	let right = found.ours.model.right.iter().zip(&honest.ours.model.right);
	Ok(Trial {
		ours: gains(attacker, &found.ours.pay, &honest.ours.pay),
		by_records: gains(attacker, &found.by_records, &honest.by_records),
		plain: gains(attacker, &found.plain.pay, &honest.plain.pay),
		verbatim: gains(attacker, &found.ours.verbatim, &honest.ours.verbatim),
		verbatim_plain: gains(attacker, &found.plain.verbatim, &honest.plain.verbatim),
		right: right.map(|(attacked, honest)| attacked - honest).collect(),
	})
}

/// What an attacker has of each answer beyond what it has when honest, in points.
fn gains(attacker: Attacker, attacked: &Pay, honest: &Pay) -> Vec<f64> {
	let of = |paid: &[f64]| -> f64 {
		let own = paid.iter().enumerate().filter(|(account, _)| attacker.has(*account));
		own.map(|(_, part)| part).sum()
	};
	let both = attacked.iter().zip(honest);
	both.map(|(attacked, honest)| 100.0 * (of(attacked) - of(honest))).collect()
}

/// The mean of `values[draw][query]` with its interval over draws and queries, both drawn again (Owen 2007,
/// arXiv:0711.4189, for two ways of grouping).
pub fn estimate(values: &[Vec<f64>]) -> Value {
	let queries = values.first().map_or(0, Vec::len);
	let mut rng = ChaCha8Rng::seed_from_u64(95);
	let mut draw = |count: usize| -> Vec<usize> {
		(0..count).map(|_| rng.random_range(0..count as u64) as usize).collect()
	};
	let mut means: Vec<f64> = (0..RESAMPLES)
		.map(|_| {
			let (draws, asked) = (draw(values.len()), draw(queries));
			let of = |at: &usize| mean(&asked.iter().map(|q| values[*at][*q]).collect::<Vec<_>>());
			mean(&draws.iter().map(of).collect::<Vec<_>>())
		})
		.collect();
	means.sort_by(f64::total_cmp);
	let ci = [means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40]];
	json!({ "mean": mean(&values.concat()), "ci": ci })
}

/// The rows of attacks by records.
pub fn rows(
	ground: &Ground,
	honest: &Both,
	attacks: &[Box<dyn Attack>],
	owners: &[usize],
	notes: &Notes,
) -> Result<Vec<Value>, Failure> {
	let jobs: Vec<(usize, bool, usize)> = (0..owners.len())
		.flat_map(|draw| (0..attacks.len()).map(move |attack| (attack, draw)))
		.flat_map(|(attack, draw)| [true, false].map(|owns| (attack, owns, draw)))
		.collect();
	let done = AtomicUsize::new(0);
	// In their order, so that what is interrupted has whole draws.
	let trials = jobs
		.iter()
		.enumerate()
		.par_bridge()
		.map(|(at, (attack, owns, draw))| {
			let attacker = if *owns { Attacker::Owner(owners[*draw]) } else { Attacker::Outsider };
			let attack = &*attacks[*attack];
			let name = format!("{}, {attacker:?}, {draw}", attack.name());
			let trial = notes.or_run(&name, || run(ground, honest, attack, attacker, *draw))?;
			let count = done.fetch_add(1, Ordering::Relaxed) + 1;
			eprintln!(
				"{count} of {}: {}, {attacker:?}: {:.2} points, {:.2} where contributors are paid, \
				 {:.2} by the plain rule",
				jobs.len(),
				attack.name(),
				mean(&trial.by_records),
				mean(&trial.ours),
				mean(&trial.plain)
			);
			Ok((at, trial))
		})
		.collect::<Result<BTreeMap<usize, Trial>, Failure>>()?;
	let of = |number: usize, owns: bool, values: fn(&Trial) -> &Vec<f64>| {
		let own =
			jobs.iter().zip(trials.values()).filter(|(job, _)| (job.0, job.1) == (number, owns));
		estimate(&own.map(|(_, trial)| values(trial).clone()).collect::<Vec<_>>())
	};
	let side = |number: usize, owns: bool| {
		json!({
			"with": of(number, owns, |trial| &trial.by_records),
			"with_contributors_paid": of(number, owns, |trial| &trial.ours),
			"without": of(number, owns, |trial| &trial.plain),
			"spans": {
				"with": of(number, owns, |trial| &trial.verbatim),
				"without": of(number, owns, |trial| &trial.verbatim_plain),
			},
			"right_answers": of(number, owns, |trial| &trial.right),
		})
	};
	let row = |number: usize, attack: &dyn Attack| {
		json!({
			"name": attack.name(),
			"defence": attack.defence(),
			"switched_off": OFF,
			"switched_off_for_spans": verbatim::OFF,
			"owner": side(number, true),
			"outsider": side(number, false),
		})
	};
	Ok(attacks.iter().enumerate().map(|(number, attack)| row(number, &**attack)).collect())
}
