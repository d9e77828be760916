//! What the chain is asked about sessions, and told.

use crate::{
	chain::{self, Chain, account, number, option},
	keys::Signer,
};
use anyhow::{Context, Result};
use openledger_primitives_api::{MAX_PAGE, OperatorInfo, Quote, SessionInfo};
use openledger_primitives_core::{Balance, BlockNumber, Hash, ModelId, SessionId, model::Usage};
use sp_core::crypto::AccountId32;
use subxt::dynamic::Value;

/// A session as the chain has it.
pub type Info = SessionInfo<AccountId32>;

/// A session that is to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
	/// Who answers.
	pub operator: AccountId32,
	/// The model version.
	pub model: ModelId,
	/// Whose key signs vouchers.
	pub signer: AccountId32,
	/// What it may cost, in the smallest unit of OPEN.
	pub escrow: Balance,
	/// How many blocks it lasts.
	pub blocks: BlockNumber,
	/// Whether what it is asked is opened to auditors by consent or dispute alone.
	pub private: bool,
}

/// A chain as one payer sees it.
pub trait Ledger {
	/// Its genesis hash.
	fn genesis(&self) -> Hash;
	/// Who pays.
	fn payer(&self) -> AccountId32;
	/// The best block's number.
	async fn best(&self) -> Result<BlockNumber>;
	/// One session as of the newest final block, until it ended and its batches are concluded.
	async fn session(&self, session: SessionId) -> Result<Option<Info>>;
	/// The number of the next session as of the best block.
	async fn next(&self) -> Result<SessionId>;
	/// Those of the numbers from `start` on, [`MAX_PAGE`] of them, that are sessions still; as of the
	/// newest final block where `is_final`, else as of the best one.
	async fn page(&self, start: SessionId, is_final: bool) -> Result<Vec<Info>>;
	/// Whether extrinsics of the payer wait for a block.
	async fn has_pending(&self) -> Result<bool>;
	/// One operator.
	async fn operator(&self, account: &AccountId32) -> Result<Option<OperatorInfo<AccountId32>>>;
	/// What an answer costs at most, and who would give it.
	async fn quote(&self, model: ModelId, usage: Usage) -> Result<Option<Quote<AccountId32>>>;
	/// Opens a session, and waits for a block that has it.
	async fn open(&self, opening: &Opening) -> Result<()>;
	/// Adds to a session's escrow, and waits for a block that has it.
	async fn add_escrow(&self, session: SessionId, amount: Balance) -> Result<()>;
}

/// The sessions with a number of `from` or later, in descending order of pages, that are as `wanted`.
pub async fn search(
	ledger: &impl Ledger,
	from: SessionId,
	is_final: bool,
	wanted: impl Fn(&Info) -> bool,
) -> Result<Vec<Info>> {
	let mut found = Vec::new();
	let mut end = ledger.next().await?;
	while end > from {
		let start = end.saturating_sub(MAX_PAGE.into()).max(from);
		let page = ledger.page(start, is_final).await?;
		found.extend(page.into_iter().filter(|info| info.id < end && wanted(info)));
		end = start;
	}
	Ok(found)
}

/// A chain that is connected to, and the payer's key.
pub struct OnChain<'a> {
	/// The chain.
	pub chain: &'a Chain,
	/// The payer's key.
	pub signer: &'a Signer,
}

/// Puts what a person can do about it beside a refusal of the receipts pallet.
fn advise(error: anyhow::Error) -> anyhow::Error {
	let advice = [
		(
			"SwitchedOff",
			"this chain has sessions switched off, as they are by default until governance switches them on: \
			 ask on chain, without --session",
		),
		(
			"NotServing",
			"the operator takes no new work on this model: name another with --operator",
		),
		("ModelNotServing", "the model does not answer now: see openledger model list"),
		("UnknownModel", "there is no such model: see openledger model list"),
		("OwnSession", "an operator can't pay for its own answers: use another key"),
		(
			"DurationOutOfRange",
			"the chain allows no session of so many blocks: name fewer with --blocks",
		),
		("SessionOver", "the session is over: open another one"),
	];
	let said = advice.iter().find(|(name, _)| chain::is_refused_as(&error, "Receipts", name));
	match said {
		Some((_, advice)) => error.context(*advice),
		None => error,
	}
}

impl OnChain<'_> {
	/// Closes a session. Returns the last block that is left to the operator.
	pub async fn close(&self, session: SessionId) -> Result<BlockNumber> {
		let arguments = vec![("session", number(session))];
		let events = self
			.chain
			.submit(self.signer, "Receipts", "close_session", arguments)
			.await
			.map_err(advise)?;
		let until = chain::find(&events, "Receipts", "SessionClosing")?.number("until");
		until.and_then(|until| until.try_into().ok()).context("the event names no block")
	}

	/// Ends a session whose operator's time is over. Returns what went back to the payer, in the
	/// smallest unit of OPEN.
	pub async fn finish(&self, session: SessionId) -> Result<Balance> {
		let arguments = vec![("session", number(session))];
		let events = self
			.chain
			.submit(self.signer, "Receipts", "finish_session", arguments)
			.await
			.map_err(advise)?;
		let returned = chain::find(&events, "Receipts", "SessionEnded")?.number("returned");
		returned.context("the event names no amount")
	}
}

impl Ledger for OnChain<'_> {
	fn genesis(&self) -> Hash {
		self.chain.genesis_hash()
	}

	fn payer(&self) -> AccountId32 {
		self.signer.account()
	}

	async fn best(&self) -> Result<BlockNumber> {
		self.chain.best().await
	}

	async fn session(&self, session: SessionId) -> Result<Option<Info>> {
		self.chain.api_at(self.chain.final_block().await?, "session", session).await
	}

	async fn next(&self) -> Result<SessionId> {
		self.chain.counter("Receipts", "NextSession").await
	}

	async fn page(&self, start: SessionId, is_final: bool) -> Result<Vec<Info>> {
		match is_final {
			true => {
				let block = self.chain.final_block().await?;
				self.chain.api_at(block, "sessions", (start, MAX_PAGE)).await
			}
			false => self.chain.api("sessions", (start, MAX_PAGE)).await,
		}
	}

	async fn has_pending(&self) -> Result<bool> {
		self.chain.has_pending(&self.payer()).await
	}

	async fn operator(&self, account: &AccountId32) -> Result<Option<OperatorInfo<AccountId32>>> {
		self.chain.api("operator", account).await
	}

	async fn quote(&self, model: ModelId, usage: Usage) -> Result<Option<Quote<AccountId32>>> {
		self.chain.api("quote", (model, usage)).await
	}

	async fn open(&self, opening: &Opening) -> Result<()> {
		let arguments = vec![
			("operator", account(&opening.operator)),
			("model", number(opening.model)),
			("signer", option(Some(account(&opening.signer)))),
			("escrow", number(opening.escrow)),
			("blocks", number(opening.blocks)),
			("private", Value::bool(opening.private)),
		];
		let opened = self.chain.submit(self.signer, "Receipts", "open_session", arguments).await;
		opened.map(|_| ()).map_err(advise)
	}

	async fn add_escrow(&self, session: SessionId, amount: Balance) -> Result<()> {
		let arguments = vec![("session", number(session)), ("amount", number(amount))];
		let added = self.chain.submit(self.signer, "Receipts", "add_escrow", arguments).await;
		added.map(|_| ()).map_err(advise)
	}
}
