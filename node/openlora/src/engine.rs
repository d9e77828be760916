//! The forward pass over rows of many sequences with different adapters, on the kernels.

pub(crate) mod backward;
pub(crate) mod dropout;
pub(crate) mod forward;
pub(crate) mod packed;
pub(crate) mod product;
mod single;
mod tape;
mod trained;

pub use backward::Factors;
pub(crate) use backward::{Backward, Dense, Sink, add_product};
pub(crate) use forward::{
	Observer, Run, Workspace, again, below, check_tokens, forward, logits, onward,
};
pub(crate) use packed::Packed;
pub(crate) use single::{CHUNK, Single};
pub(crate) use tape::{Keep, Tape};
pub(crate) use trained::Trained;

#[cfg(test)]
mod tests;
