//! THE RULE of Proof of Attribution: which records moved an answer, and how its pool is divided.
//!
//! The runtime, the worker that makes a claim, the challenger and the auditor call the same
//! functions, so that there is nothing to disagree about: integers in, integers out, exact on
//! every machine. Nothing panics; whatever is malformed is a [`Refusal`].
//!
//! Terms. A *query sketch* stands for an answer given its prompt, an *index leaf* for a training
//! record, a *contributor leaf* for all the records of one contributor. A *claim* credits leaves;
//! [`verify`] checks it, [`omission::replace`] corrects it by a leaf that it left out,
//! [`forgery::expose`] shows that the index it was made from is forged, and
//! [`split::largest_remainder`] turns weights into amounts. What was put into the prompt is credited by the
//! same rule ([`found`]).

#![cfg_attr(not(feature = "std"), no_std)]
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

extern crate alloc;

pub mod audit;
pub mod challenge;
pub mod claim;
pub mod contributor;
pub mod duplicate;
pub mod forgery;
pub mod found;
pub mod lift;
pub mod omission;
pub mod score;
pub mod split;
mod verify;

pub use claim::{
	Claim, ContributorCredit, ContributorLeaf, Credit, Evidence, IndexLeaf, RecordCredit,
};
pub use found::{Found, Retrieved};
pub use verify::{Refusal, Terms, Verified, shares, verify};
