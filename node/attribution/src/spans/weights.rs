//! From spans to integers.

use super::{SpanEvidence, Surprise};
use std::{cmp::Reverse, collections::BTreeMap};

/// What each record is owed for the spans of an answer, by position: the [`Surprise`] of the answer's
/// tokens that its spans cover, in thousandths of a nat, above zero.
///
/// A token counts once, for the longest of the spans that cover it, of equally long ones for the
/// first. So whatever the spans, the weights sum to at most the answer's surprise, and a text cut
/// into several records is owed no more than in one.
///
/// Spans and parts of spans beyond the answer's end are ignored.
pub fn weights(spans: &[SpanEvidence], surprise: &Surprise) -> BTreeMap<u32, u64> {
	let mut by_length: Vec<&SpanEvidence> = spans.iter().collect();
	by_length.sort_by_key(|span| (Reverse(span.tokens), span.start));
	let mut taken = vec![false; surprise.tokens().len()];
	let mut weights = BTreeMap::new();
	for span in by_length {
		let tokens = surprise.tokens().iter().zip(&mut taken);
		let mut weight = 0u64;
		for (token, taken) in tokens.skip(span.start as usize).take(span.tokens as usize) {
			weight += if *taken { 0 } else { u64::from(*token) };
			*taken = true;
		}
		if weight > 0 {
			*weights.entry(span.source.record).or_insert(0) += weight;
		}
	}
	weights
}
