//! What the judgement by retraining and the attacks have in common: data, training, pay and statistics.

pub mod data;
pub mod paid;
pub mod stats;
pub mod training;

/// Whatever ends an example.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
