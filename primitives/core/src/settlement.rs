//! Who is paid what for one answer.

use crate::{Balance, MAX_CREDITS};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::{BoundedVec, Permill};

/// How a fee is divided, a parameter of the runtime. What the named parts leave goes to the
/// treasury, so the parts add up to the whole by construction.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct FeeSplit {
	/// To the contributors whose records moved the answer.
	pub contributors: Permill,
	/// To the model's owner, and from it the base's royalty.
	pub owner: Permill,
	/// To the operator who answered.
	pub operator: Permill,
	/// To those who verify.
	pub verifiers: Permill,
	/// To those who secure the chain.
	pub validators: Permill,
}

impl FeeSplit {
	/// Whether the named parts leave the treasury zero or more.
	pub fn is_valid(&self) -> bool {
		[self.contributors, self.owner, self.operator, self.verifiers, self.validators]
			.iter()
			.try_fold(0u32, |sum, part| sum.checked_add(part.deconstruct()))
			.is_some_and(|sum| sum <= Permill::one().deconstruct())
	}
}

/// One payee of the contributors' part.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Payment<AccountId> {
	/// Who is paid.
	pub account: AccountId,
	/// How much, in the smallest unit.
	#[cfg_attr(feature = "std", serde(with = "crate::units"))]
	pub amount: Balance,
}

/// A fee, divided. The parts add up to the fee.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Distribution<AccountId> {
	/// The whole fee.
	#[cfg_attr(feature = "std", serde(with = "crate::units"))]
	pub fee: Balance,
	/// To contributors, one entry for each account.
	pub contributors: BoundedVec<Payment<AccountId>, ConstU32<MAX_CREDITS>>,
	/// To the model's owner.
	pub owner: Payment<AccountId>,
	/// To the base's owner.
	pub royalty: Payment<AccountId>,
	/// To the operator.
	pub operator: Payment<AccountId>,
	/// To the verifiers' account.
	#[cfg_attr(feature = "std", serde(with = "crate::units"))]
	pub verifiers: Balance,
	/// To the validators' account.
	#[cfg_attr(feature = "std", serde(with = "crate::units"))]
	pub validators: Balance,
	/// To the treasury.
	#[cfg_attr(feature = "std", serde(with = "crate::units"))]
	pub treasury: Balance,
}

impl<AccountId> Distribution<AccountId> {
	/// The contributors' part; saturates.
	pub fn contributed(&self) -> Balance {
		self.contributors.iter().fold(0, |sum: Balance, p| sum.saturating_add(p.amount))
	}

	/// The sum of all parts; `None` where it passes what a balance can hold.
	pub fn total(&self) -> Option<Balance> {
		let parts = [
			self.owner.amount,
			self.royalty.amount,
			self.operator.amount,
			self.verifiers,
			self.validators,
			self.treasury,
		];
		self.contributors
			.iter()
			.map(|p| p.amount)
			.chain(parts)
			.try_fold(0, |sum: Balance, part| sum.checked_add(part))
	}
}

/// What the split of one fee depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale<AccountId> {
	/// The fee, already in escrow.
	pub fee: Balance,
	/// The model's owner.
	pub owner: AccountId,
	/// The base's owner.
	pub base_owner: AccountId,
	/// The base's share of the owner's part and of what contributors did not earn.
	pub royalty: Permill,
	/// Who answered.
	pub operator: AccountId,
}
