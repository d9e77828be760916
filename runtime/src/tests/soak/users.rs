//! Who takes part: keys of every scheme, and the transactions that they sign.

use crate::{
	AccountId, Address, RuntimeCall, Signature, SignedPayload, TxExtension, UncheckedExtrinsic,
	presets::DEV_LIQUIDITY,
};
use codec::Encode;
use sp_core::{Pair, ecdsa, ed25519, sr25519};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{MultiSigner, generic::Era, traits::IdentifyAccount};

/// Users beside those that the preset endows.
const STRANGERS: u32 = 10;

enum Key {
	Sr25519(sr25519::Pair),
	Ed25519(ed25519::Pair),
	Ecdsa(ecdsa::Pair),
}

/// One who takes part.
pub struct User {
	key: Key,
	/// The user's account.
	pub account: AccountId,
}

fn derived<P: Pair>(number: u32) -> P {
	P::from_string(&format!("//soak//{number}"), None).unwrap()
}

impl User {
	fn new(key: Key) -> Self {
		let signer: MultiSigner = match &key {
			Key::Sr25519(pair) => pair.public().into(),
			Key::Ed25519(pair) => pair.public().into(),
			Key::Ecdsa(pair) => pair.public().into(),
		};
		Self { key, account: signer.into_account() }
	}

	/// What this user's key makes of some bytes.
	pub fn sign(&self, payload: &[u8]) -> Signature {
		match &self.key {
			Key::Sr25519(pair) => pair.sign(payload).into(),
			Key::Ed25519(pair) => pair.sign(payload).into(),
			Key::Ecdsa(pair) => pair.sign(payload).into(),
		}
	}

	/// The call as a transaction of this user's.
	pub fn transaction(&self, call: RuntimeCall, nonce: u32, tip: u128) -> UncheckedExtrinsic {
		let extension: TxExtension = (
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
		);
		let payload = SignedPayload::new(call, extension).unwrap();
		let signature = payload.using_encoded(|payload| self.sign(payload));
		let (call, extension, _) = payload.deconstruct();
		let address = Address::Id(self.account.clone());
		UncheckedExtrinsic::new_signed(call, address, signature, extension)
	}
}

/// The development accounts, of which the first four validate.
pub const NAMED: [Sr25519Keyring; 6] = [
	Sr25519Keyring::Alice,
	Sr25519Keyring::Bob,
	Sr25519Keyring::Charlie,
	Sr25519Keyring::Dave,
	Sr25519Keyring::Eve,
	Sr25519Keyring::Ferdie,
];

/// Everyone who takes part: the development accounts, strangers, and last the bank.
pub fn everyone() -> Vec<User> {
	let named = NAMED.iter().map(|key| User::new(Key::Sr25519(key.pair())));
	let strangers = (0..STRANGERS).map(|number| {
		User::new(match number % 3 {
			0 => Key::Ecdsa(derived(number)),
			_ => Key::Ed25519(derived(number)),
		})
	});
	let bank = sr25519::Pair::from_string("//OpenLedger//liquidity", None).unwrap();
	assert_eq!(bank.public().0, DEV_LIQUIDITY);
	named.chain(strangers).chain([User::new(Key::Sr25519(bank))]).collect()
}
