//! Sessions that the store does not know yet, and escrows that were added to.

use openledger_primitives_api::SessionInfo;
use openledger_primitives_core::SessionId;
use openledger_sessions::{Access, StoreError, store::Terms};
use sp_core::crypto::AccountId32;

use super::{
	Sessions,
	refusal::{Refused, of_chain, of_store},
};

/// A session as the store keeps it. What was ever put into it is what it has left and what batches
/// took.
pub(super) fn terms(info: &SessionInfo<AccountId32>) -> Terms {
	Terms {
		payer: info.payer.clone(),
		signer: info.signer.clone(),
		model: info.model,
		price: info.price,
		escrow: info.escrow.saturating_add(info.settled),
	}
}

impl Sessions {
	/// Lets a client into its session, which is looked up on chain where it is new. Blocks on that.
	///
	/// # Errors
	/// [`Refused`].
	pub fn authorise(&self, access: &Access) -> Result<SessionId, Refused> {
		match self.store.authorise(access) {
			Err(StoreError::NoSession(session)) => self.enter(session)?,
			known => return known.map_err(of_store),
		}
		self.store.authorise(access).map_err(of_store)
	}

	/// Enters a session of this operator's that is open in final state.
	fn enter(&self, session: SessionId) -> Result<(), Refused> {
		let _one = self.looking.lock();
		if self.store.terms(session).is_ok() {
			return Ok(());
		}
		let missing = |what: &str| {
			let message = format!("session {session} {what}");
			Err(Refused::new(404, "session_not_found", message))
		};
		let Some(found) = self.means.chain.session(session).map_err(of_chain)? else {
			return missing("is not on chain, or not final yet: wait a moment after opening it");
		};
		let info = &found.session;
		if found.agent.as_ref() != Some(&self.means.agent) {
			return missing("is with another operator: ask that one's endpoint");
		}
		if info.closing || info.ended {
			return Err(of_store(StoreError::Closed(session)));
		}
		if info.receipts > 0 {
			// The tree that those are in is lost here: what was added now could never be settled.
			let (count, held) = (info.receipts, 0);
			return Err(of_store(StoreError::Ahead { session, count, held }));
		}
		// Not waited for: whatever is written of the session comes after it.
		drop(self.store.open_session(session, terms(info)).map_err(of_store)?);
		self.store.lasts(session, info.left_until).map_err(of_store)
	}

	/// Reads a session's escrow from the chain again; false where it is what was known.
	pub(super) fn is_topped_up(&self, session: SessionId) -> Result<bool, Refused> {
		let _one = self.looking.lock();
		let known = self.store.terms(session).map_err(of_store)?;
		let Some(found) = self.means.chain.session(session).map_err(of_chain)? else {
			return Ok(false);
		};
		let now = terms(&found.session);
		let has_more = now.escrow > known.escrow;
		if has_more {
			drop(self.store.open_session(session, now).map_err(of_store)?);
		}
		Ok(has_more)
	}
}
