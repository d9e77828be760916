//! What a payer's client signs.

use crate::sum_tree::{SumFrontier, SumNode};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{Balance, Hash, SessionId};
use scale_info::TypeInfo;
use sp_core::crypto::AccountId32;
use sp_runtime::{MultiSignature, traits::Verify};

const TAG: &[u8; 21] = b"openledger/voucher/1:";

/// All that a payer owes in a session up to now. A later voucher replaces an earlier one: it owes
/// more, for more receipts.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Voucher {
	/// The session.
	pub session: SessionId,
	/// What is owed since the session opened, in the smallest unit of OPEN: the sum of the tree.
	pub amount: Balance,
	/// How many receipts it is owed for: the leaves of the tree.
	pub count: u32,
	/// The hash of the tree's root.
	pub root: Hash,
}

impl Voucher {
	/// The voucher for all the receipts of a session's tree.
	pub fn of(session: SessionId, tree: &SumFrontier) -> Self {
		let SumNode { hash, sum } = tree.root();
		Self { session, amount: sum, count: tree.count(), root: hash }
	}

	/// The root of the tree that the voucher is for.
	pub fn tree(&self) -> SumNode {
		SumNode { hash: self.root, sum: self.amount }
	}

	/// What the payer's client signs: `"openledger/voucher/1:" ‖ genesis ‖ SCALE(voucher)`. The
	/// chain's genesis hash binds it to one chain.
	///
	/// Wallets sign bytes within `<Bytes>…</Bytes>`, so no page that asks a wallet to sign some bytes
	/// can get a voucher out of it: these are signed by a client's own key and taken plain only.
	pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
		let mut bytes = TAG.to_vec();
		bytes.extend_from_slice(genesis.as_bytes());
		self.encode_to(&mut bytes);
		bytes
	}
}

/// A voucher with its payer's signature.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SignedVoucher {
	/// The voucher.
	pub voucher: Voucher,
	/// Over [`Voucher::payload`].
	pub signature: MultiSignature,
}

impl SignedVoucher {
	/// Whether `signer` signed the voucher for the chain with this genesis.
	pub fn verify(&self, genesis: &Hash, signer: &AccountId32) -> bool {
		self.signature.verify(self.voucher.payload(genesis).as_slice(), signer)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::{Pair, sr25519};

	fn signed(genesis: &Hash, wrap: bool) -> (SignedVoucher, AccountId32) {
		let pair = sr25519::Pair::from_seed(&[1; 32]);
		let voucher = Voucher { session: 1, amount: 2, count: 3, root: Hash::repeat_byte(4) };
		let mut bytes = voucher.payload(genesis);
		if wrap {
			bytes = [b"<Bytes>", bytes.as_slice(), b"</Bytes>"].concat();
		}
		(SignedVoucher { voucher, signature: pair.sign(&bytes).into() }, pair.public().into())
	}

	#[test]
	fn voucher_is_for_all_of_a_tree() {
		let mut tree = SumFrontier::default();
		for fee in [3, 4] {
			tree.push(SumNode { hash: Hash::repeat_byte(fee as u8), sum: fee }).unwrap();
		}
		let voucher = Voucher::of(9, &tree);
		assert_eq!((voucher.session, voucher.amount, voucher.count), (9, 7, 2));
		assert_eq!(voucher.tree(), tree.root());
	}

	#[test]
	fn signature_holds_for_one_signer_chain_and_voucher() {
		let genesis = Hash::repeat_byte(8);
		let (good, signer) = signed(&genesis, false);
		assert!(good.verify(&genesis, &signer));
		assert!(!good.verify(&Hash::zero(), &signer));
		assert!(!good.verify(&genesis, &AccountId32::new([9; 32])));
		let changes: [fn(&mut Voucher); 4] =
			[|v| v.session = 0, |v| v.amount = 0, |v| v.count = 0, |v| v.root = Hash::zero()];
		for change in changes {
			let mut other = good.clone();
			change(&mut other.voucher);
			assert!(!other.verify(&genesis, &signer), "{other:?}");
		}
	}

	#[test]
	fn what_a_wallet_wraps_is_no_voucher() {
		let genesis = Hash::repeat_byte(8);
		let (wrapped, signer) = signed(&genesis, true);
		assert!(!wrapped.verify(&genesis, &signer));
	}
}
