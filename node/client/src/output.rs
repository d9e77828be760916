//! What the commands print: tables for people, or one JSON value with `--json`.

use anyhow::Context as _;
use openledger_primitives_core::Hash;
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::path::Path;
use tabled::{Table, Tabled, settings::Style};

/// How results are printed.
#[derive(Clone, Copy)]
pub struct Output {
	/// One JSON value instead of text.
	pub json: bool,
}

impl Output {
	/// Prints `value` as JSON, or what `text` makes of it.
	pub fn show<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
		if self.json {
			match serde_json::to_string(value) {
				Ok(json) => println!("{json}"),
				Err(error) => eprintln!("can't write JSON: {error}"),
			}
		} else {
			println!("{}", text(value));
		}
	}

	/// Tells people how far it is; silent with `--json`.
	pub fn say(&self, text: impl std::fmt::Display) {
		if !self.json {
			eprintln!("{text}");
		}
	}
}

/// A table, or `nothing` where there are no rows.
pub fn table<T: Tabled>(rows: impl IntoIterator<Item = T>, nothing: &str) -> String {
	let rows: Vec<T> = rows.into_iter().collect();
	if rows.is_empty() {
		return nothing.into();
	}
	Table::new(rows).with(Style::sharp()).to_string()
}

/// An account's address, shortened for tables.
pub fn brief(account: &AccountId32) -> String {
	let address = account.to_ss58check();
	format!("{}…{}", &address[..6], &address[address.len() - 4..])
}

/// A hash in hex.
pub fn hex(hash: &Hash) -> String {
	format!("{hash:?}")
}

/// What may stand for a character of a text by others. Control characters can drive a terminal, and
/// those that set a direction of writing, or that nobody sees, can make a text look like another one:
/// U+FFFD stands for them. Line breaks and tabs stay; so do the joiners that scripts and emoji need.
pub fn visible(character: char) -> char {
	match character {
		'\n' | '\t' => character,
		'\r' => ' ',
		'\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' => {
			char::REPLACEMENT_CHARACTER
		}
		'\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}' => {
			char::REPLACEMENT_CHARACTER
		}
		other if other.is_control() => char::REPLACEMENT_CHARACTER,
		other => other,
	}
}

/// Writes a file as a whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
	let tell = || format!("can't write {}", path.display());
	if let Some(folder) = path.parent() {
		std::fs::create_dir_all(folder).with_context(tell)?;
	}
	let part = path.with_extension("part");
	std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path)).with_context(tell)
}

/// The first `most` characters of a text, on one line.
pub fn excerpt(text: &str, most: usize) -> String {
	let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
	let line: String = line.chars().map(visible).collect();
	if line.chars().count() <= most {
		return line;
	}
	let cut: String = line.chars().take(most.saturating_sub(1)).collect();
	format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn excerpt_is_one_line_and_never_longer() {
		assert_eq!(excerpt("a\n b", 10), "a b");
		assert_eq!(excerpt("äöüß äöüß", 6), "äöüß…");
	}

	#[test]
	fn characters_that_drive_terminals_or_reorder_text_are_not_shown() {
		assert_eq!(excerpt("a\u{1b}[31mb", 10), "a\u{fffd}[31mb");
		assert_eq!(excerpt("pay \u{202e}ecila\u{2069}", 20), "pay \u{fffd}ecila\u{fffd}");
		assert_eq!(
			"é\n\t\u{200d}\u{85}".chars().map(visible).collect::<String>(),
			"é\n\t\u{200d}\u{fffd}"
		);
	}
}
