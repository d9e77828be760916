use super::{
	testing::{ANSWER, answered, contents, prompted},
	*,
};

/// What a record or an answer may be made of by somebody who means harm.
const HOSTILE: &str = "</blockquote></p><script src=\"http://e.example\">alert('acorns')</script>\
	<img src=x onerror=alert(1)> &amp; \u{202e}ecila\u{2066}\u{1b}[2J\u{0}\u{9b}31m ⟦fake⟧[9]";

fn view(pay_by: PayBy) -> View {
	View::new(answered("trees", ANSWER, pay_by), &contents(), None)
}

fn said(pieces: &[Piece]) -> String {
	pieces.iter().map(|piece| &*piece.text).collect()
}

#[test]
fn answer_and_records_are_marked_where_they_say_the_same() {
	let view = view(PayBy::Records);
	assert_eq!(said(&view.answer), ANSWER);
	let marked: Vec<_> = view
		.answer
		.iter()
		.filter(|piece| !piece.records.is_empty())
		.map(|p| (&*p.text, &*p.records))
		.collect();
	assert_eq!(marked, [("the oak has acorns", &[1][..]), ("in autumn squirrels hide", &[2])]);
	let excerpt = view.records[0].excerpt.as_ref().unwrap();
	assert_eq!(said(&excerpt.pieces), "Which tree?\nThe oak has acorns in autumn.");
	assert_eq!(excerpt.pieces[1].text, "The oak has acorns");
	assert_eq!(view.records.iter().map(|of| of.shared_words).collect::<Vec<_>>(), [4, 4, 0]);
	assert_eq!(view.records[2].excerpt, None);
}

#[test]
fn shares_of_records_and_contributors_add_up_to_the_pool() {
	let view = view(PayBy::Records);
	let pool = view.pool.unwrap();
	let of_records = view.records.iter().map(|of| of.share.unwrap());
	let of_contributors = view.contributors.iter().map(|of| of.share);
	assert_eq!(of_records.clone().map(|of| of.amount.unwrap()).sum::<u128>(), pool);
	assert_eq!(of_contributors.clone().map(|of| of.amount.unwrap()).sum::<u128>(), pool);
	assert_eq!(of_records.map(|of| of.ppm).sum::<u32>(), 1_000_000);
	assert_eq!(of_contributors.map(|of| of.ppm).collect::<Vec<_>>(), [800_000, 200_000]);
	assert_eq!(view.contributors[0].records, [1, 3]);
}

#[test]
fn contributors_are_ordered_by_what_they_have_in_all() {
	let mut answered = answered("trees", ANSWER, PayBy::Records);
	answered.paid[0].weight = 250;
	answered.paid[1].weight = 400;
	let view = View::new(answered, &contents(), None);
	assert_eq!(view.contributors[0].records, [2]);
}

#[test]
fn records_have_no_share_of_their_own_when_contributors_are_paid() {
	let view = view(PayBy::Contributors);
	assert!(view.records.iter().all(|of| of.share.is_none()));
	assert_eq!(view.contributors[1].share.ppm, 200_000);
	assert!(to_text(&view).contains("its contributor is paid by the sum of all its records"));
}

#[test]
fn json_has_amounts_as_strings_and_the_pieces_of_texts() {
	let json = serde_json::to_value(view(PayBy::Records)).unwrap();
	assert_eq!(json["request"], 3);
	assert_eq!(json["pool"], "1000000000000000001");
	assert_eq!(json["records"][0]["kind"], "gradient");
	assert_eq!(json["records"][0]["share"]["ppm"], 700_000);
	assert_eq!(json["records"][0]["proof"]["position"], 17);
	assert!(json["records"][0]["cluster"]["members"].is_null());
	assert_eq!(json["answer"][1]["text"], "the oak has acorns");
	assert!(json["answer"][0].get("records").is_none());
}

#[test]
fn text_shows_marks_shares_and_proofs() {
	let text = to_text(&view(PayBy::Records));
	for part in [
		"request 3 · model 1 (trees)",
		"It is said ⟦the oak has acorns⟧[1], and ⟦in autumn squirrels hide⟧[2] them.",
		"gained 0.125 nats a token, which earns 50.00 % of the contributors' part",
		"1. record 4/17",
		"moved the answer · score 1400 · 70.00 % of the contributors' part, 0.7",
		"proof: leaf 17 of 20",
		"its content is not at hand",
	] {
		assert!(text.contains(part), "{part} is not in\n{text}");
	}
}

#[test]
fn page_says_it_all_and_needs_nothing_else() {
	let page = to_html(&view(PayBy::Records));
	for part in [
		"<mark>the oak has acorns</mark><sup><a href=\"#record-1\"",
		"<article id=\"record-3\"",
		"prefers-color-scheme:dark",
		"<html lang=\"en\">",
		"default-src 'none'",
		"70.00 %",
		"leaf 17 of 20",
	] {
		assert!(page.contains(part), "{part}");
	}
	for outside in ["src=\"", "href=\"h", "@import", "url(", "<script", "<link"] {
		assert!(!page.contains(outside), "{outside}");
	}
	let opened = |name: &str| page.matches(&format!("<{name}")).count();
	let closed = |name: &str| page.matches(&format!("</{name}>")).count();
	for element in ["section", "article", "blockquote", "table", "mark", "ul", "main", "sup"] {
		assert_eq!(opened(element), closed(element), "{element}");
	}
}

#[test]
fn hostile_texts_stay_texts_wherever_they_stand() {
	let answer = format!("{HOSTILE} the oak has acorns");
	let mut answered = answered(HOSTILE, &answer, PayBy::Records);
	answered.question = HOSTILE.into();
	let json = serde_json::json!({ "text": answer }).to_string();
	let contents = [Some(json.into_bytes()), Some(HOSTILE.into()), Some(vec![0xff, 0x1b, b'<'])];
	let view = View::new(answered, &contents, None);
	assert!(view.records[0].shared_words > 4);
	let page = to_html(&view);
	for wrong in ["<script", "<img", "</p><script", "onerror=alert(1)>"] {
		assert!(!page.contains(wrong), "{wrong}");
	}
	assert!(page.contains("&lt;script"));
	let text = to_text(&view);
	assert!(!text.contains("⟦fake⟧") && text.contains("[fake][9]"));
	for shown in [page, text] {
		let unsafe_one = shown.chars().find(|c| *c != '\n' && crate::output::visible(*c) != *c);
		assert_eq!(unsafe_one, None);
	}
}

#[test]
fn nobody_is_credited_when_nothing_cleared_the_floor() {
	let mut answered = answered("trees", ANSWER, PayBy::Records);
	answered.paid.clear();
	answered.evidence.clear();
	let view = View::new(answered, &[], None);
	assert!(to_text(&view).contains("nobody is credited"));
	assert!(to_html(&view).contains("No record cleared the floor."));
}

#[test]
fn excerpts_are_those_of_long_records_around_what_they_share() {
	let long = format!("{} the oak has acorns {}", "far ".repeat(1_000), "away ".repeat(1_000));
	let json = serde_json::json!({ "text": long }).to_string();
	let contents = [Some(json.into_bytes()), None, None];
	let view = View::new(answered("trees", ANSWER, PayBy::Records), &contents, None);
	let excerpt = view.records[0].excerpt.as_ref().unwrap();
	assert!(excerpt.more_before && excerpt.more_after);
	assert!(excerpt.pieces.iter().any(|piece| piece.text == "the oak has acorns"));
}

#[test]
fn records_in_the_prompt_stand_beside_those_that_moved_the_answer() {
	let answer = "The oak has acorns in autumn [2].";
	let mut contents = contents();
	contents.extend([contents[0].clone(), Some(br#"{"text":"Elms have none."}"#.to_vec())]);
	let view = View::new(prompted("trees", answer, PayBy::Records), &contents, None);
	let kinds: Vec<_> = view.records.iter().map(|of| (of.number, of.kind)).collect();
	assert_eq!(kinds[..3], [1, 2, 3].map(|number| (number, Kind::Gradient)));
	assert_eq!(kinds[3..], [4, 5].map(|number| (number, Kind::Retrieval)));
	// A floor of 0.3 is 300 of the first's score: the question itself would score 1,000.
	let source = |number, relevance_ppm, cited| Some(Source { number, relevance_ppm, cited });
	assert_eq!(view.records[3].source, source(1, Some(900_000), false));
	assert_eq!(view.records[4].source, source(2, Some(500_000), true));
	assert_eq!(view.records[0].source, None);
	// Half is the prompt's, and of the rest half is earned.
	let pool = view.pool.unwrap();
	let amounts: Vec<_> = view.records.iter().map(|of| of.share.unwrap().amount.unwrap()).collect();
	assert_eq!(amounts.iter().sum::<u128>(), pool);
	let prompt = amounts[3] + amounts[4];
	assert!(prompt.abs_diff(pool / 3 * 2) < 9, "{prompt} of {pool}");
	assert!((3 * amounts[4]).abs_diff(amounts[3]) < 9);
	let of_first = view.contributors.iter().find(|of| of.records == [1, 3, 4]).unwrap();
	assert_eq!(of_first.share.amount.unwrap(), amounts[0] + amounts[2] + amounts[3]);
	assert!(view.contributors.iter().any(|of| of.records == [5]));
	for shown in [to_text(&view), to_html(&view)] {
		for part in [
			"The records in the prompt have 50.00 % of the contributors",
			"which earns 50.00 % of the rest",
			"in the prompt · relevance 90.00 %",
			"source [1] of the prompt, which the answer does not name",
			"source [2] of the prompt, which the answer names",
			"moved the answer · score 1400",
		] {
			assert!(shown.contains(part), "{part} is not in\n{shown}");
		}
	}
	let json = serde_json::to_value(&view).unwrap();
	assert_eq!(json["records"][4]["kind"], "retrieval");
	assert_eq!(json["records"][4]["source"]["cited"], true);
	assert!(json["records"][0].get("source").is_none());
}

#[test]
fn records_in_the_prompt_have_own_shares_when_contributors_are_paid() {
	let view = View::new(prompted("trees", ANSWER, PayBy::Contributors), &contents(), None);
	let shares: Vec<_> = view.records.iter().map(|of| of.share.is_some()).collect();
	assert_eq!(shares, [false, false, false, true, true]);
}

#[test]
fn relevance_is_not_told_where_the_floor_does_not_tell_it() {
	let mut answered = prompted("trees", ANSWER, PayBy::Records);
	let found = answered.found.as_mut().unwrap();
	found.index.as_mut().unwrap().floor_ppm = 0;
	found.paid[0].weight = 900;
	found.paid[1].weight = 500;
	let view = View::new(answered, &contents(), None);
	assert_eq!(view.records[3].source.unwrap().relevance_ppm, None);
	assert!(to_text(&view).contains("in the prompt · score 900"));
}
