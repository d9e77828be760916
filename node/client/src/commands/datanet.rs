//! `openledger datanet`: create, contribute, curate, freeze.

use super::contribute;
use crate::{
	Context,
	chain::{self, bytes, list, number, variant},
	keys, output,
};
use anyhow::{Context as _, Result, bail};
use clap::{Subcommand, ValueEnum};
use openledger_primitives_api::{ContributionInfo, DatanetInfo, MAX_PAGE};
use openledger_primitives_core::record::RecordLeaf;
use serde_json::json;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::path::PathBuf;
use tabled::Tabled;

/// Contributions accepted in one extrinsic: far below a block's weight.
const ACCEPTED_AT_ONCE: usize = 8;

/// The kind of records that a Datanet holds.
#[derive(Clone, Copy, ValueEnum)]
pub enum Kind {
	/// Plain text.
	Text,
	/// A question with its answer.
	QuestionAnswer,
	/// A labelled image.
	Image,
	/// A structured row.
	Row,
}

/// Who accepts contributions.
#[derive(Clone, Copy, ValueEnum)]
pub enum Policy {
	/// Anyone, once earlier commitments have been revealed or have expired.
	Open,
	/// The owner.
	Owner,
	/// The curators and the owner.
	Curators,
}

/// Create Datanets, contribute to them, curate and freeze them.
#[derive(Subcommand)]
pub enum Command {
	/// Create a Datanet that you own.
	Create {
		/// Its name, at most 64 bytes.
		name: String,
		/// What it holds.
		#[arg(long, default_value = "")]
		description: String,
		/// The kind of records.
		#[arg(long, value_enum, default_value = "text")]
		kind: Kind,
		/// The terms that contributors agree to.
		#[arg(long, default_value = "")]
		terms: String,
		/// Who accepts contributions.
		#[arg(long, value_enum, default_value = "owner")]
		policy: Policy,
		/// A curator's address; repeat for several.
		#[arg(long)]
		curator: Vec<String>,
	},
	/// List Datanets.
	List,
	/// List the contributions to a Datanet.
	Contributions {
		/// The Datanet's number.
		datanet: u32,
	},
	/// List the records of a Datanet, in the tree's order.
	Records {
		/// The Datanet's number.
		datanet: u32,
	},
	/// Contribute records: .jsonl (one record a line), .md (one a section), .txt (one a paragraph).
	///
	/// The content goes to the worker, the chain first gets a sealed commitment and then the
	/// hashes. Interrupted in between, the same command goes on where it stopped.
	Contribute {
		/// The Datanet's number.
		datanet: u32,
		/// Files and folders.
		#[arg(required = true)]
		paths: Vec<PathBuf>,
	},
	/// Accept pending contributions, waiting until they can be accepted.
	Accept {
		/// The Datanet's number.
		datanet: u32,
		/// The contributions; all that are pending when none is named.
		contributions: Vec<u32>,
	},
	/// Reject a pending contribution.
	Reject {
		/// The Datanet's number.
		datanet: u32,
		/// The contribution.
		contribution: u32,
		/// Why.
		reason: String,
	},
	/// Withdraw a pending contribution of yours.
	Withdraw {
		/// The Datanet's number.
		datanet: u32,
		/// The contribution.
		contribution: u32,
	},
	/// Freeze the tree as it stands, so that models can be trained on it.
	Snapshot {
		/// The Datanet's number.
		datanet: u32,
	},
	/// End contributing for good, and freezing: take the last snapshot before.
	Close {
		/// The Datanet's number.
		datanet: u32,
	},
}

impl Command {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let chain = context.chain().await?;
		let output = context.output();
		match self {
			Self::Create { name, description, kind, terms, policy, curator } => {
				let curators = curator
					.iter()
					.map(|text| {
						let account = keys::account(text)?;
						let raw: &[u8; 32] = account.as_ref();
						Ok(bytes(raw))
					})
					.collect::<Result<Vec<_>>>()?;
				let kind = match kind {
					Kind::Text => "Text",
					Kind::QuestionAnswer => "QuestionAnswer",
					Kind::Image => "Image",
					Kind::Row => "Row",
				};
				let policy = match policy {
					Policy::Open => "Open",
					Policy::Owner => "Owner",
					Policy::Curators => "Curators",
				};
				let arguments = vec![
					("name", bytes(&name)),
					("description", bytes(&description)),
					("kind", variant(kind)),
					("terms", bytes(&terms)),
					("policy", variant(policy)),
					("curators", list(curators)),
				];
				let events =
					chain.submit(&context.signer()?, "Datanets", "create", arguments).await?;
				let datanet = chain::find(&events, "Datanets", "Created")?.number("datanet");
				let datanet = datanet.context("the event names no Datanet")? as u32;
				output.show(&json!({ "datanet": datanet, "name": name }), |_| {
					format!("Datanet {datanet}: {name}")
				});
			}
			Self::List => {
				let datanets = all(
					|start| chain.api("datanets", (start, MAX_PAGE)),
					|found: &DatanetInfo<AccountId32>| found.id,
				)
				.await?;
				output.show(&datanets, |datanets| {
					output::table(datanets.iter().map(Row::from), "There are no Datanets yet.")
				});
			}
			Self::Contributions { datanet } => {
				let found = contributions(&chain, datanet).await?;
				output.show(&found, |found| {
					output::table(
						found.iter().map(ContributionRow::from),
						"Nothing contributed yet.",
					)
				});
			}
			Self::Records { datanet } => {
				let records = records(&chain, datanet, u32::MAX).await?;
				output.show(&records, |records| {
					output::table(records.iter().map(RecordRow::from), "No records accepted yet.")
				});
			}
			Self::Contribute { datanet, paths } => {
				let made = contribute::contribute(context, &chain, datanet, &paths).await?;
				output.show(&made, |made| {
					let numbers: Vec<_> = made.contributions.iter().map(u32::to_string).collect();
					format!("{} records as contribution {}", made.records, numbers.join(", "))
				});
			}
			Self::Accept { datanet, contributions: named } => {
				let mut pending: Vec<_> = contributions(&chain, datanet)
					.await?
					.into_iter()
					.filter(|found| {
						found.status == "pending" && (named.is_empty() || named.contains(&found.id))
					})
					.collect();
				// They enter the tree in the order in which they were named.
				pending.sort_by_key(|found| named.iter().position(|id| *id == found.id));
				if let Some(missing) = named.iter().find(|id| !pending.iter().any(|p| p.id == **id))
				{
					bail!("contribution {missing} of Datanet {datanet} is not pending");
				}
				let best = chain.best().await?;
				let from = pending.iter().map(|found| found.acceptable_at).max().unwrap_or(0);
				if best < from {
					output.say(format!(
						"they can be accepted from block {from} on; the chain is at {best}"
					));
					chain.wait_for(from).await?;
				}
				let calls: Vec<_> = pending
					.iter()
					.map(|found| {
						let arguments =
							[("datanet", number(datanet)), ("contribution", number(found.id))];
						chain::call("Datanets", "accept", arguments)
					})
					.collect();
				let signer = context.signer()?;
				for batch in calls.chunks(ACCEPTED_AT_ONCE) {
					chain.submit_all(&signer, batch.to_vec()).await?;
				}
				let accepted: Vec<_> = pending.iter().map(|found| found.id).collect();
				output.show(&json!({ "datanet": datanet, "accepted": accepted }), |_| {
					format!("accepted {} contributions", accepted.len())
				});
			}
			Self::Reject { datanet, contribution, reason } => {
				let arguments = vec![
					("datanet", number(datanet)),
					("contribution", number(contribution)),
					("reason", bytes(&reason)),
				];
				chain.submit(&context.signer()?, "Datanets", "reject", arguments).await?;
				output.show(&json!({ "rejected": contribution }), |_| "rejected".into());
			}
			Self::Withdraw { datanet, contribution } => {
				let arguments =
					vec![("datanet", number(datanet)), ("contribution", number(contribution))];
				chain.submit(&context.signer()?, "Datanets", "withdraw", arguments).await?;
				output.show(&json!({ "withdrawn": contribution }), |_| "withdrawn".into());
			}
			Self::Snapshot { datanet } => {
				let arguments = vec![("datanet", number(datanet))];
				let events =
					chain.submit(&context.signer()?, "Datanets", "snapshot", arguments).await?;
				let event = chain::find(&events, "Datanets", "SnapshotFrozen")?;
				let snapshot = event.number("snapshot").context("the event names no snapshot")?;
				let count = event.number("count").context("the event names no count")?;
				let result = json!({ "datanet": datanet, "snapshot": snapshot as u32, "records": count as u32 });
				output
					.show(&result, |_| format!("snapshot {datanet}:{snapshot} of {count} records"));
			}
			Self::Close { datanet } => {
				let arguments = vec![("datanet", number(datanet))];
				chain.submit(&context.signer()?, "Datanets", "close", arguments).await?;
				output.show(&json!({ "closed": datanet }), |_| "closed".into());
			}
		}
		Ok(())
	}
}

/// All entries of a listing, page by page.
pub async fn all<T, F>(page: impl Fn(u32) -> F, id: impl Fn(&T) -> u32) -> Result<Vec<T>>
where
	F: Future<Output = Result<Vec<T>>>,
{
	let mut found: Vec<T> = Vec::new();
	loop {
		let start = found.last().map_or(0, |last| id(last).saturating_add(1));
		let next = page(start).await?;
		let full = next.len() >= MAX_PAGE as usize;
		found.extend(next);
		if !full {
			return Ok(found);
		}
	}
}

/// A Datanet's contributions.
async fn contributions(
	chain: &chain::Chain,
	datanet: u32,
) -> Result<Vec<ContributionInfo<AccountId32>>> {
	all(
		|start| chain.api("contributions", (datanet, start, MAX_PAGE)),
		|found: &ContributionInfo<AccountId32>| found.id,
	)
	.await
}

/// The first `count` record leaves of a Datanet.
pub async fn records(
	chain: &chain::Chain,
	datanet: u32,
	count: u32,
) -> Result<Vec<RecordLeaf<AccountId32>>> {
	let mut found: Vec<RecordLeaf<AccountId32>> = Vec::new();
	while (found.len() as u32) < count {
		let limit = MAX_PAGE.min(count - found.len() as u32);
		let page: Vec<RecordLeaf<AccountId32>> =
			chain.api("records", (datanet, found.len() as u32, limit)).await?;
		let short = (page.len() as u32) < limit;
		found.extend(page);
		if short {
			break;
		}
	}
	Ok(found)
}

#[derive(Tabled)]
struct Row {
	id: u32,
	name: String,
	kind: String,
	policy: String,
	records: u32,
	snapshots: String,
	owner: String,
}

impl From<&DatanetInfo<AccountId32>> for Row {
	fn from(info: &DatanetInfo<AccountId32>) -> Self {
		let snapshots: Vec<_> = info
			.snapshots
			.iter()
			.map(|(id, snapshot)| format!("{id} ({})", snapshot.count))
			.collect();
		Self {
			id: info.id,
			name: info.name.clone(),
			kind: info.kind.clone(),
			policy: if info.closed { "closed".into() } else { info.policy.clone() },
			records: info.records,
			snapshots: snapshots.join(", "),
			owner: output::brief(&info.owner),
		}
	}
}

#[derive(Tabled)]
struct ContributionRow {
	id: u32,
	contributor: String,
	status: String,
	records: usize,
	committed: u32,
	acceptable: u32,
}

impl From<&ContributionInfo<AccountId32>> for ContributionRow {
	fn from(info: &ContributionInfo<AccountId32>) -> Self {
		Self {
			id: info.id,
			contributor: output::brief(&info.contributor),
			status: info.status.clone(),
			records: info.records.len(),
			committed: info.committed_at,
			acceptable: info.acceptable_at,
		}
	}
}

#[derive(Tabled)]
struct RecordRow {
	index: u32,
	contributor: String,
	content: String,
	bytes: u32,
	committed: u32,
}

impl From<&RecordLeaf<AccountId32>> for RecordRow {
	fn from(leaf: &RecordLeaf<AccountId32>) -> Self {
		Self {
			index: leaf.index,
			contributor: leaf.contributor.to_ss58check(),
			content: output::hex(&leaf.content),
			bytes: leaf.size,
			committed: leaf.committed_at,
		}
	}
}
