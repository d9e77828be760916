//! What an operator asks of its own worker before it says that it serves a model version: to hold every record that
//! the version can put into a prompt.

use codec::Encode;
use openledger_primitives_core::{Hash, ModelId};
use serde::{Deserialize, Serialize};

/// Where it is asked; the model version's number follows, in decimal.
pub const STOCK_PATH: &str = "/v1/stock/";

const STOCK: &[u8; 19] = b"openledger/stock/1:";

/// How far the worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
	/// Records are looked for and fetched: ask again.
	Fetching,
	/// All are there.
	Complete,
	/// Some are neither there nor at a peer of the worker's.
	Lacking,
}

/// How many records the worker holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
	/// How far it is.
	pub progress: Progress,
	/// How many records the version can put into prompts; zero until that is known.
	pub records: u32,
	/// How many of them are there, as far as was looked.
	pub here: u32,
	/// Some of those that are nowhere.
	pub missing: Vec<Hash>,
}

/// The path for a model version.
pub fn path(model: ModelId) -> String {
	format!("{STOCK_PATH}{model}")
}

/// What an operator signs to have its worker hold a version's records, on the chain with that genesis hash. Whoever
/// sends the signature again has them held, which they are.
pub fn payload(genesis: &Hash, model: ModelId) -> Vec<u8> {
	let mut bytes = STOCK.to_vec();
	(genesis, model).encode_to(&mut bytes);
	bytes
}
