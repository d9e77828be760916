//! A batch of which there is only what its draws fall into.
//!
//! - A session's fees are a sum of independent ones: of up to 64 answers it is added up, of more it
//!   is normal with the sum's mean and variance.
//! - A unit that is drawn falls into an answer in proportion to its fee ([`Market::drawn_fee`]), at a
//!   place within it that is uniform. A later draw that takes a unit of the same answer shares its
//!   fate, as on chain.
//! - Whom an answer credits does not depend on its fee.
//!
//! What is left out is that a session's other fees are a little less where one is known to be large:
//! a part of about 1 ÷ answers.

use crate::settling::market::{Claims, Credit, Market, normal};
use core::ops::Range;
use openledger_primitives_core::{Balance, BatchId, Hash, SessionId};
use openledger_primitives_receipts::{Line, batch, draw};
use rand::Rng;

/// Up to how many fees are added up one by one.
const FEW: u64 = 64;

/// The fees of so many answers together, at least a unit for each.
pub fn fees(market: &Market, answers: u64, rng: &mut impl Rng) -> Balance {
	if answers <= FEW {
		return (0..answers).map(|_| market.any_fee(rng)).sum();
	}
	let count = answers as f64;
	let spread = (market.fee_variation() / count).sqrt();
	let sum = count * market.mean_fee() * crate::settling::market::OPEN;
	((sum * (1.0 + spread * normal(rng))) as Balance).max(answers.into())
}

/// An answer that draws fell into.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
	/// Of which session.
	pub session: SessionId,
	/// The units of the session that it covers.
	pub units: Range<Balance>,
	/// What of the batch the draws decide, in the least unit.
	pub decides: Balance,
	/// Whom it credits.
	pub credits: Vec<Credit>,
}

/// Sessions' parts of a batch, numbered as the chain numbers them.
pub struct Sampled {
	lines: Vec<Line>,
	total: Balance,
}

impl Sampled {
	/// A batch of sessions with so many answers.
	pub fn new(market: &Market, answers: impl Iterator<Item = u64>, rng: &mut impl Rng) -> Self {
		let lines: Vec<Line> = (0..)
			.zip(answers)
			.map(|(session, count)| Line {
				session,
				first: 0,
				count: u32::try_from(count).unwrap_or(u32::MAX),
				from: 0,
				to: fees(market, count, rng),
				root: Hash::zero(),
			})
			.collect();
		let total = lines.iter().map(Line::units).sum();
		Self { lines, total }
	}

	/// The batch's fees, in the least unit.
	pub fn total(&self) -> Balance {
		self.total
	}

	/// The answers that draws fall into.
	pub fn draw(
		&self,
		claims: &Claims,
		(seed, id, draws): (&Hash, BatchId, u8),
		rng: &mut impl Rng,
	) -> Vec<Shown> {
		let mut shown: Vec<Shown> = Vec::with_capacity(draws.into());
		for number in 0..draws {
			let Some(unit) = draw::unit(seed, id, number, self.total) else { break };
			let Some((line, own)) = batch::find(&self.lines, unit) else { break };
			let decides = draw::share(self.total, draws, number);
			let known = shown
				.iter_mut()
				.find(|one| one.session == line.session && one.units.contains(&own));
			if let Some(known) = known {
				known.decides += decides;
				continue;
			}
			let fee = claims.market().drawn_fee(rng).min(line.units());
			let before = (rng.random::<f64>() * fee as f64) as Balance;
			let start = own.saturating_sub(before);
			let units = start..start.saturating_add(fee).max(own + 1).min(line.units());
			let mut credits = Vec::with_capacity(claims.market().credits);
			claims.push(&mut credits, rng);
			shown.push(Shown { session: line.session, units, decides, credits });
		}
		shown
	}
}
