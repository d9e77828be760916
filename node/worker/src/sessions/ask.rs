//! One question of a session: admitted, answered, receipted.

use std::sync::Arc;

use openledger_primitives_core::{Balance, SessionId, model::Usage};
use openledger_primitives_receipts::{SignedReceipt, SignedVoucher};
use openledger_sessions::{
	StoreError,
	protocol::{Again, Asking, Given, MOST_RESENT, Missing, Opened, Owing, Payment, Resent},
	store::{self, Admission, Pending, Terms},
};
use tokio_util::sync::CancellationToken;

use super::{
	Sessions,
	asked::Asked,
	refusal::{self, Refused, of_answer, of_body, of_chain, of_store},
};
use crate::queue::Done;

/// An answer with its receipt, which is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
	/// Its text.
	pub text: String,
	/// The tokens it took.
	pub usage: Usage,
	/// Whether the model ended it, and not a bound on its length.
	pub complete: bool,
	/// The receipt and what it commits to.
	pub given: Given,
}

/// A question that may be answered.
struct Ready {
	admission: Admission,
	asked: Asked,
	terms: Terms,
}

impl Sessions {
	/// Answers the body of a request that was let in ([`Sessions::authorise`]). The voucher that came
	/// with it is taken, whatever becomes of the question. Dropping what is returned gives the question
	/// up, which counts as unpaid for a while once the answer is begun; a receipt that was issued before that
	/// stays, and is sent again to whoever asks for it.
	///
	/// # Errors
	/// [`Refused`].
	pub async fn ask(self: &Arc<Self>, asking: Asking, body: Vec<u8>) -> Result<Answered, Refused> {
		let place = self.lane.place().ok_or_else(refusal::busy)?;
		let this = self.clone();
		let ready = blocking(move || this.prepare(asking, body)).await?;
		let turn = place.turn().await.ok_or_else(refusal::stopping)?;
		let cancel = self.means.shutdown.child_token();
		let _given_up = cancel.clone().drop_guard();
		let this = self.clone();
		let (pending, done) = blocking(move || {
			let _turn = turn;
			this.generate(ready, &cancel)
		})
		.await?;
		let signed = pending.await.map_err(of_store)?;
		self.means.metrics.receipts.inc();
		let Done { text, usage, claim, complete, .. } = done;
		Ok(Answered { text, usage, complete, given: Given { signed, claim: Opened::from(&claim) } })
	}

	/// Takes a voucher by itself.
	///
	/// # Errors
	/// [`Refused`].
	pub async fn pay(
		self: &Arc<Self>,
		session: SessionId,
		payment: Payment,
	) -> Result<Owing, Refused> {
		let this = self.clone();
		let pending = blocking(move || this.take(session, payment.voucher)).await?;
		Ok(pending.await.map_err(of_store)?.unpaid.into())
	}

	/// Receipts that a payer missed.
	///
	/// # Errors
	/// [`Refused`].
	pub async fn resend(
		self: &Arc<Self>,
		session: SessionId,
		missing: Missing,
	) -> Result<Resent, Refused> {
		let this = self.clone();
		blocking(move || {
			let kept = this.store.receipts(session, missing.after, MOST_RESENT);
			let again = kept.map_err(of_store)?.into_iter().map(Again::try_from);
			let receipts = again.collect::<Result<_, _>>().map_err(refusal::fault)?;
			Ok(Resent { receipts })
		})
		.await
	}

	fn take(
		&self,
		session: SessionId,
		voucher: SignedVoucher,
	) -> Result<Pending<store::Accepted>, Refused> {
		if voucher.voucher.session != session {
			let message = "the voucher is for another session than the access";
			return Err(Refused::new(400, "other_session", message.into()));
		}
		self.store.accept(voucher).map_err(of_store)
	}

	/// All that needs no engine: the voucher, the body, and room for the answer.
	fn prepare(&self, asking: Asking, body: Vec<u8>) -> Result<Ready, Refused> {
		let Asking { access, salt, most, voucher } = asking;
		let session = access.session;
		if let Some(voucher) = voucher {
			// Not waited for: the receipt of this answer is written after it.
			drop(self.take(session, voucher)?);
		}
		let terms = self.store.terms(session).map_err(of_store)?;
		let asked = Asked::admitted(&body, terms.model).map_err(of_body)?;
		let admission = match self.store.admit(session, salt, body.clone(), most) {
			Err(StoreError::EscrowSpent { .. }) if self.is_topped_up(session)? => {
				self.store.admit(session, salt, body, most)
			}
			admission => admission,
		};
		Ok(Ready { admission: admission.map_err(of_store)?, asked, terms })
	}

	/// Generates the answer and signs its receipt, which stands once it is on disk.
	fn generate(
		&self,
		ready: Ready,
		cancel: &CancellationToken,
	) -> Result<(Pending<SignedReceipt>, Done), Refused> {
		let Ready { admission, asked, terms } = ready;
		let material = self.means.chain.material(terms.model).map_err(of_chain)?;
		let material = material.ok_or_else(refusal::not_served)?;
		let answerer = &self.means.answerer;
		let question = asked.question(terms.payer, admission.input(), material);
		// The answer's bound is the body's, which whoever executes it again has too; so one that might
		// cost more than was agreed to is not begun.
		let (price, most) = (terms.price, admission.most());
		let affordable = |fee: Balance| match fee > most {
			true => Err(of_store(StoreError::TooDear { fee, most })),
			false => Ok(fee),
		};
		let fee = |usage| price.fee(usage).unwrap_or(Balance::MAX);
		if question.material.retrieval.is_some() {
			// What is too dear whatever records there are is refused before any are looked for. Between the two
			// a fee may be one less, since each of its parts is rounded up.
			let [plain, full] = answerer.least(&question).map_err(of_answer)?.map(fee);
			affordable(plain.min(full).saturating_sub(1))?;
			self.stocked(terms.model, &question.material)?;
		}
		let unanswered = |error| self.unanswered(terms.model, &question.material, error);
		let fee = affordable(fee(answerer.most(&question, cancel).map_err(unanswered)?))?;
		if fee == 0 {
			return Err(of_store(StoreError::NoFee));
		}
		if cancel.is_cancelled() {
			return Err(refusal::stopping());
		}
		let done = answerer.answer(&question, cancel);
		if cancel.is_cancelled() {
			// What whoever asked had begun and then left is work that nobody pays for.
			if !self.means.shutdown.is_cancelled() {
				admission.give_up();
			}
			return Err(refusal::stopping());
		}
		let mut done = done.map_err(unanswered)?;
		if self.means.canaries.plant(&question.seed.into(), &mut done.claim) {
			self.means.metrics.canaries.inc();
		}
		let (text, usage, claim) = (done.text.clone().into_bytes(), done.usage, done.claim.clone());
		let answered = store::Answered { text, usage, claim };
		Ok((self.store.issue(admission, answered).map_err(of_store)?, done))
	}
}

/// Runs what blocks where that holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
	work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
	match tokio::task::spawn_blocking(work).await {
		Ok(result) => result,
		Err(error) => Err(refusal::fault(error)),
	}
}
