//! Comparing two records, which are fetched first: content is public, and in nobody's hands alone.

use openledger_attribution::compare::compare;
use openledger_primitives_attribution::{audit::Traces, duplicate::Overlap};
use openledger_primitives_core::{Hash, record::RecordEntry};
use openledger_primitives_inference::{Failure, comparison::Comparison};
use tokio_util::sync::CancellationToken;

use super::{Server, engine};

/// A record that is too large for any store, or whose bytes are not those that it is known by, can be had no more
/// than one that is nowhere.
fn failure(content: &Hash, failure: Failure) -> Failure {
	match failure {
		Failure::BadContent(_) => Failure::MissingContent(*content),
		other => other,
	}
}

impl Server {
	pub(super) fn compared(
		&self,
		comparison: &Comparison,
		cancel: &CancellationToken,
	) -> Result<(Overlap, Traces), Failure> {
		let Comparison { later: one, earlier: other, seed, .. } = comparison;
		let later = self.content(one, cancel)?;
		// Where both have the same content, it is the later one's, which has said its size: what the earlier
		// one has said of it is no fault of the later one's, whose content would be named as missing.
		if one.content == other.content {
			return Ok(compare(&later, &later, seed));
		}
		let earlier = self.content(other, cancel)?;
		Ok(compare(&later, &earlier, seed))
	}

	/// The content of a record, read only where it has the size that the chain says.
	fn content(
		&self,
		record: &RecordEntry,
		cancel: &CancellationToken,
	) -> Result<Vec<u8>, Failure> {
		let hash = &record.content;
		let path = self.loader.file(hash, cancel.into()).map_err(|error| failure(hash, error))?;
		let size = std::fs::metadata(&path).map_err(engine)?.len();
		if size != u64::from(record.size) {
			return Err(Failure::MissingContent(*hash));
		}
		std::fs::read(path).map_err(engine)
	}
}

#[cfg(test)]
mod tests;
