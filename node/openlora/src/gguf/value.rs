//! Metadata values of a GGUF file.

use crate::error::{Error, Result};

/// A metadata value; the widths of integers and floats do not matter to readers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
	Bool(bool),
	Unsigned(u64),
	Signed(i64),
	Float(f64),
	Text(String),
	/// A list of texts, or of lists.
	Array(Vec<Value>),
	/// A list of whole numbers, true or false among them as 1 or 0: their values would take many times
	/// the room that they have in the file.
	Whole(Vec<i64>),
	/// A list of numbers.
	Floats(Vec<f64>),
}

impl Value {
	/// As a non-negative whole number.
	pub(crate) fn as_u64(&self) -> Option<u64> {
		match self {
			Self::Unsigned(value) => Some(*value),
			Self::Signed(value) => u64::try_from(*value).ok(),
			_ => None,
		}
	}

	/// As a size, for the entry `key`.
	pub(crate) fn size(&self, key: &str) -> Result<usize> {
		self.as_u64()
			.and_then(|value| usize::try_from(value).ok())
			.ok_or_else(|| Error::malformed(key, "not a size"))
	}

	/// As a token id, for the entry `key`.
	pub(crate) fn token(&self, key: &str) -> Result<u32> {
		self.as_u64()
			.and_then(|value| u32::try_from(value).ok())
			.ok_or_else(|| Error::malformed(key, "not a token id"))
	}

	/// As a number, for the entry `key`.
	pub(crate) fn float(&self, key: &str) -> Result<f64> {
		match self {
			Self::Float(value) => Ok(*value),
			_ => Err(Error::malformed(key, "not a number")),
		}
	}

	/// As true or false, for the entry `key`.
	pub(crate) fn bool(&self, key: &str) -> Result<bool> {
		match self {
			Self::Bool(value) => Ok(*value),
			_ => Err(Error::malformed(key, "neither true nor false")),
		}
	}

	/// As text, for the entry `key`.
	pub(crate) fn text(&self, key: &str) -> Result<&str> {
		match self {
			Self::Text(text) => Ok(text),
			_ => Err(Error::malformed(key, "not text")),
		}
	}

	/// As a list of whole numbers, for the entry `key`.
	pub(crate) fn whole(&self, key: &str) -> Result<&[i64]> {
		match self {
			Self::Whole(items) => Ok(items),
			_ => Err(Error::malformed(key, "not a list of whole numbers")),
		}
	}

	/// As a list of numbers, for the entry `key`.
	pub(crate) fn floats(&self, key: &str) -> Result<&[f64]> {
		match self {
			Self::Floats(items) => Ok(items),
			_ => Err(Error::malformed(key, "not a list of numbers")),
		}
	}

	/// As a list of texts or lists, for the entry `key`.
	pub(crate) fn array(&self, key: &str) -> Result<&[Self]> {
		match self {
			Self::Array(items) => Ok(items),
			_ => Err(Error::malformed(key, "not a list")),
		}
	}
}
