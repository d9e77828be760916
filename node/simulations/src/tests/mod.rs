mod bias;
mod captures;
mod disputes;
mod lies;
mod money;
mod rings;
mod scale;
mod settling;
mod verifiers;

use crate::{
	rules::{Market, Rules},
	scenarios::Crowd,
};

/// Rules under which no verifier loses anything, so that who is drawn never changes.
pub fn steady() -> Rules {
	Rules { fine: 0.0, fine_in_fees: 0.0, canary_loss: 0.0, strikes: u32::MAX, ..Rules::default() }
}

/// A crowd of liars beside enough honest operators to compare with.
pub fn crowd(ring: f64) -> Crowd {
	Crowd { honest: 800, of_each: 150, verifiers: 900, ring, ..Crowd::default() }
}

/// The market with fees that don't differ, so that returns vary less.
pub fn even_fees() -> Market {
	Market { high_part: 0.0, ..Market::default() }
}

/// How far a frequency out of `count` may be from its probability: four standard errors.
pub fn tolerance(probability: f64, count: usize) -> f64 {
	4.0 * (probability * (1.0 - probability) / count as f64).sqrt()
}
