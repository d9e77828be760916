//! The `openledger_` JSON-RPC namespace, over the runtime's `OpenLedgerApi`.
//!
//! Every method takes the hash of a block as its optional last parameter, and answers as of the
//! best block without it. In the JSON, names are in camelCase; amounts, scores and weights are
//! decimal strings, since they pass what a JSON number holds exactly; accounts are SS58 addresses;
//! hashes are hexadecimal with `0x`. Claims are named as [`ClaimName`] says: the number of a draw's
//! claim passes what a JSON number holds exactly, and is told as a decimal string too. What can go
//! wrong is in [`Error`], each with a code of its own.

mod api;
mod audit;
mod claims;
mod error;
mod listing;
mod server;
mod sessions;
#[cfg(test)]
mod tests;
mod trace;

pub use api::{OpenLedgerApiClient, OpenLedgerApiServer};
pub use audit::{Audit, Execution, Recomputed, Seat, Standing, Verdict, Verifier};
pub use claims::{Claim, ClaimId, ClaimName};
pub use error::Error;
pub use listing::{
	Base, Contribution, Datanet, Entry, Model, Operator, Quote, Record, Retrieval, Rewards,
};
pub use server::{OpenLedger, OperatorStatus};
pub use sessions::{Batch, Draw, Line, Session};
pub use trace::{Found, Trace};
