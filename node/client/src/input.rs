//! Records from files and folders: JSONL, Markdown and text.
//!
//! A record is one line of JSON, as it is stored: `{"question": …, "answer": …}` or `{"text": …}`.
//! A line of JSONL is taken as it stands; Markdown is cut at its headings, text at empty lines.

use anyhow::{Context, Result, bail};
use std::{
	fs::File,
	io::{BufRead, BufReader, Read},
	path::{Path, PathBuf},
};

/// The most bytes of one file that is read. Larger files are refused before they are read.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// One record, ready to be contributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
	/// The line of JSON.
	pub bytes: Vec<u8>,
	/// The file and line it came from.
	pub origin: String,
}

/// All records of `paths`, in order of name; folders are searched through.
pub fn read(paths: &[PathBuf], max_record: usize) -> Result<Vec<Record>> {
	let mut records = Vec::new();
	for path in files(paths)? {
		let size = std::fs::metadata(&path)?.len();
		if size > MAX_FILE {
			bail!(
				"{} has {size} bytes, more than the {MAX_FILE} that one file may have: split it",
				path.display()
			);
		}
		let before = records.len();
		match extension(&path) {
			Some("jsonl") => read_lines(&path, max_record, &mut records)?,
			Some("md" | "markdown") => read_text(&path, max_record, is_heading, &mut records)?,
			_ => read_text(&path, max_record, |line| line.trim().is_empty(), &mut records)?,
		}
		if records.len() == before {
			bail!("{} holds no record", path.display());
		}
	}
	Ok(records)
}

fn extension(path: &Path) -> Option<&str> {
	path.extension()?.to_str()
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
	let mut found = Vec::new();
	for path in paths {
		let about =
			std::fs::metadata(path).with_context(|| format!("can't read {}", path.display()))?;
		if !about.is_dir() {
			found.push(path.clone());
			continue;
		}
		let mut entries = std::fs::read_dir(path)?
			.map(|entry| Ok(entry?.path()))
			.collect::<Result<Vec<PathBuf>>>()?;
		entries.retain(|entry| {
			entry.is_dir() || matches!(extension(entry), Some("jsonl" | "md" | "markdown" | "txt"))
		});
		entries.sort();
		if entries.is_empty() {
			bail!("the folder {} holds no .jsonl, .md or .txt file", path.display());
		}
		found.extend(files(&entries)?);
	}
	Ok(found)
}

fn lines(path: &Path, max_record: usize) -> Result<impl Iterator<Item = Result<(usize, String)>>> {
	let file = File::open(path).with_context(|| format!("can't open {}", path.display()))?;
	let mut reader = BufReader::new(file);
	let mut number = 0;
	let name = path.display().to_string();
	Ok(std::iter::from_fn(move || {
		number += 1;
		let mut line = Vec::new();
		// One byte over the limit is enough to know that the line is too long.
		let limit = max_record as u64 + 2;
		match (&mut reader).take(limit).read_until(b'\n', &mut line) {
			Err(error) => {
				Some(Err(anyhow::Error::from(error).context(format!("can't read {name}"))))
			}
			Ok(0) => None,
			Ok(read) if read as u64 == limit && line.last() != Some(&b'\n') => {
				Some(Err(anyhow::anyhow!(
					"{name}:{number}: a line of more than {max_record} bytes, the most that one record may have"
				)))
			}
			Ok(_) => Some(
				String::from_utf8(line)
					.map(|line| (number, line.trim_end_matches(['\n', '\r']).to_owned()))
					.map_err(|_| anyhow::anyhow!("{name}:{number}: not UTF-8")),
			),
		}
	}))
}

fn read_lines(path: &Path, max_record: usize, records: &mut Vec<Record>) -> Result<()> {
	for line in lines(path, max_record)? {
		let (number, line) = line?;
		if line.trim().is_empty() {
			continue;
		}
		let origin = format!("{}:{number}", path.display());
		let value: serde_json::Value = serde_json::from_str(&line)
			.with_context(|| format!("{origin}: a line that is no JSON"))?;
		let holds = |field: &str| {
			value.get(field).and_then(|v| v.as_str()).is_some_and(|text| !text.trim().is_empty())
		};
		if !(holds("text") || holds("question") && holds("answer")) {
			bail!("{origin}: a record needs a \"text\", or a \"question\" and an \"answer\"");
		}
		records.push(Record { bytes: line.into_bytes(), origin });
	}
	Ok(())
}

fn is_heading(line: &str) -> bool {
	line.starts_with('#') && line.trim_start_matches('#').starts_with(' ')
}

fn read_text(
	path: &Path,
	max_record: usize,
	starts: impl Fn(&str) -> bool,
	records: &mut Vec<Record>,
) -> Result<()> {
	let mut part = String::new();
	let mut first = 1;
	let mut finish = |part: &mut String, first: usize| -> Result<()> {
		let text = part.trim();
		if !text.is_empty() {
			let bytes = serde_json::to_vec(&serde_json::json!({ "text": text }))?;
			let origin = format!("{}:{first}", path.display());
			if bytes.len() > max_record {
				bail!(
					"{origin}: a section of more than {max_record} bytes, the most that one record may have"
				);
			}
			records.push(Record { bytes, origin });
		}
		part.clear();
		Ok(())
	};
	for line in lines(path, max_record)? {
		let (number, line) = line?;
		if starts(&line) {
			finish(&mut part, first)?;
			first = number;
		}
		part.push_str(&line);
		part.push('\n');
		if part.len() > max_record {
			bail!(
				"{}:{first}: a section of more than {max_record} bytes, the most that one record may have",
				path.display()
			);
		}
	}
	finish(&mut part, first)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn read_one(name: &str, content: &[u8]) -> Result<Vec<Record>> {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join(name);
		std::fs::write(&path, content).unwrap();
		read(&[path], 200)
	}

	fn texts(records: &[Record]) -> Vec<String> {
		records.iter().map(|record| String::from_utf8(record.bytes.clone()).unwrap()).collect()
	}

	#[test]
	fn lines_are_taken_as_they_stand() {
		let records =
			read_one("a.jsonl", b"{\"question\": \"q\",  \"answer\":\"a\"}\r\n\n{\"text\":\"t\"}")
				.unwrap();
		assert_eq!(
			texts(&records),
			["{\"question\": \"q\",  \"answer\":\"a\"}", "{\"text\":\"t\"}"]
		);
		assert!(records[1].origin.ends_with("a.jsonl:3"));
	}

	#[test]
	fn markdown_is_cut_at_headings_and_text_at_empty_lines() {
		let records = read_one("a.md", b"intro\n# One\nx\n\ny\n## Two\nz\n#no heading\n").unwrap();
		assert_eq!(
			texts(&records),
			[
				r#"{"text":"intro"}"#,
				r###"{"text":"# One\nx\n\ny"}"###,
				r###"{"text":"## Two\nz\n#no heading"}"###
			]
		);
		let records = read_one("a.txt", b"one\ntwo\n\n\nthree").unwrap();
		assert_eq!(texts(&records), [r#"{"text":"one\ntwo"}"#, r#"{"text":"three"}"#]);
	}

	#[test]
	fn folders_are_read_in_order_of_name() {
		let folder = tempfile::tempdir().unwrap();
		std::fs::create_dir(folder.path().join("b")).unwrap();
		std::fs::write(folder.path().join("b/2.txt"), "two").unwrap();
		std::fs::write(folder.path().join("a.txt"), "one").unwrap();
		std::fs::write(folder.path().join("ignored.png"), [0xff]).unwrap();
		let records = read(&[folder.path().into()], 100).unwrap();
		assert_eq!(texts(&records), [r#"{"text":"one"}"#, r#"{"text":"two"}"#]);
	}

	#[test]
	fn input_is_refused_when_empty_malformed_too_long_or_missing() {
		for (name, content) in [
			("empty.jsonl", &b""[..]),
			("blank.txt", b"\n\n  \n"),
			("no-json.jsonl", b"not json\n"),
			("no-field.jsonl", b"{\"question\":\"only\"}\n"),
			("empty-field.jsonl", b"{\"text\":\" \"}\n"),
			("latin.txt", b"caf\xe9"),
			("latin.jsonl", b"{\"text\":\"caf\xe9\"}"),
		] {
			assert!(read_one(name, content).is_err(), "{name}");
		}
		let long = format!("{{\"text\":\"{}\"}}", "x".repeat(300));
		assert!(read_one("long.jsonl", long.as_bytes()).is_err());
		assert!(read_one("long.txt", "x".repeat(300).as_bytes()).is_err());
		assert!(read_one("long.md", "x\n".repeat(150).as_bytes()).is_err());
		assert!(read(&["nowhere.jsonl".into()], 100).is_err());
		let folder = tempfile::tempdir().unwrap();
		assert!(read(&[folder.path().into()], 100).is_err());
	}

	#[test]
	fn input_is_refused_unread_when_file_is_huge() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("huge.jsonl");
		// A sparse file: nothing of it is on disk, and nothing of it is to be read.
		File::create(&path).unwrap().set_len(1 << 30).unwrap();
		let error = read(&[path], 100).unwrap_err().to_string();
		assert!(error.contains("split it"), "{error}");
	}
}
