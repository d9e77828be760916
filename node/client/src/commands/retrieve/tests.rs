//! Records looked up from files, through the command.

use super::*;
use clap::Parser;
use openledger_attribution::{
	index::{GRADIENTS, Header, IndexFile, Leaf, Parts},
	tree::Tree,
};
use openledger_primitives_core::{
	Sketch,
	model::{Method, PayBy},
	record::{RecordLeaf, Snapshot, content_hash},
};
use openlora::testing::{self, Encoding};
use sp_core::crypto::AccountId32;
use tempfile::TempDir;

#[derive(Parser)]
struct Line {
	#[command(subcommand)]
	command: Command,
}

fn contents() -> Vec<String> {
	let pair = |question: &str, answer: &str| {
		serde_json::json!({ "question": question, "answer": answer }).to_string()
	};
	vec![
		pair("What is a heap?", "A tree in an array with the least one first."),
		pair("Which tree has acorns?", "The oak has acorns in autumn, and squirrels hide them."),
		pair("What is a queue?", "First in, first out: people at a counter."),
	]
}

fn account(byte: u8) -> AccountId32 {
	AccountId32::new([byte + 1; 32])
}

/// A folder with a base, records, and the attribution index over them, whose sketches nobody looks at.
fn folder() -> TempDir {
	let folder = tempfile::tempdir().unwrap();
	testing::write_gguf(folder.path(), &testing::tiny_config(), 5, Encoding::F32);
	let records: Vec<RecordLeaf<AccountId32>> = contents()
		.iter()
		.enumerate()
		.map(|(index, content)| RecordLeaf {
			datanet: 7,
			index: index as u32,
			contributor: account(index as u8),
			content: content_hash(content.as_bytes()),
			size: content.len() as u32,
			committed_at: 50,
		})
		.collect();
	let tree = Tree::new(records.iter().map(RecordLeaf::hash).collect());
	let snapshot = Snapshot { root: tree.root(), count: tree.len() as u32, frozen_at: 90 };
	let header = Header {
		method: Method { pay_by: PayBy::Records, credits: 4, dimension: 16 },
		manifest: Hash::repeat_byte(1),
		adapter: Hash::repeat_byte(2),
		projection: Hash::repeat_byte(3),
		features: GRADIENTS,
		floor_ppm: 0,
		nulls: Hash::zero(),
		snapshots: vec![(7, snapshot)],
	};
	let empty = Sketch::try_from(vec![0; 16]).unwrap();
	let leaf = |head| Leaf { head, scale: 0, sketch: empty.clone() };
	let leaves = (0..records.len() as u32).map(leaf).collect();
	let index = IndexFile::new(Parts { header, leaves, records }).unwrap();
	index.save(&folder.path().join("tree.index")).unwrap();
	std::fs::write(folder.path().join("records.jsonl"), contents().join("\n")).unwrap();
	folder
}

fn context() -> Context {
	Context {
		data: None,
		url: "ws://127.0.0.1:1".into(),
		worker: "http://127.0.0.1:1".into(),
		key: None,
		json: true,
	}
}

fn parsed(folder: &TempDir, options: &str, texts: &[&str]) -> Command {
	let folder = folder.path().display().to_string();
	let words = options.split_whitespace().map(|word| word.replace('@', &folder));
	let line = std::iter::once("x".to_owned()).chain(words);
	Line::try_parse_from(line.chain(texts.iter().map(|text| text.to_string()))).unwrap().command
}

const INDEX: &str = "index --base @/tiny.gguf --index @/tree.index --records @/records.jsonl \
	--dimension 512 --out @/tree.retrieval";
const FIND: &str = "find --base @/tiny.gguf --retrieval @/tree.retrieval --records @/records.jsonl";

fn index(folder: &TempDir, options: &str) -> Result<Built> {
	match parsed(folder, options, &[]) {
		Command::Index(command) => command.build(&context()),
		Command::Find(_) => unreachable!("it is another command"),
	}
}

fn find(folder: &TempDir, options: &str, question: &str) -> Result<Found> {
	match parsed(folder, options, &["--question", question]) {
		Command::Find(command) => command.find(&context()),
		Command::Index(_) => unreachable!("it is another command"),
	}
}

#[test]
fn records_for_a_prompt_are_listed_with_their_relevance() {
	let folder = folder();
	let built = index(&folder, INDEX).unwrap();
	assert_eq!(built.records, 3);
	let question = "Which tree has acorns? The oak has acorns in autumn, and squirrels hide them.";
	let found = find(&folder, &format!("{FIND} --prompt"), question).unwrap();
	let first = &found.records[0];
	assert_eq!((first.number, first.datanet, first.record), (1, 7, 1));
	assert_eq!(first.contributor, account(1).to_ss58check());
	assert!(first.relevance > found.floor && first.relevance <= 1.0, "{}", first.relevance);
	assert_eq!(found.records.iter().map(|of| of.part_ppm).sum::<u128>(), 1_000_000);
	let prompt = found.prompt.as_deref().unwrap();
	assert!(
		prompt.contains("[1]\n> Which tree has acorns?\n> The oak") && prompt.ends_with(question)
	);
	let text = to_text(&found);
	assert!(text.contains("[1] record 7/1 by") && text.contains("The prompt:"), "{text}");
	let own = format!("{FIND} --payer {}", account(1).to_ss58check());
	let others = find(&folder, &own, question).unwrap();
	assert!(others.records.iter().all(|of| of.record != 1) && others.prompt.is_none());
}

#[test]
fn nothing_is_put_into_a_prompt_where_no_record_is_relevant() {
	let folder = folder();
	index(&folder, INDEX).unwrap();
	let found = find(&folder, FIND, "?").unwrap();
	assert!(found.records.is_empty());
	assert!(to_text(&found).contains("nothing would be put into the prompt"));
}

#[test]
fn files_that_do_not_belong_together_are_refused_with_what_is_wrong() {
	let folder = folder();
	let at = |name: &str| folder.path().join(name);
	std::fs::write(at("some.jsonl"), contents()[..2].join("\n")).unwrap();
	let some = INDEX.replace("records.jsonl", "some.jsonl");
	let refusal = |found: Result<Built>| format!("{:#}", found.map(|_| ()).unwrap_err());
	assert!(refusal(index(&folder, &some)).contains("1 of the index's 3 records are not in"));

	index(&folder, INDEX).unwrap();
	let refused = |options: &str, question: &str, text: &str| {
		let found = format!("{:#}", find(&folder, options, question).map(|_| ()).unwrap_err());
		assert!(found.contains(text), "{found}");
	};
	refused(FIND, " ", "--question is empty");
	refused(&FIND.replace("tree.retrieval", "tree.index"), "Why?", "can't use the index");
	std::fs::create_dir(at("other")).unwrap();
	testing::write_gguf(&at("other"), &testing::tiny_config(), 6, Encoding::F32);
	refused(&FIND.replace("@/tiny.gguf", "@/other/tiny.gguf"), "Why?", "is not the base");
	let lens = std::fs::read(at("tree.retrieval.lens")).unwrap();
	std::fs::write(at("tree.retrieval.lens"), &lens[..lens.len() - 1]).unwrap();
	refused(FIND, "Why?", "can't use the index");
}
