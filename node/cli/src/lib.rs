//! The OpenLedger node: command line, chain specifications and the wiring of services.

#![allow(clippy::result_large_err, reason = "the SDK's errors are what its interfaces take")]

mod chain_spec;
mod cli;
mod command;
mod failure;
mod keys;
mod limits;
mod operator;
mod peers;
mod preflight;
mod rpc;
mod service;
mod sessions;
mod watch;

pub use command::run;
pub use failure::{Failure, Kind};
