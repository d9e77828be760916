//! What lets a client use a session.

use codec::{Decode, Encode};
use openledger_primitives_core::{Hash, SessionId};
use sp_core::crypto::AccountId32;
use sp_runtime::{MultiSignature, traits::Verify};

const TAG: &[u8; 20] = b"openledger/access/1:";

/// Shows that its bearer holds the key that a session's vouchers are signed with. It is sent with
/// every request, as an API key is, and like one it has to be kept from others: who has it can read
/// the session's answers and have more made, though not pay for them, which takes vouchers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Access {
	/// The session.
	pub session: SessionId,
	/// Over [`Access::payload`].
	pub signature: MultiSignature,
}

impl Access {
	/// What the payer's client signs: `"openledger/access/1:" ‖ genesis ‖ SCALE(session)`.
	pub fn payload(genesis: &Hash, session: SessionId) -> Vec<u8> {
		let mut bytes = TAG.to_vec();
		bytes.extend_from_slice(genesis.as_bytes());
		session.encode_to(&mut bytes);
		bytes
	}

	/// Whether `signer` made it for the chain with this genesis.
	pub fn verify(&self, genesis: &Hash, signer: &AccountId32) -> bool {
		self.signature.verify(Self::payload(genesis, self.session).as_slice(), signer)
	}
}
