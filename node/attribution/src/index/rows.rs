//! An index's leaves as they are asked for by position.

use super::view::{LeafRef, View};
use openledger_primitives_attribution::ContributorLeaf;
use openledger_primitives_core::record::RecordLeaf;
use sp_core::crypto::AccountId32;

macro_rules! rows {
	($(#[$doc:meta])* $name:ident, $item:ty, $one:ident, $count:ident) => {
		$(#[$doc])*
		#[derive(Debug, Clone, Copy)]
		pub struct $name<'a>(pub(super) View<'a>);

		impl<'a> $name<'a> {
			/// How many there are.
			pub fn len(&self) -> usize {
				self.0.$count()
			}

			/// Whether there are none.
			pub fn is_empty(&self) -> bool {
				self.len() == 0
			}

			/// The one at a place; `None` beyond the last.
			pub fn get(&self, at: usize) -> Option<$item> {
				self.0.$one(at)
			}

			/// All of them, in order.
			pub fn iter(&self) -> impl DoubleEndedIterator<Item = $item> + use<'a> {
				let view = self.0;
				(0..self.len()).filter_map(move |at| view.$one(at))
			}
		}
	};
}

rows! {
	/// The leaves of an index, in manifest order.
	Leaves, LeafRef<'a>, leaf, len
}

rows! {
	/// The record leaves of an index, in manifest order.
	Records, RecordLeaf<AccountId32>, record, len
}

rows! {
	/// The contributor leaves of an index, in ascending order of account.
	Contributors, ContributorLeaf<AccountId32>, contributor, contributors
}
