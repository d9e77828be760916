//! Handing out what was asked behind a drawn receipt, to those who sit in its audit.

use std::{
	collections::HashMap,
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_primitives_core::{RequestId, draw::drawn};
use openledger_primitives_inference::receipts::Pass;
use openledger_primitives_receipts::draw;
use openledger_sessions::{StoreError, protocol::audit::Content};
use sp_core::crypto::AccountId32;

use super::{
	Sessions,
	ask::blocking,
	chain::At,
	commands::Undone,
	refusal::{self, Refused, of_chain, of_store},
};

/// How often an agent is shown one claim's content within [`WINDOW`]: more often than a verifier that
/// tries again in every other block.
const MOST_SHOWN: u32 = 16;
/// The time after which counting begins anew.
const WINDOW: Duration = Duration::from_secs(60);

/// Who was shown what of late. Only those who sit in an audit are counted, so there are not many.
pub(super) struct Shown {
	since: Instant,
	counts: HashMap<(RequestId, AccountId32), u32>,
}

impl Default for Shown {
	fn default() -> Self {
		Self { since: Instant::now(), counts: HashMap::new() }
	}
}

impl Shown {
	/// Counts one more; false where that is too many.
	fn count(&mut self, claim: RequestId, agent: &AccountId32, now: Instant) -> bool {
		if now.saturating_duration_since(self.since) >= WINDOW {
			*self = Self { since: now, counts: HashMap::new() };
		}
		let count = self.counts.entry((claim, agent.clone())).or_default();
		*count += 1;
		*count <= MOST_SHOWN
	}
}

impl Sessions {
	/// What was asked behind the receipt that a draw fell into, for an agent that sits in its audit.
	///
	/// # Errors
	/// [`Refused`].
	pub async fn hand_out(
		self: &Arc<Self>,
		claim: RequestId,
		pass: Pass,
	) -> Result<Content, Refused> {
		let this = self.clone();
		let content = blocking(move || this.find(claim, &pass)).await?;
		self.means.metrics.audits_served.inc();
		Ok(content)
	}

	fn find(&self, claim: RequestId, pass: &Pass) -> Result<Content, Refused> {
		let missing =
			|what: &str| Err(Refused::new(404, "claim_not_found", format!("claim {claim} {what}")));
		let Some((batch, number)) = drawn(claim) else {
			return missing("is no draw's: what on-chain requests ask is on chain");
		};
		let chain = &self.means.chain;
		if !pass.verify(&chain.genesis(), claim) {
			let message = "the pass is not signed by its agent for this claim on this chain";
			return Err(Refused::new(401, "pass_signature", message.into()));
		}
		if !chain.sits(claim, &pass.agent).map_err(of_chain)? {
			let message = "the agent's verifier has no seat in the audit of this claim";
			return Err(Refused::new(403, "not_seated", message.into()));
		}
		if !self.shown.lock().count(claim, &pass.agent, Instant::now()) {
			let message = "this was handed out often enough: keep it";
			return Err(Refused::new(429, "too_often", message.into()));
		}
		let Some(found) = chain.batch(batch, At::Best).map_err(of_chain)? else {
			return missing("is of a batch that is not on chain");
		};
		let unit = found.seed.and_then(|seed| draw::unit(&seed, batch, number, found.total));
		let Some(unit) = unit else { return missing("is not decided yet") };
		let shown = match self.reveal(batch, unit) {
			Err(Undone::Store(StoreError::NoBatch(_))) => {
				return missing("is of a batch that was not this operator's, or is over");
			}
			Err(Undone::NotFinal) => return missing("is of a batch that is not final"),
			shown => shown.map_err(refusal::fault)?,
		};
		let receipt = &shown.signed.receipt;
		let contents = self.store.contents(receipt.session, receipt.position).map_err(of_store)?;
		Ok(Content { salt: contents.salt, asked: contents.asked, receipt: shown.signed })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn each_agent_is_shown_each_claim_so_often_in_a_window() {
		let mut shown = Shown::default();
		let (one, other) = (AccountId32::new([1; 32]), AccountId32::new([2; 32]));
		let now = shown.since;
		for _ in 0..MOST_SHOWN {
			assert!(shown.count(7, &one, now));
		}
		assert!(!shown.count(7, &one, now));
		assert!(shown.count(7, &other, now) && shown.count(8, &one, now));
		assert!(!shown.count(7, &one, now + WINDOW - Duration::from_millis(1)));
		assert!(shown.count(7, &one, now + WINDOW));
	}
}
