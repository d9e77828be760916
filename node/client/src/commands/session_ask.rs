//! `openledger ask --session`: a question to an operator, paid by a voucher.

use crate::{
	Context, amount,
	chain::Chain,
	output::{self, Output},
	session::{
		Client, Patience,
		ask::Answered,
		folder::Folder,
		journal::Paid,
		ledger::OnChain,
		open::{Desk, Wish},
		question::{self, Question},
	},
};
use anyhow::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_primitives_core::{Balance, BlockNumber, SessionId, units};
use openledger_sessions::{protocol::Credited, purse::PurseError};
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::time::Duration;

/// Blocks of a session, unless the payer says otherwise: a day of six seconds each.
pub const BLOCKS: BlockNumber = 14_400;

/// What a session is to be like.
pub struct Terms {
	/// With whom.
	pub operator: Option<AccountId32>,
	/// What a new one may cost.
	pub escrow: Option<Balance>,
	/// How many blocks a new one lasts.
	pub blocks: Option<BlockNumber>,
	/// What to add where the escrow does not have enough left.
	pub top_up: Option<Balance>,
	/// Whether it has to be private.
	pub private: bool,
}

/// An answer, and where its session stands after it.
#[derive(Serialize)]
struct Told {
	#[serde(flatten)]
	paid: Paid,
	operator: String,
	/// What the session cost so far.
	#[serde(with = "units")]
	spent: Balance,
	/// What it may still cost.
	#[serde(with = "units")]
	left: Balance,
	/// Answers to earlier questions that came to light, and are paid now.
	earlier: Vec<Paid>,
	/// Why the operator does not have the voucher yet.
	unsent: Option<String>,
}

/// A desk of the payer whose key signs.
pub fn desk<'a>(context: &Context, ledger: &'a OnChain<'a>) -> Desk<'a, OnChain<'a>> {
	let genesis = ledger.chain.genesis_hash();
	let folder = Folder::new(&context.data(), genesis, &ledger.signer.account());
	Desk { ledger, folder, patience: Patience::default() }
}

/// Shows that something is waited for, until it is dropped.
pub struct Spinner(ProgressBar);

impl Spinner {
	/// Says what is waited for.
	pub fn new(output: Output, message: &'static str) -> Self {
		let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
		if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
			bar.set_style(style);
		}
		bar.set_message(message);
		bar.enable_steady_tick(Duration::from_millis(120));
		Self(bar)
	}
}

impl Drop for Spinner {
	fn drop(&mut self) {
		self.0.finish_and_clear();
	}
}

/// Runs the command.
pub async fn run(context: &Context, chain: &Chain, question: Question, terms: Terms) -> Result<()> {
	let (signer, output) = (context.signer()?, context.output());
	let ledger = OnChain { chain, signer: &signer };
	let desk = desk(context, &ledger);
	let wish = Wish {
		model: question.model,
		operator: terms.operator,
		usage: question.longest(),
		escrow: terms.escrow,
		blocks: terms.blocks.unwrap_or(BLOCKS),
		private: terms.private,
	};
	let say = |text: String| output.say(text);
	question::told(question.quoted).into_iter().for_each(say);
	let ready = {
		let _spinner = Spinner::new(output, "finding the session");
		desk.find_or_open(&wish, say).await?
	};
	if ready.is_new {
		let kept = if ready.info.private { " and private" } else { "" };
		output.say(format!("session {} is open{kept}", ready.info.id));
	} else if terms.escrow.is_some() || terms.blocks.is_some() {
		output.say(format!(
			"session {} is open already: --escrow and --blocks are for new ones",
			ready.info.id
		));
	}
	let operator = ready.place.operator.to_ss58check();
	let (mut client, _) = desk.client(ready, say).await?;
	let mut answered = ask(&mut client, &question, output).await;
	if let (Err(error), Some(amount)) = (&answered, terms.top_up)
		&& is_spent(error)
	{
		output.say(format!("adding {} to the escrow", amount::show(amount)));
		{
			let _spinner = Spinner::new(output, "waiting until that is final");
			desk.top_up(&mut client.purse, amount).await?;
		}
		client.was_topped_up();
		answered = ask(&mut client, &question, output).await;
	}
	let session = client.session;
	let Answered { paid, earlier, unsent } = answered.map_err(|error| advise(error, session))?;
	let status = client.purse.status();
	let told = Told {
		paid,
		operator,
		spent: status.spent,
		left: status.escrow.saturating_sub(status.spent),
		earlier,
		unsent,
	};
	output.show(&told, text);
	Ok(())
}

async fn ask(client: &mut Client, question: &Question, output: Output) -> Result<Answered> {
	let _spinner = Spinner::new(output, "waiting for the answer");
	client.ask(question).await
}

/// Whether the purse refused for want of escrow, before anything was sent.
fn is_spent(error: &Error) -> bool {
	matches!(error.downcast_ref(), Some(PurseError::EscrowSpent { .. }))
}

fn advise(error: Error, session: SessionId) -> Error {
	let (most, left) = match error.downcast_ref() {
		Some(PurseError::EscrowSpent { most, left }) => (*most, *left),
		_ => return error,
	};
	anyhow::anyhow!(
		"the answer may cost {}, and session {session} has {} left: add to it with --top-up OPEN or \
		 openledger session top-up {session} OPEN, or ask for less with --max-tokens",
		amount::show(most),
		amount::show(left)
	)
}

/// A text by others, as it may be shown.
pub fn shown(text: &str) -> String {
	text.chars().map(output::visible).collect()
}

/// The records that moved an answer, and those in its prompt, in one line.
pub fn records(paid: &Paid) -> String {
	let record = |record: &Credited| {
		format!("{}/{} by {}", record.datanet, record.index, output::brief(&record.contributor))
	};
	let records = |of: &[Credited]| match of {
		[] => "no record".into(),
		of => of.iter().map(record).collect::<Vec<_>>().join(", "),
	};
	match paid.found.is_empty() {
		true => records(&paid.records),
		false => {
			let (moved, found) = (records(&paid.records), records(&paid.found));
			format!("{moved}, with {found} in its prompt")
		}
	}
}

/// One line for an answer that came to light.
pub fn earlier(paid: &Paid) -> String {
	format!(
		"an earlier answer that was lost, now paid with {} (receipt {}): {} → {}",
		amount::show(paid.fee),
		paid.receipt,
		output::excerpt(paid.question.as_deref().unwrap_or("?"), 80),
		shown(&paid.answer)
	)
}

fn text(told: &Told) -> String {
	let paid = &told.paid;
	let mut out = String::new();
	for paid in &told.earlier {
		out += &format!("{}\n\n", earlier(paid));
	}
	out += &format!(
		"{}\n\nfee {} for {} + {} tokens · moved by {}\nsession {} · receipt {} · {} spent, {} left in \
		 escrow\nopenledger trace --session {} --receipt {} shows what became of it",
		shown(&paid.answer),
		amount::show(paid.fee),
		paid.usage.prompt,
		paid.usage.output,
		records(paid),
		paid.session,
		paid.receipt,
		amount::show(told.spent),
		amount::show(told.left),
		paid.session,
		paid.receipt,
	);
	if let Some(unsent) = &told.unsent {
		out += &format!("\nthe voucher goes with the next question: {unsent}");
	}
	out
}

/// The number of a session in a message about it.
pub fn no_session(session: SessionId) -> String {
	format!("the chain knows no session {session}, or no longer: see openledger session list")
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn want_of_escrow_is_told_in_open_with_what_to_do() {
		let error = PurseError::EscrowSpent { most: amount::OPEN, left: amount::OPEN / 2 };
		let told = advise(error.into(), 7).to_string();
		assert!(told.contains("may cost 1 OPEN") && told.contains("0.5 OPEN left"), "{told}");
		assert!(told.contains("session top-up 7"), "{told}");
		let other = advise(PurseError::Full.into(), 7);
		assert!(matches!(other.downcast_ref(), Some(PurseError::Full)));
	}

	#[test]
	fn answers_of_others_do_not_drive_the_terminal() {
		assert_eq!(shown("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\n");
	}
}
