//! The length of an answer, in bytes and in tokens.

use openlora::{Result, Tokenizer};

/// Whether the text of `tokens` is longer than `limit` bytes. Texts that can't be read are left to
/// whoever reads them next.
pub(super) fn is_over(tokenizer: &Tokenizer, tokens: &[u32], limit: usize) -> bool {
	tokenizer.decode(tokens).is_ok_and(|text| text.len() > limit)
}

/// Whether the text of `tokens`, read as tokens again, has more than `limit` of them. Texts that can't be read are
/// left to whoever reads them next.
pub(super) fn is_beyond(tokenizer: &Tokenizer, tokens: &[u32], limit: usize) -> bool {
	let again = tokenizer.decode(tokens).and_then(|text| tokenizer.encode(&text, false));
	again.is_ok_and(|tokens| tokens.len() > limit)
}

/// The text of the tokens from the first on that have at most `limit` bytes: it ends where a token does, so
/// that what is known of the tokens still holds. Of a first token that is longer, all of it.
///
/// # Errors
/// The tokenizer's.
pub(super) fn fitting(tokenizer: &Tokenizer, tokens: &[u32], limit: usize) -> Result<String> {
	let mut text = tokenizer.decode(tokens)?;
	for count in (1..tokens.len()).rev() {
		if text.len() <= limit {
			break;
		}
		text = tokenizer.decode(&tokens[..count])?;
	}
	Ok(text)
}

/// The most that an answer may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
	/// Bytes of text.
	pub bytes: usize,
	/// Tokens of that text.
	pub tokens: usize,
}

/// The longest start of `text` within both bounds, with its tokens. A text may have more tokens
/// than it was generated from: bytes that are no UTF-8 read as a character of three.
///
/// # Errors
/// The tokenizer's.
pub(super) fn settle(
	tokenizer: &Tokenizer,
	mut text: String,
	bounds: Bounds,
) -> Result<(String, Vec<u32>)> {
	let mut bytes = bounds.bytes;
	loop {
		text.truncate(cut(&text, bytes).len());
		let tokens = tokenizer.encode(&text, false)?;
		if tokens.len() <= bounds.tokens {
			return Ok((text, tokens));
		}
		// Strictly shorter in each round, so that there is a last one.
		let fitting = tokenizer.decode(&tokens[..bounds.tokens])?;
		bytes = fitting.len().min(text.len().saturating_sub(1));
	}
}

/// The longest start of `text` that fits `limit` bytes and does not end within a character. The
/// replacement characters that stand for the first bytes of a character cut off are left out.
fn cut(text: &str, limit: usize) -> &str {
	text[..text.floor_char_boundary(limit)].trim_end_matches(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn text_is_whole_when_it_fits() {
		for text in ["", "a", "four", "süß"] {
			assert_eq!(cut(text, 5), text);
		}
	}

	#[test]
	fn text_ends_before_the_character_that_does_not_fit() {
		assert_eq!(cut("süß", 4), "sü");
		assert_eq!(cut("süß", 2), "s");
		assert_eq!(cut("süß", 0), "");
		let text = "𝄞".repeat(2_000);
		let part = cut(&text, 4_095);
		assert_eq!(part.len(), 4_092);
		assert!(text.starts_with(part));
	}

	#[test]
	fn half_a_character_is_left_out_at_the_end_and_kept_within() {
		assert_eq!(cut("a\u{fffd}b\u{fffd}\u{fffd}", 100), "a\u{fffd}b");
	}

	#[test]
	fn text_ends_with_the_last_token_that_fits() {
		let base = openlora::testing::tiny_base(1);
		let tokenizer = &base.tokenizer;
		let tokens = tokenizer.encode("the thing, the other thing", false).unwrap();
		let texts: Vec<String> =
			(1..=tokens.len()).map(|count| tokenizer.decode(&tokens[..count]).unwrap()).collect();
		for limit in 0..=30 {
			let longest = texts.iter().rev().find(|text| text.len() <= limit);
			let expected = longest.unwrap_or(&texts[0]);
			assert_eq!(&fitting(tokenizer, &tokens, limit).unwrap(), expected, "{limit}");
		}
		assert_eq!(fitting(tokenizer, &[], 3).unwrap(), "");
	}

	#[test]
	fn answer_stays_within_both_bounds_and_is_a_start_of_the_text() {
		let base = openlora::testing::tiny_base(1);
		let tokenizer = &base.tokenizer;
		let text = "the other thing \u{fffd}\u{fffd} and 𝄞𝄞 on and on".to_string();
		let whole = tokenizer.encode(&text, false).unwrap().len();
		for tokens in 0..=whole + 1 {
			for bytes in [0, 1, 17, 20, 31, 100] {
				let bounds = Bounds { bytes, tokens };
				let (part, found) = settle(tokenizer, text.clone(), bounds).unwrap();
				assert!(part.len() <= bytes && found.len() <= tokens, "{bounds:?}: {part:?}");
				assert!(text.starts_with(&part), "{bounds:?}: {part:?}");
				assert_eq!(tokenizer.encode(&part, false).unwrap(), found);
			}
		}
		let bounds = Bounds { bytes: 100, tokens: whole };
		assert_eq!(settle(tokenizer, text.clone(), bounds).unwrap().0, text);
	}

	#[test]
	fn growing_answer_is_over_once_its_text_is() {
		let base = openlora::testing::tiny_base(1);
		let tokens = base.tokenizer.encode("the thing", false).unwrap();
		assert!(is_over(&base.tokenizer, &tokens, 8));
		assert!(!is_over(&base.tokenizer, &tokens, 9));
	}
}
