//! Holding every record that a version can put into a prompt.

use openledger_attribution::examine::{check_read, check_size};
use openledger_primitives_core::record::RecordLeaf;
use openledger_primitives_inference::{Failure, Material};
use sp_core::crypto::AccountId32;
use tokio_util::sync::CancellationToken;

use super::{Server, load::bad};
use crate::stock::Held;

impl Server {
	/// Fetches the records that are not here.
	pub(super) fn stocked(
		&self,
		material: &Material,
		told: &mut dyn FnMut(&Held),
		cancel: &CancellationToken,
	) -> Result<Held, Failure> {
		let Some(retrieval) = &material.retrieval else { return Ok(Held::default()) };
		let served = self.bases.get(&material.base).ok_or(Failure::MissingBase(material.base))?;
		let index = self.loader.retrieval(material, retrieval, &served.base, cancel.into())?;
		let file = index.file();
		// Beyond what an audit reads nobody has to hold it.
		check_size(file.records().iter()).map_err(bad("retrieval index"))?;
		check_read(file.records().iter()).map_err(bad("retrieval index"))?;
		// A leaf without a size is above no floor.
		let found = file.leaves().iter().zip(file.records().iter());
		let records: Vec<RecordLeaf<AccountId32>> =
			found.filter(|(leaf, _)| leaf.scale > 0).map(|(_, record)| record).collect();
		self.loader.keep(&records, told, cancel)
	}
}

#[cfg(test)]
mod tests;
