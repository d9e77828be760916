//! Getting in step again: paying for what was answered and never came.

use super::{Client, journal::Paid, wire::Failed};
use anyhow::{Result, anyhow};
use openledger_primitives_core::Balance;
use openledger_primitives_receipts::{Receipt, commitment::Salt};
use openledger_sessions::{
	protocol::{Given, Opened, Owing},
	purse::PurseError,
};

/// What getting in step came to.
#[derive(Debug, Default)]
pub struct Stepped {
	/// Answers that were lost on their way, and are paid now.
	pub answers: Vec<Paid>,
	/// Why the receipt after them is not paid.
	pub refused: Option<PurseError>,
}

/// What to do where the operator's receipts and the purse part for good.
fn parted(error: Failed) -> anyhow::Error {
	let advice = match error.code() {
		"receipts_unknown" => {
			"the operator has fewer receipts than were paid, as after an old copy of its store was put \
			 back: close the session"
		}
		"receipts_dropped" => {
			"the operator has settled more than this purse paid, as after an old copy of the purse was \
			 put back: close the session"
		}
		_ => return error.into(),
	};
	anyhow!(error).context(advice)
}

impl Client {
	/// Pays for receipts that answer requests of this purse and never came, and tells the operator.
	///
	/// # Errors
	/// Where the operator can't be asked, or the disk fails. A receipt that is wrong is no error of
	/// this call ([`Stepped::refused`]).
	pub async fn get_in_step(&mut self) -> Result<Stepped> {
		let access = self.purse.access()?;
		let mut stepped = Stepped::default();
		loop {
			let before = self.purse.status();
			let missed = self.operator.missing(&access, before.receipts).await.map_err(parted)?;
			if missed.is_empty() {
				break;
			}
			let given: Vec<Given> = missed.iter().map(|again| again.given.clone()).collect();
			let caught = self.purse.catch_up(missed)?;
			let came = caught.answers.len();
			let mut spent = before.spent;
			for answer in caught.answers {
				let given =
					given.iter().find(|given| given.signed.receipt.position == answer.position);
				let Some(Given { signed, claim }) = given.cloned() else { continue };
				let receipt = signed.receipt;
				let paid = self.note(&receipt, claim, spent, answer.salt, answer.answered);
				spent = spent.saturating_add(paid.fee);
				stepped.answers.push(paid);
			}
			match caught.refused {
				// Receipts from before the operator changed its agent were paid by its old key.
				Some(PurseError::BadSignature) if self.trust_anew()? => {}
				Some(refused) => {
					stepped.refused = Some(refused);
					break;
				}
				None if came == 0 => break,
				None => {}
			}
		}
		if !stepped.answers.is_empty() {
			self.send_voucher().await?;
		}
		Ok(stepped)
	}

	/// Sends the voucher for all that is paid, where anything ever was.
	///
	/// # Errors
	/// [`Failed`]. The voucher goes with the next request too.
	pub async fn send_voucher(&self) -> Result<()> {
		self.owing().await.map(|_| ())
	}

	/// What the operator holds unpaid after the voucher for all that is paid; `None` where nothing ever
	/// was.
	///
	/// # Errors
	/// [`Failed`].
	pub async fn owing(&self) -> Result<Option<Owing>> {
		let Some(voucher) = self.purse.voucher().cloned() else { return Ok(None) };
		Ok(Some(self.operator.pay(&self.purse.access()?, voucher).await?))
	}

	/// Lets go of requests that have no receipt, and that no operator can be working on any more; with
	/// `all`, of every one. To be called in step. Returns how many.
	///
	/// # Errors
	/// Where the disk fails.
	pub fn let_go(&mut self, all: bool) -> Result<usize> {
		let salts: Vec<Salt> = self.purse.asked().collect();
		let asked = self.journal.find_asked(&salts)?;
		let mut gone = 0;
		for salt in salts {
			let Some(noted) = asked.iter().find(|asked| asked.salt.0 == salt) else {
				// When it was sent is not known: its time counts from now.
				match all {
					true => self.purse.abandon(&salt)?,
					false => self.journal.asked(salt, "(not written down)")?,
				}
				gone += usize::from(all);
				continue;
			};
			if all || noted.age() > self.patience.forgotten {
				self.purse.abandon(&salt)?;
				gone += 1;
			}
		}
		Ok(gone)
	}

	/// What was paid, which is written into the journal. The purse has it: a journal that can't be
	/// written costs nothing.
	pub(super) fn note(
		&self,
		receipt: &Receipt,
		claim: Opened,
		from: Balance,
		salt: Salt,
		answer: String,
	) -> Paid {
		let asked = self.journal.find_asked(&[salt]).unwrap_or_default();
		let question = asked.into_iter().next().map(|asked| asked.question);
		let paid = Paid::new(receipt, claim, from, salt, question, answer);
		if let Err(error) = self.journal.paid(&paid) {
			eprintln!("receipt {} is paid, but not in the journal: {error}", paid.receipt);
		}
		paid
	}
}
