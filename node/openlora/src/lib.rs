//! Inference and LoRA training over one shared base with many adapters.
//!
//! A [`Base`] is loaded once and never changed. An [`Adapter`] is a set of low-rank matrices that
//! the forward pass adds to the base's projections. [`generate`] answers a prompt, [`log_probs`]
//! scores an answer. Everything that comes from outside is refused with an [`Error`] that names
//! what is wrong with it.

pub mod accelerated;
pub mod adapter;
mod architecture;
pub mod autograd;
pub mod base;
pub mod chat;
pub mod choice;
pub mod config;
pub mod constrain;
mod embed;
mod engine;
pub mod error;
pub mod generate;
mod gguf;
#[cfg(test)]
mod golden;
pub mod gradient;
mod hf;
mod kernels;
mod lock;
pub mod matmul;
mod merge;
mod objective;
pub mod output;
mod parallel;
mod parameters;
mod rope;
mod sample;
pub mod score;
pub mod serve;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tokenizer;
pub mod train;
pub mod weights;

pub use adapter::{
	Adapter, AdapterWeights, ExportedGguf, LayerFilter, Lora, Module, Names, Pattern, PatternMap,
	PeftConfig,
};
pub use architecture::Architecture;

/// The canonical arithmetic that this engine computes with, by its number in
/// `docs/reproducible-arithmetic.md`.
pub const ARITHMETIC: u16 = 2;

pub use base::{Base, SpecialTokens};
pub use chat::Message;
pub use choice::{Chosen, LogProbs};
pub use config::Config;
pub use constrain::{Constraint, Grammar};
pub use embed::residuals;
pub use error::{Error, Result};
pub use generate::{Finish, GenerateOptions, Generation, generate};
pub use gradient::{
	FactorOptions, Factors, GradientOptions, Labels, ScoredGradient, Trail, factored_gradients,
	gradient, gradients, hidden_states, parameter_count, scored_gradient,
};
pub use kernels::{Isa, Precision, Team};
pub use merge::{MergeOptions, MergeProgress, Merged, MergedNumbers, merge};
pub use objective::Objective;
pub use parallel::leave_candle_single_threaded;
pub use rope::RopeScaling;
pub use sample::Sampling;
pub use score::log_probs;
pub use tokenizer::Tokenizer;
pub use train::{Decay, Example, Order, Progress, TrainOptions, train};
