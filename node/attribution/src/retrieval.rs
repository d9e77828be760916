//! Retrieval: the records that are put into a prompt are evidence too, by the rule that gradients are.
//!
//! A retrieval index is an [`IndexFile`](crate::IndexFile) over the same records as the attribution index:
//! the same leaves, trees, scan, floor and proofs. Only where a sketch comes from differs. Its first half is
//! what the base makes of the text ([`dense`]), its second the text's words ([`words`]), both as a
//! [`Lens`] has it, an artefact with a hash that follows from base and records. The relevance of a
//! record for a question is then the rule's score, `scale · (query · sketch)`, which a chain verifies with
//! what it has.

mod build;
mod dense;
mod found;
mod index;
mod lens;
mod prompt;
mod words;

use crate::{cluster, projection};

pub(crate) use build::{Built, built};
pub use build::{Options, Progress, Records, Step, build};
pub(crate) use dense::TOKENS;
pub use found::Sought;
pub use index::RetrievalIndex;
pub use lens::Lens;
pub use prompt::{Cited, LEAST_QUOTED, MOST_QUOTED, conversation, prompt, prompt_within, question};

/// Identifies the way sketches are made in lenses and index files; changes with every change of it.
/// Apart from [`index::GRADIENTS`](crate::index::GRADIENTS), so that neither kind of index passes for
/// the other. Near-duplicates have no sketch, so that the clusters' rule is part of it, and long states are
/// projected.
pub const VERSION: u32 = 1 << 16 | projection::VERSION << 12 | cluster::VERSION << 8 | 2;

/// The most records that are put into one prompt.
pub const MOST: usize = openledger_primitives_core::MAX_FOUND as usize;

#[cfg(test)]
mod tests;
