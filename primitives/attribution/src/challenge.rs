//! What a challenge is against, and what it shows.

use crate::{
	forgery::Forgery,
	omission::{Omission, ShownRecord},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{Hash, ModelId, RequestId, Sketch, record::content_hash};
use scale_info::TypeInfo;

/// What a challenge is against.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Target {
	/// A claim within its window, which is not paid before the challenge is opened.
	Claim(RequestId),
	/// The index of a model version.
	Model(ModelId),
}

/// What a challenge shows.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant, reason = "call arguments are boxed by the call as a whole")]
pub enum Fault<AccountId> {
	/// A leaf that the claim left out: the operator's fault.
	Omission(Omission<AccountId>),
	/// A forged leaf of the model version's index: its owner's fault.
	Forgery(Forgery),
	/// A record that is more relevant to the question than what was put into the prompt, or that was left
	/// out of it: the operator's fault.
	Relevance {
		/// The question's sketch, of which the chain keeps the hash ([`crate::found::question`]).
		question: Sketch,
		/// The record, with its leaf of the retrieval's index.
		shown: ShownRecord<AccountId>,
	},
	/// A forged leaf of the model version's retrieval index: its owner's fault.
	ForgedRelevance(Forgery),
}

impl<AccountId> Fault<AccountId> {
	/// Whether it is a claim's, and not an index's.
	pub fn is_of_claim(&self) -> bool {
		match self {
			Self::Omission(_) | Self::Relevance { .. } => true,
			Self::Forgery(_) | Self::ForgedRelevance(_) => false,
		}
	}
}

/// What a challenger commits to: `blake2b-256(SCALE(target, fault, challenger, salt))`. The account is
/// hashed in, so that a copy of the commitment is worthless to anyone else.
pub fn commitment<AccountId: Encode>(
	target: Target,
	fault: &Fault<AccountId>,
	challenger: &AccountId,
	salt: &[u8; 32],
) -> Hash {
	(target, fault, challenger, salt).using_encoded(content_hash)
}
