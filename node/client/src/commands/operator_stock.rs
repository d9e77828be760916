//! Before `openledger operator serve`: versions that put records into prompts are served by who holds all of them.

use crate::{
	chain::Chain,
	content::{Content, Stocking},
	keys::Signer,
	output::Output,
};
use anyhow::{Result, bail};
use openledger_primitives_core::ModelId;
use openledger_sessions::protocol::stock::{Progress, Standing};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the worker is asked how far it is.
const LOOK: Duration = Duration::from_secs(2);
/// How long one is waited for that can't tell: a version or an operator of a moment ago is not final yet, and an
/// agent's key may be read just now.
const PATIENCE: Duration = Duration::from_secs(90);

/// Has the worker fetch every record that the models put into prompts, and waits until all are there.
pub async fn fetch(
	chain: &Chain,
	worker: &Content,
	signer: &Signer,
	models: &[ModelId],
	output: Output,
) -> Result<()> {
	for model in models {
		if chain.retrieval(*model).await?.is_some() {
			fetch_for(chain, worker, signer, *model, output).await?;
		}
	}
	Ok(())
}

async fn fetch_for(
	chain: &Chain,
	worker: &Content,
	signer: &Signer,
	model: ModelId,
	output: Output,
) -> Result<()> {
	let (mut end, mut told) = (Instant::now() + PATIENCE, None);
	loop {
		match worker.stock(signer, &chain.genesis_hash(), model).await? {
			Stocking::Later(reason) if Instant::now() >= end => {
				bail!("the worker can't hold the records of model {model}: {reason}")
			}
			Stocking::Later(_) => {}
			Stocking::Stands(standing) => {
				if is_there(model, &standing)? {
					return Ok(());
				}
				let now = (standing.here, standing.records);
				if told.replace(now) != Some(now) && standing.records > 0 {
					let Standing { here, records, .. } = standing;
					output.say(format!(
						"model {model}: the worker has {here} of {records} records for prompts"
					));
				}
				end = Instant::now() + PATIENCE;
			}
		}
		sleep(LOOK).await;
	}
}

/// Whether the worker has all records; refused where some are nowhere.
fn is_there(model: ModelId, standing: &Standing) -> Result<bool> {
	let Standing { progress, records, here, missing } = standing;
	match progress {
		Progress::Complete => Ok(true),
		Progress::Fetching => Ok(false),
		Progress::Lacking => {
			let missing: Vec<String> = missing.iter().map(hex::encode).collect();
			bail!(
				"model {model} is not served: of the {records} records that it puts into prompts the worker found \
				 {here}. Neither it nor a peer of it has {}. Start the node with --operator-peer for a worker that \
				 has them, or ask their contributors to upload them again",
				missing.join(", ")
			)
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::Hash;

	#[test]
	fn model_is_served_once_the_worker_has_all_records_and_not_where_some_are_nowhere() {
		let standing = |progress, missing: &[u8]| Standing {
			progress,
			records: 4,
			here: 3,
			missing: missing.iter().map(|byte| Hash::repeat_byte(*byte)).collect(),
		};
		assert!(is_there(5, &standing(Progress::Complete, &[])).unwrap());
		assert!(!is_there(5, &standing(Progress::Fetching, &[])).unwrap());
		let refused = is_there(5, &standing(Progress::Lacking, &[0xab])).unwrap_err().to_string();
		assert!(refused.contains(&"ab".repeat(32)) && refused.contains("model 5"), "{refused}");
	}
}
