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

use openlora::{Base, score::teacher_forced};

const USAGE: &str = "usage: teacher_forced BASE ids | teacher_forced BASE logits OUT";

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
				// Nothing is asked of the token after the last, but that there is one.
				let followed = [&tokens[..], &[0]].concat();
				let mut failed = Ok(());
				teacher_forced(&base, None, &followed, 0, &mut |_, logits| {
					let bytes: Vec<u8> = logits.iter().flat_map(|z| z.to_le_bytes()).collect();
					if failed.is_ok() {
						failed = out.write_all(&bytes);
					}
					Ok(())
				})?;
				failed?;
			}
			out.flush()?;
		}
		_ => return Err(USAGE.into()),
	}
	Ok(())
}
