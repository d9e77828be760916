//! What the calls do, and above all what they refuse.

mod contribute;
mod curate;
mod disputes;
mod invariants;
mod lifecycle;
mod ownership;
mod queries;
mod snapshot;
