//! What the retrained adapters made of every query: one line for each run, losses as the bits of f32.

use crate::{Failure, runs::Run};
use std::{
	collections::BTreeMap,
	fs::{self, OpenOptions},
	io::Write,
	path::{Path, PathBuf},
	str::FromStr,
	sync::Mutex,
};

/// Losses of the queries for each run, in the queries' order.
#[derive(Debug, Clone, Default)]
pub struct Table(pub BTreeMap<Run, Vec<f32>>);

impl Table {
	/// Reads a table; an empty one where there is no file. A last line that was cut off is left out.
	pub fn read(path: &Path) -> Result<Self, Failure> {
		if !path.exists() {
			return Ok(Self::default());
		}
		let text = fs::read_to_string(path)?;
		let whole = text.rfind('\n').map_or("", |end| &text[..end]);
		whole.lines().map(line).collect::<Result<_, _>>().map(Self)
	}

	/// The losses of a run.
	pub fn losses(&self, run: &Run) -> Result<&[f32], Failure> {
		let missing = || format!("{run} is not in the table; run `ground_truth train` first");
		Ok(self.0.get(run).ok_or_else(missing)?)
	}
}

fn line(line: &str) -> Result<(Run, Vec<f32>), Failure> {
	let (name, bits) = line.split_once(' ').ok_or("a line of the table has no losses")?;
	let bytes = hex::decode(bits)?;
	let (chunks, rest) = bytes.as_chunks::<4>();
	if !rest.is_empty() {
		return Err(format!("the losses of {name} are cut off").into());
	}
	Ok((Run::from_str(name)?, chunks.iter().map(|bits| f32::from_be_bytes(*bits)).collect()))
}

/// A table that grows on disk, a line at a time.
pub struct Growing {
	path: PathBuf,
	lock: Mutex<()>,
}

impl Growing {
	/// Goes on with a file; a line that was cut off is removed.
	pub fn open(path: &Path) -> Result<Self, Failure> {
		if path.exists() {
			let text = fs::read_to_string(path)?;
			let whole = text.rfind('\n').map_or(0, |end| end + 1);
			if whole < text.len() {
				OpenOptions::new().write(true).open(path)?.set_len(whole as u64)?;
			}
		}
		Ok(Self { path: path.into(), lock: Mutex::new(()) })
	}

	/// Adds a run.
	pub fn add(&self, run: &Run, losses: &[f32]) -> Result<(), Failure> {
		let bytes: Vec<u8> = losses.iter().flat_map(|loss| loss.to_be_bytes()).collect();
		let line = format!("{run} {}\n", hex::encode(bytes));
		let _held = self.lock.lock().map_err(|_| "another run failed")?;
		let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
		file.write_all(line.as_bytes())?;
		Ok(file.sync_data()?)
	}
}
