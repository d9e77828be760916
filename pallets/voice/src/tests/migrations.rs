use super::*;
use crate::{
	Pallet, TotalPoints,
	migrations::{CountEarned, Unpaid},
};
use frame_support::{
	parameter_types,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};

parameter_types! {
	pub const Accrued: Unpaid = Unpaid { points: 700, entries: 3 };
}

#[test]
fn voice_that_was_not_paid_out_before_is_in_the_whole_afterwards() {
	chain(|| {
		earn(ALICE, OPEN);
		StorageVersion::new(1).put::<Pallet<Test>>();
		CountEarned::<Test, Accrued>::on_runtime_upgrade();
		assert_eq!(TotalPoints::<Test>::get(), points(ALICE) + 700);
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);
		// Once more changes nothing.
		CountEarned::<Test, Accrued>::on_runtime_upgrade();
		assert_eq!(TotalPoints::<Test>::get(), points(ALICE) + 700);
	});
}
