//! Contributing records in two steps, so that nothing can be copied out of the pool, and so that an
//! interruption between them costs nothing.

use crate::{
	Context,
	chain::{self, Chain, bytes, list, number, record},
	input,
	keys::{self, Signer},
};
use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_primitives_core::record::{RecordEntry, content_hash, contribution_commitment};
use serde::{Deserialize, Serialize};
use std::{
	collections::HashMap,
	path::{Path, PathBuf},
};

/// What was contributed.
#[derive(Serialize)]
pub struct Contributed {
	/// The Datanet.
	pub datanet: u32,
	/// How many records.
	pub records: usize,
	/// The contributions that hold them.
	pub contributions: Vec<u32>,
}

/// A commitment that is not revealed yet, kept on disk from before it is submitted.
#[derive(Serialize, Deserialize)]
struct Sealed {
	salt: [u8; 32],
	committed_at: Option<u32>,
}

/// Contributes the records of `paths`.
pub async fn contribute(
	context: &Context,
	chain: &Chain,
	datanet: u32,
	paths: &[PathBuf],
) -> Result<Contributed> {
	let signer = context.signer()?;
	let output = context.output();
	let largest = chain.constant("Datanets", "MaxRecordSize").await? as usize;
	let most = chain.constant("Datanets", "MaxRecords").await? as usize;
	let records = input::read(paths, largest)?;
	refuse_duplicates(&records)?;
	let store = context.content()?;
	let bar =
		if output.json { ProgressBar::hidden() } else { ProgressBar::new(records.len() as u64) };
	bar.set_style(ProgressStyle::with_template("uploading {wide_bar} {pos}/{len} {eta}")?);
	let mut entries = Vec::with_capacity(records.len());
	for found in &records {
		let content = store.put(&signer, found.bytes.clone()).await?;
		entries.push(RecordEntry { content, size: found.bytes.len() as u32 });
		bar.inc(1);
	}
	bar.finish_and_clear();
	let mut contributions = Vec::new();
	for batch in entries.chunks(most) {
		contributions.push(commit_and_reveal(chain, &signer, datanet, batch).await?);
		output.say(format!("contributed {} records", batch.len()));
	}
	Ok(Contributed { datanet, records: records.len(), contributions })
}

fn refuse_duplicates(records: &[input::Record]) -> Result<()> {
	let mut seen: HashMap<&[u8], &str> = HashMap::new();
	for found in records {
		if let Some(first) = seen.insert(&found.bytes, &found.origin) {
			bail!(
				"{} repeats the record of {first}: each record is contributed once",
				found.origin
			);
		}
	}
	Ok(())
}

async fn commit_and_reveal(
	chain: &Chain,
	signer: &Signer,
	datanet: u32,
	batch: &[RecordEntry],
) -> Result<u32> {
	let folder = keys::data_folder().join("contributions").join(chain.genesis());
	let name: Vec<u8> =
		[&datanet.to_le_bytes()[..], signer.account().as_ref(), &codec::Encode::encode(&batch)]
			.concat();
	let path = folder.join(format!("{}.json", hex::encode(content_hash(&name))));
	let mut sealed = match read(&path)? {
		Some(sealed) => sealed,
		None => {
			let salt = rand::random();
			let sealed = Sealed { salt, committed_at: None };
			write(&path, &sealed)?;
			sealed
		}
	};
	if sealed.committed_at.is_none() {
		let commitment = contribution_commitment(batch, &signer.account(), &sealed.salt);
		let arguments = vec![("datanet", number(datanet)), ("commitment", bytes(commitment))];
		match chain.submit(signer, "Datanets", "commit", arguments).await {
			Ok(_) => {}
			// The commitment of an interrupted run stands: it only has to be revealed.
			Err(error) if format!("{error:#}").contains("AlreadyCommitted") => {}
			Err(error) => return Err(error),
		}
		sealed.committed_at = Some(chain.best().await?);
		write(&path, &sealed)?;
	}
	let committed_at = sealed.committed_at.unwrap_or_default();
	chain.wait_for(committed_at.saturating_add(1)).await?;
	let records = batch
		.iter()
		.map(|entry| record([("content", bytes(entry.content)), ("size", number(entry.size))]));
	let arguments = vec![
		("datanet", number(datanet)),
		("records", list(records)),
		("salt", bytes(sealed.salt)),
	];
	let revealed = chain.submit(signer, "Datanets", "reveal", arguments).await;
	if let Err(error) = &revealed {
		let text = format!("{error:#}");
		// What can't be revealed any more is to be committed anew: the next run draws a new salt.
		if ["CommitmentExpired", "NotCommitted", "RecordTaken"].iter().any(|e| text.contains(e)) {
			std::fs::remove_file(&path)?;
		}
	}
	let events = revealed?;
	std::fs::remove_file(&path)?;
	let event = chain::find(&events, "Datanets", "Revealed")?;
	Ok(event.number("contribution").context("the event names no contribution")? as u32)
}

fn read(path: &Path) -> Result<Option<Sealed>> {
	match std::fs::read(path) {
		Ok(bytes) => serde_json::from_slice(&bytes)
			.map(Some)
			.with_context(|| format!("{} is damaged: remove it to start anew", path.display())),
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
		Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
	}
}

fn write(path: &Path, sealed: &Sealed) -> Result<()> {
	if let Some(folder) = path.parent() {
		std::fs::create_dir_all(folder)?;
	}
	let part = path.with_extension("part");
	std::fs::write(&part, serde_json::to_vec(sealed)?)
		.and_then(|()| std::fs::rename(&part, path))
		.with_context(|| format!("can't keep the salt in {}", path.display()))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn sealed_commitment_survives_and_damage_is_told() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("a/b.json");
		assert!(read(&path).unwrap().is_none());
		write(&path, &Sealed { salt: [7; 32], committed_at: Some(3) }).unwrap();
		let sealed = read(&path).unwrap().unwrap();
		assert_eq!((sealed.salt, sealed.committed_at), ([7; 32], Some(3)));
		std::fs::write(&path, "{").unwrap();
		assert!(read(&path).is_err());
	}

	#[test]
	fn contribution_is_refused_when_a_record_stands_twice() {
		let record = |origin: &str| input::Record { bytes: b"{}".to_vec(), origin: origin.into() };
		let error = refuse_duplicates(&[record("a:1"), record("b:2")]).unwrap_err().to_string();
		assert!(error.contains("a:1") && error.contains("b:2"), "{error}");
	}
}
