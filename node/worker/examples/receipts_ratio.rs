//! What receipts cost an operator: answers a second over HTTP in sessions, to the same answers without.
//!
//! `cargo run -p openledger-worker --example receipts_ratio [PAIRS [BASE]]` prints one JSON object. Both ways
//! share one server of a base, a GGUF file or a small one made from a seed, HTTP, the reading of bodies and the
//! number of turns; one of them checks access and vouchers, and signs, encrypts and writes a receipt with its
//! claim for each answer. Eight clients ask 48 questions of up to 48 tokens in a round, of the small base 120,
//! the same ones with the same seeds one way and the other; the ratio is the geometric mean over rounds, each
//! way going first in half of them. It takes an idle machine: other work moves single rounds by a half.
//! Clients run in the same process, and sign vouchers, which an operator's machine would not do.

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../src/testing/model.rs"]
mod model;

use std::{
	collections::BTreeMap,
	error::Error,
	ops::Range,
	path::PathBuf,
	sync::{
		Arc,
		atomic::{AtomicU32, Ordering},
	},
	time::Instant,
};

use axum::{Json, Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use codec::Encode;
use openledger_primitives_api::{BatchInfo, SessionInfo};
use openledger_primitives_core::{
	BatchId, BlockNumber, Hash, ModelId, RequestId, SessionId, model::Price,
};
use openledger_primitives_inference::Material;
use openledger_primitives_receipts::{
	SignedVoucher, SumFrontier, Voucher,
	commitment::{self, Salt},
};
use openledger_sessions::{
	Access,
	protocol::{Asking, FIELD, Given},
};
// What the model of the tests refers to.
use openledger_worker::{
	Answerer, ContentStore, Operator, OperatorConfig, Server, Unanswered, bases, content, http,
	metrics::Metrics,
	sessions::{
		asked::Asked,
		chain::{At, Chain, ChainError, OnChain},
	},
};
use openlora::{Base, Config, testing::tiny_config};
use serde_json::{Value, json};
use sp_core::{Pair, crypto::AccountId32, sr25519};
use tokio::{runtime::Handle, sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn Error + Send + Sync>;

const GENESIS: Hash = Hash::repeat_byte(9);
const VERSION: ModelId = 5;
const PRICE: Price = Price { prompt: 1_000, output: 1_000 };
const CLIENTS: u64 = 8;
/// Questions of a round: some seconds' work.
const QUESTIONS: u32 = 48;
const OF_SMALL_BASE: u32 = 120;
const TOKENS: u32 = 48;
const PARALLEL: usize = 4;

/// A chain on which every session up to the number of clients is open.
struct OpenSessions {
	material: Material,
	agent: AccountId32,
}

impl Chain for OpenSessions {
	fn genesis(&self) -> Hash {
		GENESIS
	}

	fn height(&self) -> Result<BlockNumber, ChainError> {
		Ok(1)
	}

	fn session(&self, id: SessionId) -> Result<Option<OnChain>, ChainError> {
		let session = SessionInfo {
			id,
			payer: AccountId32::new([9; 32]),
			operator: self.agent.clone(),
			model: VERSION,
			signer: payer(id).public().into(),
			price: PRICE,
			escrow: u128::MAX / 2,
			settled: 0,
			receipts: 0,
			expires_at: u32::MAX,
			left_until: u32::MAX,
			closing: false,
			ended: false,
			batches: 0,
			private: false,
		};
		Ok((id < CLIENTS).then(|| OnChain { session, agent: Some(self.agent.clone()) }))
	}

	fn material(&self, _: ModelId) -> Result<Option<Material>, ChainError> {
		Ok(Some(self.material.clone()))
	}

	fn agent(&self, _: &AccountId32) -> Result<Option<AccountId32>, ChainError> {
		Ok(Some(self.agent.clone()))
	}

	fn batch(&self, _: BatchId, _: At) -> Result<Option<BatchInfo<AccountId32>>, ChainError> {
		Ok(None)
	}

	fn sits(&self, _: RequestId, _: &AccountId32) -> Result<bool, ChainError> {
		Ok(false)
	}
}

fn payer(session: SessionId) -> sr25519::Pair {
	let mut seed = [7; 32];
	seed.iter_mut().zip(session.encode()).for_each(|(to, from)| *to = from);
	sr25519::Pair::from_seed(&seed)
}

/// The same answers without a session.
struct Bare {
	answerer: Arc<dyn Answerer>,
	turns: Arc<Semaphore>,
	material: Material,
}

type Refusal = (StatusCode, String);

fn told(error: impl std::fmt::Display) -> Refusal {
	(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn answer(State(bare): State<Arc<Bare>>, body: Bytes) -> Result<Json<Value>, Refusal> {
	let turn = bare.turns.clone().acquire_owned().await.map_err(told)?;
	let (working, material) = (bare.clone(), bare.material.clone());
	let done = tokio::task::spawn_blocking(move || {
		let _turn = turn;
		let asked = Asked::read(&body, VERSION).map_err(told)?;
		let input = commitment::input(&salt(&body), &body);
		let question = asked.question(AccountId32::new([9; 32]), input, material);
		working.answerer.most(&question, &CancellationToken::new()).map_err(told)?;
		match working.answerer.answer(&question, &CancellationToken::new()) {
			Err(Unanswered::Empty) => Err((StatusCode::UNPROCESSABLE_ENTITY, String::new())),
			done => done.map_err(told),
		}
	});
	let done = done.await.map_err(told)??;
	let message = json!({ "role": "assistant", "content": done.text });
	let usage = json!({
		"prompt_tokens": done.usage.prompt,
		"completion_tokens": done.usage.output,
	});
	Ok(Json(json!({ "choices": [{ "message": message }], "usage": usage })))
}

/// A question's body; another one for each number.
fn body(number: u32) -> Vec<u8> {
	let messages = json!([{ "role": "user", "content": format!("Who is number {number}?") }]);
	let body = json!({
		"model": VERSION.to_string(),
		"messages": messages,
		"max_tokens": TOKENS,
		"temperature": 1,
	});
	body.to_string().into_bytes()
}

/// The salt that goes with a body: with the same one, both ways give the same answer.
fn salt(body: &[u8]) -> Salt {
	commitment::input(&[0; 32], body).0
}

/// One client of a session.
struct Client {
	session: SessionId,
	key: sr25519::Pair,
	tree: SumFrontier,
	http: reqwest::Client,
}

impl Client {
	/// False where the answer was empty, as some of a base of random weights are.
	async fn bare(&mut self, url: &str, body: Vec<u8>) -> Result<bool, Failure> {
		let response = self.http.post(url).body(body).send().await?;
		if response.status() == StatusCode::UNPROCESSABLE_ENTITY {
			return Ok(false);
		}
		response.error_for_status()?.json::<Value>().await?;
		Ok(true)
	}

	async fn paid(&mut self, url: &str, body: Vec<u8>) -> Result<bool, Failure> {
		let signature = self.key.sign(&Access::payload(&GENESIS, self.session)).into();
		let voucher = (self.tree.count() > 0).then(|| {
			let voucher = Voucher::of(self.session, &self.tree);
			SignedVoucher { voucher, signature: self.key.sign(&voucher.payload(&GENESIS)).into() }
		});
		let asking = Asking {
			access: Access { session: self.session, signature },
			salt: salt(&body),
			most: 1_000_000,
			voucher,
		};
		let mut request = self.http.post(url).body(body);
		for (name, value) in asking.headers() {
			request = request.header(name, value);
		}
		let response = request.send().await?;
		let status = response.status();
		let mut answer: Value = response.json().await?;
		if status == StatusCode::UNPROCESSABLE_ENTITY {
			return Ok(false);
		}
		if !status.is_success() {
			return Err(format!("{status}: {answer}").into());
		}
		let given: Given = serde_json::from_value(answer[FIELD].take())?;
		self.tree.push(given.signed.receipt.leaf()).map_err(|refused| format!("{refused:?}"))?;
		Ok(true)
	}
}

/// Answers a second over one round, in which those questions are asked.
async fn round(
	clients: &mut Vec<Client>,
	url: &str,
	is_paid: bool,
	asked: Range<u32>,
) -> Result<f64, Failure> {
	let next = Arc::new(AtomicU32::new(asked.start));
	let answers = Arc::new(AtomicU32::new(0));
	let started = Instant::now();
	let mut running = JoinSet::new();
	for mut client in clients.drain(..) {
		let (next, answers, url) = (next.clone(), answers.clone(), url.to_string());
		running.spawn(async move {
			loop {
				let number = next.fetch_add(1, Ordering::SeqCst);
				if number >= asked.end {
					return Ok::<_, Failure>(client);
				}
				let body = body(number);
				let is_answered = match is_paid {
					true => client.paid(&url, body).await?,
					false => client.bare(&url, body).await?,
				};
				answers.fetch_add(is_answered.into(), Ordering::SeqCst);
			}
		});
	}
	while let Some(client) = running.join_next().await {
		clients.push(client??);
	}
	Ok(f64::from(answers.load(Ordering::SeqCst)) / started.elapsed().as_secs_f64())
}

/// The geometric mean: a ratio and its inverse come to one.
fn mean(ratios: &[f64]) -> f64 {
	let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
	(sum / ratios.len() as f64).exp()
}

fn median(values: &mut [f64]) -> f64 {
	values.sort_unstable_by(f64::total_cmp);
	values[values.len() / 2]
}

/// Some thirty times the work of the tests' base.
fn config() -> Config {
	Config {
		hidden: 256,
		intermediate: 768,
		layers: 6,
		heads: 8,
		kv_heads: 4,
		head_dim: 32,
		context: 256,
		..tiny_config()
	}
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
	let mut arguments = std::env::args().skip(1);
	let pairs: usize = arguments.next().map_or(Ok(4), |text| text.parse())?;
	let given: Option<PathBuf> = arguments.next().map(PathBuf::from);
	let questions = if given.is_some() { QUESTIONS } else { OF_SMALL_BASE };
	if let Some(base) = &given {
		// What trains on it below takes for granted that it can be read.
		Base::load(base)?;
	}
	let folder = tempfile::tempdir()?;
	let made = tokio::task::spawn_blocking(|| match given {
		Some(base) => tempfile::tempdir().map(|own| model::model_over(base, model::SEED, own)),
		None => Ok(model::model(&config(), model::SEED)),
	});
	let made = made.await??;
	let material = made.job.material.clone();
	let mut setup = OperatorConfig::new(folder.path());
	(setup.listen, setup.parallel) = (([127, 0, 0, 1], 0).into(), PARALLEL);
	let metrics = Metrics::new(None)?;
	let store =
		ContentStore::open(&OperatorConfig::new(&folder.path().join("own")), metrics.clone())?;
	for blob in [&made.adapter, &made.index] {
		model::put_into(&store, blob).await;
	}
	let pool = rayon::ThreadPoolBuilder::new().num_threads(setup.threads).build()?;
	let base = Base::load(&made.base)?;
	let bases = BTreeMap::from([(material.base, base)]);
	let runtime = Handle::current();
	let answerer: Arc<dyn Answerer> = Arc::new(Server::new(
		bases,
		store,
		runtime.clone(),
		1 << 28,
		2 * PARALLEL,
		Arc::new(pool),
		metrics,
	)?);

	let agent = sr25519::Pair::from_seed(&[1; 32]);
	let account = AccountId32::from(agent.public());
	let operator = Operator::start_with(setup, runtime, None, answerer.clone())?;
	let chain = Arc::new(OpenSessions { material: material.clone(), agent: account.clone() });
	operator.open_sessions(&folder.path().join("receipts.redb"), chain, account, agent)?;
	let paid = format!("http://{}/v1/chat/completions", operator.address());

	let bare = Bare { answerer, turns: Arc::new(Semaphore::new(PARALLEL)), material };
	let router = Router::new().route("/", post(answer)).with_state(Arc::new(bare));
	let listener = http::bind(([127, 0, 0, 1], 0).into())?;
	let free = format!("http://{}/", listener.local_addr()?);
	let shutdown = CancellationToken::new();
	let serving =
		http::serve(listener, router, openlora_http::Connections::default(), shutdown.clone());
	let serving = tokio::spawn(serving);

	let http = reqwest::Client::builder().no_proxy().build()?;
	let client = |session| Client {
		session,
		key: payer(session),
		tree: SumFrontier::default(),
		http: http.clone(),
	};
	let mut clients: Vec<Client> = (0..CLIENTS).map(client).collect();
	for (url, is_paid) in [(&free, false), (&paid, true)] {
		round(&mut clients, url, is_paid, 0..questions).await?;
	}
	let (mut ratios, mut with, mut without) = (Vec::new(), Vec::new(), Vec::new());
	// In pairs: whichever comes first is the other one in the next round.
	for number in 0..2 * pairs {
		let mut both = [0.0; 2];
		let first = u32::try_from(number + 1)? * questions;
		let asked = first..first + questions;
		for step in 0..2 {
			let is_paid = (number + step) % 2 == 0;
			let url = if is_paid { &paid } else { &free };
			both[usize::from(is_paid)] = round(&mut clients, url, is_paid, asked.clone()).await?;
		}
		without.push(both[0]);
		with.push(both[1]);
		ratios.push(both[1] / both[0]);
	}
	let receipts: u32 = clients.iter().map(|client| client.tree.count()).sum();
	let result = json!({
		"receipts_throughput_ratio": mean(&ratios),
		"answers_per_second_with": median(&mut with),
		"answers_per_second_without": median(&mut without),
		"ratios": ratios,
		"receipts": receipts,
		"questions": questions,
		"tokens": TOKENS,
		"clients": CLIENTS,
		"parallel": PARALLEL,
	});
	println!("{result:#}");
	shutdown.cancel();
	serving.await?;
	operator.stop().await;
	Ok(())
}
