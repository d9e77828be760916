//! `openledger audit`: what an audit came to, and appealing against it.

use super::{audit_canary::Canary, claim};
use crate::{
	Context, amount,
	chain::{Chain, find, number},
	output,
};
use anyhow::{Context as _, Error, Result, bail, ensure};
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

/// See the audit of an answer's claim, of a model version or of two records, appeal against its verdict, or
/// have a claim audited by disputing it.
///
/// Lots call a part of all claims to audit: verifiers drawn by bond execute the answer again, and
/// more than half of them decide. Claims of private sessions they call only where their payer consents.
/// Whatever lots say, anyone can dispute a claim that is not paid yet. Model versions are audited before they earn: name one as model 7.
/// Where a record is said to duplicate another, the two are compared: name the challenge as duplicate 3.
#[derive(Subcommand)]
pub enum Command {
	/// Show where the audit of a request, a model version or a challenged record stands.
	Show(Subject),
	/// Appeal against a verdict, to a committee three times as large. Your deposit comes back, with a
	/// reward, if the verdict changes; else it is lost.
	Appeal(Subject),
	/// Say that a claim is false, and have it audited whatever lots say.
	///
	/// This says what it puts at stake; with --yes it does it. The deposit comes back, with a reward, where
	/// the claim is found false or what was asked is not handed out. Where the claim is true, half of it
	/// goes to who pays for the answer, whose question was opened, and half to the treasury.
	Dispute {
		/// A request's number, or BATCH/DRAW for a drawn receipt.
		#[arg(value_name = "REQUEST|BATCH/DRAW", value_parser = claim::number)]
		claim: RequestId,
		/// Dispute it.
		#[arg(long)]
		yes: bool,
	},
	/// Show what a verifier would have to be offered to pass a canary of yours unseen.
	///
	/// A canary is a claim that your node has sealed falsely on purpose (`--operator-canaries`). Whoever takes
	/// the offer and upholds it loses a part of its bond once your node unveils it, and you have half of that.
	Bait(Canary),
	/// Show the chain that a claim is a canary, where your node does not by itself.
	///
	/// Possible from when a committee has revealed what it found until that is carried out.
	Unveil(Canary),
	/// Take an audit further whose time is over. It happens by itself too.
	Advance(Subject),
}

/// What is audited.
#[derive(clap::Args)]
pub struct Subject {
	/// The request's number, or BATCH/DRAW for a drawn receipt; or model, and the model version's; or
	/// duplicate, and the challenge's.
	#[arg(
		required = true,
		num_args = 1..=2,
		value_names = ["REQUEST|BATCH/DRAW|model|duplicate", "NUMBER"]
	)]
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
			[named] => claim::number(named).map_err(Error::msg).context("model 7 names a model"),
			[kind, model] if kind == "model" => Ok(version_id(number(model)?)),
			[kind, of] if kind == "duplicate" => Ok(pair_id(challenge(of)?)),
			other => {
				bail!(
					"'{}' names nothing that is audited: write 12, 2/1, model 7 or duplicate 3",
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
		Of::Claim => claim::subject(id),
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
					Of::Claim => format!(
						"the claim on {} is not audited: lots did not call it, or it is private",
						claim::subject(id)
					),
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
			Self::Dispute { claim, yes } => return dispute(context, &chain, claim, yes).await,
			Self::Bait(canary) => return canary.bait(context).await,
			Self::Unveil(canary) => return canary.unveil(context).await,
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

/// Says what disputing a claim puts at stake, and disputes it where that is wanted.
async fn dispute(context: &Context, chain: &Chain, id: RequestId, yes: bool) -> Result<()> {
	let info: Option<AuditInfo<AccountId32>> = chain.api("audit", id).await?;
	let info = info.with_context(|| {
		format!(
			"the claim on {} can't be disputed: it is paid or about to be, not there yet, or of an answer that \
			 nobody can execute again",
			claim::subject(id)
		)
	})?;
	ensure!(
		info.dispute_deposit > 0,
		"the claim on {0} was audited or is being audited: see openledger audit show",
		claim::subject(id)
	);
	if !yes {
		let shown = |info: &_| format!("{}\ndispute it with --yes", text(info));
		context.output().show(&info, shown);
		return Ok(());
	}
	let arguments = vec![("claim", number(id))];
	let events = chain
		.submit(&context.signer()?, "Audits", "dispute", arguments)
		.await
		.context("the claim was not disputed")?;
	let deposit = find(&events, "Audits", "Disputed")?.number("deposit").unwrap_or_default();
	context.output().show(
		&json!({ "disputed": id.to_string(), "deposit": deposit.to_string() }),
		|_| {
			format!(
				"the claim on {} is disputed, {} held: openledger audit show tells how it goes on",
				claim::subject(id),
				amount::show(deposit)
			)
		},
	);
	Ok(())
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
	if info.private {
		out.push_str("\nprivate: without its payer's consent or a dispute it is paid unaudited");
	}
	if info.dispute_deposit > 0 {
		let deposit = amount::show(info.dispute_deposit);
		out.push_str(&format!(
			"\ndisputing it puts {deposit} at stake: back with a reward where it is false, half to its payer \
			 and half to the treasury where it is true"
		));
	}
	if let Some(disputer) = &info.disputer {
		out.push_str(&format!("\ndisputed by {}", output::brief(disputer)));
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
	use openledger_primitives_core::draw::draw_id;

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
		assert_eq!(id(&["2/1"]).unwrap(), draw_id(2, 1));
		assert_eq!(named(draw_id(2, 1)), "draw 1 of batch 2");
		for words in [
			&["model"][..],
			&["model", "x"],
			&["duplicate"],
			&["duplicate", "-1"],
			&["request", "7"],
			&["-1"],
			&["2/300"],
		] {
			assert!(id(words).is_err(), "{words:?}");
		}
	}

	#[test]
	fn claim_that_can_be_disputed_says_what_that_puts_at_stake() {
		let undrawn = AuditInfo {
			claim: draw_id(2, 1),
			stage: AuditStage::Undrawn,
			until: None,
			verdict: None,
			seats: Vec::new(),
			appellant: None,
			private: true,
			disputer: None,
			dispute_deposit: 100 * amount::OPEN,
		};
		let told = text(&undrawn);
		assert!(told.contains("audit of draw 1 of batch 2"), "{told}");
		assert!(told.contains("private") && told.contains("puts 100 OPEN at stake"), "{told}");
		let disputer = Some(AccountId32::new([3; 32]));
		let disputed = AuditInfo { private: false, disputer, dispute_deposit: 0, ..undrawn };
		let told = text(&disputed);
		assert!(told.contains("disputed by") && !told.contains("private"), "{told}");
		assert!(!told.contains("at stake"), "{told}");
	}
}
