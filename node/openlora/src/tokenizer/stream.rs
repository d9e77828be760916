//! Text of a growing answer.

use super::{Tokenizer, pieces::Lead};
use crate::error::{Error, Result};

/// Text of a growing answer, in pieces that are whole characters. Each token is looked at once.
pub struct TextStream<'a> {
	tokenizer: &'a Tokenizer,
	/// Bytes that may yet become a character.
	pending: Vec<u8>,
	/// What is still left out of the beginning.
	lead: Lead,
}

impl<'a> TextStream<'a> {
	/// A text that begins without what `lead` says.
	pub(super) fn new(tokenizer: &'a Tokenizer, lead: Lead) -> Self {
		Self { tokenizer, pending: Vec::new(), lead }
	}

	/// Adds a token and returns the text that it completes, possibly none. Bytes that cannot become a
	/// character become U+FFFD.
	///
	/// # Errors
	/// [`Error::UnknownToken`].
	pub fn push(&mut self, token: u32) -> Result<String> {
		let vocab = self.tokenizer.len();
		let bytes = self.tokenizer.pieces.get(token).ok_or(Error::UnknownToken { token, vocab })?;
		if !bytes.is_empty() {
			self.add(bytes);
		}
		let mut text = String::new();
		while !self.pending.is_empty() {
			match std::str::from_utf8(&self.pending) {
				Ok(whole) => {
					text.push_str(whole);
					self.pending.clear();
				}
				Err(error) => {
					let valid = error.valid_up_to();
					text.push_str(&String::from_utf8_lossy(&self.pending[..valid]));
					match error.error_len() {
						Some(bad) => {
							text.push(char::REPLACEMENT_CHARACTER);
							self.pending.drain(..valid + bad);
						}
						None => {
							self.pending.drain(..valid);
							break;
						}
					}
				}
			}
		}
		Ok(text)
	}

	fn add(&mut self, bytes: &[u8]) {
		match &mut self.lead {
			Lead::FirstToken => {
				self.pending.extend(bytes.iter().filter(|byte| **byte != b' '));
				self.lead = Lead::Spaces(0);
			}
			Lead::Spaces(left) => {
				let spaces = bytes.iter().take(*left).take_while(|byte| **byte == b' ').count();
				*left = if spaces == bytes.len() { *left - spaces } else { 0 };
				self.pending.extend(&bytes[spaces..]);
			}
		}
	}

	/// What is left when the answer ends: U+FFFD for an incomplete character.
	pub fn finish(self) -> String {
		String::from_utf8_lossy(&self.pending).into_owned()
	}
}
