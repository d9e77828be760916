//! Giving receipts.

use super::{Admission, Contents, Pending, Store, StoreError, session::Phase, writer::Write};
use codec::Encode;
use openledger_primitives_attribution::claim::Claim;
use openledger_primitives_core::model::Usage;
use openledger_primitives_receipts::{Receipt, SignedReceipt, commitment, sum_tree::Refused};
use sp_core::{Pair, crypto::AccountId32, sr25519};
use sp_runtime::MultiSignature;
use std::mem;

/// Signs for the operator's agent.
pub trait Agent: Send + Sync {
	/// The agent's signature over `payload`.
	///
	/// # Errors
	/// Why there is none, as when the key is not in the keystore.
	fn sign(&self, payload: &[u8]) -> Result<MultiSignature, String>;
}

impl Agent for sr25519::Pair {
	fn sign(&self, payload: &[u8]) -> Result<MultiSignature, String> {
		Ok(Pair::sign(self, payload).into())
	}
}

/// An answer that was given.
pub struct Answered {
	/// Its text, UTF-8.
	pub text: Vec<u8>,
	/// The tokens that it took.
	pub usage: Usage,
	/// Which leaves moved it.
	pub claim: Claim<AccountId32>,
}

impl Store {
	/// Signs the receipt for an answer, at the session's price. It is told once it is on disk.
	///
	/// # Errors
	/// [`StoreError::Closed`] where the chain pays nothing more, [`StoreError::NoFee`],
	/// [`StoreError::TooDear`] for one that costs more than was admitted, [`StoreError::Full`],
	/// [`StoreError::Busy`], [`StoreError::Unsigned`]. The admission is used up.
	pub fn issue(
		&self,
		mut admission: Admission,
		answered: Answered,
	) -> Result<Pending<SignedReceipt>, StoreError> {
		let session = admission.session;
		let Answered { text, usage, claim } = answered;
		let output = commitment::output(&admission.salt, &text);
		let claimed = commitment::claim(&claim.sketch, claim.gain, &claim.trace);
		let contents = Contents {
			salt: admission.salt,
			asked: mem::take(&mut admission.asked),
			answered: text,
			claim: claim.encode(),
		};
		self.writer.check()?;
		// Receipts of one session follow one another: the lock is held until this one is queued.
		let mut live = admission.live.lock();
		if live.record.phase == Phase::Ended {
			return Err(StoreError::Closed(session));
		}
		let most = admission.most;
		let fee = live.record.terms.price.fee(usage).unwrap_or(u128::MAX);
		if fee > most {
			return Err(StoreError::TooDear { fee, most });
		}
		let mut record = live.record.clone();
		let position = record.tree.count();
		let receipt = Receipt {
			session,
			position,
			model: record.terms.model,
			input: admission.input,
			output,
			usage,
			fee,
			claim: claimed,
		};
		let mut writes = Vec::with_capacity(5);
		record
			.tree
			.push_with(receipt.leaf(), |level, index, node| {
				writes.push(Write::Node(session, level, index, node));
			})
			.map_err(|refused| match refused {
				Refused::NoFee => StoreError::NoFee,
				Refused::Full | Refused::Overflow => StoreError::Full(session),
				Refused::Damaged => StoreError::Damaged("a session's tree"),
			})?;
		let signature =
			self.agent.sign(&receipt.payload(&self.genesis)).map_err(StoreError::Unsigned)?;
		let signed = SignedReceipt { receipt, signature };
		writes.push(Write::Receipt(session, position, signed.encode()));
		writes.push(Write::Contents(
			session,
			position,
			self.sealer.seal(session, position, &contents)?,
		));
		let pending = self.put(session, &mut live, record, writes, signed)?;
		live.begun.answered(&admission.input);
		live.unpaid.insert(admission.input, position);
		drop(live);
		Ok(pending)
	}
}
