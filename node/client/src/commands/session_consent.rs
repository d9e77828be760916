//! `openledger session consent`: letting what private receipts were asked be audited.

use super::{claim, session_ask::no_session, session_show};
use crate::{
	chain::{self, Chain, number},
	output::Output,
	session::ledger::{Info, Ledger, OnChain},
};
use anyhow::{Context as _, Result, ensure};
use openledger_primitives_api::{AuditInfo, AuditStage, DrawStage};
use openledger_primitives_core::{
	RequestId, SessionId,
	draw::{draw_id, drawn},
};
use serde_json::json;
use sp_core::crypto::AccountId32;

/// The most claims that one extrinsic consents to.
const AT_ONCE: usize = 64;

/// What a payer consents to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
	/// Every claim of a session that waits for its consent now.
	Session(SessionId),
	/// One claim.
	Claim(RequestId),
}

/// Reads a session's number, or a batch's with a draw's.
///
/// # Errors
/// A sentence that says what to write.
pub fn named(text: &str) -> Result<Named, String> {
	let wrong = || format!("'{text}' is neither a session's number nor BATCH/DRAW");
	match text.contains('/') {
		true => claim::number(text).map(Named::Claim).map_err(|_| wrong()),
		// The numbers of draws are beyond those that sessions get to.
		false => text.parse().map_err(|_| wrong()).map(|id| match drawn(id) {
			Some(_) => Named::Claim(id),
			None => Named::Session(id),
		}),
	}
}

/// Whether a claim waits for its payer's consent.
async fn waits(chain: &Chain, claim: RequestId) -> Result<bool> {
	let audit: Option<AuditInfo<AccountId32>> = chain.api("audit", claim).await?;
	Ok(audit.is_some_and(|audit| audit.private && audit.stage == AuditStage::Undrawn))
}

/// The claims of a session that wait for its payer's consent.
async fn waiting(ledger: &OnChain<'_>, session: SessionId) -> Result<Vec<RequestId>> {
	let chain = ledger.chain;
	let info: Option<Info> = chain.api("session", session).await?;
	let info = info.with_context(|| no_session(session))?;
	ensure!(info.payer == ledger.payer(), "session {session} is another account's: use its --key");
	ensure!(
		info.private,
		"session {session} is not private: lots call its claims without anybody's consent"
	);
	let mut found = Vec::new();
	for batch in session_show::batches(chain, &info.operator, info.model).await? {
		let shown = batch
			.draws
			.iter()
			.filter(|draw| draw.session == Some(session) && matches!(draw.stage, DrawStage::Open));
		for draw in shown {
			let id = draw_id(batch.id, draw.draw);
			if waits(chain, id).await? {
				found.push(id);
			}
		}
	}
	Ok(found)
}

/// Runs the command.
pub async fn run(ledger: &OnChain<'_>, named: Named, output: Output) -> Result<()> {
	let chain = ledger.chain;
	let claims = match named {
		Named::Claim(id) => {
			ensure!(
				waits(chain, id).await?,
				"the claim on {} waits for nobody's consent: it is not private, opened already, paid, or not \
				 shown yet",
				claim::subject(id)
			);
			vec![id]
		}
		Named::Session(session) => waiting(ledger, session).await?,
	};
	for claims in claims.chunks(AT_ONCE) {
		let call = |id: &RequestId| chain::call("Audits", "consent", [("claim", number(*id))]);
		chain
			.submit_all(ledger.signer, claims.iter().map(call).collect())
			.await
			.context("nothing was consented to; a claim may have been paid meanwhile: try again")?;
	}
	let told: Vec<String> = claims.iter().map(ToString::to_string).collect();
	output.show(&json!({ "consented": told }), |_| match claims.as_slice() {
		[] => "no claim of the session waits for your consent now".into(),
		claims => {
			let all: Vec<String> = claims.iter().map(|id| claim::subject(*id)).collect();
			format!("lots decide now whether these are audited: {}", all.join(", "))
		}
	});
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn consent_names_a_session_or_a_claim() {
		assert_eq!(named("3"), Ok(Named::Session(3)));
		assert_eq!(named("2/1"), Ok(Named::Claim(draw_id(2, 1))));
		assert_eq!(named(&draw_id(2, 1).to_string()), Ok(Named::Claim(draw_id(2, 1))));
		for text in ["", "/", "a", "1/", "1/256", "-1", "1 2"] {
			assert!(named(text).is_err(), "{text}");
		}
	}
}
