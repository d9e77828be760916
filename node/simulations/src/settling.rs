//! What contributors are paid where draws decide instead of every answer, against what each answer
//! settled alone would have paid them.
//!
//! Answers are made up ([`market`]), batches of them are drawn with the chain's own function
//! ([`batch`], [`trial`]), and the error is derived as well ([`closed`]).

pub mod batch;
pub mod closed;
pub mod market;
pub mod report;
pub mod trial;
