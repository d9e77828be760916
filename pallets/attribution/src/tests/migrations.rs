use crate::{
	Challenge, Challenges, ClaimRecord, Claims, Target,
	migrations::{AddFound, NameTargets, OldClaim, old},
	mock::*,
	pallet::Pallet,
};
use frame_support::{
	assert_ok,
	storage::unhashed,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};
use sp_core::{H256, crypto::AccountId32};

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

/// Puts a claim back to what it was when it said nothing of its prompt.
fn older(id: u64) -> ClaimRecord<AccountId32> {
	let claim = Claims::<Test>::get(id).unwrap();
	let copy = claim.clone();
	let old = OldClaim {
		model: copy.model,
		operator: copy.operator,
		payer: copy.payer,
		submitted_at: copy.submitted_at,
		final_at: copy.final_at,
		gain: copy.gain,
		earned: copy.earned,
		trace: copy.trace,
		digest: copy.digest,
		sketch: copy.sketch,
		paid: copy.paid,
		evidence: copy.evidence,
		standing: copy.standing,
		correction: copy.correction,
		status: copy.status,
	};
	unhashed::put(&Claims::<Test>::hashed_key_for(id), &old);
	claim
}

#[test]
fn claims_say_nothing_of_their_prompts_when_migrated_and_are_paid_as_they_were_to_be() {
	let paid = |migrate: bool| {
		let mut paid = [0; 2];
		chain(|| {
			let ids = [RECORDS, CONTRIBUTORS].map(|model| match model {
				RECORDS => answered(model, claim(&[], &[0, 1])).unwrap(),
				_ => answered(model, claim(&[40, 42], &[0, 2])).unwrap(),
			});
			if migrate {
				let expected = ids.map(older);
				StorageVersion::new(2).put::<Pallet<Test>>();
				for _ in 0..2 {
					AddFound::<Test>::on_runtime_upgrade();
					let version = Pallet::<Test>::on_chain_storage_version();
					assert_eq!(version, StorageVersion::new(3));
					assert_eq!(ids.map(|id| Claims::<Test>::get(id).unwrap()), expected);
				}
			}
			go_to(20);
			paid = [40, 41].map(accrued);
		});
		paid
	};
	assert_eq!(paid(true), paid(false));
	assert!(paid(true)[0] > 0);
}
