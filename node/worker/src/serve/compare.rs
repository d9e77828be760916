//! Comparing two records, which are fetched first: content is public, and in nobody's hands alone.

use openledger_attribution::compare::compare;
use openledger_primitives_attribution::{audit::Traces, duplicate::Overlap};
use openledger_primitives_core::Hash;
use openledger_primitives_inference::{Failure, comparison::Comparison};
use tokio_util::sync::CancellationToken;

use super::Server;

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
		let content =
			|hash: &Hash| self.loader.bytes(hash, cancel).map_err(|error| failure(hash, error));
		let later = content(&comparison.later)?;
		let earlier = content(&comparison.earlier)?;
		Ok(compare(&later, &earlier, &comparison.seed))
	}
}

#[cfg(test)]
mod tests;
