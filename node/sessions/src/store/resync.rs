//! Receipts for a payer that missed them.

use super::{Contents, Store, StoreError, tables::Snapshot};
use openledger_primitives_core::SessionId;
use openledger_primitives_receipts::SignedReceipt;

/// A receipt as it is kept, with what its commitments open to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
	/// The receipt.
	pub signed: SignedReceipt,
	/// What it commits to.
	pub contents: Contents,
}

impl Store {
	/// The receipts of a session from position `after` on, at most so many, for a payer that has that
	/// many receipts and may have missed some. Reads from disk.
	///
	/// # Errors
	/// [`StoreError::NoSession`], [`StoreError::Ahead`] where the payer has more receipts than this
	/// store, [`StoreError::Pruned`].
	pub fn receipts(
		&self,
		session: SessionId,
		after: u32,
		most: u32,
	) -> Result<Vec<Kept>, StoreError> {
		let live = self.session(session)?;
		let (held, kept) = {
			let live = live.lock();
			(live.record.tree.count(), live.record.pruned)
		};
		if after > held {
			return Err(StoreError::Ahead { session, count: after, held });
		}
		if after < kept {
			return Err(StoreError::Pruned { session, kept });
		}
		let end = after.saturating_add(most).min(held);
		let snapshot = Snapshot::of(&self.database)?;
		// Those that are not yet on disk are left out: nobody may see them.
		let signed = snapshot.receipts(session, after..end)?;
		signed
			.into_iter()
			.map(|signed| {
				let position = signed.receipt.position;
				let sealed = snapshot
					.contents(session, position)?
					.ok_or(StoreError::Damaged("contents are missing"))?;
				let contents = self.sealer.unseal(session, position, &sealed)?;
				Ok(Kept { signed, contents })
			})
			.collect()
	}
}
