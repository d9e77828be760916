//! Why a purse refuses.

use openledger_primitives_core::{Balance, ModelId, SessionId};
use std::{io, path::PathBuf};

/// Why a payer's purse did not do as asked. Amounts are in the smallest unit of OPEN.
#[derive(Debug, thiserror::Error)]
pub enum PurseError {
	/// A file cannot be read or written.
	#[error("{path}: {error}")]
	File {
		/// The file.
		path: PathBuf,
		/// Why.
		error: io::Error,
	},
	/// There is a purse already.
	#[error("{0} exists: open it, or name another file")]
	Exists(PathBuf),
	/// Another process has it open.
	#[error("{0} is in use by another process: wait for it, or open another session")]
	InUse(PathBuf),
	/// Others can read it.
	#[error("{0} holds a key and can be read by others: close the session, or chmod 600")]
	Shared(PathBuf),
	/// The file is not what was written.
	#[error("{0} is damaged or no purse: put a copy of its last state back, or close the session")]
	Damaged(PathBuf),
	/// The session was not entered.
	#[error(
		"the session is not open: open it on chain with the purse's signer, then enter its number"
	)]
	NotOpen,
	/// The price on chain is above what was agreed to.
	#[error(
		"the session's price is above what was agreed to: close it, or make a purse with this price"
	)]
	PriceRaised,
	/// Too many requests have no receipt.
	#[error("too many requests have no receipt: get in step with the operator first")]
	TooManyAsked,
	/// The escrow cannot cover an answer.
	#[error(
		"the answer may cost {most} and the escrow has {left} left: add to it, or open another session"
	)]
	EscrowSpent {
		/// The most that the answer may cost.
		most: Balance,
		/// What is neither spent nor set aside.
		left: Balance,
	},
	/// The receipt is of another session.
	#[error("the receipt is of session {found}, not {expected}: do not pay it")]
	OtherSession {
		/// The purse's session.
		expected: SessionId,
		/// The other one.
		found: SessionId,
	},
	/// The receipt is for another model.
	#[error("model {found} answered, not {expected}: do not pay it")]
	OtherModel {
		/// The purse's model.
		expected: ModelId,
		/// The other one.
		found: ModelId,
	},
	/// The receipt was paid.
	#[error("receipt {position} is paid: nothing is left to do")]
	Paid {
		/// Its position.
		position: u32,
	},
	/// Receipts before this one are missing.
	#[error(
		"receipt {position} came before receipt {next}: pay that one first, or ask for it again"
	)]
	Missing {
		/// The receipt's position.
		position: u32,
		/// The position of the next one to pay.
		next: u32,
	},
	/// The receipt answers nothing that this purse asked.
	#[error("the receipt is for a request that this purse does not have open: do not pay it")]
	NotAsked,
	/// The receipt has no fee.
	#[error("the receipt has no fee: the tree does not take it")]
	NoFee,
	/// The fee is not what the price makes of the tokens.
	#[error("the fee {fee} is not the session's price for these tokens: do not pay it")]
	WrongFee {
		/// The fee.
		fee: Balance,
	},
	/// The fee is above what was agreed to.
	#[error("the answer costs {fee}, at most {most} was agreed to: do not pay it")]
	TooDear {
		/// The fee.
		fee: Balance,
		/// What was agreed to.
		most: Balance,
	},
	/// The answer is not the one that the receipt commits to.
	#[error("the receipt is for another answer than the one that came: ask for it again")]
	OtherAnswer,
	/// The claim is not the one that the receipt commits to.
	#[error("the receipt is for another claim than the one that came: ask for it again")]
	OtherClaim,
	/// The operator's agent did not sign.
	#[error("the receipt is not signed by the operator's agent: look the agent up on chain")]
	BadSignature,
	/// The tree takes no more receipts.
	#[error("the session takes no more receipts: open another one")]
	Full,
}
