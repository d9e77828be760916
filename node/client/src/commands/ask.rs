//! `openledger ask`: a question on chain or in a session, its answer, and who it pays.

use super::{session_ask, trace};
use crate::{
	Context, amount,
	chain::{self, bytes, number, option},
	keys, output,
	session::question,
};
use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_primitives_api::{Quote, RequestState};
use sp_core::crypto::AccountId32;
use std::time::Duration;

/// Ask a model, and wait for its answer.
///
/// Without --session the question and its answer go on chain. With it they go to the operator over
/// HTTP, and are nobody else's business: the chain sees what you put into escrow, and later some
/// receipts that lots draw, as hashes. The first question opens a session, which takes until a block
/// is final; those after it use it:
///
///     openledger ask 1 "What is a wavelength?" --session
///     openledger ask 1 "What is a wavelength?" --session --private
///     openledger session list
///
/// Verifiers execute a part of what is drawn again, and for that are handed the questions; in a private
/// session they are not, unless you consent or somebody disputes a claim.
///
/// An answer's receipt is checked before it is paid, and a purse on disk knows what was asked and
/// paid: Ctrl-C, or a lost connection, costs nothing, and the next question pays for what came of it.
/// openledger session close gets back what is left of the escrow.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Ask {
	/// The model version's number.
	model: u32,
	/// The question.
	question: String,
	/// The most tokens of answer.
	#[arg(long, default_value_t = 64)]
	max_tokens: u32,
	/// The most that the answer may cost; what it does not cost is paid back. Without it, the
	/// price of the longest answer, with as much of records in the prompt as the model may put there.
	#[arg(long, value_parser = amount::parse, conflicts_with = "session")]
	max_fee: Option<u128>,
	/// Sampling temperature in thousandths; 0 gives the likeliest answer.
	#[arg(long, default_value_t = 0)]
	temperature: u16,
	/// The operator to ask; without it, the least busy.
	#[arg(long)]
	operator: Option<String>,
	/// Blocks in which the answer has to come.
	#[arg(long, default_value_t = 200, conflicts_with = "session")]
	deadline: u32,
	/// Print the request's number and don't wait for the answer.
	#[arg(long, conflicts_with_all = ["settle", "session"])]
	detach: bool,
	/// Wait until the claim is final and everyone is paid, and show who.
	#[arg(long, conflicts_with = "session")]
	settle: bool,
	/// Ask the operator itself, in a session that is paid by vouchers.
	#[arg(long)]
	session: bool,
	/// What a session that is opened for this may cost in all; what it does not cost comes back.
	/// Without it, the price of fifty answers of this length.
	#[arg(long, value_name = "OPEN", value_parser = amount::parse, requires = "session")]
	escrow: Option<u128>,
	/// How many blocks a session that is opened for this lasts. Without it, a day.
	#[arg(long, value_name = "N", requires = "session")]
	blocks: Option<u32>,
	/// Add this to the escrow where it does not have enough left for the answer.
	#[arg(long, value_name = "OPEN", value_parser = amount::parse, requires = "session")]
	top_up: Option<u128>,
	/// Ask in a private session, and open one where there is none: verifiers are handed the question only
	/// if you consent (openledger session consent) or somebody disputes the answer's claim.
	#[arg(long, requires = "session")]
	private: bool,
}

impl Ask {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let retrieval = chain.retrieval(self.model).await?;
		let quoted = retrieval.map_or(0, |retrieval| retrieval.quoted());
		if self.session {
			let question = question::Question {
				model: self.model,
				text: self.question,
				max_tokens: self.max_tokens,
				temperature: self.temperature,
				quoted,
			};
			let operator = self.operator.as_deref().map(keys::account).transpose()?;
			let terms = session_ask::Terms {
				operator,
				escrow: self.escrow,
				blocks: self.blocks,
				top_up: self.top_up,
				private: self.private,
			};
			return session_ask::run(context, &chain, question, terms).await;
		}
		let signer = context.signer()?;
		let output = context.output();
		let longest = question::longest(self.question.len(), self.max_tokens, quoted);
		let quote: Option<Quote<AccountId32>> = chain.api("quote", (self.model, longest)).await?;
		let quote = quote.with_context(|| {
			format!("there is no model {} to ask: see openledger model list", self.model)
		})?;
		if quote.operators.is_empty() && self.operator.is_none() {
			bail!("no operator has room for model {} now: try again later", self.model);
		}
		let operator = self.operator.as_deref().map(keys::account).transpose()?;
		let max_fee = self.max_fee.unwrap_or(quote.fee);
		if let Some(told) = question::told(quoted) {
			output.say(told);
		}
		let nonce: [u8; 32] = rand::random();
		let events = chain
			.submit(
				&signer,
				"Inference",
				"request",
				vec![
					("model", number(self.model)),
					("operator", option(operator.as_ref().map(chain::account))),
					("prompt", bytes(&self.question)),
					("max_tokens", number(self.max_tokens)),
					("max_fee", number(max_fee)),
					("temperature", number(self.temperature)),
					("nonce", bytes(nonce)),
					("deadline", number(self.deadline)),
				],
			)
			.await?;
		let request = chain::find(&events, "Inference", "Requested")?
			.number("request")
			.context("the event names no request")? as u64;
		if self.detach {
			output
				.show(&serde_json::json!({ "request": request }), |_| format!("request {request}"));
			return Ok(());
		}
		output.say(format!(
			"request {request}, at most {}; Ctrl-C leaves it running, see openledger trace {request}",
			amount::show(max_fee)
		));
		let spinner = if output.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
		spinner.set_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
		spinner.enable_steady_tick(Duration::from_millis(120));
		let trace = loop {
			let trace = trace::fetch(&chain, request).await?;
			match trace.state {
				RequestState::Pending => spinner.set_message("waiting for the answer"),
				RequestState::Answered if self.settle => {
					spinner.set_message("waiting for finality")
				}
				_ => break trace,
			}
			tokio::time::sleep(Duration::from_millis(700)).await;
		};
		spinner.finish_and_clear();
		output.show(&trace, |trace| match &trace.answer {
			Some(answer) => {
				let paid: Vec<_> = trace
					.paid
					.iter()
					.map(|credit| {
						format!("{} (score {})", output::brief(&credit.account), credit.score)
					})
					.collect();
				format!(
					"{answer}\n\nfee {} · credited: {}\nopenledger trace {request} shows the records behind it",
					amount::show(trace.fee),
					if paid.is_empty() { "nobody".into() } else { paid.join(", ") },
				)
			}
			None => "The operator did not answer in time; everything was paid back.".into(),
		});
		if trace.state == RequestState::Refunded {
			bail!("request {request} was not answered in time");
		}
		Ok(())
	}
}
