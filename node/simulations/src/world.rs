//! Operators, verifiers and claims, epoch after epoch.

use crate::{
	agents::{Lie, Operator, Verifier},
	books::{Account, Books},
	committee::Urn,
	lying::Lying,
	rules::{Market, Refills, Rules},
	trial::{Case, Vote},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What happened, in numbers of claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
	/// Claims made.
	pub claims: u64,
	/// Of those, audited.
	pub audited: u64,
	/// Of those, canaries.
	pub canaries: u64,
	/// False claims audited.
	pub false_audited: u64,
	/// Of those, found false.
	pub found: u64,
	/// True claims found false.
	pub wronged: u64,
}

/// A market under audits.
pub struct World {
	/// What governs audits.
	pub rules: Rules,
	/// What is assumed about the market.
	pub market: Market,
	/// What each operator does.
	pub operators: Vec<Operator>,
	/// What each verifier does.
	pub verifiers: Vec<Verifier>,
	/// Who gained what.
	pub books: Books,
	/// The fees of the claims that each operator would have made had its bond lasted, in OPEN.
	pub offered: Vec<f64>,
	/// What each verifier bonded at first, in OPEN.
	pub bonded: Vec<f64>,
	/// What happened.
	pub counts: Counts,
	pub(crate) operator_bonds: Vec<f64>,
	pub(crate) verifier_bonds: Vec<f64>,
	pub(crate) strikes: Vec<u32>,
	pub(crate) fines: Vec<u32>,
	pub(crate) urn: Urn,
	pub(crate) ring_urn: Urn,
	pub(crate) rng: ChaCha8Rng,
	/// The part of offers of bribes that come from canaries.
	pub(crate) offers_by_canaries: f64,
	/// The part of verifiers' bonds that belongs to a ring which liars are part of, at first.
	pub(crate) ring: f64,
}

impl World {
	/// A world before its first epoch. Verifiers come with their bonds, in OPEN.
	pub fn new(
		rules: Rules,
		market: Market,
		operators: Vec<Operator>,
		verifiers: Vec<(Verifier, f64)>,
		seed: u64,
	) -> Self {
		let (verifiers, bonded): (Vec<Verifier>, Vec<f64>) = verifiers.into_iter().unzip();
		let rings = verifiers.iter().zip(&bonded);
		let rings = rings.filter(|(does, _)| **does == Verifier::Colluding).map(|(_, bond)| bond);
		let ring = rings.sum::<f64>() / bonded.iter().sum::<f64>();
		let count = |what| operators.iter().filter(|does| **does == what).count() as f64;
		let bribing = count(Operator::Bribing);
		let canaries = rules.canary * count(Operator::Honest);
		Self {
			books: Books::new(operators.len(), verifiers.len()),
			offered: vec![0.0; operators.len()],
			operator_bonds: vec![market.operator_bond; operators.len()],
			verifier_bonds: bonded.clone(),
			strikes: vec![0; verifiers.len()],
			fines: vec![0; verifiers.len()],
			urn: Urn::new(core::iter::empty()),
			ring_urn: Urn::new(core::iter::empty()),
			rng: ChaCha8Rng::seed_from_u64(seed),
			offers_by_canaries: canaries / (canaries + bribing).max(f64::MIN_POSITIVE),
			ring,
			counts: Counts::default(),
			rules,
			market,
			operators,
			verifiers,
			bonded,
		}
	}

	/// A lie of an operator here about a claim with this fee, with what stands behind it.
	pub fn lying(&self, lie: Lie, fee: f64) -> Lying {
		Lying::of(&self.rules, &self.market, lie, self.ring, fee)
	}

	/// Lets all epochs pass.
	pub fn run(&mut self) {
		for _ in 0..self.market.epochs {
			self.refill();
			let places: Vec<(usize, f64)> =
				self.places().map(|verifier| (verifier, self.verifier_bonds[verifier])).collect();
			let ring = |(verifier, _): &(usize, f64)| self.verifiers[*verifier].in_ring();
			self.ring_urn = Urn::new(places.iter().copied().filter(ring));
			self.urn = Urn::new(places.into_iter());
			for operator in 0..self.operators.len() {
				self.work(operator);
			}
		}
	}

	/// The verifiers that can be drawn.
	pub fn places(&self) -> impl Iterator<Item = usize> {
		(0..self.verifiers.len()).filter(|verifier| {
			self.strikes[*verifier] < self.rules.strikes
				&& self.verifier_bonds[*verifier] >= self.rules.least_bond
		})
	}

	/// Lets those who do so bring bonds that are too low to be drawn with back to what they were.
	fn refill(&mut self) {
		for verifier in 0..self.verifiers.len() {
			let does = match self.market.refills {
				Refills::Everyone => true,
				Refills::Ring => self.verifiers[verifier].in_ring(),
				Refills::Nobody => false,
			};
			if does && self.verifier_bonds[verifier] < self.rules.least_bond {
				self.verifier_bonds[verifier] = self.bonded[verifier];
			}
		}
	}

	/// An operator's epoch, at whose end all its claims are settled.
	fn work(&mut self, operator: usize) {
		let mut exposed = 0.0;
		for _ in 0..self.market.claims {
			let fee = self.fee();
			self.offered[operator] += fee;
			let bond = self.operator_bonds[operator];
			let cover = self.rules.exposure * self.rules.audit * bond;
			if bond >= self.market.least_bond && exposed + fee <= cover {
				exposed += fee;
				self.claim(operator, fee);
			}
		}
	}

	fn fee(&mut self) -> f64 {
		let high = self.rng.random::<f64>() < self.market.high_part;
		if high { self.market.high_fee } else { self.market.common_fee }
	}

	/// Answers, claims, is audited or not, and is paid.
	fn claim(&mut self, operator: usize, fee: f64) {
		let case = self.case(operator, fee);
		self.counts.claims += 1;
		let own = Account::Operator(operator);
		if !case.lie.is_some_and(|lie| lie.skips()) {
			self.books.pay(own, Account::Computing, self.market.cost * fee);
		}
		let mut verdict = Vote::Uphold;
		if self.rng.random::<f64>() < self.rules.audit
			&& let Some(audited) = self.audit(&case)
		{
			verdict = audited;
			let found = verdict != Vote::Uphold;
			self.counts.audited += 1;
			self.counts.canaries += u64::from(case.canary);
			self.counts.false_audited += u64::from(case.lie.is_some());
			self.counts.found += u64::from(found && case.lie.is_some());
			self.counts.wronged +=
				u64::from(found && case.lie.is_none() && verdict != case.truth());
		}
		self.settle(&case, verdict);
	}

	/// What the operator claims about an answer.
	fn case(&mut self, operator: usize, fee: f64) -> Case {
		let does = self.operators[operator];
		let lie = match does {
			Operator::Honest => None,
			Operator::Always(lie) => Some(lie),
			Operator::Sometimes(part) => (self.rng.random::<f64>() < part).then_some(Lie::Sketch),
			Operator::HighFees => (fee >= self.market.high_fee).then_some(Lie::Sketch),
			Operator::Bribing => Some(Lie::Sketch),
		};
		let canary = does == Operator::Honest
			&& self.rules.canary > 0.0
			&& self.rng.random::<f64>() < self.rules.canary;
		let bribes = does == Operator::Bribing || canary;
		let offer = if bribes { self.offer(fee) } else { 0.0 };
		let rings = lie.is_some() && self.ring > 0.0;
		Case { operator, lie, canary, fee, rings, offer }
	}

	/// A bribe for one seat.
	fn offer(&self, fee: f64) -> f64 {
		self.market.bribe * self.rules.contributors * fee / self.rules.committee as f64
	}

	/// Divides the fee. It goes back where the answer is found false or withheld.
	fn settle(&mut self, case: &Case, verdict: Vote) {
		let harmless = case.canary || case.lie.is_some_and(|lie| !lie.skips());
		let corrected = verdict == Vote::Refute && harmless;
		let found = verdict != Vote::Uphold;
		if found && !corrected {
			return;
		}
		let own = Account::Operator(case.operator);
		let diverted = !found && case.lie.is_some_and(|lie| lie != Lie::Answer);
		let pool = self.rules.contributors * case.fee;
		let part = self.rules.operator * case.fee;
		let verifiers = self.rules.verifiers * case.fee;
		self.books.pay(Account::Payers, if diverted { own } else { Account::Contributors }, pool);
		self.books.pay(Account::Payers, own, part);
		self.books.pay(Account::Payers, Account::Fund, verifiers);
		self.books.pay(Account::Payers, Account::Others, case.fee - pool - part - verifiers);
	}
}
