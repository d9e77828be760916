//! Does an answer's claim lead to the record that answers it? Prints one JSON object.
//!
//! One adapter is trained on both corpora of `scripts/corpora`, as two snapshots of one model
//! version, so that both Datanets compete for each answer. Held-out questions ask about records in
//! other words. Each is attributed twice: with the answer that the model generates, as in service,
//! and with the answer that the record gives. Training, features and answers are kept in the work
//! folder, so an interrupted run goes on where it was.

mod corpus;
mod patch;
mod score;

use corpus::{Corpus, HeldOut};
use openledger_attribution::{
	BuildOptions, IndexFile, Sources, build, claim, estimator,
	format::{self, Record},
	query,
	store::FeatureCache,
	training_set,
};
use openledger_primitives_attribution::{Terms, verify};
use openledger_primitives_core::{
	Hash,
	model::{Method, PayBy},
};
use openlora::{Adapter, Base, Example, GenerateOptions, TrainOptions, generate, log_probs, train};
use serde_json::{Value, json};
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;
use std::{
	fs,
	ops::ControlFlow,
	path::{Path, PathBuf},
	time::Instant,
};

const USAGE: &str = "usage: retrieval BASE CORPORA WORK [QUESTIONS] [EPOCHS] [DIMENSION]

BASE       a GGUF file or Hugging Face folder
CORPORA    the folder that scripts/corpora wrote
WORK       where adapter, features and answers are kept
QUESTIONS  held-out questions in all, default 50
EPOCHS     passes over the records, default 3
DIMENSION  components of a sketch, default 2,048";

/// The most tokens of a record, and of a generated answer.
const RECORD_TOKENS: usize = 128;
const ANSWER_TOKENS: usize = 48;

type Failure = Box<dyn std::error::Error>;

struct Arguments {
	base: PathBuf,
	corpora: PathBuf,
	work: PathBuf,
	questions: usize,
	epochs: usize,
	dimension: u16,
}

fn arguments() -> Option<Arguments> {
	let given: Vec<String> = std::env::args().skip(1).collect();
	let number = |at: usize, default: usize| match given.get(at) {
		Some(text) => text.parse().ok(),
		None => Some(default),
	};
	Some(Arguments {
		base: given.first()?.into(),
		corpora: given.get(1)?.into(),
		work: given.get(2)?.into(),
		questions: number(3, 50)?,
		epochs: number(4, 3)?,
		dimension: u16::try_from(number(5, 2_048)?).ok()?,
	})
}

fn main() -> Result<(), Failure> {
	let Some(arguments) = arguments() else {
		eprintln!("{USAGE}");
		std::process::exit(2);
	};
	println!("{}", run(&arguments)?);
	Ok(())
}

/// A question with its two answers, as tokens, and their features.
struct Asked {
	question: String,
	source: usize,
	generated: String,
	gain: i32,
	/// Of the generated answer, then of the record's.
	sequences: [(Vec<u32>, usize); 2],
	features: [Vec<f32>; 2],
}

fn run(arguments: &Arguments) -> Result<Value, Failure> {
	let base_hash = Hash(blake2_256(&fs::read(&arguments.base)?));
	let base = Base::load(&arguments.base)?;
	let folders = ["weaknesses", "topics"].map(|name| arguments.corpora.join(name));
	let corpus = Corpus::read(&folders)?;
	fs::create_dir_all(&arguments.work)?;
	let options = TrainOptions {
		epochs: arguments.epochs,
		checkpoint_dir: Some(arguments.work.join("ckpt")),
		// As when what is published was measured.
		half: false,
		..TrainOptions::default()
	};
	let manifest = corpus.manifest(base_hash, RECORD_TOKENS, &options);
	let sources =
		Sources { manifest: &manifest, snapshots: &corpus.snapshots, records: &corpus.records };

	let examples = training_set(&base, &sources)?;
	let started = Instant::now();
	let adapter = train(&base, &examples, &options, &mut |p| {
		eprintln!("step {}/{} loss {:.3} left {:.0?}", p.step, p.steps, p.loss, p.eta);
		ControlFlow::Continue(())
	})?;
	let training_s = started.elapsed().as_secs_f64();

	let started = Instant::now();
	let method = Method { pay_by: PayBy::Records, credits: 8, dimension: arguments.dimension };
	let of = |pay_by| Method { pay_by, ..method };
	let indexes = [PayBy::Records, PayBy::Contributors].map(|pay_by| {
		let options = BuildOptions {
			method: of(pay_by),
			projection: Hash(blake2_256(b"retrieval")),
			file: &arguments.work.join(format!("{pay_by:?}.index")),
			cache_dir: Some(&arguments.work),
		};
		build(&base, &adapter, &sources, &options, &mut |p| {
			eprintln!("{:?} {}/{}", p.stage, p.done, p.total);
			ControlFlow::Continue(())
		})
	});
	let indexing_s = started.elapsed().as_secs_f64();
	let [by_records, by_contributors] = indexes;
	let (by_records, by_contributors) = (by_records?, by_contributors?);

	let chosen = choose(&corpus, arguments.questions);
	let cache = FeatureCache::new(&arguments.work, &manifest.base, &by_records.header().adapter);
	let asked = ask(&base, &adapter, &chosen, &arguments.work, &cache)?;
	let query_s = time_query(&base, &adapter, &by_records, &asked)?;

	let texts: Vec<String> = corpus
		.records
		.iter()
		.map(|(_, content)| Record::parse(content).map(|record| record.text()))
		.collect::<Result<_, _>>()?;
	let kept: Vec<Option<Vec<f32>>> =
		corpus.records.iter().map(|(leaf, _)| cache.get(&leaf.content)).collect();
	let tokens: Vec<Option<Example>> = corpus
		.records
		.iter()
		.zip(&kept)
		.map(|((_, content), feature)| {
			// What has no feature is not trained on.
			let record = feature.as_ref().and_then(|_| Record::parse(content).ok());
			let encoded = record.map(|record| record.encode(&base, RECORD_TOKENS)).transpose()?;
			Ok(encoded.map(|(tokens, answer_start)| Example::new(tokens, answer_start)))
		})
		.collect::<Result<_, Failure>>()?;
	let truth = score::Truth { index: &by_records, texts: &texts, features: &kept };
	Ok(json!({
		"records": corpus.records.len(),
		"trained_on": examples.len(),
		"epochs": arguments.epochs,
		"questions": asked.len(),
		"dimension": arguments.dimension,
		"floor_ppm": {
			"records": by_records.header().floor_ppm,
			"contributors": by_contributors.header().floor_ppm,
		},
		"generated_answer": truth.table(&asked, 0)?,
		"record_answer": truth.table(&asked, 1)?,
		"tail_patch": patch::judge(&base, &adapter, &truth, &tokens, &asked)?,
		"paid": {
			"records": paid(&by_records, &corpus, &asked)?,
			"contributors": paid(&by_contributors, &corpus, &asked)?,
		},
		"mean_gain": asked.iter().map(|a| f64::from(a.gain)).sum::<f64>() / asked.len() as f64 / 1e3,
		"seconds": { "training": training_s, "indexing": indexing_s, "query": query_s },
	}))
}

/// As many questions of each Datanet, spread evenly over its records.
fn choose(corpus: &Corpus, questions: usize) -> Vec<&HeldOut> {
	let each = questions.div_ceil(corpus.held_out.len().max(1));
	let spread = corpus.held_out.iter().flat_map(|held_out| {
		let count = each.min(held_out.len());
		(0..count).map(move |at| &held_out[at * held_out.len() / count])
	});
	spread.take(questions).collect()
}

fn ask(
	base: &Base,
	adapter: &Adapter,
	chosen: &[&HeldOut],
	work: &Path,
	cache: &FeatureCache,
) -> Result<Vec<Asked>, Failure> {
	let mut asked = Vec::new();
	for held_out in chosen {
		let prompt = format::prompt(base, &held_out.question)?;
		let answer = answer(base, adapter, &prompt, work)?;
		let tokens = [&prompt[..], &answer].concat();
		let with = log_probs(base, Some(adapter), &tokens, prompt.len())?;
		let without = log_probs(base, None, &tokens, prompt.len())?;
		let recorded = Record::parse(held_out.line.as_bytes())?.encode(base, 2 * RECORD_TOKENS)?;
		eprintln!("asked {}/{}", asked.len() + 1, chosen.len());
		asked.push(Asked {
			question: held_out.question.clone(),
			source: held_out.source,
			generated: base.tokenizer.decode(&answer)?,
			gain: openledger_primitives_attribution::lift::gain(&with, &without),
			sequences: [(tokens, prompt.len()), recorded],
			features: Default::default(),
		});
	}
	for which in [0, 1] {
		let key = |asked: &Asked| {
			let (tokens, start) = &asked.sequences[which];
			let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.to_le_bytes()).collect();
			Hash(blake2_256(&[&bytes[..], &start.to_le_bytes()].concat()))
		};
		let missing: Vec<usize> =
			(0..asked.len()).filter(|at| cache.get(&key(&asked[*at])).is_none()).collect();
		let sequences: Vec<(&[u32], usize)> = missing
			.iter()
			.map(|at| (&asked[*at].sequences[which].0[..], asked[*at].sequences[which].1))
			.collect();
		estimator::compute(base, adapter, &sequences, |at, feature| {
			eprintln!("query {}/{}", at + 1, missing.len());
			cache.put(&key(&asked[missing[at]]), &feature)
		})?;
		for asked in &mut asked {
			asked.features[which] = cache.get(&key(asked)).ok_or("the cache lost a feature")?;
		}
	}
	Ok(asked)
}

/// The model's greedy answer, from the work folder if it is there.
fn answer(
	base: &Base,
	adapter: &Adapter,
	prompt: &[u32],
	work: &Path,
) -> Result<Vec<u32>, Failure> {
	let bytes: Vec<u8> = prompt.iter().flat_map(|token| token.to_le_bytes()).collect();
	let adapter_hash = blake2_256(&adapter.to_bytes()?);
	let name = hex::encode(blake2_256(&[&adapter_hash[..], &bytes].concat()));
	let path = work.join("answers").join(name);
	if let Ok(kept) = fs::read(&path) {
		return Ok(serde_json::from_slice(&kept)?);
	}
	let options = GenerateOptions::greedy(base, ANSWER_TOKENS);
	let on = &mut |_| ControlFlow::Continue(());
	let mut tokens = generate(base, Some(adapter), prompt, &options, on)?.tokens;
	if tokens.is_empty() {
		// A stop at once is an answer of one token: the one that ends it.
		tokens.extend(base.special.eos);
	}
	fs::create_dir_all(work.join("answers"))?;
	fs::write(&path, serde_json::to_vec(&tokens)?)?;
	Ok(tokens)
}

/// Seconds for one query, the mean of three.
fn time_query(
	base: &Base,
	adapter: &Adapter,
	index: &IndexFile,
	asked: &[Asked],
) -> Result<f64, Failure> {
	let started = Instant::now();
	let timed = asked.len().min(3);
	for asked in &asked[..timed] {
		let (tokens, start) = &asked.sequences[0];
		query(base, adapter, index, &tokens[..*start], &tokens[*start..])?;
	}
	Ok(started.elapsed().as_secs_f64() / timed.max(1) as f64)
}

/// How often the contributor whose record answers is paid most, and how often anyone is paid.
fn paid(index: &IndexFile, corpus: &Corpus, asked: &[Asked]) -> Result<Value, Failure> {
	let header = index.header();
	let (method, snapshots) = (header.method, &header.snapshots);
	let terms = Terms { method, index: index.commitment(), snapshots, retrieval: None };
	let payer = AccountId32::new([0; 32]);
	let (mut most, mut any) = (0usize, 0usize);
	for asked in asked {
		let sketch = estimator::sketch(index.projection(), &asked.features[0])?;
		let claim = claim(index, sketch, asked.gain, Hash::zero(), &payer, header.method)?;
		let verified =
			verify(&terms, &payer, &claim).map_err(|refusal| format!("refused: {refusal:?}"))?;
		let shares = verified.shares();
		any += usize::from(!shares.is_empty());
		let best = shares.iter().max_by_key(|(_, weight)| *weight);
		let right = &corpus.records[asked.source].0.contributor;
		most += usize::from(best.is_some_and(|(account, _)| account == right));
	}
	let share = |count: usize| count as f64 / asked.len().max(1) as f64;
	Ok(json!({ "right_contributor_most": share(most), "anyone": share(any) }))
}
