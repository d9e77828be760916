//! One question, answered and paid.

use super::{
	Client,
	journal::Paid,
	question::{Question, Reply},
	wire::Failed,
};
use anyhow::{Context, Error, Result};
use openledger_sessions::{protocol::Asking, purse::PurseError};
use tokio::time::Instant;

/// An answer, and what came to light on the way to it.
#[derive(Debug)]
pub struct Answered {
	/// The answer.
	pub paid: Paid,
	/// Answers to earlier questions that were lost on their way, and are paid now.
	pub earlier: Vec<Paid>,
	/// Why the operator does not have the voucher yet: it goes with the next question.
	pub unsent: Option<String>,
}

/// Where one request stands.
struct Course {
	asking: Asking,
	body: Vec<u8>,
	/// Whether the operator may be working on it, or have answered: it can't be let go of.
	doubtful: bool,
	/// Whether the operator said that it is working on it, or has answered.
	under_way: bool,
	/// Whether a voucher was sent because the operator asked for one.
	paid_up: bool,
	/// Until when trouble is put up with.
	until: Instant,
	earlier: Vec<Paid>,
}

/// What a try came to.
enum Turn {
	/// It is answered, and paid.
	Paid(Box<Paid>),
	/// It was not taken on: it can be sent again.
	Untaken(Error),
	/// It may be answered, or under way. Where it is not answered it can be sent again: with the same
	/// salt, which the operator answers once.
	Unsure(Error),
	/// It was answered with something else than a receipt that can be paid now.
	Unclear(Error),
	/// It was not taken on, and will not be.
	Refused(Error),
	/// Its receipt is wrong.
	Wrong(PurseError),
}

impl Client {
	/// Asks, checks the answer's receipt and pays for it.
	///
	/// # Errors
	/// Whatever keeps it from being answered and paid. Nothing is paid then that is not right; what was
	/// answered all the same comes when both get in step, before the next question for one.
	pub async fn ask(&mut self, question: &Question) -> Result<Answered> {
		let mut earlier = Vec::new();
		if self.purse.status().asked > 0 {
			let stepped = self.get_in_step().await?;
			self.refuse(stepped.refused)?;
			self.let_go(false)?;
			earlier = stepped.answers;
		}
		let body = question.body()?;
		let asking = self.purse.ask(&body, question.longest())?;
		let until = Instant::now() + self.patience.trouble;
		let mut course = Course {
			asking,
			body,
			doubtful: false,
			under_way: false,
			paid_up: false,
			until,
			earlier,
		};
		if let Err(error) = self.journal.asked(course.asking.salt, &question.text) {
			self.purse.abandon(&course.asking.salt)?;
			return Err(error).context("can't write the session's journal");
		}
		let mut tries = 0;
		let paid = loop {
			let reply = self.operator.ask(course.body.clone(), &course.asking).await;
			let turn = match reply {
				Ok(bytes) => self.take(&bytes, &mut course)?,
				Err(failed) => self.judge(failed, &mut course).await?,
			};
			if let Some(paid) = self.follow(turn, &mut course).await? {
				break paid;
			}
			self.patience.wait(tries).await;
			tries += 1;
		};
		let unsent = self.send_voucher().await.err().map(|error| format!("{error:#}"));
		Ok(Answered { paid, earlier: course.earlier, unsent })
	}

	/// Pays for a reply that is right.
	fn take(&mut self, bytes: &[u8], course: &mut Course) -> Result<Turn> {
		course.doubtful = true;
		let Reply { text, given } = match Reply::read(bytes) {
			Ok(reply) => reply,
			Err(reason) => return Ok(Turn::Unclear(self.operator.rubbish(reason).into())),
		};
		let checked = match self.purse.check(&given, text.as_bytes()) {
			Err(PurseError::BadSignature) if self.trust_anew()? => {
				self.purse.check(&given, text.as_bytes())
			}
			checked => checked,
		};
		let checked = match checked {
			Ok(checked) => checked,
			Err(
				error @ (PurseError::Missing { .. }
				| PurseError::OtherAnswer
				| PurseError::OtherClaim),
			) => return Ok(Turn::Unclear(error.into())),
			Err(error) => return Ok(Turn::Wrong(error)),
		};
		let from = self.purse.status().spent;
		self.purse.pay(checked)?;
		let paid = self.note(&given.signed.receipt, given.claim, from, course.asking.salt, text);
		Ok(Turn::Paid(Box::new(paid)))
	}

	/// What a failure says of the request.
	async fn judge(&mut self, failed: Failed, course: &mut Course) -> Result<Turn> {
		let turn = match (&failed, failed.code()) {
			(_, "request_repeated") => {
				if !course.under_way {
					course.under_way = true;
					course.until = Instant::now() + self.patience.answer;
				}
				Turn::Unsure(failed.into())
			}
			(_, "session_not_found" | "busy" | "records_missing") => Turn::Untaken(failed.into()),
			(_, "escrow_spent") if self.topped_up.is_some_and(|until| Instant::now() < until) => {
				Turn::Untaken(failed.into())
			}
			(_, "voucher_needed") if !course.paid_up => {
				course.paid_up = true;
				let stepped = self.get_in_step().await?;
				self.refuse(stepped.refused)?;
				course.earlier.extend(stepped.answers);
				self.send_voucher().await?;
				Turn::Untaken(failed.into())
			}
			(Failed::Refused(_) | Failed::Unreached(_) | Failed::Foreign { .. }, _) => {
				match course.doubtful {
					// A server that starts again is out of reach for a while.
					true => Turn::Unsure(failed.into()),
					false => Turn::Refused(failed.into()),
				}
			}
			(Failed::Lost { .. } | Failed::Failing(_), _) => Turn::Unsure(failed.into()),
			(Failed::Rubbish { .. }, _) => Turn::Unclear(failed.into()),
		};
		course.doubtful |= matches!(turn, Turn::Unsure(_) | Turn::Unclear(_));
		Ok(turn)
	}

	/// Does what a try calls for. Returns the answer where it is paid; otherwise the request is to be
	/// sent again.
	async fn follow(&mut self, turn: Turn, course: &mut Course) -> Result<Option<Paid>> {
		let salt = course.asking.salt;
		let is_over = Instant::now() >= course.until;
		match turn {
			Turn::Paid(paid) => Ok(Some(*paid)),
			Turn::Untaken(_) if !is_over => Ok(None),
			Turn::Untaken(error) | Turn::Refused(error) => {
				if !course.doubtful {
					self.purse.abandon(&salt)?;
					return Err(
						error.context("the question was not answered, and nothing was paid")
					);
				}
				Err(self.unfinished(error))
			}
			Turn::Unsure(error) => match self.look(course).await {
				Ok(Some(paid)) => Ok(Some(paid)),
				_ if is_over => Err(self.unfinished(error)),
				Ok(None) => Ok(None),
				Err(away) if is_away(&away) => Ok(None),
				Err(wrong) => Err(wrong),
			},
			Turn::Unclear(error) => match self.look(course).await {
				Ok(Some(paid)) => Ok(Some(paid)),
				Ok(None) => Err(self.unfinished(error)),
				Err(other) => Err(other),
			},
			Turn::Wrong(error) => Err(self.refuse(Some(error)).unwrap_err()),
		}
	}

	/// Gets in step, and looks whether the request is among what was answered.
	async fn look(&mut self, course: &mut Course) -> Result<Option<Paid>> {
		let stepped = self.get_in_step().await?;
		let (found, others): (Vec<Paid>, Vec<Paid>) =
			stepped.answers.into_iter().partition(|paid| paid.salt.0 == course.asking.salt);
		course.earlier.extend(others);
		match found.into_iter().next() {
			Some(paid) => Ok(Some(paid)),
			None => self.refuse(stepped.refused).map(|()| None),
		}
	}

	/// Says what to do about a receipt that is wrong.
	///
	/// # Errors
	/// Where there is one.
	pub fn refuse(&self, refused: Option<PurseError>) -> Result<()> {
		let Some(refused) = refused else { return Ok(()) };
		let session = self.session;
		Err(Error::from(refused).context(format!(
			"the operator gave a receipt that is wrong, and it was not paid. No later one can be paid \
			 without it: see whether openledger session resync {session} brings a right one, else openledger \
			 session close {session}"
		)))
	}

	fn unfinished(&self, error: Error) -> Error {
		error.context(format!(
			"the question may be answered all the same. Nothing is lost: the next question in this session, \
			 or openledger session resync {}, gets the answer and pays for it",
			self.session
		))
	}
}

/// Whether an operator that starts again could be the reason.
fn is_away(error: &Error) -> bool {
	let failed = error.downcast_ref::<Failed>();
	failed.is_some_and(|failed| {
		matches!(failed, Failed::Lost { .. } | Failed::Unreached(_) | Failed::Failing(_))
			|| failed.code() == "session_not_found"
	})
}
