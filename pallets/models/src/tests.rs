//! What the calls do, and above all what they refuse.

mod audit;
mod base;
mod condemn;
mod invariants;
mod lifecycle;
mod migrations;
mod ownership;
mod register;
mod retrieval;
mod served;
