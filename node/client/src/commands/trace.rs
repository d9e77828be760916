//! `openledger trace`: from an answer to its records, contributors and amounts.

mod explain;

use super::audit;
use crate::{Context, amount, chain::Chain, output};
use anyhow::{Context as _, Result};
use openledger_primitives_api::{AuditInfo, RequestState, Trace as Traced};
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::path::PathBuf;
use tabled::Tabled;

/// Follow an answer to its records, contributors and amounts.
///
/// With --explain it shows each credited record with its share, its place in the index, its
/// near-duplicates, and what it says in the answer's very words; with --html it also writes that as
/// one page that can be sent to anyone and opened without a network:
///
///     openledger trace 3 --explain --html why.html
///
/// openledger attribute explains answers without a chain.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Trace {
	/// The request's number.
	request: u64,
	/// Show why the answer is credited to whom.
	#[arg(long)]
	explain: bool,
	/// Write the explanation as a page too.
	#[arg(long, value_name = "FILE", requires = "explain")]
	html: Option<PathBuf>,
	/// The version's attribution index, to count near-duplicates in (default: the worker's, where it is
	/// small).
	#[arg(long, value_name = "FILE", requires = "explain")]
	index: Option<PathBuf>,
}

/// A trace with the text of the records, fetched from the worker and checked by hash.
#[derive(Serialize)]
struct Explained {
	#[serde(flatten)]
	trace: Traced<AccountId32>,
	audit: Option<AuditInfo<AccountId32>>,
	records: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
	datanet: u32,
	record: u32,
	contributor: String,
	score: i64,
	excerpt: Option<String>,
}

impl Trace {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let trace = fetch(&chain, self.request).await?;
		let content = context.content()?;
		if self.explain {
			let view = explain::view(&chain, &content, trace, self.index.as_deref()).await?;
			return crate::explain::show(&view, context.output(), self.html.as_deref());
		}
		let audit = chain.api("audit", self.request).await?;
		let mut records = Vec::new();
		for evidence in &trace.evidence {
			let bytes = content.get(&evidence.content).await.ok();
			records.push(Shown {
				datanet: evidence.datanet,
				record: evidence.index,
				contributor: evidence.contributor.to_ss58check(),
				score: evidence.score,
				excerpt: bytes.map(|bytes| output::excerpt(&String::from_utf8_lossy(&bytes), 160)),
			});
		}
		context.output().show(&Explained { trace, audit, records }, text);
		Ok(())
	}
}

/// The trace of a request.
pub async fn fetch(chain: &Chain, request: u64) -> Result<Traced<AccountId32>> {
	chain
		.api::<Option<Traced<AccountId32>>>("trace", request)
		.await?
		.with_context(|| format!("the chain knows no request {request}, or no longer"))
}

#[derive(Tabled)]
struct Row {
	record: String,
	contributor: String,
	score: i64,
	text: String,
}

#[derive(Tabled)]
struct Paid {
	who: String,
	account: String,
	amount: String,
}

fn text(explained: &Explained) -> String {
	let trace = &explained.trace;
	let mut out = format!(
		"request {} · model {} · {}\nquestion: {}\n",
		trace.request,
		trace.model,
		match trace.state {
			RequestState::Pending =>
				format!("waiting for its answer until block {}", trace.deadline),
			RequestState::Answered => format!(
				"answered; final from block {} on unless challenged",
				trace.final_at.unwrap_or_default()
			),
			RequestState::Settled => "settled".into(),
			RequestState::Refunded if trace.answer.is_some() =>
				"its answer was found false, and the fee paid back".into(),
			RequestState::Refunded => "not answered in time, and paid back".into(),
		},
		output::excerpt(&trace.prompt, 400),
	);
	if let Some(answer) = &trace.answer {
		out += &format!("answer:   {}\n", output::excerpt(answer, 800));
		out += &format!(
			"fee {} for {} + {} tokens; the adapter gained {:.3} nats a token, which earns {:.1} % of the contributors' part\n",
			amount::show(trace.fee),
			trace.usage.prompt,
			trace.usage.output,
			f64::from(trace.gain) / 1_000.0,
			f64::from(trace.earned_ppm) / 10_000.0
		);
		let rows = explained.records.iter().map(|shown| Row {
			record: format!("{}/{}", shown.datanet, shown.record),
			contributor: format!("{}…", &shown.contributor[..8]),
			score: shown.score,
			text: shown
				.excerpt
				.as_deref()
				.map_or("(not at this worker)".into(), |text| output::excerpt(text, 90)),
		});
		out += &output::table(rows, "No record cleared the floor.");
		out.push('\n');
	}
	if let Some(info) = &explained.audit {
		out += &format!("{}\n", audit::text(info));
	}
	if let Some(paid) = &trace.distribution {
		let row = |who: &str, account: String, amount| Paid {
			who: who.into(),
			account,
			amount: amount::show(amount),
		};
		let mut rows: Vec<Paid> = paid
			.contributors
			.iter()
			.map(|payment| row("contributor", output::brief(&payment.account), payment.amount))
			.collect();
		rows.push(row("model owner", output::brief(&paid.owner.account), paid.owner.amount));
		rows.push(row("base royalty", output::brief(&paid.royalty.account), paid.royalty.amount));
		rows.push(row("operator", output::brief(&paid.operator.account), paid.operator.amount));
		rows.push(row("verifiers", String::new(), paid.verifiers));
		rows.push(row("validators", String::new(), paid.validators));
		rows.push(row("treasury", String::new(), paid.treasury));
		out += &output::table(rows, "");
	}
	out
}
