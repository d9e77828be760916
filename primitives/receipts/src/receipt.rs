//! What an operator gives for every answer.

use crate::sum_tree::SumNode;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{
	Balance, Hash, ModelId, SessionId,
	merkle::{Domain, leaf_hash},
	model::Usage,
};
use scale_info::TypeInfo;
use sp_core::crypto::AccountId32;
use sp_runtime::{MultiSignature, traits::Verify};

const TAG: &[u8; 21] = b"openledger/receipt/1:";

/// One answer of a session: what was asked, answered and claimed, as commitments
/// ([`crate::commitment`]), and what it costs.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Receipt {
	/// The session.
	pub session: SessionId,
	/// The receipt's place in the session's tree, from zero.
	pub position: u32,
	/// The model version that answered.
	pub model: ModelId,
	/// [`crate::commitment::input`].
	pub input: Hash,
	/// [`crate::commitment::output`].
	pub output: Hash,
	/// The tokens that the answer took.
	pub usage: Usage,
	/// What it costs, in the smallest unit of OPEN; never zero.
	pub fee: Balance,
	/// [`crate::commitment::claim`].
	pub claim: Hash,
}

impl Receipt {
	/// The leaf that the receipt is in its session's tree.
	pub fn leaf(&self) -> SumNode {
		SumNode { hash: leaf_hash(Domain::Receipt, self), sum: self.fee }
	}

	/// What the operator signs: `"openledger/receipt/1:" ‖ genesis ‖ SCALE(receipt)`. The chain's
	/// genesis hash binds it to one chain.
	pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
		let mut bytes = TAG.to_vec();
		bytes.extend_from_slice(genesis.as_bytes());
		self.encode_to(&mut bytes);
		bytes
	}
}

/// A receipt with its operator's signature.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SignedReceipt {
	/// The receipt.
	pub receipt: Receipt,
	/// Over [`Receipt::payload`].
	pub signature: MultiSignature,
}

impl SignedReceipt {
	/// Whether `signer` signed the receipt for the chain with this genesis.
	pub fn verify(&self, genesis: &Hash, signer: &AccountId32) -> bool {
		self.signature.verify(self.receipt.payload(genesis).as_slice(), signer)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::{Pair, sr25519};

	fn receipt() -> Receipt {
		Receipt {
			session: 3,
			position: 4,
			model: 5,
			input: Hash::repeat_byte(1),
			output: Hash::repeat_byte(2),
			usage: Usage { prompt: 6, output: 7 },
			fee: 8,
			claim: Hash::repeat_byte(9),
		}
	}

	#[test]
	fn every_field_changes_the_leaf() {
		let leaf = receipt().leaf();
		assert_eq!(leaf.sum, 8);
		let changes: [fn(&mut Receipt); 8] = [
			|r| r.session = 0,
			|r| r.position = 0,
			|r| r.model = 0,
			|r| r.input = Hash::zero(),
			|r| r.output = Hash::zero(),
			|r| r.usage.output = 0,
			|r| r.fee = 9,
			|r| r.claim = Hash::zero(),
		];
		for change in changes {
			let mut other = receipt();
			change(&mut other);
			assert_ne!(other.leaf().hash, leaf.hash, "{other:?}");
		}
	}

	#[test]
	fn signature_holds_for_one_signer_chain_and_receipt() {
		let pair = sr25519::Pair::from_seed(&[1; 32]);
		let (signer, genesis) = (AccountId32::from(pair.public()), Hash::repeat_byte(8));
		let signature = pair.sign(&receipt().payload(&genesis)).into();
		let signed = SignedReceipt { receipt: receipt(), signature };
		assert!(signed.verify(&genesis, &signer));
		assert!(!signed.verify(&Hash::zero(), &signer));
		assert!(!signed.verify(&genesis, &AccountId32::new([9; 32])));
		let mut other = signed;
		other.receipt.fee = 9;
		assert!(!other.verify(&genesis, &signer));
	}
}
