//! One file for each command.

pub mod account;
pub mod ask;
pub mod contribute;
pub mod datanet;
pub mod model;
pub mod operator;
pub mod publish;
pub mod rewards;
pub mod sources;
pub mod trace;
pub mod train;
