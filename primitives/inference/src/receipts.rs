//! What off-chain workers and the engine tell each other of answers that are settled in batches.

use crate::job::Material;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{Endpoint, Hash, ModelId, RequestId, model::Usage};
use openledger_primitives_receipts::{Receipt, SignedVoucher, SumProof};
use sp_core::crypto::AccountId32;
use sp_runtime::{MultiSignature, traits::Verify};

const PASS: &[u8; 18] = b"openledger/pass/1:";

/// Vouchers of sessions on one model version that owe more than batches settled.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Owed {
	/// The model version.
	pub model: ModelId,
	/// Those whose sessions end first and those that owe the most, by ascending session.
	pub vouchers: Vec<SignedVoucher>,
}

/// A drawn receipt, and what the chain has to be shown with it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Shown {
	/// The receipt.
	pub receipt: Receipt,
	/// Its place in the tree of its line's voucher.
	pub proof: SumProof,
	/// Its claim.
	pub claim: Claim<AccountId32>,
}

/// A drawn receipt that a verifier has to execute. What was asked is with the operator, which hands it
/// to those who show a [`Pass`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Drawn {
	/// The claim's number: that of a draw.
	pub claim: RequestId,
	/// The model version.
	pub model: ModelId,
	/// Who pays; its own records are not credited.
	pub payer: AccountId32,
	/// The receipt's commitment to what was asked, which is the sampling seed too: the payer salts it,
	/// so that operators can't look for a seed that favours their friends.
	pub input: Hash,
	/// What the model version computes with.
	pub material: Material,
	/// Where the operator's worker is reached.
	pub endpoint: Endpoint,
	/// What lets the verifier have the content.
	pub pass: Pass,
}

/// What a drawn receipt's execution came to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Recomputed {
	/// The receipt's commitment to what is answered.
	pub answer: Hash,
	/// The tokens that it takes.
	pub usage: Usage,
	/// Which records moved it.
	pub claim: Claim<AccountId32>,
}

/// Shows an operator's worker that a drawn verifier's agent asks. It is of no use to anybody but the
/// verifiers of the claim's audit, and to them only while it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pass {
	/// The verifier's agent.
	pub agent: AccountId32,
	/// Its signature over [`Pass::payload`].
	pub signature: MultiSignature,
}

impl Pass {
	/// What an agent signs to be handed what a claim was made of, on the chain with that genesis hash.
	pub fn payload(genesis: &Hash, claim: RequestId) -> Vec<u8> {
		let mut bytes = PASS.to_vec();
		(genesis, claim).encode_to(&mut bytes);
		bytes
	}

	/// Whether the agent signed it for that claim.
	pub fn verify(&self, genesis: &Hash, claim: RequestId) -> bool {
		self.signature.verify(Self::payload(genesis, claim).as_slice(), &self.agent)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::{Pair, sr25519};

	#[test]
	fn pass_holds_for_one_agent_chain_and_claim() {
		let pair = sr25519::Pair::from_seed(&[1; 32]);
		let genesis = Hash::repeat_byte(8);
		let signature = pair.sign(&Pass::payload(&genesis, 7)).into();
		let pass = Pass { agent: pair.public().into(), signature };
		assert!(pass.verify(&genesis, 7));
		assert!(!pass.verify(&genesis, 8));
		assert!(!pass.verify(&Hash::zero(), 7));
		assert!(!Pass { agent: AccountId32::new([9; 32]), ..pass }.verify(&genesis, 7));
	}
}
