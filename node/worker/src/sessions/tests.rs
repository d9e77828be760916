//! Over HTTP, between a payer's purse and a worker, with a chain that says what it is told.

mod asking;
mod audits;
mod commands;
mod drawn;
mod mangled;
mod refused;
mod stock;
mod world;
