//! An explained answer for a terminal.

use super::{Credited, Origin, Share, View, pieces::Piece};
use crate::{amount, output};
use openledger_primitives_api::RequestState;
use tabled::Tabled;

#[derive(Tabled)]
struct Row {
	contributor: String,
	share: String,
	amount: String,
	records: String,
}

/// The view as text: what records say too is between ⟦ and ⟧, with their numbers behind it.
pub fn to_text(view: &View) -> String {
	let mut out = format!("{}\n", heading(&view.origin));
	out += &format!("question: {}\n", shown(&view.question));
	out += &format!("answer:   {}\n\n", marked(&view.answer, true));
	out += &format!("{}\n", lift(view));
	let rows = view.contributors.iter().map(|of| Row {
		contributor: of.account.clone(),
		share: percent(of.share.ppm),
		amount: of.share.amount.map_or(String::new(), amount::show),
		records: of.records.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
	});
	out += &output::table(rows, "No record cleared the floor: nobody is credited.");
	for record in &view.records {
		out += &format!(
			"\n\n{}. record {}/{} by {}\n",
			record.number, record.datanet, record.record, record.contributor
		);
		for line in about(record, view) {
			out += &format!("   {line}\n");
		}
		out += "   ";
		out += &match &record.excerpt {
			None => "(its content is not at hand)".into(),
			Some(excerpt) => format!(
				"{}{}{}",
				if excerpt.more_before { "… " } else { "" },
				marked(&excerpt.pieces, false),
				if excerpt.more_after { " …" } else { "" }
			),
		};
	}
	out
}

/// What the answer is.
pub(super) fn heading(origin: &Origin) -> String {
	match origin {
		Origin::Request { request, model, name, state } => {
			let state = match state {
				RequestState::Pending => "waiting for its answer",
				RequestState::Answered => "answered; what it pays is final once it is settled",
				RequestState::Settled => "settled",
				RequestState::Refunded => "paid back",
			};
			format!("request {request} · model {model} ({}) · {state}", shown(name))
		}
		Origin::Files { base, adapter, index, given } => format!(
			"{} with {} · index {} · {}",
			shown(base),
			shown(adapter),
			shown(index),
			if *given { "the answer was given" } else { "answered now" }
		),
	}
}

/// What the answer earned its contributors.
pub(super) fn lift(view: &View) -> String {
	let gain = view.gain.unsigned_abs();
	let (before, of) = match view.part_ppm {
		0 => (String::new(), "the contributors' part"),
		ppm => {
			let part = percent(ppm);
			(
				format!("The records in the prompt have {part} of the contributors' part. "),
				"the rest",
			)
		}
	};
	let mut text = format!(
		"{before}The adapter {} {}.{:03} nats a token, which earns {} of {of}",
		if view.gain < 0 { "lost" } else { "gained" },
		gain / 1_000,
		gain % 1_000,
		percent(view.earned_ppm)
	);
	if let Some(pool) = view.pool {
		let together = if view.part_ppm > 0 { "together " } else { "" };
		let paid = if view.settled { ", as paid" } else { "" };
		text += &format!(": {together}{}{paid}", amount::show(pool));
	}
	text + "."
}

/// What there is to say of a record besides its text, a line each.
pub(super) fn about(record: &Credited, view: &View) -> Vec<String> {
	let earned = match &record.share {
		Some(share) => of_pool(share, view.settled),
		None if view.contributors.iter().any(|of| of.records.contains(&record.number)) => {
			"its contributor is paid by the sum of all its records".into()
		}
		None => "not paid; shown because it scored".into(),
	};
	let cluster = match record.cluster.members {
		None => "head of its cluster of near-duplicates, whose size takes the index to tell".into(),
		Some(1) => "it has no near-duplicates".into(),
		Some(members) => format!("head of a cluster of {members} near-duplicate records"),
	};
	let leaves = record.proof.leaves.map_or(String::new(), |leaves| format!(" of {leaves}"));
	let words = match record.shared_words {
		0 => "no run of words in common with the answer".into(),
		words => format!("its longest run in common with the answer has {words} words"),
	};
	let scored = match record.source.and_then(|source| source.relevance_ppm) {
		Some(relevance) => format!("relevance {}", percent(relevance)),
		None => format!("score {}", record.score),
	};
	let source = record.source.map(|source| {
		let named = if source.cited { "names" } else { "does not name" };
		format!("source [{}] of the prompt, which the answer {named}", source.number)
	});
	[format!("{} · {scored} · {earned}", record.kind.name())]
		.into_iter()
		.chain(source)
		.chain([format!("{cluster} · proof: leaf {}{leaves}", record.proof.position), words])
		.collect()
}

fn of_pool(share: &Share, settled: bool) -> String {
	let part = format!("{} of the contributors' part", percent(share.ppm));
	match share.amount {
		None => part,
		Some(units) if settled => format!("{part}, paid {}", amount::show(units)),
		Some(units) => format!("{part}, {}", amount::show(units)),
	}
}

/// Millionths as per cent.
pub(super) fn percent(ppm: u32) -> String {
	format!("{}.{:02} %", ppm / 10_000, ppm % 10_000 / 100)
}

fn marked(pieces: &[Piece], numbered: bool) -> String {
	let mut out = String::new();
	for piece in pieces {
		let text = line(&piece.text);
		if piece.records.is_empty() {
			out += &text;
			continue;
		}
		out += &format!("⟦{text}⟧");
		if numbered {
			let numbers: Vec<_> = piece.records.iter().map(usize::to_string).collect();
			out += &format!("[{}]", numbers.join(","));
		}
	}
	out.trim().into()
}

fn shown(text: &str) -> String {
	line(text).trim().into()
}

/// A text on one line, without what could drive the terminal or pass for a mark.
fn line(text: &str) -> String {
	text.chars()
		.map(|character| match character {
			'⟦' => '[',
			'⟧' => ']',
			'\u{2028}' | '\u{2029}' => ' ',
			other if other.is_whitespace() => ' ',
			other => output::visible(other),
		})
		.collect()
}
