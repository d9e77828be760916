//! What was run already: one line for each trial, so that an interrupted measurement goes on where it was.

use crate::{Failure, measure::Trial};
use std::{
	collections::BTreeMap,
	fs::{self, OpenOptions},
	io::Write,
	path::{Path, PathBuf},
	sync::Mutex,
};

/// The trials of a folder.
pub struct Notes {
	path: PathBuf,
	known: Mutex<BTreeMap<String, Trial>>,
}

impl Notes {
	/// Reads those that there are; a last line that was cut off is left out.
	pub fn open(folder: &Path) -> Result<Self, Failure> {
		fs::create_dir_all(folder)?;
		let path = folder.join("trials.jsonl");
		let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
		let whole = text.rfind('\n').map_or(0, |end| end + 1);
		if whole < text.len() {
			OpenOptions::new().write(true).open(&path)?.set_len(whole as u64)?;
		}
		let lines = text[..whole].lines().map(serde_json::from_str::<(String, Trial)>);
		Ok(Self { path, known: Mutex::new(lines.collect::<Result<_, _>>()?) })
	}

	/// The trial of a name: as noted, or run and noted.
	pub fn or_run(
		&self,
		name: &str,
		run: impl FnOnce() -> Result<Trial, Failure>,
	) -> Result<Trial, Failure> {
		let broken = |_| "another trial failed";
		if let Some(trial) = self.known.lock().map_err(broken)?.get(name) {
			return Ok(trial.clone());
		}
		let trial = run()?;
		let line = serde_json::to_string(&(name, &trial))? + "\n";
		let mut known = self.known.lock().map_err(broken)?;
		let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
		file.write_all(line.as_bytes())?;
		known.insert(name.into(), trial.clone());
		Ok(trial)
	}
}
