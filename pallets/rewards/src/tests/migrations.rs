use super::*;
use crate::{
	Accrual, Accrued, Pallet, TotalAccrued,
	migrations::{AccrueVoice, KeepTickets, v2},
};
use frame_support::{
	storage::unhashed,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};

fn entries() -> Vec<(u64, Accrual<Test>)> {
	Accrued::<Test>::iter().collect()
}

#[test]
fn entries_from_before_voice_accrued_keep_their_amounts() {
	chain(|| {
		settle(0, 10_000, &[(7, 3), (8, 1)], Permill::one()).unwrap();
		let before = entries();
		for (account, entry) in &before {
			unhashed::put(&Accrued::<Test>::hashed_key_for(account), &entry.amount);
		}
		StorageVersion::new(1).put::<Pallet<Test>>();
		AccrueVoice::<Test>::on_runtime_upgrade();
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);
		for (account, entry) in &before {
			let migrated = v2::Accrual { amount: entry.amount, voice: 0 };
			assert_eq!(v2::Accrued::<Test>::get(account), Some(migrated));
		}
		// Once more changes nothing.
		AccrueVoice::<Test>::on_runtime_upgrade();
		KeepTickets::<Test>::on_runtime_upgrade();
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), 3);
		for (account, entry) in before {
			assert_eq!(Accrued::<Test>::get(account), Accrual { voice: 0, ..entry });
		}
		assert_eq!(TotalAccrued::<Test>::get(), 9_800);
	});
}

#[test]
fn entries_from_before_accounts_were_opened_keep_what_accrued_and_are_not_open() {
	chain(|| {
		settle(0, 10_000, &[(7, 3), (8, 1)], Permill::one()).unwrap();
		let before = entries();
		assert!(before.iter().any(|(_, entry)| entry.voice > 0));
		for (account, entry) in &before {
			let old = v2::Accrual { amount: entry.amount, voice: entry.voice };
			v2::Accrued::<Test>::insert(account, old);
		}
		StorageVersion::new(2).put::<Pallet<Test>>();
		KeepTickets::<Test>::on_runtime_upgrade();
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), 3);
		assert_eq!(entries(), before);
		assert!(entries().iter().all(|(_, entry)| !entry.is_open()));
		// Once more changes nothing, and neither does a migration from earlier.
		KeepTickets::<Test>::on_runtime_upgrade();
		AccrueVoice::<Test>::on_runtime_upgrade();
		assert_eq!(entries(), before);
		Rewards::claim_for(RuntimeOrigin::signed(9), 7).unwrap();
		assert!(!Accrued::<Test>::contains_key(7));
	});
}
