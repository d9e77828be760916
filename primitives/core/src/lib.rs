//! The vocabulary of OpenLedger, shared by runtime, node and client: ids, bounded text, records
//! and the one Merkle tree that every commitment is made with.
//!
//! Nothing here does I/O, panics or knows a pallet.

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
#[cfg(feature = "std")]
extern crate std;

pub mod draw;
pub mod merkle;
pub mod model;
pub mod record;
pub mod settlement;
pub mod subject;
pub mod traits;
#[cfg(feature = "std")]
pub mod units;

use sp_core::ConstU32;
use sp_runtime::BoundedVec;

pub use sp_core::H256 as Hash;

/// A Datanet's number, given in order of creation.
pub type DatanetId = u32;
/// A contribution's number within its Datanet, given in order of reveal.
pub type ContributionId = u32;
/// A snapshot's number within its Datanet, given in order of freezing.
pub type SnapshotId = u32;
/// A base model's number, given in order of registration.
pub type BaseId = u32;
/// A model version's number, given in order of registration.
pub type ModelId = u32;
/// An on-chain request's number, given in order of submission; or the number of one draw of a batch
/// ([`draw`]), which is claimed, challenged, audited and settled as a request is; or that of a model
/// version, or of two records, where it is audited ([`subject`]).
pub type RequestId = u64;
/// The number of a challenge that says one record duplicates another, given in order of opening.
pub type ChallengeId = u32;
/// A session's number, given in order of opening.
pub type SessionId = u64;
/// A batch's number, given in order of commitment.
pub type BatchId = u32;
/// A round of lots: so many consecutive blocks whose randomness makes one seed.
pub type RoundId = u32;

/// An amount of OPEN in its smallest unit: 10¹⁸ units are one OPEN.
pub type Balance = u128;
/// A block's height.
pub type BlockNumber = u32;

/// The longest name of a Datanet, base or model, in bytes of UTF-8.
pub const MAX_NAME: u32 = 64;
/// The longest description, terms or reason, in bytes of UTF-8.
pub const MAX_TEXT: u32 = 512;
/// The longest network endpoint of an operator, in bytes of UTF-8.
pub const MAX_ENDPOINT: u32 = 128;
/// The most snapshots that one model version may be trained on.
pub const MAX_SNAPSHOTS: u32 = 16;
/// The longest prompt of an on-chain request, in bytes of UTF-8.
pub const MAX_PROMPT: u32 = 8 * 1024;
/// The longest answer to an on-chain request, in bytes of UTF-8.
pub const MAX_ANSWER: u32 = 4 * 1024;
/// The most tokens that an answer has, on chain or behind a receipt: whoever audits it generates all of it again,
/// and has the same time for each.
pub const MAX_OUTPUT: u32 = 1_024;
/// The shortest query or record sketch, in components.
pub const MIN_SKETCH: u32 = 16;
/// The longest query or record sketch, in components.
pub const MAX_SKETCH: u32 = 2_048;
/// The most entries that one claim may credit.
pub const MAX_CREDITS: u32 = 16;
/// The most components that the entries which one claim may credit have together: longer sketches
/// leave room for fewer of them ([`model::Method::check`]).
pub const MAX_CREDITED: u32 = 16 * 1_024;
/// The most records that one prompt may hold beside the question ([`model::Retrieval`]).
pub const MAX_FOUND: u32 = 4;
/// The most bytes that one record adds to a prompt, and so the most tokens: of its text, and of what marks it.
pub const MAX_QUOTED: u32 = 4 * 1_024;

/// A short name, UTF-8.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// A longer text, UTF-8.
pub type Text = BoundedVec<u8, ConstU32<MAX_TEXT>>;
/// A network endpoint, UTF-8.
pub type Endpoint = BoundedVec<u8, ConstU32<MAX_ENDPOINT>>;
/// The prompt of an on-chain request, UTF-8.
pub type Prompt = BoundedVec<u8, ConstU32<MAX_PROMPT>>;
/// The answer to an on-chain request, UTF-8.
pub type Answer = BoundedVec<u8, ConstU32<MAX_ANSWER>>;
/// A sketch: one signed byte for each component, −127…127; −128 is refused wherever it is checked.
pub type Sketch = BoundedVec<i8, ConstU32<MAX_SKETCH>>;

/// Whether `text` is UTF-8, and not empty once trimmed.
pub fn is_text(text: &[u8]) -> bool {
	core::str::from_utf8(text).is_ok_and(|text| !text.trim().is_empty())
}
