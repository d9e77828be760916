//! Questions of a version that puts records into prompts.

use super::*;
use crate::{
	content::ContentStore,
	metrics::Metrics,
	queue::{Answerer, Done},
	serve::pool,
	testing::{
		config,
		model::{ALICE, PAYER, RECORDS},
		put,
		retrieval::{RETRIEVING, content, files, material, parts},
	},
};
use openledger_attribution::{
	IndexFile, format, query,
	retrieval::{Lens, RetrievalIndex, prompt},
};
use openledger_primitives_attribution::verify;
use openledger_primitives_core::{
	Hash,
	model::{Price, Usage},
};
use openledger_primitives_inference::{Job, Material};
use openlora::{Adapter, Message};
use std::collections::BTreeMap;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The question of one of the records.
const ASKED: &str = "What is it?";
/// The place of that record.
const RECORD: usize = 3;

struct Engine {
	server: Server,
	metrics: Metrics,
	store: ContentStore,
	runtime: Runtime,
	_folder: TempDir,
}

/// A server that has all of the version but its retrieval.
fn engine(threads: usize) -> Engine {
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let metrics = Metrics::new(None).unwrap();
	let store = ContentStore::open(&config(folder.path()), metrics.clone()).unwrap();
	let model = &RETRIEVING.model;
	for bytes in [&model.adapter, &model.index].into_iter().chain(&model.records) {
		put(&runtime, &store, bytes);
	}
	let bases = BTreeMap::from([(model.job.material.base, Base::load(&model.base).unwrap())]);
	let handle = runtime.handle().clone();
	let threads = pool(threads).unwrap();
	let server =
		Server::new(bases, store.clone(), handle, 1 << 24, 2, threads, metrics.clone()).unwrap();
	Engine { server, metrics, store, runtime, _folder: folder }
}

impl Engine {
	fn with(self, contents: &[Vec<u8>]) -> Self {
		for bytes in contents {
			put(&self.runtime, &self.store, bytes);
		}
		self
	}

	fn answer(&self, question: &Question) -> Result<Done, Unanswered> {
		self.server.answer(question, &CancellationToken::new())
	}

	fn most(&self, question: &Question) -> Result<Usage, Unanswered> {
		self.server.most(question, &CancellationToken::new())
	}

	fn remove(&self, hash: &Hash) {
		self.runtime.block_on(self.store.remove(hash)).unwrap();
	}
}

fn stocked() -> Engine {
	engine(1).with(&RETRIEVING.files())
}

/// As asked on chain of a version with this material.
fn asked_of(material: Material) -> Question {
	let prompt = ASKED.as_bytes().to_vec().try_into().unwrap();
	let job = Job { prompt, material, ..RETRIEVING.model.job.clone() };
	Question::try_from(&job).unwrap()
}

fn asked() -> Question {
	asked_of(RETRIEVING.material())
}

fn text(position: usize) -> Record {
	let (question, answer, _) = RECORDS[position];
	Record::QuestionAnswer { question: question.into(), answer: answer.into() }
}

#[test]
fn answer_comes_from_the_records_found_and_its_claim_shows_them() {
	let engine = stocked();
	let question = asked();
	let done = engine.answer(&question).unwrap();
	let verified = verify(&question.material.terms(), &PAYER, &done.claim).unwrap();
	let shown = verified.found.unwrap().evidence;
	assert_eq!(shown[0].position as usize, RECORD);
	assert_eq!(shown[0].content, content(&RETRIEVING.index, RECORD));
	assert_eq!(engine.metrics.found.get() as usize, shown.len());

	// The whole execution follows from what the claim shows.
	let base = Base::load(&RETRIEVING.model.base).unwrap();
	let records: Vec<Record> = shown.iter().map(|of| text(of.position as usize)).collect();
	let message = prompt(&base.tokenizer, &records, ASKED).unwrap();
	assert!(message.contains("> What is it?\n> A thing of the thin.") && message.ends_with(ASKED));
	let prompt = format::prompt(&base, &message).unwrap();
	assert_eq!(done.usage.prompt as usize, prompt.len());
	let adapter = Adapter::from_bytes(&RETRIEVING.model.adapter).unwrap();
	let index = IndexFile::from_bytes(&RETRIEVING.model.index).unwrap();
	let answer = base.tokenizer.encode(&done.text, false).unwrap();
	let again = query(&base, &adapter, &index, &prompt, &answer).unwrap();
	let sought = RETRIEVING.index.seek(&base, ASKED, &PAYER).unwrap();
	assert_eq!(Some(&sought.found), done.claim.found.as_ref());
	let subject = question.seed.into();
	let traces = again.traces(&subject, Some(sought.execution));
	assert_eq!((&traces, &again.sketch), (&done.traces, &done.claim.sketch));
	// Whoever takes the records over from the claim does not know what looking for them shows.
	assert!(again.traces(&subject, None).iter().all(|trace| !done.traces.contains(trace)));
	let without = format::prompt(&base, ASKED).unwrap();
	let without = query(&base, &adapter, &index, &without, &answer).unwrap();
	let without = without.traces(&subject, Some(sought.execution));
	assert_ne!(without, done.traces, "the trace depends on the records");
}

#[test]
fn execution_by_another_engine_comes_to_the_same_bits() {
	let (one, other) = (stocked(), engine(3).with(&RETRIEVING.files()));
	let question = asked();
	let done = one.answer(&question).unwrap();
	assert_eq!(other.answer(&question).unwrap(), done);
	assert_eq!(one.answer(&question).unwrap(), done, "known or not");
	let plain = asked_of(RETRIEVING.model.job.material.clone());
	let without = one.answer(&plain).unwrap();
	assert_eq!(without.claim.found, None);
	assert!(without.usage.prompt < done.usage.prompt);
}

#[test]
fn price_counts_the_records_and_what_was_found_for_it_is_not_computed_again() {
	let engine = stocked();
	let question = asked();
	let cancel = CancellationToken::new();
	let found = |of: &Question| engine.server.prompt(of, (&cancel).into()).unwrap().sought.unwrap();
	let most = engine.most(&question).unwrap();
	let priced = found(&question);
	assert_eq!(engine.answer(&question).unwrap().usage.prompt, most.prompt);
	assert!(Arc::ptr_eq(&priced, &found(&question)));
	// The same of another seed, and not of another payer or another material.
	assert!(Arc::ptr_eq(&priced, &found(&Question { seed: [9; 32], ..question.clone() })));
	assert!(!Arc::ptr_eq(&priced, &found(&Question { payer: ALICE, ..question.clone() })));
	let mut other = question;
	other.material.retrieval.as_mut().unwrap().part = sp_runtime::Permill::one();
	assert!(!Arc::ptr_eq(&priced, &found(&other)));
}

#[test]
fn payer_s_own_records_are_not_put_into_its_prompts() {
	let engine = stocked();
	let owner = RECORDS[RECORD].2.clone();
	let question = Question { payer: owner.clone(), ..asked() };
	let done = engine.answer(&question).unwrap();
	let verified = verify(&question.material.terms(), &owner, &done.claim).unwrap();
	let shown = verified.found.unwrap().evidence;
	assert!(shown.iter().all(|of| of.contributor != owner));
}

#[test]
fn question_that_finds_nothing_is_asked_as_it_stands() {
	let engine = stocked();
	let messages = vec![Message::new("user", "42 17")];
	let question = Question { messages: messages.clone(), ..asked() };
	let done = engine.answer(&question).unwrap();
	let found = done.claim.found.unwrap();
	assert!(found.records.is_empty());
	let base = Base::load(&RETRIEVING.model.base).unwrap();
	let plain = format::conversation(&base, &messages).unwrap();
	assert_eq!(done.usage.prompt as usize, plain.len());
}

#[test]
fn question_waits_for_whatever_of_the_retrieval_is_missing() {
	let engine = engine(1);
	let question = asked();
	let missing = |hash| Err(Unanswered::Failed(Failure::MissingContent(hash)));
	let retrieval = question.material.retrieval.unwrap();
	assert_eq!(engine.most(&question), missing(retrieval.index.file));
	let [lens, file] = RETRIEVING.files();
	let engine = engine.with(&[file]);
	assert_eq!(engine.most(&question), missing(retrieval.lens));
	let engine = engine.with(&[lens]);
	let record = content(&RETRIEVING.index, RECORD);
	engine.remove(&record);
	assert_eq!(engine.most(&question), missing(record));
	assert_eq!(engine.answer(&question).map(drop), missing(record).map(drop));
	let engine = engine.with(&[RETRIEVING.model.records[RECORD].clone()]);
	assert!(engine.answer(&question).is_ok());
}

#[test]
fn retrieval_is_refused_when_it_is_not_the_committed_one() {
	let model = &RETRIEVING.model;
	let engine = stocked();
	let refused = |engine: &Engine, expected: &str, change: &dyn Fn(&mut Material)| {
		let mut material = RETRIEVING.material();
		change(&mut material);
		match engine.answer(&asked_of(material)) {
			Err(Unanswered::Failed(Failure::BadContent(reason))) => {
				assert!(reason.contains(expected), "{reason}, not {expected}");
			}
			other => panic!("{expected}: {other:?}"),
		}
	};
	let of = |material: &mut Material, change: &dyn Fn(&mut Retrieval)| {
		change(material.retrieval.as_mut().unwrap());
	};
	let garbage = engine.with(&[b"no index".to_vec(), b"no lens".to_vec()]);
	let hash = content_hash;
	refused(&garbage, "retrieval index", &|m| of(m, &|r| r.index.file = hash(b"no index")));
	refused(&garbage, "another lens", &|m| of(m, &|r| r.lens = hash(b"no lens")));
	refused(&garbage, "roots", &|m| of(m, &|r| r.index.records_root = Hash::zero()));
	refused(&garbage, "roots", &|m| of(m, &|r| r.index.floor_ppm += 1));
	refused(&garbage, "method", &|m| of(m, &|r| r.most = 1));
	refused(&garbage, "snapshots", &|m| m.snapshots[0].0 = 4);
	refused(&garbage, "seed", &|m| m.projection = Hash::zero());
	// Neither kind passes for the other, whether or not it is loaded already.
	let index = model.job.material.index;
	refused(&garbage, "another kind", &|m| of(m, &|r| r.index = index));
	assert!(garbage.answer(&asked_of(model.job.material.clone())).is_ok());
	refused(&garbage, "another kind", &|m| of(m, &|r| r.index = index));
	assert!(garbage.answer(&asked()).is_ok());
}

#[test]
fn lens_is_refused_when_it_is_none_or_of_another_base() {
	let engine = stocked();
	let refused = |index: &RetrievalIndex, change: &dyn Fn(&mut Material)| {
		let mut material = material(&RETRIEVING.model, index);
		change(&mut material);
		match engine.answer(&asked_of(material)) {
			Err(Unanswered::Failed(Failure::BadContent(reason))) => reason,
			other => panic!("{other:?}"),
		}
	};
	// An index that names what is no lens as its own.
	let named = IndexFile::new({
		let mut parts = parts(&RETRIEVING.index);
		parts.header.adapter = content_hash(b"no lens");
		parts
	});
	let named = named.unwrap();
	for bytes in [&b"no lens"[..], named.to_bytes()] {
		put(&engine.runtime, &engine.store, bytes);
	}
	let reason = refused(&RETRIEVING.index, &|material| {
		let retrieval = material.retrieval.as_mut().unwrap();
		(retrieval.index, retrieval.lens) = (named.commitment(), content_hash(b"no lens"));
	});
	assert!(reason.starts_with("lens"), "{reason}");
	// One that was learnt with another base, as its first bytes after the version say.
	let mut bytes = RETRIEVING.index.lens().to_bytes();
	bytes[4] ^= 1;
	let lens = Lens::from_bytes(&bytes).unwrap();
	let mut parts = parts(&RETRIEVING.index);
	parts.header.adapter = lens.hash();
	let foreign = RetrievalIndex::new(IndexFile::new(parts).unwrap(), lens).unwrap();
	for bytes in files(&foreign) {
		put(&engine.runtime, &engine.store, &bytes);
	}
	let reason = refused(&foreign, &|_| {});
	assert!(reason.contains("another base"), "{reason}");
}

#[test]
fn record_is_refused_when_it_is_larger_than_its_leaf_says_or_none() {
	let engine = stocked();
	let nothing = vec![0; 512].try_into().unwrap();
	let found = RETRIEVING.index.found_on(nothing, &[RECORD as u32]).unwrap();
	let cancel = CancellationToken::new();
	assert_eq!(engine.server.quoted(&found, (&cancel).into()).unwrap(), [text(RECORD)]);
	let refused = |bytes: &[u8], size| {
		let mut found = found.clone();
		let leaf = &mut found.records[0].record;
		(leaf.content, leaf.size) = (put(&engine.runtime, &engine.store, bytes), size);
		engine.server.quoted(&found, (&cancel).into())
	};
	for (bytes, size) in [(&b"no record"[..], 9), (&br#"{"text":"a b"}"#[..], 13)] {
		let refused = refused(bytes, size);
		assert!(matches!(refused, Err(Failure::BadContent(_))), "{refused:?}");
	}
	assert_eq!(refused(br#"{"text":"a b"}"#, 14).unwrap(), [Record::Text("a b".into())]);
}

#[test]
fn conversation_without_a_message_of_the_users_is_refused() {
	let engine = stocked();
	let messages = vec![Message::new("system", "Be brief."), Message::new("assistant", "Yes.")];
	let question = Question { messages, ..asked() };
	let refused = engine.most(&question);
	assert!(matches!(&refused, Err(Unanswered::NoPrompt(_))), "{refused:?}");
	assert!(refused.is_err_and(|error| error.is_certain()), "everyone refuses it");
}

#[test]
fn less_is_quoted_where_the_conversation_leaves_less_room() {
	let engine = stocked();
	let base = Base::load(&RETRIEVING.model.base).unwrap();
	let context = base.config.context;
	let earlier = |count: usize| {
		vec![
			Message::new("user", "x".repeat(count)),
			Message::new("assistant", "Yes."),
			Message::new("user", ASKED),
		]
	};
	let plain = |count| format::conversation(&base, &earlier(count)).unwrap().len();
	let asked = |count| Question { messages: earlier(count), ..asked() };
	let added = |count| engine.most(&asked(count)).map(|most| most.prompt as usize - plain(count));
	let whole = added(0).unwrap();
	let room = asked(0).max_tokens as usize;
	let fits = |count: &usize| plain(*count) + whole + room <= context;
	let last = (0..context).take_while(fits).last().unwrap();
	assert_eq!(added(last), Ok(whole));
	let less = added(last + 1).unwrap();
	assert!(less < whole, "{less} of {whole}");
	assert!(engine.answer(&asked(last + 1)).is_ok());
	let refused = added(context - less);
	assert!(matches!(refused, Err(Unanswered::TooLong { .. })), "{refused:?}");
}

/// Prices of which one kind of token is the dearer, and the fee of what is priced.
fn fees(of: Usage) -> [u128; 4] {
	[(1_000, 1_000), (1_000, 9_000), (9_000, 1_000), (1, 7)]
		.map(|(prompt, output)| Price { prompt, output }.fee(of).unwrap())
}

#[test]
fn no_records_make_a_question_cheaper_than_it_can_be_without_looking_for_any() {
	let engine = stocked();
	let base = Base::load(&RETRIEVING.model.base).unwrap();
	let mut quoting = 0;
	for (count, max_tokens) in [(0, 8), (0, u32::MAX), (150, 8), (250, 200), (300, 64)] {
		let earlier = Message::new("user", "x".repeat(count));
		let messages =
			vec![earlier, Message::new("assistant", "Yes."), Message::new("user", ASKED)];
		let plain = format::conversation(&base, &messages).unwrap().len();
		let question = Question { messages, max_tokens, ..asked() };
		let [without, full] = engine.server.least(&question).unwrap();
		assert_eq!(without.prompt as usize, plain);
		assert_eq!((full.prompt as usize, full.output), (base.config.context - 1, 1));
		let most = engine.most(&question).unwrap();
		quoting += u32::from(most.prompt > without.prompt);
		for (most, least) in fees(most).into_iter().zip(fees(without).into_iter().zip(fees(full))) {
			assert!(most + 1 >= least.0.min(least.1), "{count} and {max_tokens}");
		}
	}
	assert_eq!(quoting, 5, "records were in every prompt");
}

#[test]
fn least_is_known_without_any_content() {
	let engine = engine(1);
	let question = asked();
	assert!(engine.server.least(&question).is_ok());
	assert!(engine.most(&question).is_err());
	let long = Question { messages: vec![Message::new("user", "x".repeat(5_000))], ..asked() };
	assert!(matches!(engine.server.least(&long), Err(Unanswered::TooLong { .. })));
}
