//! The attribution engine: which training records moved an answer.
//!
//! A record's gradient with respect to the adapter becomes a feature ([`features`]), the feature a
//! sketch of signed bytes ([`projection`], [`quantize`]), and the sketches of all records of a
//! model version an [`IndexFile`], whose [commitment](IndexFile::commitment) goes on chain. An
//! answer's gradient becomes a sketch in the same way ([`query()`]), and [`claim()`] shows which
//! leaves of the index it owes to. From sketches on, everything is integers, and the rule is that
//! of [`openledger_primitives_attribution`]. What an answer repeats word for word is found by
//! [`spans`], what is put into its prompt by [`retrieval`].

pub mod checkpoints;
pub mod cluster;
pub mod compare;
pub mod dataset;
pub mod error;
pub mod estimator;
pub mod estimators;
pub mod examine;
pub mod features;
pub mod floor;
pub mod forged;
pub mod format;
pub mod index;
pub mod local;
pub mod manifest;
pub mod nulls;
pub mod omitted;
pub mod projection;
pub mod quantize;
pub mod retrieval;
pub mod runs;
pub mod scan;
pub mod spans;
pub mod store;
pub mod tree;

mod alphabet;
mod build;
mod claim;
mod execution;
mod query;
mod sources;
#[cfg(test)]
mod testing;

pub use build::{BuildOptions, Progress, Stage, build, recalibrated};
pub use checkpoints::Checkpoints;
pub use claim::{claim, claim_on, shown_contributor, shown_record};
pub use error::{Error, Result};
pub use index::IndexFile;
pub use manifest::{Manifest, TrainedSnapshot, Training};
pub use query::{Generated, Query, query, query_generated};
pub use sources::{SourceRecord, Sources, training_set};
