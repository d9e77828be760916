//! `openledger challenge`: look for what a claim leaves out and for forged leaves, and challenge them.

mod demand;
mod duplicate;
mod folder;
mod look;
mod prompt;
mod salts;
mod sealed;

use super::claim;
use crate::{
	Context, amount,
	chain::{Chain, Event, bytes, challenge, find, is_refused_as},
};
use anyhow::{Context as _, Result, bail, ensure};
use clap::Subcommand;
use look::Found;
use openledger_primitives_api::ChallengesInfo;
use openledger_primitives_attribution::challenge::Target;
use openledger_primitives_core::{ModelId, RequestId, units};
use sealed::{Sealed, Shelf};
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::path::PathBuf;

/// Look for what is wrong with a claim or a model's index, and challenge it.
///
/// A claim says whom an answer owes. It is wrong where it leaves out a record or contributor that the
/// model's own index ranks higher, or where a more relevant record was left out of the prompt: showing
/// that replaces the claim, the operator pays for it, and you get up to half of what the one left out
/// would have lost. An index is wrong where it names another record than the snapshot that was trained
/// on: showing that ends the model version, and you get up to half of its owner's bond.
///
///     openledger challenge claim 3                 # the claim on request 3
///     openledger challenge claim 2/1               # on draw 1 of batch 2
///     openledger challenge claim 3 --base model.gguf  # and whether its prompt leaves a record out
///     openledger challenge model 5                 # the indexes of model version 5
///     openledger challenge duplicate 2 11 --of 1 7 # record 11 of Datanet 2, a copy of 7 of 1
///
/// This only looks, with content from --worker, and says what was found, what it brings and what it
/// puts at stake. With --yes it challenges: it commits to what was found, sealed, so that nobody can
/// copy it, and opens it a block later. The deposit comes back with the opening; what shows nothing
/// loses it, and so it is looked at again right before.
///
/// What was committed is kept in --data-folder until it is opened. Interrupted, the same command goes
/// on where it stopped; or take the deposit back:
///
///     openledger challenge withdraw claim 3
///
/// A node does all of this by itself with openledger-node --watch.
#[derive(Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
	/// Look for what a claim leaves out, while its window is open.
	Claim {
		/// A request's number, or BATCH/DRAW for a drawn receipt.
		#[arg(value_name = "REQUEST|BATCH/DRAW", value_parser = claim::number)]
		claim: RequestId,
		#[command(flatten)]
		how: How,
	},
	/// Look for a forged leaf in a model version's index.
	Model {
		/// The model version's number.
		model: ModelId,
		#[command(flatten)]
		how: How,
	},
	/// Compare a record with an earlier one of another contributor, and say that it duplicates it.
	///
	/// Both are fetched and compared as clusters are made: word shingles of three, four fifths of which both
	/// have, and of what is learnt too unless one answer is part of the other. With --yes it is committed
	/// to, opened a block later, and decided by a committee that compares them again. Being right brings
	/// half of what the record loses; being wrong pays the committee and the contributor.
	Duplicate {
		#[command(flatten)]
		named: duplicate::Named,
		/// Challenge it where it is a duplicate.
		#[arg(long)]
		yes: bool,
	},
	/// Demand that somebody shows a position of a model version's index, which may be withheld.
	///
	/// Puts a deposit at stake. Whoever shows the position in time has half of it, the treasury the other
	/// half. Where nobody does, conclude the demand.
	Demand {
		/// The model version's number.
		model: ModelId,
		/// The position, from 0.
		position: u32,
		/// Demand it.
		#[arg(long)]
		yes: bool,
	},
	/// Show what is demanded of a model version's index, for half of each deposit.
	///
	/// Where nobody shows it in time the version is condemned. A node does this by itself with
	/// openledger-node --watch.
	Show {
		/// The model version's number.
		model: ModelId,
		/// The version's attribution index (default: the worker's).
		#[arg(long, value_name = "FILE")]
		index: Option<PathBuf>,
	},
	/// End a demand that nobody has answered in time: condemns the version.
	///
	/// The demander has its deposit back, and up to half of the bond behind the index.
	Conclude {
		/// The model version's number.
		model: ModelId,
		/// The position.
		position: u32,
	},
	/// Take a challenge of yours back that you have not opened, and its deposit with it.
	#[command(subcommand)]
	Withdraw(Withdraw),
}

/// How to look and what to do then.
#[derive(clap::Args)]
pub struct How {
	/// The version's attribution index (default: the worker's).
	#[arg(long, value_name = "FILE")]
	index: Option<PathBuf>,
	/// The index that finds records for its prompts, where it puts any there (default: the worker's).
	#[arg(long, value_name = "FILE")]
	retrieval: Option<PathBuf>,
	/// The base that the version answers with, to look for records that were left out of a prompt.
	#[arg(long, value_name = "FILE")]
	base: Option<PathBuf>,
	/// What was asked (default: as the chain has it, which does not have it of drawn receipts).
	#[arg(long, value_name = "TEXT", requires = "base")]
	question: Option<String>,
	/// Challenge what is found.
	#[arg(long)]
	yes: bool,
}

/// What a challenge is taken back from.
#[derive(Subcommand)]
pub enum Withdraw {
	/// A challenge to a claim.
	Claim {
		/// A request's number, or BATCH/DRAW for a drawn receipt.
		#[arg(value_name = "REQUEST|BATCH/DRAW", value_parser = claim::number)]
		claim: RequestId,
	},
	/// A challenge to a model version's index.
	Model {
		/// The model version's number.
		model: ModelId,
	},
	/// A challenge that says a record is a duplicate.
	Duplicate(duplicate::Named),
}

/// What a target is called.
fn name(target: Target) -> String {
	match target {
		Target::Model(model) => format!("the index of model version {model}"),
		Target::Claim(claim) => format!("the claim on {}", claim::subject(claim)),
	}
}

/// What was found, and what it is worth.
#[derive(Serialize)]
struct Told {
	target: String,
	/// None where there is nothing to challenge.
	found: Option<Found>,
	/// What was not looked at, and what it takes.
	#[serde(skip_serializing_if = "Option::is_none")]
	unlooked: Option<String>,
	/// What a challenge puts at stake, in the smallest unit.
	#[serde(with = "units")]
	deposit: u128,
	/// The first block at which no more is committed, for claims.
	commit_before: Option<u32>,
	/// Others' challenges that stand.
	others: usize,
}

/// What became of a challenge.
#[derive(Serialize)]
struct Outcome {
	target: String,
	outcome: &'static str,
	/// What the one at fault lost, in the smallest unit.
	#[serde(skip_serializing_if = "Option::is_none")]
	penalty: Option<String>,
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		match self {
			Self::Claim { claim, how } => run(context, Target::Claim(claim), how).await,
			Self::Model { model, how } => run(context, Target::Model(model), how).await,
			Self::Duplicate { named, yes } => duplicate::run(context, &named, yes).await,
			Self::Demand { model, position, yes } => {
				demand::demand(context, model, position, yes).await
			}
			Self::Show { model, index } => demand::show(context, model, index.as_deref()).await,
			Self::Conclude { model, position } => demand::conclude(context, model, position).await,
			Self::Withdraw(Withdraw::Duplicate(named)) => {
				duplicate::withdraw(context, &named).await
			}
			Self::Withdraw(Withdraw::Claim { claim }) => {
				withdraw(context, Target::Claim(claim)).await
			}
			Self::Withdraw(Withdraw::Model { model }) => {
				withdraw(context, Target::Model(model)).await
			}
		}
	}
}

async fn terms(chain: &Chain, target: Target) -> Result<ChallengesInfo<AccountId32>> {
	let info: Option<ChallengesInfo<AccountId32>> = chain.api("challenges", target).await?;
	info.with_context(|| match target {
		Target::Claim(_) => format!("the chain knows {} no more, or not yet", name(target)),
		Target::Model(model) => {
			format!("there is no model version {model}, or it has no index yet")
		}
	})
}

async fn run(context: &Context, target: Target, how: How) -> Result<()> {
	let (chain, output) = (context.chain().await?, context.output());
	let info = terms(&chain, target).await?;
	if how.yes {
		let shelf = shelf(context, &chain)?;
		let own = chain.challenge(target, shelf.account()).await?.map(|own| own.commitment);
		if let Some(sealed) = shelf.find(target)?
			&& own == Some(sealed.commitment(shelf.account()))
		{
			output.say("a challenge of yours stands already: opening it");
			return open(context, &chain, &shelf, sealed).await;
		}
		ensure!(
			own.is_none(),
			"a challenge of yours stands against {} whose secret is not in {}: take it back with \
			 openledger challenge withdraw",
			name(target),
			shelf.path().display()
		);
	}
	ensure!(
		!info.is_over,
		match target {
			Target::Claim(_) => format!("{} is final: it takes no more challenges", name(target)),
			Target::Model(model) => format!("model version {model} is condemned already"),
		}
	);
	let looked = look::look(&chain, &context.content()?, target, &info, &how).await?;
	let told = Told {
		target: name(target),
		found: looked.found,
		unlooked: looked.unlooked,
		deposit: info.deposit,
		commit_before: info.commit_before,
		others: info.standing.len(),
	};
	let Some(found) = &told.found else {
		output.show(&told, text);
		return Ok(());
	};
	if !how.yes {
		output.show(&told, text);
		return Ok(());
	}
	output.say(text(&told));
	let shelf = shelf(context, &chain)?;
	if let Some(before) = info.commit_before {
		let best = chain.best().await?;
		ensure!(best + 1 < before, "the window is over: the next block is {}", best + 1);
	}
	// Written first: without it the commitment can't be opened.
	let sealed = shelf.seal(target, &found.fault)?;
	let commitment = sealed.commitment(shelf.account());
	let arguments = vec![("target", challenge::target(target)), ("commitment", bytes(commitment))];
	chain
		.submit(&context.signer()?, "Attribution", "commit_challenge", arguments)
		.await
		.context("the challenge was not committed")?;
	output.say(format!("committed, {} held", amount::show(info.deposit)));
	open(context, &chain, &shelf, sealed).await
}

fn shelf(context: &Context, chain: &Chain) -> Result<Shelf> {
	Ok(Shelf::new(&context.data(), chain.genesis_hash(), context.signer()?.account()))
}

/// Opens a committed challenge in the block after its commitment, where it still shows something;
/// withdraws it where another was faster.
async fn open(context: &Context, chain: &Chain, shelf: &Shelf, sealed: Sealed) -> Result<()> {
	let target = sealed.target;
	let info = terms(chain, target).await?;
	let own = chain.challenge(target, shelf.account()).await?;
	let own = own.context("the chain does not have the challenge (any more)")?;
	// The block that opens it has to be a later one.
	chain.wait_for(own.at).await?;
	let late = match info.open_before {
		Some(before) => chain.best().await? + 1 >= before,
		None => false,
	};
	if late || info.is_over || !look::shows(chain, target, &sealed.fault).await? {
		context.output().say("it would show nothing any more: taking it back");
		return withdraw(context, target).await;
	}
	let arguments = vec![
		("target", challenge::target(target)),
		("fault", challenge::fault(&sealed.fault)),
		("salt", bytes(sealed.salt)),
	];
	let events = chain.submit(&context.signer()?, "Attribution", "open_challenge", arguments).await;
	let events = events.context("the challenge was not opened, and stands: run it again")?;
	shelf.remove(target)?;
	let outcome = outcome(target, &events)?;
	context.output().show(&outcome, outcome_text);
	Ok(())
}

fn outcome(target: Target, events: &[Event]) -> Result<Outcome> {
	let told = |outcome, event: Option<&Event>| Outcome {
		target: name(target),
		outcome,
		penalty: event.and_then(|event| event.number("penalty")).map(|paid| paid.to_string()),
	};
	for (event, outcome) in [
		("ClaimCorrected", "corrected"),
		("RelevanceCorrected", "corrected"),
		("ForgeryShown", "condemned"),
	] {
		if let Ok(event) = find(events, "Attribution", event) {
			return Ok(told(outcome, Some(event)));
		}
	}
	match find(events, "Attribution", "ChallengeFailed") {
		Ok(_) => bail!("it showed nothing, and the deposit is lost"),
		Err(error) => Err(error),
	}
}

fn outcome_text(outcome: &Outcome) -> String {
	let penalty = outcome.penalty.as_ref().and_then(|units| units.parse().ok());
	let paid = penalty.map_or(String::new(), |units| {
		format!("; who was at fault lost {}, up to half of it to you", amount::show(units))
	});
	format!("{} is {}{paid}", outcome.target, outcome.outcome)
}

async fn withdraw(context: &Context, target: Target) -> Result<()> {
	let chain = context.chain().await?;
	let shelf = shelf(context, &chain)?;
	let arguments = vec![("target", challenge::target(target))];
	let done =
		chain.submit(&context.signer()?, "Attribution", "withdraw_challenge", arguments).await;
	if let Err(error) = done {
		ensure!(
			!is_refused_as(&error, "Attribution", "NoChallenge"),
			"{} has no challenge to {}",
			shelf.account().to_ss58check(),
			name(target)
		);
		return Err(error);
	}
	shelf.remove(target)?;
	let done = Outcome { target: name(target), outcome: "withdrawn", penalty: None };
	context.output().show(&done, |done| format!("the challenge to {} is taken back", done.target));
	Ok(())
}

/// What was found, for people.
fn text(told: &Told) -> String {
	let Some(found) = &told.found else {
		let unlooked = told.unlooked.as_ref().map_or(String::new(), |text| format!("\n{text}"));
		return format!("there is nothing to challenge in {}{unlooked}", told.target);
	};
	let mut out = format!("{} can be challenged: {}\n", told.target, found.what);
	out += &format!("gain     {}\n", found.gain());
	out += &format!(
		"at stake {}, which comes back with the opening where it shows this\n",
		amount::show(told.deposit)
	);
	if let Some(before) = told.commit_before {
		out += &format!("until    block {before}, when its window is over\n");
	}
	if told.others > 0 {
		out += &format!(
			"others   {} challenges stand already: whoever opens first is rewarded\n",
			told.others
		);
	}
	out + "challenge it with --yes"
}

#[cfg(test)]
mod tests;
