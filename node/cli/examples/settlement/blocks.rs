//! Blocks of the native runtime over state in memory, with what they weigh.

use crate::Failure;
use codec::Encode;
use frame_support::{dispatch::DispatchClass, traits::PalletsInfoAccess, weights::Weight};
use openledger_runtime::{
	AccountId, Address, AllPalletsWithSystem, BlockWeights, Executive, Header, Runtime,
	RuntimeCall, Signature, SignedPayload, System, TxExtension, UncheckedExtrinsic,
	configs::consensus::SLOT_MILLIS,
};
use sc_chain_spec::GenesisConfigBuilderRuntimeCaller;
use sc_executor::WasmExecutor;
use sp_consensus_babe::{
	BABE_ENGINE_ID,
	digests::{PreDigest, SecondaryPlainPreDigest},
};
use sp_core::{Pair, sr25519, storage::Storage};
use sp_io::TestExternalities;
use sp_runtime::{Digest, DigestItem, generic::Era, traits::Header as _};
use std::collections::BTreeMap;

/// What the node's executor offers to the runtime.
pub type HostFunctions =
	(sp_io::SubstrateHostFunctions, openledger_primitives_inference::host::HostFunctions);

/// The slot of the first block.
const FIRST_SLOT: u64 = 1_000_000;

/// An executor of the runtime's WASM.
pub fn executor() -> WasmExecutor<HostFunctions> {
	WasmExecutor::builder().build()
}

/// The account of a key.
pub fn account(pair: &sr25519::Pair) -> AccountId {
	pair.public().into()
}

/// A key that is told from others by a name and a number.
pub fn key(name: &str, number: u32) -> sr25519::Pair {
	let seed = (name, number).using_encoded(sp_io::hashing::blake2_256);
	sr25519::Pair::from_seed(&seed)
}

/// What a block weighs: its transactions that are not operational, and its hooks with its inherents.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filled {
	pub normal: Weight,
	pub mandatory: Weight,
}

impl Filled {
	fn now() -> Self {
		let weights = System::block_weight();
		Self {
			normal: *weights.get(DispatchClass::Normal),
			mandatory: *weights.get(DispatchClass::Mandatory),
		}
	}
}

/// The state that a development chain starts with.
pub fn genesis(code: &[u8]) -> Result<Storage, Failure> {
	let builder = GenesisConfigBuilderRuntimeCaller::<HostFunctions>::new(code);
	Ok(builder.get_storage_for_named_preset(Some(&"development".into()))?)
}

/// A transaction's part of a block.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
	/// Picoseconds, base and extensions included.
	pub time_ps: u64,
	/// Its length.
	pub bytes: usize,
}

/// Bytes by pallet.
pub type Bytes = BTreeMap<&'static str, i64>;

/// A chain of one validator.
pub struct Chain {
	pub state: TestExternalities,
	number: u32,
}

impl Chain {
	/// A chain before its first block.
	pub fn new(genesis: Storage) -> Self {
		Self { state: TestExternalities::new(genesis), number: 0 }
	}

	/// The last block.
	pub fn number(&self) -> u32 {
		self.number
	}

	/// Looks at the state.
	pub fn see<R>(&mut self, look: impl FnOnce() -> R) -> R {
		self.state.execute_with(look)
	}

	/// Opens a block.
	pub fn begin(&mut self) -> Result<(), Failure> {
		self.number += 1;
		let number = self.number;
		let slot = FIRST_SLOT + u64::from(number);
		self.state.execute_with(|| {
			let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
				authority_index: 0,
				slot: slot.into(),
			});
			let log = DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode());
			let header = Header::new(
				number,
				Default::default(),
				Default::default(),
				System::block_hash(number - 1),
				Digest { logs: vec![log] },
			);
			Executive::initialize_block(&header);
			let now = pallet_timestamp::Call::set { now: slot * SLOT_MILLIS };
			apply(UncheckedExtrinsic::new_bare(now.into()))
		})
	}

	/// Closes the block, and says what it weighs.
	pub fn end(&mut self) -> Filled {
		let number = self.number;
		self.state.execute_with(|| {
			let header = Executive::finalize_block();
			frame_system::BlockHash::<Runtime>::insert(number, header.hash());
			Filled::now()
		})
	}

	/// One more block without transactions.
	pub fn pass(&mut self) -> Result<Filled, Failure> {
		self.begin()?;
		Ok(self.end())
	}

	/// A transaction of `by` with its next nonce, as bytes.
	pub fn sign(
		&mut self,
		by: &sr25519::Pair,
		call: impl Into<RuntimeCall>,
	) -> Result<UncheckedExtrinsic, Failure> {
		let call = call.into();
		self.state.execute_with(|| {
			let nonce = System::account_nonce(account(by));
			signed(by, nonce, call)
		})
	}

	/// Puts a transaction of `by` into the open block.
	pub fn submit(
		&mut self,
		by: &sr25519::Pair,
		call: impl Into<RuntimeCall>,
	) -> Result<Taken, Failure> {
		let transaction = self.sign(by, call)?;
		let bytes = transaction.encoded_size();
		self.state.execute_with(|| {
			let before = Filled::now().normal;
			apply(transaction)?;
			let time_ps = Filled::now().normal.saturating_sub(before).ref_time();
			Ok(Taken { time_ps, bytes })
		})
	}

	/// Bytes of all keys and values in the state, by pallet.
	pub fn bytes(&mut self) -> Bytes {
		let infos = <AllPalletsWithSystem as PalletsInfoAccess>::infos();
		let pallets: BTreeMap<[u8; 16], &str> = infos
			.iter()
			.map(|info| (sp_io::hashing::twox_128(info.name.as_bytes()), info.name))
			.collect();
		self.state.execute_with(|| {
			let (mut key, mut bytes) = (Vec::new(), Bytes::new());
			while let Some(next) = sp_io::storage::next_key(&key) {
				let pallet = next.first_chunk().and_then(|prefix| pallets.get(prefix));
				let length = next.len() + sp_io::storage::get(&next).map_or(0, |value| value.len());
				*bytes.entry(pallet.copied().unwrap_or("others")).or_default() += length as i64;
				key = next;
			}
			bytes
		})
	}
}

fn apply(transaction: UncheckedExtrinsic) -> Result<(), Failure> {
	Executive::apply_extrinsic(transaction)
		.map_err(|invalid| format!("a transaction is invalid: {invalid:?}"))?
		.map_err(|refused| format!("a call was refused: {refused:?}").into())
}

fn signed(
	by: &sr25519::Pair,
	nonce: u32,
	call: RuntimeCall,
) -> Result<UncheckedExtrinsic, Failure> {
	let extension: TxExtension = (
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(0),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call, extension)
		.map_err(|invalid| format!("a transaction can't be signed: {invalid:?}"))?;
	let signature = payload.using_encoded(|payload| by.sign(payload));
	let (call, extension, _) = payload.deconstruct();
	let (from, signature) = (Address::Id(account(by)), Signature::Sr25519(signature));
	Ok(UncheckedExtrinsic::new_signed(call, from, signature, extension))
}

/// The limits of blocks.
pub fn limits() -> frame_system::limits::BlockWeights {
	BlockWeights::get()
}
