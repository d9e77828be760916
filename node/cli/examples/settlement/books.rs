//! What an operator keeps of its sessions: receipts in the trees that payers sign.

use crate::{
	Failure,
	index::Ground,
	stage::{PRICE, Stage},
};
use openledger_primitives_core::{Balance, Hash, MAX_OUTPUT, SessionId, model::Usage};
use openledger_primitives_receipts::{
	Receipt, SignedVoucher, SumFrontier, SumNode, SumProof, Voucher, commitment,
	prove::{find, prove},
};
use openledger_simulations::settling::market::normal;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sp_core::{Pair, sr25519};

/// Tokens of the median question and answer together, and the standard deviation of their logarithm.
const TOKENS: f64 = 500.0;
const SIGMA: f64 = 1.0;

/// One session's receipts, with every node of their tree.
pub struct Book {
	session: SessionId,
	receipts: Vec<Receipt>,
	tree: SumFrontier,
	/// The complete subtrees by level.
	nodes: Vec<Vec<SumNode>>,
}

impl Book {
	fn new(
		stage: &Stage,
		session: SessionId,
		count: u32,
		ground: &Ground,
		rng: &mut impl Rng,
	) -> Result<Self, Failure> {
		let mut book =
			Self { session, receipts: Vec::new(), tree: SumFrontier::default(), nodes: Vec::new() };
		for position in 0..count {
			let tokens = (TOKENS * (SIGMA * normal(rng)).exp()).clamp(1.0, 1e6) as u32;
			// What is beyond the longest answer was asked, which costs the same.
			let output = tokens.min(MAX_OUTPUT);
			let usage = Usage { prompt: tokens - output, output };
			let claim = ground.claim(position as usize);
			let receipt = Receipt {
				session,
				position,
				model: stage.model,
				input: Hash::from(rng.random::<[u8; 32]>()),
				output: Hash::from(rng.random::<[u8; 32]>()),
				usage,
				fee: PRICE.fee(usage).ok_or("a fee passes what a balance can hold")?,
				claim: commitment::claim(&claim.sketch, claim.gain, &claim.trace),
			};
			let nodes = &mut book.nodes;
			let keep = |level: u32, _, node| {
				let level = level as usize;
				if nodes.len() <= level {
					nodes.resize(level + 1, Vec::new());
				}
				nodes[level].push(node);
			};
			let added = book.tree.push_with(receipt.leaf(), keep);
			added.map_err(|refused| format!("a receipt was not appended: {refused:?}"))?;
			book.receipts.push(receipt);
		}
		Ok(book)
	}

	fn node(&self, level: u32, index: u32) -> Result<SumNode, Failure> {
		let found = self.nodes.get(level as usize).and_then(|level| level.get(index as usize));
		found.copied().ok_or_else(|| "a tree lost a node".into())
	}

	/// The voucher for all receipts.
	pub fn voucher(&self, payer: &sr25519::Pair, genesis: &Hash) -> SignedVoucher {
		let voucher = Voucher::of(self.session, &self.tree);
		SignedVoucher { voucher, signature: payer.sign(&voucher.payload(genesis)).into() }
	}

	/// The place of the receipt that covers a unit of the session.
	pub fn find(&self, unit: Balance) -> Result<u32, Failure> {
		let found = find(self.tree.count(), unit, |level, index| self.node(level, index))?;
		Ok(found.ok_or("a unit lies in no receipt")?.0)
	}

	/// A receipt with its proof.
	pub fn show(&self, position: u32) -> Result<(Receipt, SumProof), Failure> {
		let proof = prove(self.tree.count(), position, |level, index| self.node(level, index))?;
		let receipt = self.receipts.get(position as usize).ok_or("there is no such receipt")?;
		Ok((receipt.clone(), proof.ok_or("there is no such receipt")?))
	}
}

/// Books of the sessions from `first` on, one for each payer, with `answers` receipts in all.
pub fn books(
	stage: &Stage,
	first: SessionId,
	answers: u32,
	ground: &Ground,
) -> Result<Vec<Book>, Failure> {
	let count = stage.payers.len() as u32;
	let mut rng = ChaCha8Rng::seed_from_u64(u64::from(answers) ^ first << 32);
	(0..count)
		.map(|at| {
			let own = answers / count + u32::from(at < answers % count);
			Book::new(stage, first + SessionId::from(at), own, ground, &mut rng)
		})
		.collect()
}

/// Vouchers of all books.
pub fn vouchers(books: &[Book], stage: &Stage, genesis: &Hash) -> Vec<SignedVoucher> {
	books.iter().zip(&stage.payers).map(|(book, payer)| book.voucher(payer, genesis)).collect()
}
