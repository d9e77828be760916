//! What becomes of sessions on chain, looked up now and then.

use std::{sync::Arc, time::Duration};

use openledger_primitives_core::SessionId;
use openledger_sessions::StoreError;
use tokio::time::sleep;

use super::{Sessions, chain::ChainError, enter::terms};

/// The pause between two looks.
const PERIOD: Duration = Duration::from_secs(30);
/// How many receipts are dropped in one change: others wait for so long.
const AT_ONCE: u32 = 2_000;

/// What kept a look from going on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unseen {
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error(transparent)]
	Store(#[from] StoreError),
}

impl Sessions {
	/// Looks after the sessions until shutdown.
	pub async fn keep(self: Arc<Self>) {
		loop {
			tokio::select! {
				() = self.means.shutdown.cancelled() => return,
				() = sleep(PERIOD) => {}
			}
			let this = self.clone();
			let look = tokio::task::spawn_blocking(move || {
				this.look();
				this.prune();
			});
			if let Err(error) = look.await {
				log::error!("sessions were not looked after: {error}");
			}
		}
	}

	/// Compares every session with the chain. Blocks for about a millisecond for each.
	pub(super) fn look(&self) {
		for session in self.store.sessions() {
			if self.means.shutdown.is_cancelled() {
				return;
			}
			if let Err(error) = self.compare(session) {
				log::warn!("session {session} was not looked after: {error}");
			}
		}
	}

	fn compare(&self, session: SessionId) -> Result<(), Unseen> {
		let found = self.means.chain.session(session)?;
		let Some(info) = found.map(|found| found.session) else {
			drop(self.store.end(session)?);
			return Ok(());
		};
		self.store.lasts(session, info.left_until)?;
		// One that has ended is kept on chain while batches of it are open, which the store may not know of
		// yet: what it drops with an ended session could not be shown.
		if info.ended || info.closing || self.means.chain.height()? >= info.expires_at {
			drop(self.store.close(session)?);
		}
		if terms(&info).escrow > self.store.terms(session)?.escrow {
			drop(self.store.open_session(session, terms(&info))?);
		}
		Ok(())
	}

	/// Drops what is settled and over. Blocks on the disk.
	pub(super) fn prune(&self) {
		let Some(_one) = self.pruning.try_lock() else { return };
		while !self.means.shutdown.is_cancelled() {
			match self.store.prune(AT_ONCE).and_then(|pending| pending.wait()) {
				Ok(dropped) if dropped < AT_ONCE => return,
				Ok(_) => {}
				Err(error) => {
					log::warn!("settled receipts were not dropped: {error}");
					return;
				}
			}
		}
	}
}
