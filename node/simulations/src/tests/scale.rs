//! Batches that are only drawn from against real ones, and blocks within their limits.

use super::settling::Session;
use crate::{
	scale::{
		blocks::{Filled, Kind, Waiting, Work},
		costs::{Bytes, Costs, Linear},
		drawn::{Sampled, fees},
		network::{DAY, Network},
		pay::Pay,
		report::{report, table},
	},
	settling::{
		batch::Batch,
		market::{Claims, Market},
	},
	stats::mean,
};
use openledger_primitives_core::{Balance, Hash};
use openledger_primitives_receipts::{Line, batch, draw};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn costs() -> Costs {
	let ms = |fixed: u64, each: u64, measured| Linear {
		fixed_ps: fixed * 1_000_000_000,
		each_ps: each * 1_000_000_000,
		measured,
	};
	Costs {
		block_ps: 1_000_000_000_000,
		normal_ps: 750_000_000_000,
		normal_bytes: 3_932_160,
		empty_ps: 1_000_000_000,
		transaction_ps: 300_000_000,
		open_session: ms(1, 0, false),
		close_session: ms(1, 0, false),
		commit: ms(1, 1, true),
		reveal: ms(1, 2, false),
		conclude: ms(1, 1, true),
		prune: ms(1, 1, true),
		finalize: ms(0, 5, true),
		audit_draw: ms(10, 0, true),
		audit_commit: ms(1, 0, true),
		audit_reveal: ms(6, 0, true),
		bytes: Bytes {
			open_session: 160,
			close_session: 110,
			commit_fixed: 100,
			commit_each: 126,
			reveal: 23_000,
			prune: 110,
			audit_commit: 150,
			audit_reveal: 220,
		},
	}
}

fn network() -> Network {
	Network {
		operators: 60,
		answers: 3e6,
		models: 3,
		market: Market { contributors: 40, ..Market::default() },
		sessions: 4,
		batch: 10_000.0,
		draws: 16,
		days: 2,
		verifiers: 20,
		..Network::default()
	}
}

/// What one batch's draws show: how many receipts, and what the first contributors are paid.
struct Seen {
	shown: Vec<f64>,
	paid: [Vec<f64>; 3],
}

impl Seen {
	fn new() -> Self {
		Self { shown: Vec::new(), paid: [const { Vec::new() }; 3] }
	}

	fn add(&mut self, shown: usize, paid: &[f64]) {
		self.shown.push(shown as f64);
		for (all, one) in self.paid.iter_mut().zip(paid) {
			all.push(*one);
		}
	}
}

/// Whether two lists have the same mean and the same variance, within four standard errors.
fn alike(one: &[f64], two: &[f64]) {
	let same = |one: &[f64], two: &[f64]| {
		let half = |values: &[f64]| {
			let mean = mean(values);
			(mean.mean, (mean.high - mean.mean) / 1.96)
		};
		let ((a, spread_a), (b, spread_b)) = (half(one), half(two));
		assert!(
			(a - b).abs() < 4.0 * spread_a.hypot(spread_b),
			"{a} ± {spread_a}, {b} ± {spread_b}"
		);
	};
	same(one, two);
	let squares = |values: &[f64]| {
		let centre = mean(values).mean;
		values.iter().map(|value| (value - centre).powi(2)).collect::<Vec<_>>()
	};
	same(&squares(one), &squares(two));
}

#[test]
fn sampled_draws_are_distributed_as_those_of_real_trees() {
	let market = Market { contributors: 8, credits: 3, sigma: 0.8, ..Market::default() };
	let claims = Claims::new(market);
	let mut rng = ChaCha8Rng::seed_from_u64(11);
	let sizes = [250u64, 90, 30, 30];
	let (count, draws) = (sizes.iter().sum::<u64>() as usize, 64);
	let (mut real, mut sampled) = (Seen::new(), Seen::new());
	for trial in 0..1_500 {
		let seed = Hash::from_low_u64_be(trial);
		let made = Batch::new(&claims, count, &mut rng);
		let fees: Vec<Balance> = made.fees().collect();
		let mut rest = fees.as_slice();
		let sessions: Vec<Session> = (0..)
			.zip(sizes)
			.map(|(number, size)| {
				let (own, others) = rest.split_at(size as usize);
				rest = others;
				Session::new(number, own)
			})
			.collect();
		let lines: Vec<Line> = sessions.iter().map(|session| session.line).collect();
		let (total, mut hit, mut paid) = (made.total(), Vec::new(), vec![0.0; 8]);
		for number in 0..draws {
			let unit = draw::unit(&seed, 1, number, total).unwrap();
			let (line, own) = batch::find(&lines, unit).unwrap();
			let at = line.session as usize;
			let before: u64 = sizes[..at].iter().sum();
			let answer = before as usize + sessions[at].find(own) as usize;
			hit.push(answer);
			for credit in made.credits(answer) {
				let decides = draw::share(total, draws, number) as f64 / total as f64;
				paid[credit.contributor as usize] += decides * f64::from(credit.share);
			}
		}
		hit.sort_unstable();
		hit.dedup();
		real.add(hit.len(), &paid);

		let made = Sampled::new(&market, sizes.into_iter(), &mut rng);
		let seed = Hash::from_low_u64_be(trial + 1_000_000);
		let shown = made.draw(&claims, (&seed, 1, draws), &mut rng);
		let mut paid = vec![0.0; 8];
		for one in &shown {
			for credit in &one.credits {
				let decides = one.decides as f64 / made.total() as f64;
				paid[credit.contributor as usize] += decides * f64::from(credit.share);
			}
		}
		assert!((paid.iter().sum::<f64>() - 1.0).abs() < 1e-4);
		sampled.add(shown.len(), &paid);
	}
	// Draws do meet in one receipt here, or nothing would be said about it.
	assert!(mean(&real.shown).mean < 60.0);
	alike(&real.shown, &sampled.shown);
	for (real, sampled) in real.paid.iter().zip(&sampled.paid) {
		alike(real, sampled);
	}
}

#[test]
fn fees_of_many_answers_are_what_adding_them_up_gives() {
	let market = Market::default();
	let mut rng = ChaCha8Rng::seed_from_u64(5);
	let added: Vec<f64> = (0..600)
		.map(|_| (0..2_000).map(|_| market.any_fee(&mut rng)).sum::<Balance>() as f64 / 1e18)
		.collect();
	let at_once: Vec<f64> =
		(0..600).map(|_| fees(&market, 2_000, &mut rng) as f64 / 1e18).collect();
	alike(&added, &at_once);
}

#[test]
fn seeds_are_there_when_the_next_round_is_over() {
	let network = network();
	assert_eq!([0, 9, 10, 25].map(|block| network.drawn_from(block)), [20, 20, 30, 40]);
}

#[test]
fn operators_answer_as_much_as_there_is() {
	let network = network();
	let served = network.served(&mut ChaCha8Rng::seed_from_u64(1));
	let a_day: f64 = served.iter().map(|one| one.answers / one.every * f64::from(DAY)).sum();
	assert!((a_day / network.answers - 1.0).abs() < 1e-9);
	assert_eq!(served.len(), 120);
	assert!(served.iter().all(|one| one.every <= f64::from(network.batch_period)));
	assert!(served.iter().all(|one| one.answers <= network.batch * 1.000_001));
	assert!(served.iter().any(|one| one.answers < network.batch * 0.9));
}

#[test]
fn blocks_take_what_fits_in_order_and_leave_the_rest() {
	let (costs, mut waiting, mut filled) = (costs(), Waiting::default(), Filled::default());
	let work = |kind: Kind, claim: u16| {
		let (time_ps, bytes) = kind.takes(&costs, 4, 16, 1);
		Work { kind, batch: 0, claim, time_ps, bytes }
	};
	for claim in 0..400 {
		waiting.push(work(Kind::Reveal, claim));
		waiting.push(work(Kind::Finality, claim));
	}
	let done = waiting.block(&costs, 256, &mut filled);
	let of = |kind: Kind| done.iter().filter(|work| work.kind == kind).collect::<Vec<_>>();
	// 23,000 bytes each in 3,932,160; then 5 ms each in what 3.3 ms each leave of a second.
	assert_eq!(of(Kind::Reveal).len(), 170);
	assert_eq!(of(Kind::Finality).len(), 87);
	assert!(of(Kind::Reveal).iter().zip(0..).all(|(work, claim)| work.claim == claim));
	assert!(filled.most_ps <= costs.block_ps && filled.most_bytes <= costs.normal_bytes);
	assert_eq!((filled.full, filled.full_of_hooks, waiting.len()), (1, 1, 543));
	let few = waiting.block(&costs, 5, &mut filled);
	assert_eq!(few.iter().filter(|work| work.kind == Kind::Finality).count(), 5);
}

#[test]
fn everything_is_paid_where_blocks_have_room() {
	let network = Network { audit_rate: 0.0, ..network() };
	let found = report(&network, &costs());
	let number = |path: &str| found.pointer(path).unwrap().as_f64().unwrap();
	assert!((number("/a_day/answers") / network.answers - 1.0).abs() < 0.01);
	assert_eq!(number("/a_day/audits"), 0.0);
	assert_eq!(number("/blocks/shown_too_late"), 0.0);
	// Without audits a claim is looked at once, and receipts are shown eight at a time.
	let of = |kind: &str| number(&format!("/blocks/by_work/{kind}/a_day"));
	let shown = number("/a_day/shown");
	assert!((of("finality") / shown - 1.0).abs() < 0.01);
	assert!((1.0..2.0).contains(&(of("reveal") / (shown / 8.0))));
	assert!(of("commit") - of("prune") < 2.0);
	// A round and what is left of one, the operator's block, the window.
	let soonest = 3.0 / 60.0 * f64::from(network.round + 1 + network.window);
	let median = number("/time_to_pay/from_commitment_minutes/median");
	assert!((soonest..soonest + 1.0).contains(&median), "{median}");
	assert_eq!(
		found["counted_by_hand"],
		serde_json::json!(["open_session", "close_session", "reveal"])
	);
	assert!(table(&found).contains("| commit |"));
}

#[test]
fn audits_take_time_and_verifiers() {
	let audited = report(&network(), &costs());
	let free = report(&Network { audit_rate: 0.0, ..network() }, &costs());
	let number = |of: &serde_json::Value, path: &str| of.pointer(path).unwrap().as_f64().unwrap();
	let rate = number(&audited, "/a_day/audits") / number(&audited, "/a_day/shown");
	assert!((rate - 0.1).abs() < 0.02, "{rate}");
	for path in ["/blocks/of_time", "/time_to_pay/from_commitment_minutes/p95"] {
		assert!(number(&audited, path) > number(&free, path), "{path}");
	}
	assert!(number(&audited, "/verifiers/executions_a_day_each") > 0.0);
	assert_eq!(number(&free, "/verifiers/busy"), 0.0);
}

#[test]
fn work_is_left_over_where_blocks_have_no_room() {
	let slow = Linear { each_ps: 30_000_000_000, ..costs().reveal };
	let crowded = Network { answers: 5e8, days: 1, ..network() };
	let found = report(&crowded, &Costs { reveal: slow, ..costs() });
	let number = |path: &str| found.pointer(path).unwrap().as_f64().unwrap();
	assert!(number("/blocks/waiting_at_the_end") > 10_000.0);
	assert!(number("/most/answers_a_day") < 5e8);
	assert!(number("/blocks/fullest_of_time") <= 1.0);
	assert!(number("/blocks/fullest_of_transactions_bytes") <= 1.0);
}

#[test]
fn pay_errs_as_derived() {
	let found = report(&network(), &costs());
	let band = |when: &str, at: usize, name: &str| {
		found["payment_error"][when][at][name].as_f64().unwrap()
	};
	for when in ["after_a_day", "after_all_days"] {
		// 90 contributors in the second band: the root of their mean square errs by some 8 %, were
		// they independent.
		let ratio = band(when, 1, "error") / band(when, 1, "derived");
		assert!((0.6..1.5).contains(&ratio), "{ratio}");
	}
	assert!(band("after_all_days", 1, "derived") < band("after_a_day", 1, "derived"));
}

#[test]
fn pay_that_is_exact_has_no_error() {
	let market = Market { contributors: 5, ..Market::default() };
	let claims = Claims::new(market);
	let mut pay = Pay::new(2, 5);
	for contributor in 0..5 {
		let part = claims.probability(contributor as usize);
		pay.pay(1, contributor, 300.0 * part * if contributor == 0 { 1.1 } else { 1.0 });
	}
	pay.settled(1, 100.0);
	pay.settled(1, 200.0);
	let bands = pay.bands(&claims, &market, 8);
	assert_eq!((bands.len(), bands[0].from, bands[0].to), (1, 1, 5));
	assert!((bands[0].error - 0.1 / 5f64.sqrt()).abs() < 1e-9);
	assert!((bands[0].least_part - claims.probability(4)).abs() < 1e-12);
}
