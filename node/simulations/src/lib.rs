//! What lying, laziness and collusion return under the rules of audits, and how far authors can
//! bias the randomness that audits are drawn with. `docs/incentives.md` and `docs/randomness.md`
//! derive what is computed here, and have the results. And what draws decide instead of every answer
//! ([`settling`], `docs/batches.md`), with how far that reaches ([`scale`], `docs/scale.md`).
//!
//! Amounts are OPEN in floating point: these are expectations, not accounts; those that draws are
//! made over are the chain's own, in its smallest unit. A run is a function of its seed.

mod aftermath;
pub mod agents;
mod attacks;
pub mod bias;
mod bisect;
pub mod books;
pub mod committee;
pub mod disputes;
pub mod lying;
pub mod odds;
pub mod plot;
pub mod report;
pub mod rings;
pub mod rules;
pub mod scale;
pub mod scenarios;
pub mod settling;
pub mod stats;
pub mod tables;
mod trial;
pub mod world;

#[cfg(test)]
mod tests;
