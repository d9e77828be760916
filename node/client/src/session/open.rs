//! The session to use: one that is there, or a new one.
//!
//! Only what is final counts. A session's number may change until its opening is, so the purse enters
//! it then, and finds it by its own key.

use super::{
	Client, Patience,
	folder::{Folder, Lock, Place},
	ledger::{Info, Ledger, Opening, search},
	wire::Operator,
};
use anyhow::{Context, Result, bail, ensure};
use openledger_primitives_api::OperatorInfo;
use openledger_primitives_core::{Balance, BlockNumber, ModelId, SessionId, model::Usage};
use openledger_sessions::{
	Purse,
	purse::{Deal, PurseError},
};
use sp_core::crypto::{AccountId32, Ss58Codec};
use tokio::time::Instant;

/// How many of the longest answers a session's escrow is enough for, unless the payer says otherwise.
const ANSWERS: Balance = 50;
/// Blocks that have to be left of a session for a question in it.
const LEAST_LEFT: BlockNumber = 10;
/// How many numbers before the next session's are looked at too: the chain may have switched to a
/// branch with fewer sessions since.
const BRANCH: SessionId = 256;

/// The session that is wanted.
#[derive(Clone, Debug)]
pub struct Wish {
	/// About which model version.
	pub model: ModelId,
	/// With which operator; without one, with any.
	pub operator: Option<AccountId32>,
	/// The most tokens that an answer may take.
	pub usage: Usage,
	/// What a new one may cost, in the smallest unit of OPEN.
	pub escrow: Option<Balance>,
	/// How many blocks a new one lasts.
	pub blocks: BlockNumber,
	/// Whether it has to be private.
	pub private: bool,
}

impl Wish {
	/// Whether a session keeps as much to its parties as this asks for.
	fn is_kept_by(&self, info: &Info) -> bool {
		info.private || !self.private
	}
}

/// A session that can be used, with its purse.
pub struct Ready {
	/// Where the purse lies.
	pub place: Place,
	/// The purse.
	pub purse: Purse,
	/// The session as of the newest final block.
	pub info: Info,
	/// Whether it was opened for this.
	pub is_new: bool,
}

/// Opens, finds and tops up sessions of one payer.
pub struct Desk<'a, L> {
	/// The chain.
	pub ledger: &'a L,
	/// Where purses lie.
	pub folder: Folder,
	/// How long is waited for what.
	pub patience: Patience,
}

/// All that was ever put into a session, in the smallest unit of OPEN.
pub fn put_in(info: &Info) -> Balance {
	info.escrow.saturating_add(info.settled)
}

impl<L: Ledger> Desk<'_, L> {
	/// A session as wished for: the latest that can be used, or else a new one.
	///
	/// # Errors
	/// Where there is none and none can be opened.
	pub async fn find_or_open(&self, wish: &Wish, say: impl Fn(String)) -> Result<Ready> {
		let lock = self.folder.lock(&self.patience).await?;
		let best = self.ledger.best().await?;
		for place in self.folder.places()? {
			let Some(session) = place.session else { continue };
			let is_wanted = place.model == wish.model
				&& wish.operator.as_ref().is_none_or(|wanted| *wanted == place.operator);
			if !is_wanted {
				continue;
			}
			let Some(info) = self.ledger.session(session).await? else { continue };
			let lasts = info.expires_at > best.saturating_add(LEAST_LEFT);
			if info.closing || info.ended || !lasts || !wish.is_kept_by(&info) {
				continue;
			}
			let serves = self.ledger.operator(&place.operator).await?;
			if !serves.is_some_and(|operator| operator.models.contains(&wish.model)) {
				say(format!(
					"the operator of session {session} serves model {} no more: openledger session close \
					 {session} gets the escrow back",
					wish.model
				));
				continue;
			}
			let purse = self.enter(&place, &info).await?;
			return Ok(Ready { place, purse, info, is_new: false });
		}
		if let Some(ready) = self.take_up(&lock, wish, &say).await? {
			return Ok(ready);
		}
		self.open_new(&lock, wish, &say).await
	}

	/// A new session, whatever others there are.
	///
	/// # Errors
	/// Where none can be opened.
	pub async fn open(&self, wish: &Wish, say: impl Fn(String)) -> Result<Ready> {
		let lock = self.folder.lock(&self.patience).await?;
		if let Some(ready) = self.take_up(&lock, wish, &say).await? {
			return Ok(ready);
		}
		self.open_new(&lock, wish, &say).await
	}

	/// The purse of a session that is there.
	///
	/// # Errors
	/// Where there is no such purse, or no such session.
	pub async fn find(&self, session: SessionId) -> Result<Ready> {
		let place = self.folder.find(session)?;
		let info = self.ledger.session(session).await?;
		let info = info.with_context(|| {
			format!(
				"session {session} is over: the chain pays nothing more in it, and has dropped it"
			)
		})?;
		let purse = self.enter(&place, &info).await?;
		Ok(Ready { place, purse, info, is_new: false })
	}

	/// Opens a purse, and enters what was added to its session.
	async fn enter(&self, place: &Place, info: &Info) -> Result<Purse> {
		let mut purse = self.folder.open(place, &self.patience).await?;
		ensure!(
			info.signer == purse.signer()
				&& info.payer == self.ledger.payer()
				&& info.operator == place.operator,
			"the chain's session {} has other parties than {}: the purse is not this chain's",
			info.id,
			place.path.display()
		);
		if purse.status().escrow < put_in(info) {
			purse.opened(info.id, info.price, put_in(info))?;
		}
		Ok(purse)
	}

	/// Goes on with a session whose opening an earlier process did not see to its end.
	async fn take_up(
		&self,
		lock: &Lock,
		wish: &Wish,
		say: impl Fn(String),
	) -> Result<Option<Ready>> {
		for place in self.folder.places()? {
			let is_wanted = place.model == wish.model
				&& wish.operator.as_ref().is_none_or(|wanted| *wanted == place.operator);
			if place.session.is_some() || !is_wanted {
				continue;
			}
			say("an earlier openledger was opening a session: seeing what became of it".into());
			let purse = self.folder.open(&place, &self.patience).await?;
			let settled = self.settle(lock, place, purse).await?;
			if let Some(ready) = settled.filter(|ready| wish.is_kept_by(&ready.info)) {
				return Ok(Some(ready));
			}
		}
		Ok(None)
	}

	async fn open_new(&self, lock: &Lock, wish: &Wish, say: impl Fn(String)) -> Result<Ready> {
		let model = wish.model;
		let quote = self.ledger.quote(model, wish.usage).await?.with_context(|| {
			format!("there is no model {model} to ask: see openledger model list")
		})?;
		let operator = wish.operator.clone().or_else(|| quote.operators.first().cloned());
		let operator = operator.with_context(|| {
			format!("no operator has room for model {model} now: try again later")
		})?;
		let known = self
			.ledger
			.operator(&operator)
			.await?
			.with_context(|| format!("{} is no operator", operator.to_ss58check()))?;
		ensure!(
			known.models.contains(&model) && !known.leaving,
			"{} takes no new work on model {model}: name another operator, or none",
			operator.to_ss58check()
		);
		// An endpoint that can't be asked is found out before anything is put into escrow.
		Operator::at(&known.endpoint, self.patience.answer)?;
		let escrow = wish.escrow.unwrap_or_else(|| quote.fee.saturating_mul(ANSWERS));
		let genesis = self.ledger.genesis();
		let deal = Deal { genesis, agent: known.agent, model, price: quote.price };
		let from = self.ledger.next().await?.saturating_sub(BRANCH);
		let (place, purse) = self.folder.create(lock, &operator, from, deal)?;
		say(format!(
			"opening a {}session with {} for {} blocks, {} in escrow",
			if wish.private { "private " } else { "" },
			operator.to_ss58check(),
			wish.blocks,
			crate::amount::show(escrow)
		));
		let signer = purse.signer();
		let Wish { blocks, private, .. } = *wish;
		let opening = Opening { operator, model, signer, escrow, blocks, private };
		let opened = self.ledger.open(&opening).await;
		let settled = self.settle(lock, place, purse).await;
		match (opened, settled) {
			(_, Ok(Some(ready))) => Ok(ready),
			(Err(error), _) => Err(error),
			(Ok(()), Ok(None)) => bail!("the chain dropped the session's opening: try again"),
			(Ok(()), Err(error)) => Err(error),
		}
	}

	/// Waits until a session's opening is final, and enters it in its purse. Where none was opened, the
	/// purse goes.
	async fn settle(&self, lock: &Lock, place: Place, mut purse: Purse) -> Result<Option<Ready>> {
		let signer = purse.signer();
		let (from, until) = (place.from, Instant::now() + self.patience.finality);
		let is_it = |info: &Info| info.signer == signer && info.payer == self.ledger.payer();
		let mut tries = 0;
		let info = loop {
			if let Some(info) = search(self.ledger, from, true, is_it).await?.pop() {
				break info;
			}
			// In this order: what leaves the pool between the two is in the best block then.
			let is_on_its_way = self.ledger.has_pending().await?
				|| !search(self.ledger, from, false, is_it).await?.is_empty();
			if !is_on_its_way {
				self.folder.discard(lock, &place, purse)?;
				return Ok(None);
			}
			ensure!(
				Instant::now() < until,
				"the session's opening is not final yet: is the chain finalising? The next question goes on \
				 with it"
			);
			self.patience.wait(tries).await;
			tries += 1;
		};
		match purse.opened(info.id, info.price, put_in(&info)) {
			Ok(()) => {}
			Err(PurseError::PriceRaised) => {
				self.folder.discard(lock, &place, purse)?;
				bail!(
					"the model's price rose while session {0} was opened: openledger session close {0} --anyway gets the \
					 escrow back; then ask again",
					info.id
				)
			}
			Err(error) => return Err(error.into()),
		}
		let (place, purse) = self.folder.settle(lock, place, purse)?;
		Ok(Some(Ready { place, purse, info, is_new: true }))
	}

	/// Adds to a session's escrow, and waits until that is final.
	///
	/// # Errors
	/// Where the chain refuses, or does not finalise.
	pub async fn top_up(&self, purse: &mut Purse, amount: Balance) -> Result<Info> {
		let session = purse.status().session.ok_or(PurseError::NotOpen)?;
		let gone = || format!("session {session} is over: open another one");
		let before = put_in(&self.ledger.session(session).await?.with_context(gone)?);
		self.ledger.add_escrow(session, amount).await?;
		let until = Instant::now() + self.patience.finality;
		let mut tries = 0;
		loop {
			let info = self.ledger.session(session).await?.with_context(gone)?;
			if put_in(&info) >= before.saturating_add(amount) {
				purse.opened(session, info.price, put_in(&info))?;
				return Ok(info);
			}
			ensure!(
				Instant::now() < until,
				"what was added to the escrow is not final yet: is the chain finalising? It counts once it is"
			);
			self.patience.wait(tries).await;
			tries += 1;
		}
	}

	/// The payer's end of a session.
	///
	/// # Errors
	/// Where the operator is none any more, or has no endpoint that can be asked.
	pub async fn client(&self, ready: Ready, say: impl Fn(String)) -> Result<(Client, Info)> {
		let Ready { place, purse, info, .. } = ready;
		let known: OperatorInfo<AccountId32> =
			self.ledger.operator(&place.operator).await?.with_context(|| {
				let (who, session) = (place.operator.to_ss58check(), info.id);
				format!(
					"{who} is no operator any more: openledger session close {session} --anyway gets the escrow \
					 back"
				)
			})?;
		let operator = Operator::at(&known.endpoint, self.patience.answer)?;
		if operator.is_exposed() {
			say(format!(
				"{} is not encrypted: who is on the way there can read questions and answers, and ask at your \
				 session",
				known.endpoint
			));
		}
		let client = Client::new(purse, operator, known.agent, place.journal(), self.patience)?;
		Ok((client, info))
	}
}
