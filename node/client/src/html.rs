//! Pages for people that hold texts by others.

use crate::output::visible;

/// Text as HTML shows it, whatever is in it: within an element, or within a quoted attribute.
pub fn escape(text: &str) -> String {
	let mut escaped = String::with_capacity(text.len());
	for character in text.chars() {
		match character {
			'&' => escaped += "&amp;",
			'<' => escaped += "&lt;",
			'>' => escaped += "&gt;",
			'"' => escaped += "&quot;",
			'\'' => escaped += "&#39;",
			other => escaped.push(visible(other)),
		}
	}
	escaped
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn text_ends_neither_elements_nor_attributes() {
		assert_eq!(
			escape("</p><script>\"x\" & 'y'</script>"),
			"&lt;/p&gt;&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;"
		);
	}

	#[test]
	fn characters_that_html_has_no_place_for_or_that_reorder_text_are_replaced() {
		assert_eq!(escape("a\0b\u{9b}c\u{202e}d\n\te"), "a\u{fffd}b\u{fffd}c\u{fffd}d\n\te");
	}
}
