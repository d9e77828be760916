//! What the worker's sessions need of the node: the chain's state, and the agent's key.

use crate::{operator::Running, service::FullClient};
use openledger_primitives_api::{BatchInfo, OpenLedgerApi};
use openledger_primitives_core::{BatchId, BlockNumber, Hash, ModelId, RequestId, SessionId};
use openledger_primitives_inference::{Material, OPERATOR_KEY_TYPE};
use openledger_runtime::{AccountId, opaque::Block};
use openledger_sessions::store::Agent;
use openledger_worker::{
	StartError,
	sessions::chain::{At, Chain, ChainError, OnChain},
};
use sc_client_api::HeaderBackend;
use sc_service::{TaskManager, error::Error as ServiceError};
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_core::{crypto::Ss58Codec, sr25519};
use sp_keystore::KeystorePtr;
use sp_runtime::MultiSignature;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// The version of the runtime API that knows sessions.
const API_VERSION: u32 = 5;
/// How often a keystore without an agent's key is looked into: keys can be inserted while a node runs.
const LOOK: Duration = Duration::from_secs(6);
/// The file with the receipts, in the chain's folder.
const FILE: &str = "receipts.redb";

/// The chain as this node has it.
struct NodeChain(Arc<FullClient>);

impl NodeChain {
	fn ask<T>(
		&self,
		at: At,
		question: impl FnOnce(
			&<FullClient as ProvideRuntimeApi<Block>>::Api,
			Hash,
		) -> Result<T, ApiError>,
	) -> Result<T, ChainError> {
		let info = self.0.info();
		let block = match at {
			At::Finalised => info.finalized_hash,
			At::Best => info.best_hash,
		};
		let unreadable = |error: ApiError| ChainError::Unreadable(error.to_string());
		let api = self.0.runtime_api();
		let version =
			api.api_version::<dyn OpenLedgerApi<Block, AccountId>>(block).map_err(unreadable)?;
		if version.is_none_or(|version| version < API_VERSION) {
			return Err(ChainError::Unsupported);
		}
		question(&api, block).map_err(unreadable)
	}
}

impl Chain for NodeChain {
	fn genesis(&self) -> Hash {
		self.0.info().genesis_hash
	}

	fn height(&self) -> Result<BlockNumber, ChainError> {
		Ok(self.0.info().best_number)
	}

	fn session(&self, session: SessionId) -> Result<Option<OnChain>, ChainError> {
		self.ask(At::Finalised, |api, at| {
			let Some(session) = api.session(at, session)? else { return Ok(None) };
			let operator = api.operator(at, session.operator.clone())?;
			Ok(Some(OnChain { session, agent: operator.map(|operator| operator.agent) }))
		})
	}

	fn material(&self, model: ModelId) -> Result<Option<Material>, ChainError> {
		self.ask(At::Finalised, |api, at| api.material(at, model))
	}

	fn agent(&self, operator: &AccountId) -> Result<Option<AccountId>, ChainError> {
		self.ask(At::Best, |api, at| {
			Ok(api.operator(at, operator.clone())?.map(|operator| operator.agent))
		})
	}

	fn batch(&self, batch: BatchId, at: At) -> Result<Option<BatchInfo<AccountId>>, ChainError> {
		self.ask(at, |api, at| api.batch(at, batch))
	}

	fn sits(&self, claim: RequestId, agent: &AccountId) -> Result<bool, ChainError> {
		self.ask(At::Best, |api, at| {
			for seat in api.audit(at, claim)?.map(|audit| audit.seats).unwrap_or_default() {
				let verifier = api.verifier(at, seat.verifier)?;
				if verifier.is_some_and(|verifier| verifier.agent == *agent) {
					return Ok(true);
				}
			}
			Ok(false)
		})
	}
}

/// Signs with a key of the keystore.
struct KeystoreAgent {
	keystore: KeystorePtr,
	key: sr25519::Public,
}

impl Agent for KeystoreAgent {
	fn sign(&self, payload: &[u8]) -> Result<MultiSignature, String> {
		match self.keystore.sr25519_sign(OPERATOR_KEY_TYPE, &self.key, payload) {
			Ok(Some(signature)) => Ok(signature.into()),
			Ok(None) => Err("the agent's key is not in the keystore any more".into()),
			Err(error) => Err(error.to_string()),
		}
	}
}

/// Which key of the keystore is the operator's agent.
#[derive(Debug, PartialEq, Eq)]
enum Key {
	/// This one.
	Is(sr25519::Public),
	/// None is there yet.
	Missing,
	/// One of several: somebody has to say which.
	Unclear,
}

/// The named one of `keys`, or the only one.
fn choose(keys: &[sr25519::Public], named: Option<&AccountId>) -> Key {
	match (named, keys) {
		(Some(named), keys) => keys
			.iter()
			.find(|key| AccountId::from(**key) == *named)
			.map_or(Key::Missing, |key| Key::Is(*key)),
		(None, []) => Key::Missing,
		(None, [key]) => Key::Is(*key),
		(None, _) => Key::Unclear,
	}
}

/// What sessions are opened from.
#[derive(Clone)]
pub struct Node {
	/// The client.
	pub client: Arc<FullClient>,
	/// The keystore.
	pub keystore: KeystorePtr,
	/// The folder of the chain's data.
	pub folder: PathBuf,
}

impl Node {
	/// Opens the worker's sessions with the key that is there.
	fn open(&self, operator: &Running) -> Result<Key, StartError> {
		let keys = self.keystore.sr25519_public_keys(OPERATOR_KEY_TYPE);
		let chosen = choose(&keys, operator.agent());
		if let Key::Is(key) = chosen {
			let chain = Arc::new(NodeChain(self.client.clone()));
			let agent = KeystoreAgent { keystore: self.keystore.clone(), key };
			operator.open_sessions(&self.folder.join(FILE), chain, key.into(), agent)?;
		}
		Ok(chosen)
	}
}

/// Opens the worker's sessions, now or once the agent's key is in the keystore.
pub fn start(operator: &Running, node: Node, tasks: &TaskManager) -> Result<(), ServiceError> {
	let found = node.open(operator).map_err(|error| ServiceError::Application(error.into()))?;
	report(&found);
	if found != Key::Missing {
		return Ok(());
	}
	let operator = operator.clone();
	tasks.spawn_handle().spawn_blocking("operator-sessions", None, async move {
		loop {
			tokio::time::sleep(LOOK).await;
			match node.open(&operator) {
				Ok(Key::Missing) => {}
				Ok(found) => return report(&found),
				Err(error) => {
					log::error!("{error}. No receipts are given until the node is restarted");
					return;
				}
			}
		}
	});
	Ok(())
}

fn report(found: &Key) {
	match found {
		Key::Is(key) => {
			log::info!("receipts are signed by {}", AccountId::from(*key).to_ss58check());
		}
		Key::Missing => {
			log::info!(
				"the agent's key is not in the keystore: until it is, no receipts are given"
			);
		}
		Key::Unclear => log::warn!(
			"the keystore has keys of several agents, and --operator-agent does not say whose \
			 receipts to sign: none are given"
		),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::{Pair, crypto::AccountId32};
	use sp_keystore::testing::MemoryKeystore;

	fn key(byte: u8) -> sr25519::Public {
		sr25519::Public::from_raw([byte; 32])
	}

	#[test]
	fn agent_is_the_named_key_or_the_only_one() {
		let keys = [key(1), key(2)];
		let named = |byte| AccountId32::from(key(byte));
		assert_eq!(choose(&[], None), Key::Missing);
		assert_eq!(choose(&keys[..1], None), Key::Is(key(1)));
		assert_eq!(choose(&keys, None), Key::Unclear);
		assert_eq!(choose(&keys, Some(&named(2))), Key::Is(key(2)));
		assert_eq!(choose(&keys, Some(&named(3))), Key::Missing);
	}

	#[test]
	fn agent_signs_with_its_key_and_says_when_that_is_gone() {
		let keystore: KeystorePtr = Arc::new(MemoryKeystore::new());
		let key = keystore.sr25519_generate_new(OPERATOR_KEY_TYPE, Some("//Alice")).unwrap();
		let agent = KeystoreAgent { keystore: keystore.clone(), key };
		let MultiSignature::Sr25519(signature) = agent.sign(b"receipt").unwrap() else { panic!() };
		assert!(sr25519::Pair::verify(&signature, b"receipt", &key));
		let gone = KeystoreAgent { keystore, key: self::key(1) };
		assert!(gone.sign(b"receipt").is_err());
	}
}
