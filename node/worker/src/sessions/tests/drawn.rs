//! A verifier's worker executes what an operator's worker answered, with a tiny base made from a seed.

use std::{collections::BTreeMap, sync::Arc};

use openledger_primitives_attribution::{
	audit::{Traces, digest, is_canary, sealed, seals},
	claim::Claim,
	duplicate::Overlap,
};
use openledger_primitives_core::{
	Endpoint, Hash, RequestId, draw::draw_id, model::Usage, record::content_hash,
};
use openledger_primitives_inference::{
	Command, Failure, Job, Material, Message, Reply, Response,
	comparison::Comparison,
	examination::{Examination, Examined},
	job::Executed,
	receipts::{Drawn, Recomputed, Shown},
};
use openledger_primitives_receipts::draw;
use openledger_sessions::protocol::{Given, Opened};
use openlora::Base;
use serde_json::json;
use sp_core::{Pair, crypto::AccountId32};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::world::*;
use crate::{
	config::OperatorConfig,
	content::ContentStore,
	metrics::Metrics,
	operator::Operator,
	question::{Question, Unanswered},
	queue::{Answerer, Done},
	serve::{self, Server},
	stock::Held,
	testing::{
		MODEL as VERSION, config, key,
		model::{Model, put_into},
		retrieval::RETRIEVING,
	},
};

const CLAIM: RequestId = draw_id(0, 0);

/// A server that has what the model version needs.
async fn server() -> (Arc<Server>, TempDir) {
	server_of(&VERSION, &[]).await
}

/// The same of another version, with more content.
async fn server_of(version: &Model, more: &[Vec<u8>]) -> (Arc<Server>, TempDir) {
	server_with(version, &[&[version.adapter.clone(), version.index.clone()], more].concat()).await
}

/// A server of the version's base that has these contents alone.
async fn server_with(version: &Model, contents: &[Vec<u8>]) -> (Arc<Server>, TempDir) {
	let folder = tempfile::tempdir().unwrap();
	let metrics = Metrics::new(None).unwrap();
	let store = ContentStore::open(&config(folder.path()), metrics.clone()).unwrap();
	for bytes in contents {
		put_into(&store, bytes).await;
	}
	let base = Base::load(&version.base).unwrap();
	let bases = BTreeMap::from([(version.job.material.base, base)]);
	let pool = serve::pool(1).unwrap();
	let server = Server::new(bases, store, Handle::current(), 1 << 24, 3, pool, metrics).unwrap();
	(Arc::new(server), folder)
}

/// Answers as the model does, and then says something else.
struct Liar {
	server: Arc<Server>,
	lie: fn(&mut Done),
}

impl Answerer for Liar {
	fn bases(&self) -> Vec<Hash> {
		self.server.bases()
	}

	fn least(&self, question: &Question) -> Result<[Usage; 2], Unanswered> {
		self.server.least(question)
	}

	fn stock(
		&self,
		material: &Material,
		told: &mut dyn FnMut(&Held),
		cancel: &CancellationToken,
	) -> Result<Held, Failure> {
		self.server.stock(material, told, cancel)
	}

	fn most(&self, question: &Question, cancel: &CancellationToken) -> Result<Usage, Unanswered> {
		self.server.most(question, cancel)
	}

	fn answer(&self, question: &Question, cancel: &CancellationToken) -> Result<Done, Unanswered> {
		let mut done = self.server.answer(question, cancel)?;
		(self.lie)(&mut done);
		Ok(done)
	}

	fn examine(
		&self,
		examination: &Examination,
		cancel: &CancellationToken,
	) -> Result<(Examined, Traces), Failure> {
		self.server.examine(examination, cancel)
	}

	fn compare(
		&self,
		comparison: &Comparison,
		cancel: &CancellationToken,
	) -> Result<(Overlap, Traces), Failure> {
		self.server.compare(comparison, cancel)
	}
}

/// An operator whose only receipt was drawn.
struct Drawing {
	world: World,
	drawn: Drawn,
	shown: Shown,
	given: Given,
	_folder: TempDir,
}

fn asked(temperature: f64) -> Vec<u8> {
	asks("Who is here?", temperature)
}

fn asks(question: &str, temperature: f64) -> Vec<u8> {
	let messages = json!([{ "role": "user", "content": question }]);
	let body = json!({
		"model": MODEL.to_string(),
		"messages": messages,
		"max_tokens": 12,
		"temperature": temperature,
	});
	body.to_string().into_bytes()
}

async fn drawing(body: Vec<u8>, lie: fn(&mut Done)) -> Drawing {
	drawing_of(server().await, VERSION.job.material.clone(), body, lie).await
}

async fn drawing_of(
	server: (Arc<Server>, TempDir),
	material: Material,
	body: Vec<u8>,
	lie: fn(&mut Done),
) -> Drawing {
	drawing_with(server, material, body, lie, |_| ()).await
}

async fn drawing_with(
	(server, folder): (Arc<Server>, TempDir),
	material: Material,
	body: Vec<u8>,
	lie: fn(&mut Done),
	change: impl FnOnce(&mut OperatorConfig),
) -> Drawing {
	let mut world = World::with(Arc::new(Liar { server, lie }), change).await;
	world.said().material = Some(material.clone());
	let (_, given) = world.exchange(&body).await;
	world.pay().await;
	world.chain.commit(0, &[world.purse.voucher().cloned().unwrap()]);
	let seed = Hash::repeat_byte(7);
	let mut said = world.said();
	let info = &mut said.batches.get_mut(&0).unwrap().0;
	info.seed = Some(seed);
	let unit = draw::unit(&seed, 0, 0, info.total).unwrap();
	said.seats.push((CLAIM, key("Bob").public().into()));
	drop(said);
	let Response::Shown(shown) = world.command(Command::Show(0, unit)) else { panic!("not shown") };
	assert_eq!(shown.receipt, given.signed.receipt);
	let drawn = Drawn {
		claim: CLAIM,
		model: MODEL,
		payer: PAYER,
		input: shown.receipt.input,
		material,
		endpoint: world.url("").into_bytes().try_into().unwrap(),
		pass: pass("Bob", CLAIM),
	};
	Drawing { world, drawn, shown, given, _folder: folder }
}

/// A verifier's worker, which has nothing of the operator's but the base.
struct Verifier {
	operator: Operator,
	_folders: [TempDir; 2],
}

async fn verifier() -> Verifier {
	verifier_with(server().await)
}

fn verifier_with((server, content): (Arc<Server>, TempDir)) -> Verifier {
	let folder = tempfile::tempdir().unwrap();
	Verifier { operator: start(config(folder.path()), server), _folders: [content, folder] }
}

impl Verifier {
	fn ask(&self, command: Command) -> Response {
		let Reply::V3(response) = self.operator.engine().exchange(Message::V3(command));
		response
	}

	/// Asks with a new signature each time.
	async fn execute(&self, drawn: &Drawn) -> Executed {
		let signed = || Drawn { pass: pass("Bob", drawn.claim), ..drawn.clone() };
		self.finished(|| Command::ExecuteDrawn(signed())).await
	}

	/// Asks as an off-chain worker does, block after block.
	async fn finished(&self, command: impl Fn() -> Command) -> Executed {
		for _ in 0..60_000 {
			match self.ask(command()) {
				Response::Executed(Executed::Queued | Executed::Running) => {}
				Response::Executed(executed) => return executed,
				other => panic!("{other:?}"),
			}
			tokio::time::sleep(std::time::Duration::from_millis(10)).await;
		}
		panic!("it is never done");
	}

	async fn recompute(&self, drawn: &Drawn) -> (Recomputed, Traces) {
		match self.execute(drawn).await {
			Executed::Drawn(recomputed, traces) => (recomputed, traces),
			other => panic!("{other:?}"),
		}
	}
}

fn honest(_: &mut Done) {}

#[tokio::test(flavor = "multi_thread")]
async fn execution_comes_to_the_operators_answer_claim_and_traces_to_the_bit() {
	let verifier = verifier().await;
	for temperature in [0.0, 0.7] {
		let Drawing { world: _world, drawn, shown, _folder, .. } =
			drawing(asked(temperature), honest).await;
		let (found, traces) = verifier.recompute(&drawn).await;
		assert_eq!(found.answer, shown.receipt.output);
		assert_eq!(found.usage, shown.receipt.usage);
		assert_eq!(digest(&found.claim), digest(&shown.claim));
		assert_eq!(sealed(&seals(&shown.receipt.input, &traces)), shown.claim.trace);
		assert_eq!(verifier.ask(Command::ForgetExecution(CLAIM)), Response::Forgotten);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn canary_is_receipted_as_any_claim_and_executing_finds_all_of_it_true_but_its_seal() {
	let material = VERSION.job.material.clone();
	let plants = |config: &mut OperatorConfig| config.canaries.part = 1.0;
	let Drawing { world, drawn, shown, given, _folder } =
		drawing_with(server().await, material, asked(0.0), honest, plants).await;
	assert_eq!(given.claim, Opened::from(&shown.claim));
	assert_eq!(world.operator.metrics().canaries.get(), 1);
	let (found, traces) = verifier().await.recompute(&drawn).await;
	assert_eq!((found.answer, found.usage), (shown.receipt.output, shown.receipt.usage));
	let input = shown.receipt.input;
	assert_ne!(sealed(&seals(&input, &traces)), shown.claim.trace);
	let found_digest = digest(&found.claim);
	assert_eq!(Claim { trace: shown.claim.trace, ..found.claim }, shown.claim);
	let Response::Canary(Some(known)) = world.command(Command::Canary(input)) else {
		panic!("no secret")
	};
	assert!(is_canary(&known.secret, &input, &shown.claim.trace));
	assert_eq!(known.truth.as_ref().map(digest), Some(found_digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_from_records_is_told_to_the_payer_and_executed_to_the_same_bits() {
	let contents = [RETRIEVING.files().to_vec(), RETRIEVING.model.records.clone()].concat();
	let verifier = verifier_with(server_of(&RETRIEVING.model, &contents).await);
	let server = server_of(&RETRIEVING.model, &contents).await;
	let (material, body) = (RETRIEVING.material(), asks("What is it?", 0.7));
	let Drawing { world: _world, drawn, shown, given, _folder } =
		drawing_of(server, material, body, honest).await;
	let quoted = &shown.claim.found.as_ref().unwrap().records;
	assert!(!quoted.is_empty());
	assert!(given.claim.found.iter().map(|of| of.position).eq(quoted.iter().map(|of| of.position)));
	let (found, traces) = verifier.recompute(&drawn).await;
	assert_eq!((found.answer, found.usage), (shown.receipt.output, shown.receipt.usage));
	assert_eq!(found.claim, shown.claim);
	assert_eq!(sealed(&seals(&shown.receipt.input, &traces)), shown.claim.trace);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_a_verifier_lacks_is_had_from_the_operator_whose_answer_it_is() {
	let records = &RETRIEVING.model.records;
	let contents = [RETRIEVING.files().to_vec(), records.clone()].concat();
	// It has the index, and none of the records.
	let verifier = verifier_with(server_of(&RETRIEVING.model, &RETRIEVING.files()).await);
	let server = server_of(&RETRIEVING.model, &contents).await;
	let (material, body) = (RETRIEVING.material(), asks("What is it?", 0.7));
	let Drawing { world, drawn, shown, _folder, .. } =
		drawing_of(server, material, body, honest).await;
	let quoted: Vec<Hash> = shown
		.claim
		.found
		.as_ref()
		.unwrap()
		.records
		.iter()
		.map(|credit| credit.record.content)
		.collect();
	// One that nobody hands out has been withheld by who answered with it.
	let failed = verifier.execute(&drawn).await;
	let Executed::Failed(Failure::MissingContent(hash)) = failed else { panic!("{failed:?}") };
	assert!(quoted.contains(&hash));
	assert_eq!(verifier.ask(Command::ForgetExecution(CLAIM)), Response::Forgotten);
	for bytes in records {
		put_into(world.operator.content(), bytes).await;
	}
	let (found, traces) = verifier.recompute(&drawn).await;
	assert_eq!(found.claim, shown.claim);
	assert_eq!(sealed(&seals(&shown.receipt.input, &traces)), shown.claim.trace);
	// What was fetched stays, whoever answers next time.
	assert_eq!(verifier.ask(Command::ForgetExecution(CLAIM)), Response::Forgotten);
	for bytes in records {
		world.operator.content().remove(&content_hash(bytes)).await.unwrap();
	}
	assert_eq!(verifier.recompute(&drawn).await.0, found);
}

/// All that answers of the version that quotes records take.
fn contents() -> Vec<Vec<u8>> {
	let Model { adapter, index, records, .. } = &RETRIEVING.model;
	[&[adapter.clone(), index.clone()][..], &RETRIEVING.files(), records].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn version_that_a_verifier_without_peers_lacks_is_had_from_the_operator_whose_answer_it_is() {
	let material = RETRIEVING.material();
	let server = server_with(&RETRIEVING.model, &contents()).await;
	let Drawing { world, drawn, shown, _folder, .. } =
		drawing_of(server, material.clone(), asks("What is it?", 0.7), honest).await;
	let verifier = verifier_with(server_with(&RETRIEVING.model, &[]).await);
	let missing = verifier.execute(&drawn).await;
	let file = material.retrieval.unwrap().index.file;
	assert_eq!(missing, Executed::Failed(Failure::MissingContent(file)));
	verifier.ask(Command::ForgetExecution(CLAIM));
	for bytes in &contents()[1..] {
		put_into(world.operator.content(), bytes).await;
	}
	let missing = verifier.execute(&drawn).await;
	assert_eq!(missing, Executed::Failed(Failure::MissingContent(material.adapter)));
	verifier.ask(Command::ForgetExecution(CLAIM));
	put_into(world.operator.content(), &contents()[0]).await;
	let (found, traces) = verifier.recompute(&drawn).await;
	assert_eq!((found.answer, found.usage), (shown.receipt.output, shown.receipt.usage));
	assert_eq!(found.claim, shown.claim);
	assert_eq!(sealed(&seals(&shown.receipt.input, &traces)), shown.claim.trace);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_on_chain_is_executed_with_what_only_its_operator_has() {
	let (server, _folder) = server().await;
	let world = World::new(server.clone()).await;
	let endpoint: Endpoint = world.url("").into_bytes().try_into().unwrap();
	let verifier = verifier_with(server_with(&VERSION, &[]).await);
	let job = &VERSION.job;
	let missing = Executed::Failed(Failure::MissingContent(job.material.adapter));
	for command in
		[Command::Execute(job.clone()), Command::ExecuteFrom(job.clone(), endpoint.clone())]
	{
		assert_eq!(verifier.finished(|| command.clone()).await, missing);
		verifier.ask(Command::ForgetExecution(job.request));
	}
	for bytes in [&VERSION.adapter, &VERSION.index] {
		put_into(world.operator.content(), bytes).await;
	}
	let question = Question::try_from(job).unwrap();
	let answer = move || server.answer(&question, &CancellationToken::new());
	let done = tokio::task::spawn_blocking(answer).await.unwrap().unwrap();
	let found = verifier.finished(|| Command::ExecuteFrom(job.clone(), endpoint.clone())).await;
	let Executed::Done(outcome, traces) = found else { panic!("{found:?}") };
	assert_eq!(outcome.answer.to_vec(), done.text.into_bytes());
	assert_eq!((outcome.usage, outcome.claim, traces), (done.usage, done.claim, done.traces));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_on_chain_to_a_prompt_that_leaves_no_room_is_bad_content() {
	let prompt = vec![b'x'; 8 << 10].try_into().unwrap();
	let job = Job { prompt, ..VERSION.job.clone() };
	let made_up = verifier().await.finished(|| Command::Execute(job.clone())).await;
	assert!(matches!(made_up, Executed::Failed(Failure::BadContent(_))), "{made_up:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn execution_tells_a_lie_in_text_usage_or_sketch_by_what_it_is_about() {
	let verifier = verifier().await;
	let agrees = |found: &Recomputed, shown: &Shown| {
		let claims: (&Claim<AccountId32>, _) = (&found.claim, &shown.claim);
		[
			found.answer == shown.receipt.output,
			found.usage == shown.receipt.usage,
			digest(claims.0) == digest(claims.1),
		]
	};
	type Lie = fn(&mut Done);
	let lies: [(Lie, [bool; 3]); 3] = [
		(|done| done.text.push('!'), [false, true, true]),
		(|done| done.usage.output += 1, [true, false, true]),
		(
			|done| {
				let mut sketch = done.claim.sketch.to_vec();
				sketch[0] = if sketch[0] == 1 { 2 } else { 1 };
				done.claim.sketch = sketch.try_into().unwrap();
			},
			[true, true, false],
		),
	];
	for (lie, expected) in lies {
		let Drawing { world: _world, drawn, shown, _folder, .. } = drawing(asked(0.7), lie).await;
		let (found, _) = verifier.recompute(&drawn).await;
		assert_eq!(agrees(&found, &shown), expected);
		verifier.ask(Command::ForgetExecution(CLAIM));
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn execution_fails_by_what_is_missing_or_bad_when_nothing_right_is_handed_out() {
	let verifier = verifier().await;
	let Drawing { world, drawn, .. } = drawing(asked(0.0), honest).await;
	let endpoint = |text: &str| Drawn {
		endpoint: text.as_bytes().to_vec().try_into().unwrap(),
		..drawn.clone()
	};
	let missing = Executed::Failed(Failure::MissingContent(drawn.input));
	for text in ["http://127.0.0.1:1", "ftp://127.0.0.1", "not a url", "file:///etc/passwd", ""] {
		assert_eq!(verifier.execute(&endpoint(text)).await, missing, "{text}");
		verifier.ask(Command::ForgetExecution(CLAIM));
	}
	world.said().seats.clear();
	assert_eq!(verifier.execute(&drawn).await, missing);
	verifier.ask(Command::ForgetExecution(CLAIM));
	world.said().seats.push((CLAIM, key("Bob").public().into()));
	let other = Drawn { input: Hash::repeat_byte(1), ..drawn.clone() };
	let bad = verifier.execute(&other).await;
	assert!(matches!(bad, Executed::Failed(Failure::BadContent(_))), "{bad:?}");
	let unknown = Hash::repeat_byte(2);
	let mut foreign = drawn.clone();
	foreign.material.base = unknown;
	let refused = verifier.ask(Command::ExecuteDrawn(foreign));
	assert_eq!(refused, Response::Failed(Failure::MissingBase(unknown)));
	assert!(matches!(verifier.execute(&drawn).await, Executed::Drawn(..)));
}

#[tokio::test(flavor = "multi_thread")]
async fn question_is_answered_within_what_the_base_and_the_body_allow() {
	let (server, _folder) = server().await;
	let mut world = World::new(server).await;
	world.said().material = Some(VERSION.job.material.clone());
	let body = |content: &str| {
		let messages = json!([{ "role": "user", "content": content }]);
		json!({ "model": MODEL.to_string(), "messages": messages, "max_tokens": 3 })
			.to_string()
			.into_bytes()
	};
	let long = body(&"x".repeat(5_000));
	let asking = world.asking(&long);
	let (status, refused) = world.send(&asking, &long).await;
	assert_eq!((status, code(&refused)), (400, "context_length_exceeded"));
	let (answer, given) = world.exchange(&body("Who is here?")).await;
	assert!(given.signed.receipt.usage.output <= 3);
	assert_eq!(answer["choices"][0]["finish_reason"], "length");
}
