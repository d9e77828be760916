//! One file for each command.

pub mod account;
pub mod adapter;
pub mod ask;
pub mod attribute;
pub mod contribute;
pub mod datanet;
pub mod economics;
pub mod economics_events;
pub mod economics_ledger;
pub mod load;
pub mod load_accounts;
pub mod load_calls;
pub mod load_report;
pub mod load_run;
pub mod load_send;
pub mod load_tracker;
pub mod load_watch;
pub mod model;
pub mod operator;
pub mod publish;
pub mod rewards;
pub mod serve;
pub mod sources;
pub mod trace;
pub mod train;
pub mod verify_training;
