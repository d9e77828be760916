//! An explained answer as a page: one file that needs nothing else, and runs nothing.

use super::{
	Contributor, Credited, View,
	pieces::{Excerpt, Piece},
	text::{about, heading, lift, percent},
};
use crate::{amount, html::escape};
use std::fmt::Write;

/// No script runs on the page and nothing is loaded from elsewhere, whatever a text has smuggled in.
const HEAD: &str = concat!(
	r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width"><title>Why this answer</title>
<style>
"#,
	include_str!("page.css"),
	"</style></head><body>\n"
);

/// The page of a view.
pub fn to_html(view: &View) -> String {
	let mut page = HEAD.to_owned();
	let _ = write!(
		page,
		"<header><h1>Why this answer</h1><p>{}</p></header><main>\
		 <section aria-labelledby=\"question\"><h2 id=\"question\">Question</h2>\
		 <p class=\"said\" dir=\"auto\">{}</p></section>\
		 <section aria-labelledby=\"answer\"><h2 id=\"answer\">Answer</h2>\
		 <p class=\"said\" dir=\"auto\">{}</p>",
		escape(&heading(&view.origin)),
		escape(&view.question),
		answer(&view.answer)
	);
	if view.answer.iter().any(|piece| !piece.records.is_empty()) {
		page += "<p class=\"note\">What is <mark>marked</mark> stands word for word in the records \
		         whose numbers follow it. That shows where words come from; what pays is the score.</p>";
	}
	let _ = write!(
		page,
		"</section><section aria-labelledby=\"earned\"><h2 id=\"earned\">What it earned</h2><p>{}</p>{}\
		 </section><section aria-labelledby=\"records\"><h2 id=\"records\">Records</h2>",
		escape(&lift(view)),
		contributors(&view.contributors)
	);
	if view.records.is_empty() {
		page += "<p>No record cleared the floor.</p>";
	}
	for found in &view.records {
		page += &record(found, view);
	}
	page + "</section></main></body></html>\n"
}

fn answer(pieces: &[Piece]) -> String {
	let mut out = String::new();
	for piece in pieces {
		let text = escape(&piece.text);
		if piece.records.is_empty() {
			out += &text;
			continue;
		}
		let links = piece.records.iter().map(|number| {
			format!(
				"<a href=\"#record-{number}\" aria-label=\"also in record {number}\">{number}</a>"
			)
		});
		let links: Vec<String> = links.collect();
		let _ = write!(out, "<mark>{text}</mark><sup>{}</sup>", links.join(" "));
	}
	out
}

fn contributors(contributors: &[Contributor]) -> String {
	if contributors.is_empty() {
		return "<p>Nobody is credited.</p>".into();
	}
	let mut out = String::from(
		"<div class=\"wide\"><table><caption>Parts of what contributors are paid</caption><thead><tr>\
		 <th scope=\"col\">Contributor</th><th scope=\"col\">Part</th><th scope=\"col\">Amount</th>\
		 <th scope=\"col\">Records</th></tr></thead><tbody>",
	);
	for Contributor { account, share, records } in contributors {
		let links =
			records.iter().map(|number| format!("<a href=\"#record-{number}\">{number}</a>"));
		let links: Vec<String> = links.collect();
		let _ = write!(
			out,
			"<tr><th scope=\"row\" class=\"key\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
			escape(account),
			percent(share.ppm),
			share.amount.map_or("—".into(), amount::show),
			links.join(", ")
		);
	}
	out + "</tbody></table></div>"
}

fn record(found: &Credited, view: &View) -> String {
	let Credited { number, datanet, record, contributor, proof, .. } = found;
	let mut out = format!(
		"<article id=\"record-{number}\" aria-labelledby=\"name-{number}\">\
		 <h3 id=\"name-{number}\">{number}. Record {datanet}/{record}</h3>\
		 <p class=\"note\">by <span class=\"key\">{}</span></p>",
		escape(contributor)
	);
	match &found.excerpt {
		None => out += "<p>Its content is not at hand.</p>",
		Some(Excerpt { pieces, more_before, more_after }) => {
			out += "<blockquote dir=\"auto\">";
			out += if *more_before { "… " } else { "" };
			for piece in pieces {
				let text = escape(&piece.text);
				match piece.records.is_empty() {
					true => out += &text,
					false => {
						let _ = write!(out, "<mark>{text}</mark>");
					}
				}
			}
			out += if *more_after { " …" } else { "" };
			out += "</blockquote>";
		}
	}
	out += "<ul>";
	for line in about(found, view) {
		let _ = write!(out, "<li>{}</li>", escape(&line));
	}
	let _ = write!(out, "<li>content <span class=\"key\">{:?}</span></li>", proof.content);
	if let Some(root) = proof.root {
		let _ = write!(out, "<li>root of the index <span class=\"key\">{root:?}</span></li>");
	}
	out + "</ul></article>"
}
