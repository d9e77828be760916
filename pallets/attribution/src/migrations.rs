//! Migrations.

use crate::{
	Challenge, Challenges, ClaimRecord, Claims, Config, Correction, Pallet, Status, Target,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use openledger_primitives_attribution::{Credit, Evidence};
use openledger_primitives_core::{BlockNumber, Hash, MAX_CREDITS, ModelId, Sketch};
use sp_runtime::{BoundedVec, Permill, traits::ConstU32};

pub(crate) mod old {
	use super::*;
	use frame_support::{Blake2_128Concat, Twox64Concat, storage_alias};
	use openledger_primitives_core::RequestId;

	/// Challenges when there were none but those to claims.
	#[storage_alias]
	pub(crate) type Challenges<T: Config> = StorageDoubleMap<
		Pallet<T>,
		Twox64Concat,
		RequestId,
		Blake2_128Concat,
		<T as frame_system::Config>::AccountId,
		Challenge,
	>;
}

/// Names what standing challenges are against. What they commit to was encoded in another way, so that
/// none of them can be opened any more: they are withdrawn, and their deposits freed.
///
/// All are migrated in one block. Each has a deposit and none stands for long.
pub type NameTargets<T> = VersionedMigration<
	1,
	2,
	NameTargetsUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`NameTargets`] does, whatever the storage's version.
pub struct NameTargetsUnchecked<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for NameTargetsUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let standing: Vec<_> = old::Challenges::<T>::drain().collect();
		let count = standing.len() as u64;
		for (request, who, challenge) in standing {
			Challenges::<T>::insert(Target::Claim(request), who, challenge);
		}
		T::DbWeight::get().reads_writes(count.saturating_add(1), count.saturating_mul(2))
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, sp_runtime::TryRuntimeError> {
		Ok((old::Challenges::<T>::iter_keys().count() as u64).encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		let before = u64::decode(&mut &before[..]).map_err(|_| "no count of challenges")?;
		let after = Challenges::<T>::iter().count() as u64;
		// Claims are migrated next: the rest can't be checked before.
		frame_support::ensure!(after == before, "a challenge was lost");
		Ok(())
	}
}

/// Gives every claim room for what was put into its prompt, of which there was none.
///
/// All are migrated in one block. Each is there until its request is pruned, has a deposit, and takes a
/// twentieth of a millisecond of weight to read and write.
pub type AddFound<T> = VersionedMigration<
	2,
	3,
	AddFoundUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`AddFound`] does, whatever the storage's version.
pub struct AddFoundUnchecked<T>(PhantomData<T>);

/// A claim before it knew what was put into its prompt.
#[derive(Encode, Decode)]
pub(crate) struct OldClaim<AccountId> {
	pub(crate) model: ModelId,
	pub(crate) operator: AccountId,
	pub(crate) payer: AccountId,
	pub(crate) submitted_at: BlockNumber,
	pub(crate) final_at: BlockNumber,
	pub(crate) gain: i32,
	pub(crate) earned: Permill,
	pub(crate) trace: Hash,
	pub(crate) digest: Hash,
	pub(crate) sketch: Sketch,
	pub(crate) paid: BoundedVec<Credit<AccountId>, ConstU32<MAX_CREDITS>>,
	pub(crate) evidence: BoundedVec<Evidence<AccountId>, ConstU32<MAX_CREDITS>>,
	pub(crate) standing: u32,
	pub(crate) correction: Option<Correction<AccountId>>,
	pub(crate) status: Status,
}

impl<AccountId> From<OldClaim<AccountId>> for ClaimRecord<AccountId> {
	fn from(old: OldClaim<AccountId>) -> Self {
		Self {
			model: old.model,
			operator: old.operator,
			payer: old.payer,
			submitted_at: old.submitted_at,
			final_at: old.final_at,
			gain: old.gain,
			earned: old.earned,
			trace: old.trace,
			digest: old.digest,
			sketch: old.sketch,
			paid: old.paid,
			evidence: old.evidence,
			standing: old.standing,
			correction: old.correction,
			status: old.status,
			found: None,
		}
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for AddFoundUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut count = 0u64;
		Claims::<T>::translate_values(|old: OldClaim<T::AccountId>| {
			count = count.saturating_add(1);
			Some(old.into())
		});
		T::DbWeight::get().reads_writes(count.saturating_add(1), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, sp_runtime::TryRuntimeError> {
		Ok((Claims::<T>::iter_keys().count() as u64).encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		let before = u64::decode(&mut &before[..]).map_err(|_| "no count of claims")?;
		let after = Claims::<T>::iter().count() as u64;
		frame_support::ensure!(after == before, "a claim was lost");
		Pallet::<T>::do_try_state()
	}
}
