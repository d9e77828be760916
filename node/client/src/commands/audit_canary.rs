//! `openledger audit bait` and `unveil`: what an operator does with a canary of its own.

use super::claim;
use crate::{
	Context,
	chain::{self, canary::Sealed, number},
};
use anyhow::{Context as _, Result, ensure};
use openledger_primitives_attribution::audit::{
	Secret, canary_secret, canary_traces, is_canary, seals,
};
use openledger_primitives_core::RequestId;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A canary of an operator.
#[derive(clap::Args)]
pub struct Canary {
	/// A request's number, or BATCH/DRAW for a drawn receipt.
	#[arg(value_name = "REQUEST|BATCH/DRAW", value_parser = claim::number)]
	claim: RequestId,
	/// The file that the operator's node keeps its canaries' secret in: `canaries` in its base path.
	#[arg(long, value_name = "FILE")]
	secret: PathBuf,
}

/// Reads the secret that all canaries of a node follow from.
fn seed(path: &Path) -> Result<Secret> {
	let text = std::fs::read_to_string(path)
		.with_context(|| format!("can't read the secret of canaries {}", path.display()))?;
	let mut seed = Secret::default();
	hex::decode_to_slice(text.trim(), &mut seed)
		.with_context(|| format!("{} is no secret of canaries", path.display()))?;
	Ok(seed)
}

impl Canary {
	/// The canary's own secret, and what the chain has of its claim.
	async fn known(&self, context: &Context) -> Result<(Secret, Sealed)> {
		let seed = seed(&self.secret)?;
		let chain = context.chain().await?;
		let sealed = chain.sealed(self.claim).await?.with_context(|| {
			format!("the claim on {} is paid, or not there yet", claim::subject(self.claim))
		})?;
		let secret = canary_secret(&seed, &sealed.subject);
		ensure!(
			is_canary(&secret, &sealed.subject, &sealed.trace),
			"the claim on {} is no canary with this secret",
			claim::subject(self.claim)
		);
		Ok((secret, sealed))
	}

	/// Shows what a verifier would have to be handed to pass it.
	pub async fn bait(self, context: &Context) -> Result<()> {
		let (secret, Sealed { subject, .. }) = self.known(context).await?;
		let traces = canary_traces(&secret);
		let [first, redraw, appeal] = traces;
		let seals = seals(&subject, &traces);
		let shown = json!({
			"claim": self.claim.to_string(),
			"traces": { "first": first, "redraw": redraw, "appeal": appeal },
			"seals": seals,
		});
		context.output().show(&shown, |_| {
			let seals = seals.map(|seal| format!("  {seal:?}")).join("\n");
			format!(
				"the claim on {} is a canary. Who upholds it without executing it reveals the trace of its \
				 committee\n  first   {first:?}\n  second  {redraw:?}\n  appeal  {appeal:?}\nand these \
				 seals\n{seals}\nThe node unveils it once the committee has revealed.",
				claim::subject(self.claim),
			)
		});
		Ok(())
	}

	/// Unveils it, where the operator's node does not.
	pub async fn unveil(self, context: &Context) -> Result<()> {
		let (secret, _) = self.known(context).await?;
		let chain = context.chain().await?;
		let arguments = vec![("claim", number(self.claim)), ("secret", chain::bytes(secret))];
		chain
			.submit(&context.signer()?, "Audits", "unveil", arguments)
			.await
			.context("the canary was not unveiled")?;
		context.output().show(&json!({ "unveiled": self.claim.to_string() }), |_| {
			format!("the claim on {} is known to be a canary", claim::subject(self.claim))
		});
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn secret_is_read_as_nodes_write_it_and_refused_otherwise() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("canaries");
		assert!(seed(&path).is_err());
		std::fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
		assert_eq!(seed(&path).unwrap(), [0xab; 32]);
		for text in ["", "abab", &"x".repeat(64)] {
			std::fs::write(&path, text).unwrap();
			assert!(seed(&path).is_err(), "{text}");
		}
	}
}
