//! The filter `tojson` as Hugging Face gives it to templates: Python's `json.dumps` without escapes for
//! HTML, `ensure_ascii` off.

use std::io;

use minijinja::{
	Error, ErrorKind, Value,
	value::{Kwargs, Rest},
};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Widest indentation that is accepted.
const MAX_INDENT: usize = 16;

/// `value | tojson(indent, ensure_ascii)`.
///
/// # Errors
/// Options that it does not know, and values that JSON has no form for.
pub(super) fn tojson(value: &Value, indent: Rest<Value>, options: Kwargs) -> Result<String, Error> {
	if value.is_undefined() {
		return Err(Error::new(ErrorKind::UndefinedError, "tojson of what is not defined"));
	}
	let named: Option<Value> = options.get("indent")?;
	let indent = indent.0.into_iter().next().or(named).filter(|indent| !indent.is_none());
	let ensure_ascii: Option<bool> = options.get("ensure_ascii")?;
	options.assert_all_used()?;
	let mut text = Vec::new();
	let written = match indent {
		None => value.serialize(&mut Serializer::with_formatter(&mut text, Spaced)),
		Some(indent) => {
			let indent = usize::try_from(indent).ok().filter(|indent| *indent <= MAX_INDENT);
			let refusal =
				|| Error::new(ErrorKind::InvalidOperation, "indent of tojson is too wide");
			let indent = vec![b' '; indent.ok_or_else(refusal)?];
			let formatter = PrettyFormatter::with_indent(&indent);
			value.serialize(&mut Serializer::with_formatter(&mut text, formatter))
		}
	};
	let failed = |error: &dyn std::fmt::Display| {
		Error::new(ErrorKind::BadSerialization, format!("tojson: {error}"))
	};
	written.map_err(|error| failed(&error))?;
	let text = String::from_utf8(text).map_err(|error| failed(&error))?;
	Ok(if ensure_ascii == Some(true) { escaped(&text) } else { text })
}

/// With what is not ASCII, which only strings have, in UTF-16 escapes.
fn escaped(text: &str) -> String {
	let mut result = String::with_capacity(text.len());
	for character in text.chars() {
		match character.is_ascii() {
			true => result.push(character),
			false => {
				let units = &mut [0; 2];
				for unit in character.encode_utf16(units) {
					result += &format!("\\u{unit:04x}");
				}
			}
		}
	}
	result
}

/// One line with a space after every comma and colon, as Python writes it.
struct Spaced;

impl Formatter for Spaced {
	fn begin_array_value<W: ?Sized + io::Write>(
		&mut self,
		writer: &mut W,
		first: bool,
	) -> io::Result<()> {
		if first { Ok(()) } else { writer.write_all(b", ") }
	}

	fn begin_object_key<W: ?Sized + io::Write>(
		&mut self,
		writer: &mut W,
		first: bool,
	) -> io::Result<()> {
		if first { Ok(()) } else { writer.write_all(b", ") }
	}

	fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
		writer.write_all(b": ")
	}
}
