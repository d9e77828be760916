use super::{
	blocks::{Chain, FIRST_SLOT, begin},
	*,
};
use crate::{
	Address, Authorship, Balances, EXISTENTIAL_DEPOSIT, Executive, OPEN, Runtime, RuntimeCall,
	Signature, SignedPayload, Timestamp, TreasuryAccount, TxExtension, UncheckedExtrinsic, VERSION,
	configs::{
		consensus::SLOT_MILLIS,
		system::{BlockLength, BlockWeights},
		tokens::SUPPLY,
	},
};
use codec::Encode;
use frame_support::{
	dispatch::DispatchClass, traits::PalletInfoAccess,
	weights::constants::WEIGHT_REF_TIME_PER_SECOND,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie};
use sp_runtime::{
	generic::Era,
	transaction_validity::{InvalidTransaction, TransactionValidityError},
};

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
fn fee_is_halved_between_fire_and_treasury_and_tip_is_the_authors() {
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
		let fee = paid - tip;
		let burned = SUPPLY - Balances::total_issuance();
		assert_eq!(burned, fee / 2);
		assert_eq!(Balances::free_balance(TreasuryAccount::get()) - before.2, fee - burned);
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
fn issuance_stays_when_epochs_pass_and_nobody_claims_a_payout() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		for _ in 0..12 {
			chain.session();
		}
		assert!(crate::Session::current_index() >= 11);
		assert_eq!(Balances::total_issuance(), SUPPLY);
		assert_eq!(
			Balances::free_balance(crate::Rewards::account()),
			EXISTENTIAL_DEPOSIT + pallet_rewards::TotalAccrued::<Runtime>::get()
		);
		assert_eq!(Timestamp::get(), chain.slot() * SLOT_MILLIS);
	});
}

#[test]
fn block_takes_a_second_of_execution() {
	let weights = BlockWeights::get();
	assert_eq!(weights.max_block.ref_time(), WEIGHT_REF_TIME_PER_SECOND);
	let normal = weights.get(DispatchClass::Normal);
	assert_eq!(normal.max_total.unwrap().ref_time(), WEIGHT_REF_TIME_PER_SECOND / 4 * 3);
	assert_eq!(SLOT_MILLIS, 3_000);
	let length = BlockLength::get().max;
	assert_eq!(*length.get(DispatchClass::Operational), 8 * 1024 * 1024);
	assert_eq!(*length.get(DispatchClass::Normal), 6 * 1024 * 1024);
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
	assert_eq!(index::<crate::Calendar>(), 8);
	assert_eq!(index::<Balances>(), 10);
	assert_eq!(index::<crate::Vesting>(), 12);
	assert_eq!(index::<crate::Staking>(), 13);
	assert_eq!(index::<crate::NominationPools>(), 15);
	assert_eq!(index::<crate::Parameters>(), 25);
	assert_eq!(index::<crate::Recovery>(), 26);
	assert_eq!(index::<crate::Sudo>(), 30);
	assert_eq!(index::<crate::Referenda>(), 33);
	assert_eq!(index::<crate::Voice>(), 34);
	assert_eq!(index::<crate::ContributorReferenda>(), 35);
	assert_eq!(index::<crate::Treasury>(), 38);
	assert_eq!(index::<crate::Datanets>(), 40);
	assert_eq!(index::<crate::Models>(), 41);
	assert_eq!(index::<crate::Inference>(), 42);
	assert_eq!(index::<crate::Attribution>(), 43);
	assert_eq!(index::<crate::Rewards>(), 44);
	assert_eq!(index::<crate::SafeMode>(), 50);
}

#[test]
fn version_names_the_chain() {
	let version = <Runtime as frame_system::Config>::Version::get();
	assert_eq!(version, VERSION);
	assert_eq!(version.spec_name, "openledger");
	assert!(version.spec_version >= 1 && version.transaction_version >= 1);
}
