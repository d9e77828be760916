//! The records that were put into an answer's prompt.

use super::{Shown, records, whose::Whose};
use crate::{
	amount,
	chain::AsOf,
	content::Content,
	explain::{Owed, Pool, Prompted, Share, divide},
	output,
};
use anyhow::Result;
use openledger_attribution::retrieval::Cited;
use openledger_primitives_api::{AuditInfo, FoundInfo};
use openledger_primitives_attribution::Credit;
use openledger_primitives_core::{Hash, ModelId, RequestId, settlement::Distribution};
use serde::Serialize;
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;
use tabled::Tabled;

/// What was put into a prompt, with the records' texts.
#[derive(Serialize)]
pub(super) struct Found {
	/// What the records have of the contributors' part, in millionths; zero where there are none.
	pub part_ppm: u32,
	/// What the sketch of the question is told from others by.
	question: Hash,
	/// Whose sketch that is.
	pub question_of: Whose,
	/// The records, as they stand in the prompt.
	records: Vec<Source>,
}

#[derive(Serialize)]
struct Source {
	/// By what number the model is shown it, from one.
	number: usize,
	#[serde(flatten)]
	shown: Shown,
	/// Of what a text that is the question itself would score, in millionths.
	relevance_ppm: Option<u32>,
	/// Its part of what contributors are paid.
	share: Share,
	/// Whether the answer names it; none where the answer is not known here.
	cited: Option<bool>,
}

/// An answer, as its claim has it.
pub(super) struct Of<'a> {
	/// The answer, where it is known.
	pub answer: Option<&'a str>,
	/// What moved it.
	pub moved: &'a [Credit<AccountId32>],
	/// What its gain earned, in millionths.
	pub earned_ppm: u32,
	/// What was paid, once it was.
	pub paid: Option<&'a Distribution<AccountId32>>,
	/// What an audit came to.
	pub audit: Option<&'a AuditInfo<AccountId32>>,
	/// Whether the fee went back, since the answer was false.
	pub paid_back: bool,
}

impl Of<'_> {
	/// Whose claim it is, with what was put into the prompt or without.
	pub(super) fn whose(&self, found: &[Credit<AccountId32>]) -> Whose {
		let credits = !(self.moved.is_empty() && found.is_empty());
		Whose::of(self.audit, self.paid_back, credits)
	}
}

/// What was put into the prompt of the answer that a claim on a version is on.
pub(super) async fn found(
	state: AsOf<'_>,
	content: &Content,
	(model, claim): (ModelId, RequestId),
	of: &Of<'_>,
) -> Result<Option<Found>> {
	let Some(info) = state.found(claim).await? else { return Ok(None) };
	let FoundInfo { part_ppm, question, paid, evidence } = info;
	// A version commits to it once and for all.
	let index = state.chain.retrieval(model).await?.map(|retrieval| retrieval.index);
	let shown = records(content, &evidence).await;
	Ok(Some(told((question, Prompted { part_ppm, paid, evidence, index }), shown, of)))
}

fn told((question, prompted): (Hash, Prompted), shown: Vec<Shown>, of: &Of<'_>) -> Found {
	let part_ppm = prompted.paid_ppm();
	let owed = Owed {
		moved: of.moved,
		earned: Permill::from_parts(of.earned_ppm),
		found: &prompted.paid,
		part: Permill::from_parts(part_ppm),
	};
	let pool = of.paid.map(|paid| Pool::Paid(paid.contributors.to_vec()));
	let division = divide(&owed, &pool.unwrap_or(Pool::Unknown));
	let cited = of.answer.map(|answer| Cited::of(answer, shown.len()));
	let records = shown.into_iter().zip(&prompted.paid).zip(division.found).zip(1..);
	let records = records.map(|(((shown, credit), share), number)| Source {
		number,
		shown,
		relevance_ppm: prompted.relevance_ppm(credit),
		share,
		cited: cited.as_ref().map(|cited| cited.numbers().contains(&number)),
	});
	let question_of = of.whose(&prompted.paid);
	Found { part_ppm, question, question_of, records: records.collect() }
}

#[derive(Tabled)]
struct Row {
	#[tabled(rename = "#")]
	number: usize,
	record: String,
	contributor: String,
	relevance: String,
	share: String,
	amount: String,
	cited: &'static str,
	text: String,
}

/// The records as a table.
pub(super) fn text(found: &Found) -> String {
	if found.records.is_empty() {
		return "No record was put into the prompt.\n".into();
	}
	let percent = |ppm: u32| format!("{:.1} %", f64::from(ppm) / 10_000.0);
	let rows = found.records.iter().map(|source| Row {
		number: source.number,
		record: format!("{}/{}", source.shown.datanet, source.shown.record),
		contributor: format!("{}…", &source.shown.contributor[..8]),
		relevance: source.relevance_ppm.map_or("?".into(), percent),
		share: percent(source.share.ppm),
		amount: source.share.amount.map_or(String::new(), amount::show),
		cited: match source.cited {
			Some(true) => "yes",
			Some(false) => "no",
			None => "?",
		},
		text: source.shown.said(60),
	});
	format!("In the prompt:\n{}\n", output::table(rows, ""))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		commands::trace::whose::tests::{audit, refuted},
		explain::testing::prompted,
	};
	use openledger_primitives_api::AuditStage;
	use openledger_primitives_core::{model::PayBy, settlement::Payment};

	fn shown(record: u32) -> Shown {
		let contributor = "5C62Ck4UrFPiBtoCmeSrgF7x9yv9mn38446dhCpsi2mLHiFT".into();
		Shown { datanet: 4, record, contributor, score: 1, excerpt: Some("An oak.".into()) }
	}

	fn distribution(amounts: [u128; 3]) -> Distribution<AccountId32> {
		let payment =
			|account: u8, amount| Payment { account: AccountId32::new([account; 32]), amount };
		let paid: Vec<_> = (1..).zip(amounts).map(|(who, amount)| payment(who, amount)).collect();
		Distribution {
			fee: 1_000,
			contributors: paid.try_into().unwrap(),
			owner: payment(9, 0),
			royalty: payment(9, 0),
			operator: payment(9, 0),
			verifiers: 0,
			validators: 0,
			treasury: 0,
		}
	}

	#[test]
	fn records_in_the_prompt_are_told_with_what_they_were_paid() {
		let answered = prompted("trees", "The oak [1].", PayBy::Records);
		// What the first account has of both kinds is one payment.
		let paid = distribution([575, 50, 125]);
		let of = Of {
			answer: Some(&answered.answer),
			moved: &answered.paid,
			earned_ppm: 500_000,
			paid: Some(&paid),
			audit: None,
			paid_back: false,
		};
		let prompted = (Hash::repeat_byte(6), answered.found.clone().unwrap());
		let found = told(prompted, vec![shown(17), shown(2)], &of);
		let amounts: Vec<_> = found.records.iter().map(|of| of.share.amount.unwrap()).collect();
		assert_eq!(amounts, [375, 125]);
		let said = text(&found);
		for part in ["In the prompt", "4/17", "90.0 %", "50.0 %", "yes", "no", "An oak."] {
			assert!(said.contains(part), "{part}: {said}");
		}
		let json = serde_json::to_value(&found).unwrap();
		assert_eq!(json["records"][0]["number"], 1);
		assert_eq!(json["records"][0]["record"], 17);
		assert_eq!(json["records"][0]["cited"], true);
		assert_eq!(json["part_ppm"], 500_000);
		assert_eq!(json["question"], format!("0x{}", "06".repeat(32)));
		assert_eq!(json["question_of"], "operator");
	}

	#[test]
	fn question_is_the_verifiers_where_their_claim_took_the_place_of_the_operators() {
		let answered = prompted("trees", "The oak [1].", PayBy::Records);
		let info = audit(AuditStage::Concluded, Some(refuted()));
		// Nothing but what was put into the prompt is credited.
		let of = Of {
			answer: None,
			moved: &[],
			earned_ppm: 0,
			paid: None,
			audit: Some(&info),
			paid_back: false,
		};
		let found = told((Hash::zero(), answered.found.unwrap()), vec![shown(17), shown(2)], &of);
		assert_eq!(serde_json::to_value(&found).unwrap()["question_of"], "verifiers");
		let none = told((Hash::zero(), Prompted::default()), Vec::new(), &of);
		assert_eq!(none.question_of, Whose::Nobody);
	}

	#[test]
	fn prompt_without_records_has_no_part() {
		let answered = prompted("trees", "The oak.", PayBy::Records);
		let none = Prompted { part_ppm: 300_000, ..Prompted::default() };
		let of = Of {
			answer: None,
			moved: &answered.paid,
			earned_ppm: 500_000,
			paid: None,
			audit: None,
			paid_back: false,
		};
		let found = told((Hash::zero(), none), Vec::new(), &of);
		assert_eq!(found.part_ppm, 0);
		assert!(text(&found).contains("No record was put into the prompt"));
	}
}
