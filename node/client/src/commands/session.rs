//! `openledger session`: see, open, top up, get in step and close.

use super::{session_ask as asked, session_consent as consent, session_show as view};
use crate::{
	Context, amount, keys,
	session::{
		ledger::{Ledger, OnChain},
		open::{Desk, Wish},
		question,
	},
};
use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;
use openledger_primitives_core::{Balance, SessionId, model::Usage};
use serde_json::json;

/// See and close sessions, in which operators answer over HTTP and are paid by vouchers.
///
/// openledger ask MODEL QUESTION --session opens one where there is none, and needs nothing of this.
/// Close a session to get back what is left of its escrow.
#[derive(Subcommand)]
pub enum Command {
	/// List your sessions: those with a purse here, and those that the chain has for your account.
	List,
	/// Show a session: its escrow, what it cost, what is unpaid, the batches it is in.
	Show {
		/// The session's number.
		session: SessionId,
		/// Ask the operator what it holds unpaid, too.
		#[arg(long)]
		ask_operator: bool,
	},
	/// Open a session about a model, with some OPEN in escrow.
	Open {
		/// The model version's number.
		model: u32,
		/// What it may cost in all; what it does not cost comes back.
		#[arg(long, value_name = "OPEN", value_parser = amount::parse)]
		escrow: u128,
		/// How many blocks it lasts.
		#[arg(long, value_name = "N", default_value_t = asked::BLOCKS)]
		blocks: u32,
		/// The operator; without it, the least busy.
		#[arg(long)]
		operator: Option<String>,
		/// Keep what you ask from verifiers: they are handed a question only if you consent, or somebody
		/// disputes the answer's claim. It can't be changed later.
		#[arg(long)]
		private: bool,
	},
	/// Let claims of a private session be audited, where lots call them: verifiers are then handed the
	/// questions behind them.
	///
	/// A claim waits for that from when its receipt is shown until it is paid, a minute or two: after that
	/// nobody can have it audited. It can't be taken back. Where you know that an answer or its claim is
	/// false, openledger audit dispute has it audited whatever lots say.
	Consent {
		/// The session, for every claim of it that waits now; or BATCH/DRAW, for one claim.
		#[arg(value_name = "SESSION|BATCH/DRAW", value_parser = consent::named)]
		named: consent::Named,
	},
	/// Add to a session's escrow.
	TopUp {
		/// The session's number.
		session: SessionId,
		/// How much.
		#[arg(value_name = "OPEN", value_parser = amount::parse)]
		amount: u128,
	},
	/// Get and pay the answers that were lost on their way, and let go of questions that have been
	/// without one for half an hour.
	Resync {
		/// The session's number.
		session: SessionId,
		/// Let go of every question without an answer. One that is answered later all the same can't be
		/// paid, and ends the session.
		#[arg(long)]
		abandon: bool,
	},
	/// Send the last voucher and close the session. The operator has some time to settle it; after that,
	/// the same command once more gets back what is left of the escrow.
	Close {
		/// The session's number.
		session: SessionId,
		/// Close it although the operator can't be reached, or the purse is lost. What it does not have a
		/// voucher for, it is not paid.
		#[arg(long)]
		anyway: bool,
	},
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let (chain, signer, output) = (context.chain().await?, context.signer()?, context.output());
		let ledger = OnChain { chain: &chain, signer: &signer };
		let desk = asked::desk(context, &ledger);
		let say = |text: String| output.say(text);
		match self {
			Self::List => view::list(&desk, output).await,
			Self::Show { session, ask_operator } => {
				view::show(&desk, session, ask_operator, output).await
			}
			Self::Consent { named } => consent::run(&ledger, named, output).await,
			Self::Open { model, escrow, blocks, operator, private } => {
				let operator = operator.as_deref().map(keys::account).transpose()?;
				let usage: Usage = question::longest(0, 1, 0);
				let wish = Wish { model, operator, usage, escrow: Some(escrow), blocks, private };
				let ready = {
					let _spinner = asked::Spinner::new(output, "waiting until it is final");
					desk.open(&wish, say).await?
				};
				output.show(&ready.info, |info| {
					format!(
						"session {} is open until block {}, with {} in escrow{}",
						info.id,
						info.expires_at,
						amount::show(info.escrow),
						if info.private { ", and private" } else { "" },
					)
				});
				Ok(())
			}
			Self::TopUp { session, amount } => {
				let mut ready = desk.find(session).await?;
				let info = {
					let _spinner = asked::Spinner::new(output, "waiting until it is final");
					desk.top_up(&mut ready.purse, amount).await?
				};
				output.show(&info, |info| {
					format!("session {session} has {} in escrow", amount::show(info.escrow))
				});
				Ok(())
			}
			Self::Resync { session, abandon } => {
				let ready = desk.find(session).await?;
				let (mut client, _) = desk.client(ready, say).await?;
				let stepped = client.get_in_step().await?;
				let right = client.refuse(stepped.refused);
				// After a wrong receipt the questions behind it are still to be answered.
				let gone = if right.is_ok() { client.let_go(abandon)? } else { 0 };
				let waiting = client.purse.status().asked;
				if right.is_ok() {
					client.send_voucher().await?;
				}
				let told = json!({
					"session": session, "paid": stepped.answers, "abandoned": gone, "unanswered": waiting,
				});
				output.show(&told, |_| {
					let mut out: String =
						stepped.answers.iter().map(|paid| asked::earlier(paid) + "\n\n").collect();
					out += &format!(
						"session {session} is in step: {} answers were got and paid, {gone} questions let go of, \
						 {waiting} still without an answer",
						stepped.answers.len()
					);
					out
				});
				right
			}
			Self::Close { session, anyway } => close(&desk, session, anyway, context).await,
		}
	}
}

/// What is to be settled before a session is closed: what came and was not paid, and the last voucher.
async fn settle(desk: &Desk<'_, OnChain<'_>>, session: SessionId, context: &Context) -> Result<()> {
	let output = context.output();
	let ready = desk.find(session).await?;
	let (mut client, _) = desk.client(ready, |text| output.say(text)).await?;
	let stepped = client.get_in_step().await?;
	for paid in &stepped.answers {
		output.say(asked::earlier(paid));
	}
	if let Err(wrong) = client.refuse(stepped.refused) {
		output.say(format!("{wrong:#}"));
	}
	client.send_voucher().await
}

async fn close(
	desk: &Desk<'_, OnChain<'_>>,
	session: SessionId,
	anyway: bool,
	context: &Context,
) -> Result<()> {
	let (ledger, output) = (desk.ledger, context.output());
	let info = ledger.session(session).await?.with_context(|| asked::no_session(session))?;
	ensure!(info.payer == ledger.payer(), "session {session} is another account's: use its --key");
	if info.ended {
		output.show(&info, |_| {
			format!(
				"session {session} is over; {} of its batches are not concluded yet",
				info.batches
			)
		});
		return Ok(());
	}
	if ledger.best().await? > info.left_until {
		let returned: Balance = ledger.finish(session).await?;
		output.show(&json!({ "session": session, "returned": returned.to_string() }), |_| {
			format!("session {session} is over, {} came back", amount::show(returned))
		});
		return Ok(());
	}
	let settled = settle(desk, session, context).await;
	match settled {
		Err(error) if anyway => {
			output.say(format!("the operator was not sent the last voucher: {error:#}"));
		}
		other => other.with_context(|| {
			format!(
				"the operator was not sent the last voucher, so session {session} is not closed: try again, or \
				 openledger session close {session} --anyway"
			)
		})?,
	}
	let until = match info.closing {
		true => info.left_until,
		false => ledger.close(session).await?,
	};
	output.show(&json!({ "session": session, "until": until }), |_| {
		format!(
			"session {session} is closing: its operator can settle until block {until}. After that, \
			 openledger session close {session} gets back what is left of {}",
			amount::show(info.escrow)
		)
	});
	Ok(())
}
