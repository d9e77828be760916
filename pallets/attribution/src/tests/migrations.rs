use crate::{
	Challenge, Challenges, Target,
	migrations::{NameTargets, old},
	mock::*,
	pallet::Pallet,
};
use frame_support::{
	assert_ok,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};
use sp_core::H256;

/// Puts a challenge back to what it was when there were none but those to claims.
fn age(id: u64, n: u8) -> Challenge {
	let challenge = Challenges::<Test>::take(Target::Claim(id), account(n)).unwrap();
	old::Challenges::<Test>::insert(id, account(n), &challenge);
	challenge
}

#[test]
fn challenges_name_their_targets_when_migrated_and_can_be_withdrawn() {
	chain(|| {
		let ids = [0, 1].map(|_| answered(RECORDS, claim(&[], &[1, 2])).unwrap());
		let standing = [(ids[0], 9), (ids[0], 10), (ids[1], 9)];
		for (id, n) in standing {
			assert_ok!(Attribution::commit_challenge(
				signed(n),
				Target::Claim(id),
				H256::repeat_byte(n)
			));
		}
		let expected = standing.map(|(id, n)| age(id, n));
		StorageVersion::new(1).put::<Pallet<Test>>();
		NameTargets::<Test>::on_runtime_upgrade();
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), StorageVersion::new(2));
		check();
		for ((id, n), challenge) in standing.into_iter().zip(expected) {
			assert_eq!(Challenges::<Test>::get(Target::Claim(id), account(n)), Some(challenge));
			assert_ok!(Attribution::withdraw_challenge(signed(n), Target::Claim(id)));
			assert_eq!(held(n), if (id, n) == (ids[0], 9) { DEPOSIT } else { 0 });
		}
		// The second time it finds nothing to do.
		NameTargets::<Test>::on_runtime_upgrade();
		assert_eq!(Challenges::<Test>::iter().count(), 0);
	});
}
