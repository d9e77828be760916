//! What the chain has of a claim that may be a canary.

use super::{Chain, number};
use anyhow::{Context, Result};
use codec::DecodeAll;
use openledger_primitives_attribution::audit::Execution;
use openledger_primitives_core::{Balance, BlockNumber, Hash, ModelId, RequestId, RoundId};
use sp_core::crypto::AccountId32;
use subxt::dynamic::Value;

/// What a noted claim has sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
	/// What was asked, which traces are sealed with.
	pub subject: Hash,
	/// The sealed traces.
	pub trace: Hash,
}

impl Chain {
	/// What a claim that is noted for audits has sealed; `None` of one that is not, or not any more.
	pub async fn sealed(&self, claim: RequestId) -> Result<Option<Sealed>> {
		let at = self.client.at_block(self.best_hash().await?).await?;
		let address = subxt::dynamic::storage::<Vec<Value>, Value>("Audits", "Notes");
		let stored = at.storage().try_fetch(address, vec![number(claim)]).await?;
		stored.map(|stored| sealed(stored.bytes())).transpose()
	}
}

/// Operator, agent, payer, model, fee, round, block, subject, trace and execution, as the chain stores them.
type Note = (
	AccountId32,
	Option<AccountId32>,
	AccountId32,
	ModelId,
	Balance,
	RoundId,
	BlockNumber,
	Hash,
	Hash,
	Execution,
);

fn sealed(mut stored: &[u8]) -> Result<Sealed> {
	let note: Note = DecodeAll::decode_all(&mut stored).context(
		"the runtime stores claims otherwise than this client knows: update one of the two",
	)?;
	let (.., subject, trace, _) = note;
	Ok(Sealed { subject, trace })
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;
	use openledger_primitives_core::model::Usage;

	#[test]
	fn note_is_read_to_its_end_and_nothing_else_is() {
		let who = AccountId32::new([1; 32]);
		let (subject, trace) = (Hash::repeat_byte(2), Hash::repeat_byte(3));
		let usage = Usage { prompt: 1, output: 2 };
		let execution = Execution { answer: Hash::zero(), usage, claim: Hash::zero() };
		let parties = (who.clone(), Some(who.clone()), who);
		let stored = (parties, 4u32, 5u128, 6u32, 7u32, subject, trace, execution).encode();
		assert_eq!(sealed(&stored).unwrap(), Sealed { subject, trace });
		for other in [&stored[1..], &[&stored[..], &[0]].concat(), &[]] {
			assert!(sealed(other).is_err());
		}
	}
}
