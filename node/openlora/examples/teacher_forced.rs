//! Token ids and logits for comparison with another implementation.
//!
//! `teacher_forced BASE ids < texts.json` reads a JSON list of texts and prints the list of their
//! token ids, special tokens recognised and none added.
//!
//! `teacher_forced BASE logits OUT < ids.json` reads a JSON list of token id lists and writes the
//! logits after every token, row after row, as little-endian f32 to the file OUT.

use std::{
	error::Error,
	fs::File,
	io::{BufWriter, Read, Write},
	path::Path,
};

use openlora::{Base, Cache, model};

const USAGE: &str = "usage: teacher_forced BASE ids | teacher_forced BASE logits OUT";
/// Rows of logits held at once.
const ROWS: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let mut input = String::new();
	std::io::stdin().read_to_string(&mut input)?;
	match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
		[base, "ids"] => {
			let base = Base::load(Path::new(base))?;
			let texts: Vec<String> = serde_json::from_str(&input)?;
			let ids = texts
				.iter()
				.map(|text| base.tokenizer.encode(text, false))
				.collect::<Result<Vec<_>, _>>()?;
			println!("{}", serde_json::to_string(&ids)?);
		}
		[base, "logits", out] => {
			let base = Base::load(Path::new(base))?;
			let sequences: Vec<Vec<u32>> = serde_json::from_str(&input)?;
			let mut out = BufWriter::new(File::create(out)?);
			for tokens in &sequences {
				let mut cache = Cache::new(&base.config);
				let hidden = model::forward(&base, None, tokens, &mut cache)?;
				for row in (0..tokens.len()).step_by(ROWS) {
					let rows = ROWS.min(tokens.len() - row);
					let logits = model::logits(&base, &hidden.narrow(0, row, rows)?)?;
					for value in logits.flatten_all()?.to_vec1::<f32>()? {
						out.write_all(&value.to_le_bytes())?;
					}
				}
			}
			out.flush()?;
		}
		_ => return Err(USAGE.into()),
	}
	Ok(())
}
