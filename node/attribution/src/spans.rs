//! Spans: what an answer says word for word as a training record does (specification: Where the
//! sketches come from, evidence of kind span).
//!
//! [`Builder`] puts the tokens of all records into a suffix array (Manber and Myers 1993,
//! doi:10.1137/0222058), a file that [`SpanIndex`] maps and searches: every longest match of an
//! answer of n tokens in O(n · (m + log N)), with m the length of a match and N that of the index,
//! as infini-gram does for n-grams (arXiv:2401.17377). [`evidence`] keeps of the matches those that
//! say something about where the answer came from, and [`weights`] turns them into integers.
//!
//! What is kept follows OLMoTrace (arXiv:2504.07096) in taking the maximal matches that are least
//! likely by themselves. How likely is judged by the base's own probabilities, given all that came
//! before, in place of the frequencies of single words.

mod build;
mod check;
mod error;
mod evidence;
mod index;
mod layout;
mod place;
mod search;
mod sort;
mod surprise;
#[cfg(test)]
mod tests;
mod weights;
mod write;

pub use build::Builder;
pub use error::SpanError;
pub use evidence::{Records, Rule, SpanEvidence, evidence};
pub use index::{Occurrence, SpanIndex};
pub use layout::{MAX_VOCABULARY, VERSION};
pub use search::Match;
pub use surprise::Surprise;
pub use weights::weights;
