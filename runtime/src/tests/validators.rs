use super::{
	blocks::{Chain, assert_invariants, by, header},
	*,
};
use crate::{
	Babe, Balances, Grandpa, Hash, Historical, Runtime, RuntimeOrigin, Session, Staking,
	TreasuryAccount,
	configs::consensus::{KeyDeposit, VrfSeeds},
	presets::STAKE,
};
use codec::Encode;
use frame_support::{assert_noop, assert_ok, traits::KeyOwnerProofSystem};
use openledger_primitives_core::traits::Seeds;
use sp_consensus_babe::digests::CompatibleDigestItem;
use sp_consensus_grandpa::{Equivocation, EquivocationProof as GrandpaProof, localized_payload};
use sp_core::{Pair, proof_of_possession::ProofOfPossessionGenerator};
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{self, Bob, Charlie, Dave},
};
use sp_runtime::{DigestItem, traits::Header as _};

/// Elections count stakes in units of so many of the smallest.
const ROUNDING: u128 = 1_000_000_000;

type BabeProof = sp_consensus_babe::EquivocationProof<crate::Header>;

/// Two headers for one slot, both sealed by this validator.
fn two_blocks_in_one_slot(who: Sr25519Keyring, chain: &Chain) -> BabeProof {
	let authorities = Babe::authorities();
	let key = sp_consensus_babe::AuthorityId::from(who.public());
	let index = authorities.iter().position(|(id, _)| id == &key).unwrap() as u32;
	let sealed = |root: u8| {
		let mut header = header(chain.number() + 1, chain.slot(), index);
		header.state_root = Hash::repeat_byte(root);
		let signature = who.pair().sign(header.hash().as_ref());
		header.digest_mut().push(DigestItem::babe_seal(signature.into()));
		header
	};
	BabeProof {
		offender: key,
		slot: chain.slot().into(),
		first_header: sealed(1),
		second_header: sealed(2),
	}
}

fn owner(who: Sr25519Keyring) -> sp_session::MembershipProof {
	let key = sp_consensus_babe::AuthorityId::from(who.public());
	Historical::prove((sp_consensus_babe::KEY_TYPE, key)).unwrap()
}

fn report(chain: &Chain, who: Sr25519Keyring) -> frame_support::dispatch::DispatchResult {
	let proof = Box::new(two_blocks_in_one_slot(who, chain));
	Babe::report_equivocation_unsigned(RuntimeOrigin::none(), proof, owner(who))
		.map(|_| ())
		.map_err(|error| error.error)
}

fn bonded(who: Sr25519Keyring) -> u128 {
	pallet_staking::Ledger::<Runtime>::get(who.to_account_id()).unwrap().total
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
fn validator_is_slashed_and_disabled_when_it_authors_two_blocks_in_one_slot() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.eras(1);
		chain.blocks(3);
		let treasury = Balances::free_balance(TreasuryAccount::get());
		assert_ok!(report(&chain, Bob));

		let index = Session::validators().iter().position(|who| who == &Bob.to_account_id());
		assert_eq!(Session::disabled_validators(), vec![index.unwrap() as u32]);
		assert_eq!(bonded(Bob), STAKE, "a slash waits, so that a vote can cancel it");

		chain.eras(2);
		let slashed = STAKE - bonded(Bob);
		// (3k/n)², k offenders of n validators: (3/4)², but never more than all of it.
		assert!(slashed.abs_diff(STAKE / 16 * 9) < ROUNDING, "{slashed}");
		assert_eq!(bonded(Charlie), STAKE);
		let reward = Balances::free_balance(TreasuryAccount::get()) - treasury;
		assert!(reward > 0 && reward <= slashed, "{reward}");
		assert_invariants();
	});
}

#[test]
fn slash_is_cancelled_when_governance_says_so_in_time() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.eras(1);
		chain.block();
		assert_ok!(report(&chain, Bob));
		let (era, _) = pallet_staking::UnappliedSlashes::<Runtime>::iter().next().unwrap();
		assert_noop!(
			Staking::cancel_deferred_slash(by(Charlie.to_account_id()), era, vec![0]),
			sp_runtime::DispatchError::BadOrigin
		);
		let governance = crate::governance::Origin::Parameters.into();
		assert_ok!(Staking::cancel_deferred_slash(governance, era, vec![0]));
		chain.eras(2);
		assert_eq!(bonded(Bob), STAKE);
	});
}

#[test]
fn equivocation_is_refused_when_it_is_none_or_was_reported() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.eras(1);
		chain.block();
		let honest = {
			let mut proof = two_blocks_in_one_slot(Bob, &chain);
			proof.second_header = proof.first_header.clone();
			proof
		};
		assert_noop!(
			Babe::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(honest), owner(Bob)),
			pallet_babe::Error::<Runtime>::InvalidEquivocationProof
		);
		let proof = Box::new(two_blocks_in_one_slot(Bob, &chain));
		assert_noop!(
			Babe::report_equivocation_unsigned(RuntimeOrigin::none(), proof, owner(Charlie)),
			pallet_babe::Error::<Runtime>::InvalidKeyOwnershipProof
		);
		assert_ok!(report(&chain, Bob));
		assert!(report(&chain, Bob).is_err(), "the same offence is punished once");
		assert_eq!(pallet_offences::Reports::<Runtime>::iter().count(), 1);
	});
}

#[test]
fn validator_is_slashed_when_it_votes_twice_for_finality() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.eras(1);
		chain.block();
		let set_id = pallet_grandpa::CurrentSetId::<Runtime>::get();
		let round = 3;
		let vote = |target: u8| {
			let prevote = finality_grandpa::Prevote {
				target_hash: Hash::repeat_byte(target),
				target_number: chain.number(),
			};
			let message = finality_grandpa::Message::Prevote(prevote.clone());
			let payload = localized_payload(round, set_id, &message);
			(prevote, Ed25519Keyring::Dave.sign(&payload).into())
		};
		let identity: sp_consensus_grandpa::AuthorityId = Ed25519Keyring::Dave.public().into();
		let proof = GrandpaProof::new(
			set_id,
			Equivocation::Prevote(finality_grandpa::Equivocation {
				round_number: round,
				identity: identity.clone(),
				first: vote(1),
				second: vote(2),
			}),
		);
		let owner = Historical::prove((sp_consensus_grandpa::KEY_TYPE, identity)).unwrap();
		assert_ok!(Grandpa::report_equivocation_unsigned(
			RuntimeOrigin::none(),
			Box::new(proof),
			owner
		));
		chain.eras(2);
		assert!((STAKE - bonded(Dave)).abs_diff(STAKE / 16 * 9) < ROUNDING);
	});
}

#[test]
fn two_thirds_keep_validating_when_more_offend() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.eras(1);
		chain.block();
		assert_ok!(report(&chain, Bob));
		assert_eq!(Session::disabled_validators().len(), 1);
		assert_ok!(report(&chain, Charlie));
		assert_eq!(Session::disabled_validators().len(), 1);
	});
}

#[test]
fn session_keys_take_a_deposit_and_a_proof_of_ownership() {
	local().execute_with(|| {
		let eve = Sr25519Keyring::Eve.to_account_id();
		let keys = crate::SessionKeys {
			babe: Sr25519Keyring::Eve.public().into(),
			grandpa: Ed25519Keyring::Eve.public().into(),
		};
		assert_noop!(
			Session::set_keys(by(eve.clone()), keys.clone(), vec![]),
			pallet_session::Error::<Runtime>::InvalidProof
		);
		let owner = eve.encode();
		let mut ed25519 = Ed25519Keyring::Eve.pair();
		let mut proof = |babe: Sr25519Keyring| {
			let babe = babe.pair().generate_proof_of_possession(&owner);
			(babe, ed25519.generate_proof_of_possession(&owner)).encode()
		};
		assert_noop!(
			Session::set_keys(by(eve.clone()), keys.clone(), proof(Sr25519Keyring::Ferdie)),
			pallet_session::Error::<Runtime>::InvalidProof
		);
		let free = Balances::free_balance(&eve);
		assert_ok!(Session::set_keys(by(eve.clone()), keys, proof(Sr25519Keyring::Eve)));
		assert_eq!(free - Balances::free_balance(&eve), KeyDeposit::get());
		assert_ok!(Session::purge_keys(by(eve.clone())));
		assert_eq!(Balances::free_balance(&eve), free);
	});
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
