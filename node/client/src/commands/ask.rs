//! `openledger ask`: a request on chain, its answer, and who it pays.

use super::trace;
use crate::{
	Context, amount,
	chain::{self, bytes, number, option},
	keys, output,
};
use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_primitives_api::{Quote, RequestState};
use openledger_primitives_core::model::Usage;
use sp_core::crypto::AccountId32;
use std::time::Duration;

/// Tokens of prompt that a fee is set aside for, for each byte of question: the chat template and
/// a margin come on top.
const TEMPLATE_TOKENS: u32 = 64;

/// Ask a model on chain, and wait for its answer.
#[derive(clap::Args)]
pub struct Ask {
	/// The model version's number.
	model: u32,
	/// The question.
	question: String,
	/// The most tokens of answer.
	#[arg(long, default_value_t = 64)]
	max_tokens: u32,
	/// The most that the answer may cost; what it does not cost is paid back. Without it, the
	/// price of the longest answer.
	#[arg(long, value_parser = amount::parse)]
	max_fee: Option<u128>,
	/// Sampling temperature in thousandths; 0 gives the likeliest answer.
	#[arg(long, default_value_t = 0)]
	temperature: u16,
	/// The operator to ask; without it, the least busy.
	#[arg(long)]
	operator: Option<String>,
	/// Blocks in which the answer has to come.
	#[arg(long, default_value_t = 200)]
	deadline: u32,
	/// Print the request's number and don't wait for the answer.
	#[arg(long, conflicts_with = "settle")]
	detach: bool,
	/// Wait until the claim is final and everyone is paid, and show who.
	#[arg(long)]
	settle: bool,
}

impl Ask {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let signer = context.signer()?;
		let output = context.output();
		let longest = Usage {
			prompt: TEMPLATE_TOKENS.saturating_add(self.question.len() as u32),
			output: self.max_tokens,
		};
		let quote: Option<Quote<AccountId32>> = chain.api("quote", (self.model, longest)).await?;
		let quote = quote.with_context(|| {
			format!("there is no model {} to ask: see openledger model list", self.model)
		})?;
		if quote.operators.is_empty() && self.operator.is_none() {
			bail!("no operator has room for model {} now: try again later", self.model);
		}
		let operator = self.operator.as_deref().map(keys::account).transpose()?;
		let max_fee = self.max_fee.unwrap_or(quote.fee);
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
