//! Claims as people name them.

use openledger_primitives_core::{
	BatchId, RequestId,
	draw::{draw_id, drawn},
};

/// Reads a request's number, or a batch's with a draw's.
///
/// # Errors
/// A sentence that says what to write.
pub fn number(text: &str) -> Result<RequestId, String> {
	let wrong = || format!("'{text}' names no claim: write a request's number, or BATCH/DRAW");
	match text.split_once('/') {
		None => text.parse().map_err(|_| wrong()),
		Some((batch, draw)) => {
			let batch: BatchId = batch.parse().map_err(|_| wrong())?;
			Ok(draw_id(batch, draw.parse().map_err(|_| wrong())?))
		}
	}
}

/// What is claimed on.
pub fn subject(claim: RequestId) -> String {
	match drawn(claim) {
		Some((batch, draw)) => format!("draw {draw} of batch {batch}"),
		None => format!("request {claim}"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn claims_are_named_by_request_or_by_batch_and_draw() {
		assert_eq!(number("3"), Ok(3));
		assert_eq!(number("2/1"), Ok(draw_id(2, 1)));
		for text in ["", "/", "a", "1/", "/1", "1/2/3", "1/256", "-1"] {
			assert!(number(text).is_err(), "{text}");
		}
		assert_eq!(subject(3), "request 3");
		assert_eq!(subject(draw_id(2, 1)), "draw 1 of batch 2");
	}
}
