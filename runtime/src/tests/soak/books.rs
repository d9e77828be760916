//! What both sides of a session keep off chain: receipts, the claims behind them, and vouchers.

use super::{
	truth,
	world::{Rt, World},
};
use crate::AccountId;
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	Balance, BatchId, Hash, MAX_OUTPUT, SessionId, model::Usage, traits::Lots,
};
use openledger_primitives_receipts::{
	Receipt, SignedVoucher, SumFrontier, SumNode, Voucher, batch, commitment, draw,
	prove::{find, prove_slice},
};
use pallet_receipts::{Batches, Lines, Session, Sessions, Shown, Stage};

/// A session as the chain has it.
pub type Stored = Session<AccountId, <Rt as pallet_receipts::Config>::SessionConsideration>;

/// The receipts of one session, with the claim behind each.
#[derive(Clone, Default)]
pub struct Book {
	receipts: Vec<Receipt>,
	claims: Vec<Claim<AccountId>>,
}

impl Book {
	/// What all receipts cost.
	fn owed(&self) -> Balance {
		self.receipts.iter().map(|receipt| receipt.fee).sum()
	}

	fn leaves(&self, count: u32) -> Vec<SumNode> {
		self.receipts.iter().take(count as usize).map(Receipt::leaf).collect()
	}

	/// The voucher for all receipts.
	fn voucher(&self, session: SessionId) -> Voucher {
		let mut tree = SumFrontier::default();
		for leaf in self.leaves(u32::MAX) {
			tree.push(leaf).unwrap();
		}
		Voucher::of(session, &tree)
	}

	/// The receipt that covers a unit of the tree of the first `count`.
	fn shown(&self, count: u32, unit: Balance) -> Option<Shown<AccountId>> {
		let leaves = self.leaves(count);
		let mut nodes = Vec::new();
		let mut tree = SumFrontier::default();
		for leaf in &leaves {
			tree.push_with(*leaf, |level, place, node| nodes.push(((level, place), node))).unwrap();
		}
		let node = |level, place| {
			nodes.iter().find(|(at, _)| *at == (level, place)).map(|(_, node)| *node).ok_or(())
		};
		let (position, _) = find(leaves.len() as u32, unit, node).ok()??;
		let proof = prove_slice(&leaves, position)?;
		let at = position as usize;
		Some(Shown { receipt: self.receipts[at].clone(), proof, claim: self.claims[at].clone() })
	}
}

/// An answer in a session, if there is escrow left for it.
pub fn answer(world: &mut World, id: SessionId, session: &Stored) {
	let usage = Usage { prompt: world.between(1, 60), output: world.between(1, MAX_OUTPUT) };
	let owed = world.books.get(&id).map_or(0, Book::owed);
	let left = session.settled.saturating_add(session.escrow).saturating_sub(owed);
	let mut fee = session.price.fee(usage).unwrap_or(left).min(left);
	// Sometimes more than the price, or than there is.
	if world.odds(150) {
		fee = fee.saturating_add(left);
	}
	if fee == 0 {
		return;
	}
	let subject = commitment::input(&world.bytes(), b"Why is the sky blue?");
	let claim = truth::told(world, session.model, &session.payer, &subject);
	let output = truth::output(&subject, truth::answer(!world.odds(8)));
	let book = world.books.entry(id).or_default();
	book.receipts.push(Receipt {
		session: id,
		position: book.receipts.len() as u32,
		model: session.model,
		input: subject,
		output,
		usage,
		fee,
		claim: commitment::claim(&claim.sketch, claim.gain, &claim.trace),
	});
	book.claims.push(claim);
}

/// The last voucher of a session, signed by who has the key for it. At times for something else than
/// the book says: a payer may sign whatever it likes.
pub fn voucher(world: &mut World, id: SessionId, session: &Stored) -> Option<SignedVoucher> {
	let mut voucher = world.books.get(&id)?.voucher(id);
	match world.below(40) {
		0 => voucher.root = world.hash(),
		1 => voucher.amount = voucher.amount.saturating_add(world.below(1_000).into()),
		2 => voucher.count += 1,
		3 => voucher.amount = session.settled,
		_ => {}
	}
	let genesis: Hash = if world.odds(40) { world.hash() } else { genesis() };
	let signature = world.user_of(&session.signer)?.sign(&voucher.payload(&genesis));
	Some(SignedVoucher { voucher, signature })
}

/// What vouchers are bound to this chain by.
fn genesis() -> Hash {
	frame_system::Pallet::<Rt>::block_hash(0)
}

/// What one of a batch's open draws falls into, where anybody has it.
pub fn drawn(world: &mut World, id: BatchId) -> Option<Shown<AccountId>> {
	let batch = Batches::<Rt>::get(id)?;
	let seed = batch.drawn.map(|drawn| drawn.seed).or_else(|| crate::Lots::seed(batch.round))?;
	let lines = Lines::<Rt>::get(id);
	let open: Vec<_> = batch
		.staged()
		.filter(|(_, stage)| *stage == Stage::Pending)
		.map(|(draw, _)| draw)
		.collect();
	let unit = draw::unit(&seed, id, world.pick(open)?, batch.total)?;
	let (line, unit) = batch::find(&lines, unit)?;
	world.books.get(&line.session)?.shown(line.count, unit)
}

/// Forgets the books of sessions that are gone.
pub fn forget(world: &mut World) {
	world.books.retain(|id, _| Sessions::<Rt>::contains_key(id));
}
