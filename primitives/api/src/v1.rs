//! What the first version of the runtime API returned where it was different.

use alloc::string::String;
use codec::{Decode, Encode};
use openledger_primitives_core::{
	Balance, Hash, ModelId,
	model::{IndexCommitment, ModelStatus, Price, v1::ModelSpec},
};
use scale_info::TypeInfo;

/// A model version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ModelInfo<AccountId> {
	/// Its number.
	pub id: ModelId,
	/// Its owner.
	pub owner: AccountId,
	/// Its name.
	pub name: String,
	/// What was registered.
	pub spec: ModelSpec,
	/// Whether it answers.
	pub status: ModelStatus,
	/// What an answer costs.
	pub price: Price,
	/// The seed that the chain drew for its index's projection.
	pub projection: Hash,
	/// Its committed index.
	pub index: Option<IndexCommitment>,
	/// Settled answers.
	pub answers: u64,
	/// Fees settled.
	pub fees: Balance,
	/// Of these, what its contributors were paid.
	pub to_contributors: Balance,
}

impl<AccountId> From<ModelInfo<AccountId>> for crate::ModelInfo<AccountId> {
	fn from(old: ModelInfo<AccountId>) -> Self {
		Self {
			id: old.id,
			owner: old.owner,
			name: old.name,
			spec: old.spec.into(),
			status: old.status,
			price: old.price,
			projection: old.projection,
			index: old.index,
			answers: old.answers,
			fees: old.fees,
			to_contributors: old.to_contributors,
		}
	}
}

/// What an account has accrued, and who is paid it: the same until the third version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RewardsInfo<AccountId> {
	/// Accrued and not yet paid out.
	pub accrued: Balance,
	/// Paid out so far of what it had accrued, to whomever.
	pub paid: Balance,
	/// Who is paid in its place, where it named somebody.
	pub payee: Option<AccountId>,
}

impl<AccountId> From<RewardsInfo<AccountId>> for crate::RewardsInfo<AccountId> {
	fn from(old: RewardsInfo<AccountId>) -> Self {
		Self { accrued: old.accrued, paid: old.paid, payee: old.payee, open: false }
	}
}
