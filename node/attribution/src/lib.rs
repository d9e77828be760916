//! The attribution engine: sketches, indexes, claims and their evaluation.
