//! What is told of receipts, batches and draws.

use super::{
	super::{earned, found, payments, records_table},
	Claimed, OfReceipt, Place,
};
use crate::{
	amount,
	commands::{audit, session_ask, session_show::Batch},
	output,
};
use openledger_primitives_api::DrawStage;
use openledger_primitives_core::BlockNumber;
use tabled::Tabled;

/// How far a draw is, for people.
pub(super) fn stage(batch: &Batch, draw: u8) -> String {
	match batch.draws.iter().find(|info| info.draw == draw).map(|info| info.stage) {
		None => "there is no such draw".into(),
		Some(DrawStage::Pending) => "its receipt was not shown yet".into(),
		Some(DrawStage::Open) => "open to challenge".into(),
		Some(DrawStage::Joined(first)) => {
			format!("as draw {first}, which fell into the same receipt")
		}
		Some(DrawStage::Settled) => "paid".into(),
		Some(DrawStage::Rejected) => "its answer was found false, and paid back".into(),
		Some(DrawStage::Missed) => "not shown in time, and paid back".into(),
	}
}

/// A batch's totals; it is pruned or is not.
pub(super) fn totals(batch: &Batch, pruned_after: Option<BlockNumber>) -> String {
	let state = match (batch.concluded, batch.seed) {
		(true, _) => match pruned_after {
			Some(block) => {
				format!("concluded, and pruned after block {block}, as of which this is")
			}
			None => "concluded".into(),
		},
		(false, Some(_)) => {
			format!("drawn, to be shown until block {}", batch.reveal_by.unwrap_or_default())
		}
		(false, None) => format!("drawn after round {} of lots", batch.round),
	};
	format!(
		"batch {} of block {} · model {} · {state}\n{} in all: {} paid or given back, {} held, {} of that to go back; \
		 each of {} draws decides an equal part\n",
		batch.id,
		batch.committed_at,
		batch.model,
		amount::show(batch.total),
		amount::show(batch.total.saturating_sub(batch.held)),
		amount::show(batch.held),
		amount::show(batch.returns),
		batch.draws.len(),
	)
}

#[derive(Tabled)]
struct Row {
	draw: u8,
	decides: String,
	session: String,
	state: String,
}

/// A batch's draws as a table.
pub(super) fn draws_table(batch: &Batch, places: &[Place]) -> String {
	let rows = batch.draws.iter().map(|info| Row {
		draw: info.draw,
		decides: amount::show(info.share),
		session: places
			.iter()
			.find(|place| place.draw == info.draw)
			.map_or("?".into(), |place| place.session.to_string()),
		state: stage(batch, info.draw),
	});
	output::table(rows, "")
}

/// A draw's claim, with its records and payments.
pub(super) fn claim_text(claimed: &Claimed) -> String {
	let claim = &claimed.claim;
	let mut out = format!(
		"\nclaim of draw {} · block {} · {}{}\nthe adapter gained {:.3} nats a token, {}",
		claimed.draw,
		claim.submitted_at,
		match (&claim.distribution, claim.rejected) {
			(Some(paid), _) => format!("final, {} paid", amount::show(paid.fee)),
			(None, true) => "found false, and paid back".into(),
			(None, false) => format!("final from block {} on unless challenged", claim.final_at),
		},
		match &claim.challenger {
			Some(challenger) => format!("; corrected by {}", output::brief(challenger)),
			None => String::new(),
		},
		f64::from(claim.gain) / 1_000.0,
		earned(claimed.found.as_ref(), claim.earned_ppm),
	);
	out += &records_table(&claimed.records);
	out.push('\n');
	if let Some(found) = &claimed.found {
		out += &found::text(found);
	}
	out += claimed.claim_of.text(claimed.found.is_some());
	if let Some(info) = &claimed.audit {
		out += &format!("{}\n", audit::text(info));
	}
	if let Some(paid) = &claim.distribution {
		out += &payments(paid);
	}
	out
}

/// All that is known of a receipt.
pub(super) fn text(told: &OfReceipt) -> String {
	let OfReceipt { session, receipt, model, operator, .. } = told;
	let mut out =
		format!("session {session} · receipt {receipt} · model {model}\noperator: {operator}\n");
	match &told.journal {
		Some(paid) => {
			if let Some(question) = &paid.question {
				out += &format!("question: {}\n", output::excerpt(question, 400));
			}
			out += &format!(
				"answer:   {}\nfee {} for {} + {} tokens\n",
				output::excerpt(&session_ask::shown(&paid.answer), 800),
				amount::show(paid.fee),
				paid.usage.prompt,
				paid.usage.output,
			);
			out += &format!(
				"moved by {}, says its operator; the chain checks that of receipts that are drawn\n",
				session_ask::records(paid)
			);
		}
		None => out += "There is no journal of it here, so what it cost is not known.\n",
	}
	let Some(batch) = &told.batch else {
		return out + told.missing.as_deref().unwrap_or_default();
	};
	out += &totals(batch, told.pruned_after);
	if let Some(line) = &told.line {
		out += &format!(
			"receipts {} to {} of this session are in it, {} of its fees\n",
			line.first,
			line.count.saturating_sub(1),
			amount::show(line.to.saturating_sub(line.from)),
		);
	}
	let list = |draws: &[u8]| draws.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
	let here: Vec<u8> = told.draws.iter().map(|place| place.draw).collect();
	out += &match (&told.drawn, batch.seed) {
		(_, None) => "Its draws are not decided yet.\n".into(),
		(Some(drawn), _) if !drawn.is_empty() => {
			format!("This receipt was drawn: draw {}, {}.\n", list(drawn), stage(batch, drawn[0]))
		}
		(Some(_), _) => {
			let mut out =
				"This receipt was not drawn: its fee is paid by what was, to whom that is due. On \
			 average over the draws that is what its own contributors are due.\n"
					.to_string();
			out += &draws_table(batch, &told.draws);
			out
		}
		(None, _) if here.is_empty() => "No draw fell into this session.\n".into(),
		(None, _) => format!(
			"Draw {} fell into this session; into which receipt only its parties' notes tell.\n",
			list(&here)
		),
	};
	for claimed in &told.claims {
		out += &claim_text(claimed);
	}
	out
}
