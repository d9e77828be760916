//! A chain in memory, with one operator and one payer.

use super::server::{GENESIS, MODEL, PRICE, agent};
use crate::session::ledger::{Info, Ledger, Opening};
use anyhow::{Result, bail};
use openledger_primitives_api::{OperatorInfo, Quote};
use openledger_primitives_core::{
	Balance, BlockNumber, Hash, ModelId, SessionId,
	model::{Price, Usage},
};
use sp_core::{Pair, crypto::AccountId32};
use std::sync::Mutex;

pub const PAYER: AccountId32 = AccountId32::new([7; 32]);
pub const OPERATOR: AccountId32 = AccountId32::new([8; 32]);

/// What becomes of the next opening.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Opens {
	/// It is in the best block, and final some looks later.
	Well,
	/// The runtime refuses it.
	Refused,
	/// It is in the pool, the connection to the node is lost, and it is final some looks later.
	Unheard,
	/// It is final, under another number than in the best block at first.
	Moved,
}

pub struct State {
	pub opens: Opens,
	pub next: SessionId,
	/// Sessions in the best block.
	pub best: Vec<Info>,
	/// Those of them that are final.
	pub last: Vec<Info>,
	/// Looks until what is best is final.
	pub looks: u32,
	pub pending: bool,
	pub price: Price,
	pub block: BlockNumber,
	pub opened: u32,
}

pub struct Fake(pub Mutex<State>);

pub fn session(id: SessionId, signer: AccountId32, escrow: Balance, blocks: BlockNumber) -> Info {
	Info {
		id,
		payer: PAYER,
		operator: OPERATOR,
		model: MODEL,
		signer,
		price: PRICE,
		escrow,
		settled: 0,
		receipts: 0,
		expires_at: 100 + blocks,
		left_until: 700 + blocks,
		closing: false,
		ended: false,
		batches: 0,
		private: false,
	}
}

impl Fake {
	pub fn new() -> Self {
		Self(Mutex::new(State {
			opens: Opens::Well,
			next: 300,
			best: Vec::new(),
			last: Vec::new(),
			looks: 0,
			pending: false,
			price: PRICE,
			block: 100,
			opened: 0,
		}))
	}

	pub fn change(&self, change: impl FnOnce(&mut State)) {
		change(&mut self.0.lock().unwrap());
	}

	fn look(&self) -> std::sync::MutexGuard<'_, State> {
		let mut state = self.0.lock().unwrap();
		state.looks = state.looks.saturating_sub(1);
		if state.looks == 0 {
			state.last = state.best.clone();
			state.pending = false;
		}
		state
	}
}

impl Ledger for Fake {
	fn genesis(&self) -> Hash {
		GENESIS
	}

	fn payer(&self) -> AccountId32 {
		PAYER
	}

	async fn best(&self) -> Result<BlockNumber> {
		Ok(self.look().block)
	}

	async fn session(&self, session: SessionId) -> Result<Option<Info>> {
		Ok(self.look().last.iter().find(|info| info.id == session).cloned())
	}

	async fn next(&self) -> Result<SessionId> {
		Ok(self.look().next)
	}

	async fn page(&self, start: SessionId, is_final: bool) -> Result<Vec<Info>> {
		let state = self.look();
		let all = if is_final { &state.last } else { &state.best };
		let page = start..start + u64::from(openledger_primitives_api::MAX_PAGE);
		Ok(all.iter().filter(|info| page.contains(&info.id)).cloned().collect())
	}

	async fn has_pending(&self) -> Result<bool> {
		Ok(self.look().pending)
	}

	async fn operator(&self, account: &AccountId32) -> Result<Option<OperatorInfo<AccountId32>>> {
		Ok((*account == OPERATOR).then(|| OperatorInfo {
			account: OPERATOR,
			agent: agent().public().into(),
			endpoint: "http://127.0.0.1:1".into(),
			bond: 1,
			capacity: 1,
			open: 0,
			answered: 0,
			missed: 0,
			leaving: false,
			models: vec![MODEL],
		}))
	}

	async fn quote(&self, model: ModelId, usage: Usage) -> Result<Option<Quote<AccountId32>>> {
		let price = self.look().price;
		let fee = price.fee(usage).unwrap();
		Ok((model == MODEL).then(|| Quote { fee, price, operators: vec![OPERATOR] }))
	}

	async fn open(&self, opening: &Opening) -> Result<()> {
		let mut state = self.0.lock().unwrap();
		if state.opens == Opens::Refused {
			bail!("Receipts.open_session was refused by the runtime: Receipts::SwitchedOff");
		}
		let id = state.next;
		let mut info = session(id, opening.signer.clone(), opening.escrow, opening.blocks);
		info.price = state.price;
		info.private = opening.private;
		state.opened += 1;
		state.looks = 6;
		state.next += 1;
		if state.opens == Opens::Moved {
			info.id -= 5;
		}
		state.best.push(info);
		if state.opens == Opens::Unheard {
			state.pending = true;
			bail!("the connection to the node was lost");
		}
		Ok(())
	}

	async fn add_escrow(&self, session: SessionId, amount: Balance) -> Result<()> {
		let mut state = self.0.lock().unwrap();
		state.looks = 4;
		let info = state.best.iter_mut().find(|info| info.id == session).unwrap();
		info.escrow += amount;
		Ok(())
	}
}
