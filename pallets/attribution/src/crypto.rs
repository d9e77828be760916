//! The key that a watcher's off-chain worker signs with: sr25519, of the keystore type `watc`.

use frame_system::offchain::AppCrypto;
use sp_core::sr25519;
use sp_runtime::{MultiSignature, MultiSigner};

#[allow(missing_docs, reason = "the macro writes the items")]
mod app {
	use openledger_primitives_inference::WATCHER_KEY_TYPE;
	use sp_runtime::app_crypto::{app_crypto, sr25519};

	app_crypto!(sr25519, WATCHER_KEY_TYPE);
}

pub use app::Public as WatcherKey;

/// Binds the watcher's key to the runtime's multi-signatures.
pub struct WatcherId;

impl AppCrypto<MultiSigner, MultiSignature> for WatcherId {
	type RuntimeAppPublic = app::Public;
	type GenericPublic = sr25519::Public;
	type GenericSignature = sr25519::Signature;
}
