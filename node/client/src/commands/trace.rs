//! `openledger trace`: from an answer to its records, contributors and amounts.

mod batch;
mod explain;
mod found;
mod whose;

use super::audit;
use crate::{
	Context, amount,
	chain::{AsOf, Chain},
	content::Content,
	output,
};
use anyhow::{Context as _, Result, bail};
use found::{Found, Of};
use openledger_primitives_api::{AuditInfo, RequestState, Trace as Traced};
use openledger_primitives_attribution::Evidence;
use openledger_primitives_core::settlement::Distribution;
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::path::PathBuf;
use tabled::Tabled;
use whose::Whose;

/// Follow an answer to its records, contributors and amounts.
///
/// With --explain it shows each credited record with its share, its place in the index, its
/// near-duplicates, and what it says in the answer's very words; with --html it also writes that as
/// one page that can be sent to anyone and opened without a network:
///
///     openledger trace 3 --explain --html why.html
///
/// An answer that was paid in a session is followed from its receipt to its batch, to the draws that the
/// batch was paid by, and to their claims; a batch and one of its draws can be looked at by themselves:
///
///     openledger trace --session 3 --receipt 0
///     openledger trace --batch 2 --draw 1
///
/// openledger attribute explains answers without a chain.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Trace {
	/// The request's number.
	#[arg(required_unless_present_any = ["session", "batch"])]
	request: Option<u64>,
	/// The session of a receipt.
	#[arg(long, value_name = "SESSION", requires = "receipt", conflicts_with = "request")]
	session: Option<u64>,
	/// The receipt's place in its session, from 0.
	#[arg(long, value_name = "RECEIPT", requires = "session")]
	receipt: Option<u32>,
	/// A batch of receipts.
	#[arg(long, value_name = "BATCH", conflicts_with_all = ["request", "session"])]
	batch: Option<u32>,
	/// A draw of the batch, from 0.
	#[arg(long, value_name = "DRAW", requires = "batch")]
	draw: Option<u8>,
	/// Show why the answer is credited to whom.
	#[arg(long, conflicts_with_all = ["session", "batch"])]
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
	/// Whose the claim is.
	claim_of: Whose,
	records: Vec<Shown>,
	/// What was put into the prompt, where the version puts records there.
	found: Option<Found>,
}

#[derive(Serialize)]
struct Shown {
	datanet: u32,
	record: u32,
	contributor: String,
	score: i64,
	excerpt: Option<String>,
}

impl Shown {
	/// What it says, in so many characters.
	fn said(&self, most: usize) -> String {
		let excerpt = self.excerpt.as_deref();
		excerpt.map_or("(not at this worker)".into(), |text| output::excerpt(text, most))
	}
}

impl Trace {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let request = match (self.request, self.session.zip(self.receipt), self.batch) {
			(Some(request), ..) => request,
			(_, Some((session, receipt)), _) => {
				return batch::receipt(context, session, receipt).await;
			}
			(.., Some(id)) => return batch::batch(context, id, self.draw).await,
			_ => bail!("name a request, a receipt of a session, or a batch"),
		};
		let chain = context.chain().await?;
		let trace = fetch(&chain, request).await?;
		let content = context.content()?;
		if self.explain {
			let view = explain::view(&chain, &content, trace, self.index.as_deref()).await?;
			return crate::explain::show(&view, context.output(), self.html.as_deref());
		}
		let audit: Option<AuditInfo<AccountId32>> = chain.api("audit", request).await?;
		let records = records(&content, &trace.evidence).await;
		let of = Of {
			answer: trace.answer.as_deref(),
			moved: &trace.paid,
			earned_ppm: trace.earned_ppm,
			paid: trace.distribution.as_ref(),
			audit: audit.as_ref(),
			paid_back: trace.state == RequestState::Refunded,
		};
		let found = found::found(AsOf::best(&chain), &content, (trace.model, request), &of).await?;
		let claim_of = found.as_ref().map_or_else(|| of.whose(&[]), |found| found.question_of);
		context.output().show(&Explained { trace, audit, claim_of, records, found }, text);
		Ok(())
	}
}

/// The records of a claim, with their texts as far as the worker has them.
async fn records(content: &Content, evidence: &[Evidence<AccountId32>]) -> Vec<Shown> {
	let mut records = Vec::with_capacity(evidence.len());
	for evidence in evidence {
		let bytes = content.get(&evidence.content).await.ok();
		records.push(Shown {
			datanet: evidence.datanet,
			record: evidence.index,
			contributor: evidence.contributor.to_ss58check(),
			score: evidence.score,
			excerpt: bytes.map(|bytes| output::excerpt(&String::from_utf8_lossy(&bytes), 160)),
		});
	}
	records
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
			"fee {} for {} + {} tokens; the adapter gained {:.3} nats a token, ",
			amount::show(trace.fee),
			trace.usage.prompt,
			trace.usage.output,
			f64::from(trace.gain) / 1_000.0,
		);
		out += &earned(explained.found.as_ref(), trace.earned_ppm);
		out += &records_table(&explained.records);
		out.push('\n');
		if let Some(found) = &explained.found {
			out += &found::text(found);
		}
		out += explained.claim_of.text(explained.found.is_some());
	}
	if let Some(info) = &explained.audit {
		out += &format!("{}\n", audit::text(info));
	}
	if let Some(paid) = &trace.distribution {
		out += &payments(paid);
	}
	out
}

/// What a gain earns, after what the records in the prompt have.
fn earned(found: Option<&Found>, earned_ppm: u32) -> String {
	let earned = f64::from(earned_ppm) / 10_000.0;
	match found.map_or(0, |found| found.part_ppm) {
		0 => format!("which earns {earned:.1} % of the contributors' part\n"),
		part => format!(
			"which earns {earned:.1} % of what the records in the prompt leave of the contributors' part: they \
			 have {:.1} %\n",
			f64::from(part) / 10_000.0
		),
	}
}

/// The records as a table.
fn records_table(records: &[Shown]) -> String {
	let rows = records.iter().map(|shown| Row {
		record: format!("{}/{}", shown.datanet, shown.record),
		contributor: format!("{}…", &shown.contributor[..8]),
		score: shown.score,
		text: shown.said(90),
	});
	output::table(rows, "No record cleared the floor.")
}

/// Who was paid what, as a table.
fn payments(paid: &Distribution<AccountId32>) -> String {
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
	output::table(rows, "")
}
