use super::*;
use openlora::testing;
use proptest::prelude::*;

fn file(name: &str, content: &[u8]) -> Result<DataFile> {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join(name);
	std::fs::write(&path, content).unwrap();
	read(&path)
}

const KINDS: &str = r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}]}
{"prompt":"a ","completion":"b"}

{"question":"Why?","answer":"So.","id":7}
{"text":"on the other"}"#;

#[test]
fn every_kind_is_read_from_lines_and_from_an_array() {
	let lines = file("a.jsonl", KINDS.as_bytes()).unwrap();
	let numbers: Vec<_> = lines.items.iter().map(|(place, _)| place.number).collect();
	assert_eq!(numbers, [1, 2, 4, 5]);
	let joined = KINDS.split('\n').filter(|line| !line.is_empty()).collect::<Vec<_>>().join(",\n");
	let array = file("a.json", format!("\u{feff}[{joined}]").as_bytes()).unwrap();
	let items =
		|file: &DataFile| file.items.iter().map(|(_, item)| item.clone()).collect::<Vec<_>>();
	assert_eq!(items(&array), items(&lines));
	assert!(matches!(&items(&lines)[2], Item::Record(Record::QuestionAnswer { .. })));
	let with_returns = KINDS.replace('\n', "\r\n");
	assert_eq!(items(&file("a.ndjson", with_returns.as_bytes()).unwrap()), items(&lines));
}

#[test]
fn line_is_named_when_it_is_no_example() {
	type Expected = fn(&DataError) -> bool;
	let cases: [(&[u8], Expected); 16] = [
		(b"nonsense", |e| matches!(e, DataError::NotJson(_))),
		(b"[1]", |e| matches!(e, DataError::NotJson(_))),
		(b"{\"text\":\"a\xff\"}", |e| *e == DataError::NotUtf8(11)),
		(b"{\"text\":3}", |e| matches!(e, DataError::NotJson(_))),
		(b"{\"text\":\" \"}", |e| *e == DataError::Empty("text")),
		(b"{}", |e| *e == DataError::Fields),
		(b"{\"id\":4}", |e| *e == DataError::Fields),
		(b"{\"question\":\"a\"}", |e| *e == DataError::Fields),
		(b"{\"prompt\":\"a\"}", |e| *e == DataError::Fields),
		(b"{\"prompt\":\"\",\"completion\":\"b\"}", |e| *e == DataError::Empty("prompt")),
		(b"{\"prompt\":\"a\",\"completion\":\"\"}", |e| *e == DataError::Empty("completion")),
		(b"{\"text\":\"a\",\"prompt\":\"b\",\"completion\":\"c\"}", |e| *e == DataError::Fields),
		(b"{\"messages\":[]}", |e| matches!(e, DataError::Empty(_))),
		(b"{\"messages\":[],\"text\":\"a\"}", |e| *e == DataError::Fields),
		(b"{\"messages\":[{\"role\":\"user\"}]}", |e| matches!(e, DataError::NotJson(_))),
		(
			b"{\"messages\":[{\"role\":\"user\",\"content\":\"a\",\"tool_calls\":[]}]}",
			|e| matches!(e, DataError::NotJson(reason) if reason.contains("tool_calls")),
		),
	];
	for (line, expected) in cases {
		let content = [b"{\"text\":\"fine\"}\n\n", line].concat();
		match file("a.jsonl", &content) {
			Err(Error::Data { place, source }) => {
				assert_eq!(place.number, 3);
				assert!(expected(&source), "{}: {source:?}", String::from_utf8_lossy(line));
			}
			other => panic!("{}: {other:?}", String::from_utf8_lossy(line)),
		}
	}
	match file("a.json", b"[{\"text\":\"a\"},{\"answer\":\"b\"}]") {
		Err(error @ Error::Data { .. }) => assert!(error.to_string().contains("example 2")),
		other => panic!("{other:?}"),
	}
}

#[test]
fn file_is_refused_when_empty_of_another_kind_or_not_there() {
	for (name, content) in [
		("a.jsonl", &b""[..]),
		("a.jsonl", b"\n \r\n\n"),
		("a.json", b""),
		("a.json", b"[]"),
		("a.json", b"{\"text\":\"a\"}"),
		("a.json", b"[{\"text\":\"a\"}"),
		("a.json", b"[{\"text\":\"\xff\"}]"),
		("a.txt", b"{\"text\":\"a\"}"),
		("a", b"{\"text\":\"a\"}"),
	] {
		let refused = file(name, content);
		assert!(matches!(refused, Err(Error::DataFile { .. })), "{name}: {refused:?}");
	}
	assert!(matches!(read(Path::new("nowhere.jsonl")), Err(Error::Io { .. })));
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("huge.jsonl");
	// A sparse file: nothing of it is on disk, and nothing of it is to be read.
	std::fs::File::create(&path).unwrap().set_len(MAX_FILE + 1).unwrap();
	let refused = read(&path).unwrap_err().to_string();
	assert!(refused.contains("split it"), "{refused}");
}

#[test]
fn conversation_of_one_answer_is_the_record_of_the_same_question() {
	let base = testing::tiny_base(1);
	let encode = |line: &str| Item::parse(line.as_bytes()).unwrap().encode(&base).unwrap();
	let chat = encode(
		r#"{"messages":[{"role":"user","content":"Why the?"},{"role":"assistant","content":"So."}]}"#,
	);
	assert_eq!(chat, encode(r#"{"question":"Why the?","answer":"So."}"#));
}

#[test]
fn completion_is_learnt_after_its_prompt_as_both_stand() {
	let base = testing::tiny_base(1);
	let item = Item::parse(br#"{"prompt":"in a","completion":" the x"}"#).unwrap();
	let example = item.encode(&base).unwrap();
	let (prompt, answer) = example.tokens.split_at(example.answer_start);
	assert_eq!(base.tokenizer.decode(prompt).unwrap(), "in a");
	assert_eq!(base.tokenizer.decode(answer).unwrap(), " the x");
	assert_eq!(answer.last(), base.special.eos.as_ref());
}

#[test]
fn long_examples_are_cut_and_counted_and_those_with_nothing_left_are_left_out() {
	let base = testing::tiny_base(1);
	let lines = [
		r#"{"prompt":"abc","completion":"d"}"#,
		r#"{"prompt":"abc","completion":"dfghjklmpq"}"#,
		r#"{"prompt":"abcdfghjklm","completion":"d"}"#,
	];
	let items = file("a.jsonl", lines.join("\n").as_bytes()).unwrap().items;
	let prepared = prepare(&base, &items, 8).unwrap();
	let expected =
		Statistics { examples: 2, tokens: 13, learnt: 7, longest: 8, cut: 1, left_out: 1 };
	assert_eq!(prepared.statistics, expected);
	assert!(matches!(prepare(&base, &items[2..], 8), Err(Error::NothingUsable(1))));
	assert!(prepare(&base, &items, usize::MAX).unwrap().statistics.cut == 0);
}

#[test]
fn example_is_named_when_the_base_refuses_it() {
	let base = testing::tiny_base(1);
	let content = "{\"text\":\"fine\"}\n{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}";
	let items = file("a.jsonl", content.as_bytes()).unwrap().items;
	match prepare(&base, &items, 64) {
		Err(Error::Data { place, source: DataError::Engine(reason) }) => {
			assert_eq!(place.number, 2);
			assert!(reason.contains("assistant"), "{reason}");
		}
		other => panic!("{other:?}"),
	}
}

#[test]
fn validation_is_about_the_share_and_the_same_for_what_is_said_twice() {
	let item =
		|number: usize| Item::Completion { prompt: format!("{number}"), completion: "x".into() };
	let kept = |seed, share| {
		(0..2000).filter(|number| is_validation(&item(*number), seed, share)).collect::<Vec<_>>()
	};
	let tenth = kept(1, 0.1);
	assert!((150..250).contains(&tenth.len()), "{}", tenth.len());
	assert_eq!(kept(1, 0.1), tenth);
	assert_ne!(kept(2, 0.1), tenth);
	assert!(kept(1, 0.0).is_empty());
	// A larger share keeps what a smaller one kept.
	let fifth = kept(1, 0.2);
	assert!(tenth.iter().all(|number| fifth.contains(number)));
}

proptest! {
	#[test]
	fn bytes_are_an_example_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
		let _ = Item::parse(&bytes);
	}

	#[test]
	fn example_ends_within_the_limit_with_a_learnt_token(
		prompt in "[a-z ]{1,30}",
		completion in "[a-z ]{1,30}",
		limit in 2usize..50,
	) {
		let base = testing::tiny_base(1);
		let item = Item::Completion { prompt, completion };
		let place = Place { file: "a".into(), number: 1, element: false };
		match prepare(&base, &[(place, item)], limit) {
			Ok(prepared) => {
				let example = &prepared.examples[0];
				prop_assert!(example.tokens.len() <= limit && example.learnt() > 0);
			}
			Err(error) => prop_assert!(matches!(error, Error::NothingUsable(1))),
		}
	}
}
