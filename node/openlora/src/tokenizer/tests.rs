use proptest::prelude::*;

use super::*;
use crate::testing;

fn tiny() -> Tokenizer {
	let folder = tempfile::tempdir().unwrap();
	let config = testing::tiny_config();
	let path = testing::write_gguf(folder.path(), &config, 1, testing::Encoding::F32);
	let base = crate::Base::load(&path).unwrap();
	std::sync::Arc::try_unwrap(base).unwrap().tokenizer
}

fn parts() -> ByteLevelBpe {
	let pair = |left: &str, right: &str| (left.to_string(), right.to_string());
	ByteLevelBpe {
		tokens: testing::vocabulary(),
		merges: vec![pair("t", "h"), pair("th", "e")],
		control: vec!["<|im_start|>".into(), "<|im_end|>".into()],
		user_defined: vec!["<|endoftext|>".into()],
		splitting: Splitting::SmolLm,
		ends: Ends::default(),
	}
}

#[test]
fn merges_apply_in_order_when_text_is_encoded() {
	let tokenizer = tiny();
	let id = |text: &str| tokenizer.id(text).unwrap();
	assert_eq!(tokenizer.encode("the", false).unwrap(), [id("the")]);
	assert_eq!(tokenizer.encode("in the", false).unwrap(), [id("in"), id("\u{120}the")]);
	assert_eq!(tokenizer.encode("tha", false).unwrap(), [id("th"), id("a")]);
}

#[test]
fn digits_stay_alone_when_the_base_splits_them() {
	let (mut smollm, mut gpt2) = (parts(), parts());
	for parts in [&mut smollm, &mut gpt2] {
		parts.tokens.push("12".into());
		parts.merges.push(("1".into(), "2".into()));
	}
	gpt2.splitting = Splitting::Gpt2;
	assert_eq!(smollm.build().unwrap().encode("12", false).unwrap().len(), 2);
	assert_eq!(gpt2.build().unwrap().encode("12", false).unwrap().len(), 1);
}

#[test]
fn whole_entries_win_over_merges_when_the_base_is_llama_3() {
	let (mut llama, mut gpt2) = (parts(), parts());
	for parts in [&mut llama, &mut gpt2] {
		parts.tokens.push("xyz".into());
	}
	llama.splitting = Splitting::Llama3;
	gpt2.splitting = Splitting::Gpt2;
	assert_eq!(llama.build().unwrap().encode("xyz", false).unwrap().len(), 1);
	assert_eq!(gpt2.build().unwrap().encode("xyz", false).unwrap().len(), 3);
}

/// Tokens of a tokenizer that splits in one way, with more merges.
fn split(splitting: Splitting, merges: &[(&str, &str)], text: &str) -> Vec<String> {
	let mut parts = ByteLevelBpe { splitting, ..parts() };
	for (left, right) in merges {
		parts.tokens.push(format!("{left}{right}"));
		parts.merges.push((left.to_string(), right.to_string()));
	}
	let tokenizer = parts.build().unwrap();
	let ids = tokenizer.encode(text, false).unwrap();
	ids.into_iter().map(|id| tokenizer.text(id).unwrap()).collect()
}

#[test]
fn words_end_where_the_base_splits_them() {
	use Splitting::{Llama3, Qwen2, Tekken};
	let digits = [("1", "2")];
	assert_eq!(split(Llama3, &digits, "12"), ["12"]);
	assert_eq!(split(Qwen2, &digits, "12"), ["1", "2"]);
	assert_eq!(split(Tekken, &digits, "12"), ["1", "2"]);
	let cases = [("x", "Y")];
	assert_eq!(split(Qwen2, &cases, "xY"), ["xY"]);
	assert_eq!(split(Tekken, &cases, "xY"), ["x", "Y"]);
	// The last byte of é, which is lower case as well.
	let accents = [("\u{a9}", "Y")];
	assert_eq!(split(Qwen2, &accents, "\u{e9}Y"), ["\u{c3}", "\u{a9}Y"]);
	assert_eq!(split(Tekken, &accents, "\u{e9}Y"), ["\u{c3}", "\u{a9}", "Y"]);
	let contraction = [("'", "S"), ("x", "'")];
	assert_eq!(split(Qwen2, &contraction, "x'S"), ["x", "'S"]);
	assert_eq!(split(Tekken, &contraction, "x'S"), ["x", "'S"]);
	let path = [("!", "/"), ("/", "x")];
	assert_eq!(split(Qwen2, &path, "!/x"), ["!/", "x"]);
	assert_eq!(split(Tekken, &path, "!/x"), ["!/", "x"]);
}

#[test]
fn characters_are_composed_when_the_base_is_qwen2() {
	// e and a combining acute accent; é in two bytes.
	let composed = split(Splitting::Qwen2, &[], "\u{e9}");
	assert_eq!(composed.len(), 2);
	assert_eq!(split(Splitting::Qwen2, &[], "e\u{301}"), composed);
	assert_eq!(split(Splitting::Llama3, &[], "e\u{301}").len(), 3);
}

#[test]
fn special_tokens_are_single_ids_when_written_out() {
	let tokenizer = tiny();
	let ids = tokenizer.encode("<|im_start|>a<|im_end|>", false).unwrap();
	assert_eq!(ids, [1, tokenizer.id("a").unwrap(), 2]);
	assert_eq!(tokenizer.decode(&ids).unwrap(), "a");
}

#[test]
fn user_defined_tokens_remain_in_the_text_when_decoded() {
	let tokenizer = parts().build().unwrap();
	assert_eq!(tokenizer.encode("<|endoftext|>", false).unwrap(), [0]);
	assert_eq!(tokenizer.decode(&[0, 1]).unwrap(), "<|endoftext|>");
}

#[test]
fn beginning_token_comes_first_only_when_asked_for() {
	let ends = Ends { bos: Some(0), eos: None };
	let tokenizer = ByteLevelBpe { ends, ..parts() }.build().unwrap();
	let plain = tokenizer.encode("the", false).unwrap();
	let special = tokenizer.encode("the", true).unwrap();
	assert_eq!(special, [&[0], plain.as_slice()].concat());
	let both = ByteLevelBpe { ends: Ends { eos: Some(2), ..ends }, ..parts() }.build().unwrap();
	let special = both.encode("the", true).unwrap();
	assert_eq!(special, [&[0], plain.as_slice(), &[2]].concat());
	assert_eq!(both.encode("the", false).unwrap(), plain);
}

#[test]
fn ids_are_those_of_the_tokenizer_file_when_the_vocabulary_is_the_same() {
	let folder = tempfile::tempdir().unwrap();
	testing::write_hf(folder.path(), &testing::tiny_config(), 1);
	let json = std::fs::read(folder.path().join("tokenizer.json")).unwrap();
	let (from_json, from_gguf) = (Tokenizer::from_json(&json).unwrap(), tiny());
	assert_eq!(from_json.len(), from_gguf.len());
	for text in
		["the cat's in the hat", "  two\n\nlines\t", "12345", "é 日本 🙂", "<|im_end|>x", ""]
	{
		assert_eq!(
			from_json.encode(text, false).unwrap(),
			from_gguf.encode(text, false).unwrap(),
			"{text:?}"
		);
	}
}

#[test]
fn truncation_left_in_a_tokenizer_file_is_ignored_when_encoding() {
	let folder = tempfile::tempdir().unwrap();
	testing::write_hf(folder.path(), &testing::tiny_config(), 1);
	let json = std::fs::read(folder.path().join("tokenizer.json")).unwrap();
	let mut fields: serde_json::Value = serde_json::from_slice(&json).unwrap();
	fields["truncation"] = serde_json::json!({
		"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0,
	});
	let tokenizer = Tokenizer::from_json(fields.to_string().as_bytes()).unwrap();
	assert_eq!(tokenizer.encode(&"x ".repeat(50), false).unwrap().len(), 100);
}

#[test]
fn stream_holds_bytes_back_when_a_character_is_incomplete() {
	let tokenizer = tiny();
	let text = "a é日🙂 the";
	let ids = tokenizer.encode(text, false).unwrap();
	let mut stream = tokenizer.stream();
	let mut pieces = Vec::new();
	for &id in &ids {
		pieces.push(stream.push(id).unwrap());
	}
	assert_eq!(pieces.concat() + &stream.finish().unwrap(), text);
	assert!(pieces.iter().all(|piece| !piece.contains(char::REPLACEMENT_CHARACTER)));
	assert!(pieces.iter().any(String::is_empty));
	let mut cut = tokenizer.stream();
	let bytes = tokenizer.encode("🙂", false).unwrap();
	for &id in &bytes[..3] {
		assert_eq!(cut.push(id).unwrap(), "");
	}
	assert!(cut.finish().unwrap().contains(char::REPLACEMENT_CHARACTER));
}

#[test]
fn decoding_is_refused_when_an_id_is_unknown() {
	let tokenizer = tiny();
	let beyond = tokenizer.len() as u32;
	assert!(matches!(tokenizer.decode(&[beyond]), Err(Error::UnknownToken { .. })));
	assert!(matches!(tokenizer.stream().push(u32::MAX), Err(Error::UnknownToken { .. })));
}

#[test]
fn tokenizer_is_refused_when_its_parts_do_not_fit() {
	let broken = |change: &dyn Fn(&mut ByteLevelBpe)| {
		let mut parts = parts();
		change(&mut parts);
		parts.build().unwrap_err()
	};
	let result = broken(&|p| p.merges.push(("q".into(), "q".into())));
	assert!(matches!(result, Error::Tokenizer(_)));
	let piece = broken(&|p| p.merges.push(("unknown".into(), "e".into())));
	assert!(matches!(piece, Error::Tokenizer(_)));
	let twice = broken(&|p| p.tokens.push("the".into()));
	assert!(matches!(twice, Error::Tokenizer(_)));
	let bos = broken(&|p| p.ends.bos = Some(u32::MAX));
	assert!(matches!(bos, Error::UnknownToken { .. }));
	let eos = broken(&|p| p.ends.eos = Some(p.tokens.len() as u32));
	assert!(matches!(eos, Error::UnknownToken { .. }));
	assert!(matches!(Tokenizer::from_json(b"not json"), Err(Error::Tokenizer(_))));
	assert!(matches!(Tokenizer::from_json(b"{}"), Err(Error::Tokenizer(_))));
}

proptest! {
	#[test]
	fn text_survives_when_encoded_and_decoded(text in any::<String>()) {
		thread_local!(static TOKENIZER: Tokenizer = tiny());
		let tokenizer = &TOKENIZER;
		prop_assume!(testing::SPECIAL.iter().all(|special| !text.contains(special)));
		tokenizer.with(|tokenizer| {
			let ids = tokenizer.encode(&text, true).unwrap();
			assert_eq!(tokenizer.decode(&ids).unwrap(), text);
		});
	}
}
