//! From a receipt to its batch, its draws, their claims, records and accounts.
//!
//! The chain stores no receipts. It has a batch's lines until the batch is concluded, and the seed that
//! decides its draws until it is pruned; from both follows which units were drawn. Which units a receipt
//! covers is in its session's journal. What is pruned is read from the state of a block that had it.

mod past;
#[cfg(test)]
mod tests;
mod text;

use super::{
	Shown,
	found::{self, Of},
	records,
	whose::Whose,
};
use crate::{
	Context,
	chain::{AsOf, Chain},
	commands::{
		session_ask::no_session,
		session_show::{Batch, batches},
		train::console,
	},
	session::{folder::Folder, journal::Paid, ledger::Info},
};
use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_primitives_api::{AuditInfo, ClaimInfo, DrawStage, LineInfo};
use openledger_primitives_core::{
	Balance, BatchId, BlockNumber, ModelId, RequestId, SessionId, draw::draw_id, units,
};
use openledger_primitives_receipts::{Line, batch as lines, draw};
use past::{OnNode, Search, Sought};
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use text::{claim_text, draws_table, stage, text, totals};

/// Where a draw fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Place {
	draw: u8,
	session: SessionId,
	/// The unit of the session's tree.
	#[serde(with = "units")]
	unit: Balance,
}

/// A draw's claim, with all that follows from it.
#[derive(Serialize)]
struct Claimed {
	draw: u8,
	claim: ClaimInfo<AccountId32>,
	audit: Option<AuditInfo<AccountId32>>,
	/// Whose the claim is.
	claim_of: Whose,
	records: Vec<Shown>,
	/// What was put into the prompt, where the version puts records there.
	found: Option<found::Found>,
}

/// A batch, with the lines that it was committed with.
struct Whole {
	batch: Batch,
	lines: Vec<LineInfo>,
	/// The last block that has it, where it is pruned; it is as of that block.
	pruned_after: Option<BlockNumber>,
}

fn line(line: &LineInfo) -> Line {
	let LineInfo { session, first, count, from, to, root } = *line;
	Line { session, first, count, from, to, root }
}

/// Where the draws of a batch with these lines fell; nowhere before its seed is there.
fn places(batch: &Batch, own: &[LineInfo]) -> Vec<Place> {
	let Some(seed) = batch.seed else { return Vec::new() };
	let own: Vec<Line> = own.iter().map(line).collect();
	let place = |draw: u8| {
		let unit = draw::unit(&seed, batch.id, draw, batch.total)?;
		let (line, unit) = lines::find(&own, unit)?;
		Some(Place { draw, session: line.session, unit })
	};
	batch.draws.iter().filter_map(|info| place(info.draw)).collect()
}

/// The lines of a batch: where it is concluded, those that it had when it was committed, as far as the
/// node keeps the state of that block.
async fn lines_of(chain: &Chain, batch: &Batch) -> Result<Vec<LineInfo>> {
	if !batch.lines.is_empty() {
		return Ok(batch.lines.clone());
	}
	let tell = || {
		format!(
			"batch {} is concluded, and this node keeps the state of block {}, which has its lines, no more: \
			 name an archive node with --url",
			batch.id, batch.committed_at
		)
	};
	let block = chain.block_at(batch.committed_at).await?.with_context(tell)?;
	let then: Option<Batch> = chain.api_at(block, "batch", batch.id).await.with_context(tell)?;
	Ok(then.with_context(tell)?.lines)
}

/// The draw whose fate another one shares.
fn leading(batch: &Batch, draw: u8) -> u8 {
	match batch.draws.iter().find(|info| info.draw == draw).map(|info| info.stage) {
		Some(DrawStage::Joined(first)) => first,
		_ => draw,
	}
}

async fn claimed(
	context: &Context,
	state: AsOf<'_>,
	batch: &Batch,
	draw: u8,
) -> Result<Option<Claimed>> {
	let draw = leading(batch, draw);
	let id: RequestId = draw_id(batch.id, draw);
	let Some(claim) = state.api::<Option<ClaimInfo<AccountId32>>>("claim", id).await? else {
		return Ok(None);
	};
	let audit: Option<AuditInfo<AccountId32>> = state.api("audit", id).await?;
	let content = context.content()?;
	let records = records(&content, &claim.evidence).await;
	let of = Of {
		answer: None,
		moved: &claim.paid,
		earned_ppm: claim.earned_ppm,
		paid: claim.distribution.as_ref(),
		audit: audit.as_ref(),
		paid_back: claim.rejected,
	};
	let found = found::found(state, &content, (claim.model, id), &of).await?;
	let claim_of = found.as_ref().map_or_else(|| of.whose(&[]), |found| found.question_of);
	Ok(Some(Claimed { draw, claim, audit, claim_of, records, found }))
}

/// The node's state as of the last block that has a batch; the newest where it is not pruned.
async fn state(chain: &Chain, pruned_after: Option<BlockNumber>) -> Result<AsOf<'_>> {
	let Some(number) = pruned_after else { return Ok(AsOf::best(chain)) };
	let block = chain.block_at(number).await?;
	let block = block.with_context(|| format!("the node has no block {number} any more"))?;
	Ok(AsOf { chain, block: Some(block) })
}

/// What is not in the newest state.
#[derive(Clone, Copy)]
enum Wanted {
	Receipt(SessionId, u32),
	Batch(BatchId),
}

/// Looks for a batch in the states of all blocks.
async fn seek(context: &Context, chain: &Chain, wanted: Wanted) -> Result<Sought> {
	let (best, output) = (chain.best().await?, context.output());
	let what = match wanted {
		Wanted::Receipt(session, receipt) => {
			format!("the batch of receipt {receipt} of session {session}")
		}
		Wanted::Batch(id) => format!("batch {id}"),
	};
	output.say(format!(
		"{what} is not there now: looking for it in the states of blocks 1 to {best}"
	));
	let bar = if output.json && !console() {
		ProgressBar::hidden()
	} else {
		ProgressBar::new(past::most(best))
	};
	bar.set_style(ProgressStyle::with_template("reading states {wide_bar} {pos}/{len} at most")?);
	let node = OnNode::new(chain).await?;
	let search = Search { history: &node, best, bar: &bar };
	let sought = match wanted {
		Wanted::Receipt(session, receipt) => search.receipt(session, receipt).await,
		Wanted::Batch(id) => search.number(id).await,
	};
	bar.finish_and_clear();
	sought
}

/// That a node does not know what was before block `kept`.
fn forgotten(kept: BlockNumber) -> String {
	format!(
		"the batch is pruned, and this node keeps the state of no block before {kept}, which has it: name an \
		 archive node, one that runs with --state-pruning archive, with --url"
	)
}

#[derive(Serialize)]
struct OfBatch {
	batch: Batch,
	/// The last block that has the batch, where it is pruned: all is told as of that block.
	pruned_after: Option<BlockNumber>,
	draws: Vec<Place>,
	claims: Vec<Claimed>,
}

/// Shows a batch, with one of its draws' claims where one is named.
pub async fn batch(context: &Context, id: BatchId, draw: Option<u8>) -> Result<()> {
	let chain = context.chain().await?;
	let live: Option<Batch> = chain.api("batch", id).await?;
	let (batch, lines, pruned_after) = match live {
		Some(batch) => {
			let lines = lines_of(&chain, &batch).await;
			(batch, lines, None)
		}
		None => match seek(context, &chain, Wanted::Batch(id)).await? {
			Sought::Found(whole) => (whole.batch, Ok(whole.lines), whole.pruned_after),
			Sought::Forgotten(kept) => bail!(forgotten(kept)),
			Sought::Never => bail!("the chain knows no batch {id}"),
		},
	};
	if let Some(draw) = draw
		&& usize::from(draw) >= batch.draws.len()
	{
		bail!("batch {id} has {} draws, counted from 0", batch.draws.len());
	}
	let (draws, problem) = match lines {
		Ok(lines) => (places(&batch, &lines), None),
		Err(error) => (Vec::new(), Some(format!("{error:#}"))),
	};
	let mut claims = Vec::new();
	if let Some(draw) = draw {
		claims.extend(claimed(context, state(&chain, pruned_after).await?, &batch, draw).await?);
	}
	let output = context.output();
	if let Some(problem) = problem {
		output.say(problem);
	}
	output.show(&OfBatch { batch, pruned_after, draws, claims }, |told| {
		let mut out =
			totals(&told.batch, told.pruned_after) + &draws_table(&told.batch, &told.draws);
		if let (Some(draw), true) = (draw, told.claims.is_empty()) {
			out += &format!("\ndraw {draw} has no claim: {}", stage(&told.batch, draw));
		}
		for claimed in &told.claims {
			out += &claim_text(claimed);
		}
		out
	});
	Ok(())
}

/// What is known of a receipt.
#[derive(Serialize)]
struct OfReceipt {
	session: SessionId,
	receipt: u32,
	model: ModelId,
	operator: String,
	/// What the payer's client wrote down.
	journal: Option<Paid>,
	/// The batch that it is settled by, with the session's line.
	batch: Option<Batch>,
	/// The last block that has the batch, where it is pruned: all is told as of that block.
	pruned_after: Option<BlockNumber>,
	line: Option<LineInfo>,
	/// The draws of that batch that fell into the session.
	draws: Vec<Place>,
	/// Those of them that fell into the receipt; none where there is no journal to tell.
	drawn: Option<Vec<u8>>,
	claims: Vec<Claimed>,
	/// Why no batch could be named.
	missing: Option<String>,
}

/// Why there is no batch of a receipt that none can have any more.
const NEVER: &str = "its session ended, and no batch has it";

/// Why there is no batch of a receipt, where it is beyond those that batches of its session have covered.
fn uncovered(session: &Info, receipt: u32) -> Option<&'static str> {
	match (session.receipts <= receipt, session.ended) {
		(false, _) => None,
		(true, true) => Some(NEVER),
		(true, false) => {
			Some("it is in no batch yet: its operator settles it together with others")
		}
	}
}

/// Follows one receipt.
pub async fn receipt(context: &Context, session: SessionId, receipt: u32) -> Result<()> {
	let chain = context.chain().await?;
	let info: Option<Info> = chain.api("session", session).await?;
	// Without a key there is no journal to look into; the chain tells the rest.
	let place = context.signer().ok().and_then(|signer| {
		let folder = Folder::new(&context.data(), chain.genesis_hash(), &signer.account());
		folder.find(session).ok()
	});
	let parties = match (&info, &place) {
		(Some(info), _) => Some((info.model, info.operator.clone())),
		(None, Some(place)) => Some((place.model, place.operator.clone())),
		(None, None) => None,
	};
	let paid = match &place {
		None => Vec::new(),
		Some(place) => place.journal().all_paid().context("can't read the session's journal")?,
	};
	let journal = paid.into_iter().find(|paid| paid.receipt == receipt);
	let found = match (info.as_ref().and_then(|info| uncovered(info, receipt)), &parties) {
		(Some(reason), _) => Found::None(reason.into()),
		(None, Some((model, operator))) => find(&chain, operator, *model, session, receipt).await?,
		(None, None) => Found::Gone,
	};
	let found = match found {
		Found::Gone => match seek(context, &chain, Wanted::Receipt(session, receipt)).await? {
			Sought::Found(whole) => Found::In(whole),
			Sought::Forgotten(kept) => Found::None(forgotten(kept)),
			Sought::Never if parties.is_none() => bail!(no_session(session)),
			Sought::Never => Found::None(NEVER.into()),
		},
		found => found,
	};
	let parties = match (parties, &found) {
		(Some(parties), _) => parties,
		(None, Found::In(whole)) => (whole.batch.model, whole.batch.operator.clone()),
		(None, Found::None(reason)) => bail!("{}; {reason}", no_session(session)),
		(None, Found::Gone) => bail!(no_session(session)),
	};
	let mut told = OfReceipt {
		session,
		receipt,
		model: parties.0,
		operator: parties.1.to_ss58check(),
		journal,
		batch: None,
		pruned_after: None,
		line: None,
		draws: Vec::new(),
		drawn: None,
		claims: Vec::new(),
		missing: None,
	};
	match found {
		Found::Gone => {}
		Found::None(reason) => told.missing = Some(reason),
		Found::In(whole) => {
			let Whole { batch, lines, pruned_after } = *whole;
			told.draws = places(&batch, &lines);
			told.draws.retain(|place| place.session == session);
			told.drawn = told.journal.as_ref().map(|paid| drawn(paid, &told.draws));
			let mut leads: Vec<u8> =
				told.drawn.iter().flatten().map(|draw| leading(&batch, *draw)).collect();
			leads.dedup();
			let state = state(&chain, pruned_after).await?;
			for draw in leads {
				told.claims.extend(claimed(context, state, &batch, draw).await?);
			}
			told.line = lines.into_iter().find(|line| line.session == session);
			(told.batch, told.pruned_after) = (Some(batch), pruned_after);
		}
	}
	context.output().show(&told, text);
	Ok(())
}

/// The draws that fell into a receipt.
fn drawn(paid: &Paid, places: &[Place]) -> Vec<u8> {
	let units = paid.from..paid.from.saturating_add(paid.fee);
	let is_in = |place: &&Place| place.session == paid.session && units.contains(&place.unit);
	places.iter().filter(is_in).map(|place| place.draw).collect()
}

enum Found {
	/// The batch.
	In(Box<Whole>),
	/// None of those that are there.
	Gone,
	/// Why there is none.
	None(String),
}

/// The batch that a receipt is settled by, among those that are not pruned.
async fn find(
	chain: &Chain,
	operator: &AccountId32,
	model: ModelId,
	session: SessionId,
	receipt: u32,
) -> Result<Found> {
	let mut forgotten = None;
	for batch in batches(chain, operator, model).await? {
		// A node that does not keep the state of one block keeps none of earlier ones.
		if batch.concluded && forgotten.is_some() {
			continue;
		}
		let own = match lines_of(chain, &batch).await {
			Ok(own) => own,
			Err(error) => {
				forgotten = Some(format!("{error:#}"));
				continue;
			}
		};
		let Some(line) = own.iter().find(|line| line.session == session) else { continue };
		if line.count <= receipt {
			// Earlier batches have earlier receipts.
			break;
		}
		if line.first <= receipt {
			return Ok(Found::In(Box::new(Whole { batch, lines: own, pruned_after: None })));
		}
	}
	Ok(forgotten.map_or(Found::Gone, Found::None))
}
