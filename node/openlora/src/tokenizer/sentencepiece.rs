//! SentencePiece's byte-pair encoding with bytes for what has no piece (arXiv:1808.06226), as Llama 1
//! and 2 and Mistral use it and GGUF files carry it.

use std::cmp::Ordering;

use tokenizers::{
	decoders::{
		DecoderWrapper, byte_fallback::ByteFallback, fuse::Fuse, sequence::Sequence as Decoders,
		strip::Strip,
	},
	models::bpe::{BPE, Vocab},
	normalizers::{NormalizerWrapper, Prepend, Replace, utils::Sequence as Normalizers},
};

use super::{Ends, Tokenizer, add, distinct, refusal};
use crate::error::{Error, Result};

/// What stands for a space in pieces.
const SPACE: &str = "\u{2581}";
/// Longest piece that is looked into for merges, in bytes; SentencePiece makes none of more than 16
/// characters unless it is told to.
const MAX_PIECE: usize = 512;

/// The parts of a SentencePiece tokenizer.
///
/// Of the pairs of neighbours that join to a piece, the one with the highest score is joined first, and
/// of equals the first in the text. The pieces' scores become the ranks of merges here, which is the
/// same as long as no two pieces have one score: that is refused. One case remains in which it is not
/// the same, and Hugging Face's tokenizers share it: where a piece can be joined from different pairs
/// that overlap in the text, the pair with the longer first part wins instead of the one to the left.
pub(crate) struct SentencePiece {
	/// Pieces in the order of their ids, spaces as U+2581.
	pub(crate) tokens: Vec<String>,
	/// As many as pieces; the higher, the earlier a piece is made.
	pub(crate) scores: Vec<f32>,
	/// Ids of the pieces that text is merged to: neither special, nor user-defined, nor bytes.
	pub(crate) pieces: Vec<usize>,
	/// Special tokens, left out of decoded text.
	pub(crate) control: Vec<String>,
	/// Tokens matched before merging that are ordinary text otherwise.
	pub(crate) user_defined: Vec<String>,
	/// A space is put before every stretch of text between special tokens.
	pub(crate) space_prefix: bool,
	pub(crate) ends: Ends,
}

impl SentencePiece {
	pub(crate) fn build(self) -> Result<Tokenizer> {
		let known = distinct(&self.tokens)?;
		for byte in 0..=u8::MAX {
			let name = format!("<0x{byte:02X}>");
			if !known.contains(name.as_str()) {
				let reason = format!("SentencePiece without a token {name} for that byte");
				return Err(Error::UnsupportedTokenizer(reason));
			}
		}
		self.ends.check(self.tokens.len())?;
		let merges = self.merges()?;
		let vocab: Vocab = self.tokens.into_iter().zip(0..).collect();
		// A whole prompt is one word here: none is worth keeping.
		let model = BPE::builder()
			.vocab_and_merges(vocab, merges)
			.byte_fallback(true)
			.cache_capacity(0)
			.build()
			.map_err(refusal)?;
		let mut inner = tokenizers::Tokenizer::new(model);
		let mut normalizers: Vec<NormalizerWrapper> = Vec::new();
		let mut decoders: Vec<DecoderWrapper> = vec![
			Replace::new(SPACE, " ").map_err(refusal)?.into(),
			ByteFallback::new().into(),
			Fuse::new().into(),
		];
		if self.space_prefix {
			normalizers.push(Prepend::new(SPACE.into()).into());
			decoders.push(Strip::new(' ', 1, 0).into());
		}
		normalizers.push(Replace::new(" ", SPACE).map_err(refusal)?.into());
		inner.with_normalizer(Some(Normalizers::new(normalizers))).map_err(refusal)?;
		inner.with_decoder(Some(Decoders::new(decoders)));
		add(&mut inner, self.control, self.user_defined)?;
		Ok(Tokenizer::wrap(inner, self.ends))
	}

	/// Every pair of pieces that join to a piece, most urgent first.
	fn merges(&self) -> Result<Vec<(String, String)>> {
		let pieces: std::collections::HashSet<&str> =
			self.pieces.iter().map(|&id| self.tokens[id].as_str()).collect();
		let mut joined: Vec<(f32, &str)> = Vec::new();
		let mut merges: Vec<(f32, &str, &str)> = Vec::new();
		for &id in &self.pieces {
			let (piece, score) = (self.tokens[id].as_str(), self.scores[id]);
			let before = merges.len();
			if piece.len() > MAX_PIECE {
				let reason = format!("a piece of {} bytes", piece.len());
				return Err(Error::UnsupportedTokenizer(reason));
			}
			for (at, _) in piece.char_indices().skip(1) {
				let (left, right) = piece.split_at(at);
				if pieces.contains(left) && pieces.contains(right) {
					merges.push((score, left, right));
				}
			}
			if merges.len() > before {
				if score.is_nan() {
					let reason = format!("the score of {piece:?} is not a number");
					return Err(Error::Tokenizer(reason));
				}
				joined.push((score, piece));
			}
		}
		joined.sort_by(|a, b| a.0.total_cmp(&b.0));
		if let Some([(score, a), (_, b)]) = joined.windows(2).find(|pair| pair[0].0 == pair[1].0) {
			let reason = format!("the pieces {a:?} and {b:?} have the same score {score}");
			return Err(Error::UnsupportedTokenizer(reason));
		}
		merges.sort_by(|a, b| {
			let order = b.0.total_cmp(&a.0);
			let longer = |a: &str, b: &str| -> Ordering { b.len().cmp(&a.len()) };
			order.then_with(|| longer(a.1, b.1))
		});
		Ok(merges.into_iter().map(|(_, left, right)| (left.into(), right.into())).collect())
	}
}

#[cfg(test)]
mod tests;
