//! Records that are put into prompts: what a version commits to of them, and what was put into one.

use super::{AsOf, Chain, bytes, number, option, record};
use anyhow::Result;
use codec::{Decode, Encode};
use openledger_primitives_api::FoundInfo;
use openledger_primitives_core::{
	ModelId, RequestId,
	model::{IndexCommitment, Retrieval},
};
use sp_core::crypto::AccountId32;
use subxt::dynamic::Value;

impl Chain {
	/// What finds records for a model version's prompts; none where none are put there, or the runtime knows
	/// of none.
	pub async fn retrieval(&self, model: ModelId) -> Result<Option<Retrieval>> {
		AsOf::best(self).asked("retrieval", model).await
	}

	/// What was put into the prompt of the answer that a claim is on; none where nothing is put there, or the
	/// runtime knows of nothing.
	pub async fn found(&self, claim: RequestId) -> Result<Option<FoundInfo<AccountId32>>> {
		AsOf::best(self).found(claim).await
	}
}

impl AsOf<'_> {
	/// As [`Chain::found`].
	pub async fn found(&self, claim: RequestId) -> Result<Option<FoundInfo<AccountId32>>> {
		self.asked("found", claim).await
	}

	/// What a function says that earlier runtimes don't have.
	async fn asked<T: Decode>(&self, function: &str, argument: impl Encode) -> Result<Option<T>> {
		let client = &self.chain.client;
		let at = match self.block {
			Some(block) => client.at_block(subxt::utils::H256(block.0)).await?,
			None => client.at_current_block().await?,
		};
		let api = at.metadata_ref().runtime_api_trait_by_name("OpenLedgerApi");
		match api.is_some_and(|api| api.method_by_name(function).is_some()) {
			true => self.api(function, argument).await,
			false => Ok(None),
		}
	}
}

/// A commitment to an index.
pub fn index(of: IndexCommitment) -> Value {
	record([
		("records_root", bytes(of.records_root)),
		("records", number(of.records)),
		("contributors_root", bytes(of.contributors_root)),
		("contributors", number(of.contributors)),
		("floor_ppm", number(of.floor_ppm)),
		("file", bytes(of.file)),
	])
}

/// What a version commits to of records in prompts, or that there are none.
pub fn retrieval(of: Option<Retrieval>) -> Value {
	option(of.map(|of| {
		record([
			("most", number(of.most)),
			("dimension", number(of.dimension)),
			("part", number(of.part.deconstruct())),
			("lens", bytes(of.lens)),
			("index", index(of.index)),
		])
	}))
}

#[cfg(test)]
mod tests {
	use super::{super::challenge::tests::encoded, *};
	use openledger_primitives_core::Hash;
	use sp_runtime::Permill;

	#[test]
	fn arguments_are_encoded_as_the_runtime_has_them() {
		let index = IndexCommitment {
			records_root: Hash::repeat_byte(1),
			records: 2,
			contributors_root: Hash::repeat_byte(3),
			contributors: 1,
			floor_ppm: 400_000,
			file: Hash::repeat_byte(5),
		};
		let of = Retrieval {
			most: 4,
			dimension: 2_048,
			part: Permill::from_percent(30),
			lens: Hash::repeat_byte(6),
			index,
		};
		assert_eq!(encoded::<IndexCommitment>(&super::index(index)), index.encode());
		for of in [None, Some(of)] {
			assert_eq!(encoded::<Option<Retrieval>>(&retrieval(of)), of.encode());
		}
	}
}
