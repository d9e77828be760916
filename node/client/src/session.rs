//! Sessions: answers over HTTP that are paid by vouchers.
//!
//! | file | what |
//! |---|---|
//! | `folder` | where purses lie, and who may open one |
//! | `ledger` | what the chain is asked, and told |
//! | `open` | the session to use: one that is there, or a new one |
//! | `wire` | what travels to the operator and back |
//! | `question` | a request's body, and the reply to it |
//! | `ask` | one question, answered and paid |
//! | `step` | getting in step again |
//! | `journal` | what was asked and paid, for people and for `openledger trace` |
//!
//! Whatever is promised is on disk before it leaves, so the process may end at any point. The calls
//! wait for the disk for some milliseconds where they are: a command line has nothing else to do.

pub mod ask;
pub mod folder;
pub mod journal;
pub mod ledger;
pub mod open;
pub mod question;
mod step;
#[cfg(test)]
mod tests;
pub mod wire;

use journal::Journal;
use openledger_primitives_core::SessionId;
use openledger_sessions::{Purse, purse::PurseError};
use sp_core::crypto::AccountId32;
use std::time::Duration;
use wire::Operator;

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
	/// Before something is tried a second time; twice that before the third time, and so on.
	pub pause: Duration,
	/// The longest pause.
	pub longest: Duration,
	/// For an operator that is out of reach, busy, or behind the chain.
	pub trouble: Duration,
	/// For an answer that is under way.
	pub answer: Duration,
	/// For a block to be final.
	pub finality: Duration,
	/// After which a request without a receipt counts as never answered. Longer than any operator
	/// works on one, since an answer to a request that was let go of is one that can't be paid.
	pub forgotten: Duration,
}

impl Default for Patience {
	fn default() -> Self {
		Self {
			pause: Duration::from_millis(250),
			longest: Duration::from_secs(4),
			trouble: Duration::from_secs(45),
			answer: Duration::from_secs(600),
			finality: Duration::from_secs(180),
			forgotten: Duration::from_secs(1_800),
		}
	}
}

impl Patience {
	/// The pause before the try after `tries`.
	async fn wait(&self, tries: u32) {
		let pause = self.pause.saturating_mul(1 << tries.min(16)).min(self.longest);
		tokio::time::sleep(pause).await;
	}
}

/// The payer's end of one session.
pub struct Client {
	/// The session.
	pub session: SessionId,
	/// Its purse.
	pub purse: Purse,
	operator: Operator,
	/// The operator's agent as the chain has it now.
	agent: AccountId32,
	journal: Journal,
	patience: Patience,
	/// Until when a refusal for want of escrow may be the operator that has not seen the last top-up.
	topped_up: Option<tokio::time::Instant>,
}

impl Client {
	/// For a purse whose session is open, with the operator's agent as the chain has it.
	///
	/// # Errors
	/// [`PurseError::NotOpen`].
	pub fn new(
		purse: Purse,
		operator: Operator,
		agent: AccountId32,
		journal: Journal,
		patience: Patience,
	) -> Result<Self, PurseError> {
		let session = purse.status().session.ok_or(PurseError::NotOpen)?;
		Ok(Self { session, purse, operator, agent, journal, patience, topped_up: None })
	}

	/// Says that the escrow was added to just now, which the operator may not have seen yet.
	pub fn was_topped_up(&mut self) {
		self.topped_up = Some(tokio::time::Instant::now() + self.patience.trouble);
	}

	/// Takes the agent that the chain names now, where it is another than the purse knows. Returns
	/// whether it is.
	fn trust_anew(&mut self) -> Result<bool, PurseError> {
		if self.purse.deal().agent == self.agent {
			return Ok(false);
		}
		self.purse.trust(self.agent.clone())?;
		Ok(true)
	}
}
