//! The store's figures, for accounting.

use super::{
	Store, StoreError,
	session::{Phase, Record},
	tables::{BatchRecord, Snapshot},
};
use openledger_primitives_core::{
	Balance, BatchId, Hash, ModelId, SessionId,
	model::{Price, Usage},
	units,
};
use openledger_primitives_receipts::batch;
use serde::Serialize;
use sp_core::crypto::AccountId32;
use std::io::{self, Write};

/// One line of an export. Amounts are strings, in the smallest unit of OPEN.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Entry<'a> {
	Session {
		session: SessionId,
		payer: &'a AccountId32,
		model: ModelId,
		price: Price,
		open: bool,
		#[serde(with = "units")]
		escrow: Balance,
		receipts: u32,
		/// The fees of all receipts.
		#[serde(with = "units")]
		owed: Balance,
		/// What the payer signed for.
		#[serde(with = "units")]
		signed: Balance,
		/// What batches took.
		#[serde(with = "units")]
		settled: Balance,
		/// The receipts before this one were dropped.
		kept_from: u32,
	},
	Batch {
		batch: BatchId,
		model: ModelId,
		#[serde(with = "units")]
		total: Balance,
		sessions: Vec<SessionId>,
	},
	Receipt {
		session: SessionId,
		position: u32,
		model: ModelId,
		usage: Usage,
		#[serde(with = "units")]
		fee: Balance,
		input: Hash,
		output: Hash,
		claim: Hash,
	},
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
	/// The store cannot be read.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// The export cannot be written.
	#[error("the export cannot be written: {0}")]
	Out(#[from] io::Error),
}

impl Store {
	/// Writes all sessions, batches that are not final, and receipts that are kept, as one JSON object
	/// a line, each with its `kind`. They are those of one moment, whatever is issued meanwhile.
	/// Texts and claims are left out. Reads the whole file, and blocks the thread on it.
	///
	/// # Errors
	/// [`ExportError`].
	pub fn export(&self, out: &mut impl Write) -> Result<(), ExportError> {
		self.writer.check()?;
		let snapshot = Snapshot::of(&self.database)?;
		for (session, record) in snapshot.sessions::<Record>()? {
			line(
				out,
				&Entry::Session {
					session,
					payer: &record.terms.payer,
					model: record.terms.model,
					price: record.terms.price,
					open: record.phase == Phase::Open,
					escrow: record.terms.escrow,
					receipts: record.tree.count(),
					owed: record.tree.sum(),
					signed: record.paid().amount,
					settled: record.settled.amount,
					kept_from: record.pruned,
				},
			)?;
		}
		for (id, BatchRecord { model, lines }) in snapshot.batches()? {
			let total = batch::total(&lines).unwrap_or(Balance::MAX);
			let sessions = lines.iter().map(|line| line.session).collect();
			line(out, &Entry::Batch { batch: id, model, total, sessions })?;
		}
		snapshot.each_receipt(|signed| {
			let receipt = signed.receipt;
			line(
				out,
				&Entry::Receipt {
					session: receipt.session,
					position: receipt.position,
					model: receipt.model,
					usage: receipt.usage,
					fee: receipt.fee,
					input: receipt.input,
					output: receipt.output,
					claim: receipt.claim,
				},
			)
		})
	}
}

fn line(out: &mut impl Write, entry: &Entry<'_>) -> Result<(), ExportError> {
	serde_json::to_writer(&mut *out, entry).map_err(io::Error::from)?;
	Ok(out.write_all(b"\n")?)
}
