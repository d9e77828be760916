//! What sessions there are, and where one stands.

use super::session_ask::no_session;
use crate::{
	amount,
	chain::Chain,
	output::{self, Output},
	session::{
		folder::Place,
		ledger::{Info, Ledger, OnChain, search},
		open::{Desk, put_in},
	},
};
use anyhow::{Context as _, Result};
use openledger_primitives_api::{BatchInfo, LineInfo, MAX_PAGE};
use openledger_primitives_core::{Balance, BatchId, SessionId, units};
use openledger_sessions::{protocol::Owing, purse::Status};
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::{collections::BTreeMap, path::PathBuf};
use tabled::Tabled;

/// A batch, as the chain tells of it.
pub type Batch = BatchInfo<AccountId32>;

/// What a purse says.
#[derive(Serialize)]
struct Purse {
	path: PathBuf,
	/// Receipts that are paid.
	receipts: Option<u32>,
	/// What they cost; none while another process uses the purse.
	#[serde(with = "opt_units")]
	spent: Option<Balance>,
	/// Questions without a receipt.
	unanswered: Option<usize>,
	/// What keeps it from being read.
	problem: Option<String>,
}

mod opt_units {
	use super::*;

	pub fn serialize<S: serde::Serializer>(
		amount: &Option<Balance>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		match amount {
			Some(amount) => units::serialize(amount, serializer),
			None => serializer.serialize_none(),
		}
	}
}

#[derive(Serialize)]
struct Session {
	session: SessionId,
	model: u32,
	operator: String,
	/// As the chain has it, until it ended and its batches are concluded.
	chain: Option<Info>,
	purse: Option<Purse>,
}

fn purse(desk: &Desk<'_, OnChain<'_>>, place: Place) -> Purse {
	let path = place.path.clone();
	let (status, problem): (Option<Status>, _) = match desk.folder.peek(&place) {
		Ok(Some(purse)) => (Some(purse.status()), None),
		Ok(None) => (None, Some("in use by another openledger".into())),
		Err(error) => (None, Some(format!("{error:#}"))),
	};
	Purse {
		path,
		receipts: status.map(|status| status.receipts),
		spent: status.map(|status| status.spent),
		unanswered: status.map(|status| status.asked),
		problem,
	}
}

fn state(info: Option<&Info>, best: u32) -> String {
	match info {
		None => "over".into(),
		Some(info) if info.ended => "over, not all concluded".into(),
		Some(info) if best > info.left_until => "over: close it to get the rest back".into(),
		Some(info) if info.closing || best > info.expires_at => {
			format!("closing until block {}", info.left_until)
		}
		Some(info) => format!("open until block {}", info.expires_at),
	}
}

#[derive(Tabled)]
struct Row {
	session: SessionId,
	model: u32,
	operator: String,
	state: String,
	spent: String,
	left: String,
	purse: &'static str,
}

/// Lists the payer's sessions.
pub async fn list(desk: &Desk<'_, OnChain<'_>>, output: Output) -> Result<()> {
	let payer = desk.ledger.payer();
	let best = desk.ledger.best().await?;
	let mut all: BTreeMap<SessionId, Session> = BTreeMap::new();
	for info in search(desk.ledger, 0, false, |info| info.payer == payer).await? {
		let operator = info.operator.to_ss58check();
		let (session, model) = (info.id, info.model);
		all.insert(session, Session { session, model, operator, chain: Some(info), purse: None });
	}
	for place in desk.folder.places()? {
		let Some(session) = place.session else {
			output.say(format!(
				"the opening of a session about model {} is not seen to its end: the next question does that",
				place.model
			));
			continue;
		};
		let operator = place.operator.to_ss58check();
		let known = Session { session, model: place.model, operator, chain: None, purse: None };
		all.entry(session).or_insert(known).purse = Some(purse(desk, place));
	}
	let all: Vec<Session> = all.into_values().rev().collect();
	output.show(&all, |all| {
		let row = |session: &Session| {
			let settled = session.chain.as_ref().map(|info| info.settled);
			let spent = session.purse.as_ref().and_then(|purse| purse.spent).or(settled);
			let left = session.chain.as_ref().map(|info| {
				put_in(info).saturating_sub(spent.unwrap_or_default().max(info.settled))
			});
			Row {
				session: session.session,
				model: session.model,
				operator: short(&session.operator),
				state: state(session.chain.as_ref(), best),
				spent: spent.map_or("?".into(), amount::show),
				left: left.map_or(String::new(), amount::show),
				purse: match &session.purse {
					None => "not here",
					Some(purse) if purse.problem.is_some() => "see session show",
					Some(_) => "here",
				},
			}
		};
		output::table(
			all.iter().map(row),
			"You have no sessions: openledger ask MODEL QUESTION --session opens one.",
		)
	});
	Ok(())
}

fn short(address: &str) -> String {
	let (start, end) = (address.get(..6), address.get(address.len().saturating_sub(4)..));
	format!("{}…{}", start.unwrap_or(address), end.unwrap_or_default())
}

/// A batch that a session is in.
#[derive(Serialize)]
struct In {
	batch: BatchId,
	line: LineInfo,
	concluded: bool,
	/// The draws that fall into the session.
	draws: Vec<u8>,
}

#[derive(Serialize)]
struct Shown {
	#[serde(flatten)]
	session: Session,
	/// What is paid by vouchers and in no batch yet.
	#[serde(with = "units")]
	unsettled: Balance,
	/// What the operator holds unpaid.
	owing: Option<Owing>,
	batches: Vec<In>,
}

/// The batches of one operator about one model, the latest first.
pub async fn batches(chain: &Chain, operator: &AccountId32, model: u32) -> Result<Vec<Batch>> {
	let mut end = chain.counter("Receipts", "NextBatch").await?;
	let mut found = Vec::new();
	while end > 0 {
		let start = end.saturating_sub(MAX_PAGE.into());
		let from = BatchId::try_from(start).context("the chain has more batches than numbers")?;
		let page: Vec<Batch> = chain.api("batches", (from, MAX_PAGE)).await?;
		let is_it = |batch: &Batch| {
			u64::from(batch.id) < end && batch.operator == *operator && batch.model == model
		};
		found.extend(page.into_iter().filter(is_it).rev());
		end = start;
	}
	Ok(found)
}

/// Shows one session.
pub async fn show(
	desk: &Desk<'_, OnChain<'_>>,
	session: SessionId,
	ask_operator: bool,
	output: Output,
) -> Result<()> {
	let chain = desk.ledger.chain;
	let info: Option<Info> = chain.api("session", session).await?;
	let place = desk.folder.find(session).ok();
	let (model, operator) = match (&info, &place) {
		(Some(info), _) => (info.model, info.operator.clone()),
		(None, Some(place)) => (place.model, place.operator.clone()),
		(None, None) => anyhow::bail!(no_session(session)),
	};
	let mut owing = None;
	if ask_operator {
		let ready = desk.find(session).await?;
		let (client, _) = desk.client(ready, |text| output.say(text)).await?;
		owing = client.owing().await?;
	}
	let inside = |batch: Batch| {
		let line = batch.lines.iter().find(|line| line.session == session)?.clone();
		let draws = batch.draws.iter().filter(|draw| draw.session == Some(session));
		let draws = draws.map(|draw| draw.draw).collect();
		Some(In { batch: batch.id, line, concluded: batch.concluded, draws })
	};
	let found = batches(chain, &operator, model).await?.into_iter().filter_map(inside).collect();
	let purse = place.map(|place| purse(desk, place));
	let settled = info.as_ref().map_or(0, |info| info.settled);
	let spent = purse.as_ref().and_then(|purse| purse.spent);
	let best = chain.best().await?;
	let shown = Shown {
		unsettled: spent.unwrap_or(settled).saturating_sub(settled),
		session: Session { session, model, operator: operator.to_ss58check(), chain: info, purse },
		owing,
		batches: found,
	};
	output.show(&shown, |shown| text(shown, best));
	Ok(())
}

fn text(shown: &Shown, best: u32) -> String {
	let Session { session, model, operator, chain, purse } = &shown.session;
	let private = chain.as_ref().is_some_and(|info| info.private);
	let mut out = format!(
		"session   {session} about model {model}, {}{}\noperator  {operator}",
		if private { "private, " } else { "" },
		state(chain.as_ref(), best)
	);
	if let Some(info) = chain {
		out += &format!(
			"\nescrow    {} put in, {} of it moved by batches, {} not\nprice     {} for a thousand tokens of \
			 prompt, {} of answer",
			amount::show(put_in(info)),
			amount::show(info.settled),
			amount::show(info.escrow),
			amount::show(info.price.prompt),
			amount::show(info.price.output),
		);
	}
	match purse {
		None => out += "\npurse     not in this data folder",
		Some(purse) => {
			out += &format!("\npurse     {}", purse.path.display());
			if let (Some(receipts), Some(spent)) = (purse.receipts, purse.spent) {
				out += &format!(
					"\nspent     {} for {receipts} receipts, {} of it in no batch yet\nunpaid    {} questions \
					 without a receipt",
					amount::show(spent),
					amount::show(shown.unsettled),
					purse.unanswered.unwrap_or_default(),
				);
			}
			if let Some(problem) = &purse.problem {
				out += &format!("\n          {problem}");
			}
		}
	}
	if let Some(owing) = shown.owing {
		out += &format!(
			"\nowing     {} receipts for {}, says the operator",
			owing.receipts,
			amount::show(owing.amount)
		);
	}
	if shown.batches.is_empty() {
		out += "\nbatches   none that is not concluded";
	}
	for found in &shown.batches {
		let LineInfo { first, count, from, to, .. } = found.line;
		out += &format!(
			"\nbatch {}   receipts {first} to {}, {}{}",
			found.batch,
			count.saturating_sub(1),
			amount::show(to.saturating_sub(from)),
			match found.draws.len() {
				0 => String::new(),
				draws => format!(", drawn {draws} times"),
			}
		);
	}
	out
}
