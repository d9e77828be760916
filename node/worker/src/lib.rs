//! The operator's side of OpenLedger: a queue of jobs from the off-chain worker, a content store
//! for adapters, indexes and records, HTTP in front of it, and the bridge to the engines. And the
//! watcher's, which needs nothing of these but content.
//!
//! [`Operator::start`] puts it together from an [`OperatorConfig`]. The off-chain worker reaches
//! the queue through [`Operator::engine`]; whatever answers jobs stands behind [`Answerer`].

pub mod bases;
mod cache;
pub mod canaries;
pub mod config;
pub mod content;
mod endpoint;
mod engine;
pub mod error;
pub mod http;
pub mod metrics;
mod operator;
mod question;
pub mod queue;
mod serve;
pub mod sessions;
pub mod status;
pub mod stock;
#[cfg(test)]
mod testing;
pub mod watch;

// What the runtime lets an engine take on is what this one computes.
const _: () = assert!(openledger_primitives_core::model::LATEST_ARITHMETIC == openlora::ARITHMETIC);

pub use canaries::CanarySettings;
pub use config::{Limits, OperatorConfig, StoreLocation};
pub use content::{ContentError, ContentStore};
pub use engine::QueueEngine;
pub use error::StartError;
pub use operator::Operator;
pub use question::{Question, Unanswered};
pub use queue::{Answerer, Queue};
pub use serve::Server;
pub use status::{OperatorStatus, StatusSource};
pub use watch::{RecordLeaves, WatchEngine, WatchSettings, Watcher};
