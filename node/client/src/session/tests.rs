//! Against a server with an operator's store, and a chain in memory.

mod asking;
mod chain;
mod faults;
mod opening;
mod server;
mod wrong;
