//! From a file to an adapter, and the whole of it repeated, through the commands.

use super::*;
use crate::commands::train::{self, Train};
use clap::Parser;
use openlora::testing::{self, Encoding};
use std::path::Path;

#[derive(Parser)]
struct TrainLine {
	#[command(flatten)]
	arguments: Train,
}

#[derive(Parser)]
struct VerifyLine {
	#[command(flatten)]
	arguments: VerifyTraining,
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

fn line(command: &str, folder: &Path) -> Vec<String> {
	let words = command.split_whitespace();
	std::iter::once("x".into())
		.chain(words.map(|word| word.replace('@', &folder.display().to_string())))
		.collect()
}

fn trained(folder: &Path, options: &str) -> Result<()> {
	let command = format!("--base @/tiny.gguf --data @/talks.jsonl --out @/out {options}");
	let arguments = TrainLine::try_parse_from(line(&command, folder))?.arguments;
	tokio::runtime::Runtime::new()?.block_on(train::run(arguments, &context()))
}

fn verified(folder: &Path, options: &str) -> Result<()> {
	let command = format!("@/out --base @/tiny.gguf {options}");
	let arguments = VerifyLine::try_parse_from(line(&command, folder))?.arguments;
	tokio::runtime::Runtime::new()?.block_on(run(arguments, &context()))
}

/// A folder with a base and examples; the cache is in it too.
fn folder() -> tempfile::TempDir {
	let folder = tempfile::tempdir().unwrap();
	testing::write_gguf(folder.path(), &testing::tiny_config(), 1, Encoding::F32);
	let talk = |at: usize| {
		format!(
			"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{at}?\"}},{{\"role\":\"assistant\",\
			 \"content\":\"the {at}\"}},{{\"role\":\"user\",\"content\":\"a?\"}},{{\"role\":\
			 \"assistant\",\"content\":\"on {at}\"}}]}}\n"
		)
	};
	std::fs::write(folder.path().join("talks.jsonl"), (0..12).map(talk).collect::<String>())
		.unwrap();
	folder
}

const OPTIONS: &str = "--validation-share 0.3 --rank 2 --epochs 2 --checkpoint-every 3 --evaluate-every 4 \
	--dropout 0.1 --samples 1 --keep-checkpoints";

/// One test, since the cache's place is in the environment.
#[test]
fn training_on_files_is_repeated_whole_or_in_part_and_every_change_is_found() {
	let folder = folder();
	let folder = folder.path();
	// SAFETY: no other test of this program reads or sets it.
	unsafe { std::env::set_var("XDG_CACHE_HOME", folder.join("cache")) };
	trained(folder, OPTIONS).unwrap();
	let out = folder.join("out");
	let read = |name: &str| std::fs::read(out.join(name)).unwrap();
	let (adapter, log, manifest) = (read(ADAPTER), read(LOG), read(MANIFEST));
	assert!(String::from_utf8(read("report.html")).unwrap().contains("validation loss"));
	assert!(!String::from_utf8(manifest.clone()).unwrap().contains(&folder.display().to_string()));

	let data = "--data @/talks.jsonl";
	verified(folder, data).unwrap();
	verified(folder, &format!("{data} --from 3 --to 4")).unwrap();
	let refusal = |options: &str| verified(folder, options).unwrap_err().to_string();
	assert!(refusal("").contains("talks.jsonl"));
	assert!(refusal(&format!("{data} --from 1")).contains("was not kept"));
	assert!(refusal(&format!("{data} --to 5")).contains("step 5"));

	// The same again is not trained again, and gives the same.
	std::fs::remove_dir_all(&out).unwrap();
	trained(folder, OPTIONS).unwrap();
	assert_eq!(
		(read(ADAPTER), read(LOG), read(MANIFEST)),
		(adapter.clone(), log.clone(), manifest)
	);

	let mut damaged = adapter.clone();
	*damaged.last_mut().unwrap() ^= 1;
	std::fs::write(out.join(ADAPTER), damaged).unwrap();
	assert!(refusal(data).contains("not the adapter"));
	std::fs::write(out.join(ADAPTER), &adapter).unwrap();

	// A log that was made up from another run, its chain and all.
	let mut forged = TrainingLog::from_bytes(&log).unwrap();
	let mut before = forged.genesis;
	for link in &mut forged.links {
		link.state.0[0] ^= u8::from(link.step == 4);
		*link = openlora::train::Link::after(before, link.step, link.state, link.loss);
		before = link.hash;
	}
	std::fs::write(out.join(LOG), forged.to_bytes().unwrap()).unwrap();
	let found = refusal(data);
	assert!(found.contains("differs after step 4; after step 3 it was still the same"), "{found}");
	std::fs::write(out.join(LOG), &log).unwrap();

	// A kept state that is not the committed one.
	let state = State::path(&out, 3);
	std::fs::copy(&state, folder.join("kept")).unwrap();
	let mut bytes = std::fs::read(&state).unwrap();
	*bytes.last_mut().unwrap() ^= 1;
	std::fs::remove_file(&state).unwrap();
	std::fs::write(&state, bytes).unwrap();
	let found = refusal(&format!("{data} --from 3"));
	assert!(found.contains("already where the repetition began"), "{found}");

	let path = folder.join("talks.jsonl");
	let text = std::fs::read_to_string(&path).unwrap();
	std::fs::write(&path, text.replace("the 1", "the 2")).unwrap();
	assert!(refusal(data).contains("is not the talks.jsonl that was trained on"));
	std::fs::write(&path, "{\"text\":1}").unwrap();
	let refused = trained(folder, "").unwrap_err().to_string();
	assert!(refused.contains("talks.jsonl, line 1"), "{refused}");
}

#[test]
fn training_is_refused_when_options_contradict_each_other() {
	let parse = |command: &str| TrainLine::try_parse_from(line(command, Path::new("f"))).is_ok();
	assert!(parse("0 --base b"));
	assert!(parse("--data a.jsonl --base b --validation-share 0.1 --patience 2"));
	for command in [
		"--base b",
		"0 --data a.jsonl --base b",
		"0 --base b --validation-share 0.1",
		"0 --base b --patience 2",
		"0 --base b --validation-data v.jsonl",
		"--data a.jsonl --base b --validation-share 1",
		"--data a.jsonl --base b --validation-share 0.1 --validation-data v.jsonl",
		"--data a.jsonl --base b --targets q_proj,lm_head",
		"--data a.jsonl --base b --schedule sawtooth",
	] {
		assert!(!parse(command), "{command}");
	}
}
