use super::*;
use crate::{
	AccountId, Executive, Runtime, RuntimeCall, UncheckedExtrinsic, offchain::OFFCHAIN_LONGEVITY,
	presets,
};
use frame_support::traits::Get;
use frame_system::offchain::{AppCrypto, CreateSignedTransaction};
use openledger_primitives_inference::{OPERATOR_KEY_TYPE, WATCHER_KEY_TYPE};
use pallet_attribution::crypto::WatcherId;
use pallet_inference::crypto::AuthorityId;
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_keystore::{Keystore, KeystoreExt, testing::MemoryKeystore};
use sp_runtime::{MultiSignature, MultiSigner};

fn create<C: AppCrypto<MultiSigner, MultiSignature>>(nonce: u32) -> Option<UncheckedExtrinsic> {
	let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
	<Runtime as CreateSignedTransaction<RuntimeCall>>::create_signed_transaction::<C>(
		call,
		MultiSigner::Sr25519(sr25519::Public::from_raw(presets::DEV_AGENT)),
		AccountId::new(presets::DEV_AGENT),
		nonce,
	)
}

fn with_key(kind: KeyTypeId) -> sp_io::TestExternalities {
	let keystore = MemoryKeystore::new();
	keystore.sr25519_generate_new(kind, Some("//Alice//operator")).unwrap();
	let mut ext = dev();
	ext.register_extension(KeystoreExt::new(keystore));
	ext.execute_with(|| {
		System::set_block_number(0);
		blocks::begin(1, blocks::FIRST_SLOT, 0);
	});
	ext
}

#[test]
fn transaction_is_accepted_when_agent_signs_it() {
	with_key(OPERATOR_KEY_TYPE).execute_with(|| {
		let create = create::<AuthorityId>;
		Executive::apply_extrinsic(create(0).unwrap()).unwrap().unwrap();
		assert!(Executive::apply_extrinsic(create(0).unwrap()).is_err());
		Executive::apply_extrinsic(create(1).unwrap()).unwrap().unwrap();
	});
}

#[test]
fn transaction_is_accepted_when_watcher_signs_it_with_a_key_of_its_own_type() {
	with_key(WATCHER_KEY_TYPE).execute_with(|| {
		assert!(create::<AuthorityId>(0).is_none());
		Executive::apply_extrinsic(create::<WatcherId>(0).unwrap()).unwrap().unwrap();
	});
}

#[test]
fn transaction_is_none_when_key_is_missing() {
	let mut ext = dev();
	ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
	ext.execute_with(|| {
		assert!(create::<AuthorityId>(0).is_none() && create::<WatcherId>(0).is_none());
	});
}

#[test]
fn submission_counts_as_under_way_for_as_long_as_it_is_valid() {
	let period = <<Runtime as pallet_inference::Config>::SubmissionPeriod as Get<u32>>::get();
	assert!(period >= OFFCHAIN_LONGEVITY && OFFCHAIN_LONGEVITY.is_power_of_two());
}
