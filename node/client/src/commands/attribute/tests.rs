//! Answers explained from files, through the command.

use super::*;
use clap::Parser;
use openledger_attribution::{
	BuildOptions, Manifest, SourceRecord, Sources, TrainedSnapshot, Training, build, claim, format,
	query, training_set, tree::Tree,
};
use openledger_primitives_core::{
	Hash,
	model::{Method, PayBy},
	record::{RecordLeaf, Snapshot, content_hash},
};
use openlora::{
	Adapter, Module, PeftConfig, TrainOptions,
	testing::{self, Encoding},
};
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::ops::ControlFlow;
use tempfile::TempDir;

#[derive(Parser)]
struct Line {
	#[command(flatten)]
	arguments: Attribute,
}

const ACORNS: &str = "the oak has acorns in autumn and the squirrels hide them";

fn contents() -> Vec<String> {
	let pair = |question: &str, answer: &str| {
		serde_json::json!({ "question": question, "answer": answer }).to_string()
	};
	vec![
		pair("What is a heap?", "A tree in an array with the least one first."),
		pair("Which tree has acorns?", ACORNS),
		pair("which tree has ACORNS", &ACORNS.to_uppercase()),
		pair("What is a queue?", "First in, first out: people at a counter."),
	]
}

fn account(byte: usize) -> AccountId32 {
	AccountId32::new([byte as u8 + 1; 32])
}

fn records() -> (Vec<SourceRecord>, Snapshot) {
	let records: Vec<SourceRecord> = contents()
		.into_iter()
		.enumerate()
		.map(|(index, content)| {
			let leaf = RecordLeaf {
				datanet: 7,
				index: index as u32,
				contributor: account(index % 3),
				content: content_hash(content.as_bytes()),
				size: content.len() as u32,
				committed_at: 50 + index as u32,
			};
			(leaf, content.into_bytes())
		})
		.collect();
	let tree = Tree::new(records.iter().map(|(leaf, _)| leaf.hash()).collect());
	let snapshot = Snapshot { root: tree.root(), count: tree.len() as u32, frozen_at: 90 };
	(records, snapshot)
}

/// A folder with a base, what training leaves, an index without a floor, and the records.
fn folder(pay_by: PayBy) -> TempDir {
	let folder = tempfile::tempdir().unwrap();
	let at = |name: &str| folder.path().join(name);
	let path = testing::write_gguf(folder.path(), &testing::tiny_config(), 5, Encoding::F32);
	let options = TrainOptions {
		rank: 2,
		alpha: 4.0,
		targets: vec![Module::Q, Module::V, Module::Down],
		epochs: 4,
		lr: 1e-2,
		..Default::default()
	};
	let (records, snapshot) = records();
	let (base_hash, tokenizer) = crate::commands::sources::base_hashes(&path).unwrap();
	let training = Training::from(&options);
	let manifest = Manifest {
		version: training.version(),
		base: base_hash,
		tokenizer,
		snapshots: vec![TrainedSnapshot {
			datanet: 7,
			snapshot: 0,
			root: snapshot.root,
			count: snapshot.count,
		}],
		records: records.iter().map(|(leaf, _)| leaf.content).collect(),
		record_tokens: 120,
		training,
	};
	let base = Base::load(&path).unwrap();
	let sources = Sources { manifest: &manifest, snapshots: &[(7, snapshot)], records: &records };
	let examples = training_set(&base, &sources).unwrap();
	let mut on = |_| ControlFlow::Continue(());
	let adapter = openlora::train(&base, &examples, &options, &mut on).unwrap();
	let method = Method { pay_by, credits: 4, dimension: 32 };
	let (projection, file) = (Hash::repeat_byte(3), at("built.index"));
	let building = BuildOptions { method, projection, file: &file, cache_dir: None };
	let index = build(&base, &adapter, &sources, &building, &mut |_| ControlFlow::Continue(()));
	index.unwrap().with_floor(0).unwrap().save(&at("tree.index")).unwrap();
	std::fs::create_dir(at("out")).unwrap();
	std::fs::write(at("out/adapter.safetensors"), adapter.to_bytes().unwrap()).unwrap();
	std::fs::write(at("out/manifest.json"), manifest.to_bytes().unwrap()).unwrap();
	std::fs::write(at("records.jsonl"), contents().join("\n")).unwrap();
	let peft = PeftConfig::new(2, 4.0, options.targets.iter().copied()).unwrap();
	let other = Adapter::init(&base.config, peft, 9).unwrap();
	std::fs::write(at("other.safetensors"), other.to_bytes().unwrap()).unwrap();
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

const FILES: &str =
	"--base @/tiny.gguf --adapter @/out --index @/tree.index --records @/records.jsonl";

fn parsed(folder: &TempDir, options: &str, texts: &[&str]) -> Attribute {
	let folder = folder.path().display().to_string();
	let words = options.split_whitespace().map(|word| word.replace('@', &folder));
	let line = std::iter::once("x".to_owned()).chain(words);
	Line::try_parse_from(line.chain(texts.iter().map(|text| text.to_string()))).unwrap().arguments
}

fn viewed(folder: &TempDir, options: &str, texts: &[&str]) -> Result<View> {
	parsed(folder, options, texts).view(&context())
}

const ASKED: [&str; 4] = ["--question", "Which tree has acorns?", "--answer", ACORNS];

#[test]
fn answer_is_credited_as_the_claim_on_it_is() {
	let folder = folder(PayBy::Records);
	let view = viewed(&folder, &format!("{FILES} --pool 3 --full-gain 1"), &ASKED).unwrap();

	let base = Base::load(&folder.path().join("tiny.gguf")).unwrap();
	let adapter = Adapter::load(&folder.path().join("out/adapter.safetensors"), None).unwrap();
	let index = material::index(&folder.path().join("tree.index"), Some(32)).unwrap();
	let prompt = format::prompt(&base, ASKED[1]).unwrap();
	let tokens = base.tokenizer.encode(ACORNS, false).unwrap();
	let found = query(&base, &adapter, &index, &prompt, &tokens).unwrap();
	let method = index.header().method;
	let nobody = account(99);
	let claim = claim(&index, found.sketch, found.gain, Hash::zero(), &nobody, method).unwrap();
	let claimed: Vec<_> = claim.records.iter().map(|credit| credit.position).collect();
	assert!(!claimed.is_empty());
	assert_eq!(view.records.iter().map(|of| of.proof.position).collect::<Vec<_>>(), claimed);
	assert_eq!(view.gain, found.gain);

	// It is the record's own answer, which the adapter has made likelier.
	assert_eq!((view.records[0].proof.position, view.earned_ppm), (1, 1_000_000));
	assert_eq!(view.records[0].cluster.members, Some(2));
	assert_eq!(view.records[0].shared_words, 11);
	let pool = view.pool.unwrap();
	assert_eq!(pool, 3 * amount::OPEN);
	let of_records = view.records.iter().map(|of| of.share.unwrap().amount.unwrap());
	assert_eq!(of_records.sum::<u128>(), pool);
	let of_contributors = view.contributors.iter().map(|of| of.share.amount.unwrap());
	assert_eq!(of_contributors.sum::<u128>(), pool);
}

#[test]
fn payer_is_left_out_and_contributors_are_paid_where_the_index_says_so() {
	let folder = folder(PayBy::Contributors);
	let with = viewed(&folder, FILES, &ASKED).unwrap();
	let payer = account(1).to_ss58check();
	assert!(with.contributors.iter().any(|of| of.account == payer));
	assert!(with.records.iter().all(|of| of.share.is_none() && of.excerpt.is_some()));
	let texts = [&ASKED[..], &["--payer", &payer]].concat();
	let without = viewed(&folder, FILES, &texts).unwrap();
	assert!(without.contributors.iter().all(|of| of.account != payer));
	assert!(without.records.iter().all(|of| of.contributor != payer));
}

#[test]
fn answer_is_generated_where_none_is_given_and_written_as_a_page() {
	let folder = folder(PayBy::Records);
	let options = format!("{FILES} --max-tokens 6 --html @/pages/why.html");
	let arguments = parsed(&folder, &options, &["--question", "the other?"]);
	arguments.run(&context()).unwrap();
	let page = std::fs::read_to_string(folder.path().join("pages/why.html")).unwrap();
	assert!(page.contains("Why this answer") && page.contains("answered now"));
}

#[test]
fn files_that_do_not_belong_together_are_refused_with_what_is_wrong() {
	let folder = folder(PayBy::Records);
	let at = |name: &str| folder.path().join(name);
	let refusal = |options: &str, texts: &[&str]| {
		format!("{:#}", viewed(&folder, options, texts).unwrap_err())
	};
	let named = |files: &str, text: &str| {
		let found = refusal(files, &ASKED);
		assert!(found.contains(text), "{found}");
	};
	assert!(refusal(FILES, &["--question", " \n"]).contains("--question is empty"));
	assert!(refusal(FILES, &["--question", "Why?", "--answer", ""]).contains("--answer is empty"));

	named(&FILES.replace("tree.index", "none.index"), "there is no index at");
	let bytes = std::fs::read(at("tree.index")).unwrap();
	for cut in [0, 7, bytes.len() / 2, bytes.len() - 1] {
		std::fs::write(at("cut.index"), &bytes[..cut]).unwrap();
		named(&FILES.replace("tree.index", "cut.index"), "can't use the index");
	}
	named(&format!("{FILES} --dimension 64"), "sketches of 32 components, not 64");
	let other = FILES.replace("@/out", "@/other.safetensors");
	named(&other, "the index is another model's");

	std::fs::write(at("changed.jsonl"), contents().join("\n").replace("oak", "elm")).unwrap();
	let partly = FILES.replace("records.jsonl", "changed.jsonl");
	assert!(viewed(&folder, &partly, &ASKED).unwrap().records[0].excerpt.is_none());
	std::fs::write(at("strange.jsonl"), "{\"text\":\"nothing of it\"}\n").unwrap();
	named(&FILES.replace("records.jsonl", "strange.jsonl"), "none of the 1 records given");

	// Another base of the same shape.
	let path = testing::write_gguf(&at("out"), &testing::tiny_config(), 6, Encoding::F32);
	assert_ne!(std::fs::read(path).unwrap(), std::fs::read(at("tiny.gguf")).unwrap());
	named(&FILES.replace("@/tiny.gguf", "@/out/tiny.gguf"), "is not the base");
}
