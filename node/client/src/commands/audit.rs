//! `openledger audit`: what an audit came to, and appealing against it.

use crate::{Context, chain::number, output};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use openledger_primitives_api::{AuditInfo, AuditStage, AuditVerdict};
use openledger_primitives_attribution::audit::Level;
use openledger_primitives_core::{
	RequestId,
	subject::{Subject as Of, pair_id, subject, version_id},
};
use serde_json::json;
use sp_core::crypto::AccountId32;
use tabled::Tabled;

/// See the audit of an answer's claim, of a model version or of two records, or appeal against its verdict.
///
/// Lots call a part of all claims to audit: verifiers drawn by bond execute the answer again, and
/// more than half of them decide. Model versions are audited before they earn: name one as model 7.
/// Where a record is said to duplicate another, the two are compared: name the challenge as duplicate 3.
#[derive(Subcommand)]
pub enum Command {
	/// Show where the audit of a request, a model version or a challenged record stands.
	Show(Subject),
	/// Appeal against a verdict, to a committee three times as large. Your deposit comes back, with a
	/// reward, if the verdict changes; else it is lost.
	Appeal(Subject),
	/// Take an audit further whose time is over. It happens by itself too.
	Advance(Subject),
}

/// What is audited.
#[derive(clap::Args)]
pub struct Subject {
	/// The request's number; or model, and the model version's; or duplicate, and the challenge's.
	#[arg(required = true, num_args = 1..=2, value_names = ["REQUEST|model|duplicate", "NUMBER"])]
	subject: Vec<String>,
}

impl Subject {
	/// The number that the audit has.
	fn id(&self) -> Result<RequestId> {
		let number = |text: &str| {
			text.parse::<u32>().with_context(|| format!("'{text}' is no model version's number"))
		};
		let challenge = |text: &str| {
			text.parse::<u32>().with_context(|| format!("'{text}' is no challenge's number"))
		};
		match self.subject.as_slice() {
			[request] => request.parse().with_context(|| {
				format!("'{request}' is no request's number; model 7 names a model")
			}),
			[kind, model] if kind == "model" => Ok(version_id(number(model)?)),
			[kind, of] if kind == "duplicate" => Ok(pair_id(challenge(of)?)),
			other => {
				bail!(
					"'{}' names nothing that is audited: write 12, model 7 or duplicate 3",
					other.join(" ")
				)
			}
		}
	}
}

/// What is audited, for people.
fn named(id: RequestId) -> String {
	match subject(id) {
		Of::Version(model) => format!("model {model}"),
		Of::Pair(challenge) => format!("duplicate {challenge}"),
		Of::Claim => format!("request {id}"),
	}
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let printer = context.output();
		let (call, id) = match self {
			Self::Show(named) => {
				let id = named.id()?;
				let info: Option<AuditInfo<AccountId32>> = chain.api("audit", id).await?;
				let info = info.with_context(|| match subject(id) {
					Of::Claim => format!("request {id} is not audited: lots did not call its claim"),
					Of::Version(model) => format!(
						"model {model} is not being audited: openledger model show {model} says why"
					),
					Of::Pair(challenge) => format!(
						"challenge {challenge} is decided, or was never opened: the event 						 Duplicates.Decided says what came of it"
					),
				})?;
				printer.show(&info, text);
				return Ok(());
			}
			Self::Appeal(subject) => ("appeal", subject.id()?),
			Self::Advance(subject) => ("advance", subject.id()?),
		};
		chain
			.submit(&context.signer()?, "Audits", call, vec![("claim", number(id))])
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
	found: String,
}

fn found(verdict: &AuditVerdict) -> String {
	match verdict {
		AuditVerdict::Upheld => "true".into(),
		AuditVerdict::Refuted(_) => "false".into(),
		AuditVerdict::Withheld => "withheld".into(),
		AuditVerdict::Sound => "what was committed to".into(),
		AuditVerdict::Unsound(_) => "not what was committed to".into(),
		AuditVerdict::Compared(overlap) => {
			let is = if overlap.is_duplicate() { "a duplicate" } else { "no duplicate" };
			let percent = f64::from(overlap.whole.jaccard_ppm()) / 10_000.0;
			format!("{is}: {percent:.1} % in common")
		}
		AuditVerdict::Unshown => {
			"undecided: the record that it is compared with is withheld".into()
		}
	}
}

fn stage(info: &AuditInfo<AccountId32>) -> &'static str {
	match info.stage {
		AuditStage::Undrawn => "lots have not decided yet whether there is an audit",
		AuditStage::Drawing => "a committee waits for its lots",
		AuditStage::Committing => match subject(info.claim) {
			Of::Version(_) => "the committee computes parts of index and training again",
			Of::Pair(_) => "the committee compares the records",
			Of::Claim => "the committee executes the answer again",
		},
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
	let mut out = format!("audit of {}: {}", named(info.claim), stage(info));
	if let Some(until) = info.until {
		out.push_str(&format!(" until block {until}"));
	}
	if let Some(verdict) = &info.verdict {
		let subject = match subject(info.claim) {
			Of::Version(_) => "the model",
			Of::Pair(_) => "the record",
			Of::Claim => "the claim",
		};
		out.push_str(&format!("\n{subject} is {}", found(verdict)));
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
				None if seat.committed => "committed".into(),
				None => "nothing yet".into(),
			},
		});
		out.push_str(&format!("\n{}", output::table(rows, "")));
	}
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	fn id(words: &[&str]) -> Result<RequestId> {
		Subject { subject: words.iter().map(ToString::to_string).collect() }.id()
	}

	#[test]
	fn audit_is_named_by_a_request_or_a_model() {
		assert_eq!(id(&["12"]).unwrap(), 12);
		assert_eq!(id(&["model", "7"]).unwrap(), version_id(7));
		assert_eq!(named(version_id(7)), "model 7");
		assert_eq!(id(&["duplicate", "3"]).unwrap(), pair_id(3));
		assert_eq!(named(pair_id(3)), "duplicate 3");
		assert_eq!(named(12), "request 12");
		for words in [
			&["model"][..],
			&["model", "x"],
			&["duplicate"],
			&["duplicate", "-1"],
			&["request", "7"],
			&["-1"],
		] {
			assert!(id(words).is_err(), "{words:?}");
		}
	}
}
