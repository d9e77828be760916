//! Who is there, and what each strategy returns.

use crate::{
	agents::{Lie, Operator, Verifier},
	rules::{Market, Rules},
	stats::{Estimate, difference},
	world::World,
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// What operators try.
pub const OPERATORS: [(&str, Operator); 7] = [
	("lies about every sketch", Operator::Always(Lie::Sketch)),
	("invents every answer", Operator::Always(Lie::Answer)),
	("lies about both", Operator::Always(Lie::Both)),
	("lies about every other sketch", Operator::Sometimes(0.5)),
	("lies about one sketch in twenty", Operator::Sometimes(0.05)),
	("lies where fees are high", Operator::HighFees),
	("lies and bribes", Operator::Bribing),
];

/// What verifiers try.
pub const VERIFIERS: [(&str, Verifier); 6] = [
	("abstains", Verifier::Abstaining),
	("copies the claim", Verifier::Copying),
	("says that all is withheld", Verifier::Denying),
	("guesses", Verifier::Guessing),
	("takes bribes that pay", Verifier::Calculating),
	("takes any bribe", Verifier::Greedy),
];

/// How many agents there are.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Crowd {
	/// Honest operators.
	pub honest: usize,
	/// Operators of each other strategy.
	pub of_each: usize,
	/// Verifiers in all.
	pub verifiers: usize,
	/// Verifiers of each strategy but honesty and the ring's.
	pub verifiers_of_each: usize,
	/// The ring's part of verifiers' bonds.
	pub ring: f64,
	/// What the ring does.
	pub ring_does: Verifier,
	/// Who takes any bribe, as a part of verifiers, beyond `verifiers_of_each`.
	pub greedy: f64,
}

impl Default for Crowd {
	fn default() -> Self {
		Self {
			honest: 1_500,
			of_each: 75,
			verifiers: 1_200,
			verifiers_of_each: 0,
			ring: 0.0,
			ring_does: Verifier::Colluding,
			greedy: 0.0,
		}
	}
}

/// What a verifier who is drawn has bonded on average, in OPEN: being drawn by bond, those with larger
/// bonds are drawn more often.
pub fn seat_bond(market: &Market) -> f64 {
	let multiples = [1.0, 2.0, 3.0, 4.0];
	let squares = multiples.iter().map(|multiple: &f64| multiple * multiple).sum::<f64>();
	market.verifier_bond * squares / multiples.iter().sum::<f64>()
}

/// The verifiers of a crowd with their bonds, in an order of chance.
fn verifiers(crowd: &Crowd, market: &Market, seed: u64) -> Vec<(Verifier, f64)> {
	let mut bonds: Vec<f64> =
		(0..crowd.verifiers).map(|i| market.verifier_bond * (1 + i % 4) as f64).collect();
	bonds.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
	let goal = crowd.ring * bonds.iter().sum::<f64>();
	let mut others = VERIFIERS
		.iter()
		.flat_map(|(_, does)| core::iter::repeat_n(*does, crowd.verifiers_of_each))
		.chain(core::iter::repeat_n(
			Verifier::Greedy,
			(crowd.greedy * crowd.verifiers as f64) as usize,
		));
	let mut sum = 0.0;
	bonds
		.into_iter()
		.map(|bond| {
			if sum + bond / 2.0 < goal {
				sum += bond;
				(crowd.ring_does, bond)
			} else {
				(others.next().unwrap_or(Verifier::Honest), bond)
			}
		})
		.collect()
}

/// A world of this crowd after all its epochs.
pub fn lived(rules: &Rules, market: &Market, crowd: &Crowd, seed: u64) -> World {
	let operators = core::iter::repeat_n(Operator::Honest, crowd.honest)
		.chain(OPERATORS.iter().flat_map(|(_, does)| core::iter::repeat_n(*does, crowd.of_each)))
		.collect();
	let verifiers = verifiers(crowd, market, seed);
	let mut world = World::new(rules.clone(), market.clone(), operators, verifiers, seed);
	world.run();
	world
}

/// What operators of one strategy gained for each OPEN of fees they were offered.
pub fn operators_gain(world: &World, strategy: Operator) -> Vec<f64> {
	(0..world.operators.len())
		.filter(|operator| world.operators[*operator] == strategy)
		.map(|operator| world.books.operators[operator] / world.offered[operator])
		.collect()
}

/// What verifiers of one strategy gained for each OPEN of their bond.
pub fn verifiers_gain(world: &World, strategy: Verifier) -> Vec<f64> {
	(0..world.verifiers.len())
		.filter(|verifier| world.verifiers[*verifier] == strategy)
		.map(|verifier| world.books.verifiers[verifier] / world.bonded[verifier])
		.collect()
}

/// By how much operators of a strategy gain more than honest ones, in OPEN for each OPEN of fees.
pub fn over_honest_operators(world: &World, strategy: Operator) -> Estimate {
	difference(&operators_gain(world, strategy), &operators_gain(world, Operator::Honest))
}

/// What the ring of a crowd gains more than if it were honest, in OPEN for each OPEN of bond, where all
/// operators are: what honest verifiers lose by it is no gain.
pub fn ring_over_its_honesty(
	rules: &Rules,
	market: &Market,
	crowd: &Crowd,
	seed: u64,
) -> (World, Estimate) {
	let world = lived(rules, market, crowd, seed);
	// Without liars there is nobody to collude with.
	let honest = Crowd { ring_does: Verifier::Colluding, ..crowd.clone() };
	let honest = lived(rules, market, &honest, seed);
	let gains = verifiers_gain(&world, crowd.ring_does);
	let over = difference(&gains, &verifiers_gain(&honest, Verifier::Colluding));
	(world, over)
}

/// By how much verifiers of a strategy gain more than honest ones, in OPEN for each OPEN of bond.
pub fn over_honest_verifiers(world: &World, strategy: Verifier) -> Estimate {
	difference(&verifiers_gain(world, strategy), &verifiers_gain(world, Verifier::Honest))
}
