use super::*;
use crate::{
	Address, Authorship, Balances, EPOCH_SLOTS, EXISTENTIAL_DEPOSIT, Executive, Header, OPEN,
	Runtime, RuntimeCall, Signature, SignedPayload, Timestamp, TreasuryAccount, TxExtension,
	UncheckedExtrinsic, VERSION,
	configs::{consensus::SLOT_MILLIS, system::BlockWeights, tokens::SUPPLY},
};
use codec::Encode;
use frame_support::{
	dispatch::DispatchClass, traits::PalletInfoAccess,
	weights::constants::WEIGHT_REF_TIME_PER_SECOND,
};
use sp_consensus_babe::{
	BABE_ENGINE_ID,
	digests::{PreDigest, SecondaryPlainPreDigest},
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie};
use sp_runtime::{
	Digest, DigestItem,
	generic::Era,
	traits::Header as _,
	transaction_validity::{InvalidTransaction, TransactionValidityError},
};

/// The slot of the first block. Epochs count from it.
pub const FIRST_SLOT: u64 = 1_000_000;

pub fn begin(number: u32, slot: u64, author: u32) {
	let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
		authority_index: author,
		slot: slot.into(),
	});
	let header = Header::new(
		number,
		Default::default(),
		Default::default(),
		System::parent_hash(),
		Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] },
	);
	Executive::initialize_block(&header);
	let inherent = pallet_timestamp::Call::set { now: slot * SLOT_MILLIS };
	Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(inherent.into())).unwrap().unwrap();
}

fn extension(nonce: u32, tip: u128) -> TxExtension {
	(
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	)
}

fn signed(who: Sr25519Keyring, nonce: u32, tip: u128, call: RuntimeCall) -> UncheckedExtrinsic {
	let payload = SignedPayload::new(call, extension(nonce, tip)).unwrap();
	let signature = payload.using_encoded(|payload| who.sign(payload));
	let (call, extension, _) = payload.deconstruct();
	UncheckedExtrinsic::new_signed(
		call,
		Address::Id(who.to_account_id()),
		Signature::Sr25519(signature),
		extension,
	)
}

fn transfer(value: u128) -> RuntimeCall {
	let dest = Bob.to_account_id().into();
	pallet_balances::Call::transfer_keep_alive { dest, value }.into()
}

#[test]
fn fee_reaches_treasury_and_tip_the_author_when_block_is_executed() {
	let mut ext = local();
	ext.execute_with(|| {
		System::set_block_number(0);
		begin(1, FIRST_SLOT, 0);
		let author = Authorship::author().unwrap();
		assert_ne!(author, Alice.to_account_id());
		let before = (
			Balances::free_balance(Alice.to_account_id()),
			Balances::free_balance(&author),
			Balances::free_balance(TreasuryAccount::get()),
		);
		let tip = OPEN / 2;
		let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![1; 32] });
		Executive::apply_extrinsic(signed(Alice, 0, tip, call)).unwrap().unwrap();
		let paid = before.0 - Balances::free_balance(Alice.to_account_id());
		assert!(paid > tip);
		assert_eq!(Balances::free_balance(&author) - before.1, tip);
		assert_eq!(Balances::free_balance(TreasuryAccount::get()) - before.2, paid - tip);
		assert_eq!(Balances::total_issuance(), SUPPLY);
		let header = Executive::finalize_block();
		assert_eq!(header.number, 1);
	});
}

#[test]
fn transaction_is_refused_when_signature_nonce_or_funds_are_wrong() {
	local().execute_with(|| {
		System::set_block_number(0);
		begin(1, FIRST_SLOT, 0);
		let refused = |tx: UncheckedExtrinsic| match Executive::apply_extrinsic(tx) {
			Err(TransactionValidityError::Invalid(reason)) => reason,
			other => panic!("{other:?}"),
		};
		let forged = {
			let mut tx = signed(Alice, 0, 0, transfer(OPEN));
			tx.function = transfer(2 * OPEN);
			tx
		};
		assert_eq!(refused(forged), InvalidTransaction::BadProof);
		assert_eq!(refused(signed(Alice, 3, 0, transfer(OPEN))), InvalidTransaction::Future);
		assert_eq!(
			refused(signed(Charlie, 0, SUPPLY, transfer(OPEN))),
			InvalidTransaction::Payment
		);
		assert_eq!(
			refused(signed(Sr25519Keyring::One, 0, 0, transfer(OPEN))),
			InvalidTransaction::Payment
		);
	});
}

#[test]
fn validators_and_issuance_stay_when_epochs_pass() {
	let mut ext = local();
	ext.execute_with(|| {
		System::set_block_number(0);
		let validators = pallet_session::Validators::<Runtime>::get();
		let mut slot = FIRST_SLOT;
		for number in 1..=12 {
			begin(number, slot, number % 3);
			let header = Executive::finalize_block();
			let hash = header.hash();
			frame_system::BlockHash::<Runtime>::insert(number, hash);
			slot += EPOCH_SLOTS / 4;
		}
		assert!(crate::Session::current_index() >= 2);
		assert_eq!(pallet_session::Validators::<Runtime>::get(), validators);
		assert_eq!(Balances::total_issuance(), SUPPLY);
		assert_eq!(
			Balances::free_balance(crate::Rewards::account()),
			EXISTENTIAL_DEPOSIT + pallet_rewards::TotalAccrued::<Runtime>::get()
		);
		#[cfg(feature = "try-runtime")]
		{
			use frame_support::traits::{TryState, TryStateSelect};
			crate::AllPalletsWithSystem::try_state(12, TryStateSelect::All).unwrap();
		}
		assert_eq!(Timestamp::get(), (slot - EPOCH_SLOTS / 4) * SLOT_MILLIS);
	});
}

#[test]
fn block_takes_a_second_of_execution() {
	let weights = BlockWeights::get();
	assert_eq!(weights.max_block.ref_time(), WEIGHT_REF_TIME_PER_SECOND);
	let normal = weights.get(DispatchClass::Normal);
	assert_eq!(normal.max_total.unwrap().ref_time(), WEIGHT_REF_TIME_PER_SECOND / 4 * 3);
	assert_eq!(SLOT_MILLIS, 3_000);
}

#[test]
fn indices_of_pallets_stay() {
	fn index<P: PalletInfoAccess>() -> usize {
		P::index()
	}
	assert_eq!(index::<System>(), 0);
	assert_eq!(index::<crate::Babe>(), 1);
	assert_eq!(index::<Timestamp>(), 2);
	assert_eq!(index::<crate::Session>(), 4);
	assert_eq!(index::<Balances>(), 10);
	assert_eq!(index::<crate::Parameters>(), 25);
	assert_eq!(index::<crate::Sudo>(), 30);
	assert_eq!(index::<crate::Datanets>(), 40);
	assert_eq!(index::<crate::Models>(), 41);
	assert_eq!(index::<crate::Inference>(), 42);
	assert_eq!(index::<crate::Attribution>(), 43);
	assert_eq!(index::<crate::Rewards>(), 44);
}

#[test]
fn version_names_the_chain() {
	let version = <Runtime as frame_system::Config>::Version::get();
	assert_eq!(version, VERSION);
	assert_eq!(version.spec_name, "openledger");
	assert!(version.spec_version >= 1 && version.transaction_version >= 1);
}
