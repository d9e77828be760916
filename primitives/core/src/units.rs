//! Amounts in JSON: decimal strings of the smallest unit, since JSON's numbers lose digits beyond
//! 2⁵³ in most readers. For use with `#[serde(with = …)]`.

use crate::Balance;
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::string::String;

/// Writes the amount as a string.
pub fn serialize<S: Serializer>(amount: &Balance, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.collect_str(amount)
}

/// Reads the amount from a string.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Balance, D::Error> {
	let text = String::deserialize(deserializer)?;
	text.parse().map_err(|_| D::Error::custom("an amount is a string of decimal digits"))
}
