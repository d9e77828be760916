//! Why the store refuses.

use openledger_primitives_core::{Balance, BatchId, SessionId};
use std::{io, path::PathBuf, sync::Arc};

/// Why the operator's store did not do as asked. Amounts are in the smallest unit of OPEN.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
	/// The session is not in the store.
	#[error(
		"session {0} is not known here: wait until its opening is final on chain, then ask again"
	)]
	NoSession(SessionId),
	/// The session was entered with other terms.
	#[error(
		"session {0} is known with other terms: compare its payer, signer, model and price with the chain"
	)]
	OtherTerms(SessionId),
	/// The session is closing, or over.
	#[error("session {0} is closed: open another one")]
	Closed(SessionId),
	/// Whoever asks does not hold the session's key.
	#[error(
		"the access to session {0} is not signed by its key: sign it for this chain and session"
	)]
	NoAccess(SessionId),
	/// The payer owes too much to be served.
	#[error(
		"{receipts} answers for {amount} are unpaid, under way or given up: send a voucher for them \
		 first; those given up count for ten minutes"
	)]
	Unpaid {
		/// How many.
		receipts: u32,
		/// What they cost, with the most that answers under way may cost, and that those given up may have.
		amount: Balance,
	},
	/// What the session owes could not be settled with the answer.
	#[error(
		"the operator's bond stands behind {room} more, which session {session} would exceed: ask again \
		 once its batches are settled, ask for less, or ask another operator"
	)]
	NoRoom {
		/// The session.
		session: SessionId,
		/// What it may come to before it is settled.
		room: Balance,
	},
	/// The escrow cannot cover the answer.
	#[error(
		"the answer may cost {most} and the escrow has {left} left: add to it, or open another session"
	)]
	EscrowSpent {
		/// The most that the answer may cost.
		most: Balance,
		/// What is neither owed nor set aside.
		left: Balance,
	},
	/// The same request, with the same salt, has an answer that is not paid, or is under way.
	#[error(
		"this request is answered or under way: ask for the receipts that you miss, or use another salt"
	)]
	Repeated,
	/// An answer that costs nothing can't have a receipt.
	#[error("the answer costs nothing: receipts are for answers with a fee")]
	NoFee,
	/// An answer costs more than was agreed to when it was asked for.
	#[error("the answer costs {fee}, at most {most} was agreed to: bound its tokens")]
	TooDear {
		/// The fee.
		fee: Balance,
		/// What the request allowed.
		most: Balance,
	},
	/// The tree takes no more receipts.
	#[error("session {0} takes no more receipts: open another one")]
	Full(SessionId),
	/// More is waiting for the disk than the store lets wait.
	#[error("the disk is behind: try again in a moment")]
	Busy,
	/// A voucher is for a tree that this store does not have.
	#[error(
		"the voucher for {count} receipts of session {session} is not for their tree here: compare receipts"
	)]
	ForeignTree {
		/// The session.
		session: SessionId,
		/// The voucher's count.
		count: u32,
	},
	/// A voucher, or a request, is for receipts that this store never gave.
	#[error(
		"session {session} has {held} receipts here, fewer than {count}: if an old copy of the store was \
		 put back, close the session"
	)]
	Ahead {
		/// The session.
		session: SessionId,
		/// How many receipts are named.
		count: u32,
		/// How many there are.
		held: u32,
	},
	/// A voucher is not signed by the session's key.
	#[error("the voucher of session {0} is not signed by its key: sign it for this chain")]
	BadSignature(SessionId),
	/// The receipts were dropped.
	#[error("receipts of session {session} before {kept} are settled and dropped")]
	Pruned {
		/// The session.
		session: SessionId,
		/// The first one that is kept.
		kept: u32,
	},
	/// The batch is not in the store, or final.
	#[error("batch {0} is not known as open here: tell the store of it once the chain has it")]
	NoBatch(BatchId),
	/// The batch was entered with other lines.
	#[error("batch {0} is known with other lines: read it from the chain again")]
	OtherBatch(BatchId),
	/// A line does not continue what was settled.
	#[error(
		"a line of batch {batch} does not begin where session {session} was settled: tell the store of \
		 batches in the order in which the chain has them"
	)]
	OutOfOrder {
		/// The batch.
		batch: BatchId,
		/// The session.
		session: SessionId,
	},
	/// The batch has no such unit.
	#[error("batch {batch} has no unit {unit}: units are below its total")]
	NoUnit {
		/// The batch.
		batch: BatchId,
		/// The unit.
		unit: Balance,
	},
	/// The agent's key did not sign.
	#[error("the agent's key signed nothing: {0}")]
	Unsigned(String),
	/// The file is something else.
	#[error("{0} is not a store of receipts: name another file")]
	NoStore(PathBuf),
	/// Another process has it open.
	#[error("{0} is in use by another process: stop that one first")]
	InUse(PathBuf),
	/// The store belongs to another chain.
	#[error("{0} was made for another chain: name another file for this one")]
	OtherChain(PathBuf),
	/// The store was written by another version of this software.
	#[error("{path} has layout {found}: use the software that wrote it")]
	OtherLayout {
		/// The store.
		path: PathBuf,
		/// The number of its layout.
		found: u32,
	},
	/// The key to the contents is missing.
	#[error("{0} is missing, and the store has contents under it: put it back")]
	NoKey(PathBuf),
	/// The key file can be read by others, or is none.
	#[error(
		"{0} has to have 32 bytes that its owner alone can read: see who read it, then chmod 600"
	)]
	BadKey(PathBuf),
	/// What was read contradicts itself.
	#[error(
		"the store is damaged: {0}; close its sessions, settle what can be settled, start another"
	)]
	Damaged(&'static str),
	/// A file cannot be read or written.
	#[error("{path}: {error}")]
	File {
		/// The file.
		path: PathBuf,
		/// Why.
		error: Arc<io::Error>,
	},
	/// The disk failed. The store does nothing more until it is opened again.
	#[error("the store's disk failed: {0}; mend it, then restart")]
	Disk(Arc<redb::Error>),
	/// The store is closing, or its writer has ended.
	#[error("the store has stopped: restart")]
	Stopped,
}

/// A failure of the database, whichever of its errors says so.
pub(super) fn disk(error: impl Into<redb::Error>) -> StoreError {
	StoreError::Disk(Arc::new(error.into()))
}
