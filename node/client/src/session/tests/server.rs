//! An operator's server: its store is the real one, its answers are made up, and it fails on demand.

use crate::session::{Client, Patience, journal::Journal, question::Question, wire::Operator};
use axum::{
	Json, Router,
	body::{Body, Bytes},
	extract::State,
	http::{HeaderMap, StatusCode},
	response::{IntoResponse, Response},
	routing::post,
};
use openledger_primitives_attribution::claim::Claim;
use openledger_primitives_core::{
	Balance, Hash, ModelId, SessionId, Sketch,
	model::{Price, Usage},
};
use openledger_primitives_receipts::commitment::Salt;
use openledger_sessions::{
	Access, Purse, Store, StoreError,
	protocol::{
		self, Asking, Credited, FIELD, Failure, Given, MOST_RESENT, Missing, Opened, Owing,
		Payment, RECEIPTS_PATH, Resent, VOUCHER_PATH,
	},
	purse::Deal,
	store::{Answered, Settings, Terms},
};
use serde_json::json;
use sp_core::{Pair, crypto::AccountId32, sr25519};
use std::{
	collections::VecDeque,
	io,
	path::{Path, PathBuf},
	sync::{Arc, Mutex, RwLock},
	time::Duration,
};
use tempfile::TempDir;

pub const GENESIS: Hash = Hash::repeat_byte(9);
pub const MODEL: ModelId = 5;
pub const PRICE: Price = Price { prompt: 1_000, output: 2_000 };
pub const ESCROW: Balance = 10_000;
pub const SESSION: SessionId = 3;
/// Every answer takes this.
pub const USAGE: Usage = Usage { prompt: 4, output: 3 };
/// And costs this.
pub const FEE: Balance = 10;

pub fn agent() -> sr25519::Pair {
	sr25519::Pair::from_seed(&[1; 32])
}

/// Changes what is given for an answer.
pub type Change = fn(&mut Given, &mut String);

/// What goes wrong with the next request for an answer.
pub enum Fault {
	/// The connection is cut before anything is done.
	CutBefore,
	/// The connection is cut once the receipt is on disk.
	CutAfter,
	/// The connection is cut and the answer is made later.
	CutUnderWay(Duration),
	/// The answer comes with something changed.
	Changed(Change),
	/// This comes instead of what the operator did.
	Instead(u16, &'static str),
	/// This comes, and nothing is done.
	Refused(u16, &'static str),
}

/// The operator's side.
pub struct Shared {
	path: PathBuf,
	store: RwLock<Option<Arc<Store>>>,
	pub faults: Mutex<VecDeque<Fault>>,
	/// Changes what is sent again.
	pub resent: Mutex<Option<Change>>,
	pub agent: Mutex<sr25519::Pair>,
	pub asked: Mutex<u32>,
	pub settings: Settings,
}

impl Shared {
	pub fn store(&self) -> Arc<Store> {
		self.store.read().unwrap().clone().expect("the operator is up")
	}

	fn open(&self) -> Store {
		let agent = self.agent.lock().unwrap().clone();
		Store::open(&self.path, GENESIS, agent, self.settings).unwrap()
	}

	/// Ends the operator's process and starts it again.
	pub fn restart(&self) {
		self.swap(|_| Ok(()));
	}

	/// Does something with the store's file while the operator is down.
	fn swap(&self, with: impl FnOnce(&Path) -> io::Result<()>) {
		let mut store = self.store.write().unwrap();
		let mut old = store.take().unwrap();
		let old = loop {
			match Arc::try_unwrap(old) {
				Ok(old) => break old,
				Err(still) => old = still,
			}
			std::thread::yield_now();
		};
		drop(old);
		with(&self.path).unwrap();
		*store = Some(Arc::new(self.open()));
	}
}

fn refusal(error: &StoreError) -> Response {
	let failure = Failure::from(error);
	(StatusCode::from_u16(failure.status).unwrap(), Json(failure)).into_response()
}

fn cut() -> Response {
	let parts = [Ok(Bytes::from_static(b"{\"choices\":")), Err(io::Error::other("cut"))];
	Body::from_stream(futures::stream::iter(parts)).into_response()
}

fn claim() -> Claim<AccountId32> {
	Claim {
		sketch: Sketch::truncate_from(vec![1, 2, -3]),
		gain: 41,
		trace: Hash::repeat_byte(6),
		contributors: Default::default(),
		contributors_proof: Default::default(),
		records: Default::default(),
		records_proof: Default::default(),
		found: None,
	}
}

/// The record that moved every answer.
pub fn record() -> Credited {
	Credited {
		position: 8,
		datanet: 1,
		index: 2,
		contributor: AccountId32::new([3; 32]),
		content: Hash::repeat_byte(4),
	}
}

fn text(question: &[u8]) -> String {
	let body: serde_json::Value = serde_json::from_slice(question).unwrap();
	format!("an answer to {}", body["messages"][0]["content"].as_str().unwrap())
}

/// Makes an answer: taken up, made and receipted.
fn make(
	store: &Store,
	asking: &Asking,
	body: &[u8],
	pause: Duration,
) -> Result<(Given, String), StoreError> {
	let session = store.authorise(&asking.access)?;
	if let Some(voucher) = &asking.voucher {
		store.accept(voucher.clone())?.wait()?;
	}
	let admission = store.admit(session, asking.salt, body.to_vec(), asking.most)?;
	std::thread::sleep(pause);
	let text = text(body);
	let answered = Answered { text: text.clone().into_bytes(), usage: USAGE, claim: claim() };
	let signed = store.issue(admission, answered)?.wait()?;
	let records = vec![record()];
	Ok((Given { signed, claim: Opened { records, ..Opened::from(&claim()) } }, text))
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
	*shared.asked.lock().unwrap() += 1;
	let asking = Asking::read(|name| headers.get(name).and_then(|value| value.to_str().ok()));
	let asking = asking.unwrap().unwrap();
	let fault = shared.faults.lock().unwrap().pop_front();
	let store = shared.store();
	match fault {
		Some(Fault::CutBefore) => return cut(),
		Some(Fault::Refused(status, reason)) => {
			return (StatusCode::from_u16(status).unwrap(), reason).into_response();
		}
		Some(Fault::CutUnderWay(pause)) => {
			std::thread::spawn(move || make(&store, &asking, &body, pause).unwrap());
			return cut();
		}
		_ => {}
	}
	let (mut given, mut text) = match make(&store, &asking, &body, Duration::ZERO) {
		Ok(made) => made,
		Err(error) => return refusal(&error),
	};
	match fault {
		Some(Fault::CutAfter) => return cut(),
		Some(Fault::Instead(status, reason)) => {
			return (StatusCode::from_u16(status).unwrap(), reason).into_response();
		}
		Some(Fault::Changed(change)) => change(&mut given, &mut text),
		_ => {}
	}
	Json(json!({
		"object": "chat.completion",
		"choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }],
		"usage": { "prompt_tokens": USAGE.prompt, "completion_tokens": USAGE.output },
		FIELD: given,
	}))
	.into_response()
}

fn session(store: &Store, headers: &HeaderMap) -> Result<SessionId, StoreError> {
	let access = protocol::access(|name| headers.get(name).and_then(|value| value.to_str().ok()));
	store.authorise(&access.unwrap().unwrap())
}

async fn voucher(
	State(shared): State<Arc<Shared>>,
	headers: HeaderMap,
	Json(payment): Json<Payment>,
) -> Response {
	let store = shared.store();
	let taken = session(&store, &headers)
		.and_then(|_| store.accept(payment.voucher))
		.and_then(|pending| pending.wait());
	match taken {
		Ok(accepted) => Json(Owing::from(accepted.unpaid)).into_response(),
		Err(error) => refusal(&error),
	}
}

async fn receipts(
	State(shared): State<Arc<Shared>>,
	headers: HeaderMap,
	Json(missing): Json<Missing>,
) -> Response {
	let store = shared.store();
	let kept = session(&store, &headers)
		.and_then(|session| store.receipts(session, missing.after, MOST_RESENT));
	let change = *shared.resent.lock().unwrap();
	let again = |kept| {
		let mut again = protocol::Again::try_from(kept).unwrap();
		if let Some(change) = change {
			change(&mut again.given, &mut again.answered);
		}
		again
	};
	match kept {
		Ok(kept) => {
			Json(Resent { receipts: kept.into_iter().map(again).collect() }).into_response()
		}
		Err(error) => refusal(&error),
	}
}

/// A server with one session, and that session's purse.
pub struct World {
	pub folder: TempDir,
	pub shared: Arc<Shared>,
	pub url: String,
}

/// As short as a test wants it.
pub fn patience() -> Patience {
	Patience {
		pause: Duration::from_millis(5),
		longest: Duration::from_millis(40),
		trouble: Duration::from_millis(400),
		answer: Duration::from_secs(5),
		finality: Duration::from_secs(2),
		forgotten: Duration::from_secs(1_800),
	}
}

impl World {
	pub async fn new() -> Self {
		Self::with(Settings { receipts: 8, amount: 10_000, cache: 1 << 20 }).await
	}

	pub async fn with(settings: Settings) -> Self {
		let folder = tempfile::tempdir().unwrap();
		let shared = Shared {
			path: folder.path().join("store"),
			store: RwLock::default(),
			faults: Mutex::default(),
			resent: Mutex::default(),
			agent: Mutex::new(agent()),
			asked: Mutex::default(),
			settings,
		};
		*shared.store.write().unwrap() = Some(Arc::new(shared.open()));
		let shared = Arc::new(shared);
		let deal =
			Deal { genesis: GENESIS, agent: agent().public().into(), model: MODEL, price: PRICE };
		let mut purse = Purse::create(&folder.path().join("purse"), deal).unwrap();
		purse.opened(SESSION, PRICE, ESCROW).unwrap();
		shared.store().open_session(SESSION, terms(purse.signer())).unwrap().wait().unwrap();
		let router = Router::new()
			.route("/v1/chat/completions", post(chat))
			.route(VOUCHER_PATH, post(voucher))
			.route(RECEIPTS_PATH, post(receipts))
			.with_state(shared.clone());
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}", listener.local_addr().unwrap());
		tokio::spawn(async move { axum::serve(listener, router).await });
		Self { folder, shared, url }
	}

	pub fn client(&self) -> Client {
		self.client_of(agent().public().into(), patience())
	}

	/// A client that the chain names this agent to.
	pub fn client_of(&self, agent: AccountId32, patience: Patience) -> Client {
		let purse = Purse::open(&self.folder.path().join("purse")).unwrap();
		let operator = Operator::at(&self.url, patience.answer).unwrap();
		let journal = Journal::at(&self.folder.path().join("journal"));
		Client::new(purse, operator, agent, journal, patience).unwrap()
	}

	/// What happens to the next requests, one after the other.
	pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
		self.shared.faults.lock().unwrap().extend(faults);
	}

	/// Makes an answer whose reply is lost.
	pub fn make(&self, asking: &Asking, question: &Question) -> (Given, String) {
		make(&self.shared.store(), asking, &question.body().unwrap(), Duration::ZERO).unwrap()
	}

	/// Makes an answer for somebody who has the session's access.
	pub fn make_with(&self, access: Access, salt: Salt, question: &Question) {
		self.make(&Asking { access, salt, most: 1_000, voucher: None }, question);
	}

	/// A copy of the operator's store.
	pub fn copy(&self) -> PathBuf {
		let copy = self.folder.path().join("copy");
		self.shared.swap(|path| std::fs::copy(path, &copy).map(|_| ()));
		copy
	}

	/// Puts a copy of the operator's store back.
	pub fn put_back(&self, copy: PathBuf) {
		self.shared.swap(|path| std::fs::copy(copy, path).map(|_| ()));
	}

	/// How often an answer was asked for.
	pub fn asked(&self) -> u32 {
		*self.shared.asked.lock().unwrap()
	}

	/// The operator's receipts, and how many of them are not paid.
	pub fn receipts(&self) -> (usize, u32) {
		let store = self.shared.store();
		let all = store.receipts(SESSION, 0, u32::MAX).unwrap().len();
		(all, store.unpaid(SESSION).unwrap().receipts)
	}
}

pub fn terms(signer: AccountId32) -> Terms {
	let payer = AccountId32::new([7; 32]);
	Terms { payer, signer, model: MODEL, price: PRICE, escrow: ESCROW }
}

pub fn question(text: &str) -> Question {
	Question { model: MODEL, text: text.into(), max_tokens: 8, temperature: 0, quoted: 0 }
}
