//! Why content is not taken, or not given.

use std::{sync::Arc, time::Duration};

use openledger_primitives_core::Hash;
use sp_core::crypto::AccountId32;

use super::hash::name;

/// Why content is not taken, or not given.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
	/// The name is not a hash.
	#[error("{0:?} names no content: use the 64 lower-case hexadecimal digits of its blake2b-256")]
	BadName(String),
	/// Neither here nor at a peer.
	#[error("{name} is neither here nor at a known peer", name = name(.0))]
	NotFound(Hash),
	/// There is no content without bytes.
	#[error("content of zero bytes is not stored")]
	Empty,
	/// Larger than this worker takes.
	#[error("{size} bytes are more than the {limit} that one blob may have")]
	TooLarge {
		/// Its size in bytes.
		size: u64,
		/// The limit in bytes.
		limit: u64,
	},
	/// More or fewer bytes came than announced.
	#[error("{expected} bytes were announced, {found} came")]
	WrongSize {
		/// Bytes announced.
		expected: u64,
		/// Bytes that came; where there were more, counted up to the first too many.
		found: u64,
	},
	/// The bytes that came have another hash.
	#[error("the bytes hash to {}, not to {}", name(found), name(expected))]
	WrongHash {
		/// The name they were sent under.
		expected: Hash,
		/// What they hash to.
		found: Hash,
	},
	/// The bytes kept are no longer what their name says.
	#[error("{} was damaged on disk and has been removed: upload it again", name(.0))]
	Damaged(Hash),
	/// The sender fell silent, or was too slow.
	#[error("the bytes came too slowly: {waited:?} without enough of them")]
	TooSlow {
		/// How long was waited.
		waited: Duration,
	},
	/// The sender went away.
	#[error("the transfer broke off: {0}")]
	Interrupted(String),
	/// The account's quota does not hold it.
	#[error("{size} bytes do not fit the quota of {account}: {used} of {quota} are in use")]
	QuotaExceeded {
		/// The account.
		account: AccountId32,
		/// What it wants to add, in bytes.
		size: u64,
		/// What it has, in bytes, uploads under way included.
		used: u64,
		/// What it may have, in bytes.
		quota: u64,
	},
	/// The store as a whole is full.
	#[error("this worker's store is full: {capacity} bytes")]
	Full {
		/// What it holds at most, in bytes.
		capacity: u64,
	},
	/// Too many uploads at once, or too much under way from whoever is audited.
	#[error("too much is received at once: try again in a moment")]
	Busy,
	/// A peer answered with something else than the content.
	#[error("the peer {peer} did not give it: {reason}")]
	Peer {
		/// Its address.
		peer: String,
		/// What it did.
		reason: String,
	},
	/// HTTP requests can't be made.
	#[error("can't set up HTTP requests to peers: {0}")]
	Client(String),
	/// The store's address is not understood.
	#[error("the store {location} can't be opened: {reason}")]
	Location {
		/// The address, without credentials.
		location: String,
		/// What is wrong with it.
		reason: String,
	},
	/// A file of this machine.
	#[error("{path}: {source}")]
	Io {
		/// The file or folder.
		path: String,
		/// What the system says.
		source: std::io::Error,
	},
	/// The object store.
	#[error("the object store failed: {0}")]
	Store(#[from] object_store::Error),
	/// The ledger of quotas.
	#[error("the ledger of stored content failed: {0}")]
	Ledger(#[from] Box<redb::Error>),
	/// A background task ended without a result.
	#[error("the worker is shutting down")]
	Stopped,
	/// A transfer that several may wait for.
	#[error(transparent)]
	Transfer(#[from] Arc<ContentError>),
}

impl ContentError {
	/// Whether whoever was asked for content does not hand out what is wanted. Everything else is this worker's
	/// own, and says nothing of others: an audit would hold a full disk here against an honest operator.
	pub(crate) fn is_of_sender(&self) -> bool {
		match self {
			Self::Peer { .. }
			| Self::TooLarge { .. }
			| Self::WrongSize { .. }
			| Self::WrongHash { .. }
			| Self::TooSlow { .. }
			| Self::Interrupted(_) => true,
			Self::Transfer(error) => error.is_of_sender(),
			Self::BadName(_)
			| Self::NotFound(_)
			| Self::Empty
			| Self::Damaged(_)
			| Self::QuotaExceeded { .. }
			| Self::Full { .. }
			| Self::Busy
			| Self::Client(_)
			| Self::Location { .. }
			| Self::Io { .. }
			| Self::Store(_)
			| Self::Ledger(_)
			| Self::Stopped => false,
		}
	}

	/// Wraps an error of the file system.
	pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
		let path = path.display().to_string();
		move |source| Self::Io { path, source }
	}
}
