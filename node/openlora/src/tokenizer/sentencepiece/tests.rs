use proptest::prelude::*;

use super::*;

/// Pieces of more than one character, from the first that is made to the last, and then characters.
const PIECES: [&str; 24] = [
	"th",
	"he",
	"the",
	"\u{2581}the",
	"\u{2581}a",
	"an",
	"\u{2581}an",
	"at",
	"\u{2581}\u{2581}",
	"\u{2581}",
	"t",
	"h",
	"e",
	"a",
	"n",
	"c",
	"s",
	"i",
	"d",
	"1",
	"2",
	".",
	",",
	"\u{e9}",
];

fn parts() -> SentencePiece {
	let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>", "<mark>"].map(String::from).into();
	tokens.extend((0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")));
	let first = tokens.len();
	tokens.extend(PIECES.map(String::from));
	let mut scores = vec![0.0; first];
	scores.extend((1..=PIECES.len()).map(|rank| -(rank as f32)));
	SentencePiece {
		scores,
		pieces: (first..tokens.len()).collect(),
		tokens,
		control: ["<unk>", "<s>", "</s>"].map(String::from).into(),
		user_defined: vec!["<mark>".into()],
		space_prefix: true,
		ends: Ends { bos: Some(1), eos: None },
	}
}

fn pieces(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
	let ids = tokenizer.encode(text, false).unwrap();
	ids.into_iter().map(|id| tokenizer.text(id).unwrap().replace(SPACE, "_")).collect()
}

#[test]
fn pieces_are_joined_from_the_highest_score_on() {
	let tokenizer = parts().build().unwrap();
	assert_eq!(pieces(&tokenizer, "the cat"), ["_the", "_", "c", "at"]);
	assert_eq!(pieces(&tokenizer, "heth an"), ["_", "he", "th", "_an"]);
	// "th" before "he", and "▁a" before "at", whatever else the pieces could be.
	assert_eq!(pieces(&tokenizer, "ath"), ["_a", "th"]);
	assert_eq!(pieces(&tokenizer, "n  a"), ["_", "n", "_", "_a"]);
	assert_eq!(pieces(&tokenizer, ""), Vec::<String>::new());
}

#[test]
fn bytes_stand_for_characters_without_a_piece() {
	let tokenizer = parts().build().unwrap();
	assert_eq!(pieces(&tokenizer, "\u{e9}\u{e8}"), ["_", "\u{e9}", "<0xC3>", "<0xA8>"]);
	assert_eq!(pieces(&tokenizer, "\n"), ["_", "<0x0A>"]);
	let ids = tokenizer.encode("🙂", false).unwrap();
	assert_eq!(ids.len(), 5);
	assert_eq!(tokenizer.decode(&ids).unwrap(), "🙂");
	assert!(tokenizer.decode(&ids[..4]).unwrap().contains(char::REPLACEMENT_CHARACTER));
}

#[test]
fn a_space_comes_before_every_text_between_special_tokens_only_where_the_base_has_it() {
	let tokenizer = parts().build().unwrap();
	assert_eq!(pieces(&tokenizer, "</s>the<mark>a"), ["</s>", "_the", "<mark>", "_a"]);
	assert_eq!(tokenizer.encode("the", true).unwrap()[0], 1);
	let without = SentencePiece { space_prefix: false, ..parts() }.build().unwrap();
	assert_eq!(pieces(&without, "</s>the<mark> a"), ["</s>", "the", "<mark>", "_a"]);
	let ids = without.encode(" the", false).unwrap();
	assert_eq!(without.decode(&ids).unwrap(), " the");
}

#[test]
fn the_space_before_an_answer_is_kept_only_when_it_is_streamed() {
	let tokenizer = parts().build().unwrap();
	let ids = tokenizer.encode("the cat", false).unwrap();
	assert_eq!(tokenizer.decode(&ids).unwrap(), "the cat");
	let mut stream = tokenizer.stream();
	let text: String = ids.iter().map(|&id| stream.push(id).unwrap()).collect();
	assert_eq!(text + &stream.finish().unwrap(), " the cat");
}

#[test]
fn stream_holds_bytes_back_until_a_character_is_whole() {
	let tokenizer = parts().build().unwrap();
	let ids = tokenizer.encode("a🙂", false).unwrap();
	let mut stream = tokenizer.stream();
	let pieces: Vec<String> = ids.iter().map(|&id| stream.push(id).unwrap()).collect();
	assert_eq!(pieces, [" a", "", "", "", "🙂"]);
}

#[test]
fn tokenizer_is_refused_when_its_parts_do_not_fit() {
	let broken = |change: &dyn Fn(&mut SentencePiece)| {
		let mut parts = parts();
		change(&mut parts);
		parts.build().unwrap_err()
	};
	let byte = broken(&|p| p.tokens[4 + 0x41] = "other".into());
	assert!(matches!(&byte, Error::UnsupportedTokenizer(reason) if reason.contains("<0x41>")));
	let first = 4 + 256;
	let equal = broken(&|p| p.scores[first] = p.scores[first + 4]);
	assert!(matches!(equal, Error::UnsupportedTokenizer(_)), "{equal:?}");
	let nan = broken(&|p| p.scores[first] = f32::NAN);
	assert!(matches!(nan, Error::Tokenizer(_)), "{nan:?}");
	let long = broken(&|p| p.tokens[first] = "t".repeat(MAX_PIECE + 1));
	assert!(matches!(long, Error::UnsupportedTokenizer(_)), "{long:?}");
	let twice = broken(&|p| p.tokens[first] = "the".into());
	assert!(matches!(twice, Error::Tokenizer(_)), "{twice:?}");
	let beyond = broken(&|p| p.ends.bos = Some(p.tokens.len() as u32));
	assert!(matches!(beyond, Error::UnknownToken { .. }), "{beyond:?}");
}

#[test]
fn scores_do_not_matter_when_nothing_joins_to_a_piece() {
	let mut parts = parts();
	let count = parts.scores.len();
	parts.scores[count - 3..].fill(f32::NAN);
	parts.build().unwrap();
}

proptest! {
	#[test]
	fn text_survives_when_encoded_and_decoded(text in "[ thean1c\u{e9}\u{e8}🙂\n\t<>]{0,40}") {
		thread_local!(static TOKENIZER: Tokenizer = parts().build().unwrap());
		TOKENIZER.with(|tokenizer| {
			let ids = tokenizer.encode(&text, true).unwrap();
			assert_eq!(tokenizer.decode(&ids).unwrap(), text);
		});
	}
}
