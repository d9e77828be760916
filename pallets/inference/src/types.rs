//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{
	Answer, Balance, BlockNumber, ModelId, Prompt,
	model::{Price, Usage},
};
use openledger_primitives_inference::operator::Operator;
use scale_info::TypeInfo;

/// An operator with the deposit for all that is stored of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Registration<AccountId, Ticket> {
	/// The operator.
	pub operator: Operator<AccountId>,
	/// Its deposit.
	pub ticket: Ticket,
}

/// How far a request is.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Status {
	/// Waiting for its answer.
	Pending,
	/// Answered; its fee is in escrow until the claim is final.
	Answered,
	/// Final and paid.
	Settled,
	/// Not answered by its deadline, and paid back.
	Refunded,
}

/// An answer, as stored with its request.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Answered {
	/// The answer.
	pub answer: Answer,
	/// The tokens it took.
	pub usage: Usage,
	/// The fee, in escrow until the claim is final.
	pub fee: Balance,
	/// The block of the answer.
	pub at: BlockNumber,
}

/// A request, with the deposit for all that is stored of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Request<AccountId, Ticket> {
	/// Who asks and pays.
	pub payer: AccountId,
	/// The model version asked.
	pub model: ModelId,
	/// Who is to answer.
	pub operator: AccountId,
	/// The question.
	pub prompt: Prompt,
	/// The most tokens of answer.
	pub max_tokens: u32,
	/// The most that the answer may cost, held from the payer.
	pub max_fee: Balance,
	/// Sampling temperature in thousandths; zero is greedy.
	pub temperature: u16,
	/// What the payer adds to the sampling seed.
	pub nonce: [u8; 32],
	/// The price at the time of the request.
	pub price: Price,
	/// The block of the request.
	pub requested_at: BlockNumber,
	/// The last block that may include the answer.
	pub deadline: BlockNumber,
	/// How far it is.
	pub status: Status,
	/// The answer, once there is one.
	pub answered: Option<Answered>,
	/// The payer's deposit.
	pub ticket: Ticket,
}
