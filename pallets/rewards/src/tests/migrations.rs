use super::*;
use crate::{Accrual, Accrued, Pallet, TotalAccrued, migrations::AccrueVoice};
use frame_support::{
	storage::unhashed,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};

#[test]
fn entries_from_before_voice_accrued_keep_their_amounts() {
	chain(|| {
		settle(0, 10_000, &[(7, 3), (8, 1)], Permill::one()).unwrap();
		let amounts: Vec<(u64, u128)> =
			Accrued::<Test>::iter().map(|(account, accrued)| (account, accrued.amount)).collect();
		for (account, amount) in &amounts {
			unhashed::put(&Accrued::<Test>::hashed_key_for(account), amount);
		}
		StorageVersion::new(1).put::<Pallet<Test>>();
		AccrueVoice::<Test>::on_runtime_upgrade();
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);
		for (account, amount) in amounts {
			assert_eq!(Accrued::<Test>::get(account), Accrual { amount, voice: 0 });
		}
		assert_eq!(TotalAccrued::<Test>::get(), 9_800);
		// Once more changes nothing.
		AccrueVoice::<Test>::on_runtime_upgrade();
		assert_eq!(Accrued::<Test>::get(8).amount, 1_250);
	});
}
