//! `openledger audit`: what an audit came to, and appealing against it.

use crate::{Context, chain::number, output};
use anyhow::{Context as _, Result};
use clap::Subcommand;
use openledger_primitives_api::{AuditInfo, AuditStage, AuditVerdict};
use openledger_primitives_attribution::audit::Level;
use serde_json::json;
use sp_core::crypto::AccountId32;
use tabled::Tabled;

/// See the audit of an answer's claim, or appeal against its verdict.
///
/// Lots call a part of all claims to audit: verifiers drawn by bond execute the answer again, and
/// more than half of them decide.
#[derive(Subcommand)]
pub enum Command {
	/// Show where the audit of a request stands.
	Show {
		/// The request's number.
		request: u64,
	},
	/// Appeal against a verdict, to a committee three times as large. Your deposit comes back, with a
	/// reward, if the verdict changes; else it is lost.
	Appeal {
		/// The request's number.
		request: u64,
	},
	/// Take an audit further whose time is over. It happens by itself too.
	Advance {
		/// The request's number.
		request: u64,
	},
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let printer = context.output();
		let (call, request) = match self {
			Self::Show { request } => {
				let info: Option<AuditInfo<AccountId32>> = chain.api("audit", request).await?;
				let info = info.with_context(|| {
					format!("request {request} is not audited: lots did not call its claim")
				})?;
				printer.show(&info, text);
				return Ok(());
			}
			Self::Appeal { request } => ("appeal", request),
			Self::Advance { request } => ("advance", request),
		};
		chain
			.submit(&context.signer()?, "Audits", call, vec![("claim", number(request))])
			.await
			.with_context(|| format!("audit {call} failed"))?;
		printer.show(&json!({ "done": call }), |_| format!("done: {call}"));
		Ok(())
	}
}

#[derive(Tabled)]
struct Row {
	verifier: String,
	committee: &'static str,
	found: &'static str,
}

fn found(verdict: &AuditVerdict) -> &'static str {
	match verdict {
		AuditVerdict::Upheld => "true",
		AuditVerdict::Refuted(_) => "false",
		AuditVerdict::Withheld => "withheld",
	}
}

fn stage(info: &AuditInfo<AccountId32>) -> &'static str {
	match info.stage {
		AuditStage::Undrawn => "lots have not decided yet whether there is an audit",
		AuditStage::Drawing => "a committee waits for its lots",
		AuditStage::Committing => "the committee executes the answer again",
		AuditStage::Revealing => "the committee reveals what it found",
		AuditStage::Decided => "decided, and open to appeal",
		AuditStage::Restoring => "the answer is false; anyone can bring the true one's claim",
		AuditStage::Correcting => "refuted; anyone can bring the true claim",
		AuditStage::Undecided => "no committee reached a majority; governance has to decide",
		AuditStage::Concluded => "concluded",
	}
}

/// The audit, for people.
pub fn text(info: &AuditInfo<AccountId32>) -> String {
	let mut out = format!("audit of request {}: {}", info.claim, stage(info));
	if let Some(until) = info.until {
		out.push_str(&format!(" until block {until}"));
	}
	if let Some(verdict) = &info.verdict {
		out.push_str(&format!("\nthe claim is {}", found(verdict)));
	}
	if let Some(appellant) = &info.appellant {
		out.push_str(&format!("\nappealed by {}", output::brief(appellant)));
	}
	if !info.seats.is_empty() {
		let rows = info.seats.iter().map(|seat| Row {
			verifier: output::brief(&seat.verifier),
			committee: match seat.level {
				Level::First => "first",
				Level::Redraw => "redraw",
				Level::Appeal => "appeal",
			},
			found: match &seat.found {
				Some(verdict) => found(verdict),
				None if seat.committed => "committed",
				None => "nothing yet",
			},
		});
		out.push_str(&format!("\n{}", output::table(rows, "")));
	}
	out
}
