//! Demanding positions of an index that nobody may have, and showing them.

use super::look::{Committed, opened, read};
use crate::{
	Context, amount,
	chain::{challenge, find, is_refused_as, number},
};
use anyhow::{Context as _, Result, ensure};
use openledger_attribution::{IndexFile, shown_record};
use openledger_primitives_attribution::IndexLeaf;
use openledger_primitives_core::{BlockNumber, ModelId, merkle::Proof};
use serde::Serialize;
use std::path::Path;
use subxt::dynamic::{At, Value};

/// A position that was demanded.
#[derive(Serialize)]
struct Demanded {
	model: ModelId,
	position: u32,
	/// The first block at which it is too late to show it.
	until: u128,
}

/// What became of what is demanded of a version.
#[derive(Serialize)]
struct Shown {
	model: ModelId,
	/// Those that were shown.
	shown: Vec<u32>,
	/// Those that others were faster with.
	outrun: Vec<u32>,
	/// Half of the deposits, in the smallest unit.
	#[serde(with = "openledger_primitives_core::units")]
	reward: u128,
}

/// How a demand ended.
#[derive(Serialize)]
struct Concluded {
	model: ModelId,
	position: u32,
	/// What the version's owner lost, in the smallest unit; none where the version was gone or condemned.
	penalty: Option<String>,
}

fn arguments(model: ModelId, position: u32) -> Vec<(&'static str, Value)> {
	vec![("model", number(model)), ("position", number(position))]
}

/// Demands a position of a model version's index.
pub async fn demand(context: &Context, model: ModelId, position: u32, yes: bool) -> Result<()> {
	ensure!(
		yes,
		"a demand puts a deposit at stake, which is lost where the index is to be had after all: half of it \
		 goes to whoever shows position {position}. Demand it with --yes"
	);
	let chain = context.chain().await?;
	let arguments = arguments(model, position);
	let events =
		chain.submit(&context.signer()?, "Attribution", "demand_position", arguments).await;
	let events = events.context("the position was not demanded")?;
	let event = find(&events, "Attribution", "PositionDemanded")?;
	let until = event.number("until").context("the event names no block")?;
	context.output().show(&Demanded { model, position, until }, |demanded| {
		format!(
			"position {position} of model version {model} is demanded: if nobody has shown it by block {0}, \
			 openledger challenge conclude {model} {position}",
			demanded.until
		)
	});
	Ok(())
}

/// Shows all that is demanded of a model version's index and can still be shown.
pub async fn show(context: &Context, model: ModelId, file: Option<&Path>) -> Result<()> {
	let (chain, output) = (context.chain().await?, context.output());
	let positions = in_time(&chain.demands(model).await?, chain.best().await?);
	let mut done = Shown { model, shown: Vec::new(), outrun: Vec::new(), reward: 0 };
	if !positions.is_empty() {
		let committed = Committed::of(&chain, model).await?;
		let bytes = read(&context.content()?, &committed, file).await?;
		let index = opened(&committed, &bytes)?;
		let signer = context.signer()?;
		for position in positions {
			let (leaf, proof) = leaf(&index, position)?;
			let arguments = vec![
				("model", number(model)),
				("leaf", challenge::index_leaf(&leaf)),
				("proof", challenge::proof(&proof)),
			];
			match chain.submit(&signer, "Attribution", "answer_demand", arguments).await {
				Ok(events) => {
					let event = find(&events, "Attribution", "PositionShown")?;
					done.reward += event.number("reward").unwrap_or(0);
					done.shown.push(position);
					output.say(format!("position {position} is shown"));
				}
				Err(error) if is_refused_as(&error, "Attribution", "NoDemand") => {
					done.outrun.push(position);
				}
				Err(error) => {
					return Err(error)
						.with_context(|| format!("position {position} was not shown"));
				}
			}
		}
	}
	output.show(&done, text);
	Ok(())
}

/// Ends a demand that nobody has answered in time.
pub async fn conclude(context: &Context, model: ModelId, position: u32) -> Result<()> {
	let chain = context.chain().await?;
	let arguments = arguments(model, position);
	let events =
		chain.submit(&context.signer()?, "Attribution", "conclude_demand", arguments).await;
	let events = events.context("the demand was not concluded")?;
	let event = find(&events, "Attribution", "DemandUnanswered")?;
	let penalty = event.fields.at("penalty").and_then(|penalty| penalty.at(0));
	let penalty = penalty.and_then(|units| units.as_u128());
	let told = Concluded { model, position, penalty: penalty.map(|units| units.to_string()) };
	context.output().show(&told, |_| match penalty {
		Some(units) => format!(
			"model version {model} is condemned: its owner lost {}, up to half of it to the demander",
			amount::show(units)
		),
		None => format!("the demand is over: model version {model} was gone or condemned before"),
	});
	Ok(())
}

/// The positions that a block after the best one can still show.
fn in_time(demands: &[challenge::Demand], best: BlockNumber) -> Vec<u32> {
	let open = demands.iter().filter(|demand| best.saturating_add(1) < demand.until);
	open.map(|demand| demand.position).collect()
}

/// What shows a position.
fn leaf(index: &IndexFile, position: u32) -> Result<(IndexLeaf, Proof)> {
	let shown = shown_record(index, position)?;
	Ok((shown.credit.leaf(), shown.proof))
}

/// What was shown, for people.
fn text(done: &Shown) -> String {
	let model = done.model;
	if done.shown.is_empty() && done.outrun.is_empty() {
		return format!("nothing is demanded of model version {model} that could still be shown");
	}
	let (shown, reward) = (done.shown.len(), amount::show(done.reward));
	let mut out = format!("{shown} positions of model version {model} are shown, for {reward}");
	if !done.outrun.is_empty() {
		out += &format!("; others were faster with {}", done.outrun.len());
	}
	out
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::commands::challenge::tests;

	#[test]
	fn what_it_is_too_late_for_is_left_alone() {
		let demand = |position, until| challenge::Demand { position, until };
		let demands = [demand(3, 11), demand(5, 12), demand(7, 13)];
		assert_eq!(in_time(&demands, 10), [5, 7]);
		assert_eq!(in_time(&demands, 12), Vec::<u32>::new());
	}

	#[test]
	fn position_is_shown_with_its_proof_in_the_committed_index() {
		let index = tests::index();
		let committed = index.commitment();
		let (leaf, proof) = leaf(&index, 7).unwrap();
		assert_eq!(leaf.position, 7);
		assert!(proof.verify(&committed.records_root, committed.records, 7, &leaf.hash()));
		assert!(super::leaf(&index, committed.records).is_err());
	}

	#[test]
	fn what_was_shown_and_what_others_did_is_told() {
		let told = |shown: Vec<u32>, outrun: Vec<u32>| {
			text(&Shown { model: 5, shown, outrun, reward: 10 * amount::OPEN })
		};
		assert!(told(vec![], vec![]).contains("nothing is demanded"));
		let both = told(vec![1, 2], vec![3]);
		assert!(both.contains("2 positions") && both.contains("10 OPEN"), "{both}");
		assert!(both.contains("faster with 1"), "{both}");
	}
}
