//! From a receipt to its batch, its draws, their claims, records and accounts.
//!
//! The chain stores no receipts. It has a batch's lines until the batch is concluded, and the seed that
//! decides its draws until it is pruned; from both follows which units were drawn. Which units a receipt
//! covers is in its session's journal.

mod text;

use super::{
	Shown,
	found::{self, Of},
	records,
	whose::Whose,
};
use crate::{
	Context,
	chain::Chain,
	commands::{
		session_ask::no_session,
		session_show::{Batch, batches},
	},
	session::{folder::Folder, journal::Paid, ledger::Info},
};
use anyhow::{Context as _, Result, bail};
use openledger_primitives_api::{AuditInfo, ClaimInfo, DrawStage, LineInfo};
use openledger_primitives_core::{
	Balance, BatchId, ModelId, RequestId, SessionId, draw::draw_id, units,
};
use openledger_primitives_receipts::{Line, batch as lines, draw};
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
	chain: &Chain,
	batch: &Batch,
	draw: u8,
) -> Result<Option<Claimed>> {
	let draw = leading(batch, draw);
	let id: RequestId = draw_id(batch.id, draw);
	let Some(claim) = chain.api::<Option<ClaimInfo<AccountId32>>>("claim", id).await? else {
		return Ok(None);
	};
	let audit: Option<AuditInfo<AccountId32>> = chain.api("audit", id).await?;
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
	let found = found::found(chain, &content, (claim.model, id), &of).await?;
	let claim_of = found.as_ref().map_or_else(|| of.whose(&[]), |found| found.question_of);
	Ok(Some(Claimed { draw, claim, audit, claim_of, records, found }))
}

#[derive(Serialize)]
struct OfBatch {
	batch: Batch,
	draws: Vec<Place>,
	claims: Vec<Claimed>,
}

/// Shows a batch, with one of its draws' claims where one is named.
pub async fn batch(context: &Context, id: BatchId, draw: Option<u8>) -> Result<()> {
	let chain = context.chain().await?;
	let batch: Option<Batch> = chain.api("batch", id).await?;
	let batch = batch.with_context(|| format!("the chain knows no batch {id}, or no longer"))?;
	if let Some(draw) = draw
		&& usize::from(draw) >= batch.draws.len()
	{
		bail!("batch {id} has {} draws, counted from 0", batch.draws.len());
	}
	let (draws, problem) = match lines_of(&chain, &batch).await {
		Ok(lines) => (places(&batch, &lines), None),
		Err(error) => (Vec::new(), Some(format!("{error:#}"))),
	};
	let mut claims = Vec::new();
	if let Some(draw) = draw {
		claims.extend(claimed(context, &chain, &batch, draw).await?);
	}
	let output = context.output();
	if let Some(problem) = problem {
		output.say(problem);
	}
	output.show(&OfBatch { batch, draws, claims }, |told| {
		let mut out = totals(&told.batch) + &draws_table(&told.batch, &told.draws);
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
	line: Option<LineInfo>,
	/// The draws of that batch that fell into the session.
	draws: Vec<Place>,
	/// Those of them that fell into the receipt; none where there is no journal to tell.
	drawn: Option<Vec<u8>>,
	claims: Vec<Claimed>,
	/// Why no batch could be named.
	missing: Option<String>,
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
	let (model, operator) = match (&info, &place) {
		(Some(info), _) => (info.model, info.operator.clone()),
		(None, Some(place)) => (place.model, place.operator.clone()),
		(None, None) => bail!(no_session(session)),
	};
	let paid = match &place {
		None => Vec::new(),
		Some(place) => place.journal().all_paid().context("can't read the session's journal")?,
	};
	let journal = paid.into_iter().find(|paid| paid.receipt == receipt);
	let found = find(&chain, &operator, model, session, receipt).await?;
	let mut told = OfReceipt {
		session,
		receipt,
		model,
		operator: operator.to_ss58check(),
		journal,
		batch: None,
		line: None,
		draws: Vec::new(),
		drawn: None,
		claims: Vec::new(),
		missing: None,
	};
	match found {
		Found::None(reason) => {
			let settled = info.as_ref().map(|info| info.receipts);
			told.missing = Some(match settled {
				Some(settled) if settled <= receipt => {
					"it is in no batch yet: its operator settles it together with others".into()
				}
				_ => reason,
			});
		}
		Found::In(batch, own) => {
			let line = own.iter().find(|line| line.session == session).cloned();
			told.draws = places(&batch, &own);
			told.draws.retain(|place| place.session == session);
			told.drawn = told.journal.as_ref().map(|paid| drawn(paid, &told.draws));
			let mut leads: Vec<u8> =
				told.drawn.iter().flatten().map(|draw| leading(&batch, *draw)).collect();
			leads.dedup();
			for draw in leads {
				told.claims.extend(claimed(context, &chain, &batch, draw).await?);
			}
			(told.batch, told.line) = (Some(*batch), line);
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
	/// The batch, and its lines.
	In(Box<Batch>, Vec<LineInfo>),
	/// Why there is none.
	None(String),
}

/// The batch that a receipt is settled by.
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
			return Ok(Found::In(Box::new(batch), own));
		}
	}
	Ok(Found::None(
		forgotten
			.unwrap_or_else(|| "its batch is concluded, and its operator has pruned it".into()),
	))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		amount,
		commands::trace::whose::tests::{audit, refuted},
	};
	use openledger_primitives_api::{AuditStage, DrawInfo};
	use openledger_primitives_core::{Hash, model::Usage};

	fn own(session: SessionId, from: Balance, to: Balance) -> LineInfo {
		LineInfo { session, first: 0, count: 2, from, to, root: Hash::zero() }
	}

	fn batch(total: Balance, draws: u8) -> Batch {
		let info = |draw| DrawInfo {
			draw,
			stage: DrawStage::Settled,
			share: total / Balance::from(draws),
			session: None,
			unit: 0,
		};
		Batch {
			id: 4,
			operator: AccountId32::new([8; 32]),
			model: 5,
			total,
			held: 0,
			returns: 0,
			committed_at: 9,
			round: 1,
			seed: Some(Hash::repeat_byte(3)),
			reveal_by: Some(20),
			concluded: true,
			lines: Vec::new(),
			draws: (0..draws).map(info).collect(),
		}
	}

	fn paid(session: SessionId, from: Balance, fee: Balance) -> Paid {
		Paid {
			session,
			receipt: 0,
			question: None,
			answer: String::new(),
			usage: Usage::default(),
			fee,
			from,
			gain: 0,
			trace: Hash::zero(),
			records: Vec::new(),
			found: Vec::new(),
			contributors: Vec::new(),
			salt: Hash::zero(),
		}
	}

	#[test]
	fn every_draw_falls_into_the_one_receipt_whose_fee_covers_it() {
		let lines = [own(3, 10, 40), own(7, 0, 50)];
		let told = batch(80, 40);
		let places = places(&told, &lines);
		assert_eq!(places.len(), 40);
		let receipts = [paid(3, 10, 5), paid(3, 15, 25), paid(7, 0, 20), paid(7, 20, 30)];
		let mut all: Vec<u8> =
			receipts.iter().flat_map(|receipt| drawn(receipt, &places)).collect();
		all.sort_unstable();
		assert_eq!(all, (0..40).collect::<Vec<u8>>());
		assert!(receipts.iter().all(|receipt| !drawn(receipt, &places).is_empty()));
		assert!(drawn(&paid(9, 0, 80), &places).is_empty());
	}

	#[test]
	fn batch_without_a_seed_has_no_draws_anywhere() {
		let told = Batch { seed: None, ..batch(80, 4) };
		assert!(places(&told, &[own(3, 0, 80)]).is_empty());
	}

	#[test]
	fn joined_draw_is_followed_to_the_claim_of_the_first() {
		let mut told = batch(80, 4);
		told.draws[3].stage = DrawStage::Joined(1);
		assert_eq!([1, 2, 3].map(|draw| leading(&told, draw)), [1, 2, 1]);
		assert!(stage(&told, 3).contains("as draw 1"));
	}

	#[test]
	fn claim_that_an_audit_replaced_is_told_to_be_the_verifiers() {
		let info = audit(AuditStage::Concluded, Some(refuted()));
		let told = |claim_of| {
			claim_text(&Claimed {
				draw: 1,
				claim: ClaimInfo {
					claim: draw_id(4, 1),
					model: 5,
					operator: AccountId32::new([8; 32]),
					payer: AccountId32::new([9; 32]),
					submitted_at: 1,
					final_at: 11,
					gain: 200,
					earned_ppm: 1_000_000,
					digest: Hash::zero(),
					trace: Hash::zero(),
					sketch: vec![1; 16],
					paid: Vec::new(),
					evidence: Vec::new(),
					challenger: None,
					rejected: false,
					distribution: None,
				},
				audit: Some(info.clone()),
				claim_of,
				records: Vec::new(),
				found: None,
			})
		};
		let replaced = told(Whose::Verifiers);
		assert!(replaced.contains("gain and records are the verifiers'"), "{replaced}");
		assert!(!told(Whose::Operator).contains("the verifiers'"));
	}

	#[test]
	fn receipt_that_was_not_drawn_is_told_with_its_batchs_totals() {
		let told = OfReceipt {
			session: 3,
			receipt: 0,
			model: 5,
			operator: "operator".into(),
			journal: Some(paid(3, 0, 1)),
			batch: Some(batch(amount::OPEN, 2)),
			line: Some(own(3, 0, amount::OPEN)),
			draws: Vec::new(),
			drawn: Some(Vec::new()),
			claims: Vec::new(),
			missing: None,
		};
		let text = text(&told);
		assert!(text.contains("was not drawn") && text.contains("1 OPEN in all"), "{text}");
		assert!(text.contains("receipts 0 to 1"), "{text}");
	}
}
