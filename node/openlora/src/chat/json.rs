//! JSON as Python writes it, which is what templates were made with.

use std::io;

use minijinja::{Error, ErrorKind, Value, value::Kwargs};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// The deepest indentation of a level.
const MAX_INDENT: usize = 16;

/// One space after commas and colons.
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

/// A JSON value for templates. Serialising would show how serde_json holds numbers.
pub(super) fn value(json: &serde_json::Value) -> Value {
	use serde_json::Value as Json;
	match json {
		Json::Null => Value::from(()),
		Json::Bool(yes) => Value::from(*yes),
		Json::Number(number) => match (number.as_i64(), number.as_f64()) {
			(Some(whole), _) => Value::from(whole),
			(None, Some(float)) => Value::from(float),
			(None, None) => Value::from(number.to_string()),
		},
		Json::String(text) => Value::from(text.as_str()),
		Json::Array(items) => items.iter().map(value).collect(),
		Json::Object(fields) => {
			fields.iter().map(|(name, field)| (name.as_str(), value(field))).collect()
		}
	}
}

/// The filter `tojson` as Hugging Face gives it to templates: nothing is escaped for HTML, letters
/// beyond ASCII stay, and there is an optional indentation.
pub(super) fn tojson(value: &Value, options: Kwargs) -> Result<Value, Error> {
	let indent: Option<usize> = options.get("indent")?;
	let _: Option<bool> = options.get("ensure_ascii")?;
	options.assert_all_used()?;
	let mut bytes = Vec::new();
	let written = match indent {
		Some(indent) => {
			let spaces = " ".repeat(indent.min(MAX_INDENT));
			let pretty = PrettyFormatter::with_indent(spaces.as_bytes());
			value.serialize(&mut Serializer::with_formatter(&mut bytes, pretty))
		}
		None => value.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced)),
	};
	let refused = |reason: String| Error::new(ErrorKind::BadSerialization, reason);
	written.map_err(|error| refused(error.to_string()))?;
	let text = String::from_utf8(bytes).map_err(|error| refused(error.to_string()))?;
	Ok(Value::from_safe_string(text))
}
