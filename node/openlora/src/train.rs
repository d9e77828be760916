//! LoRA training on the CPU: AdamW over seeded, shuffled batches, with checkpoints.
//!
//! The same base, examples and options give the same adapter on the same machine, whether or not
//! the run was interrupted and whatever the number of threads.

mod checkpoint;
mod example;
mod optimizer;
mod options;
mod schedule;
mod trainer;

pub use example::Example;
pub use options::TrainOptions;
pub use schedule::Decay;
pub use trainer::{Progress, train};

#[cfg(test)]
mod tests;
