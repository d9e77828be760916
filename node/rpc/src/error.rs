//! What can go wrong, and under which code.

use jsonrpsee::types::{ErrorObject, ErrorObjectOwned, error::INVALID_PARAMS_CODE};
use openledger_primitives_api::MAX_PAGE;

/// Why a method of the namespace failed. Codes are stable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
	/// Code 7001. The block is not known to this node.
	#[error(
		"block {0} is not known here: leave the hash out for the best block, or wait for the node \
		 to sync"
	)]
	UnknownBlock(String),
	/// Code 7002. The runtime at that block has no `OpenLedgerApi`, or an older one.
	#[error(
		"the runtime at this block offers OpenLedgerApi {}, and the method needs version {needed}: \
		 ask at a later block, or at a node of the chain's release",
		found.map_or("not at all".into(), |found| format!("version {found}"))
	)]
	ApiVersion {
		/// The version found, if any.
		found: Option<u32>,
		/// The version needed.
		needed: u32,
	},
	/// Code 7003. There is no such thing at that block.
	#[error("there is no {kind} {id} at this block{advice}")]
	NotFound {
		/// What was asked for.
		kind: &'static str,
		/// Its id.
		id: String,
		/// How to find those that there are.
		advice: &'static str,
	},
	/// Code 7004. This node answers no requests.
	#[error("this node is no operator: start it with --operator to have it answer requests")]
	NotAnOperator,
	/// Code 7005. The runtime could not be called, for instance since the block's state is pruned.
	#[error(
		"the runtime could not be asked: {0}; where the block's state is pruned, ask an archive node"
	)]
	Runtime(String),
	/// Code -32602. A page of no entries, or of more than there can be.
	#[error("the limit is {0}: it has to be in 1..={MAX_PAGE}")]
	Limit(u32),
	/// Code -32602. Not an account.
	#[error("`{0}` is no account: give an SS58 address, or a public key as 0x and 64 digits")]
	Account(String),
	/// Code -32602. Nothing that a claim could be called.
	#[error(
		"{0} names no claim: give its number below 2^53, its number as a decimal string, or a draw \
		 as \"BATCH/DRAW\""
	)]
	Claim(String),
	/// Code 7006. The worker could not say how it is.
	#[error("the worker's status could not be read: {0}")]
	Status(String),
}

impl Error {
	/// The code that the error is reported under.
	pub fn code(&self) -> i32 {
		match self {
			Self::UnknownBlock(_) => 7001,
			Self::ApiVersion { .. } => 7002,
			Self::NotFound { .. } => 7003,
			Self::NotAnOperator => 7004,
			Self::Runtime(_) => 7005,
			Self::Status(_) => 7006,
			Self::Limit(_) | Self::Account(_) | Self::Claim(_) => INVALID_PARAMS_CODE,
		}
	}
}

impl From<Error> for ErrorObjectOwned {
	fn from(error: Error) -> Self {
		ErrorObject::owned(error.code(), error.to_string(), None::<()>)
	}
}
