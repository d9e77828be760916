//! The arithmetic of the engine: every operation in one order, whatever the instruction set, the
//! number of threads, of rows or of requests. `docs/reproducible-arithmetic.md` is its specification.

pub(crate) mod attention;
pub(crate) mod dense;
mod element;
pub(crate) mod exp;
pub(crate) mod gradient;
mod isa;
pub(crate) mod kv;
mod lanes;
pub(crate) mod lora;
pub(crate) mod merge;
pub(crate) mod quantised;
mod storage;
mod team;
pub(crate) mod update;
pub(crate) mod vector;

pub use element::Precision;
pub use isa::Isa;
pub(crate) use isa::{Arch, Kernel};
pub(crate) use storage::{Bytes, Floats};
pub(crate) use team::Shared;
pub use team::Team;
