//! LoRA training on the CPU: AdamW over seeded, shuffled batches, with a chain of checkpoints that
//! anyone can repeat.
//!
//! The same base, examples and options give the same adapter on every machine, whether or not the run
//! was interrupted and whatever the number of threads.

pub mod chain;
mod checkpoint;
mod conversation;
mod example;
mod fit;
mod optimizer;
mod options;
mod replay;
mod schedule;
mod state;
mod trainer;

pub use chain::{Digest, Link};
pub use conversation::conversation;
pub use example::Example;
pub use fit::{Data, Event, Outcome, Progress, fit, train};
pub use options::{Order, TrainOptions};
pub use replay::{Mismatch, Verdict, replay};
pub use schedule::Decay;
pub use state::{Difference, State};

#[cfg(test)]
mod tests;
