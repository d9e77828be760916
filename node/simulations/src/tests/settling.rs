//! Draws against every answer, and the made-up batches against real trees.

use crate::settling::{
	batch::Batch,
	closed,
	market::{Claims, Market},
	trial::{Batches, each_time},
};
use openledger_primitives_core::{Balance, Hash, SessionId, model::Usage};
use openledger_primitives_receipts::{
	Line, Receipt, SumFrontier, SumNode, batch, draw,
	prove::{find, prove_slice},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeMap, convert::Infallible};

fn small() -> Market {
	Market { contributors: 30, credits: 4, ..Market::default() }
}

fn rng() -> ChaCha8Rng {
	ChaCha8Rng::seed_from_u64(7)
}

/// A session's receipts in the chain's own tree.
pub struct Session {
	pub line: Line,
	pub receipts: Vec<Receipt>,
	nodes: BTreeMap<(u32, u32), SumNode>,
}

impl Session {
	pub fn new(session: SessionId, fees: &[Balance]) -> Self {
		let (mut tree, mut nodes) = (SumFrontier::default(), BTreeMap::new());
		let mut receipts = Vec::new();
		for (position, fee) in (0..).zip(fees) {
			let receipt = Receipt {
				session,
				position,
				model: 1,
				input: Hash::zero(),
				output: Hash::zero(),
				usage: Usage { prompt: 1, output: 1 },
				fee: *fee,
				claim: Hash::zero(),
			};
			let keep = |level, index, node| {
				nodes.insert((level, index), node);
			};
			tree.push_with(receipt.leaf(), keep).unwrap();
			receipts.push(receipt);
		}
		let SumNode { hash: root, sum: to } = tree.root();
		let line = Line { session, first: 0, count: tree.count(), from: 0, to, root };
		Self { line, receipts, nodes }
	}

	/// The receipt that covers a unit of the session.
	pub fn find(&self, unit: Balance) -> u32 {
		let node = |level, index| Ok::<_, Infallible>(self.nodes[&(level, index)]);
		find(self.line.count, unit, node).unwrap().unwrap().0
	}
}

#[test]
fn draws_fall_into_the_answers_that_real_trees_say() {
	let claims = Claims::new(small());
	let made = Batch::new(&claims, 203, &mut rng());
	let fees: Vec<Balance> = made.fees().collect();
	let sizes = [100, 60, 1, 42];
	let mut rest = fees.as_slice();
	let sessions: Vec<Session> = (0..)
		.zip(sizes)
		.map(|(number, size)| {
			let (own, others) = rest.split_at(size);
			rest = others;
			Session::new(number, own)
		})
		.collect();
	let lines: Vec<Line> = sessions.iter().map(|session| session.line).collect();
	assert_eq!(batch::total(&lines), Some(made.total()));
	for drawn in 0..=u8::MAX {
		let unit = draw::unit(&Hash::repeat_byte(3), 5, drawn, made.total()).unwrap();
		let (line, own) = batch::find(&lines, unit).unwrap();
		let session = &sessions[line.session as usize];
		let position = session.find(own);
		let before: usize = sizes[..line.session as usize].iter().sum();
		assert_eq!(before + position as usize, made.answer_at(unit));
		let leaves: Vec<SumNode> = session.receipts.iter().map(Receipt::leaf).collect();
		let proof = prove_slice(&leaves, position).unwrap();
		let units = batch::interval(&lines, &session.receipts[position as usize], &proof).unwrap();
		assert!(units.contains(&unit));
	}
}

#[test]
fn claims_divide_one_answer_and_name_nobody_twice() {
	let claims = Claims::new(small());
	let (mut rng, mut credits) = (rng(), Vec::new());
	for _ in 0..2_000 {
		claims.push(&mut credits, &mut rng);
	}
	let mut squares = 0.0;
	for claim in credits.chunks(4) {
		let sum: f64 = claim.iter().map(|credit| f64::from(credit.share)).sum();
		assert!((sum - 1.0).abs() < 1e-5);
		let mut paid: Vec<u32> = claim
			.iter()
			.filter(|credit| credit.share > 0.0)
			.map(|credit| credit.contributor)
			.collect();
		let count = paid.len();
		paid.sort_unstable();
		paid.dedup();
		assert_eq!(paid.len(), count);
		squares += claim.iter().map(|credit| f64::from(credit.share).powi(2)).sum::<f64>();
	}
	// Shares of one contributor stand together, which adds to what independent credits come to.
	let alone = small().concentration();
	let same: f64 = (0..30).map(|who| claims.probability(who).powi(2)).sum();
	let expected = alone + (1.0 - alone) * same;
	assert!((squares / 2_000.0 / expected - 1.0).abs() < 0.03, "{}", squares / 2_000.0);
}

#[test]
fn answers_are_drawn_in_proportion_to_their_fees() {
	let market = Market { sigma: 0.7, ..Market::default() };
	let (mut rng, count) = (rng(), 200_000);
	let any: Vec<f64> = (0..count).map(|_| market.any_fee(&mut rng) as f64).collect();
	let drawn: Vec<f64> = (0..count).map(|_| market.drawn_fee(&mut rng) as f64).collect();
	let mean = |values: &[f64]| values.iter().sum::<f64>() / count as f64;
	let squares: Vec<f64> = any.iter().map(|fee| fee * fee).collect();
	let by_fee = mean(&squares) / mean(&any);
	assert!((mean(&any) / (market.mean_fee() * 1e18) - 1.0).abs() < 0.01);
	assert!((mean(&drawn) / by_fee - 1.0).abs() < 0.02);
	let spread = mean(&squares) / mean(&any).powi(2) - 1.0;
	assert!((spread / market.fee_variation() - 1.0).abs() < 0.05);
}

#[test]
fn pay_is_what_every_answer_would_pay_on_average() {
	let claims = Claims::new(small());
	let made = Batch::new(&claims, 500, &mut rng());
	let (total, moments) = (made.total() as f64, made.moments(30));
	assert!((moments.iter().map(|of| of.mean).sum::<f64>() - 1.0).abs() < 1e-4);
	let seeds = 4_000;
	let mut paid = vec![0.0; 30];
	for seed in 0..seeds {
		made.pay(&Hash::from_low_u64_be(seed), 1, 8, &mut paid);
	}
	for (paid, of) in paid.iter().zip(&moments) {
		let error = (paid / seeds as f64 / total - of.mean) / of.mean;
		let spread = closed::of_batches([(total, *of)].into_iter(), 8) / (seeds as f64).sqrt();
		assert!(error.abs() < 4.5 * spread, "{error} {spread}");
	}
}

#[test]
fn simulated_error_is_the_derived_one() {
	let mut batches = Batches::new(small(), 6, 800, 3);
	// The root of a mean of 600 squares has a standard deviation of about 3 %.
	for row in batches.errors(&small(), 16, &[1, 6], &[1, 4, 15], 600) {
		assert!((row.simulated / row.derived - 1.0).abs() < 0.14, "{row:?}");
		assert!((row.derived / row.expected - 1.0).abs() < 0.25, "{row:?}");
	}
}

#[test]
fn error_falls_as_draws_and_batches_grow() {
	let market = Market::default();
	let p = Claims::new(market).probability(19);
	let one = closed::expected(&market, p, 32, 1.0);
	assert!((closed::expected(&market, p, 128, 1.0) * 2.0 - one).abs() < 1e-12);
	assert!((closed::expected(&market, p, 32, 100.0) * 10.0 - one).abs() < 1e-12);
	let draws = closed::draws_for(&market, p, one);
	assert!((draws - 32.0).abs() < 1e-9);
}

#[test]
fn errors_of_many_seeds_spread_as_derived() {
	let market = small();
	let found = each_time(market, (4, 300), 16, 3, 1..=400);
	let p = Claims::new(market).probability(2);
	let expected = closed::expected(&market, p, 16, 4.0);
	let rms = (found.iter().map(|error| error * error).sum::<f64>() / 400.0).sqrt();
	assert!((rms / expected - 1.0).abs() < 0.2, "{rms} {expected}");
	assert_ne!(found[0], found[1]);
	assert_eq!(found[..3], each_time(market, (4, 300), 16, 3, 1..=3));
}
