//! What payers and operators keep off chain, and calls that they make.

use super::{
	AGENT, MODEL, OPERATOR, Receipts, RuntimeCall, Test, account, pair,
	registry::{RECORDS, claim},
	signed,
};
use crate::{AllShown, Shown};
use frame_support::dispatch::DispatchResultWithPostInfo;
use openledger_primitives_core::{BatchId, Hash, ModelId, SessionId, model::Usage};
use openledger_primitives_receipts::{
	Receipt, SignedVoucher, SumFrontier, SumNode, Voucher, commitment, prove::prove_slice,
};
use sp_core::{Pair, crypto::AccountId32};
use sp_runtime::DispatchError;

/// One side's books of a session: its receipts, and who signs for them.
#[derive(Clone)]
pub struct Book {
	pub session: SessionId,
	pub model: ModelId,
	pub signer: u8,
	pub receipts: Vec<Receipt>,
}

impl Book {
	pub fn new(session: SessionId, signer: u8) -> Self {
		Self { session, model: MODEL, signer, receipts: Vec::new() }
	}

	/// One more answer, moved by the record `at`, for a fee of `fee`.
	pub fn answer(&mut self, at: usize, fee: u128) -> &mut Self {
		let claim = claim(at);
		self.receipts.push(Receipt {
			session: self.session,
			position: self.receipts.len() as u32,
			model: self.model,
			input: commitment::input(&[1; 32], b"Why is the sky blue?"),
			output: commitment::output(&[1; 32], b"It scatters."),
			usage: Usage { prompt: fee as u32, output: 0 },
			fee,
			claim: commitment::claim(&claim.sketch, claim.gain, &claim.trace),
		});
		self
	}

	/// Which record the receipt at `position` credits.
	pub fn credits(&self, position: u32) -> usize {
		let committed = self.receipts[position as usize].claim;
		(0..RECORDS)
			.find(|at| {
				let claim = claim(*at);
				commitment::claim(&claim.sketch, claim.gain, &claim.trace) == committed
			})
			.unwrap()
	}

	pub fn voucher(&self) -> Voucher {
		let mut tree = SumFrontier::default();
		for receipt in &self.receipts {
			tree.push(receipt.leaf()).unwrap();
		}
		Voucher::of(self.session, &tree)
	}

	pub fn signed(&self) -> SignedVoucher {
		sign(self.voucher(), self.signer, &Receipts::genesis())
	}

	/// The receipt at `position` as it is shown, in the tree of the first `count`.
	pub fn shown(&self, position: u32, count: usize) -> Shown<AccountId32> {
		let leaves: Vec<SumNode> = self.receipts[..count].iter().map(Receipt::leaf).collect();
		Shown {
			receipt: self.receipts[position as usize].clone(),
			proof: prove_slice(&leaves, position).unwrap(),
			claim: claim(self.credits(position)),
		}
	}

	/// Shows the receipt at `position` in the tree of the first `count`.
	pub fn show(&self, batch: BatchId, position: u32, count: usize) -> DispatchResultWithPostInfo {
		reveal(batch, [self.shown(position, count)], AGENT)
	}
}

/// Shows these receipts together.
pub fn reveal(
	batch: BatchId,
	shown: impl IntoIterator<Item = Shown<AccountId32>>,
	by: u8,
) -> DispatchResultWithPostInfo {
	let shown = AllShown::try_from(shown.into_iter().collect::<Vec<_>>()).unwrap();
	dispatch(RuntimeCall::Receipts(crate::Call::reveal { batch, shown }), by)
}

/// As a transaction does: nothing is kept of a call that fails.
pub fn dispatch(call: RuntimeCall, by: u8) -> DispatchResultWithPostInfo {
	use sp_runtime::traits::Dispatchable;
	call.dispatch(signed(by))
}

pub fn sign(voucher: Voucher, signer: u8, genesis: &Hash) -> SignedVoucher {
	let signature = pair(signer).sign(&voucher.payload(genesis)).into();
	SignedVoucher { voucher, signature }
}

/// A session of `payer` with the operator, for 500 blocks.
pub fn session(payer: u8, escrow: u128) -> Book {
	opened(MODEL, payer, escrow, false)
}

/// As [`session`], and private.
pub fn private_session(payer: u8, escrow: u128) -> Book {
	opened(MODEL, payer, escrow, true)
}

/// As [`session`], about another model version.
pub fn session_on(model: ModelId, payer: u8, escrow: u128) -> Book {
	opened(model, payer, escrow, false)
}

fn opened(model: ModelId, payer: u8, escrow: u128, private: bool) -> Book {
	let (id, operator) = (crate::NextSession::<Test>::get(), account(OPERATOR));
	Receipts::open_session(signed(payer), operator, model, None, escrow, 500, private).unwrap();
	Book { model, ..Book::new(id, payer) }
}

/// A batch of the latest vouchers of these books.
pub fn commit(books: &[&Book]) -> Result<BatchId, DispatchError> {
	let id = crate::NextBatch::<Test>::get();
	let vouchers = books.iter().map(|book| book.signed()).collect::<Vec<_>>().try_into().unwrap();
	let call = crate::Call::commit_batch { model: MODEL, vouchers };
	dispatch(RuntimeCall::Receipts(call), AGENT).map_err(|refused| refused.error)?;
	Ok(id)
}

/// Shows every receipt of the books that a draw falls into. How many were shown.
pub fn show_all(batch: BatchId, books: &[&Book]) -> usize {
	let mut shown = 0;
	for book in books {
		for position in 0..book.receipts.len() as u32 {
			match book.show(batch, position, book.receipts.len()) {
				Ok(_) => shown += 1,
				Err(refused) => assert!(
					refused.error == crate::Error::<Test>::NotDrawn.into()
						|| refused.error == crate::Error::<Test>::NotInBatch.into(),
					"{refused:?}"
				),
			}
		}
	}
	shown
}
