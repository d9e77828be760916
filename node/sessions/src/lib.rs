//! Sessions off chain: what the operator keeps, what the payer keeps, and what travels between them.
//!
//! A session is between one payer and one operator about one model version. Each answer has a
//! receipt that the operator signs; both sides append it to their own copy of the session's sum tree,
//! and the payer signs a voucher for the whole tree. [`store`] is the operator's side, for many
//! sessions in one file; [`purse`] is the payer's, for one session in one file; [`protocol`] has the
//! types that travel over HTTP. Nothing here talks to a chain or opens a socket.

#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

pub mod protocol;
pub mod purse;
pub mod store;

mod access;
pub mod files;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use purse::Purse;
pub use store::{Store, StoreError};
