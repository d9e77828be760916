use super::*;
use crate::{
	AccountId, Hash, Historical, Runtime, Session,
	configs::consensus::{DisableOffenders, VrfSeeds},
};
use frame_support::traits::KeyOwnerProofSystem;
use openledger_primitives_core::traits::Seeds;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob};
use sp_runtime::Perbill;
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

fn report(who: Sr25519Keyring) {
	let offender = (who.to_account_id(), ());
	let details = OffenceDetails { offender, reporters: Vec::<AccountId>::new() };
	DisableOffenders::on_offence(&[details], &[Perbill::from_percent(10)], 0);
}

#[test]
fn keys_can_be_proven_from_genesis_on() {
	local().execute_with(|| {
		let key = (sp_consensus_babe::KEY_TYPE, sp_consensus_babe::AuthorityId::from(Bob.public()));
		let proof = Historical::prove(key.clone()).expect("a root is noted at genesis");
		let (who, ()) = Historical::check_proof(key, proof).unwrap();
		assert_eq!(who, Bob.to_account_id());
	});
}

#[test]
fn keys_are_not_proven_when_they_belong_to_nobody() {
	local().execute_with(|| {
		let stranger = sp_consensus_babe::AuthorityId::from(Sr25519Keyring::Eve.public());
		let key = (sp_consensus_babe::KEY_TYPE, stranger);
		let proof = Historical::prove(key.clone()).unwrap();
		assert!(Historical::check_proof(key, proof).is_none());
	});
}

#[test]
fn offender_is_disabled_while_two_thirds_remain() {
	started_with_four().execute_with(|| {
		assert!(Session::disabled_validators().is_empty());
		report(Bob);
		assert_eq!(Session::disabled_validators().len(), 1);
		report(Sr25519Keyring::Charlie);
		assert_eq!(Session::disabled_validators().len(), 1);
	});
}

#[test]
fn offender_stays_when_chain_would_stop_without_it() {
	dev().execute_with(|| {
		report(Alice);
		assert!(Session::disabled_validators().is_empty());
	});
}

/// The local preset with a fourth validator, so that one can be spared.
fn started_with_four() -> sp_io::TestExternalities {
	let mut ext = local();
	ext.execute_with(|| {
		pallet_session::Validators::<Runtime>::append(Sr25519Keyring::Dave.to_account_id());
	});
	ext
}

#[test]
fn seed_differs_by_subject_and_by_randomness() {
	dev().execute_with(|| {
		let first = VrfSeeds::seed(b"a").0;
		assert_ne!(first, VrfSeeds::seed(b"b").0);
		assert_eq!(first, VrfSeeds::seed(b"a").0);
		pallet_babe::AuthorVrfRandomness::<Runtime>::put(Some([7; 32]));
		assert_ne!(first, VrfSeeds::seed(b"a").0);
		assert_ne!(VrfSeeds::seed(b"a").0, Hash::zero());
	});
}
